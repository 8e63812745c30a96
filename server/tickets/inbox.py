"""What a person has not read, over all tickets they take part in."""

from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_
from sqlalchemy import select as sa_select
from sqlmodel import col, select

from server.db import Session
from server.events.kinds import PUBLIC
from server.events.log import micros
from server.people.policy import Viewer
from server.tickets.model import ReadCursor, Ticket, TicketParticipant
from server.tickets.queries import visible
from server.tickets.reading import unread

MOST = 200


def taking_part(viewer: Viewer) -> ColumnElement[bool]:
    """`policy.takes_part` as a condition on `Ticket`; a test holds the two together."""
    added = sa_select(col(TicketParticipant.ticket)).where(col(TicketParticipant.user_id) == viewer.id)
    ways: list[ColumnElement[bool]] = [
        col(Ticket.author_id) == viewer.id,
        col(Ticket.assignee_id) == viewer.id,
        col(Ticket.number).in_(added),
    ]
    asked = [o for o, p in viewer.memberships.items() if p.can_approve and "client" in viewer.roles]
    ways.append(and_(col(Ticket.organisation_id).in_(asked), col(Ticket.estimate_version).is_not(None)))
    if "executor" in viewer.roles:
        ways.append(and_(col(Ticket.assignee_id).is_(None), col(Ticket.service_id).in_(viewer.serves)))
    return and_(visible(viewer), or_(*ways))


def with_cursor(query: Any, viewer: Viewer) -> Any:
    """A query over tickets together with this person's cursor in each public log, where there is one."""
    cursor = and_(
        col(ReadCursor.ticket) == col(Ticket.number),
        col(ReadCursor.line) == PUBLIC,
        col(ReadCursor.user_id) == viewer.id,
    )
    return query.join(ReadCursor, cursor, isouter=True)


def beyond_cursor() -> ColumnElement[bool]:
    """Whether something of others is unread, in a query made by `with_cursor`."""
    read = func.coalesce(col(ReadCursor.upto), 0) + func.coalesce(col(ReadCursor.own), 0)
    return col(Ticket.head) > read


async def inbox_items(s: Session, viewer: Viewer) -> list[dict[str, Any]]:
    """`inbox` items of the protocol, newest first: tickets with something unread on the public line."""
    query = with_cursor(select(Ticket, ReadCursor), viewer).where(taking_part(viewer), beyond_cursor())
    rows = await s.exec(query.order_by(col(Ticket.last_at).desc()).limit(MOST))
    return [
        {
            "ticket": t.number, "subject": t.subject, "unread": unread(t.head, c), "last": t.last_words,
            "v": max(t.changed, micros(c.at) if c is not None else 0),
        }
        for t, c in rows.all()
    ]  # fmt: skip
