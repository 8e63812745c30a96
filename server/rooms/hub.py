"""Who of this process listens where. Takes bells from the bus, keeps rooms, lists and presence; knows nothing
of sockets' wire."""

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from server.config import Limits
from server.db import Database
from server.events.bus import Bus
from server.events.fanout import NEWS, message
from server.events.kinds import PUBLIC, STAFF
from server.events.log import room_name
from server.people.policy import Viewer, is_staff
from server.rooms.buckets import Doorman
from server.rooms.joining import replay
from server.rooms.lists import Lists
from server.rooms.presence import TYPING, Presence
from server.rooms.protocol import Join, TicketRoom, ticket_room
from server.rooms.rights import Rights
from server.rooms.room import Bell, Room
from server.rooms.seats import Connection, Seat
from server.tickets import queries
from server.tickets.model import EPOCH, Counter

log = logging.getLogger(__name__)
Json = dict[str, Any]


class Hub:
    """One for each process."""

    def __init__(self, db: Database, bus: Bus, limits: Limits) -> None:
        self.db = db
        self.bus = bus
        self.limits = limits
        self.doorman = Doorman(limits)
        self.process = secrets.token_hex(8)
        self.rooms: dict[str, Room] = {}
        self.connections: set[Connection] = set()
        self.presence = Presence(self.process, bus, self._came_or_left)
        self.rights = Rights(db, self.connections, self._recheck)
        self.lists = Lists(db, self.presence, self.rights)
        self.epoch = 0
        self._subscribing = asyncio.Lock()
        self._begun: set[asyncio.Task[None]] = set()
        self._news: dict[str, Callable[[Json], Awaitable[None]]] = {
            "touched": self._on_touched, "read": self._on_read, "typing": self._on_typing,
            "access": self._on_change, "session": self._on_change, "here": self.presence.heard, "who": self._on_who,
        }  # fmt: skip
        bus.receiver = self.receive

    async def start(self) -> None:
        """Begins to listen for what concerns all rooms. The epoch stands still while any process runs."""
        async with self.db.reading() as s:
            row = await s.get(Counter, EPOCH)
            self.epoch = row.value if row else 0
        await self.bus.subscribe(NEWS)
        await self.bus.publish(NEWS, message({"t": "who"}))

    def begin(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """A task of a room, which nobody waits for: it ends with this process's part in the journal, if not before."""
        task = asyncio.create_task(work)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        return task

    async def stop(self) -> None:
        """Ends what rooms are still about."""
        begun = tuple(self._begun)
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)

    async def check(self, viewer: Viewer, place: TicketRoom) -> None:
        """`NotFound` unless the viewer may see that line of the ticket."""
        async with self.db.reading() as s:
            await queries.find(s, viewer, place.ticket, place.line)

    async def enter(self, connection: Connection, join: Join) -> None:
        """Enters a ticket's room, or catches up in one already entered. `NotFound` leaves no trace."""
        name, place = join.room, ticket_room(join.room)
        await self.check(connection.viewer, place)
        room = self._room(name, place)
        seat = connection.seats.get(name)
        if seat is None:
            seat = connection.seats[name] = Seat(connection, join.html)
            room.seats.add(seat)
        seat.html = join.html
        try:
            await asyncio.shield(room.opening)
            if self._outdated(connection, join):
                await room.show_out(seat)
            else:
                await replay(room, seat, join.after)
                connection.entered.add(name)
        except BaseException:
            await self._vacate(seat, room)
            await self._give_up(room)
            raise
        if seat in room.seats and not seat.present:
            seat.present = True
            await self.presence.enter(place.ticket, connection.viewer.person())

    def _outdated(self, connection: Connection, join: Join) -> bool:
        """Whether what this socket knows of the room may be from before the journal was restored: numbers up to `after`
        may stand for other events now. Whoever names the epoch knows; else a token of that time has not to be believed
        until it has begun anew."""
        if join.epoch is not None and join.epoch != self.epoch:
            return True
        return connection.restored and bool(join.after) and join.epoch is None and join.room not in connection.entered

    def _room(self, name: str, place: TicketRoom) -> Room:
        room = self.rooms.get(name)
        if room is None:
            room = self.rooms[name] = Room(name, place, self.db, self.rights, self.presence, self._vacate, self.begin)
            room.opening = self.begin(self._open(room))
            room.opening.add_done_callback(lambda task: task.cancelled() or task.exception())
        return room

    async def _open(self, room: Room) -> None:
        """First to hear, then to know: whoever enters waits for both, so no event falls in between."""
        async with self._subscribing:
            await self.bus.subscribe(room.name)
        await room.learn()

    async def leave(self, connection: Connection, name: str) -> None:
        """Leaves a room; an empty room is given up."""
        seat, room = connection.seats.get(name), self.rooms.get(name)
        if seat is not None and room is not None:
            await self._vacate(seat, room)
            await self._give_up(room)

    async def _vacate(self, seat: Seat, room: Room) -> None:
        room.seats.discard(seat)
        seat.live, seat.pending = False, None
        if seat.connection.seats.get(room.name) is seat:
            del seat.connection.seats[room.name]
        if seat.present:
            seat.present = False
            await self.presence.leave(room.place.ticket, seat.connection.viewer.person())

    async def give_up_empty(self) -> None:
        """Rooms out of which the last one was shown: not done there and then, since the bus can't be asked anything
        while it delivers."""
        for room in tuple(self.rooms.values()):
            await self._give_up(room)

    async def _give_up(self, room: Room) -> None:
        if not room.seats and self.rooms.get(room.name) is room:
            del self.rooms[room.name]
            async with self._subscribing:
                if room.name not in self.rooms:
                    await self.bus.unsubscribe(room.name)

    async def typing(self, viewer: Viewer, place: TicketRoom, name: str) -> None:
        """Tells the room, and the staff's queue, that somebody types."""
        body = {
            "t": "typing",
            "ticket": place.ticket,
            "room": name,
            "person": viewer.person(),
            "staff": viewer.staff,
        }
        await self.bus.publish(NEWS, message(body))

    async def receive(self, channel: str, raw: bytes) -> None:
        """A message of the bus. Nothing is looked up here: a slow answer would hold up all bells. Whatever goes wrong
        with one, the bus must go on: the log makes good what was lost."""
        try:
            body = json.loads(raw)
            if channel == NEWS:
                await self._news[body["t"]](body)
            elif (room := self.rooms.get(channel)) is not None:
                room.ring(_bell(body))
        except Exception:
            log.exception("bus: a message on %s was dropped", channel)

    async def _on_touched(self, body: Json) -> None:
        self.lists.touch(body["tickets"])
        self.lists.touch(body["staff"], staff_only=True)
        for ticket, seq in body["shifted"]:
            if room := self.rooms.get(room_name(ticket, STAFF)):
                room.ring(Bell(0, None, seq, 0))

    async def _on_read(self, body: Json) -> None:
        person = body["person"]
        if room := self.rooms.get(body["room"]):
            frame = {"op": "read", "room": body["room"], "user": person, "upto": body["upto"]}
            room.tell(frame, person["id"], staff=body["staff"])
        staff_line = body["room"] == room_name(body["ticket"], STAFF)
        self.lists.touch([body["ticket"]], only=person["id"], staff_only=staff_line, same=True)

    async def _on_typing(self, body: Json) -> None:
        person = body["person"]
        if room := self.rooms.get(body["room"]):
            room.tell(
                {"op": "typing", "room": body["room"], "user": person},
                person["id"],
                staff=body["staff"],
                but=person["id"],
            )
        if body["staff"]:
            self.presence.types(body["ticket"], person)
            self._looks_changed(body["ticket"])
            asyncio.get_running_loop().call_later(TYPING + 0.1, self._looks_changed, body["ticket"])

    def _looks_changed(self, ticket: int) -> None:
        """Who of the staff looks or types: in their own rows only, under the same version."""
        self.lists.touch([ticket], staff_only=True, same=True)

    async def _on_change(self, _body: Json) -> None:
        self.rights.bell.set()

    async def _recheck(self, stale: list[Connection]) -> None:
        """These people's rights have changed."""
        for name in {name for c in stale for name in c.seats}:
            if room := self.rooms.get(name):
                await room.recheck()
        await self.lists.verify(stale)

    async def _on_who(self, _body: Json) -> None:
        await self.presence.announce()

    async def _came_or_left(self, ticket: int, person: Json, online: bool) -> None:
        staff = is_staff(person["roles"])
        for name in (room_name(ticket, PUBLIC), room_name(ticket, STAFF)):
            if room := self.rooms.get(name):
                frame = {"op": "presence", "room": name, "user": person, "online": online}
                room.tell(frame, person["id"], staff=staff)
        if staff:
            self._looks_changed(ticket)


def _bell(body: Json) -> Bell:
    """Without the count of changes of rights (so it comes from an older journal beside this one) only the number: the
    rest is read from the log."""
    access = body.get("access")
    return Bell(body["seq"], None if access is None else body["event"], body.get("public", 0), access or 0)
