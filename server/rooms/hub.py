"""Who of this process listens where. Takes bells from the bus, keeps rooms, lists and presence; knows nothing
of sockets' wire."""

import asyncio
import json
import logging
import secrets
from typing import Any, Protocol

from server.config import Limits
from server.db import Database
from server.events.bus import Bus
from server.events.fanout import NEWS, message
from server.people.policy import STAFF_ROLES, Viewer
from server.rooms import room as rooms
from server.rooms.buckets import Doorman
from server.rooms.joining import replay
from server.rooms.lists import Lists
from server.rooms.presence import Presence
from server.rooms.protocol import TicketRoom, ticket_room
from server.rooms.room import Room, Seat

log = logging.getLogger(__name__)


class Connection(rooms.Connection, Protocol):
    """One socket as the hub knows it."""

    session: str | None
    token: str | None
    seats: dict[str, Seat]

    async def end(self, code: int) -> None: ...


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
        self.lists = Lists(db, self.presence)
        self.changed = asyncio.Event()
        self._subscribing = asyncio.Lock()
        bus.receiver = self.receive

    async def start(self) -> None:
        """Begins to listen for what concerns all rooms."""
        await self.bus.subscribe(NEWS)
        await self.bus.publish(NEWS, message({"t": "who"}))

    async def enter(self, connection: Connection, name: str, after: int | None, html: bool) -> None:
        """Enters a ticket's room, or catches up in one already entered. `NotFound` leaves no trace."""
        place = ticket_room(name)
        await self.lists.check(connection.viewer, place)
        room = await self._room(name, place)
        seat = connection.seats.get(name)
        entered = seat is None or seat not in room.seats
        if seat is None or entered:
            seat = connection.seats[name] = Seat(connection, html)
            room.seats.add(seat)
        seat.html = html
        try:
            await replay(room, seat, after, self.db, self.presence)
        except BaseException:
            room.seats.discard(seat)
            await self._give_up(room)
            raise
        finally:
            if seat not in room.seats:
                connection.seats.pop(name, None)
        if entered and name in connection.seats:
            await self.presence.enter(place.ticket, connection.viewer.person())

    async def _room(self, name: str, place: TicketRoom) -> Room:
        room = self.rooms.get(name)
        if room is None:
            room = self.rooms[name] = Room(name, place, self.db, self._shown_out)
            async with self._subscribing:
                await self.bus.subscribe(name)
            await room.learn_names()
        return room

    async def leave(self, connection: Connection, name: str) -> None:
        """Leaves a room; an empty room is given up."""
        seat = connection.seats.pop(name, None)
        room = self.rooms.get(name)
        if seat is None or room is None:
            return
        room.seats.discard(seat)
        seat.live, seat.pending = False, None
        await self.presence.leave(room.place.ticket, connection.viewer.person())
        await self._give_up(room)

    async def _give_up(self, room: Room) -> None:
        if not room.seats and self.rooms.get(room.name) is room:
            del self.rooms[room.name]
            async with self._subscribing:
                if room.name not in self.rooms:
                    await self.bus.unsubscribe(room.name)

    def _shown_out(self, seat: Seat, room: Room) -> None:
        for connection in self.connections:
            if connection.seats.get(room.name) is seat:
                del connection.seats[room.name]

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
        """A message of the bus. What is not ours is dropped: the log makes good what was lost."""
        try:
            body = json.loads(raw)
            handler = getattr(self, f"_on_{body['t']}") if channel == NEWS else None
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("bus: a message on %s that is not ours was dropped", channel)
            return
        if handler is not None:
            await handler(body)
        elif (room := self.rooms.get(channel)) is not None and body["t"] == "event":
            await room.ring(body["seq"], body["event"])

    async def _on_touched(self, body: dict[str, Any]) -> None:
        self.lists.touch(body["tickets"])

    async def _on_read(self, body: dict[str, Any]) -> None:
        person = body["person"]
        if room := self.rooms.get(body["room"]):
            frame = {"op": "read", "room": body["room"], "user": person, "upto": body["upto"]}
            room.tell(frame, person["id"], staff=body["staff"])
        self.lists.touch([body["ticket"]], only=person["id"])

    async def _on_typing(self, body: dict[str, Any]) -> None:
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
            self.lists.touch([body["ticket"]], staff_only=True)

    async def _on_access(self, body: dict[str, Any]) -> None:
        self.changed.set()

    async def _on_session(self, body: dict[str, Any]) -> None:
        self.changed.set()

    async def _on_here(self, body: dict[str, Any]) -> None:
        await self.presence.heard(body)

    async def _on_who(self, _body: dict[str, Any]) -> None:
        await self.presence.announce()

    async def _came_or_left(self, ticket: int, person: dict[str, Any], online: bool) -> None:
        staff = bool(set(person["roles"]) & STAFF_ROLES)
        for name in (f"ticket:{ticket}", f"ticket:{ticket}:staff"):
            if room := self.rooms.get(name):
                frame = {"op": "presence", "room": name, "user": person, "online": online}
                room.tell(frame, person["id"], staff=staff)
        if staff:
            self.lists.touch([ticket], staff_only=True)
