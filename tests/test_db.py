"""One writer, no transaction inside another, and an outage of the database told once in full."""

import asyncio
import logging

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from server.db import AWAY, Database
from server.people.model import User
from tests.cast import Cast


async def test_a_transaction_inside_a_transaction_is_refused_not_waited_for(db: Database, cast: Cast) -> None:
    """On SQLite it would wait for the lock its own task holds, and every other writer behind it."""

    async def nested() -> None:
        async with db.transaction() as s:
            (await s.get_one(User, cast.anna.id)).name = "Никто"
            async with db.transaction():
                pass

    async with asyncio.timeout(15):
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

    async with asyncio.timeout(20):
        await asyncio.gather(rename(cast.anna.id), rename(cast.boris.id))
    async with db.reading() as s:
        assert len((await s.exec(select(User.id).where(col(User.name) == "Имя"))).all()) == 2


async def test_closing_waits_for_whoever_is_still_at_it(database_url: str, db: Database) -> None:
    """A connection that comes back to a closed journal would stay open until the process ends."""
    closing = Database(database_url)
    at_it = asyncio.Event()

    async def read() -> None:
        async with closing.reading() as s:
            await s.exec(select(User.id))
            at_it.set()
            await asyncio.sleep(0.05)
            await s.exec(select(User.id))

    reader = asyncio.create_task(read())
    await at_it.wait()
    await closing.close()
    assert reader.done()
    await reader
    with pytest.raises(AWAY):
        async with closing.reading() as s:
            await s.exec(select(User.id))


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1:1", "nowhere.invalid:5432"])
async def test_a_server_that_can_not_be_reached_is_away_and_a_file_that_can_not_be_read_is_not(host: str) -> None:
    db = Database(f"postgresql+asyncpg://journal:secret@{host}/journal")
    with pytest.raises(AWAY):
        async with db.reading() as s:
            await s.exec(select(User))
    await db.close()
    assert not issubclass(FileNotFoundError, AWAY)
    assert not issubclass(OSError, AWAY)


async def test_an_outage_is_told_in_full_once_and_again_after_the_next_answer(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """What can't be told from an outage, a column that is not there, must be found in the log."""

    def told() -> list[bool]:
        found = [record.exc_info is not None for record in caplog.records if record.name == "server.db"]
        caplog.clear()
        return found

    with caplog.at_level(logging.ERROR, "server.db"):
        for _ in range(3):
            try:
                async with db.reading() as s:
                    await s.execute(text("SELECT no_such_column FROM no_such_table"))
            except DBAPIError as problem:
                db.complain("page", problem)
        assert told() == [True, False, False]
        async with db.transaction() as s:
            await s.execute(text("SELECT 1"))
        db.complain("page", TimeoutError())
        assert told() == [True]
