"""The way from a commit to other processes: news of a transaction become messages on the bus, in commit order."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from server.events.bus import Bus
from server.events.log import AccessChanged, Committed, ReadMoved, SessionEnded, room_name
from server.people.policy import STAFF_ROLES

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
        if self.wake:
            self.wake()
        touched: set[int] = set()
        for item in news:
            if isinstance(item, Committed):
                touched.add(item.ticket)
                await self._event(item)
            elif isinstance(item, ReadMoved):
                await self._read(item)
            elif isinstance(item, AccessChanged):
                await self.bus.publish(NEWS, message({"t": "access", "user": item.user}))
            elif isinstance(item, SessionEnded):
                await self.bus.publish(NEWS, message({"t": "session", "id": item.session}))
        if touched:
            await self.bus.publish(NEWS, message({"t": "touched", "tickets": sorted(touched)}))

    async def _event(self, item: Committed) -> None:
        room = room_name(item.ticket, item.line)
        await self.bus.publish(room, message({"t": "event", "seq": item.seq, "event": item.event}))

    async def _read(self, item: ReadMoved) -> None:
        staff = bool(set(item.person["roles"]) & STAFF_ROLES)
        body = {"t": "read", "ticket": item.ticket, "room": room_name(item.ticket, item.line),
                "person": item.person, "staff": staff, "upto": item.upto}  # fmt: skip
        await self.bus.publish(NEWS, message(body))
