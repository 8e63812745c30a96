"""G11 by power and not by ticket: what is committed after somebody's rights have changed doesn't reach them, however
soon it is said, whichever bell was lost and however late rights are looked up."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from server.db import Database
from server.events import access
from server.files import actions as files
from server.people import sessions
from server.people.model import Membership, User
from server.people.sessions import Device
from server.rooms import rights, watch
from server.rooms.room import Room
from tests.cast import Cast, ask, log_in, on_postgresql
from tests.house import House
from tests.rooms.acting import heard
from tests.rooms.test_access import browser
from tests.tickets.ways import say


@pytest.fixture(autouse=True)
def nobody_looks_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "ACCESS_EVERY", 600.0)


async def take_boris_power(house: House) -> None:
    """Nobody rings: this database has no listener."""
    async with house.db.transaction() as s:
        held = await s.exec(select(Membership).where(Membership.user_id == house.cast.boris.id))
        held.one().can_approve = False
        access.changed(s, await s.get_one(User, house.cast.boris.id))


async def test_G11_what_is_said_after_the_change_waits_until_rights_are_looked_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although no bell told of the change. (Seen red: events passed on as they came.)"""
    room = f"ticket:{await ask(house.db, house.cast.anna, house.cast.accounting)}"
    gate, versions = asyncio.Event(), rights._versions

    async def slow(*args: Any) -> Any:
        await gate.wait()
        return await versions(*args)

    async with house.line(house.cast.boris) as boris, house.line(house.cast.anna) as anna:
        await boris.join(room)
        await anna.join(room)
        monkeypatch.setattr(rights, "_versions", slow)
        await take_boris_power(house)
        assert (await anna.say(room, "a", "без Бориса"))["op"] == "ack"
        gate.set()
        await anna.got("event")
        await boris.got("reset", room=room)
        assert heard(boris, "event") == []


@pytest.mark.usefixtures("quick_polls")
async def test_G11_whoever_finds_an_event_in_the_log_looks_at_the_rights_too(house: House) -> None:
    """(Seen red: no count of changes read beside the log.)"""
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    room = f"ticket:{number}"
    async with house.line(house.cast.boris) as boris:
        await boris.join(room)
        await take_boris_power(house)
        await say(house.db, house.cast.anna, number, "без Бориса")
        await boris.got("reset", room=room)
        assert heard(boris, "event") == []


async def test_G11_whoever_comes_anew_comes_with_the_rights_of_now(house: House) -> None:
    """(Seen red: a room and both lists entered with the rights of the time the socket was opened.)"""
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    async with house.line(house.cast.boris) as boris:
        await take_boris_power(house)
        assert (await boris.join("queue"))["rows"] == []
        assert (await boris.join(f"ticket:{number}"))["code"] == "not_found"
    async with house.line(house.cast.boris) as boris:
        assert (await boris.join("queue"))["rows"] == []


async def test_G11_a_row_of_the_queue_is_sent_by_the_rights_of_now(house: House) -> None:
    """(Seen red: rows by the rights of the time the queue was entered.)"""
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    async with house.line(house.cast.boris) as boris, house.line(house.cast.anna) as anna:
        assert len((await boris.join("queue"))["rows"]) == 1
        await take_boris_power(house)
        await anna.say(f"ticket:{number}", "a", "без Бориса")
        assert (await boris.got("row"))["gone"] == number


async def test_G8_G11_what_is_said_after_a_log_out_does_not_reach_its_sockets(house: House) -> None:
    """(Seen red: the end of a log-in was not counted.)"""
    room = f"ticket:{await ask(house.db, house.cast.anna, house.cast.accounting)}"
    cookie = await log_in(house.db, house.cast.boris)
    async with browser(house, cookie) as boris, house.line(house.cast.anna) as anna:
        await boris.join(room)
        async with house.db.transaction() as s:
            await sessions.end(s, sessions.mark(cookie))
        await anna.say(room, "a", "без Бориса")
        assert await boris.closed() == 4401
        assert heard(boris, "event") == []


@on_postgresql
async def test_G11_what_began_before_the_change_and_ended_after_it_comes_after_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """(Seen red: the count read with the number, in the middle of the transaction.)"""
    room = f"ticket:{await ask(house.db, house.cast.anna, house.cast.accounting)}"
    numbered, go, placed = asyncio.Event(), asyncio.Event(), files.placed

    async def later(*args: Any) -> None:
        numbered.set()
        await go.wait()
        await placed(*args)

    async with house.line(house.cast.boris) as boris, house.line(house.cast.anna) as anna:
        await boris.join(room)
        await anna.join(room)
        monkeypatch.setattr(files, "placed", later)
        await anna.send(op="say", room=room, id="a", text="без Бориса")
        await numbered.wait()
        await take_boris_power(house)
        go.set()
        await anna.got("event")
        await boris.got("reset", room=room)
        assert heard(boris, "event") == []


async def test_G11_a_look_that_broke_off_is_made_good_by_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database went away between the looking up and the showing out. (Seen red: nobody stale any more, and the seat
    kept.)"""
    room, recheck, tries = f"ticket:{await ask(house.db, house.cast.anna, house.cast.accounting)}", Room.recheck, []

    async def away_once(self: Room) -> None:
        tries.append(self.name)
        if len(tries) == 1:
            raise OperationalError(None, None, Exception("away"))
        await recheck(self)

    async with house.line(house.cast.boris) as boris, house.line(house.cast.anna) as anna:
        await boris.join(room)
        await anna.join(room)
        await take_boris_power(house)
        monkeypatch.setattr(Room, "recheck", away_once)
        await anna.say(room, "a", "без Бориса")
        await anna.say(room, "b", "всё ещё")
        await boris.got("reset", room=room)
        await anna.until("event")
        assert heard(boris, "event") == []


async def test_G11_whoever_looks_and_finds_their_own_end_takes_nobody_along(house: House) -> None:
    """(Seen red: the look was done by the socket that it closed, and broke off with it.)"""
    room = f"ticket:{await ask(house.db, house.cast.anna, house.cast.accounting)}"
    cookie = await log_in(house.db, house.cast.vera)
    async with (
        house.line(house.cast.boris) as boris, house.line(house.cast.anna) as anna, browser(house, cookie) as vera,
    ):  # fmt: skip
        await boris.join(room)
        await anna.join(room)
        await take_boris_power(house)
        async with house.db.transaction() as s:
            await sessions.end(s, sessions.mark(cookie))
        await vera.send(op="join", room="queue")
        assert await vera.closed() == 4401
        await anna.say(room, "a", "без Бориса")
        await boris.got("reset", room=room)
        assert heard(boris, "event") == []


async def test_G11_every_change_is_counted_and_nothing_else(db: Database, cast: Cast) -> None:
    """A stranger's log-out and a half log-in cut no socket, and must not make every process look up all of them. Two
    changes of one person who was read before either are two. (Seen red: each counted; one version for both.)"""
    async with db.transaction() as s:
        half = await sessions.begin(s, await s.get_one(User, cast.vera.id), sessions.PASSWORD, Device())
    async with db.transaction() as s:
        await sessions.end(s, sessions.mark(half), sessions.mark("rubbish"))
    async with db.reading() as s:
        assert await access.counted(s) == 0
        vera = await s.get_one(User, cast.vera.id)
    for number in (1, 2):
        async with db.transaction() as s:
            access.changed(s, vera)
        async with db.reading() as s:
            assert (await access.counted(s), (await s.get_one(User, cast.vera.id)).access_version) == (number, number)
