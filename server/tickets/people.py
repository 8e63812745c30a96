"""Who is in a ticket's room, as one viewer may know it."""

from typing import Any

from sqlmodel import select

from server.db import Session
from server.events.kinds import PUBLIC, Line
from server.events.log import instant
from server.events.model import Event
from server.people.model import User
from server.people.policy import Viewer, is_staff
from server.people.queries import approvers, by_ids, responsible
from server.tickets import policy
from server.tickets.model import ReadCursor
from server.tickets.queries import Seen


async def people_json(
    s: Session, viewer: Viewer, seen: Seen, line: Line, *, readers: bool = False
) -> list[dict[str, Any]]:
    """PERSONs of the room with how far each has read. Clients learn of the staff only the assignee from `estimating` on
    and who has written here. `readers`: the staff also learn who only read, as their sockets are told live."""
    ids, named = await _taking_part(s, seen, line)
    cursors = await s.exec(select(ReadCursor).where(ReadCursor.ticket == seen.ticket.number, ReadCursor.line == line))
    read = {c.user_id: {"read": c.upto, "read_at": instant(c.at)} for c in cursors.all()}
    staff_viewer = policy.sees_as_staff(viewer, seen.facts)
    people = await by_ids(s, ids | read.keys() if readers and staff_viewer else ids)
    known = {u.id: u for u in people.values() if u.active or u.id == seen.ticket.author_id}
    if not staff_viewer:
        known = {i: u for i, u in known.items() if not is_staff(u.roles) or i in named}
    nothing = {"read": 0, "read_at": None}
    return [u.person() | read.get(i or 0, nothing) for i, u in sorted(known.items(), key=lambda p: p[1].name)]


async def writers(s: Session, ticket: int, line: Line) -> set[int]:
    """Who has said something in a room: together with the ticket's `named_assignee` those of the staff whom clients may
    know there."""
    said = select(Event.author_id).where(Event.ticket == ticket, Event.line == line, Event.kind == "message")
    return set((await s.exec(said.distinct())).all())


async def _taking_part(s: Session, seen: Seen, line: Line) -> tuple[set[int], set[int]]:
    """Everybody in the room, and those of the staff whom clients may know."""
    t = seen.ticket
    wrote = await writers(s, t.number, line)
    ids = wrote | ({t.assignee_id} if t.assignee_id else set())
    if line == PUBLIC:
        ids |= {t.author_id} | seen.facts.participants
        if seen.facts.asked and not t.private:
            ids |= _ids_of(await approvers(s, t.organisation_id))
    if t.assignee_id is None:
        ids |= _ids_of(await responsible(s, t.service_id))
    return ids, wrote | ({t.named_assignee} if t.named_assignee else set())


def _ids_of(people: list[User]) -> set[int]:
    return {u.id for u in people if u.id is not None}
