"""What was kept comes back whole, into either kind of database, and says that time has gone back."""

import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select as rows_of
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel, select

from server.config import Settings
from server.db import Database, Session
from server.errors import Conflict, Invalid
from server.events.proof import first_broken_link
from server.files.model import File
from server.files.storage import Storage
from server.keeping import NOT_RESTORED, backup, restore
from server.notices.model import Dispatch
from server.people.model import LoginSession, User
from server.tickets import talk
from server.tickets.model import Counter
from tests.cast import Cast, as_viewer, ask
from tests.parts.postgres import Postgres
from tests.people.entrance import come_in, give_password, is_inside

PICTURE = b"\x89PNG not really, but bytes are bytes \x00\xff"


@pytest.fixture
async def settings(settings: Settings, database_url: str) -> Settings:
    return replace(settings, database_url=database_url)


async def _say(db: Database, cast: Cast, number: int, word: str) -> None:
    async with db.transaction() as s:
        await talk.say(s, await as_viewer(s, cast.anna), number, "public", talk.Words(id=word, text=word))


async def _filled(db: Database, cast: Cast, settings: Settings) -> int:
    number = await ask(db, cast.anna, cast.accounting)
    await _say(db, cast, number, "сказано до копии")
    async with db.transaction() as s:
        s.add(
            File(
                id="ab" * 16,
                name="снимок.png",
                size=len(PICTURE),
                type="image/png",
                sha256="",
                uploader_id=cast.anna.id,
            )
        )
    await Storage(settings).put("ab" * 16, PICTURE)
    return number


async def _everything(db: Database) -> dict[str, list[tuple[object, ...]]]:
    found = {}
    async with db.engine.connect() as connection:
        for table in SQLModel.metadata.sorted_tables:
            if table.name not in NOT_RESTORED | {"counter", "dispatch"}:
                columns = [c for c in table.columns if c.name != "restored"]  # that alone is no longer as it was
                rows = await connection.execute(rows_of(*columns).order_by(*table.primary_key.columns))
                found[table.name] = [tuple(row) for row in rows]
    return found


async def test_G23_what_came_after_the_copy_is_gone_and_the_epoch_says_so(
    db: Database, cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    number = await _filled(db, cast, settings)
    before = await _everything(db)
    await backup(db, settings, tmp_path / "copy.tar.gz")
    await _say(db, cast, number, "сказано после копии")
    await Storage(settings).delete("ab" * 16)
    for epoch in (1, 2):
        await db.close()
        fresh = Database(settings.database_url)
        said = await restore(fresh, settings, tmp_path / "copy.tar.gz")
        assert len(said) == 2, "what was there before is kept as well"
        assert await _everything(fresh) == before
        assert await first_broken_link(fresh) is None
        assert await Storage(settings).read("ab" * 16) == PICTURE
        async with fresh.reading() as s:
            assert (await s.get_one(Counter, "epoch")).value == epoch
        await _say(fresh, cast, number, f"сказано снова {epoch}")  # numbers and ids go on
        await fresh.close()


async def test_a_journal_moves_from_one_kind_of_database_to_the_other(
    db: Database, cast: Cast, settings: Settings, tmp_path: Path, postgres: Postgres
) -> None:
    await _filled(db, cast, settings)
    before = await _everything(db)
    await backup(db, settings, tmp_path / "copy.tar.gz")
    url = f"sqlite+aiosqlite:///{tmp_path}/moved/journal.db"
    if settings.sqlite:
        url = (await postgres.create()).replace("postgresql://", "postgresql+asyncpg://")
    other = Database(url)
    await restore(other, replace(settings, database_url=url, data_dir=tmp_path / "moved"), tmp_path / "copy.tar.gz")
    assert await _everything(other) == before
    assert await first_broken_link(other) is None
    await ask(other, cast.vera, cast.network)
    await other.close()


async def test_logins_and_letters_of_that_time_do_not_come_back_to_life(
    db: Database, cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    await give_password(db, cast.anna)
    inside = await come_in(db, cast.anna)
    await backup(db, settings, tmp_path / "copy.tar.gz")
    await db.close()
    fresh = Database(settings.database_url)
    await restore(fresh, settings, tmp_path / "copy.tar.gz")
    assert not await is_inside(fresh, inside)
    async with fresh.reading() as s:
        assert not (await s.exec(select(LoginSession))).all()
        letters = (await s.exec(select(Dispatch))).all()
        assert letters
        assert {(d.state, d.secret) for d in letters} == {("dropped", None)}
    await fresh.close()


async def test_a_running_journal_is_not_restored_over(
    db: Database, cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    await backup(db, settings, tmp_path / "copy.tar.gz")
    other = Database(settings.database_url)
    with pytest.raises(Conflict, match="Журнал работает"):
        await restore(other, settings, tmp_path / "copy.tar.gz")
    await other.close()
    async with db.reading() as s:
        assert (await s.exec(select(User))).all()


async def test_what_is_no_copy_of_ours_changes_nothing(
    db: Database, cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    await backup(db, settings, tmp_path / "copy.tar.gz")
    with tarfile.open(tmp_path / "copy.tar.gz") as archive:
        archive.extractall(tmp_path / "out", filter="data")
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    (tmp_path / "out/manifest.json").write_text(json.dumps(manifest | {"revision": "9999"}))
    for name, inside in (("later.tar.gz", "manifest.json"), ("other.tar.gz", "tables/user.jsonl")):
        with tarfile.open(tmp_path / name, "w:gz") as archive:
            archive.add(tmp_path / "out" / inside, inside)
    await db.close()
    other = Database(settings.database_url)
    for name, refusal in (("later.tar.gz", Conflict), ("other.tar.gz", Invalid)):
        with pytest.raises(refusal):
            await restore(other, settings, tmp_path / name)
    async with other.reading() as s:
        assert (await s.exec(select(User))).all()
    await other.close()


async def test_a_restore_that_fails_half_way_leaves_what_was_there(
    db: Database, cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    await backup(db, settings, tmp_path / "copy.tar.gz")
    whole = (tmp_path / "copy.tar.gz").read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    before = await _everything(db)
    await db.close()
    other = Database(settings.database_url)
    with pytest.raises((EOFError, tarfile.TarError, OSError, ValueError)):
        await restore(other, settings, tmp_path / "cut.tar.gz")
    assert await _everything(other) == before
    await other.close()


async def test_the_copy_is_for_its_owner_only(db: Database, cast: Cast, settings: Settings, tmp_path: Path) -> None:
    await backup(db, settings, tmp_path / "copy.tar.gz")
    assert (tmp_path / "copy.tar.gz").stat().st_mode & 0o077 == 0


BREAKS = {
    "the text is another": ("UPDATE event SET text = 'иначе' WHERE ticket = 1 AND seq = 2", "ticket:1 2:"),
    "the author is another": ("UPDATE event SET author_id = 2 WHERE ticket = 1 AND seq = 2", "ticket:1 2:"),
    "the salt goes with another text": ("UPDATE event SET digest = 'x' WHERE ticket = 1 AND seq = 3", "ticket:1 3:"),
    "the link is another": ("UPDATE event SET link = 'x' WHERE ticket = 1 AND seq = 1", "ticket:1 1:"),
    "one is gone": ("DELETE FROM event WHERE ticket = 1 AND seq = 2", "ticket:1 2:"),
    "the last is gone": ("DELETE FROM event WHERE ticket = 1 AND seq = 4", "ticket:1 4:"),
    "the head was moved back": ("UPDATE ticket SET head = 3 WHERE number = 1", "ticket:1 4:"),
    "a note is another": ("UPDATE event SET text = 'x' WHERE ticket = 1 AND line = 'staff'", "ticket:1:staff 1:"),
}


async def _conversation(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    assert number == 1
    for word in ("раз", "два", "три"):
        await _say(db, cast, number, word)
    async with db.transaction() as s:
        await talk.say(s, await as_viewer(s, cast.denis), number, "staff", talk.Words(id="n", text="между нами"))


async def test_a_whole_log_is_proved_whole_with_edits_and_erasures(db: Database, cast: Cast) -> None:
    await _conversation(db, cast)
    async with db.transaction() as s:
        await talk.edit(s, await as_viewer(s, cast.anna), 1, "public", 2, "раз-раз")
        await talk.delete(s, await as_viewer(s, cast.anna), 1, "public", 3)
    assert await first_broken_link(db) is None
    async with db.transaction() as s:
        await (await s.connection()).execute(text("UPDATE event SET text = NULL, salt = NULL WHERE seq = 3"))
    assert await first_broken_link(db) is None, "what was erased by the rules keeps its digest"


async def test_every_break_is_found_by_room_and_number(db: Database, cast: Cast) -> None:
    await _conversation(db, cast)
    for what, (statement, place) in BREAKS.items():
        async with db.engine.connect() as connection:
            await connection.execute(text(statement))
            found = await first_broken_link(_Within(db, connection))
            await connection.rollback()
        assert found, what
        assert found.startswith(place), what
    assert await first_broken_link(db) is None


class _Within(Database):
    """The database as it looks inside one connection, whose changes are rolled back."""

    def __init__(self, db: Database, connection: AsyncConnection) -> None:
        self.url, self.connection = db.url, connection

    def _session(self) -> Session:
        return Session(self.connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
