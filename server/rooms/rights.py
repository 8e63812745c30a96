"""Whether the rights of open sockets are still those that were looked up. Whatever was committed after a change of
rights waits until they have been looked up anew."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Protocol

from sqlmodel import col, select

from server.clock import now
from server.db import Database, Session
from server.events import access
from server.people.model import ApiToken, LoginSession, User
from server.people.queries import viewer
from server.rooms.protocol import LOG_IN_AGAIN, NO_ACCESS
from server.rooms.seats import Connection


class Place(Protocol):
    """A seat in a room or in a list."""

    @property
    def connection(self) -> Connection: ...


class Rights:
    """Of the sockets of this process (`there`). `recheck` shows those out whose rights have shrunk; `bell` asks for a
    look soon."""

    def __init__(
        self, db: Database, there: set[Connection], recheck: Callable[[list[Connection]], Awaitable[None]]
    ) -> None:
        self.db = db
        self.there = there
        self.recheck = recheck
        self.bell = asyncio.Event()
        self._looking = asyncio.Lock()

    def known(self, seats: Collection[Place], change: int) -> bool:
        """Whether those who sit there were looked up after so many changes of rights."""
        return all(s.connection.rights >= change or s.connection not in self.there for s in seats)

    async def make_known(self, seats: Collection[Place], change: int) -> None:
        """Waits for it; also for those who take a seat meanwhile."""
        while not self.known(seats, change):
            async with self._looking:
                if not self.known(seats, change):
                    await self._look(change)

    @asynccontextmanager
    async def moment(self, seats: Collection[Place]) -> AsyncIterator[Session]:
        """A session that reads as of one moment at which the rights of those who sit there are known."""
        while True:
            async with self.db.reading(one_moment=True) as s:
                change = await access.counted(s)
                if self.known(seats, change):
                    yield s
                    return
            await self.make_known(seats, change)

    async def look(self) -> None:
        """Closes sockets whose log-in is over, and shows people out of what they may not see any more."""
        async with self._looking:
            await self._look(0)

    async def _look(self, change: int) -> None:
        connections = tuple(self.there)
        if not connections:
            return
        async with self.db.reading(one_moment=True) as s:
            change = max(change, await access.counted(s))  # what was heard of has been committed before
            users = await _users(s, {c.viewer.id for c in connections})
            alive = await _alive(s, connections)
            stale = [
                c for c in connections if c in alive and users[c.viewer.id].access_version != c.viewer.access_version
            ]
            fresh = {i: await viewer(s, i) for i in {c.viewer.id for c in stale}}
        for c in connections:
            if c not in alive:
                await c.end(LOG_IN_AGAIN)
        for c in stale:
            if (changed := fresh[c.viewer.id]) is not None:
                c.viewer = changed
                if not changed.belongs:
                    await c.end(NO_ACCESS)
        if stale:
            await self.recheck(stale)
        for c in connections:
            c.rights = max(c.rights, change)


async def _users(s: Session, ids: set[int]) -> dict[int, User]:
    rows = await s.exec(select(User).where(col(User.id).in_(ids), col(User.active)))
    return {u.id: u for u in rows.all() if u.id is not None}


async def _alive(s: Session, connections: tuple[Connection, ...]) -> set[Connection]:
    """Sockets whose session or token still opens the door."""
    sessions = await s.exec(
        select(LoginSession.id)
        .join(User, col(User.id) == LoginSession.user_id)
        .where(
            col(LoginSession.id).in_({c.session for c in connections if c.session}),
            LoginSession.auth_version == User.auth_version, col(User.active), LoginSession.expires_at > now(),
        )
    )  # fmt: skip
    tokens = await s.exec(
        select(ApiToken.id)
        .join(User, col(User.id) == ApiToken.user_id)
        .where(
            col(ApiToken.id).in_({c.token for c in connections if c.token}),
            col(User.active), ApiToken.expires_at > now(),
        )
    )  # fmt: skip
    good = set(sessions.all()) | set(tokens.all())
    return {c for c in connections if (c.session or c.token) in good}
