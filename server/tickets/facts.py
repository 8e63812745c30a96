"""What of a ticket decides rights, read from the database (the deciding itself is in `policy`), and how the things
stand that several may change at once."""

from collections.abc import Sequence
from typing import Literal, get_args

from sqlalchemy import bindparam
from sqlmodel import col, select

from server.db import Session
from server.tickets.model import Ticket, TicketParticipant
from server.tickets.policy import Facts

Chosen = Literal["assignee", "urgency", "service", "payment"]
Thing = Literal["status", Chosen]
THINGS: tuple[Thing, ...] = get_args(Thing)


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


def standing(ticket: Ticket, thing: Thing) -> str:
    """How a thing stands, as a mark that another moment's is held against."""
    return {
        "status": ticket.status,
        "assignee": str(ticket.assignee_id or ""),
        "urgency": ticket.urgency,
        "service": str(ticket.service_id),
        "payment": f"{ticket.payment_state} {ticket.invoice or ''}",
    }[thing]
