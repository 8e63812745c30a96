"""The bus keeps one contract in process and over Redis, and Redis may be killed, frozen or cut off: it comes back by
itself, says that something may have been missed, and holds nobody up meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

import pytest
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from server.events import bus as buses
from server.events.bus import Bus, LocalBus, RedisBus
from tests.parts.redis import RedisServer
from tests.parts.until import in_time, until


class Ear:
    """What a process hears, and how often it was told to ask the database."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.heard: list[tuple[str, bytes]] = []
        self.turns = 0
        bus.receiver = self.hear
        bus.turned = self.turn

    async def hear(self, channel: str, message: bytes) -> None:
        self.heard.append((channel, message))

    def turn(self) -> None:
        self.turns += 1


@asynccontextmanager
async def running(bus: Bus) -> AsyncIterator[Ear]:
    """The bus at work, as a process runs it."""
    ear = Ear(bus)
    task = asyncio.create_task(bus.run())
    try:
        yield ear
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await bus.close()


@pytest.fixture(params=["local", "redis"])
def make(request: pytest.FixtureRequest) -> Callable[[], Bus]:
    """Makes buses that reach each other; in process there is one for everybody."""
    if request.param == "local":
        only = LocalBus()
        return lambda: only
    url = request.getfixturevalue("redis_url")
    return lambda: RedisBus(url)


@pytest.fixture
async def pair(redis_server: RedisServer) -> AsyncIterator[tuple[Ear, Ear]]:
    """Two processes on one Redis, both hearing `room`."""
    async with AsyncExitStack() as stack:
        a, b = [await stack.enter_async_context(running(RedisBus(redis_server.url))) for _ in range(2)]
        for ear in (a, b):
            await until(lambda ear=ear: ear.bus.healthy, what="connected")  # type: ignore[misc]
            await ear.bus.subscribe("room")
        yield a, b


async def test_messages_come_whole_and_in_order_to_whoever_subscribed(make: Callable[[], Bus]) -> None:
    async with running(make()) as ear:
        await until(lambda: ear.bus.healthy, what="connected")
        await ear.bus.subscribe("room:1")
        for n in range(100):
            await ear.bus.publish("room:1", f"№ {n}".encode())
            await ear.bus.publish("room:2", b"not ours")
        await until(lambda: len(ear.heard) >= 100, what="all came")
        assert ear.heard == [("room:1", f"№ {n}".encode()) for n in range(100)]


async def test_what_was_given_up_comes_no_more_and_can_be_had_again(make: Callable[[], Bus]) -> None:
    async with running(make()) as ear:
        await until(lambda: ear.bus.healthy, what="connected")
        for channel in ("room:1", "room:2"):
            await ear.bus.subscribe(channel)
        await ear.bus.unsubscribe("room:1")
        for channel in ("room:1", "room:2"):
            await ear.bus.publish(channel, b"one")
        await until(lambda: len(ear.heard) == 1, what="the other came")
        await ear.bus.subscribe("room:1")
        await ear.bus.publish("room:1", b"two")
        await until(lambda: len(ear.heard) == 2, what="heard again")
        assert ear.heard == [("room:2", b"one"), ("room:1", b"two")]


async def test_whoever_publishes_waits_for_no_ear(make: Callable[[], Bus]) -> None:
    """A commit is told under the writer's lock. (Seen red: in process the message was delivered there and then.)"""
    async with running(make()) as ear:
        await until(lambda: ear.bus.healthy, what="connected")
        await ear.bus.subscribe("room:1")
        free = asyncio.Event()

        async def slow(channel: str, message: bytes) -> None:
            await free.wait()
            await ear.hear(channel, message)

        ear.bus.receiver = slow
        async with asyncio.timeout(10):
            for n in range(3):
                await ear.bus.publish("room:1", b"%d" % n)
        free.set()
        await until(lambda: [m for _, m in ear.heard] == [b"0", b"1", b"2"], what="all came in order")


async def test_two_processes_hear_each_other(pair: tuple[Ear, Ear]) -> None:
    a, b = pair
    await a.bus.publish("room", b"from a")
    await until(lambda: b.heard == [("room", b"from a")], what="b hears a")
    await b.bus.publish("room", b"from b")
    await until(lambda: ("room", b"from b") in a.heard, what="a hears b")


async def test_a_room_wanted_while_the_bus_still_connects_is_heard(redis_url: str) -> None:
    """(Seen red: what was wanted before the connection stood was not asked for.)"""
    bus = RedisBus(redis_url)
    async with running(bus) as ear:
        for n in range(50):
            await bus.subscribe(f"early:{n}")
            await asyncio.sleep(0)
        await until(lambda: bus.healthy, what="connected")
        await bus.subscribe("late")  # confirmed after all that was asked for before
        for n in range(50):
            await bus.publish(f"early:{n}", b"")
        await until(lambda: len(ear.heard) == 50, what="all are heard")


async def test_G4_redis_killed_and_restarted_is_found_again(pair: tuple[Ear, Ear], redis_server: RedisServer) -> None:
    """(Seen red: `run` left at the first loss.)"""
    a, b = pair
    for _ in range(3):
        await redis_server.kill()
        await until(lambda: not a.bus.healthy and not b.bus.healthy, what="both notice")
        await a.bus.publish("room", b"lost")
        turns = b.turns
        await redis_server.start()
        await until(lambda: a.bus.healthy and b.bus.healthy, what="both are back by themselves")
        assert b.turns > turns, "what came meanwhile is asked for"
        b.heard.clear()
        await a.bus.publish("room", b"after")
        await until(lambda: b.heard == [("room", b"after")], what="subscribed again")


async def test_G4_a_cut_listener_knows_that_it_missed_something(
    pair: tuple[Ear, Ear], redis_server: RedisServer
) -> None:
    """Redis itself lives, so nothing else would tell. (Seen red: retries left to the library, which subscribes again
    in silence.)"""
    a, b = pair
    assert redis_server.process.alive  # our own: others may listen on another
    async with aioredis.Redis.from_url(redis_server.url) as operator:
        for n in range(1, 6):
            turns = b.turns
            await operator.execute_command("CLIENT", "KILL", "TYPE", "pubsub")  # type: ignore[no-untyped-call]
            await until(partial(_back_since, b, turns), what="noticed, and back")
            await until(lambda: a.bus.healthy)
            await b.bus.subscribe("room")  # confirmed: it listens
            await a.bus.publish("room", str(n).encode())
            await until(partial(_heard_last, b, n), what="heard")


async def test_G4_a_frozen_redis_holds_nobody_up(pair: tuple[Ear, Ear], redis_server: RedisServer) -> None:
    """(Seen red: publishing awaited without a limit.)"""
    a, _ = pair
    redis_server.process.freeze()

    async def publish_fifty() -> None:
        for _ in range(50):
            await a.bus.publish("room", b"x" * 1000)

    await in_time(publish_fifty, 1)
    assert buses.CONFIRM_LIMIT <= 0.5
    async with asyncio.timeout(10):
        await a.bus.subscribe("another")
    redis_server.process.thaw()
    await until(lambda: a.bus.healthy, what="back by itself")


async def test_G4_an_idle_process_notices_a_frozen_redis(pair: tuple[Ear, Ear], redis_server: RedisServer) -> None:
    """It says nothing itself and gets nothing: only an unanswered ping tells. (Seen red: the ping away.)"""
    a, b = pair
    assert 2 * buses.PING_EVERY + buses.PONG_WITHIN <= 2, "in time for the poll, three seconds after the word"
    redis_server.process.freeze()
    await until(lambda: not a.bus.healthy and not b.bus.healthy, what="noticed")
    redis_server.process.thaw()
    await until(lambda: a.bus.healthy and b.bus.healthy, what="back")
    await a.bus.publish("room", b"again")
    await until(lambda: ("room", b"again") in b.heard, what="heard")


async def test_G4_who_could_not_publish_tells_the_others_to_ask(pair: tuple[Ear, Ear]) -> None:
    """The others' line was whole all the time: they must learn that bells are missing. (Seen red: the bell away.)"""
    a, b = pair
    assert isinstance(a.bus, RedisBus)
    async with aioredis.Redis(port=1, retry=Retry(NoBackoff(), 0)) as nowhere:
        speaker, a.bus._speaker = a.bus._speaker, nowhere
        await a.bus.publish("room", b"lost")
        await until(lambda: not a.bus.healthy, what="tried")
    a.bus._speaker, turns = speaker, b.turns
    await a.bus.publish("room", b"after")
    await until(lambda: ("room", b"after") in b.heard, what="heard")
    assert b.turns > turns
    assert ("room", b"lost") not in b.heard


async def test_a_command_of_the_operator_sends_what_it_has_to_say(pair: tuple[Ear, Ear], redis_url: str) -> None:
    """It publishes and ends, without ever running its bus."""
    command = RedisBus(redis_url)
    await command.publish("room", b"access")
    await command.close()
    await until(lambda: pair[0].heard == [("room", b"access")], what="heard")


async def test_an_absent_redis_neither_stops_nor_delays_a_command() -> None:
    async def run() -> None:
        command = RedisBus("redis://127.0.0.1:1/0")
        await command.publish("room", b"access")
        await command.close()

    await in_time(run, 2)


def _back_since(ear: Ear, turns: int) -> bool:
    return ear.turns > turns + 1 and bool(ear.bus.healthy)


def _heard_last(ear: Ear, n: int) -> bool:
    return ear.heard[-1:] == [("room", str(n).encode())]
