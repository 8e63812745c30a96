"""The bus: rings bells between processes. It may lose, repeat or reorder anything; the log is asked where it matters.

`LocalBus` serves one process; `RedisBus` many, and gets up by itself when Redis went away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from redis import asyncio as aioredis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

Receiver = Callable[[str, bytes], Awaitable[None]]
PUBLISH_LIMIT = 0.2
SUBSCRIBE_LIMIT = 0.3
PREFIX = "journal:"
LOST = (RedisError, OSError, TimeoutError)


class Bus(Protocol):
    """What the hub needs: `receiver` is called for each message of a channel that was subscribed."""

    receiver: Receiver | None
    returned: Callable[[], None] | None

    @property
    def healthy(self) -> bool:
        """False while messages may be missing: then the database is asked every second."""
        ...

    async def publish(self, channel: str, message: bytes) -> None: ...
    async def subscribe(self, channel: str) -> None: ...
    async def unsubscribe(self, channel: str) -> None: ...
    async def run(self) -> None: ...
    async def close(self) -> None: ...


class LocalBus:
    """In process: delivers at once to the one receiver there is."""

    healthy = True

    def __init__(self) -> None:
        self.receiver: Receiver | None = None
        self.returned: Callable[[], None] | None = None
        self._channels: set[str] = set()

    async def publish(self, channel: str, message: bytes) -> None:
        if self.receiver and channel in self._channels:
            await self.receiver(channel, message)

    async def subscribe(self, channel: str) -> None:
        self._channels.add(channel)

    async def unsubscribe(self, channel: str) -> None:
        self._channels.discard(channel)

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Nothing to close."""


class RedisBus:
    """Redis pub/sub: one connection listens, one publishes. `run` owns reconnecting and subscribing again."""

    def __init__(self, url: str) -> None:
        self.receiver: Receiver | None = None
        self.returned: Callable[[], None] | None = None
        self.healthy = False
        self._channels: set[str] = set()
        self._confirmed: dict[str, asyncio.Event] = {}
        self._redis: aioredis.Redis = aioredis.Redis.from_url(
            url, socket_timeout=5, socket_connect_timeout=1, health_check_interval=5
        )
        self._pubsub: PubSub | None = None

    async def publish(self, channel: str, message: bytes) -> None:
        """Best effort within 200 ms: a lost bell is made good by the poll."""
        try:
            async with asyncio.timeout(PUBLISH_LIMIT):
                await self._redis.publish(PREFIX + channel, message)
        except LOST as problem:
            self._ail("publish", problem)

    async def subscribe(self, channel: str) -> None:
        """Returns once the server has confirmed, or after 300 ms without an answer: the poll covers the rest."""
        self._channels.add(channel)
        if self._pubsub is None:
            return
        confirmed = self._confirmed.setdefault(channel, asyncio.Event())
        try:
            async with asyncio.timeout(SUBSCRIBE_LIMIT):
                await self._pubsub.subscribe(PREFIX + channel)
                await confirmed.wait()
        except LOST as problem:
            self._ail("subscribe", problem)

    async def unsubscribe(self, channel: str) -> None:
        self._channels.discard(channel)
        self._confirmed.pop(channel, None)
        if self._pubsub is not None:
            try:
                async with asyncio.timeout(SUBSCRIBE_LIMIT):
                    await self._pubsub.unsubscribe(PREFIX + channel)
            except LOST as problem:
                self._ail("unsubscribe", problem)

    def _ail(self, what: str, problem: BaseException) -> None:
        if self.healthy:
            log.warning("redis: %s failed (%s); asking the database until it is back", what, type(problem).__name__)
        self.healthy = False

    async def run(self) -> None:
        """Listens until cancelled; after any loss connects again with back-off, at most 2 s apart."""
        pause = 0.1
        while True:
            try:
                await self._listen()
                pause = 0.1
            except LOST as problem:
                self._ail("listen", problem)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    async def _listen(self) -> None:
        pubsub = self._redis.pubsub()
        try:
            await pubsub.subscribe(PREFIX + "hello", *(PREFIX + c for c in self._channels))
            self._pubsub = pubsub
            while True:
                message = await pubsub.get_message(timeout=2.0)
                if message is None:
                    await pubsub.ping()
                else:
                    await self._take(message)
        finally:
            self._pubsub = None
            self._confirmed.clear()
            with suppress(*LOST):
                await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _take(self, message: dict[str, object]) -> None:
        if not self.healthy:
            self.healthy = True
            if self.returned:
                self.returned()
        raw = message["channel"]
        channel = (raw.decode() if isinstance(raw, bytes) else str(raw)).removeprefix(PREFIX)
        if message["type"] == "subscribe":
            self._confirmed.setdefault(channel, asyncio.Event()).set()
        elif message["type"] == "message" and self.receiver and isinstance(message["data"], bytes):
            await self.receiver(channel, message["data"])

    async def close(self) -> None:
        await self._redis.aclose()
