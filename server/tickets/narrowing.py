"""How a list of tickets is narrowed: one condition for each filter, the same for pages and API. What is visible at all
is decided in `queries`."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_
from sqlmodel import col

from server.db import Session
from server.people.policy import Viewer
from server.tickets import search
from server.tickets.inbox import beyond_cursor
from server.tickets.model import Ticket
from server.tickets.workflow import EXECUTOR_SHOWN


@dataclass(frozen=True)
class Narrowing:
    """What is wanted; nothing in a field narrows nothing. `assignee`: a person's id, `me` or `none`."""

    status: Collection[str] = ()
    urgency: Collection[str] = ()
    payment: Collection[str] = ()
    service: int | None = None
    organisation: int | None = None
    assignee: int | str | None = None
    unread: bool | None = None
    q: str | None = None


def conditions(s: Session, viewer: Viewer, wanted: Narrowing) -> list[ColumnElement[bool]]:
    """For a query made by `inbox.with_cursor`. `Invalid` where there is nothing in `q` to look for."""
    codes = ((Ticket.status, wanted.status), (Ticket.urgency, wanted.urgency), (Ticket.payment_state, wanted.payment))
    ids = ((Ticket.service_id, wanted.service), (Ticket.organisation_id, wanted.organisation))
    found: list[ColumnElement[bool]] = [col(column).in_(values) for column, values in codes if values]
    found += [col(column) == value for column, value in ids if value is not None]
    if wanted.assignee is not None:
        found.append(_assigned(viewer, wanted.assignee))
    if wanted.unread is not None:
        found.append(beyond_cursor() if wanted.unread else ~beyond_cursor())
    if wanted.q is not None:
        found.append(search.matching(s, viewer, search.asked(wanted.q)))
    return found


def _assigned(viewer: Viewer, who: int | str) -> ColumnElement[bool]:
    # A client is not told who holds a new ticket, and so can't find it by that either.
    holder = col(Ticket.assignee_id)
    if who == "none":
        return holder.is_(None)
    mine = holder == (viewer.id if who == "me" else who)
    return mine if viewer.staff else and_(mine, col(Ticket.status).in_(EXECUTOR_SHOWN))
