"""SQLite in the event loop's own thread. The journal's driver hands each step to a thread, which is right while people
wait for each other and wrong when one history is played to nobody: four hops for each of nine thousand statements."""

import sqlite3
from typing import Any

from sqlalchemy import URL, NullPool, Pool
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from server.db import Database, Session

registry.register("sqlite.direct", __name__, "Direct")


class _Cursor(sqlite3.Cursor):
    async def _async_soft_close(self) -> None:
        """SQLAlchemy lets go of an asynchronous cursor so; here there is nothing to let go of."""


class _Connection(sqlite3.Connection):
    def cursor(self, factory: Any = _Cursor) -> Any:
        return super().cursor(factory)


class Direct(SQLiteDialect_pysqlite):
    """The standard library's driver under the async engine: its calls simply return at once."""

    driver = "direct"
    is_async = True
    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        """The pool of the synchronous driver waits with a lock of threads; one connection needs no pool."""
        return NullPool

    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        return super().connect(*cargs, **cparams | {"factory": _Connection})


class _AtOnce(Session):
    """Nothing waits in this driver, so the calls that are made most go without the greenlet that could wait for it."""

    async def exec(self, statement: Any, **more: Any) -> Any:
        return self.sync_session.exec(statement, **more)

    async def execute(self, statement: Any, params: Any = None, **more: Any) -> Any:
        return self.sync_session.execute(statement, params, **more)

    async def get(self, entity: Any, ident: Any, **more: Any) -> Any:
        return self.sync_session.get(entity, ident, **more)

    async def get_one(self, entity: Any, ident: Any, **more: Any) -> Any:
        return self.sync_session.get_one(entity, ident, **more)

    async def flush(self, objects: Any = None) -> None:
        self.sync_session.flush(objects)


class DirectDatabase(Database):
    """The same SQLite database by that driver, for one user at a time and nobody who listens."""

    def __init__(self, url: str) -> None:
        super().__init__(url.replace("sqlite+aiosqlite:", "sqlite+direct:", 1))

    def _session(self) -> Session:
        return _AtOnce(self.engine, expire_on_commit=False)
