"""Tickets over HTTP: list, create, read, and everything people do to one besides talking in it and paying for it."""

from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import date
from typing import Annotated, Any

from pydantic import Field
from starlette.requests import Request

from server import web
from server.api import wire
from server.api.bodies import Body, Day, Id, Token
from server.api.endpoint import Audience, Call, Endpoint, resource
from server.clock import today
from server.db import Session
from server.errors import Invalid, NotFound
from server.events.kinds import MAX_TEXT, URGENCIES
from server.people.policy import Viewer
from server.rooms.protocol import MAX_FILES
from server.tickets import actions, drafts, gates, lists, moving, queries, search
from server.tickets.workflow import STATUSES
from server.words import text

Json = dict[str, Any]
Comment = Annotated[str, Field(max_length=2000)]


class NewTicket(Body):
    """A request. `author`: lead and executor on behalf of a client; `organisation`: for those who act for several."""

    # Their limits are the form's own and are said by `actions.checked`, all at once; here they are only described.
    subject: Annotated[str, Field(json_schema_extra={"minLength": 1, "maxLength": text.SUBJECT})]
    service: Id
    text: Annotated[str, Field(json_schema_extra={"minLength": 1, "maxLength": MAX_TEXT})]
    urgency: Annotated[str, Field(json_schema_extra={"enum": list(URGENCIES)})] = "normal"
    files: Annotated[list[Token], Field(max_length=MAX_FILES)] = Field(default_factory=list)
    due: Annotated[Day | None, Field(description="not before today")] = None
    private: bool = False
    author: Id | None = None
    organisation: Id | None = None


class NewStatus(Body):
    """Where the ticket shall go; some steps ask for a reason."""

    to: Annotated[Token, Field(json_schema_extra={"enum": list(STATUSES)})]
    comment: Comment | None = None


class Nothing(Body):
    """Nothing need be said."""


class Somebody(Body):
    """A person by id."""

    user: Id


class SomebodyOrNone(Body):
    """A person by id; null takes the ticket from whoever has it."""

    user: Id | None


class NewUrgency(Body):
    """Another urgency, and why: both sides see it."""

    to: Annotated[Token, Field(json_schema_extra={"enum": list(URGENCIES)})]
    comment: Comment


class NewService(Body):
    """Another service, and why: both sides see it."""

    to: Id
    comment: Comment


class NewRating(Body):
    """How it went, 1 to 5."""

    score: Annotated[int, Field(ge=1, le=5)]
    comment: Comment | None = None


async def _creates(_s: Session, viewer: Viewer, _request: Request) -> None:
    actions.require_may_create(viewer)


async def _place(s: Session, viewer: Viewer, request: Request) -> None:
    await drafts.place(s, viewer, request.path_params["place"])


async def _also_wrong(s: Session, viewer: Viewer, right: dict[str, Any]) -> dict[str, str]:
    """What the form's own rules say of the fields whose types are right."""
    given = {k: v for k, v in right.items() if k in ("subject", "text", "urgency", "service")}
    if right.get("due"):
        given["due"] = date.fromisoformat(right["due"])
    filled: dict[str, Any] = {"subject": "", "text": "", "service": 0} | given
    try:
        await actions.checked(s, actions.NewTicket(**filled), today(viewer.time_zone))
    except Invalid as refusal:
        return {k: v for k, v in refusal.fields.items() if k in given}
    return {}


async def _ticket(call: Call) -> Json:
    return await queries.ticket_json(call.s, call.viewer, (await queries.find(call.s, call.viewer, call.number)).ticket)


def _turn(request: Request) -> AbstractAsyncContextManager[None]:
    return search.turn() if "q" in request.query_params else nullcontext()


async def listed(call: Call) -> Json:
    """Tickets the caller may see, page by page."""
    return await lists.page(call.s, call.viewer, call.query, call.journal.settings.secret_key)


async def create(call: Call) -> Json:
    """Creates a ticket; its text is event 1 of its room."""
    new: NewTicket = call.body
    made = await actions.create(
        call.s,
        call.viewer,
        actions.NewTicket(**new.model_dump()),
        per_minute=call.journal.settings.limits.tickets_per_minute,
    )
    return await queries.ticket_json(call.s, call.viewer, made)


async def show(call: Call) -> Json:
    """One ticket. Approvers who only decide a private ticket's estimate (`approval`) see it neither here nor in lists:
    its numbers and times would tell of the chat."""
    return await _ticket(call)


async def move(call: Call) -> Json:
    """Takes one step of the table of transitions by hand: of two at once one wins, the other is told how it stands."""
    await moving.move(call.s, call.viewer, call.number, call.body.to, call.body.comment, seen=call.seen)
    return await _ticket(call)


async def claim(call: Call) -> Json:
    """Takes the ticket: of two at once one wins, the other learns who."""
    await actions.claim(call.s, call.viewer, call.number)
    return await _ticket(call)


async def assign(call: Call) -> Json:
    """Gives the ticket to somebody who works tickets: of two at once one wins, the other is told how it stands."""
    ticket = await actions.assign(call.s, call.viewer, call.number, call.body.user, seen=call.seen)
    return await queries.ticket_json(call.s, call.viewer, ticket)


async def add_participant(call: Call) -> Json:
    """Brings in somebody of the ticket's organisation or of the staff."""
    await actions.add_participant(call.s, call.viewer, call.number, call.body.user)
    return await _ticket(call)


async def remove_participant(call: Call) -> None:
    """Takes somebody who was added out again; from then on the ticket is absent for them."""
    await actions.remove_participant(call.s, call.viewer, call.number, web.path_number(call.request, "user"))


async def set_urgency(call: Call) -> Json:
    """Changes the urgency, both sides see why: of two at once one wins, the other is told how it stands."""
    new: NewUrgency = call.body
    await actions.change_urgency(call.s, call.viewer, call.number, new.to, new.comment, seen=call.seen)
    return await _ticket(call)


async def set_service(call: Call) -> Json:
    """Moves the ticket to where it belongs: of two at once one wins, the other is told how it stands."""
    new: NewService = call.body
    ticket = await actions.change_service(call.s, call.viewer, call.number, new.to, new.comment, seen=call.seen)
    return await queries.ticket_json(call.s, call.viewer, ticket)


async def rate(call: Call) -> Json:
    """Says once, after acceptance, how it went."""
    await actions.rate(call.s, call.viewer, call.number, call.body.score, call.body.comment)
    return await _ticket(call)


async def draft(call: Call) -> Json:
    """What the caller has begun to write there; 404 when nothing."""
    place = await drafts.place(call.s, call.viewer, call.request.path_params["place"])
    found = await drafts.draft(call.s, call.viewer, place)
    if found is None:
        raise NotFound("Черновика нет")
    return found


async def save_draft(call: Call) -> Json:
    """Keeps what the caller has begun to write, in place of what was kept before."""
    place = await drafts.place(call.s, call.viewer, call.request.path_params["place"])
    return await drafts.save(call.s, call.viewer, place, call.body)


async def drop_draft(call: Call) -> None:
    """Nothing is being written there any more."""
    place = await drafts.place(call.s, call.viewer, call.request.path_params["place"])
    await drafts.drop(call.s, call.viewer, place)


_IN = "/tickets/{number}"
_CREATES = Audience("clients; lead and executor on behalf of one", _creates)
_ANYBODY = Audience("whoever has a token, over what they may see")
_OWN = Audience("everybody, their own, in tickets they see", _place)

routes = [
    resource(
        "/tickets",
        GET=Endpoint(listed, _ANYBODY, query=lists.Asked, answer=wire.Tickets, turn=_turn),
        POST=Endpoint(create, _CREATES, NewTicket, answer=wire.Ticket, status=201, more_wrong=_also_wrong),
    ),
    resource(_IN, GET=Endpoint(show, gates.SEES, answer=wire.Ticket)),
    resource(_IN + "/status", POST=Endpoint(move, gates.MOVES, NewStatus, answer=wire.Ticket)),
    resource(_IN + "/claim", POST=Endpoint(claim, gates.WORKS, Nothing, answer=wire.Ticket)),
    resource(_IN + "/assignee", PUT=Endpoint(assign, gates.GIVES, SomebodyOrNone, answer=wire.Ticket)),
    resource(_IN + "/participants", POST=Endpoint(add_participant, gates.ADDS, Somebody, answer=wire.Ticket)),
    resource(_IN + "/participants/{user}", DELETE=Endpoint(remove_participant, gates.LEAVES, status=204)),
    resource(_IN + "/urgency", PUT=Endpoint(set_urgency, gates.SETS_URGENCY, NewUrgency, answer=wire.Ticket)),
    resource(_IN + "/service", PUT=Endpoint(set_service, gates.MOVES_SERVICE, NewService, answer=wire.Ticket)),
    resource(_IN + "/rating", POST=Endpoint(rate, gates.RATES, NewRating, answer=wire.Ticket)),
    resource(
        "/drafts/{place}",
        GET=Endpoint(draft, _OWN, answer=drafts.Begun),
        PUT=Endpoint(save_draft, _OWN, drafts.Begun, answer=drafts.Begun),
        DELETE=Endpoint(drop_draft, _OWN, status=204),
    ),
]
