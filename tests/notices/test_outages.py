"""What the worker needs is away: it says so once, loses nothing, and goes on when it is back."""

import asyncio
import logging
from dataclasses import replace

import pytest

from server.config import Settings
from server.db import Database
from server.migrations import migrate
from tests.cast import Cast, ask, fill
from tests.notices.office import by_smtp, comes_true, quiet_outbox, rows, working
from tests.parts.postgres import Postgres
from tests.parts.process import free_port
from tests.parts.smtp import SmtpServer
from tests.parts.until import until

DENIS = "denis@example.test"


async def test_G18_a_mail_server_that_is_away_costs_time_and_no_letter(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    away = replace(by_smtp(settings, smtp), mail_url=f"smtp://127.0.0.1:{port}")
    for place in range(3):
        await ask(db, cast.anna, cast.accounting, f"Обращение {place}")

    async def noticed() -> bool:
        return len([r for r in await rows(db) if r.problem]) > 1

    async with working(db, away):
        await comes_true(noticed, "an outage")
        assert {row.tries for row in await rows(db)} == {0}
        server = await asyncio.get_running_loop().create_server(smtp.conversation, "127.0.0.1", port)
        await smtp.wait(DENIS, 3)
        await quiet_outbox(db)
        server.close()
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert ["can't be sent" in r.message for r in told] == [True, False], (
        told
    )  # once when it goes, once when it is back


async def test_a_database_that_is_away_is_told_once_and_waited_for(
    postgres: Postgres, settings: Settings, smtp: SmtpServer, caplog: pytest.LogCaptureFixture
) -> None:
    url = await postgres.create()
    db = Database(url.replace("postgresql://", "postgresql+asyncpg://"))
    await migrate(db)
    cast = await fill(db)
    async with working(db, by_smtp(settings, smtp)):
        await ask(db, cast.anna, cast.accounting)
        await smtp.wait(DENIS)
        await quiet_outbox(db)
        await postgres.kill()
        await until(lambda: _complaints(caplog), what="a worker that says so")
        await postgres.start()
        await ask(db, cast.anna, cast.accounting, "После")
        await smtp.wait(DENIS, 2, within=40)
    await db.close()
    await postgres.drop(url)
    assert all(count == 1 for count in _complaints(caplog).values())


def _complaints(caplog: pytest.LogCaptureFixture) -> dict[str, int]:
    told = [r.getMessage() for r in caplog.records if "does not work" in r.message]
    return {message: told.count(message) for message in told}
