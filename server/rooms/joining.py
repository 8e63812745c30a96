"""Entering a room: subscribe first, then replay the log, then listen. Nothing said in between is missing or
comes twice."""

from typing import Any

from server.db import Database, Session
from server.events import log as events
from server.rooms.presence import Presence
from server.rooms.protocol import MAX_FRAME, encode
from server.rooms.room import Room, Seat, rendered
from server.tickets import queries
from server.tickets.people import people_json

ENVELOPE = 16 * 1024


async def replay(room: Room, seat: Seat, after: int | None, db: Database, presence: Presence) -> None:
    """Sends `joined` with a page of the log. The seat goes live only when the page reaches what the room passes on."""
    seat.live, seat.pending = False, []
    texts: list[str] = []
    start = after
    while True:
        async with db.reading() as s:
            seen = await queries.find(s, seat.connection.viewer, room.place.ticket, room.place.line)
            head = seen.ticket.head if room.place.line == "public" else seen.ticket.staff_head
            if start is not None and start > head:
                _reset(room, seat)
                return
            rows = await _rows(s, room, start)
            page = await events.wire(s, rows)
            people = await people_json(s, seat.connection.viewer, seen, room.place.line)
        texts, last, cut = _fitting(page, seat, start or 0)
        if cut or (rows and last < head and start is not None):
            _joined(room, seat, texts, head, people, presence, more=True)
            seat.pending = None
            return
        if room.head is None:
            room.head = head
        if _covered(room, seat, last):
            break
        start = after if after is not None else (page[0]["seq"] - 1 if page else 0)
    seat.seen = last
    _joined(room, seat, texts, max(last, head), people, presence, more=False)
    _go_live(seat)


async def _rows(s: Session, room: Room, after: int | None) -> list[Any]:
    if after is None:
        return list(await events.newest(s, room.place.ticket, room.place.line))
    return list(await events.after(s, room.place.ticket, room.place.line, after))


def _fitting(page: list[dict[str, Any]], seat: Seat, last: int) -> tuple[list[str], int, bool]:
    """As many events as fit into one frame, at least one."""
    texts: list[str] = []
    size = ENVELOPE
    for event in page:
        text = encode(rendered(event, seat.locale))
        size += len(text.encode()) + 1
        if texts and size > MAX_FRAME:
            return texts, last, True
        texts.append(text)
        last = event["seq"]
    return texts, last, False


def _covered(room: Room, seat: Seat, last: int) -> bool:
    """Whether page and what was offered meanwhile join without a gap."""
    assert room.head is not None
    assert seat.pending is not None
    return room.head <= last or (bool(seat.pending) and seat.pending[0].seq <= last + 1)


def _go_live(seat: Seat) -> None:
    waiting, seat.pending = seat.pending or [], None
    seat.live = True
    for event in waiting:
        seat.offer(event)


def _reset(room: Room, seat: Seat) -> None:
    room.seats.discard(seat)
    seat.pending = None
    seat.connection.send(encode({"op": "reset", "room": room.name}))


def _joined(
    room: Room,
    seat: Seat,
    texts: list[str],
    head: int,
    people: list[dict[str, Any]],
    presence: Presence,
    *,
    more: bool,
) -> None:
    online = presence.online(room.place.ticket)
    shown = [p | {"online": p["id"] in online} for p in people]
    rest = {"head": head, "more": more, "people": shown}
    frame = f'{{"op":"joined","room":"{room.name}","events":[{",".join(texts)}],{encode(rest)[1:]}'
    seat.connection.send(frame)
