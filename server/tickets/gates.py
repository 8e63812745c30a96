"""Who may make which call on a ticket: the API's gates ask `tickets.policy` before a body is read, actions again under
the lock."""

from collections.abc import Callable

from starlette.requests import Request

from server import web
from server.api.endpoint import Audience
from server.db import Session
from server.errors import Forbidden, NotFound
from server.events.kinds import PUBLIC, STAFF, Line
from server.money.queries import is_decided
from server.people.policy import Viewer
from server.tickets import policy, queries, talk
from server.tickets.facts import Thing, participants, standing
from server.tickets.model import Ticket
from server.tickets.policy import Facts
from server.tickets.workflow import OPEN
from server.tickets.writing import OVER

May = Callable[[Viewer, Facts], bool]
NO_RIGHT = "На это у вас нет прав"


def on_ticket(
    words: str,
    may: May = lambda _v, _f: True,
    line: Line = PUBLIC,
    *,
    while_open: bool = False,
    changes: Thing | None = None,
) -> Audience:
    """People who see that line of the ticket (else it is absent) and, by their right, may do this (else 403); what is
    `while_open` nobody may any more in a ticket that is over. How the thing stands that the call `changes` is
    remembered."""

    async def gate(s: Session, viewer: Viewer, request: Request) -> str | None:
        seen = await queries.find(s, viewer, web.number(request), line)
        if not may(viewer, seen.facts):
            raise Forbidden(NO_RIGHT, state=seen.ticket.status)
        if while_open and seen.ticket.status not in OPEN:
            raise Forbidden(OVER, state=seen.ticket.status)
        return standing(seen.ticket, changes) if changes else None

    return Audience(words, gate)


def on_message(words: str, line: Line) -> Audience:
    """People who may change that message now."""

    async def gate(s: Session, viewer: Viewer, request: Request) -> None:
        seen = await queries.find(s, viewer, web.number(request), line)
        await talk.changeable(s, viewer, seen.ticket, line, web.path_number(request, "seq"))

    return Audience(words, gate)


async def _deciders(s: Session, viewer: Viewer, request: Request) -> None:
    ticket = await s.get(Ticket, web.number(request), populate_existing=True)
    facts = ticket.facts(await participants(s, ticket.number)) if ticket else None
    if ticket is None or facts is None:
        raise NotFound
    if not policy.sees_decision(viewer, facts, decided=await is_decided(s, ticket.number)):
        raise NotFound
    if not policy.approves(viewer, facts):
        raise Forbidden(NO_RIGHT, state=ticket.status)


SEES = on_ticket("who sees the ticket")
SEES_STAFF = on_ticket("staff who see the ticket", line=STAFF)
WRITES = on_ticket("author, participants, approvers, executor, lead", lambda v, f: policy.can_write(v, f, PUBLIC))
WRITES_STAFF = on_ticket("staff who see the ticket", lambda v, f: policy.can_write(v, f, STAFF), STAFF)
CHANGES = on_message("the message's author for 15 minutes, the lead always", PUBLIC)
CHANGES_STAFF = on_message("the note's author for 15 minutes, the lead always", STAFF)
MOVES = on_ticket("whom the table of transitions names", lambda v, f: bool(policy.actors(v, f)), changes="status")
WORKS = on_ticket("executor of the service or assignee, lead", policy.can_work)
LOGS_TIME = on_ticket("executor of the service or assignee, lead", policy.can_work, while_open=True)
GIVES = on_ticket("lead; the assignee, who hands over", policy.can_assign, while_open=True, changes="assignee")
ADDS = on_ticket("who writes in the ticket", policy.can_add_people, while_open=True)
LEAVES = on_ticket("who writes in the ticket; everybody for themselves")
SETS_URGENCY = on_ticket("author, lead", policy.can_change_urgency, while_open=True, changes="urgency")
MOVES_SERVICE = on_ticket("lead", lambda v, _f: policy.can_change_service(v), while_open=True, changes="service")
BILLS = on_ticket("accountant", lambda v, _f: policy.can_bill(v), changes="payment")
DECIDES = Audience("approvers of the ticket's organisation", _deciders)
RATES = on_ticket("the ticket's author", policy.can_rate)
