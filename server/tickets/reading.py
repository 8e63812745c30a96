"""Read cursors: how far each person has read a log, and what is unread. Cursors only ever grow."""

from sqlalchemy import bindparam, func
from sqlmodel import col, select

from server.clock import now
from server.db import Session
from server.events.kinds import Line
from server.events.model import Event
from server.tickets.model import ReadCursor, Ticket


async def cursor(s: Session, ticket: int, line: str, user_id: int) -> ReadCursor | None:
    """A person's cursor in one log, locked for change."""
    return (await s.exec(_CURSOR, params={"ticket": ticket, "line": line, "user": user_id})).one_or_none()


# Made once: every event moves its author's cursor.
_CURSOR = (
    select(ReadCursor)
    .where(
        ReadCursor.ticket == bindparam("ticket"),
        ReadCursor.line == bindparam("line"),
        ReadCursor.user_id == bindparam("user"),
    )
    .with_for_update()
    .execution_options(populate_existing=True)
)


async def wrote(s: Session, event: Event) -> None:
    """Own events are never unread: the cursor moves along when it stood right before, else they are counted as own."""
    row = await cursor(s, event.ticket, event.line, event.author_id)
    if row is None:
        row = ReadCursor(ticket=event.ticket, line=event.line, user_id=event.author_id)
    if row.upto + row.own == event.seq - 1 and row.own == 0:
        row.upto, row.at = event.seq, event.at
    else:
        row.own += 1
    s.add(row)


async def read(s: Session, ticket: Ticket, line: Line, user_id: int, upto: int) -> ReadCursor | None:
    """Moves the cursor forward to `upto`, at most to the head; None when it stood there already."""
    upto = min(upto, ticket.head_of(line))
    row = await cursor(s, ticket.number, line, user_id) or ReadCursor(ticket=ticket.number, line=line, user_id=user_id)
    if upto <= row.upto:
        return None
    row.upto, row.at = upto, now()
    row.own = await _own_beyond(s, row)
    s.add(row)
    return row


async def _own_beyond(s: Session, row: ReadCursor) -> int:
    found = await s.exec(
        select(func.count()).where(
            Event.ticket == row.ticket,
            Event.line == row.line,
            Event.author_id == row.user_id,
            Event.seq > row.upto,
        )
    )
    return found.one()


def unread(head: int, row: ReadCursor | None) -> int:
    """How many events of others lie beyond the cursor."""
    return head - (row.upto + row.own if row else 0)


async def cursors(s: Session, tickets: list[int], user_id: int) -> dict[tuple[int, str], ReadCursor]:
    """One person's cursors in many tickets, by ticket and line."""
    rows = await s.exec(select(ReadCursor).where(col(ReadCursor.ticket).in_(tickets), ReadCursor.user_id == user_id))
    return {(c.ticket, c.line): c for c in rows.all()}
