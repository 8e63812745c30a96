"""One ticket's room in this process: brings each event of the log to each socket once, in order. The log
decides, the bus only rings."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NamedTuple

from server.db import AWAY, Database
from server.errors import NotFound
from server.events import access
from server.events import log as events
from server.events.kinds import KINDS, PUBLIC, STAFF
from server.people.policy import is_staff
from server.rooms.presence import Presence
from server.rooms.protocol import TicketRoom, encode
from server.rooms.rights import Rights
from server.rooms.seats import Prepared, Seat
from server.tickets import policy
from server.tickets.facts import participants
from server.tickets.model import Ticket
from server.tickets.people import writers

log = logging.getLogger(__name__)


class Bell(NamedTuple):
    """Event `seq` was committed, when the public log was at `public` and rights of people had changed `access` times;
    the event itself where it came along."""

    seq: int
    event: dict[str, Any] | None
    public: int
    access: int


class Room:
    """`head` is the last event this process has passed on; `opening` ends when the room hears the bus and knows it."""

    opening: "asyncio.Task[None]"

    def __init__(
        self, name: str, place: TicketRoom, db: Database, rights: Rights, presence: Presence,
        vacate: Callable[[Seat, "Room"], Awaitable[None]],
        begin: Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"],
    ) -> None:  # fmt: skip
        self.name = name
        self.place = place
        self.db = db
        self.rights = rights
        self.presence = presence
        self.head: int | None = None
        self.seats: set[Seat] = set()
        self._wrote: set[int] = set()
        self._assignee: int | None = None
        self._vacate = vacate
        self._begin = begin
        self._checked = 0
        self._bells: deque[Bell] = deque()
        self._answering: asyncio.Task[None] | None = None

    def ring(self, bell: Bell) -> None:
        """The next event is passed on as it came; whatever needs the database is done by a task of this room, so that a
        slow answer holds up nobody else."""
        if self.head is None or not (bell.seq > self.head or self._doubts(bell)):
            return
        if self._answering is None and self._plain(bell):
            self._pass_on(bell.event or {})
            return
        self._bells.append(bell)
        if self._answering is None:
            self._answering = self._begin(self._answer())

    def _doubts(self, bell: Bell) -> bool:
        """Whether the right to be in the staff room may have gone since it was looked at: that stands in the public
        log. In the public room the event itself says so."""
        return self.place.line == STAFF and bell.public > self._checked

    def _plain(self, bell: Bell) -> bool:
        """Whether this is the next event, at hand, and shifts no right."""
        return (
            bell.event is not None
            and bell.seq == (self.head or 0) + 1
            and not self._doubts(bell)
            and self.rights.known(self.seats, bell.access)
            and not KINDS[bell.event["kind"]].shifts_access
        )

    async def _answer(self) -> None:
        """Until no bell is left. What goes wrong costs bells only: the poll asks again how far the log is."""
        try:
            while self._bells:
                await self._hear(self._bells.popleft())
        except AWAY as problem:
            log.warning(
                "%s: the database does not answer (%s); it is asked again soon", self.name, type(problem).__name__
            )
        except Exception:
            log.exception("%s: a bell was dropped", self.name)
        finally:
            self._bells.clear()
            self._answering = None

    async def _hear(self, bell: Bell) -> None:
        if self._doubts(bell):
            await self.recheck()
        if self.head is None or bell.seq <= self.head:
            return
        if bell.event is not None and bell.seq == self.head + 1:
            await self._judge([bell.event], bell.access)
        else:
            await self._catch_up()

    async def _catch_up(self) -> None:
        more = True
        while more and self.head is not None:
            async with self.db.reading() as s:
                rows = await events.after(s, self.place.ticket, self.place.line, self.head)
                found = await events.wire(s, rows)
                change = await access.counted(s)
            if self.place.line == STAFF:
                await self.recheck()
            await self._judge(found, change)
            more = len(found) == events.PAGE

    async def _judge(self, found: list[dict[str, Any]], change: int) -> None:
        """Passes events on that were committed before the rights of people changed once more after `change`."""
        for event in found:
            if KINDS[event["kind"]].shifts_access:
                await self.recheck()
            await self.rights.make_known(self.seats, change)
            self._pass_on(event)

    def _pass_on(self, event: dict[str, Any]) -> None:
        named = self._name(event)
        prepared = Prepared(self.name, self.place.line, event)
        self.head = prepared.seq
        for seat in tuple(self.seats):
            seat.offer(prepared)
        if named:
            self._introduce(named)

    def _introduce(self, person: dict[str, Any]) -> None:
        """Clients are told that somebody of the staff is here of whom they may know from now on."""
        if person["id"] in self.presence.online(self.place.ticket):
            text = encode({"op": "presence", "room": self.name, "user": person, "online": True})
            for seat in tuple(self.seats):
                if seat.live and not seat.staff:
                    seat.connection.send(text)

    async def recheck(self) -> None:
        """Whoever may not see this room any more is shown out before the next event passes."""
        async with self.db.reading(one_moment=True) as s:
            ticket = await s.get(Ticket, self.place.ticket)
            facts = ticket.facts(await participants(s, ticket.number)) if ticket else None
        self._checked = max(self._checked, ticket.head if ticket else 0)
        for seat in tuple(self.seats):
            viewer = seat.connection.viewer
            if facts is not None and policy.sees_line(viewer, facts, self.place.line):
                seat.staff = policy.sees_as_staff(viewer, facts)
            elif seat in self.seats:
                await self.show_out(seat)

    async def show_out(self, seat: Seat) -> None:
        """What this socket knows of the room is no longer true, or no longer its business: nothing more follows."""
        seat.connection.send(encode({"op": "reset", "room": self.name}))
        await self._vacate(seat, self)

    async def learn(self) -> None:
        """Reads how far the log is, and which people of the staff clients may know here."""
        async with self.db.reading(one_moment=True) as s:
            ticket = await s.get(Ticket, self.place.ticket)
            if ticket is None:
                raise NotFound
            self._wrote = await writers(s, ticket.number, PUBLIC)
        self._assignee = ticket.named_assignee
        self._checked = max(self._checked, ticket.head)
        self.head = ticket.head_of(self.place.line)

    def _name(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """Keeps whom of the staff clients may know here; the PERSON whom they may know by this event for the first
        time."""
        named = {"message": "author", "assignee": "to"}.get(event["kind"])
        if named is None:
            return None
        person: dict[str, Any] | None = event[named]
        new = person is not None and is_staff(person["roles"]) and not self._is_named(person["id"])
        if event["kind"] == "message":
            self._wrote.add(event["author"]["id"])
        else:
            self._assignee = person["id"] if person else None
        return person if new else None

    def _is_named(self, person: int) -> bool:
        return person in self._wrote or person == self._assignee

    def _may_name(self, seat: Seat, person: int, staff: bool) -> bool:
        """Whether this socket may learn what that person does here."""
        return not staff or seat.staff or self._is_named(person)

    def tell(self, frame: dict[str, Any], person: int, *, staff: bool, but: int | None = None) -> None:
        """A passing frame (typing, read, presence) to everybody who may know of that person; never logged."""
        text = encode(frame)
        for seat in tuple(self.seats):
            viewer = seat.connection.viewer
            if seat.live and viewer.id != but and self._may_name(seat, person, staff):
                seat.connection.send(text)

    def beat(self) -> None:
        """Tells each socket how far the log is: a lost tail shows itself."""
        if self.head is not None:
            text = encode({"op": "head", "room": self.name, "head": self.head})
            for seat in self.seats:
                if seat.live:
                    seat.connection.send(text)
