"""A ticket's rooms over HTTP: read the log, say, change, delete, mark as read. The same actions as on the socket."""

from math import ceil
from typing import Annotated, Any

from pydantic import Field

from server import web
from server.api import wire
from server.api.bodies import DIGITS, Body, Query, Token, Whole
from server.api.endpoint import Call, Endpoint, resource
from server.errors import TooMany
from server.events import log
from server.events.kinds import MAX_TEXT, PUBLIC, STAFF, Line
from server.rooms.protocol import MAX_FILES
from server.tickets import gates, queries, reading, talk

Json = dict[str, Any]
Seq = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Span(Query):
    """Which events: those after a number, or the newest before one."""

    after: Whole | None = None
    before: Whole | None = None
    limit: Annotated[int, Field(ge=1, le=log.PAGE), DIGITS] | None = None


class Message(Body):
    """A message. `id` is of the client's making, unique for the author over all rooms: sent again it is said once.
    `text` may be empty only beside files. `seen`, the last number on the writer's screen, and `anyway` are as on the
    socket."""

    id: Token
    text: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    files: Annotated[list[Token], Field(max_length=MAX_FILES)] = Field(default_factory=list)
    reply_to: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    seen: Seq | None = None
    anyway: bool = False


class NewText(Body):
    """What the message shall say instead."""

    text: Annotated[str, Field(max_length=MAX_TEXT)]


class Upto(Body):
    """The number of the last event that was read."""

    upto: Seq


async def _events(call: Call, line: Line) -> Json:
    asked: Span = call.query
    ticket = (await queries.find(call.s, call.viewer, call.number, line)).ticket
    if asked.after is None:
        found = await log.newest(call.s, ticket.number, line, asked.limit or log.NEWEST, asked.before)
    else:
        found = await log.after(call.s, ticket.number, line, asked.after, asked.limit or log.PAGE)
        found = [e for e in found if asked.before is None or e.seq < asked.before]
    return {"items": await log.wire(call.s, found), "head": ticket.head_of(line)}


async def events(call: Call) -> Json:
    """Events of the public room, ascending; without `after` the newest 50."""
    return await _events(call, PUBLIC)


async def staff_events(call: Call) -> Json:
    """The same for the staff room."""
    return await _events(call, STAFF)


async def _say(call: Call, line: Line) -> Json:
    if (wait := call.journal.hub.doorman.says(call.viewer.id)) > 0:
        raise TooMany("Слишком быстро. Подождите немного и отправьте снова.", retry_after=ceil(wait))
    m: Message = call.body
    words = talk.Words(m.id, m.text, list(m.files), m.reply_to, m.seen, m.anyway)
    event = await talk.say(call.s, call.viewer, call.number, line, words)
    return {"seq": event.seq}


async def say(call: Call) -> Json:
    """Says something in the public room."""
    return await _say(call, PUBLIC)


async def note(call: Call) -> Json:
    """Writes an internal note."""
    return await _say(call, STAFF)


async def _edit(call: Call, line: Line) -> Json:
    seq = web.path_number(call.request, "seq")
    event = await talk.edit(call.s, call.viewer, call.number, line, seq, call.body.text)
    return {"seq": event.seq}


async def edit(call: Call) -> Json:
    """Puts another text in a message's place; answers with the number of the `edit` event."""
    return await _edit(call, PUBLIC)


async def edit_note(call: Call) -> Json:
    """The same for an internal note."""
    return await _edit(call, STAFF)


async def _delete(call: Call, line: Line) -> Json:
    event = await talk.delete(call.s, call.viewer, call.number, line, web.path_number(call.request, "seq"))
    return {"seq": event.seq}


async def delete(call: Call) -> Json:
    """Takes a message away for everybody; answers with the number of the `delete` event."""
    return await _delete(call, PUBLIC)


async def delete_note(call: Call) -> Json:
    """The same for an internal note."""
    return await _delete(call, STAFF)


async def _read(call: Call, line: Line) -> Json:
    await talk.read(call.s, call.viewer, call.number, line, call.body.upto)
    row = await reading.cursor(call.s, call.number, line, call.viewer.id)
    return {"upto": row.upto if row else 0}


async def read(call: Call) -> Json:
    """Moves the caller's read cursor; it only ever grows, and never beyond the head."""
    return await _read(call, PUBLIC)


async def read_notes(call: Call) -> Json:
    """The same for the staff room."""
    return await _read(call, STAFF)


_IN, _STAFF = "/tickets/{number}", "/tickets/{number}/staff"
routes = [
    resource(_IN + "/events", GET=Endpoint(events, gates.SEES, query=Span, answer=wire.Events)),
    resource(_STAFF + "/events", GET=Endpoint(staff_events, gates.SEES_STAFF, query=Span, answer=wire.Events)),
    resource(_IN + "/messages", POST=Endpoint(say, gates.WRITES, Message, answer=wire.Said, status=201)),
    resource(_STAFF + "/messages", POST=Endpoint(note, gates.WRITES_STAFF, Message, answer=wire.Said, status=201)),
    resource(
        _IN + "/messages/{seq}",
        PATCH=Endpoint(edit, gates.CHANGES, NewText, answer=wire.Said),
        DELETE=Endpoint(delete, gates.CHANGES, answer=wire.Said),
    ),
    resource(
        _STAFF + "/messages/{seq}",
        PATCH=Endpoint(edit_note, gates.CHANGES_STAFF, NewText, answer=wire.Said),
        DELETE=Endpoint(delete_note, gates.CHANGES_STAFF, answer=wire.Said),
    ),
    resource(_IN + "/read", POST=Endpoint(read, gates.SEES, Upto, answer=wire.Read)),
    resource(_STAFF + "/read", POST=Endpoint(read_notes, gates.SEES_STAFF, Upto, answer=wire.Read)),
]
