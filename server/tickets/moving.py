"""Moving a ticket along the table of transitions. The only place that writes `status`."""

from datetime import timedelta

from server.catalogue.model import Service
from server.clock import now
from server.db import Session
from server.errors import Conflict, Invalid
from server.events.kinds import StatusChange
from server.people.policy import Viewer
from server.tickets.model import Ticket
from server.tickets.workflow import RECENT_DAYS, STATUSES, Door, Transition, ever, moves
from server.tickets.writing import Opened, open_ticket
from server.words import text


async def move(
    s: Session, viewer: Viewer, number: int, to: str, comment: str | None = None, *, seen: str | None = None
) -> Ticket:
    """Takes one step of the table by hand; 403 if it could never be this person's, 409 if not from here or no more
    from where it was `seen`."""
    o = await open_ticket(s, viewer, number)
    if to not in STATUSES:
        raise Invalid({"to": "Такого статуса нет"})
    o.require(ever(to, o.actors))
    comment = text.comment(comment)
    if seen not in (None, o.ticket.status):
        raise _elsewhere(o)
    step = await possible(o, to, "status")
    if comment is None and step.asks_comment(o.actors):
        raise Invalid({"comment": "Напишите, почему: это увидят обе стороны"})
    await take(o, step, comment)
    return o.ticket


async def possible(o: Opened, to: str, via: Door) -> Transition:
    """The step to `to` from where the ticket stands, or `Conflict` with the state as it is."""
    no_approval = await approval_not_needed(o)
    for step in moves(o.ticket.status, o.actors, via=via, back_to=o.ticket.waiting_from, no_approval=no_approval):
        if step.to == to and not (step.needs == "recent" and _long_ago(o.ticket)):
            return step
    raise _elsewhere(o)


def _elsewhere(o: Opened) -> Conflict:
    return Conflict("Обращение сейчас в другом статусе", state=o.ticket.status)


async def approval_not_needed(o: Opened) -> bool:
    """Whether work may begin without an approver's yes to its estimate."""
    return not (await o.s.get_one(Service, o.ticket.service_id)).needs_approval


def _long_ago(ticket: Ticket) -> bool:
    return now() - ticket.status_since > timedelta(days=RECENT_DAYS)


async def take(o: Opened, step: Transition, comment: str | None = None, *, passing: bool = False) -> None:
    """Writes the new status and its event; `passing` as `Opened.record` means it."""
    ticket = o.ticket
    ticket.waiting_from = ticket.status if step.to == "waiting" else None
    ticket.status, ticket.status_since = step.to, now()
    ticket.withdrawn = not o.viewer.staff if step.to == "cancelled" else None
    if step.to == "cancelled" and ticket.payment_state == "to_invoice":
        ticket.payment_state = "not_needed"
    o.facts = ticket.facts(o.facts.participants)
    await o.record(StatusChange(frm=step.frm, to=step.to, comment=comment), passing=passing)


async def return_from_waiting(o: Opened) -> None:
    """When the client has written, the ticket goes back by itself to where it was asked from."""
    if o.ticket.status == "waiting" and o.ticket.waiting_from:
        back = next(t for t in moves("waiting", frozenset({"system"}), back_to=o.ticket.waiting_from))
        await take(o, back)
