"""Reading tickets: find, list, show. Everything goes through `visible` or `policy.sees`; what can't be seen is
absent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlalchemy import select as sa_select
from sqlmodel import col, select

from server.catalogue.model import Organisation, Service
from server.db import Session
from server.errors import NotFound
from server.events import log
from server.events.kinds import PUBLIC, Line
from server.people.model import User
from server.people.policy import Viewer
from server.people.queries import by_ids
from server.tickets import policy, reading
from server.tickets.facts import facts_of, participants
from server.tickets.model import ReadCursor, Ticket, TicketParticipant
from server.tickets.policy import Facts
from server.tickets.workflow import OPEN


@dataclass(frozen=True)
class Seen:
    """A ticket that this viewer may see, with the facts that said so."""

    ticket: Ticket
    facts: Facts


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """`policy.sees` as a condition on `Ticket`, for lists and counts."""
    return or_(visible_as_staff(viewer), _visible_as_client(viewer))


def visible_as_staff(viewer: Viewer) -> ColumnElement[bool]:
    """`policy.sees_as_staff` as a condition on `Ticket`: where the staff line may be read."""
    if viewer.roles & {"lead", "accountant"}:
        return true()
    if "executor" not in viewer.roles:
        return false()
    return or_(col(Ticket.service_id).in_(viewer.serves), col(Ticket.assignee_id) == viewer.id, _added(viewer))


def _visible_as_client(viewer: Viewer) -> ColumnElement[bool]:
    if "client" not in viewer.roles or not viewer.memberships:
        return false()
    ours = col(Ticket.organisation_id).in_(viewer.memberships)
    wide = [o for o, p in viewer.memberships.items() if p.can_approve or p.sees_all]
    return or_(
        and_(ours, or_(col(Ticket.author_id) == viewer.id, _added(viewer))),
        and_(col(Ticket.organisation_id).in_(wide), col(Ticket.private).is_(False)),
    )


def _added(viewer: Viewer) -> ColumnElement[bool]:
    mine = sa_select(col(TicketParticipant.ticket)).where(col(TicketParticipant.user_id) == viewer.id)
    return col(Ticket.number).in_(mine)


async def find(s: Session, viewer: Viewer, number: int, line: Line = PUBLIC) -> Seen:
    """The ticket, if this person may see that line of it; `NotFound` otherwise."""
    ticket = await s.get(Ticket, number, populate_existing=True)
    if ticket is None:
        raise NotFound
    facts = ticket.facts(await participants(s, number))
    if not policy.sees_line(viewer, facts, line):
        raise NotFound
    return Seen(ticket, facts)


async def open_tickets(s: Session, viewer: Viewer, limit: int = 200, *, assigned: bool = False) -> list[Ticket]:
    """Open tickets this person sees (or was given), the latest word first."""
    mine = col(Ticket.assignee_id) == viewer.id if assigned else true()
    rows = await s.exec(
        select(Ticket)
        .where(visible(viewer), mine, col(Ticket.status).in_(OPEN))
        .order_by(col(Ticket.last_at).desc(), col(Ticket.number).desc())
        .limit(limit)
    )
    return list(rows.all())


async def tickets_json(s: Session, viewer: Viewer, tickets: Sequence[Ticket]) -> list[dict[str, Any]]:
    """TICKETs of the protocol as this viewer may see them; a handful of queries whatever their number."""
    if not tickets:
        return []
    names = await _names(s, tickets)
    cursors = await reading.cursors(s, [t.number for t in tickets], viewer.id)
    facts = await facts_of(s, tickets)
    return [_ticket(t, viewer, facts[t.number], names, cursors) for t in tickets]


async def ticket_json(s: Session, viewer: Viewer, ticket: Ticket) -> dict[str, Any]:
    """One TICKET."""
    return (await tickets_json(s, viewer, [ticket]))[0]


@dataclass(frozen=True)
class _Names:
    people: dict[int, User]
    services: dict[int, str]
    organisations: dict[int, str]

    def person(self, user_id: int | None) -> dict[str, Any] | None:
        return self.people[user_id].person() if user_id is not None else None


async def _names(s: Session, tickets: Iterable[Ticket]) -> _Names:
    ids = {i for t in tickets for i in (t.author_id, t.assignee_id, t.last_author_id) if i is not None}
    services = await s.exec(select(Service).where(col(Service.id).in_({t.service_id for t in tickets})))
    organisations = await s.exec(
        select(Organisation).where(col(Organisation.id).in_({t.organisation_id for t in tickets}))
    )
    return _Names(
        await by_ids(s, ids),
        {x.id: x.name for x in services.all() if x.id is not None},
        {x.id: x.name for x in organisations.all() if x.id is not None},
    )


def _ticket(
    t: Ticket, viewer: Viewer, facts: Facts, names: _Names, cursors: dict[tuple[int, str], ReadCursor]
) -> dict[str, Any]:
    mine = cursors.get((t.number, "public"))
    out: dict[str, Any] = {
        "number": t.number, "subject": t.subject, "status": t.status, "urgency": t.urgency,
        "service": {"id": t.service_id, "name": names.services[t.service_id]},
        "organisation": {"id": t.organisation_id, "name": names.organisations[t.organisation_id]},
        "author": names.person(t.author_id), "assignee": names.person(t.assignee_id),
        "due": t.due.isoformat() if t.due else None, "private": t.private, "created_at": log.instant(t.created_at),
        "head": t.head, "read": mine.upto if mine else 0, "unread": reading.unread(t.head, mine),
        "estimate": {"version": t.estimate_version, "amount": t.estimate_amount} if t.estimate_version else None,
        "payment": {"state": t.payment_state, "invoice": t.invoice}, "rating": t.rating,
    }  # fmt: skip
    if policy.sees_as_staff(viewer, facts):
        staff = cursors.get((t.number, "staff"))
        out |= {
            "staff_head": t.staff_head, "staff_read": staff.upto if staff else 0,
            "staff_unread": reading.unread(t.staff_head, staff),
        }  # fmt: skip
    elif t.status == "new":
        out["assignee"] = None
    return out


async def rows(s: Session, viewer: Viewer, tickets: Sequence[Ticket]) -> list[dict[str, Any]]:
    """ROWs of the queue and the list: TICKET, last words, version. Who looks or types is added where it is
    known (the hub)."""
    authors = await by_ids(s, {t.last_author_id for t in tickets if t.last_author_id is not None})
    out = await tickets_json(s, viewer, tickets)
    for row, t in zip(out, tickets, strict=True):
        staff = "staff_head" in row
        row["last"] = {
            "author": authors[t.last_author_id].person() if t.last_author_id in authors else None,
            "text": t.last_words, "at": log.instant(t.last_at),
        }  # fmt: skip
        row |= {"deadline": None, "viewers": [], "typing": [], "v": t.staff_changed if staff else t.changed}
    return out
