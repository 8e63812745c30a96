"""Talking in a ticket's rooms: say, edit, delete, read. Each takes the transaction and never commits."""

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from server.clock import now
from server.db import Session
from server.errors import Conflict, Forbidden, Invalid, NotFound
from server.events import log
from server.events.kinds import MAX_TEXT, PUBLIC, STAFF, Delete, Edit, FileRef, Line, Message
from server.events.model import Event
from server.files import actions as files
from server.people.policy import Viewer, is_staff
from server.people.queries import by_ids
from server.search import index
from server.tickets import policy, queries, reading
from server.tickets.model import ReadCursor, Ticket
from server.tickets.moving import return_from_waiting
from server.tickets.writing import TAKEN_ID, Opened, first_words, open_ticket
from server.words import text

EDIT_WINDOW = timedelta(minutes=15)


@dataclass(frozen=True)
class Words:
    """What somebody says: `id` is of the client's making, `seen` the last number on the writer's screen."""

    id: str
    text: str
    files: list[str] = field(default_factory=list)
    reply_to: int | None = None
    seen: int | None = None
    anyway: bool = False


async def say(s: Session, viewer: Viewer, number: int, line: Line, words: Words) -> Event:
    """Says something once: the same words under the same id give the first event back, whatever has changed since."""
    named = text.is_id(words.id)
    if named and (first := await _said_before(s, viewer, number, line, words)):
        return first
    o = await open_ticket(s, viewer, number, line)
    if named and (first := await _said_before(s, viewer, number, line, words)):  # a twin that waited for the same lock
        return first
    o.require(policy.can_write(viewer, o.facts, line))
    o.require_open()
    if not named:
        raise Invalid({"id": "Такое значение не принимается"})
    said = text.message(words.text, limit=MAX_TEXT, may_be_empty=bool(words.files))
    await _check_reply(o, line, words.reply_to)
    await _guard(o, line, words)
    taken = await files.take(s, viewer, words.files, number, line)
    message = Message(id=words.id, text=said, files=tuple(FileRef(**f) for f in taken), reply_to=words.reply_to)
    try:
        event = await o.record(message, line=line, client_id=words.id)
    except IntegrityError:  # a twin under the same id in another ticket, which no lock of ours keeps apart
        raise Conflict(TAKEN_ID, reason="id") from None
    await files.placed(s, words.files, event.seq)
    if line == PUBLIC and not policy.sees_as_staff(viewer, o.facts):
        await return_from_waiting(o)
    return event


async def _said_before(s: Session, viewer: Viewer, number: int, line: Line, words: Words) -> Event | None:
    first = await log.by_client_id(s, viewer.id, words.id)
    if first is None:
        return None
    now_said = (number, line, text.storable(words.text, "text").strip(), words.files, words.reply_to)
    then = (
        first.ticket,
        first.line,
        (first.text or "").strip(),
        [f["id"] for f in first.data["files"]],
        first.data["reply_to"],
    )
    if now_said != then:
        raise Conflict(TAKEN_ID, reason="id")
    return first


async def _check_reply(o: Opened, line: Line, seq: int | None) -> None:
    if seq is not None and not 1 <= seq <= o.ticket.head_of(line):
        raise Invalid({"reply_to": "Такого сообщения нет"})


async def _guard(o: Opened, line: Line, words: Words) -> None:
    """A colleague who answered while this one wrote: said before anything is written."""
    if words.seen is None or words.anyway or not o.viewer.staff:
        return
    seen = min(words.seen, o.ticket.head_of(line))
    since = [
        e for e in await log.after(o.s, o.ticket.number, line, seen)
        if e.kind == "message" and e.author_id != o.viewer.id
    ]  # fmt: skip
    authors = await by_ids(o.s, {e.author_id for e in since})
    colleagues = [e for e in since if is_staff(authors[e.author_id].roles)]
    if colleagues:
        raise Conflict("Пока вы писали, ответил коллега", reason="seen", events=await log.wire(o.s, colleagues))


async def edit(s: Session, viewer: Viewer, number: int, line: Line, seq: int, new: str) -> Event:
    """Puts another text in a message's place: the author for 15 minutes, a lead always, event 1 never."""
    o = await open_ticket(s, viewer, number, line)
    message = await changeable(s, viewer, o.ticket, line, seq)
    _require_open(o)
    said = text.message(new, limit=MAX_TEXT)
    await _require_not_deleted(o, message)
    event = await o.record(Edit(of=seq, text=said), line=line)
    await _replace(o, message, event)
    return event


async def delete(s: Session, viewer: Viewer, number: int, line: Line, seq: int) -> Event:
    """Takes a message away for everybody; its place in the log stays."""
    o = await open_ticket(s, viewer, number, line)
    message = await changeable(s, viewer, o.ticket, line, seq)
    _require_open(o)
    await _require_not_deleted(o, message)
    event = await o.record(Delete(of=seq), line=line)
    await _replace(o, message, event)
    await files.withdraw(s, number, line, seq)
    return event


async def changeable(s: Session, viewer: Viewer, ticket: Ticket, line: Line, seq: int) -> Event:
    """The message, if it is there and this person may put something else in its place."""
    message = await log.one(s, ticket.number, line, seq)
    if message is None or message.kind != "message":
        raise NotFound
    if seq == 1 and line == PUBLIC:
        raise Forbidden("Текст обращения не меняют: допишите новым сообщением")
    if not viewer.lead and message.author_id != viewer.id:
        raise Forbidden("Изменить можно только своё сообщение")
    if not viewer.lead and now() - message.at > EDIT_WINDOW:
        raise Forbidden("Изменить сообщение можно в течение 15 минут")
    return message


def _require_open(o: Opened) -> None:
    """A lead always may: a password that was sent has to go from a closed ticket too."""
    if not o.viewer.lead:
        o.require_open()


async def _require_not_deleted(o: Opened, message: Event) -> None:
    if await _is_deleted(o, message):
        raise Conflict("Сообщение уже удалено", deleted=message.replaced_by)


async def _is_deleted(o: Opened, message: Event) -> bool:
    if message.replaced_by is None:
        return False
    by = await log.one(o.s, o.ticket.number, "staff" if message.line == STAFF else "public", message.replaced_by)
    return by is not None and by.kind == "delete"


async def _replace(o: Opened, message: Event, by: Event) -> None:
    # Earlier edits hold texts that no longer stand: they are replayed as what stands now, like the message itself.
    earlier = await o.s.exec(
        select(Event.id, Event.data).where(
            Event.ticket == message.ticket, Event.line == message.line, Event.kind == "edit", Event.seq < by.seq
        )
    )
    ids = [message.id, *(i for i, data in earlier.all() if data["of"] == message.seq)]
    await o.s.execute(update(Event).where(col(Event.id).in_(ids)).values(replaced_by=by.seq))
    await index.changed(o.s, message, by.text)
    await _forget_last_words(o, message)


async def _forget_last_words(o: Opened, message: Event) -> None:
    """The queue row shows the last message's first words: what was replaced must not stay there."""
    if message.line == PUBLIC and (latest := await log.latest(o.s, o.ticket.number, "message")):
        o.ticket.last_words = first_words((await log.wire(o.s, [latest]))[0].get("text", ""))


async def read(s: Session, viewer: Viewer, number: int, line: Line, upto: int) -> ReadCursor | None:
    """Moves this person's read cursor; None when it did not move. Readers don't queue behind those who write."""
    ticket = (await queries.find(s, viewer, number, line)).ticket
    if await reading.cursor(s, number, line, viewer.id) is None:
        await open_ticket(s, viewer, number, line)  # saying makes the first one too: under this lock, never both
    moved = await reading.read(s, ticket, line, viewer.id, upto)
    if moved is not None:
        s.tell(log.ReadMoved(number, line, viewer.person(), moved.upto))
    return moved
