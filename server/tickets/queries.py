"""Reading tickets: find, list, show. Everything goes through `visible` or `policy.sees`; what can't be seen is
absent."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, not_, or_, true
from sqlalchemy import select as sa_select
from sqlmodel import col, select

from server.catalogue.model import Organisation, Service
from server.db import Session
from server.errors import NotFound
from server.events import log
from server.events.kinds import PUBLIC, STAFF, Line
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


def only_decidable(viewer: Viewer) -> ColumnElement[bool]:
    """What an approver may decide without seeing it: a private ticket whose estimate waits."""
    deciding = [o for o, p in viewer.memberships.items() if p.can_approve]
    return and_(
        col(Ticket.status) == "approval", col(Ticket.organisation_id).in_(deciding), not_(visible(viewer))
    )  # fmt: skip


async def decidable_rows(s: Session, viewer: Viewer) -> list[dict[str, Any]]:
    """Of each of them number, subject and sum, the longest waiting first; nothing of the conversation."""
    query = select(Ticket).where(only_decidable(viewer)).order_by(col(Ticket.status_since))
    return [
        {
            "number": t.number, "subject": t.subject, "status": t.status, "withdrawn": None,
            "at": log.instant(t.status_since), "organisation": {"id": t.organisation_id},
            "estimate": {"amount": t.estimate_amount},
        }
        for t in (await s.exec(query)).all()
    ]  # fmt: skip


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


@dataclass(frozen=True)
class Known:
    """What TICKETs and ROWs are made of, read once for any number of viewers."""

    facts: dict[int, Facts]
    people: dict[int, User]
    services: dict[int, str]
    organisations: dict[int, str]
    cursors: dict[tuple[int, int, str], ReadCursor]

    def person(self, user_id: int | None) -> dict[str, Any] | None:
        """The PERSON; None for nobody."""
        return self.people[user_id].person() if user_id is not None else None

    def ticket(self, viewer: Viewer, t: Ticket) -> dict[str, Any]:
        """TICKET as this viewer may see it."""
        out = _ticket(t, self)
        out |= _read(t.head, self.cursors.get((viewer.id, t.number, PUBLIC)))
        if policy.sees_as_staff(viewer, self.facts[t.number]):
            read = _read(t.staff_head, self.cursors.get((viewer.id, t.number, STAFF)))
            out |= {f"staff_{name}": value for name, value in read.items()}
        elif t.named_assignee is None:
            out["assignee"] = None
        return out

    def row(self, viewer: Viewer, t: Ticket) -> dict[str, Any]:
        """ROW: TICKET, last words, version. Who looks or types is added where it is known (the hub)."""
        out = self.ticket(viewer, t)
        out["last"] = {"author": self.person(t.last_author_id), "text": t.last_words, "at": log.instant(t.last_at)}
        v = t.staff_changed if "staff_head" in out else t.changed
        return out | {"deadline": None, "viewers": [], "typing": [], "v": v}


async def gather(s: Session, tickets: Sequence[Ticket], viewers: Collection[int]) -> Known:
    """A handful of queries, however many tickets and viewers."""
    if not tickets:
        return Known({}, {}, {}, {}, {})
    people = {i for t in tickets for i in (t.author_id, t.assignee_id, t.last_author_id) if i is not None}
    services = await s.exec(select(Service).where(col(Service.id).in_({t.service_id for t in tickets})))
    organisations = await s.exec(
        select(Organisation).where(col(Organisation.id).in_({t.organisation_id for t in tickets}))
    )
    cursors = await s.exec(
        select(ReadCursor).where(
            col(ReadCursor.ticket).in_([t.number for t in tickets]), col(ReadCursor.user_id).in_(viewers)
        )
    )
    return Known(
        await facts_of(s, tickets),
        await by_ids(s, people),
        {x.id: x.name for x in services.all() if x.id is not None},
        {x.id: x.name for x in organisations.all() if x.id is not None},
        {(c.user_id, c.ticket, c.line): c for c in cursors.all()},
    )


async def tickets_json(s: Session, viewer: Viewer, tickets: Sequence[Ticket]) -> list[dict[str, Any]]:
    """TICKETs of the protocol as this viewer may see them."""
    known = await gather(s, tickets, {viewer.id})
    return [known.ticket(viewer, t) for t in tickets]


async def ticket_json(s: Session, viewer: Viewer, ticket: Ticket) -> dict[str, Any]:
    """One TICKET."""
    return (await tickets_json(s, viewer, [ticket]))[0]


def _ticket(t: Ticket, known: Known) -> dict[str, Any]:
    """What of a ticket is the same for everybody who sees it."""
    return {
        "number": t.number, "subject": t.subject, "status": t.status, "urgency": t.urgency, "withdrawn": t.withdrawn,
        "service": {"id": t.service_id, "name": known.services[t.service_id]},
        "organisation": {"id": t.organisation_id, "name": known.organisations[t.organisation_id]},
        "author": known.person(t.author_id), "assignee": known.person(t.assignee_id),
        "due": t.due.isoformat() if t.due else None, "private": t.private, "created_at": log.instant(t.created_at),
        "estimate": {"version": t.estimate_version, "amount": t.estimate_amount} if t.estimate_version else None,
        "payment": {"state": t.payment_state, "invoice": t.invoice}, "rating": t.rating,
    }  # fmt: skip


def _read(head: int, cursor: ReadCursor | None) -> dict[str, int]:
    return {"head": head, "read": cursor.upto if cursor else 0, "unread": reading.unread(head, cursor)}


async def rows(s: Session, viewer: Viewer, tickets: Sequence[Ticket]) -> list[dict[str, Any]]:
    """ROWs of the queue and the list."""
    known = await gather(s, tickets, {viewer.id})
    return [known.row(viewer, t) for t in tickets]
