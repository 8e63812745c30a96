"""Proving the log: in every room the numbers dense, each link following from the one before, each digest that of its
content."""

from collections.abc import AsyncIterator
from typing import cast

from sqlmodel import col, select

from server.db import Database, Session
from server.events import chain
from server.events.kinds import PUBLIC, STAFF, Line
from server.events.log import after, room_name
from server.events.model import Event
from server.tickets.model import Ticket

MISSING = "there is no such event, and the room's head is beyond it"
BEYOND = "the event is beyond the room's head"
CUT = "the link does not follow from the one before"
CHANGED = "the content is not what its digest was taken of"


async def first_broken_link(db: Database) -> str | None:
    """Room, seq and what is wrong at the first place where the log does not hold; None when it is whole. Only reads.
    What was erased (no salt) keeps its digest and its link."""
    async with db.reading() as s:
        async for ticket, line, head in _rooms(s):
            if broken := await _first_in(s, ticket, line, head):
                return f"{room_name(ticket, line)} {broken[0]}: {broken[1]}"
        known = select(Ticket.number)
        stray = select(Event).where(col(Event.ticket).not_in(known)).order_by(col(Event.ticket), col(Event.seq))
        if (event := (await s.exec(stray.limit(1))).first()) is not None:
            return f"{room_name(event.ticket, cast(Line, event.line))} {event.seq}: there is no such ticket"
    return None


async def _rooms(s: Session) -> AsyncIterator[tuple[int, Line, int]]:
    query = select(Ticket.number, Ticket.head, Ticket.staff_head).order_by(col(Ticket.number))
    for number, head, staff_head in (await s.exec(query)).all():
        yield number, PUBLIC, head
        yield number, STAFF, staff_head


async def _first_in(s: Session, ticket: int, line: Line, head: int) -> tuple[int, str] | None:
    before, seq = chain.START, 0
    while events := await after(s, ticket, line, seq):
        for event in events:
            seq += 1
            if event.seq != seq:
                return seq, MISSING
            if broken := _broken(event, before):
                return seq, broken
            before = event.link
            s.expunge(event)
        if seq > head:
            return head + 1, BEYOND
    return (seq + 1, MISSING) if seq < head else None


def _broken(event: Event, before: str) -> str | None:
    if event.link != chain.link(before, event.ticket, event.line, event.seq, event.digest):
        return CUT
    if event.salt is None:
        return None
    found = chain.digest(
        event.salt, at=event.at, kind=event.kind, author=event.author_id,
        client_id=event.client_id, text=event.text, data=event.data,
    )  # fmt: skip
    return None if found == event.digest else CHANGED
