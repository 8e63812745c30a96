"""The database's shape in steps (Alembic). `migrate` runs them at start; on PostgreSQL under an advisory lock, so that several processes may start at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from server.config import Misconfigured
from server.db import Database, Session

LOCK = 7_041_936_012_024  # any number nobody else locks: the journal's own


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for this package, wherever it is installed."""
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent))
    found.attributes["connection"] = connection
    return found


async def migrate(db: Database) -> None:
    """Brings the database to the newest shape; returns at once when it is there."""
    async with db.engine.begin() as connection:
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    try:
        command.upgrade(config(connection), "head")
    except CommandError as problem:
        raise Misconfigured(f"DATABASE_URL: the database is of another version of the journal ({problem})") from problem


async def is_current(s: Session) -> bool:
    """Whether the database has the shape this code was written for."""
    connection = await s.connection()
    return bool(await connection.run_sync(_is_current))


def _is_current(connection: Connection) -> bool:
    heads = ScriptDirectory.from_config(config()).get_heads()
    return set(MigrationContext.configure(connection).get_current_heads()) == set(heads)
