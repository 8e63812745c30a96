"""Who is where, in all processes together. Never logged: processes tell each other over the bus and forget who
falls silent."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Set
from dataclasses import dataclass
from typing import Any

from server.events.bus import Bus
from server.events.fanout import NEWS, message
from server.people.policy import is_staff

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
        self._remote: dict[str, tuple[float, frozenset[Here]]] = {}
        self._at: dict[int, Counter[int]] = {}  # ticket → person → in how many processes
        self._typing: dict[int, dict[int, float]] = {}  # ticket → person → until when

    def online(self, ticket: int) -> set[int]:
        """Ids of those who are in a ticket's room now."""
        return set(self._at.get(ticket, ()))

    def looking(self, ticket: int) -> list[dict[str, Any]]:
        """PERSONs of the staff who look at a ticket, for its queue row."""
        return self._staff(self.online(ticket))

    def typing(self, ticket: int) -> list[dict[str, Any]]:
        """PERSONs of the staff who type there; it ends by itself after 6 s."""
        moment = asyncio.get_running_loop().time()
        found = {p: until for p, until in self._typing.pop(ticket, {}).items() if until > moment}
        if found:
            self._typing[ticket] = found
        return self._staff(set(found))

    def _staff(self, ids: set[int]) -> list[dict[str, Any]]:
        found = [self.people[i] for i in ids if i in self.people]
        return sorted((p for p in found if is_staff(p["roles"])), key=lambda p: str(p["name"]))

    def types(self, ticket: int, person: dict[str, Any]) -> None:
        """Remembers for six seconds that somebody types."""
        self.people[person["id"]] = person
        self._typing.setdefault(ticket, {})[person["id"]] = asyncio.get_running_loop().time() + TYPING

    async def enter(self, ticket: int, person: dict[str, Any]) -> None:
        """One more socket of this person in this ticket's rooms."""
        self.people[person["id"]] = person
        here = Here(ticket, person["id"])
        self._local[here] += 1
        if self._local[here] == 1:
            await self.announce(only=here)
            await self._count(here, 1)

    async def leave(self, ticket: int, person: dict[str, Any]) -> None:
        """One socket less."""
        here = Here(ticket, person["id"])
        self._local[here] -= 1
        if self._local[here] <= 0:
            del self._local[here]
            await self.announce(only=here)
            await self._count(here, -1)

    async def announce(self, only: Here | None = None) -> None:
        """Tells other processes who is here: all of them, or one who came or left."""
        found = [only] if only else list(self._local)
        body = {
            "t": "here", "process": self.process, "whole": only is None,
            "here": [[h.ticket, self.people[h.person], self._local[h] > 0] for h in found],
        }  # fmt: skip
        await self.bus.publish(NEWS, message(body))

    async def heard(self, body: dict[str, Any]) -> None:
        """What another process said of who is there."""
        if body["process"] == self.process:
            return
        before = self._remote.get(body["process"], (0.0, frozenset()))[1]
        known = set() if body["whole"] else set(before)
        for ticket, person, on in body["here"]:
            self.people[person["id"]] = person
            (known.add if on else known.discard)(Here(ticket, person["id"]))
        self._remote[body["process"]] = (asyncio.get_running_loop().time() + SILENT, frozenset(known))
        await self._differences(before, known)

    async def forget_silent(self) -> None:
        """A process that said nothing for 25 s is gone, and its people with it."""
        moment = asyncio.get_running_loop().time()
        for process, (until, here) in tuple(self._remote.items()):
            if until <= moment:
                del self._remote[process]
                await self._differences(here, frozenset())

    async def _differences(self, before: Set[Here], after: Set[Here]) -> None:
        for here in before ^ after:
            await self._count(here, 1 if here in after else -1)

    async def _count(self, here: Here, by: int) -> None:
        """One process more or less in which this person is there; told when it was the first or the last."""
        people = self._at.setdefault(here.ticket, Counter())
        before = people[here.person]
        people[here.person] += by
        if not people[here.person]:
            del people[here.person]
        if not people:
            del self._at[here.ticket]
        if (before > 0) != (before + by > 0):
            await self.changed(here.ticket, self.people[here.person], by > 0)
