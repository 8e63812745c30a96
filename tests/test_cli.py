"""`journal …` as a person at a console meets it: exit status, what is printed, one line on stderr."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from io import StringIO
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text as sql
from sqlmodel import select

from server import cli
from server.catalogue.model import LegalEntity, Organisation, Responsible, Service
from server.db import Database
from server.notices.model import Dispatch
from server.people import passwords, tokens
from server.people.model import ApiToken, Membership, User
from server.tickets import talk
from tests.cast import SECRET, as_viewer, ask, fill
from tests.parts.http import http_client
from tests.parts.process import free_port
from tests.parts.until import until
from tests.test_config import variables

SERVES = {"MAIL_URL": "file:", "SMS_URL": "file:", "SECRET_KEY": SECRET}
NOWHERE = "redis://127.0.0.1:1/0"  # every command works with Redis away


class Console:
    """A folder with a journal in it. Commands run in a thread of this process; `running` gives one its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys
        self.out = self.err = ""

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)

    async def __call__(self, *arguments: str, typed: str = "", status: int = 0) -> str:
        """Runs a command to its end; what it printed."""
        self.monkeypatch.setattr("sys.stdin", StringIO(typed))
        try:
            found = await asyncio.to_thread(cli.main, arguments)
        except SystemExit as left:  # argparse's own way out
            found = int(left.code or 0)
        self.out, self.err = self.capsys.readouterr()
        assert found == status, f"{arguments}: {found}\n{self.out}{self.err}"
        return self.out

    async def refused(self, *arguments: str, typed: str = "") -> str:
        """The one line that says why."""
        await self(*arguments, typed=typed, status=1)
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("journal: ")
        return lines[0]

    @asynccontextmanager
    async def running(self, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """The same as a process, ended with SIGTERM: a clean stop is status 0 and no word."""
        command = [sys.executable, "-m", "server.cli", *arguments]
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            _, said = await process.communicate()
        assert (process.returncode, said.decode()) == (0, "")


@pytest.fixture
def console(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Console:
    found = Console(monkeypatch, capsys)
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    found.set(DATA_DIR=str(tmp_path), DATABASE_URL=database_url)
    return found


@pytest.fixture
async def kept(database_url: str) -> AsyncIterator[Database]:
    db = Database(database_url)
    yield db
    await db.close()


ANNA = (
    "user",
    "add",
    "Anna",
    "--role",
    "client",
    "--name",
    "Анна Лугова",
    "--email",
    "anna@x.test",
    "--phone",
    "8 900 111-22-33",
)
DENIS = (
    "user",
    "add",
    "denis",
    "--role",
    "executor",
    "--role",
    "lead",
    "--name",
    "Денис",
    "--email",
    "d@x.test",
    "--phone",
    "+79001112234",
)


async def test_a_small_company_is_set_up_from_the_console(console: Console, kept: Database) -> None:
    console.set(REDIS_URL=NOWHERE)
    await console("org", "add", "Ромашка")
    await console(*ANNA, "--org", "Ромашка", "--can-approve", "--password-stdin", typed="зелёный забор 17\n")
    await console(*DENIS)
    await console("service", "add", "1С", "--responsible", "denis")
    await console("org", "add", "Лютик")
    await console("member", "add", "anna", "--org", "Лютик")
    token = (await console("token", "add", "ANNA")).strip()
    assert console.out == token + "\n", "the token, nothing else"
    async with kept.reading() as s:
        users = {u.login: u for u in (await s.exec(select(User))).all()}
        assert (users["denis"].roles, users["denis"].password_temporary) == (["executor", "lead"], True)
        assert not users["anna"].password_temporary
        found = await tokens.find(s, token)
        assert found is not None
        assert found[0].login == "anna"
        letters = (await s.exec(select(Dispatch))).all()
        assert [(d.kind, d.address) for d in letters] == [("registration", "d@x.test")], "no mail with an own password"
        assert {e.name for e in (await s.exec(select(LegalEntity))).all()} == {"Ромашка", "Лютик"}
        memberships = {m.organisation_id: m.can_approve for m in (await s.exec(select(Membership))).all()}
        names = {o.name: o.id for o in (await s.exec(select(Organisation))).all()}
        assert memberships == {names["Ромашка"]: True, names["Лютик"]: False}
        service = (await s.exec(select(Service))).one()
        assert [r.user_id for r in (await s.exec(select(Responsible))).all()] == [users["denis"].id]
        assert service.approval == "always"
    assert (await passwords.verdict(users["anna"].password_hash, "зелёный забор 17")).fits


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_a_refusal_is_one_line_and_leaves_nothing(console: Console, kept: Database) -> None:
    await console("org", "add", "Ромашка")
    await console(*DENIS)
    assert "уже есть" in await console.refused("org", "add", "Ромашка")
    assert "«Лютик» нет" in await console.refused(*ANNA, "--org", "Лютик")
    assert "«nobody» нет" in await console.refused("token", "add", "nobody")
    assert "«nobody» нет" in await console.refused("service", "add", "1С", "--responsible", "denis", "nobody")
    assert "только у клиента" in await console.refused("member", "add", "denis", "--org", "Ромашка")
    assert "уже занят" in await console.refused(*DENIS)
    wrong = await console.refused(*ANNA, "--email", "нет")
    assert "адрес почты" in wrong
    assert "Укажите организацию клиента" in wrong, "all of it at once"
    assert "короче 8 знаков" in await console.refused(*ANNA, "--password-stdin", typed="короче\n")
    assert "Введите пароль" in await console.refused(*ANNA, "--password-stdin", typed="")
    faulty = [*ANNA[:-1], "123"]
    assert "номер телефона" in await console.refused(*faulty)
    async with kept.reading() as s:
        assert [u.login for u in (await s.exec(select(User))).all()] == ["denis"]
        assert not (await s.exec(select(Service))).all()
        assert not (await s.exec(select(ApiToken))).all()


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_what_is_typed_wrong_is_status_two(console: Console) -> None:
    for arguments in (
        (), ("dance",), ("org",), ("org", "add"), ("user", "add", "anna"), ("restore",), ("token", "add"),
        (*ANNA[:3], "--role", "boss", *ANNA[5:]), ("member", "add", "anna"), ("verify", "extra"),
    ):  # fmt: skip
        await console(*arguments, status=2)
        assert "usage:" in console.err
    assert "user" in await console("--help")


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_an_unusable_environment_is_named(console: Console) -> None:
    assert "MAIL_URL" in await console.refused("serve")
    assert "MAIL_URL" in await console.refused("worker")
    console.set(MAIL_URL="file:", SMS_URL="file:")
    assert "SECRET_KEY" in await console.refused("serve")
    console.set(SECRET_KEY=SECRET, WEB_CONCURRENCY="3")
    assert "REDIS_URL" in await console.refused("serve")
    console.set(PORT="http")
    assert "PORT" in await console.refused("org", "add", "Ромашка")


async def test_a_database_of_a_newer_version_or_of_another_name_is_refused(console: Console, kept: Database) -> None:
    async with kept.engine.begin() as connection:
        await connection.execute(sql("UPDATE alembic_version SET version_num = '9999'"))
    for arguments in (("migrate",), ("serve",)):
        console.set(**SERVES, PORT=str(free_port()))
        assert "DATABASE_URL: the database is of another version" in await console.refused(*arguments)
    if not kept.is_sqlite:
        console.set(DATABASE_URL=kept.url + "_nowhere")
        assert "DATABASE_URL can't be used: database " in await console.refused("migrate")


async def test_migrate_may_be_repeated(console: Console, kept: Database) -> None:
    await console("migrate")
    await console("migrate")
    async with kept.reading() as s:
        assert (await s.exec(select(User))).all() == []


async def _talk(kept: Database) -> None:
    cast = await fill(kept)
    number = await ask(kept, cast.anna, cast.accounting)
    async with kept.transaction() as s:
        await talk.say(s, await as_viewer(s, cast.anna), number, "public", talk.Words(id="1", text="важное"))


async def test_verify_names_the_room_and_number_of_the_first_broken_link(console: Console, kept: Database) -> None:
    await console("migrate")
    await _talk(kept)
    assert await console("verify") == ""
    async with kept.engine.begin() as connection:
        await connection.execute(sql("UPDATE event SET text = 'неважное' WHERE seq = 2"))
    assert "ticket:1 2:" in await console.refused("verify")


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_looking_makes_no_journal_where_there_is_none(console: Console, tmp_path: Path) -> None:
    console.set(DATABASE_URL="", DATA_DIR=str(tmp_path / "new"))
    assert "no journal" in await console.refused("verify")
    assert "no journal" in await console.refused("backup", str(tmp_path / "copy.tar.gz"))
    assert not (tmp_path / "new" / "journal.db").exists()
    assert not (tmp_path / "copy.tar.gz").exists()
    for archive in ("nothing.tar.gz", "."):
        await console.refused("restore", str(tmp_path / archive))
    (tmp_path / "text.tar.gz").write_text("это не архив")
    await console.refused("restore", str(tmp_path / "text.tar.gz"))


async def test_a_copy_is_taken_while_the_journal_runs_and_taken_back_when_it_is_stopped(
    console: Console, kept: Database, tmp_path: Path
) -> None:
    await console("migrate")
    await _talk(kept)
    await kept.close()
    port = str(free_port())
    console.set(**SERVES, PORT=port)
    async with console.running("serve"), http_client(f"http://127.0.0.1:{port}") as http:

        async def answers() -> bool:
            with suppress(httpx2.HTTPError):
                return (await http.get("/readyz")).status_code == 200
            return False

        serves: Callable[[], bool | Awaitable[bool]] = answers
        await until(serves, 60, "the journal serves")
        await console("backup", str(tmp_path / "copy.tar.gz"))
        assert "Журнал работает" in await console.refused("restore", str(tmp_path / "copy.tar.gz"))
        assert await answers()
    async with kept.engine.begin() as connection:
        await connection.execute(sql("UPDATE event SET text = 'неважное' WHERE seq = 2"))
    await kept.close()
    await console.refused("verify")
    await console("restore", str(tmp_path / "copy.tar.gz"))
    await console("verify")
