"""What a process looks after while sockets are open."""

import asyncio
import logging
from typing import Any

import pytest
from redis import asyncio as aioredis
from sqlalchemy import text

from server.config import Settings
from server.db import Database
from server.events import bus
from server.events.fanout import message
from server.people.model import User
from server.rooms import rights
from tests.cast import Cast, Person, ask, on_postgresql
from tests.house import House, journal
from tests.parts.until import until


@on_postgresql
async def test_who_is_deactivated_while_rights_are_looked_at_breaks_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """All is read as of one moment. (Seen red: KeyError, and nobody's rights looked at in that turn.)"""
    asked = 0
    find = rights._versions

    async def around(*args: Any) -> Any:
        nonlocal asked
        await _activate(house, house.cast.anna, False)
        found = await find(*args)
        await _activate(house, house.cast.anna, True)
        asked += 1
        return found

    with caplog.at_level(logging.ERROR):
        async with house.line(house.cast.anna) as anna, house.line(house.cast.denis):
            await anna.join("queue")
            monkeypatch.setattr(rights, "_versions", around)
            await until(lambda: asked >= 2, what="looked at twice")
    assert "access: failed" not in caplog.text


async def _activate(house: House, person: Person, active: bool) -> None:
    async with house.db.transaction() as s:
        (await s.get_one(User, person.id)).active = active


@on_postgresql
async def test_a_process_that_ends_leaves_no_room_at_work(ground: Settings, db: Database, cast: Cast) -> None:
    """The room has a gap to read, and the log can't be read. (Seen red: it went on when the database was closed.)"""
    number = await ask(db, cast.anna, cast.accounting)

    def at_work() -> bool:
        return any(getattr(t.get_coro(), "__qualname__", "") == "Room._answer" for t in asyncio.all_tasks())

    async with db.engine.connect() as connection, aioredis.Redis.from_url(ground.redis_url or "") as redis:
        async with journal(ground) as base, House(base, cast, db, ground).line(cast.denis) as denis:
            await denis.join(f"ticket:{number}")
            await connection.execute(text("LOCK TABLE event IN ACCESS EXCLUSIVE MODE"))
            await redis.publish(f"{bus.PREFIX}ticket:{number}", message({"t": "event", "seq": 9, "event": None}))
            await until(at_work)
        assert not at_work()
