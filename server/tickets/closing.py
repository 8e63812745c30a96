"""What the journal does to tickets by itself: closes what was accepted long ago and is settled."""

from datetime import timedelta

from sqlmodel import col, select

from server.clock import now
from server.db import Session
from server.events.kinds import SETTLED
from server.people.actions import the_journal
from server.tickets.model import Ticket
from server.tickets.moving import take
from server.tickets.workflow import RECENT_DAYS, moves
from server.tickets.writing import open_ticket

AT_ONCE = 100


async def settled(s: Session, beyond: int = 0) -> list[int]:
    """Tickets beyond a number that stand in `done` for 14 days with nothing left to pay, by number."""
    rows = await s.exec(
        select(Ticket.number)
        .where(
            Ticket.status == "done",
            Ticket.number > beyond,
            col(Ticket.status_since) <= now() - timedelta(days=RECENT_DAYS),
            col(Ticket.payment_state).in_(SETTLED),
        )
        .order_by(col(Ticket.number))
        .limit(AT_ONCE)
    )
    return list(rows.all())


async def close_settled(s: Session, number: int) -> bool:
    """Closes one of them. Safe with several workers: it is looked at again under its lock."""
    o = await open_ticket(s, await the_journal(s), number, may=lambda _viewer, _facts: True)
    if o.ticket.status != "done" or o.ticket.payment_state not in SETTLED:
        return False
    await take(o, next(moves("done", frozenset({"system"}))))
    return True
