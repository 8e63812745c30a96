"""One writer, no transaction inside another, and an outage of the database told once in full."""

import asyncio

import pytest
from sqlmodel import col, select

from server.db import Database
from server.people.model import User
from tests.cast import Cast


async def test_a_transaction_inside_a_transaction_is_refused_not_waited_for(db: Database, cast: Cast) -> None:
    """On SQLite it would wait for the lock its own task holds, and every other writer behind it."""

    async def nested() -> None:
        async with db.transaction() as s:
            (await s.get_one(User, cast.anna.id)).name = "Никто"
            async with db.transaction():
                pass

    async with asyncio.timeout(5):
        with pytest.raises(RuntimeError, match="inside a transaction"):
            await nested()
        async with db.transaction() as s:
            assert (await s.get_one(User, cast.anna.id)).name == cast.anna.name, "the outer one was rolled back"


async def test_tasks_write_one_after_another_and_reading_inside_a_transaction_is_no_writing(
    db: Database, cast: Cast
) -> None:
    async def rename(person: int) -> None:
        async with db.transaction() as s:
            (await s.get_one(User, person)).name = "Имя"
            async with db.reading() as r:
                assert not r.writes
                await r.get_one(User, person)

    async with asyncio.timeout(10):
        await asyncio.gather(rename(cast.anna.id), rename(cast.boris.id))
    async with db.reading() as s:
        assert len((await s.exec(select(User.id).where(col(User.name) == "Имя"))).all()) == 2
