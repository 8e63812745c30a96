"""What of a ticket decides rights, read from the database. The deciding itself is in `policy`."""

from collections.abc import Sequence

from sqlalchemy import bindparam
from sqlmodel import col, select

from server.db import Session
from server.tickets.model import Ticket, TicketParticipant
from server.tickets.policy import Facts


async def participants(s: Session, number: int) -> frozenset[int]:
    """Who was added to a ticket by hand."""
    return frozenset((await s.exec(_ADDED, params={"ticket": number})).all())


# Made once: it is asked before every change.
_ADDED = select(TicketParticipant.user_id).where(TicketParticipant.ticket == bindparam("ticket"))


async def facts_of(s: Session, tickets: Sequence[Ticket]) -> dict[int, Facts]:
    """Facts of many tickets with one query."""
    numbers = [t.number for t in tickets]
    rows = await s.exec(select(TicketParticipant).where(col(TicketParticipant.ticket).in_(numbers)))
    added: dict[int, set[int]] = {n: set() for n in numbers}
    for row in rows.all():
        added[row.ticket].add(row.user_id)
    return {t.number: t.facts(frozenset(added[t.number])) for t in tickets}
