"""The rooms without a log: `queue` and `inbox`. Rows are snapshots with a version; what a socket was sent is
remembered, so that it can be told of what is gone."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from sqlmodel import col, select

from server.clock import now
from server.db import AWAY, Database, Session
from server.events.log import micros
from server.people.policy import Viewer
from server.rooms.presence import Presence
from server.rooms.protocol import INBOX, QUEUE, encode
from server.rooms.rights import Rights
from server.rooms.seats import Connection
from server.tickets import policy, queries
from server.tickets.inbox import inbox_items, taking_part
from server.tickets.model import Ticket
from server.tickets.policy import Facts
from server.tickets.queries import Known
from server.tickets.workflow import OPEN
from server.words.render import row_html

# A transaction may commit this much later than the moment its events bear, and clocks of two machines may differ.
OVERLAP = timedelta(seconds=60)


class Mark(NamedTuple):
    """Why a ticket's row is looked at: for one person only, for the staff's eyes only; `same`: although its version has
    not grown."""

    only: int | None = None
    staff_only: bool = False
    same: bool = False


class ListSeat:
    """One socket in `queue` or `inbox`: the versions it was sent, and the highest of them. Until its first list has
    left, what is touched waits in `missed`. An inbox `counts` the public log and knows no other."""

    def __init__(self, connection: Connection, html: bool = False, *, counts: bool = False) -> None:
        self.connection = connection
        self.html = html
        self.counts = counts
        self.sent: dict[int, int] = {}
        self.v = 0
        self.missed: dict[int, set[Mark]] | None = {}

    def wants(self, ticket: Ticket, facts: Facts, marks: set[Mark]) -> bool:
        """Whether one of the marks concerns this socket and tells it something new. A client's version knows nothing of
        the staff's log."""
        viewer = self.connection.viewer
        staff = not self.counts and policy.sees_as_staff(viewer, facts)
        mine = [m for m in marks if m.only in (None, viewer.id) and (staff or not m.staff_only)]
        v = ticket.staff_changed if staff else ticket.changed
        return any(m.same for m in mine) or (bool(mine) and self.sent.get(ticket.number, -1) < v)


class Drawn:
    """Rows of one turn, each drawn once for everybody to whom it looks the same. Who looks or types there is told to
    the others, not to themselves."""

    def __init__(self) -> None:
        self._html: dict[tuple[object, ...], str] = {}

    def html(self, row: dict[str, Any], viewer: Viewer, locale: str) -> str:
        """The row in this language, for this viewer's side."""
        others = {name: [p for p in row[name] if p["id"] != viewer.id] for name in ("viewers", "typing")}
        who = [(name, p["id"]) for name, people in others.items() for p in people]
        key = (row["number"], "staff_head" in row, viewer.executor, locale, *who)
        if key not in self._html:
            self._html[key] = row_html(row | others, locale, takes=viewer.executor)
        return self._html[key]


class Lists:
    """Keeps the list rooms of this process true: `touch` marks tickets, `turn` sends what changed, at most one row a
    ticket and turn."""

    def __init__(self, db: Database, presence: Presence, rights: Rights) -> None:
        self.db = db
        self.presence = presence
        self.rights = rights
        self.queue: dict[Connection, ListSeat] = {}
        self.inbox: dict[Connection, ListSeat] = {}
        self.bell = asyncio.Event()
        self._dirty: dict[int, set[Mark]] = {}
        self._asked = now()

    def touch(
        self, tickets: Iterable[int], *, only: int | None = None, staff_only: bool = False, same: bool = False
    ) -> None:
        """Marks rows to be looked at (`Mark` says for whom)."""
        for ticket in tickets:
            self._dirty.setdefault(ticket, set()).add(Mark(only, staff_only, same))
        self.bell.set()

    async def enter_queue(self, connection: Connection, html: bool) -> None:
        """Sends the first 200 open rows; from then on each change of a row."""
        seat = self.queue[connection] = ListSeat(connection, html)
        try:
            async with self.rights.moment([seat]) as s:
                tickets = await queries.open_tickets(s, connection.viewer)
                known = await queries.gather(s, tickets, {connection.viewer.id})
        except BaseException:
            self._forget(self.queue, seat)
            raise
        drawn = Drawn()
        rows = [self._row(seat, t, known, drawn) for t in tickets]
        seat.v = max((row["v"] for row in rows), default=0)
        seat.sent = {row["number"]: row["v"] for row in rows}
        self._enter(seat, {"op": "joined", "room": QUEUE, "rows": rows, "v": seat.v})

    async def enter_inbox(self, connection: Connection) -> None:
        """Sends what is unread; from then on each change of it."""
        seat = self.inbox[connection] = ListSeat(connection, counts=True)
        since = micros(self._asked - OVERLAP)
        lately = select(Ticket.number, Ticket.changed).where(col(Ticket.changed) > since)
        try:
            async with self.rights.moment([seat]) as s:
                items = await inbox_items(s, connection.viewer)
                # What the poll would find is told already.
                known = dict((await s.exec(lately.where(taking_part(connection.viewer)))).all())
        except BaseException:
            self._forget(self.inbox, seat)
            raise
        seat.v = max((item["v"] for item in items), default=0)
        seat.sent = {item["ticket"]: 0 for item in items} | known
        self._enter(seat, {"op": "joined", "room": INBOX, "items": items, "v": seat.v})

    def _forget(self, seats: dict[Connection, ListSeat], seat: ListSeat) -> None:
        """A list that could not be read: nothing waits for it."""
        if seats.get(seat.connection) is seat:
            del seats[seat.connection]

    def _enter(self, seat: ListSeat, joined: dict[str, Any]) -> None:
        seat.connection.send(encode(joined), page=True)
        missed, seat.missed = seat.missed or {}, None
        viewer = seat.connection.viewer.id
        for ticket, marks in missed.items():
            for mark in marks:
                if mark.only in (None, viewer):
                    self.touch([ticket], only=viewer, staff_only=mark.staff_only, same=mark.same)

    def leave(self, connection: Connection, room: str | None = None) -> None:
        """Leaves one of the two, or both."""
        if room in (QUEUE, None):
            self.queue.pop(connection, None)
        if room in (INBOX, None):
            self.inbox.pop(connection, None)

    async def turn(self) -> None:
        """Sends what was touched. While the database is away the marks stay."""
        dirty, self._dirty = self._dirty, {}
        try:
            await self._send(dirty)
        except AWAY:
            for ticket, marks in dirty.items():
                self._dirty.setdefault(ticket, set()).update(marks)
            raise

    async def _send(self, dirty: dict[int, set[Mark]]) -> None:
        # Those who come while this is read find it in their own first list; nothing was read here for them.
        queue, inbox = dict(self.queue), dict(self.inbox)
        if not dirty or not (queue or inbox):
            return
        async with self.rights.moment((*queue.values(), *inbox.values())) as s:
            tickets = list((await s.exec(select(Ticket).where(col(Ticket.number).in_(dirty)))).all())
            known = await queries.gather(s, tickets, {c.viewer.id for c in queue})
            drawn = Drawn()
            for seat, wanted in _wanting(self.queue, queue, tickets, known.facts, dirty):
                self._send_rows(seat, wanted, known, drawn)
            unread: dict[int, list[dict[str, Any]]] = {}
            for seat, wanted in _wanting(self.inbox, inbox, tickets, known.facts, dirty):
                await self._send_items(s, seat, wanted, known.facts, unread)

    def _send_rows(self, seat: ListSeat, tickets: list[Ticket], known: Known, drawn: Drawn) -> None:
        viewer = seat.connection.viewer
        shown = [t for t in tickets if t.status in OPEN and policy.sees(viewer, known.facts[t.number])]
        for t in shown:
            row = self._row(seat, t, known, drawn)
            seat.sent[row["number"]] = row["v"]
            seat.v = max(seat.v, row["v"])
            seat.connection.send(encode({"op": "row", "room": QUEUE, "ticket": row}))
        for gone in {t.number for t in tickets} - {t.number for t in shown}:
            self._gone(seat, gone)

    def _gone(self, seat: ListSeat, ticket: int) -> None:
        """Told only to sockets that were sent this row: others must not learn that it exists."""
        if seat.sent.pop(ticket, None) is not None:
            seat.v += 1
            seat.connection.send(encode({"op": "row", "room": QUEUE, "gone": ticket, "v": seat.v}))

    async def _send_items(
        self, s: Session, seat: ListSeat, tickets: list[Ticket], facts: dict[int, Facts],
        unread: dict[int, list[dict[str, Any]]],
    ) -> None:  # fmt: skip
        """Whoever takes part no longer is told once that nothing is unread there. `unread`: what was asked for other
        sockets of the same people."""
        viewer = seat.connection.viewer
        concerned = [t for t in tickets if policy.takes_part(viewer, facts[t.number]) or t.number in seat.sent]
        if not concerned:
            return
        if viewer.id not in unread:
            unread[viewer.id] = await inbox_items(s, viewer)
        items = {i["ticket"]: i for i in unread[viewer.id]}
        total = sum(i["unread"] for i in items.values())
        for t in concerned:
            item = items.get(t.number)
            seat.sent[t.number] = t.changed
            if not policy.takes_part(viewer, facts[t.number]):
                del seat.sent[t.number]
            seat.v = max(seat.v + 1, t.changed, item["v"] if item else 0)
            seat.connection.send(encode({
                "op": "inbox", "room": INBOX, "ticket": t.number,
                "unread": item["unread"] if item else 0, "total": total, "v": seat.v,
            }))  # fmt: skip

    def _row(self, seat: ListSeat, ticket: Ticket, known: Known, drawn: Drawn) -> dict[str, Any]:
        viewer = seat.connection.viewer
        row = known.row(viewer, ticket)
        if "staff_head" in row:
            row["viewers"] = self.presence.looking(ticket.number)
            row["typing"] = self.presence.typing(ticket.number)
        if seat.html:
            row["html"] = drawn.html(row, viewer, seat.connection.locale)
        return row

    async def poll(self) -> None:
        """Asks the database what has changed lately: whatever bell was lost is made good here. One query, however many
        sockets; what they were sent already is not sent again."""
        moment = now()
        if self.queue or self.inbox:
            since = micros(self._asked - OVERLAP)
            async with self.db.reading() as s:
                lately = select(Ticket.number, Ticket.changed).where(col(Ticket.staff_changed) > since)
                found = (await s.exec(lately)).all()
            self.touch(number for number, changed in found if changed > since)
            self.touch((number for number, changed in found if changed <= since), staff_only=True)
        self._asked = moment

    async def verify(self, connections: Iterable[Connection]) -> None:
        """After what somebody may see has changed: everything their sockets were sent is looked at again, and what they
        would be sent now."""
        for c in connections:
            async with self.db.reading() as s:
                open_now = await queries.open_tickets(s, c.viewer) if c in self.queue else []
            seats = [seat for seats in (self.queue, self.inbox) if (seat := seats.get(c))]
            known = {number for seat in seats for number in seat.sent}
            self.touch(known | {t.number for t in open_now}, only=c.viewer.id, same=True)

    def beat(self) -> None:
        """Tells each socket the version it should have."""
        for room, seats in ((QUEUE, self.queue), (INBOX, self.inbox)):
            for seat in seats.values():
                if seat.missed is None:
                    seat.connection.send(encode({"op": "head", "room": room, "v": seat.v}))


def _wanting(
    there: dict[Connection, ListSeat], seats: dict[Connection, ListSeat], tickets: list[Ticket],
    facts: dict[int, Facts], dirty: dict[int, set[Mark]],
) -> Iterator[tuple[ListSeat, list[Ticket]]]:  # fmt: skip
    """Of these sockets, those to which some of the tickets are news. Those still joining keep the marks for later;
    those that are not there any more are passed over."""
    for seat in seats.values():
        if seat.missed is not None:
            for ticket, marks in dirty.items():
                seat.missed.setdefault(ticket, set()).update(marks)
        elif there.get(seat.connection) is seat:
            yield seat, [t for t in tickets if seat.wants(t, facts[t.number], dirty[t.number])]
