"""Frames of the socket. Pure: reads what clients send, names rooms and close codes; nothing is looked up here."""

import json
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from server.api.bodies import strict_json
from server.errors import Invalid, Malformed, NotFound, Refusal, TooLarge, UnknownOp
from server.events.kinds import MAX_TEXT, PUBLIC, STAFF, Line

SUBPROTOCOL = "journal.v1"
MAX_FRAME = 256 * 1024
QUEUE = "queue"
INBOX = "inbox"
MAX_FILES = 20


class Closing(IntEnum):
    """Why this side closes a socket: codes of RFC 6455, and of ours from 4400 on."""

    BINARY = 1003
    FAILED = 1011
    OVERLOADED = 1013
    BAD_FRAMES = 4400
    LOG_IN_AGAIN = 4401
    NO_ACCESS = 4403
    TOO_SLOW = 4408
    TOO_OLD = 4409
    TOO_MANY = 4429


Room = Annotated[str, Field(min_length=1, max_length=64)]
# PostgreSQL stores no NUL, and an id is for machines: nothing unseen in it.
ClientId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
FileId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[!-~]+$")]


class Frame(BaseModel):
    """What a client may send. Types are strict, unknown fields refused: a client can't choose `seq` or `author`."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
    room: Room


class Join(Frame):
    op: Literal["join"]
    after: Annotated[int, Field(ge=0)] | None = None
    html: bool = False
    epoch: int | None = None


class Leave(Frame):
    op: Literal["leave"]


class Say(Frame):
    op: Literal["say"]
    id: ClientId
    text: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    files: Annotated[list[FileId], Field(max_length=MAX_FILES)] = []
    reply_to: Annotated[int, Field(ge=1)] | None = None
    seen: Annotated[int, Field(ge=0)] | None = None
    anyway: bool = False


class Read(Frame):
    op: Literal["read"]
    upto: Annotated[int, Field(ge=0)]


class Typing(Frame):
    op: Literal["typing"]


FRAMES: dict[str, type[Frame]] = {"join": Join, "leave": Leave, "say": Say, "read": Read, "typing": Typing}


@dataclass(frozen=True)
class TicketRoom:
    """A room with a log: a ticket's number and one of its two lines."""

    ticket: int
    line: Line


def ticket_room(name: str) -> TicketRoom:
    """`ticket:42` or `ticket:42:staff`; anything else is a room that does not exist."""
    parts = name.split(":")
    if parts[0] != "ticket" or len(parts) not in (2, 3) or parts[2:] not in ([], ["staff"]):
        raise NotFound("Такой комнаты нет")
    number = parts[1]
    if not (number.isascii() and number.isdigit()) or len(number) > 9 or number != str(int(number)):
        raise NotFound("Такой комнаты нет")
    return TicketRoom(int(number), STAFF if len(parts) == 3 else PUBLIC)


def parse(raw: str) -> Frame:
    """Reads one frame; raises `Malformed`, `UnknownOp`, `Invalid`, `TooLarge` with the frame's `room` and `id`
    where it had any."""
    try:
        body = strict_json(raw)
    except ValueError:
        raise Malformed("Кадр не читается: нужен один объект JSON") from None
    if not isinstance(body, dict):
        raise Malformed("Кадр не читается: нужен один объект JSON")
    answers: dict[str, Any] = {k: v for k in ("room", "id") if _can_be_repeated(v := body.get(k))}
    model = FRAMES.get(op) if isinstance(op := body.get("op"), str) else None
    if model is None:
        raise UnknownOp("Такой команды (op) нет", **answers)
    try:
        return model.model_validate(body)
    except ValidationError as wrong:
        refusal = _refusal(wrong.errors()[0])
        refusal.extra |= answers
        raise refusal from None


def _can_be_repeated(value: object) -> bool:
    """An answer names what it answers, however wrong that is, unless it can't be written: a lone surrogate, or signs so
    many that two such at their longest (`\\u0000`, six bytes each) would not go into one frame."""
    return (
        isinstance(value, str) and len(value) <= MAX_FRAME // 16 and not any("\ud800" <= c <= "\udfff" for c in value)
    )


def _refusal(error: Any) -> Refusal:
    field, kind = str(error["loc"][0]) if error["loc"] else "", error["type"]
    field = field if field.isidentifier() and len(field) <= 64 else "?"
    if kind == "string_too_long" and field == "text":
        return TooLarge(
            "Сообщение длиннее %(limit)d знаков. Сократите его или приложите файлом.",
            values={"limit": MAX_TEXT},
        )
    if kind in ("greater_than_equal", "extra_forbidden", "too_long"):
        return Invalid({field: "Поле %(field)s: такое значение не принимается"}, values={"field": field})
    return Malformed("Поле %(field)s: нет или не того вида", values={"field": field})


def encode(frame: dict[str, Any]) -> str:
    """One frame as it goes out: compact, text readable."""
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
