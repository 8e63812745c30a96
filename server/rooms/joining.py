"""Entering a room: subscribe first, then replay the log, then listen. Nothing said in between is missing or
comes twice."""

from typing import Any

from server.db import Session
from server.events import log as events
from server.rooms.protocol import MAX_FRAME, encode
from server.rooms.room import Room
from server.rooms.seats import Seat
from server.tickets import policy, queries
from server.tickets.people import people_json
from server.words.render import rendered

ENVELOPE = 16 * 1024


async def replay(room: Room, seat: Seat, after: int | None) -> None:
    """Sends `joined` with a page of the log, read at one moment with the right to see it. The seat goes live only when
    the page reaches what the room passes on. Whoever is shown out meanwhile gets nothing more."""
    seat.live, seat.pending = False, []
    start = after
    while True:
        async with room.rights.moment([seat]) as s:
            if seat not in room.seats:
                return
            viewer = seat.connection.viewer
            seen = await queries.find(s, viewer, room.place.ticket, room.place.line)
            head = seen.ticket.head_of(room.place.line)
            rows = await _rows(s, room, start) if start is None or start <= head else []
            page = await events.wire(s, rows)
            people = await people_json(s, viewer, seen, room.place.line, readers=True)
        if seat not in room.seats:
            return
        if start is not None and start > head:
            await room.show_out(seat)
            return
        seat.staff = policy.sees_as_staff(viewer, seen.facts)
        texts, last, cut = _fitting(page, room, seat, start or 0)
        more = cut or (start is not None and last < head)
        if more or _covered(room, seat, last):
            break
        start = after if after is not None else (page[0]["seq"] - 1 if page else 0)
    seat.seen = last
    _joined(room, seat, texts, head, people, more=more)
    _go_live(seat, more)


async def _rows(s: Session, room: Room, after: int | None) -> list[Any]:
    if after is None:
        return list(await events.newest(s, room.place.ticket, room.place.line))
    return list(await events.after(s, room.place.ticket, room.place.line, after))


def _fitting(page: list[dict[str, Any]], room: Room, seat: Seat, last: int) -> tuple[list[str], int, bool]:
    """As many events as fit into one frame, at least one."""
    texts: list[str] = []
    size = ENVELOPE
    for event in page:
        text = encode(rendered(event, room.place.line, seat.locale))
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


def _go_live(seat: Seat, more: bool) -> None:
    waiting, seat.pending = seat.pending or [], None
    if more:
        return  # the rest is asked for; until then the room is silent
    seat.live = True
    for event in waiting:
        seat.offer(event)


def _joined(room: Room, seat: Seat, texts: list[str], head: int, people: list[dict[str, Any]], *, more: bool) -> None:
    online = room.presence.online(room.place.ticket) | {seat.connection.viewer.id}
    shown = [p | {"online": p["id"] in online} for p in people]
    rest = {"head": head, "more": more, "people": shown}
    frame = f'{{"op":"joined","room":"{room.name}","events":[{",".join(texts)}],{encode(rest)[1:]}'
    seat.connection.send(frame, page=True)
