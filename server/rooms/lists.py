"""The rooms without a log: `queue` and `inbox`. Rows are snapshots with a version; what a socket was sent is
remembered, so that it can be told of what is gone."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from sqlmodel import col, select

from server.db import AWAY, Database, Session
from server.people.policy import Viewer
from server.render import row_html
from server.rooms.presence import Presence
from server.rooms.protocol import INBOX, QUEUE, TicketRoom, encode
from server.rooms.room import Connection
from server.tickets import policy, queries
from server.tickets.facts import facts_of
from server.tickets.inbox import inbox_items
from server.tickets.model import Ticket
from server.tickets.workflow import OPEN

log = logging.getLogger(__name__)


class ListSeat:
    """One socket in `queue` or `inbox`: the versions it was sent, and the highest of them."""

    def __init__(self, connection: Connection, html: bool = False) -> None:
        self.connection = connection
        self.html = html
        self.sent: dict[int, int] = {}
        self.v = 0

    def remember(self, ticket: int, v: int) -> None:
        self.sent[ticket] = v
        self.v = max(self.v, v)


class Lists:
    """Keeps the list rooms of this process true: `touch` marks tickets, `run` sends what changed, at most one
    row a ticket and turn."""

    def __init__(self, db: Database, presence: Presence) -> None:
        self.db = db
        self.presence = presence
        self.queue: dict[Connection, ListSeat] = {}
        self.inbox: dict[Connection, ListSeat] = {}
        self._dirty: dict[int, set[tuple[int | None, bool]]] = {}
        self._bell = asyncio.Event()

    async def check(self, viewer: Viewer, place: TicketRoom) -> None:
        """`NotFound` unless the viewer may see that line of the ticket."""
        async with self.db.reading() as s:
            await queries.find(s, viewer, place.ticket, place.line)

    def touch(self, tickets: Iterable[int], *, only: int | None = None, staff_only: bool = False) -> None:
        """Marks rows as changed: for everybody, for one person, or for the staff's eyes."""
        for ticket in tickets:
            self._dirty.setdefault(ticket, set()).add((only, staff_only))
        self._bell.set()

    async def enter_queue(self, connection: Connection, html: bool) -> None:
        """Sends the first 200 open rows; from then on each change of a row."""
        seat = self.queue[connection] = ListSeat(connection, html)
        async with self.db.reading() as s:
            tickets = await queries.open_tickets(s, connection.viewer)
            rows = await self._rows(s, seat, tickets)
        for row in rows:
            seat.remember(row["number"], row["v"])
        connection.send(encode({"op": "joined", "room": QUEUE, "rows": rows, "v": seat.v}))

    async def enter_inbox(self, connection: Connection) -> None:
        """Sends what is unread; from then on each change of it."""
        seat = self.inbox[connection] = ListSeat(connection)
        async with self.db.reading() as s:
            items = await inbox_items(s, connection.viewer)
        for item in items:
            seat.remember(item["ticket"], item["v"])
        connection.send(encode({"op": "joined", "room": INBOX, "items": items, "v": seat.v}))

    def leave(self, connection: Connection, room: str | None = None) -> None:
        """Leaves one of the two, or both."""
        if room in (QUEUE, None):
            self.queue.pop(connection, None)
        if room in (INBOX, None):
            self.inbox.pop(connection, None)

    async def run(self) -> None:
        """Until cancelled: sends the rows of tickets that were touched. The database away means: marked again,
        tried again."""
        while True:
            await self._bell.wait()
            self._bell.clear()
            dirty, self._dirty = self._dirty, {}
            try:
                await self._send(dirty)
            except AWAY as problem:
                log.warning("lists: rows could not be read (%s); trying again", type(problem).__name__)
                for ticket, marks in dirty.items():
                    self._dirty.setdefault(ticket, set()).update(marks)
                await asyncio.sleep(0.5)
                self._bell.set()

    async def _send(self, dirty: dict[int, set[tuple[int | None, bool]]]) -> None:
        async with self.db.reading() as s:
            tickets = list((await s.exec(select(Ticket).where(col(Ticket.number).in_(dirty)))).all())
            facts = await facts_of(s, tickets)
            for seat in tuple(self.queue.values()):
                mine = [t for t in tickets if _concerns(dirty[t.number], seat.connection.viewer)]
                await self._send_rows(s, seat, mine, facts)
            for seat in tuple(self.inbox.values()):
                mine = [t for t in tickets if _concerns(dirty[t.number], seat.connection.viewer)]
                await self._send_items(s, seat, mine, facts)

    async def _send_rows(
        self, s: Session, seat: ListSeat, tickets: list[Ticket], facts: dict[int, policy.Facts]
    ) -> None:
        viewer = seat.connection.viewer
        shown = [t for t in tickets if t.status in OPEN and policy.sees(viewer, facts[t.number])]
        for row in await self._rows(s, seat, shown):
            seat.remember(row["number"], row["v"])
            seat.connection.send(encode({"op": "row", "room": QUEUE, "ticket": row}))
        for gone in {t.number for t in tickets} - {t.number for t in shown}:
            self._gone(seat, gone)

    def _gone(self, seat: ListSeat, ticket: int) -> None:
        """Told only to sockets that were sent this row: others must not learn that it exists."""
        if seat.sent.pop(ticket, None) is not None:
            seat.v += 1
            seat.connection.send(encode({"op": "row", "room": QUEUE, "gone": ticket, "v": seat.v}))

    async def _send_items(
        self, s: Session, seat: ListSeat, tickets: list[Ticket], facts: dict[int, policy.Facts]
    ) -> None:
        viewer = seat.connection.viewer
        concerned = [t for t in tickets if policy.takes_part(viewer, facts[t.number])]
        if not concerned:
            return
        items = {i["ticket"]: i for i in await inbox_items(s, viewer)}
        total = sum(i["unread"] for i in items.values())
        for t in concerned:
            item = items.get(t.number)
            seat.v = max(seat.v, t.changed, item["v"] if item else seat.v + 1)
            seat.connection.send(encode({
                "op": "inbox", "room": INBOX, "ticket": t.number,
                "unread": item["unread"] if item else 0, "total": total, "v": seat.v,
            }))  # fmt: skip

    async def _rows(self, s: Session, seat: ListSeat, tickets: list[Ticket]) -> list[dict[str, Any]]:
        viewer = seat.connection.viewer
        rows = await queries.rows(s, viewer, tickets)
        for row in rows:
            staff = "staff_head" in row
            if staff:
                row["viewers"] = self.presence.looking(row["number"])
                row["typing"] = self.presence.typing(row["number"])
            if seat.html:
                row["html"] = row_html(row, seat.connection.locale, staff=staff, viewer=viewer.id)
        return rows

    async def verify(self) -> None:
        """Compares what each queue socket was sent with the database and mends the difference."""
        for seat in tuple(self.queue.values()):
            async with self.db.reading() as s:
                tickets = await queries.open_tickets(s, seat.connection.viewer)
            now = {t.number: t.staff_changed if seat.connection.viewer.staff else t.changed for t in tickets}
            self.touch([n for n, v in now.items() if seat.sent.get(n, 0) < v], only=seat.connection.viewer.id)
            for gone in set(seat.sent) - set(now):
                self._gone(seat, gone)

    def beat(self) -> None:
        """Tells each socket the version it should have."""
        for room, seats in ((QUEUE, self.queue), (INBOX, self.inbox)):
            for seat in seats.values():
                seat.connection.send(encode({"op": "head", "room": room, "v": seat.v}))


def _concerns(marks: set[tuple[int | None, bool]], viewer: Viewer) -> bool:
    return any(only in (None, viewer.id) and (viewer.staff or not staff_only) for only, staff_only in marks)
