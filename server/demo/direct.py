"""SQLite in the event loop's own thread. The journal's driver hands each step to a thread, which is right while people
wait for each other and wrong when one history is played to nobody: four hops for each of ten thousand statements."""

from sqlalchemy import URL, NullPool, Pool
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

registry.register("sqlite.direct", __name__, "Direct")


class Direct(SQLiteDialect_pysqlite):
    """The standard library's driver under the async engine: its calls simply return at once."""

    driver = "direct"
    is_async = True
    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        """The pool of the synchronous driver waits with a lock of threads; one connection needs no pool."""
        return NullPool


def direct(url: str) -> str:
    """The same SQLite database by the direct driver."""
    return url.replace("sqlite+aiosqlite:", "sqlite+direct:", 1)
