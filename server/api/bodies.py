"""Bodies and parameters of API calls: read strictly, and what is wrong with them put into words. Pure."""

import json
import re
from datetime import date
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from server.errors import Invalid, Wrong
from server.words.marks import N_

MOST = 500  # fields of an object, items of a list: a flood would be answered field by field
_NO_OBJECT = N_("Тело не читается: нужен один объект JSON")


class Body(BaseModel):
    """What a call may be sent: types are strict, unknown fields refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Query(BaseModel):
    """Parameters of a reading call: they come as text, unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _day(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.A):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError(N_("Нужна дата вида 2026-11-27"))


def _digits(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d{1,18}", value, re.A):
        return int(value)
    raise ValueError(N_("Нужно целое число"))


def _storable(value: str) -> str:
    if "\0" in value:
        raise ValueError(N_("Текст содержит знаки, которые нельзя сохранить. Уберите их и отправьте снова."))
    return value


Token = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_storable)]
MOST_NUMBER = 2**31 - 1  # what a number of the database holds
Id = Annotated[int, Field(ge=1, le=MOST_NUMBER)]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
DIGITS = BeforeValidator(_digits)
Whole = Annotated[int, Field(ge=0, le=MOST_NUMBER), DIGITS]


Q = TypeVar("Q", bound=Query)


def strict_json(data: bytes | str) -> Any:
    """JSON with no key twice, no NaN, no number without end, nothing ten thousand levels deep; else `ValueError`."""
    try:
        return json.loads(data, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError("too deep") from None


def parse(data: bytes) -> dict[str, Any]:
    """One JSON object, strictly; nothing at all is an empty one."""
    try:
        raw = strict_json(data or b"{}")
    except ValueError:
        raise Invalid({"body": _NO_OBJECT}) from None
    if not isinstance(raw, dict):
        raise Invalid({"body": _NO_OBJECT})
    if any(len(value) > MOST for value in raw.values() if isinstance(value, list)):
        raise Invalid({"body": N_("Слишком много полей или строк")})
    return raw


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs) or len(found) > MOST:
        raise ValueError("a key stands twice, or a flood of keys")
    return found


def _refuse(_constant: str) -> NoReturn:
    raise ValueError("not a number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number without end")
    return number


def parameters(given: list[tuple[str, str]], model: type[Q]) -> Q:
    """The query of a reading call; a name that stands twice is refused, not guessed at."""
    names = [name for name, _ in given]
    twice = {name: N_("Параметр назван дважды") for name in names if names.count(name) > 1}
    try:
        found = model.model_validate(dict(given))
    except ValidationError as problem:
        raise Invalid(wrong(problem) | twice) from None
    if twice:
        raise Invalid(twice)
    return found


_WORDS = {
    "missing": N_("Обязательное поле"),
    "extra_forbidden": N_("Такого поля нет"),
    "string_type": N_("Здесь ждали текст"),
    "string_unicode": N_("Текст содержит знаки, которые нельзя сохранить. Уберите их и отправьте снова."),
    "string_too_long": N_("Длиннее %(max_length)d знаков. Сократите."),
    "string_too_short": N_("Пусто"),
    "int_type": N_("Здесь ждали целое число"),
    "int_from_float": N_("Здесь ждали целое число"),
    "bool_type": N_("Здесь ждали true или false"),
    "list_type": N_("Здесь ждали список"),
    "dict_type": N_("Здесь ждали объект"),
    "model_type": N_("Здесь ждали объект"),
    "too_long": N_("Не больше %(max_length)d"),
    "too_short": N_("Нужно хотя бы %(min_length)d"),
    "literal_error": N_("Такого значения нет. Возможны: %(expected)s"),
    "greater_than_equal": N_("Не меньше %(ge)s"),
    "less_than_equal": N_("Не больше %(le)s"),
}


def wrong(problem: ValidationError) -> dict[str, str]:
    """What is wrong with each field, the first thing said about it."""
    found: dict[str, str] = {}
    for error in problem.errors(include_url=False, include_input=False):
        field = ".".join(str(part) for part in error["loc"] if not _names_a_type(part)) or "body"
        values = error.get("ctx", {})
        words = _WORDS.get(error["type"], N_("Такое значение не принимается"))
        if error["type"] == "value_error":
            words = str(values["error"])
        named = {name: value for name, value in values.items() if f"%({name})" in words}
        found.setdefault(field.encode(errors="replace").decode()[:100], Wrong(words, **named))
    return found


def _names_a_type(part: int | str) -> bool:
    """Where a field may be of several types, the library names the one it tried: that says nothing to the caller."""
    return isinstance(part, str) and (part in ("str", "int", "float", "FileRef") or not part.isidentifier())
