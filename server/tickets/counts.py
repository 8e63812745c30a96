"""The counters beside the names of lists. The same conditions cut the lists themselves (`VIEWS`)."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, func
from sqlmodel import col, select

from server.clock import now
from server.db import Session
from server.people.policy import Viewer
from server.tickets.inbox import beyond_cursor, taking_part, with_cursor
from server.tickets.model import Ticket
from server.tickets.queries import only_decidable, visible
from server.tickets.workflow import ACCEPTED, OPEN, SOON_DAYS, STATUSES

CLIENTS_TURN = [c for c, s in STATUSES.items() if s.turn in ("client", "approver")]


def _open(_viewer: Viewer) -> ColumnElement[bool]:
    return col(Ticket.status).in_(OPEN)


def _closed(_viewer: Viewer) -> ColumnElement[bool]:
    return col(Ticket.status).not_in(OPEN)


def _approval(viewer: Viewer) -> ColumnElement[bool]:
    deciding = [o for o, p in viewer.memberships.items() if p.can_approve]
    return and_(col(Ticket.status) == "approval", col(Ticket.organisation_id).in_(deciding))


def _unassigned(viewer: Viewer) -> ColumnElement[bool]:
    return and_(_open(viewer), col(Ticket.assignee_id).is_(None))


def _mine(viewer: Viewer) -> ColumnElement[bool]:
    return and_(_open(viewer), col(Ticket.assignee_id) == viewer.id)


def _soon(viewer: Viewer) -> ColumnElement[bool]:
    """«Нужно к» is near or past and the work not accepted yet; that date is the client's and is never paused."""
    to_do = col(Ticket.status).not_in(ACCEPTED)
    return and_(_open(viewer), to_do, col(Ticket.due) <= now().date() + timedelta(days=SOON_DAYS))


def _waiting(viewer: Viewer) -> ColumnElement[bool]:
    return and_(_open(viewer), col(Ticket.status).in_(CLIENTS_TURN))


def _to_invoice(_viewer: Viewer) -> ColumnElement[bool]:
    """What an accountant has to do: agreed on, and no invoice yet."""
    return col(Ticket.payment_state) == "to_invoice"


def _unread(viewer: Viewer) -> ColumnElement[bool]:
    return and_(taking_part(viewer), beyond_cursor())


Condition = Callable[[Viewer], ColumnElement[bool]]
CLIENT_VIEWS: dict[str, Condition] = {"open": _open, "approval": _approval, "unread": _unread, "closed": _closed}
DECIDING_VIEWS = ("open", "approval")  # which also hold what an approver may decide without seeing it
STAFF_VIEWS: dict[str, Condition] = {
    "open": _open, "unassigned": _unassigned, "mine": _mine, "soon": _soon, "waiting": _waiting,
    "to_invoice": _to_invoice,
}  # fmt: skip


async def nav(s: Session, viewer: Viewer) -> dict[str, int]:
    """How many tickets each list of the side navigation holds for this person; one query, two for
    approvers."""
    views = STAFF_VIEWS if viewer.staff else CLIENT_VIEWS
    names = list(views)
    counted = [func.count().filter(views[name](viewer)) for name in names]
    row = (await s.execute(with_cursor(select(*counted).select_from(Ticket), viewer).where(visible(viewer)))).one()
    found = dict(zip(names, row, strict=True))
    if any(p.can_approve for p in viewer.memberships.values()):
        beside = (await s.execute(select(func.count()).select_from(Ticket).where(only_decidable(viewer)))).scalar_one()
        found |= {name: found[name] + beside for name in DECIDING_VIEWS if name in found}
    return found


def view(viewer: Viewer, name: str) -> ColumnElement[bool]:
    """The condition of a list by its name; an unknown name is the list of what is open."""
    views = STAFF_VIEWS if viewer.staff else CLIENT_VIEWS
    return views.get(name, _open)(viewer)
