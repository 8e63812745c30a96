"""The engine, `transaction()` and `reading()`. The only commit of the house stands here."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import DateTime, Dialect, event, orm
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext import asyncio as asyncio_orm
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session as SyncSession
from sqlmodel.ext.asyncio.session import AsyncSession

log = logging.getLogger(__name__)
# At DEBUG the driver tells every parameter: texts, codes, hashes.
logging.getLogger("aiosqlite").setLevel(logging.WARNING)
Listener = Callable[[Sequence[Any]], Awaitable[None]]
NEWS, HEARD, WRITES, LAST = "news", "heard", "writes", "last"
CLOSE_WITHIN = 5.0


class Unreachable(ConnectionError):
    """No connection could be opened, whatever the system calls it: other errors of the system are not about us."""


# What is raised while the database can't be reached or doesn't answer: passing, nothing was written, worth another try.
# SQLite calls a column that is not there operational too: see `Database.complain`.
AWAY = (OperationalError, InterfaceError, PoolTimeout, ConnectionError, TimeoutError)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC: SQLite gives datetimes back without a zone, so the zone is put on here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


class _Session(SyncSession):
    execute = orm.Session.execute  # SQLModel warns of it for the sake of selects; UPDATE … RETURNING has no other way


class Session(AsyncSession):
    """One unit of work. What is put down with `tell` is passed on after the commit, and only then."""

    sync_session_class = _Session
    execute = asyncio_orm.AsyncSession.execute

    def tell(self, news: object) -> None:
        self.info.setdefault(NEWS, []).append(news)

    def at_last(self, do: "Callable[[Session], Awaitable[None]]") -> None:
        """What a transaction does before its commit, once, however often it was asked for."""
        self.info.setdefault(LAST, {})[do] = None

    @property
    def heard(self) -> bool:
        """Whether anybody listens: what costs queries to tell is not made for nobody."""
        return bool(self.info.get(HEARD, True))

    @property
    def writes(self) -> bool:
        """Whether this is a transaction and not a session that only reads."""
        return bool(self.info.get(WRITES))


class Database:
    """Owns the engine. `listener` is called with the news of a transaction after its commit: on SQLite in commit order;
    on PostgreSQL two may change places, and whoever listens asks the log."""

    def __init__(self, url: str, listener: Listener | None = None) -> None:
        self.url = url
        self.listener = listener
        self.engine = _engine(url)
        # SQLite has one writer: queueing here keeps order and spares busy-waiting inside the driver.
        self._writer = asyncio.Lock() if self.is_sqlite else nullcontext()
        self._away = self._closed = False
        self._writing: set[asyncio.Task[Any] | None] = set()

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    def _session(self) -> Session:
        if self._closed:
            raise Unreachable("closed")
        return Session(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """One transaction, opened at the edge: commits at the end, rolls back whole on any exception, then passes
        news on. One inside another of the same task would wait for itself and hold up every writer: refused."""
        task = asyncio.current_task()
        if task in self._writing:
            raise RuntimeError("a transaction inside a transaction: hand the session on instead")
        self._writing.add(task)
        try:
            async with self._writer, self._committed() as session:
                yield session
        finally:
            self._writing.discard(task)

    @asynccontextmanager
    async def _committed(self) -> AsyncIterator[Session]:
        async with self._session() as session:
            session.info[WRITES] = True
            session.info[HEARD] = self.listener is not None
            if self.is_sqlite:
                await session.connection(execution_options={"journal_write": True})
            yield session
            for do in session.info.get(LAST, ()):
                await do(session)
            await session.commit()
            self._away = False
            if (news := session.info.get(NEWS)) and self.listener:
                await self.listener(news)

    @asynccontextmanager
    async def reading(self, *, one_moment: bool = False) -> AsyncIterator[Session]:
        """A session that only reads. What it gave out stays readable after it. With `one_moment` all its queries see
        the database as of one moment (SQLite's always do): a right and what it opens must not come from two."""
        async with self._session() as session:
            if one_moment and not self.is_sqlite:
                await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session
        self._away = False

    def complain(self, where: str, problem: BaseException) -> None:
        """Logs that the database does not answer: in full once, then briefly until it has answered again."""
        words = "%s: the database does not answer (%s)"
        log.error(words, where, type(problem).__name__, exc_info=None if self._away else problem)
        self._away = True

    async def close(self) -> None:
        """Nobody may begin; those who are still at it may finish, for `CLOSE_WITHIN` seconds at most: a connection that
        came back later would stay open for ever."""
        self._closed = True
        pool = self.engine.sync_engine.pool
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN):
                while isinstance(pool, QueuePool) and pool.checkedout():  # noqa: ASYNC110 it tells nobody
                    await asyncio.sleep(0.01)
        await self.engine.dispose()


def _engine(url: str) -> AsyncEngine:
    if not url.startswith("sqlite"):
        engine = create_async_engine(
            url, hide_parameters=True, pool_size=10, max_overflow=10, pool_timeout=5, pool_pre_ping=True,
            connect_args={"timeout": 5, "server_settings": {"application_name": "journal"}},
        )  # fmt: skip
        event.listen(engine.sync_engine, "handle_error", _away)
        event.listen(engine.sync_engine, "do_connect", _connect)
        return engine
    path = urlsplit(url).path
    if path.strip("/"):
        Path(make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(url, connect_args={"timeout": 10}, hide_parameters=True)
    event.listen(engine.sync_engine, "connect", _sqlite_connect)
    event.listen(engine.sync_engine, "begin", _sqlite_begin)
    return engine


def _away(context: ExceptionContext) -> None:
    """A server that stops, starts or has no connection left is away, not wrong: the driver's own class says neither."""
    problem = context.original_exception
    if str(getattr(problem, "sqlstate", None) or "").startswith(("08", "53", "57P")):
        raise OperationalError(None, None, problem) from problem


def _connect(dialect: Dialect, _record: Any, args: Any, more: Any) -> Any:
    try:
        return dialect.connect(*args, **more)
    except OSError as problem:
        raise Unreachable(str(problem)) from problem


def _sqlite_connect(connection: Any, _record: Any) -> None:
    # FULL: an acknowledged message survives a power cut, not only a killed process.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Any) -> None:
    # A deferred transaction that turns into a writer can fail at once with "locked"; writers say so from the start.
    write = connection.get_execution_options().get("journal_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
