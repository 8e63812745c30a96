"""The bus: rings bells between processes. It may lose, repeat or reorder anything; the log is asked where it matters.

`LocalBus` serves one process; `RedisBus` many, and gets up by itself when Redis went away."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

from redis import asyncio as aioredis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

Receiver = Callable[[str, bytes], Awaitable[None]]
SEND_LIMIT = 1.0  # for what waits in the queue; whoever put it there has gone on long since
CONFIRM_LIMIT = 0.5
PING_EVERY = 0.5
PONG_WITHIN = 1.0
FIRST_PAUSE = 0.1
MOST_WAITING = 10_000
PREFIX = "journal:"
BELL = "bell"  # the channel on which processes say that something of theirs was lost
LOST = (RedisError, OSError, TimeoutError)


class Bus(Protocol):
    """What the hub needs: `receiver` is called for each message of a channel that was subscribed, `turned` whenever
    messages may have been missed or begin to be."""

    receiver: Receiver | None
    turned: Callable[[], None] | None

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
    """In process: `run` delivers to the one receiver there is. Like Redis it keeps whoever publishes waiting for
    nothing: a commit is told while the only writer's lock is held."""

    healthy = True

    def __init__(self) -> None:
        self.receiver: Receiver | None = None
        self.turned: Callable[[], None] | None = None
        self._channels: set[str] = set()
        self._outgoing: deque[tuple[str, bytes]] = deque(maxlen=MOST_WAITING)
        self._bell = asyncio.Event()

    async def publish(self, channel: str, message: bytes) -> None:
        """Puts the message down. Order is kept."""
        self._outgoing.append((channel, message))
        self._bell.set()

    async def subscribe(self, channel: str) -> None:
        self._channels.add(channel)

    async def unsubscribe(self, channel: str) -> None:
        self._channels.discard(channel)

    async def run(self) -> None:
        """Delivers until cancelled."""
        while True:
            await self._bell.wait()
            self._bell.clear()
            while self._outgoing:
                channel, message = self._outgoing.popleft()
                if self.receiver and channel in self._channels:
                    await self.receiver(channel, message)

    async def close(self) -> None:
        """Nothing to close."""


def _client(url: str, retries: int) -> aioredis.Redis:
    client: aioredis.Redis = aioredis.Redis.from_url(
        url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), retries)
    )
    # Unused: an option of the address that nobody knows is found now.
    client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
    return client


class RedisBus:
    """Redis pub/sub: one connection listens, one publishes. `run` owns both, reconnecting and subscribing again."""

    def __init__(self, url: str) -> None:
        self.receiver: Receiver | None = None
        self.turned: Callable[[], None] | None = None
        self.healthy = False
        self._channels: set[str] = set()
        self._answers: dict[tuple[str, str], asyncio.Event] = {}
        self._outgoing: deque[tuple[str, bytes]] = deque(maxlen=MOST_WAITING)
        self._bell = asyncio.Event()
        # To speak, one more try: the connection may be a dead one of before a restart. To listen, none inside the
        # library: it would subscribe again in silence, and nobody would ask what was missed.
        self._speaker, self._listener = _client(url, 1), _client(url, 0)
        self._pubsub: PubSub | None = None

    async def publish(self, channel: str, message: bytes) -> None:
        """Puts the message down for the publisher and doesn't wait: a slow Redis holds up no commit. Order is kept."""
        self._outgoing.append((channel, message))
        self._bell.set()

    async def subscribe(self, channel: str) -> None:
        """Returns once the server has confirmed, or after half a second without an answer: the poll covers the rest."""
        self._channels.add(channel)
        await self._ask("subscribe", channel)

    async def unsubscribe(self, channel: str) -> None:
        self._channels.discard(channel)
        await self._ask("unsubscribe", channel)

    async def _ask(self, verb: str, channel: str) -> None:
        """One command of the listening connection and its confirmation. While Redis ails nobody waits for it."""
        if self._pubsub is None:
            return
        answer = self._answers[verb, channel] = asyncio.Event()
        try:
            async with asyncio.timeout(CONFIRM_LIMIT):
                await getattr(self._pubsub, verb)(PREFIX + channel)
                if self.healthy:
                    await answer.wait()
        except LOST as problem:
            self._ail(verb, problem)
        finally:
            self._answers.pop((verb, channel), None)

    def _ail(self, what: str, problem: BaseException) -> None:
        if self.healthy:
            log.warning("redis: %s failed (%s); asking the database until it is back", what, type(problem).__name__)
            self._turn(False)

    def _turn(self, healthy: bool) -> None:
        self.healthy = healthy
        if self.turned:
            self.turned()

    async def run(self) -> None:
        """Listens and publishes until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_listening())
            tasks.create_task(self._keep_publishing())

    async def _keep_listening(self) -> None:
        """After any loss connects again with back-off, at most 2 s apart."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self._listen()
            except LOST as problem:
                pause = FIRST_PAUSE if self.healthy else min(pause * 2, 2.0)
                self._ail("listen", problem)
            await asyncio.sleep(pause)

    async def _listen(self) -> None:
        pubsub = self._listener.pubsub()
        try:
            await pubsub.subscribe(PREFIX + BELL)
            self._pubsub = pubsub  # from here on `subscribe` asks for itself; what was wanted before is asked for now
            if self._channels:
                await pubsub.subscribe(*(PREFIX + c for c in self._channels))
            await self._hear(pubsub)
        finally:
            self._pubsub = None
            with suppress(*LOST):
                await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _hear(self, pubsub: PubSub) -> None:
        """Takes messages for ever. A server that answers no ping is frozen or cut off, whatever TCP believes."""
        clock = asyncio.get_running_loop().time
        asked: float | None = None
        while True:
            message = await pubsub.get_message(timeout=PING_EVERY)
            if message is not None:
                asked = None
                await self._take(message)
            elif asked is None:
                asked = clock()
                await pubsub.ping()
            elif clock() - asked >= PONG_WITHIN:
                raise TimeoutError

    async def _take(self, message: dict[str, Any]) -> None:
        if not self.healthy:
            self._turn(True)
        if message["type"] == "pong":
            return
        channel = message["channel"].decode().removeprefix(PREFIX)
        if answer := self._answers.get((message["type"], channel)):
            answer.set()
        elif message["type"] == "message" and channel == BELL:
            self._turn(True)
        elif message["type"] == "message" and self.receiver:
            await self.receiver(channel, message["data"])

    async def _keep_publishing(self) -> None:
        """Sends what was put down, all that waits in one round trip; what can't leave within a second is lost."""
        lost = False
        while True:
            await self._bell.wait()
            self._bell.clear()
            while self._outgoing:
                if lost:
                    self._outgoing.appendleft((BELL, b""))  # others heard nothing of ours: let them ask the database
                lost = not await self._flush()

    async def _flush(self) -> bool:
        batch = [self._outgoing.popleft() for _ in range(min(len(self._outgoing), 500))]
        try:
            async with asyncio.timeout(SEND_LIMIT), self._speaker.pipeline(transaction=False) as pipe:
                for channel, message in batch:
                    pipe.publish(PREFIX + channel, message)
                await pipe.execute()
        except LOST as problem:
            self._ail("publish", problem)
            return False
        return True

    async def close(self) -> None:
        """Sends what still waits (a command of the operator has no `run`), then lets go."""
        while self._outgoing and await self._flush():
            pass
        await self._speaker.aclose()
        await self._listener.aclose()
        await self._listener.aclose()  # a connection that was just being opened came back meanwhile
