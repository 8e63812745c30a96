"""G2, G4, C21, W12: Redis away, the database away, the process killed, a peer that is gone without a word."""

import asyncio
import base64
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from server.app import create_app
from server.events import bus
from server.rooms import watch
from server.serving import options
from tests.cast import SECRET, Person, ask, on_postgresql, on_sqlite
from tests.house import PATIENCE, House, Line
from tests.parts.postgres import Postgres
from tests.parts.process import Process, answers, free_port
from tests.parts.redis import RedisServer
from tests.parts.serve import serving
from tests.parts.until import until
from tests.rooms.acting import absent, heard, present
from tests.rooms.test_recovery import Screen, written

ROOT = Path(__file__).parents[2]
FAULTS = ["killed", "frozen", "emptied"]


@on_postgresql
@pytest.mark.usefixtures("no_polls")
@pytest.mark.parametrize("fault", FAULTS)
async def test_G4_with_redis_away_words_come_all_the_same(
    fault: str, two: tuple[House, House], redis_server: RedisServer
) -> None:
    """To another process, and sending goes on as before. (Seen red: no poll; the poll at its usual pace, which here is
    never; nobody notices that Redis is frozen.)"""
    assert 2 * bus.PING_EVERY + bus.PONG_WITHIN + watch.HEADS_EVERY_WITHOUT_BUS <= 3, "three seconds are promised"
    await words_come(fault, two, redis_server, PATIENCE)


@pytest.mark.long
@on_postgresql
@pytest.mark.parametrize("fault", FAULTS)
async def test_G4_with_redis_away_words_come_within_three_seconds(
    fault: str, two: tuple[House, House], redis_server: RedisServer
) -> None:
    await words_come(fault, two, redis_server, 3)


async def words_come(fault: str, two: tuple[House, House], redis_server: RedisServer, within: float) -> None:
    here, there = two
    number = await ask(here.db, here.cast.anna, here.cast.accounting)
    room = f"ticket:{number}"
    async with here.line(here.cast.anna) as anna, there.line(here.cast.denis) as denis:
        await anna.join(room)
        await denis.join(room)
        await denis.join("queue")
        await interfere(redis_server, fault)
        took = []
        for n in range(3):
            begun = time.monotonic()
            assert (await anna.say(room, f"a{n}", f"слово {n}"))["op"] == "ack"
            took.append(time.monotonic() - begun)
            await denis.until("event", within)
            await denis.got("row", within)
            denis.frames.clear()
        assert min(took) < 1, "whoever waited for Redis would do so each time"
        await redis_server.start()
        redis_server.process.thaw()
        await alive_again(anna, denis, room)


async def interfere(redis: RedisServer, fault: str) -> None:
    if fault == "killed":
        await redis.kill()
    elif fault == "frozen":
        redis.process.freeze()
    else:
        await redis.clear()


async def alive_again(anna: Line, denis: Line, room: str) -> None:
    """Words come at once again, with nobody's help."""
    async with asyncio.timeout(30):
        n = 0
        while True:
            n += 1
            await anna.say(room, f"back{n}", f"снова {n}")
            with suppress(TimeoutError):
                await denis.until("event", within=1)
                return


@on_postgresql
@pytest.mark.usefixtures("no_polls")
async def test_G4_a_journal_opens_without_redis_and_finds_it_later(
    two: tuple[House, House], redis_server: RedisServer
) -> None:
    here, _ = two
    await redis_server.kill()
    number = await ask(here.db, here.cast.anna, here.cast.accounting)
    room = f"ticket:{number}"
    async with serving(create_app(here.settings)) as base:
        third = House(base, here.cast, here.db, here.settings)
        async with third.line(here.cast.denis) as denis, here.line(here.cast.anna) as anna:
            await denis.join(room)
            await anna.say(room, "a", "без Redis")
            await denis.until("event")
            await redis_server.start()
            await alive_again(anna, denis, room)


@on_postgresql
async def test_C21_with_the_database_away_nothing_is_acknowledged_and_the_socket_stays(
    two: tuple[House, House], postgres: Postgres
) -> None:
    """What is refused then is said again under the same id. (Seen red: the driver's exception let through, 1011.)"""
    here, there = two
    number = await ask(here.db, here.cast.anna, here.cast.accounting)
    room = f"ticket:{number}"
    async with here.line(here.cast.anna) as anna, there.line(here.cast.denis) as denis:
        await anna.join(room)
        await denis.join(room)
        await postgres.stop()
        refused = await anna.say(room, "a1", "слышно?")
        assert (refused["op"], refused["code"], refused["id"]) == ("error", "unavailable", "a1")
        for frame in ({"op": "read", "room": room, "upto": 1}, {"op": "join", "room": "queue"}):
            await anna.send(**frame)
            assert (await anna.until("error"))["code"] == "unavailable"
        await postgres.start()
        async with asyncio.timeout(30):
            while (ack := await anna.say(room, "a1", "слышно?"))["op"] != "ack":
                assert ack["code"] == "unavailable"
        assert ack["seq"] == 2
        joined = await denis.join(room, after=1)
        assert [e["id"] for e in joined["events"]] == ["a1"]
        assert {f["event"]["id"] for f in heard(denis, "event")} <= {"a1"}


class Serve(House):
    """The journal as its own process, which can be killed."""

    process: Process


@asynccontextmanager
async def served(house: House, folder: Path) -> AsyncIterator[Serve]:
    """`journal serve` beside the house under test, over the same database and Redis."""
    port = free_port()
    env = {
        **{k: os.environ[k] for k in ("PATH", "HOME") if k in os.environ}, "PYTHONPATH": str(ROOT), "PORT": str(port),
        "DATABASE_URL": house.settings.database_url.replace("+aiosqlite", "").replace("+asyncpg", ""),
        "DATA_DIR": str(folder), "SECRET_KEY": SECRET, "MAIL_URL": "file:", "SMS_URL": "file:",
        "REDIS_URL": house.settings.redis_url or "", "LIMIT_SAY_PER_SECOND": "0",
    }  # fmt: skip
    command = [sys.executable, "-c", "from server.cli import main; main()", "serve"]
    found = Serve(f"http://127.0.0.1:{port}", house.cast, house.db, house.settings)
    found.process = Process(command, log=folder / "serve.log", env=env)
    await found.process.start(lambda: answers(port))
    try:
        yield found
    finally:
        await found.process.stop()


class Pen:
    """Somebody who says a number of things, and says again what was not acknowledged: a page's outbox."""

    def __init__(self, house: House, person: Person, room: str, count: int) -> None:
        self.house = house
        self.person = person
        self.room = room
        self.left = [f"{person.login}-{n}" for n in range(count)]
        self.acks: dict[str, int] = {}

    async def write(self) -> None:
        while self.left:
            try:
                async with self.house.line(self.person) as line:
                    await self._send(line)
            except (OSError, ConnectionClosed, EOFError, TimeoutError):
                await asyncio.sleep(0.05)  # the process is gone: another try

    async def _send(self, line: Line) -> None:
        for doubtful in list(self.acks)[-1:]:
            await self._say(line, doubtful)  # acknowledged, but the page may have died before it knew
        while self.left:
            await self._say(line, self.left[0])
            self.left.pop(0)

    async def _say(self, line: Line, words: str) -> None:
        ack = await line.say(self.room, words, words)
        assert ack["op"] == "ack", ack
        assert self.acks.setdefault(words, ack["seq"]) == ack["seq"]


async def keep_watching(screen: Screen, upto: int) -> None:
    while screen.last < upto:
        with suppress(OSError, ConnectionClosed, EOFError):
            await screen.visit(upto, within=60)
            return
        await asyncio.sleep(0.05)


async def test_G1_G2_a_process_killed_in_the_middle_of_two_hundred_words_loses_none(
    house: House, tmp_path: Path
) -> None:
    """Both sides write and watch; the process is killed and started again. None lost, none twice, all in order.
    (Seen red: the ack before the commit; the id not looked for.)"""
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    room = f"ticket:{number}"
    async with served(house, tmp_path) as journal:
        pens = [Pen(journal, who, room, 100) for who in (house.cast.anna, house.cast.denis)]
        screens = [Screen(journal, who, room) for who in (house.cast.anna, house.cast.denis, house.cast.boris)]
        work = asyncio.gather(*(p.write() for p in pens), *(keep_watching(s, 201) for s in screens))
        await reached(lambda: sum(len(p.acks) for p in pens) >= 90, work)
        await journal.process.kill()
        await journal.process.start(lambda: answers(int(journal.base.rpartition(":")[2])))
        async with asyncio.timeout(120):
            await work
    log = await written(house, number)
    assert [seq for seq, _ in log] == list(range(1, 202))
    assert {text: seq for seq, text in log[1:]} == pens[0].acks | pens[1].acks
    for pen in pens:
        mine = [text for _, text in log if text.startswith(pen.person.login)]
        assert mine == [f"{pen.person.login}-{n}" for n in range(100)]
    for screen in screens:
        assert screen.shown == log


async def reached(condition: Any, work: "asyncio.Future[Any]") -> None:
    async with asyncio.timeout(60):
        while not condition():
            assert not work.done()
            await asyncio.sleep(0.01)


@on_sqlite
async def test_W12_C22_a_peer_that_is_gone_without_a_word_is_noticed(house: House) -> None:
    """It answers no ping: freed, and no longer present. (Seen red: pings away.)"""
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    room = f"ticket:{number}"
    assert options(house.settings).items() >= {"ws_ping_interval": 20.0, "ws_ping_timeout": 20.0}.items()
    quick: dict[str, Any] = {k: v for k, v in options(house.settings).items() if k.startswith("ws")}
    async with serving(
        create_app(replace(house.settings)), **quick | {"ws_ping_interval": 0.3, "ws_ping_timeout": 0.3}
    ) as base:
        other = House(base, house.cast, house.db, house.settings)
        writer = await mute(other, house.cast.boris, f'{{"op":"join","room":"{room}"}}')
        await until(lambda: present(house, house.cast.boris), what="he is there")
        # Nobody watches over a socket: whoever answers a little late would be taken for gone as well.
        await until(lambda: absent(house, house.cast.boris), what="he counts as away")
        writer.close()


async def mute(house: House, person: Person, frame: str) -> asyncio.StreamWriter:
    """A socket that says one thing and then neither reads nor answers pings."""
    host, port = house.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = [
        "GET /ws HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}", f"Authorization: Bearer {person.token}",
    ]  # fmt: skip
    writer.write("\r\n".join([*lines, "", ""]).encode())
    assert b"101" in await reader.readuntil(b"\r\n\r\n")
    raw = frame.encode()
    writer.write(bytes([0x81, 0x80 | len(raw), 0, 0, 0, 0]) + raw)
    return writer


@on_sqlite
async def test_G24_a_process_that_is_told_to_stop_says_1012(house: House, tmp_path: Path) -> None:
    """So that pages come back with jitter, and not all at once."""
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    async with served(house, tmp_path) as journal, journal.line(house.cast.anna) as anna:
        await anna.join(f"ticket:{number}")
        assert (await anna.say(f"ticket:{number}", "a", "успело"))["op"] == "ack"
        stopping = asyncio.create_task(journal.process.stop())
        assert await anna.closed() == 1012
        await stopping
    assert [text for _, text in await written(house, number)][1:] == ["успело"]
