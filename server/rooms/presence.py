"""Who is where, in all processes together. Never logged: processes tell each other over the bus and forget who
falls silent."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from server.events.bus import Bus
from server.events.fanout import NEWS, message
from server.people.policy import STAFF_ROLES

SILENT = 25.0
TYPING = 6.0


@dataclass(frozen=True)
class Here:
    """Somebody who has a socket in a ticket's room."""

    ticket: int
    person: int


class Presence:
    """`changed` is called for each person who came to or left a ticket, seen over all processes."""

    def __init__(self, process: str, bus: Bus, changed: Callable[[int, dict[str, Any], bool], Awaitable[None]]) -> None:
        self.process = process
        self.bus = bus
        self.changed = changed
        self.people: dict[int, dict[str, Any]] = {}
        self._local: Counter[Here] = Counter()
        self._remote: dict[str, tuple[float, set[Here]]] = {}
        self._typing: dict[Here, float] = {}

    def online(self, ticket: int) -> set[int]:
        """Ids of those who are in a ticket's room now."""
        return {h.person for h in self._all() if h.ticket == ticket}

    def everywhere(self) -> set[int]:
        """Ids of those who are in any ticket now."""
        return {h.person for h in self._all()}

    def looking(self, ticket: int) -> list[dict[str, Any]]:
        """PERSONs of the staff who look at a ticket, for its queue row."""
        return self._staff(self.online(ticket))

    def typing(self, ticket: int) -> list[dict[str, Any]]:
        """PERSONs of the staff who type there; it ends by itself after 6 s."""
        moment = asyncio.get_running_loop().time()
        self._typing = {h: until for h, until in self._typing.items() if until > moment}
        return self._staff({h.person for h in self._typing if h.ticket == ticket})

    def _staff(self, ids: set[int]) -> list[dict[str, Any]]:
        found = [self.people[i] for i in ids if i in self.people]
        return sorted((p for p in found if set(p["roles"]) & STAFF_ROLES), key=lambda p: str(p["name"]))

    def _all(self) -> set[Here]:
        found = {h for h, n in self._local.items() if n > 0}
        for _, here in self._remote.values():
            found |= here
        return found

    def types(self, ticket: int, person: dict[str, Any]) -> None:
        """Remembers for six seconds that somebody types."""
        self.people[person["id"]] = person
        self._typing[Here(ticket, person["id"])] = asyncio.get_running_loop().time() + TYPING

    async def enter(self, ticket: int, person: dict[str, Any]) -> None:
        """One more socket of this person in this ticket's rooms."""
        self.people[person["id"]] = person
        await self._local_change(Here(ticket, person["id"]), 1)

    async def leave(self, ticket: int, person: dict[str, Any]) -> None:
        """One socket less."""
        await self._local_change(Here(ticket, person["id"]), -1)

    async def _local_change(self, here: Here, by: int) -> None:
        before = here in self._all()
        was_local = self._local[here] > 0
        self._local[here] += by
        if self._local[here] <= 0:
            del self._local[here]
        if was_local != (self._local[here] > 0):
            await self.announce(only=here)
        await self._notice(here, before)

    async def announce(self, only: Here | None = None) -> None:
        """Tells other processes who is here: all of them, or one who came or left."""
        found = [only] if only else [h for h, n in self._local.items() if n > 0]
        body = {
            "t": "here", "process": self.process, "whole": only is None,
            "here": [[h.ticket, self.people[h.person], self._local[h] > 0] for h in found],
        }  # fmt: skip
        await self.bus.publish(NEWS, message(body))

    async def heard(self, body: dict[str, Any]) -> None:
        """What another process said of who is there."""
        if body["process"] == self.process:
            return
        before = self._all()
        until = asyncio.get_running_loop().time() + SILENT
        known = set() if body["whole"] else self._remote.get(body["process"], (0.0, set()))[1]
        for ticket, person, on in body["here"]:
            self.people[person["id"]] = person
            here = Here(ticket, person["id"])
            known = known | {here} if on else known - {here}
        self._remote[body["process"]] = (until, known)
        await self._differences(before)

    async def forget_silent(self) -> None:
        """A process that said nothing for 25 s is gone, and its people with it."""
        before = self._all()
        moment = asyncio.get_running_loop().time()
        self._remote = {p: (until, here) for p, (until, here) in self._remote.items() if until > moment}
        await self._differences(before)

    async def _differences(self, before: set[Here]) -> None:
        for here in before ^ self._all():
            await self._notice(here, here in before)

    async def _notice(self, here: Here, before: bool) -> None:
        after = here in self._all()
        if before != after:
            await self.changed(here.ticket, self.people[here.person], after)
