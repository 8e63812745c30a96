"""Backup and restore: the whole journal, database and files, in one archive that either kind of database can take back.

We write rows as JSON lines in one snapshot instead of copying the database's own files, because the same few lines then
serve SQLite and PostgreSQL, and a journal can move from one to the other; we give up the speed of a file copy."""

import base64
import json
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from alembic.script import ScriptDirectory
from sqlalchemy import Date, DateTime, LargeBinary, Table, delete, func, insert, text, update
from sqlalchemy import select as rows_of
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel, select

from server.clock import now
from server.config import Settings
from server.db import Database, Session, UtcDateTime
from server.errors import Conflict, Invalid
from server.files.storage import Storage
from server.migrations import config, migrate, tables
from server.people.model import ApiToken, User
from server.tickets.model import EPOCH, Counter, Ticket

FORMAT = 1
BATCH = 500
# Log-ins that have ended since must not come back to life, and who is there now is not what it was then.
NOT_RESTORED = frozenset({"login_session", "challenge", "presence"})


async def backup(db: Database, settings: Settings, file: Path) -> str:
    """Writes the archive while the journal runs: rows as of one moment, then the files they name."""
    with tempfile.TemporaryDirectory(prefix="journal-backup-") as folder:
        async with db.engine.connect() as connection:
            if not db.is_sqlite:  # SQLite's reader sees one moment anyway
                await connection.execution_options(isolation_level="REPEATABLE READ")
            counts = {t.name: await _dump(connection, t, Path(folder) / t.name) for t in _tables()}
            files = list((await connection.execute(rows_of(_table("file").c.id))).scalars())
        manifest = {
            "format": FORMAT, "made_at": now().isoformat(), "revision": revision(), "rows": counts, "files": len(files),
        }  # fmt: skip
        missing = await _pack(file, Path(folder), manifest, Storage(settings), files)
    size = file.stat().st_size  # noqa: ASYNC240
    return f"{file}: {sum(counts.values())} rows, {len(files) - missing} files, {size} bytes" + (
        f"; {missing} files are not in the storage" if missing else ""
    )


def revision() -> str:
    """The shape of the database that this code was written for."""
    return str(ScriptDirectory.from_config(config()).get_current_head())


def _tables() -> list[Table]:
    """Every table, each after those it points to."""
    assert tables.__all__, "the metadata is whole"
    return SQLModel.metadata.sorted_tables


def _table(name: str) -> Table:
    return SQLModel.metadata.tables[name]


async def _dump(connection: AsyncConnection, table: Table, target: Path) -> int:
    count = 0
    with target.open("w", encoding="utf-8") as out:
        out.write(json.dumps([c.name for c in table.columns]) + "\n")
        rows = await connection.stream(rows_of(table).order_by(*table.primary_key.columns))
        async for row in rows:
            out.write(json.dumps([_plain(v) for v in row], ensure_ascii=False, separators=(",", ":")) + "\n")
            count += 1
    return count


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, date) else value


async def _pack(file: Path, folder: Path, manifest: dict[str, Any], storage: Storage, files: list[str]) -> int:
    """Complete or not there at all, and for its owner's eyes only. The number of files that were missing."""
    part, missing = file.with_name(file.name + ".part"), 0
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:  # noqa: ASYNC230
        with tarfile.open(fileobj=out, mode="w:gz", compresslevel=3) as archive:
            _add(archive, "manifest.json", json.dumps(manifest, indent=1).encode())
            for table in _tables():
                archive.add(folder / table.name, f"tables/{table.name}.jsonl")
            for file_id in files:
                data = await storage.read(file_id)
                missing += data is None
                if data is not None:
                    _add(archive, f"files/{file_id}", data)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
    return missing


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.mode = len(data), int(now().timestamp()), 0o600
    archive.addfile(entry, BytesIO(data))


async def restore(db: Database, settings: Settings, file: Path) -> list[str]:
    """Puts the archive in the place of whatever is there, whole or not at all, and raises the epoch, so that browsers
    forget what is no longer true. What was there before is first kept in DATA_DIR. `Conflict` while a journal runs."""
    _require_stopped_sqlite(settings)
    said = []
    with tarfile.open(file, "r:gz") as archive:
        manifest = _manifest(archive)
        await migrate(db)
        await _require_stopped_postgresql(db)
        if await _holds_anything(db):
            kept = settings.data_dir / f"before-restore-{now():%Y%m%d-%H%M%S}.tar.gz"
            said.append("was there before: " + await backup(db, settings, kept))
        async with db.transaction() as s:
            epoch = await _epoch(s)
            await _empty(s)
            await _fill(s, archive, Storage(settings))
            await _settle(s, epoch)
    said.append(
        f"{file}: {sum(manifest['rows'].values())} rows, {manifest['files']} files, made at {manifest['made_at']}"
    )
    return said


def _manifest(archive: tarfile.TarFile) -> dict[str, Any]:
    entry = archive.next()
    found = archive.extractfile(entry) if entry is not None and entry.name == "manifest.json" else None
    if found is None:
        raise Invalid({"file": "Это не архив журнала"})
    manifest: dict[str, Any] = json.load(found)
    if manifest["format"] != FORMAT or manifest["revision"] != revision():
        raise Conflict("Архив сделан журналом другой версии (%(revision)s): восстановите его в ней, потом обновите",
                       values={"revision": manifest["revision"]})  # fmt: skip
    return manifest


def _require_stopped_sqlite(settings: Settings) -> None:
    """Leaving the write-ahead log is possible only while nobody else has the database open."""
    path = Path(make_url(settings.database_url).database or "") if settings.sqlite else None
    if path is None or not path.is_file():
        return
    with closing(sqlite3.connect(path, timeout=0)) as connection:
        try:
            connection.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError:
            raise Conflict("Журнал работает. Остановите его и повторите.") from None


async def _require_stopped_postgresql(db: Database) -> None:
    if db.is_sqlite:
        return
    async with db.reading() as s:
        others = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name = 'journal' AND pid <> pg_backend_pid()"
        )
        if (await (await s.connection()).execute(others)).scalar_one():
            raise Conflict("Журнал работает. Остановите его и повторите.")


async def _holds_anything(db: Database) -> bool:
    async with db.reading() as s:
        return any([(await s.exec(select(func.count()).select_from(t))).one() for t in (User, Ticket)])


async def _epoch(s: Session) -> int:
    row = await s.get(Counter, EPOCH)
    return row.value if row else 0


async def _empty(s: Session) -> None:
    for table in reversed(_tables()):
        await s.exec(delete(table))
    s.expunge_all()


async def _fill(s: Session, archive: tarfile.TarFile, storage: Storage) -> None:
    connection = await s.connection()
    while (entry := archive.next()) is not None:
        folder, _, name = entry.name.partition("/")
        found = archive.extractfile(entry)
        if found is None:
            continue
        if folder == "files":
            await storage.put(name, found.read())
        elif folder == "tables" and (table := SQLModel.metadata.tables.get(name.removesuffix(".jsonl"))) is not None:
            for rows in _batches(table, found) if table.name not in NOT_RESTORED else ():
                await connection.execute(insert(table), rows)


def _batches(table: Table, lines: IO[bytes]) -> Iterator[list[dict[str, Any]]]:
    names: list[str] = json.loads(next(iter(lines)))
    rows: list[dict[str, Any]] = []
    for line in lines:
        rows.append({n: _typed(table, n, v) for n, v in zip(names, json.loads(line), strict=True)})
        if len(rows) == BATCH:
            yield rows
            rows = []
    if rows:
        yield rows


def _typed(table: Table, name: str, value: Any) -> Any:
    kind = table.columns[name].type
    if value is None:
        return None
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value)
    if isinstance(kind, UtcDateTime | DateTime):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(kind, Date) else value


async def _settle(s: Session, epoch: int) -> None:
    """The epoch grows past both; PostgreSQL counts on from the highest ids; nothing that was waiting is sent again."""
    row = await s.get(Counter, EPOCH)
    s.add(row := row or Counter(name=EPOCH, value=0))
    row.value = max(epoch, row.value) + 1
    await s.exec(update(ApiToken).values(restored=True))
    dispatch = _table("dispatch")
    under_way = dispatch.c.state.in_(("waiting", "leaving"))
    await s.exec(
        dispatch.update().where(under_way).values(state="dropped", secret=None, problem="restored from a backup")
    )
    connection = await s.connection()
    if connection.dialect.name == "postgresql":
        for table in _tables():
            await _count_on(connection, table)


async def _count_on(connection: AsyncConnection, table: Table) -> None:
    column = table.autoincrement_column
    if column is None:
        return
    sequence = func.pg_get_serial_sequence(f'"{table.name}"', column.name)
    highest = rows_of(func.max(column)).scalar_subquery()
    await connection.execute(rows_of(func.setval(sequence, func.coalesce(highest, 1), highest.is_not(None))))
