"""G11 by power and not by ticket: what is committed after somebody's rights have changed doesn't reach them, however
soon it is said, whichever bell was lost and however late rights are looked up."""

import asyncio
from typing import Any

import pytest
from sqlmodel import select

from server.events import access
from server.people import sessions
from server.people.model import Membership, User
from server.rooms import rights, watch
from tests.cast import ask
from tests.house import House
from tests.rooms.acting import heard
from tests.rooms.test_access import browser, log_in
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
    gate, users = asyncio.Event(), rights._users

    async def slow(*args: Any) -> Any:
        await gate.wait()
        return await users(*args)

    async with house.line(house.cast.boris) as boris, house.line(house.cast.anna) as anna:
        await boris.join(room)
        await anna.join(room)
        monkeypatch.setattr(rights, "_users", slow)
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
    cookie = await log_in(house, house.cast.boris)
    async with browser(house, cookie) as boris, house.line(house.cast.anna) as anna:
        await boris.join(room)
        async with house.db.transaction() as s:
            await sessions.end(s, sessions.mark(cookie))
        await anna.say(room, "a", "без Бориса")
        assert await boris.closed() == 4401
        assert heard(boris, "event") == []
