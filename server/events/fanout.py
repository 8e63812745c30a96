"""The way from a commit to other processes: news of a transaction become messages on the bus. Nobody is waited
for."""

import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

from server.events.access import AccessChanged, Counted, SessionEnded
from server.events.bus import Bus
from server.events.kinds import KINDS, PUBLIC
from server.events.log import Committed, ReadMoved, room_name
from server.people.policy import is_staff

log = logging.getLogger(__name__)
NEWS = "news"


def message(body: dict[str, Any]) -> bytes:
    """One message of the bus."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


class Fanout:
    """Called by the database with the news of each commit; `wake` tells the worker of this process that there
    may be work."""

    def __init__(self, bus: Bus, wake: Callable[[], None] | None = None) -> None:
        self.bus = bus
        self.wake = wake

    async def __call__(self, news: Sequence[Any]) -> None:
        """Never fails: what is told here is committed, and whoever asked for it must learn that. What could not be
        told is found by the poll."""
        if self.wake:
            self.wake()
        try:
            access = next((n.changes for n in news if isinstance(n, Counted)), None)
            for item in news:
                await self._tell(item, access)
            await self._touched([n for n in news if isinstance(n, Committed)])
        except Exception:
            log.exception("fan-out: committed, but not told")

    async def _tell(self, item: object, access: int | None) -> None:
        if isinstance(item, Committed):
            await self._event(item, access)
        elif isinstance(item, ReadMoved):
            await self._read(item)
        elif isinstance(item, AccessChanged):
            await self.bus.publish(NEWS, message({"t": "access", "user": item.user}))
        elif isinstance(item, SessionEnded):
            await self.bus.publish(NEWS, message({"t": "session", "id": item.session}))

    async def _touched(self, events: list[Committed]) -> None:
        """Rows of lists. A ticket of which only the staff's log has grown is named apart: clients' rows know nothing
        of it. `shifted`: tickets that somebody may not see any more, each with the number of the event."""
        public = {e.ticket for e in events if e.line == PUBLIC}
        staff = {e.ticket for e in events} - public
        shifted = [(e.ticket, e.seq) for e in events if KINDS[e.event["kind"]].shifts_access]
        if events:
            body = {"t": "touched", "tickets": sorted(public), "staff": sorted(staff), "shifted": shifted}
            await self.bus.publish(NEWS, message(body))

    async def _event(self, item: Committed, access: int | None) -> None:
        room = room_name(item.ticket, item.line)
        body = {"t": "event", "seq": item.seq, "event": item.event, "public": item.public, "access": access}
        await self.bus.publish(room, message(body))

    async def _read(self, item: ReadMoved) -> None:
        staff = is_staff(item.person["roles"])
        body = {"t": "read", "ticket": item.ticket, "room": room_name(item.ticket, item.line),
                "person": item.person, "staff": staff, "upto": item.upto}  # fmt: skip
        await self.bus.publish(NEWS, message(body))
