"""G20, C18: who reads too slowly, talks too fast or comes in too large a crowd harms only themselves."""

import asyncio
import json
import socket
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from server.config import Limits
from server.rooms import buckets, connection
from server.rooms import socket as socket_of_rooms
from tests.cast import Person, ask, on_sqlite
from tests.house import House, Line, journal
from tests.parts.until import in_time, until
from tests.rooms.acting import absent, heard, seqs

pytestmark = on_sqlite
BIG = "ж" * 20_000


@asynccontextmanager
async def limited(house: House, **limits: int) -> AsyncIterator[House]:
    """The same house under other limits."""
    settings = replace(house.settings, limits=replace(Limits(), **limits))
    async with journal(settings) as base:
        yield House(base, house.cast, house.db, settings)


@asynccontextmanager
async def sleepy(house: House, person: Person, room: str) -> AsyncIterator[Line]:
    """Somebody with a narrow line who has joined, and reads nothing more until told to."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    host, port = house.base.removeprefix("http://").split(":")
    narrow.connect((host, int(port)))
    narrow.setblocking(False)
    headers = {"Authorization": f"Bearer {person.token}"}
    async with connect(house.ws, additional_headers=headers, sock=narrow, max_queue=1, compression=None) as found:
        line = Line(found)
        assert (await line.join(room))["op"] == "joined"
        yield line


async def test_G20_a_slow_reader_is_closed_with_4408_and_comes_back_whole(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others notice nothing meanwhile; what had left for the slow one comes in order before the goodbye. (Seen red:
    frames dropped instead; the limit away; the close frame waits for the buffer.)"""
    monkeypatch.setattr(connection, "CLOSE_WITHIN", 0.1)
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    room = f"ticket:{number}"
    async with limited(house, say_per_second=0) as wide, wide.line(house.cast.denis) as denis:
        async with wide.line(house.cast.anna) as anna, sleepy(wide, house.cast.boris, room) as boris:
            await anna.join(room)
            took: list[float] = []
            while not [f for f in heard(anna, "presence") if not f["online"]]:
                begun = time.monotonic()
                assert (await denis.say(room, f"d{len(took)}", BIG))["op"] == "ack"
                await anna.until("event")
                took.append(time.monotonic() - begun)
                assert len(took) < 500, "nobody was closed"
            assert statistics.median(took) < 1
            assert max(took) < 10, "a busy machine is slow, who waits for Boris waits until he is closed"
            await until(lambda: absent(house, house.cast.boris), what="the server has done with him")
            assert await boris.closed(within=30) == 4408
            got = boris.seqs(room)
            assert got == list(range(1, len(got) + 1)), "whole and in order as far as it came"
            assert len(got) < len(took)
        async with wide.line(house.cast.boris) as boris:
            more = True
            while more:
                joined = await boris.join(room, after=got[-1])
                got += seqs(joined)
                more = joined["more"]
        assert got == list(range(1, len(took) + 2))


async def test_a_page_that_was_asked_for_is_no_slowness(house: House) -> None:
    """Many rooms joined at once, each with a page of 256 KiB. (Seen red: joins answered
    without waiting for the page before to leave, and pages counted.)"""
    assert connection.WAITING_LIMIT == 256 * 1024
    async with limited(house, say_per_second=0) as wide, wide.line(house.cast.anna) as anna:
        rooms = [f"ticket:{await ask(house.db, house.cast.anna, house.cast.accounting)}" for _ in range(6)]
        for room in rooms:
            for n in range(7):
                await anna.say(room, f"{room}-{n}", BIG)
        async with sleepy(wide, house.cast.boris, rooms[0]) as boris:
            for room in rooms * 8:
                await boris.send(op="join", room=room, after=0)
            for n in range(100):  # time for all of them to be answered, if nobody waited for the reader
                await anna.say(rooms[0], f"live{n}", "и живое между страницами")
            pages = 0
            while pages < 48:
                frame = await boris.next()
                pages += frame["op"] == "joined"
                assert frame["op"] != "error", frame


async def test_C18_a_flood_of_frames_ends_with_4429(house: House) -> None:
    """(Seen red: the bucket's answer compared with a second, which it never is.)"""
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    room = f"ticket:{number}"
    async with house.line(house.cast.anna) as anna, house.line(house.cast.denis) as denis:
        await denis.join(room)
        await anna.join(room)
        with suppress(ConnectionClosed):
            for _ in range(5000):
                await anna.send(op="typing", room=room)
        assert await anna.closed() == 4429
        assert (await denis.say(room, "d", "не мешает"))["op"] == "ack"


async def test_C18_a_flood_that_asks_the_database_ends_with_4429_too(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slowly it is answered. (Seen red: the bucket filled while the frames were carried out.)"""
    monkeypatch.setattr(socket_of_rooms, "FRAMES_PER_SECOND", 400)
    monkeypatch.setattr(socket_of_rooms, "SECONDS_AT_ONCE", 0.15)
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    async with house.line(house.cast.anna) as anna:
        frame = json.dumps({"op": "read", "room": f"ticket:{number}", "upto": 1})
        with suppress(ConnectionClosed):
            for _ in range(300):
                await anna.connection.send(frame)
        assert await anna.closed(within=30) == 4429


async def test_C18_rooms_without_end_are_4429(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """(Seen red: rooms not counted.)"""
    monkeypatch.setattr(socket_of_rooms, "MAX_ROOMS", 2)
    rooms = [f"ticket:{await ask(house.db, house.cast.anna, house.cast.accounting)}" for _ in range(3)]
    async with house.line(house.cast.anna) as anna:
        for room in rooms[:2] * 2:
            assert (await anna.join(room))["op"] == "joined"
        await anna.send(op="join", room=rooms[2])
        assert await anna.closed() == 4429


async def test_W15_whoever_comes_back_too_often_is_answered_slowly(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One person, over all addresses; others are answered at once. (Seen red: each answered at once.)"""
    monkeypatch.setattr(buckets, "KNOCKS_PER_SECOND", 2)
    async with limited(house, sockets_per_user=2) as small:
        begun = time.monotonic()
        for _ in range(10):
            async with small.line(house.cast.anna):
                pass
        assert time.monotonic() - begun > 0.8, "eight at once, then two a second"

        async def boris_comes() -> None:
            async with small.line(house.cast.boris):
                pass

        await in_time(boris_comes, 0.4)


async def test_saying_too_fast_is_rate_limited_with_a_time_to_wait(house: House) -> None:
    """Over all sockets of a person, and nobody else. (Seen red: counted for each socket.)"""
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    room = f"ticket:{number}"
    async with (
        limited(house, say_per_second=1, say_burst=5) as slow,
        slow.line(house.cast.anna) as one,
        slow.line(house.cast.anna) as two,
        slow.line(house.cast.boris) as b,
    ):
        answers = [await (one, two)[n % 2].say(room, f"a{n}", "раз") for n in range(8)]
        assert [a["op"] for a in answers] == ["ack"] * 5 + ["error"] * 3
        assert answers[5].items() >= {"code": "rate_limited", "retry_after": 1, "id": "a5", "room": room}.items()
        assert (await b.say(room, "b", "раз"))["op"] == "ack"


async def test_W11_more_sockets_than_one_may_have_are_closed_with_4429(house: House) -> None:
    """The newest one is; the others stay. (Seen red: not counted down when one closes.)"""
    async with limited(house, sockets_per_user=3, sockets_per_address=5) as small, AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(small.line(house.cast.anna))
        for _ in range(3):
            assert await refused(small, house.cast.anna) == 4429
        for _ in range(2):
            await stack.enter_async_context(small.line(house.cast.boris))
        assert await refused(small, house.cast.denis) == 4429, "too many from one address"
        await stack.aclose()
        async with small.line(house.cast.anna) as anna:
            assert (await anna.join("queue"))["op"] == "joined"


async def refused(house: House, person: Person) -> int:
    """The code with which a socket is closed before it says hello."""
    async with connect(house.ws, additional_headers={"Authorization": f"Bearer {person.token}"}) as found:
        with pytest.raises(ConnectionClosed) as end:
            await found.recv()
    assert end.value.rcvd is not None
    return int(end.value.rcvd.code)


async def test_two_sockets_of_one_person_open_at_once(house: House) -> None:
    """Twenty of them, from a browser that was opened again with all its tabs."""
    async with AsyncExitStack() as stack:
        lines = await asyncio.gather(*(stack.enter_async_context(house.line(house.cast.anna)) for _ in range(20)))
        answers: list[Any] = await asyncio.gather(*(line.join("inbox") for line in lines))
        assert {json.dumps(a) for a in answers} == {json.dumps(answers[0])}
        assert [heard(line, "error") for line in lines] == [[]] * 20
