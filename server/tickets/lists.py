"""The API's list of tickets: filters, sort orders from an allow-list, and pages by keyset. A cursor is signed and bound
to its person, filters and order: changed or borrowed, it is refused."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlmodel import col, select

from server.api.bodies import DIGITS, Query, Whole
from server.db import Session
from server.errors import Malformed
from server.events.kinds import PAYMENT_STATES, URGENCIES
from server.people.policy import Viewer
from server.tickets import inbox, narrowing, queries, search
from server.tickets.model import Ticket
from server.tickets.narrowing import Narrowing
from server.tickets.workflow import STATUSES
from server.words import text
from server.words.marks import N_

_NEVER = date(9999, 12, 31)
_NOT_A_CURSOR = "Курсор не отсюда: начните список сначала"


def _codes(known: tuple[str, ...]) -> Any:
    """One code or several with commas between them."""

    def split(value: object) -> object:
        codes = value.split(",") if isinstance(value, str) else [value]
        if not set(codes) <= set(known):
            raise ValueError(N_("Такого значения нет"))
        return codes

    one = f"({'|'.join(known)})"
    about = f"one or several of {', '.join(known)}, with commas between them"
    shape = {"type": "string", "pattern": f"^{one}(,{one})*$", "description": about}
    return Annotated[list[str], BeforeValidator(split), WithJsonSchema(shape)]


def _somebody(value: object) -> object:
    if value in ("me", "none"):
        return value
    if isinstance(value, str) and (number := text.number(value)) is not None:
        return number
    raise ValueError(N_("Номер сотрудника, me или none"))


# What `search.asked` reads: a text without this is too little to look for.
_TO_LOOK_FOR: dict[str, Any] = {
    "pattern": r"\S\s*\S|^\s*\d\s*$", "description": "two letters at least, or a ticket's number"
}  # fmt: skip
Order = Literal[
    "number", "-number", "created_at", "-created_at", "last", "-last", "due", "-due", "urgency", "-urgency"
]  # fmt: skip


class Asked(Query):
    """What of the list is wanted. `q` looks in subjects and messages that the caller may see, in any form of the words;
    a number finds the ticket. `last`: the moment of the last event the caller's side can see."""

    status: _codes(tuple(STATUSES)) | None = None  # type: ignore[valid-type]
    service: Whole | None = None
    assignee: Annotated[
        int | str,
        BeforeValidator(_somebody),
        WithJsonSchema({"type": "string", "pattern": r"^(me|none|\d{1,9})$", "description": "an id, me or none"}),
    ] | None = None  # fmt: skip
    urgency: _codes(URGENCIES) | None = None  # type: ignore[valid-type]
    payment: _codes(PAYMENT_STATES) | None = None  # type: ignore[valid-type]
    organisation: Whole | None = None
    unread: Literal["true", "false"] | None = None
    q: Annotated[str, Field(max_length=search.LONGEST, json_schema_extra=_TO_LOOK_FOR)] | None = None
    sort: Order = "-number"
    limit: Annotated[int, Field(ge=1, le=100), DIGITS] = 50
    cursor: Annotated[str, Field(max_length=1000)] | None = None


# How each order reads a ticket in SQL, and in the row that ends a page.
_URGENCY: dict[str, int] = {code: place for place, code in enumerate(URGENCIES)}
_KEYS: dict[str, tuple[Any, Callable[[Ticket], Any]]] = {
    "number": (col(Ticket.number), lambda t: t.number),
    "created_at": (col(Ticket.created_at), lambda t: t.created_at),
    "last": (col(Ticket.last_at), lambda t: t.last_at),
    "due": (func.coalesce(col(Ticket.due), _NEVER), lambda t: t.due or _NEVER),
    "urgency": (case(_URGENCY, value=col(Ticket.urgency), else_=len(_URGENCY)), lambda t: _URGENCY[t.urgency]),
}


async def page(s: Session, viewer: Viewer, asked: Asked, secret: str) -> dict[str, Any]:
    """One page of tickets this person sees, and the cursor of the next."""
    name, down = asked.sort.lstrip("-"), asked.sort.startswith("-")
    key, of = _KEYS[name]
    narrowed = narrowing.conditions(s, viewer, _narrowing(asked))
    query = inbox.with_cursor(select(Ticket), viewer).where(queries.visible(viewer), *narrowed)
    if asked.cursor:
        query = query.where(_beyond(key, down, *_opened(asked, viewer, secret)))
    order = (key.desc(), col(Ticket.number).desc()) if down else (key.asc(), col(Ticket.number).asc())
    tickets = list((await s.exec(query.order_by(*order).limit(asked.limit + 1))).all())
    more = len(tickets) > asked.limit
    tickets = tickets[: asked.limit]
    return {
        "items": await queries.tickets_json(s, viewer, tickets),
        "next": _sealed(asked, viewer, secret, of(tickets[-1]), tickets[-1].number) if more else None,
    }


def _narrowing(asked: Asked) -> Narrowing:
    return Narrowing(
        status=asked.status or (), urgency=asked.urgency or (), payment=asked.payment or (), service=asked.service,
        organisation=asked.organisation, assignee=asked.assignee, q=asked.q,
        unread=None if asked.unread is None else asked.unread == "true",
    )  # fmt: skip


def _beyond(key: ColumnElement[Any], down: bool, value: Any, number: int) -> ColumnElement[bool]:
    if down:
        return or_(key < value, and_(key == value, col(Ticket.number) < number))
    return or_(key > value, and_(key == value, col(Ticket.number) > number))


def _sealed(asked: Asked, viewer: Viewer, secret: str, value: Any, number: int) -> str:
    shown = value.isoformat() if isinstance(value, date | datetime) else value
    content = json.dumps([shown, number], separators=(",", ":")).encode()
    return _token(_seal(asked, viewer, secret, content) + content)


def _token(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _opened(asked: Asked, viewer: Viewer, secret: str) -> tuple[Any, int]:
    token = asked.cursor or ""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise Malformed(_NOT_A_CURSOR) from None
    seal, content = raw[:16], raw[16:]
    if _token(raw) != token or not hmac.compare_digest(seal, _seal(asked, viewer, secret, content)):
        raise Malformed(_NOT_A_CURSOR)
    value, number = json.loads(content)
    if asked.sort.lstrip("-") in ("created_at", "last"):
        value = datetime.fromisoformat(value)
    elif asked.sort.lstrip("-") == "due":
        value = date.fromisoformat(value)
    return value, number


def _seal(asked: Asked, viewer: Viewer, secret: str, content: bytes) -> bytes:
    bound = asked.model_dump_json(exclude={"limit", "cursor"}, exclude_none=True)
    message = f"{viewer.id}|{bound}|".encode() + content
    return hmac.new(f"cursor:{secret}".encode(), message, hashlib.sha256).digest()[:16]
