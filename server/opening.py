"""Opens what the settings name before anything else starts: what can't be used is told in one line, by its variable."""

import socket
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager

from sqlalchemy.exc import DBAPIError

from server.config import Misconfigured, Settings
from server.db import Database, Listener


@contextmanager
def naming(variable: str) -> Iterator[None]:
    """Whatever goes wrong inside is that variable's."""
    try:
        yield
    except Exception as problem:
        raise Misconfigured(f"{variable} can't be used: {reason(problem)}") from problem


def reason(problem: Exception) -> str:
    """In words of the system or of the database: anything else may quote an address, and with it a password."""
    said: BaseException = problem
    if isinstance(problem, DBAPIError) and problem.orig:
        said = problem.orig.__cause__ or problem.orig
    if isinstance(problem, (OSError, DBAPIError, TypeError, sqlite3.Error)) or hasattr(problem, "sqlstate"):
        return str(said) or "no answer in time"
    return f"it can't be read ({type(problem).__name__})"


@asynccontextmanager
async def database(settings: Settings, listener: Listener | None = None) -> AsyncIterator[Database]:
    """The database, which has answered."""
    variable = "DATA_DIR" if str(settings.data_dir) in settings.database_url else "DATABASE_URL"
    with naming(variable):
        db = Database(settings.database_url, listener)
    try:
        with naming(variable):
            await _answered(db)
        yield db
    finally:
        await db.close()


async def _answered(db: Database) -> None:
    if not db.is_sqlite:
        async with db.engine.connect():
            return
    # Not by aiosqlite: the thread of a connection that failed outlives it, and complains that our loop is gone.
    with closing(sqlite3.connect(db.engine.url.database or ":memory:", timeout=10)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


async def everything(settings: Settings) -> None:
    """All that a process which serves or works will open, once; Redis may be away. The database gets its shape."""
    from server.events.bus import RedisBus
    from server.files.storage import Storage
    from server.migrations import migrate

    with naming("DATA_DIR"):
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=settings.data_dir).close()
    with naming("FILES_URL" if settings.files_url else "DATA_DIR"):
        Storage(settings)
    if settings.redis_url:
        with naming("REDIS_URL"):
            await RedisBus(settings.redis_url).close()
    async with database(settings) as db:
        await migrate(db)


def require_free_port(settings: Settings) -> None:
    """Says so before anything is prepared."""
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as problem:
        where = f"HOST={settings.host}, PORT={settings.port}"
        raise Misconfigured(f"{where}: can't be listened on ({problem.strerror}), choose another") from problem
