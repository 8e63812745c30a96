"""A whole journal under test, served by the real uvicorn on loopback, and a client of its socket that nobody
here wrote."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from starlette.routing import BaseRoute
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from server.api.frames import FRAME
from server.app import create_app
from server.config import Settings
from server.db import Database
from server.serving import options
from tests.cast import Cast, Person
from tests.parts.serve import serving

PATIENCE = 15.0  # seconds; what comes is awaited so long on a busy machine


class Line:
    """One open socket: sends frames, keeps what came, waits for the frame a test is about."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames: list[dict[str, Any]] = []

    async def send(self, **frame: Any) -> None:
        await self.connection.send(json.dumps(frame, ensure_ascii=False))

    async def next(self, within: float = PATIENCE) -> dict[str, Any]:
        """The next frame."""
        async with asyncio.timeout(within):
            frame: dict[str, Any] = json.loads(await self.connection.recv())
        FRAME.validate_python(frame)  # as the page of the socket describes it
        self.frames.append(frame)
        return frame

    async def until(self, op: str, within: float = PATIENCE, **fields: Any) -> dict[str, Any]:
        """The next frame of that kind with those fields; others before it are kept in `frames`."""
        async with asyncio.timeout(within):
            while True:
                frame = await self.next(within)
                if frame["op"] == op and all(frame.get(k) == v for k, v in fields.items()):
                    return frame

    async def got(self, op: str, within: float = PATIENCE, **fields: Any) -> dict[str, Any]:
        """The first frame of that kind with those fields, come already or still to come."""
        for frame in self.frames:
            if frame["op"] == op and all(frame.get(k) == v for k, v in fields.items()):
                return frame
        return await self.until(op, within, **fields)

    def seqs(self, room: str) -> list[int]:
        """The numbers of all events of a room that came so far, in the order they came."""
        found: list[int] = []
        for frame in self.frames:
            if frame.get("room") == room:
                events = (
                    frame["events"] if frame["op"] == "joined" else [frame["event"]] if frame["op"] == "event" else []
                )
                found += [e["seq"] for e in events]
        return found

    async def join(self, room: str, after: int | None = None, **more: Any) -> dict[str, Any]:
        """Enters a room; the `joined` frame (or the `error` or `reset`)."""
        await self.send(op="join", room=room, **({} if after is None else {"after": after}), **more)
        while True:
            frame = await self.next()
            if frame["op"] in ("joined", "error", "reset") and frame.get("room") == room:
                return frame

    async def say(self, room: str, id: str, text: str, **more: Any) -> dict[str, Any]:
        """Says something; the `ack` or `error` for it."""
        await self.send(op="say", room=room, id=id, text=text, **more)
        while True:
            frame = await self.next()
            if frame["op"] in ("ack", "error") and frame.get("id") == id:
                return frame

    async def closed(self, within: float = PATIENCE) -> int:
        """The code the server closed with; frames before it are kept."""
        with suppress(ConnectionClosed):
            async with asyncio.timeout(within):
                while True:
                    await self.next(within)
        assert self.connection.close_code is not None
        return self.connection.close_code


@dataclass
class House:
    """Where the journal answers, and who is in it."""

    base: str
    cast: Cast
    db: Database
    settings: Settings

    @property
    def ws(self) -> str:
        return self.base.replace("http://", "ws://") + "/ws"

    @asynccontextmanager
    async def line(self, person: Person) -> AsyncIterator[Line]:
        """A socket with this person's bearer token, past its `hello`."""
        headers = {"Authorization": f"Bearer {person.token}"}
        # Without a bound on what waits to be read: a client that is full could not even hear that it may close.
        async with connect(self.ws, additional_headers=headers, compression=None, max_queue=None) as connection:
            line = Line(connection)
            assert (await line.next())["op"] == "hello"
            yield line


@asynccontextmanager
async def journal(
    settings: Settings, *, with_worker: bool = False, port: int = 0, more: Sequence[BaseRoute] = ()
) -> AsyncIterator[str]:
    """One process of the journal as `serve` runs it, `more` as `demo` does; gives its address."""
    served = {k: v for k, v in options(settings).items() if k.startswith(("http", "ws", "proxy", "forwarded"))}
    async with serving(create_app(settings, with_worker=with_worker, more=more), port=port, **served) as base:
        yield base


@pytest.fixture
def ground(request: pytest.FixtureRequest, settings: Settings, database_url: str) -> Settings:
    """Settings for the database of this run; on PostgreSQL with Redis beside it."""
    redis = None if database_url.startswith("sqlite") else request.getfixturevalue("redis_url")
    return replace(settings, database_url=database_url, redis_url=redis)


@pytest.fixture
async def house(ground: Settings, db: Database, cast: Cast) -> AsyncIterator[House]:
    """One process with the cast in it."""
    async with journal(ground) as base:
        yield House(base, cast, db, ground)


@pytest.fixture
async def two(ground: Settings, db: Database, cast: Cast) -> AsyncIterator[tuple[House, House]]:
    """Two web processes' worth of application over the same database and Redis; on SQLite there is only one to
    be had."""
    if ground.sqlite:
        async with journal(ground) as base:
            only = House(base, cast, db, ground)
            yield only, only
        return
    async with journal(ground) as first, journal(ground) as second:
        yield House(first, cast, db, ground), House(second, cast, db, ground)
