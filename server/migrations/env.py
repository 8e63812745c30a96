"""Alembic's door: runs steps on the connection it is given (`server.migrations`), or on DATABASE_URL when a step is being written."""

import asyncio
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

from server.config import from_environment
from server.db import Database, UtcDateTime
from server.migrations import tables  # noqa: F401 - every table must be known before steps are compared


def _rendered(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """A step names plain column types: it must run long after ours have changed."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


def run(connection: Connection) -> None:
    """Runs the steps in the connection's own transaction."""
    context.configure(
        connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True, compare_type=True,
        render_item=_rendered, include_object=lambda _o, name, kind, _r, _c: not (kind == "table" and str(name).startswith("search_words")),
    )  # fmt: skip
    with context.begin_transaction():
        context.run_migrations()


async def _alone() -> None:
    db = Database(from_environment().database_url)
    async with db.engine.begin() as connection:
        await connection.run_sync(run)
    await db.close()


if (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    asyncio.run(_alone())
