"""`/api/socket`: the page of the socket, for those who write a client. Its tables are read from what the code runs on,
its words stand in the template: a frame, field, kind or code without words fails there."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from server import web
from server.api import frames, wire
from server.errors import Refusal
from server.events import log
from server.events.kinds import KINDS, MAX_TEXT, Kind, Message
from server.rooms import connection, presence, protocol, socket
from server.tickets import talk
from server.words.i18n import translate

Json = dict[str, Any]
_BY_OTHERS = (1007, 1009, 1012)  # closed by the library under us, or by the server that stops


@dataclass(frozen=True)
class Field:
    """One field as the page shows it: `type` in the words of JSON, with its limits."""

    name: str
    type: str
    optional: bool = False


def fields(model: type[BaseModel]) -> list[Field]:
    """What stands in a frame or an object, but for its `op`."""
    schema = model.model_json_schema()
    required = schema.get("required", [])
    return [
        Field(name, _type(shape, absent=name not in required), name not in required)
        for name, shape in schema.get("properties", {}).items()
        if name != "op"
    ]


def kind_fields(kind: type[Kind]) -> list[Field]:
    """What an event of this kind carries: always all of it, people as PERSON."""
    shapes = kind.model_json_schema().get("properties", {})
    people = dict.fromkeys(kind.people, "Person | null")
    return [Field(name, people.get(name) or _type(shape)) for name, shape in shapes.items()]


def event_fields() -> list[Field]:
    """What an event of any kind has."""
    shown = fields(frames.EVENTS["message"])
    return [Field("kind", "string") if f.name == "kind" else f for f in shown if f.name not in Message.model_fields]


def objects() -> dict[str, list[Field]]:
    """What frames are made of, by the names that the API's description has for them."""
    known = [model for frame in frames.FRAMES for model in _inside(frame) if not issubclass(model, wire.Event)]
    return {model.__name__: fields(model) for model in known}


def _inside(model: type[BaseModel]) -> Iterable[type[BaseModel]]:
    """The objects that stand in one, and in those."""
    waiting: list[Any] = [field.annotation for field in model.model_fields.values()]
    while waiting:
        part = waiting.pop(0)
        if isinstance(part, type) and issubclass(part, BaseModel):
            yield part
            yield from _inside(part)
        else:
            waiting[:0] = getattr(part, "__args__", ())


def _type(shape: Json, *, absent: bool = False) -> str:
    """A JSON schema in one line. `absent`: what may be null may as well be left out, which is said already."""
    if "$ref" in shape:
        name = str(shape["$ref"]).rsplit("/", 1)[-1]
        return "Event" if name.endswith("Event") else name
    if several := shape.get("anyOf", shape.get("oneOf")):
        found = dict.fromkeys(_type(one) for one in several)
        return " | ".join(name for name in found if not (absent and name == "null"))
    if options := shape.get("enum") or [shape[key] for key in ("const",) if key in shape]:
        return " | ".join(json.dumps(option) for option in options)
    if shape["type"] == "array":
        inside = _type(shape["items"])
        return (f"({inside})" if " " in inside else inside) + "[]" + _limits(shape)
    return str(shape["type"]) + _limits(shape)


def _limits(shape: Json) -> str:
    low, high = ([v for k, v in shape.items() if k in (f"{m}imum", f"{m}Length", f"{m}Items")] for m in ("min", "max"))
    if low and high:
        return f" {low[0]}–{high[0]}"
    return "".join([f" ≥ {n}" for n in low] + [f" ≤ {n}" for n in high])


def frame(model: type[BaseModel]) -> Json:
    """One frame: its `op`, its room where that says which of several forms it has, its fields."""
    shapes = model.model_json_schema()["properties"]
    return {
        "name": model.__name__, "op": shapes["op"]["const"], "room": shapes.get("room", {}).get("const"),
        "fields": fields(model),
    }  # fmt: skip


def closings() -> list[int]:
    """Every code a socket is closed with."""
    return sorted({*map(int, protocol.Closing), *_BY_OTHERS})


def refusals() -> dict[str, list[int]]:
    """Every error code with its statuses over HTTP, in the order of the latter."""
    found: dict[str, list[int]] = {}
    for refusal in sorted(Refusal.__subclasses__(), key=lambda r: r.status):
        found.setdefault(refusal.code, []).append(refusal.status)
    return {code: sorted(set(statuses)) for code, statuses in found.items()}


ANNA, DENIS = ({"id": 7, "name": "Анна Лугова", "roles": ["client"]},
               {"id": 3, "name": "Денис Орлов", "roles": ["executor"]})  # fmt: skip
_AT = "2026-11-24T09:30:00.123Z"
_ROOM = {"room": "ticket:42"}
_ID = "6f1c2a52-6c1b-4d0e-9a57-2f5f0c1f3e11"


def _message(seq: int, author: Json, id: str, text: str) -> Json:
    return {"seq": seq, "at": _AT, "kind": "message", "author": author, "id": id, "text": text, "files": [],
            "reply_to": None}  # fmt: skip


_MEMBER = ANNA | {"read": 1, "read_at": _AT, "online": True}
_FIRST = _message(1, ANNA, "0b9d1a3e-5a4c-4a57-8f0a-1f2b3c4d5e6f", "Ошибка в строке 3")
_MINE, _ANSWER = _message(2, ANNA, _ID, "Прикладываю выгрузку"), _message(3, DENIS, "d-1", "Спасибо, смотрю")
# A talk from beginning to end: what Anna's client sends, and all that comes for it. The suite has it with a journal.
SESSION: list[tuple[Json | None, list[Json]]] = [
    (None, [{"op": "hello", "user": ANNA, "time": _AT, "epoch": 0, "limits": {
        "text": MAX_TEXT, "frame": protocol.MAX_FRAME, "files": protocol.MAX_FILES, "file_mb": 50,
        "say_per_second": 30, "say_burst": 100, "sockets_per_user": 50, "sockets_per_address": 500,
        "tickets_per_minute": 30}}]),
    ({"op": "join", **_ROOM, "after": 0}, [
        {"op": "joined", **_ROOM, "events": [_FIRST], "head": 1, "more": False, "people": [_MEMBER]},
        {"op": "presence", **_ROOM, "user": ANNA, "online": True},
    ]),
    ({"op": "say", **_ROOM, "id": _ID, "text": _MINE["text"]}, [
        {"op": "event", **_ROOM, "event": _MINE}, {"op": "ack", "id": _ID, **_ROOM, "seq": 2, "at": _AT},
    ]),
    ({"op": "say", **_ROOM, "id": "a-3", "text": " "}, [{
        "op": "error", "code": "empty", "detail": "Сообщение пустое. Напишите что-нибудь или приложите файл.",
        "field": "text", **_ROOM, "id": "a-3"}]),
    (None, [{"op": "event", **_ROOM, "event": _ANSWER}]),
    ({"op": "read", **_ROOM, "upto": 3}, [{"op": "read", **_ROOM, "user": ANNA, "upto": 3}]),
    ({"op": "join", **_ROOM, "after": 99}, [{"op": "reset", **_ROOM}]),
]  # fmt: skip


def _in(value: Any, locale: str) -> Any:
    """The same with its texts in this language."""
    if isinstance(value, dict):
        return {key: _in(inside, locale) for key, inside in value.items()}
    if isinstance(value, list):
        return [_in(inside, locale) for inside in value]
    return translate(locale, value) if isinstance(value, str) else value


def session(locale: str) -> list[tuple[bool, str]]:
    """The talk line by line: whether the client says it, and the frame."""
    said = [line for sent, back in SESSION for line in ([(True, sent)] if sent else []) + [(False, f) for f in back]]
    return [(ours, json.dumps(_in(frame, locale), ensure_ascii=False)) for ours, frame in said]


async def manual(request: Request) -> HTMLResponse:
    """Open to everybody, like the API's description."""
    journal = web.journal(request)
    async with journal.db.reading() as s:
        if await web.recognise(s, request):
            await web.around(s, request)  # under /api nothing else is a page
    return web.page(request, "socket.html", address=f"ws{journal.settings.base_url[4:]}/ws",
                    origin=journal.settings.base_url, session=session(web.locale(request)), **content())  # fmt: skip


@cache
def content() -> Json:
    """What of the page is the same for everybody. Not made before somebody looks: it takes a fifth of a second."""
    return {
        "sent": [frame(model) for model in protocol.FRAMES.values()],
        "answered": [frame(model) for model in frames.FRAMES],
        "kinds": {name: {"rooms": [log.room_name(42, line) for line in sorted(kind.on)], "fields": kind_fields(kind)}
                  for name, kind in KINDS.items()},
        "event": event_fields(), "objects": objects(), "refusals": refusals(), "closings": closings(),
        "facts": {
            "frame_kib": protocol.MAX_FRAME // 1024, "waiting_kib": connection.WAITING_LIMIT // 1024, "page": log.PAGE,
            "newest": log.NEWEST, "bad": socket.UNREADABLE_AT_MOST, "per_second": socket.FRAMES_PER_SECOND,
            "rooms": socket.MAX_ROOMS, "typing_every": int(socket.TYPING_EVERY), "typing": int(presence.TYPING),
            "minutes": int(talk.EDIT_WINDOW.total_seconds() // 60), "subprotocol": protocol.SUBPROTOCOL,
        },
    }  # fmt: skip


routes = [Route("/api/socket", manual)]
