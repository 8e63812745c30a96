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
from server.rooms.protocol import Closing
from server.rooms.seats import Connection

LOOK_WITHIN, RECHECK_WITHIN = 5.0, 60.0  # a database that never answers silences no room for longer


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
        self._owed: set[Connection] = set()  # their viewers are new, their rooms not yet rechecked

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
        """A session that reads as of one moment, with the rights that those who sit there had then."""
        async with self.db.reading(one_moment=True) as s:
            if not self.known(seats, await access.counted(s)):
                await self._renew(s, {seat.connection for seat in seats} & self.there)
                self.bell.set()
            yield s

    async def look(self) -> None:
        """Closes sockets whose log-in is over, and shows people out of what they may not see any more."""
        async with self._looking:
            await self._look(0)

    async def _look(self, change: int) -> None:
        connections = set(self.there)
        if not connections:
            return
        async with asyncio.timeout(LOOK_WITHIN), self.db.reading(one_moment=True) as s:
            change = max(change, await access.counted(s))  # what was heard of has been committed before
            await self._renew(s, connections)
        await self._recheck_owed()
        for c in connections:
            c.rights = max(c.rights, change)

    async def _recheck_owed(self) -> None:
        """Whatever breaks this off, it is made good by the next look."""
        owed, self._owed = self._owed, set()
        try:
            async with asyncio.timeout(RECHECK_WITHIN):
                await self.recheck([c for c in owed if c in self.there])
        except BaseException:
            self._owed |= owed
            raise

    async def _renew(self, s: Session, connections: set[Connection]) -> None:
        """Looks up who they are; whoever looks at an older moment changes nothing of what is newer."""
        versions = await _versions(s, {c.viewer.id for c in connections})
        alive = await _alive(s, connections)
        stale = [c for c in alive if versions[c.viewer.id] > c.viewer.access_version]
        fresh = {i: await viewer(s, i) for i in {c.viewer.id for c in stale}}
        for c in connections - alive:
            await c.end(Closing.LOG_IN_AGAIN)
        for c in stale:
            changed = fresh[c.viewer.id]
            if changed is not None and changed.access_version > c.viewer.access_version:
                c.viewer = changed
                self._owed.add(c)
                if not changed.belongs:
                    await c.end(Closing.NO_ACCESS)


async def _versions(s: Session, ids: set[int]) -> dict[int, int]:
    """Of those who may come in at all."""
    rows = await s.exec(select(User.id, User.access_version).where(col(User.id).in_(ids), col(User.active)))
    return {user_id: version for user_id, version in rows.all() if user_id is not None}


async def _alive(s: Session, connections: set[Connection]) -> set[Connection]:
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
