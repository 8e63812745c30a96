"""What can go wrong on purpose: each refusal has its HTTP status and its socket code. Raised by actions,
translated at the edges."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, ClassVar


class Wrong(str):
    """What is wrong with one field and the values of its own %(name)s places."""

    values: dict[str, Any]

    def __new__(cls, detail: str, **values: Any) -> "Wrong":
        self = super().__new__(cls, detail)
        self.values = values
        return self


class Refusal(Exception):
    """A refusal with words a person can act on. `detail` is a Russian msgid; `values` fill its %(name)s places."""

    status: int = 400
    code: ClassVar[str] = "invalid"

    def __init__(self, detail: str, /, *, values: Mapping[str, Any] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.values = dict(values or {})
        self.extra = extra
        self.fields = {extra["field"]: Wrong(detail, **self.values)} if "field" in extra else {}


class WrongWay(Refusal):
    """A method, or a form of request, that an address does not take; `status` says which of HTTP's words fits."""

    def __init__(self, status: int) -> None:
        super().__init__("Так сюда обратиться нельзя")
        self.status = status


class Malformed(Refusal):
    """A frame or body that can't be read at all."""

    code = "malformed"


class UnknownOp(Refusal):
    """A frame with an `op` that this protocol does not have."""

    code = "unknown_op"


class Unauthorised(Refusal):
    """Nobody is logged in, or the session or token is dead."""

    status = 401
    code = "unauthorised"


class Forbidden(Refusal):
    """Yours to see, not to do."""

    status = 403
    code = "forbidden"


class NotFound(Refusal):
    """Absent, or not yours to see: the two are never told apart."""

    status = 404
    code = "not_found"

    def __init__(self, detail: str = "Такой страницы нет или она вам не открыта") -> None:
        super().__init__(detail)


class TimedOut(Refusal):
    """What was being sent stopped coming."""

    status = 408
    code = "timed_out"


class Conflict(Refusal):
    """The state has moved on; `extra` carries the state as it is now."""

    status = 409
    code = "conflict"


class Gone(Refusal):
    """A link that was used, has expired or was withdrawn."""

    status = 410
    code = "gone"


class TooLarge(Refusal):
    """More than the written limit."""

    status = 413
    code = "too_large"


class UnsupportedType(Refusal):
    """A body in a form that this call does not read."""

    status = 415
    code = "unsupported_type"


class Invalid(Refusal):
    """Values that break a rule; `fields` maps each field to what is wrong with it (a msgid, or a `Wrong`)."""

    status = 422
    code = "invalid"

    def __init__(self, fields: dict[str, str], *, values: Mapping[str, Any] | None = None) -> None:
        wrong = {f: d if isinstance(d, Wrong) else Wrong(d, **(values or {})) for f, d in fields.items()}
        field, first = next(iter(wrong.items()))
        super().__init__(first, values=first.values, field=field)
        self.fields = wrong


class Empty(Refusal):
    """A message without anything to see in it."""

    status = 422
    code = "empty"


class TooMany(Refusal):
    """A rate limit; `retry_after` is whole seconds."""

    status = 429
    code = "rate_limited"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail, values={"seconds": retry_after}, retry_after=retry_after)


class Unavailable(Refusal):
    """The database or another part is away: nothing was written, try again."""

    status = 503
    code = "unavailable"


class NoRoom(Refusal):
    """The disk, or this person's share of it, is full."""

    status = 507
    code = "no_room"


class Faults:
    """What is wrong with a form: each `with` keeps what is refused in it, `tell` refuses all of it at once."""

    def __init__(self) -> None:
        self.kept: list[Refusal] = []

    def __enter__(self) -> "Faults":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, refusal: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(refusal, Refusal) or not refusal.fields:
            return False
        self.kept.append(refusal)
        return True

    def tell(self) -> None:
        """One fault as it is, several as one `Invalid`; the first thing said of a field stands."""
        if len(self.kept) == 1:
            raise self.kept[0]
        fields: dict[str, str] = {}
        for refusal in self.kept:
            for field, wrong in refusal.fields.items():
                fields.setdefault(field, wrong)
        if fields:
            raise Invalid(fields)
