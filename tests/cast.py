"""The fixed cast, on both kinds of ground: Anna and Boris of Ромашка, Denis, Lev and Nina of the staff, and
Vera of Лютик, who is tried at every door."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from server.catalogue.model import LegalEntity, Organisation, Responsible, Service
from server.clock import now
from server.config import Settings, async_url, from_environment
from server.db import Database, Session
from server.migrations import migrate
from server.people import passwords, sessions, tokens
from server.people.model import Membership, User
from server.people.policy import Viewer
from server.people.queries import viewer
from server.people.sessions import Device
from server.tickets.actions import NewTicket, create
from server.tickets.model import Ticket
from tests.parts import memory
from tests.parts.postgres import Postgres

LATELY = now().date() - timedelta(days=2)  # a day that has been everywhere, and on which time may be logged
SECRET = "a secret of the tests, long enough to be one"


@dataclass(frozen=True)
class Person:
    """One of the cast: id, login, and a bearer token."""

    id: int
    login: str
    name: str
    token: str


@dataclass(frozen=True)
class Cast:
    """Everybody and everything that is there before a test begins."""

    anna: Person
    boris: Person
    denis: Person
    lev: Person
    nina: Person
    vera: Person
    gleb: Person
    pavel: Person
    romashka: int
    lyutik: int
    accounting: int
    network: int


PEOPLE = {
    "anna": ("Анна Лугова", ["client"]),
    "boris": ("Борис Нестеров", ["client"]),
    "denis": ("Денис Орлов", ["executor"]),
    "lev": ("Лев Гордеев", ["lead"]),
    "nina": ("Нина Белова", ["accountant"]),
    "vera": ("Вера Климова", ["client"]),
    "gleb": ("Глеб Сомов", ["executor"]),
    "pavel": ("Павел Ершов", ["admin"]),
}


async def fill(db: Database) -> Cast:
    """Two organisations, two services, eight people: Denis answers for accounting, Gleb for the network."""
    async with db.transaction() as s:
        romashka, lyutik = [await _organisation(s, name) for name in ("Ромашка", "Лютик")]
        accounting = await _row(s, Service(name="1С:Бухгалтерия", group="1С", description="Учёт и отчётность"))
        network = await _row(s, Service(name="Сеть и доступы", group="ИТ", description="Интернет, почта, права"))
        people: dict[str, Person] = {}
        for place, (login, (name, roles)) in enumerate(PEOPLE.items()):
            user = User(login=login, name=name, roles=roles, email=f"{login}@example.test", phone=f"+7900000000{place}")
            user_id = await _row(s, user)
            people[login] = Person(user_id, login, name, await tokens.add(s, user))
        for login, organisation in (("anna", romashka), ("boris", romashka), ("vera", lyutik)):
            s.add(Membership(user_id=people[login].id, organisation_id=organisation, can_approve=login == "boris"))
        s.add(Responsible(service_id=accounting, user_id=people["denis"].id))
        s.add(Responsible(service_id=network, user_id=people["gleb"].id))
    return Cast(**people, romashka=romashka, lyutik=lyutik, accounting=accounting, network=network)


async def _organisation(s: Session, name: str) -> int:
    found = await _row(s, Organisation(name=name))
    s.add(LegalEntity(organisation_id=found, name=name))
    return found


async def _row(s: Session, row: User | Organisation | Service) -> int:
    s.add(row)
    await s.flush()
    assert row.id is not None
    return row.id


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> Postgres | None:
    """The server behind `database_url`, None for SQLite. Not async: a running loop can't start the session's server."""
    found: Postgres | None = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    return found


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Passwords of the suite cost nothing to hash: what a real one costs is the matter of `test_passwords`."""
    with pytest.MonkeyPatch.context() as for_all:
        for_all.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


on_sqlite = pytest.mark.parametrize("server", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("server", ["postgresql"], indirect=True)
_LONG = pytest.param("postgresql", marks=pytest.mark.long)
on_both_if_long = pytest.mark.parametrize("server", ["sqlite", _LONG], indirect=True)  # what takes twenty seconds
_people: dict[str, Cast] = {}  # of the databases that others are copied from


@pytest.fixture(scope="session")
def shelf() -> Iterator[Path]:
    """A folder for SQLite databases, and those that they are copied from."""
    found = memory.folder("sqlite")
    yield found
    shutil.rmtree(found, ignore_errors=True)


@pytest.fixture
async def database_url(request: pytest.FixtureRequest, server: Postgres | None, shelf: Path) -> AsyncIterator[str]:
    """A migrated database of either kind, with the cast in it where a test asks for them: a copy of one made once."""
    model = "peopled" if "cast" in request.fixturenames else "empty"
    if server is None:
        if not (shelf / f"{model}.db").exists():
            await _prepare(f"sqlite+aiosqlite:///{shelf}/{model}.db", model)
        folder = Path(tempfile.mkdtemp(dir=shelf))
        shutil.copy(shelf / f"{model}.db", folder / "journal.db")
        yield f"sqlite+aiosqlite:///{folder}/journal.db"
        shutil.rmtree(folder)
        return
    await server.template(model, lambda url: _prepare(async_url(url), model))
    url = await server.create(model)
    yield async_url(url)
    await server.drop(url)


async def _prepare(url: str, model: str) -> None:
    db = Database(url)
    await migrate(db)
    if model == "peopled":
        _people[db.engine.dialect.name] = await fill(db)
    await db.close()


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """A migrated database: the same tests run on SQLite and on PostgreSQL."""
    found = Database(database_url)
    yield found
    await found.close()


@pytest.fixture
def cast(db: Database) -> Cast:
    """The people and things of the cast, in `db`."""
    return _people[db.engine.dialect.name]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a journal under test, keeping mail and SMS in files."""
    env = {"DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET, "MAIL_URL": "file:", "SMS_URL": "file:"}
    return replace(from_environment(env), digest_quiet_seconds=1.0)


class News:
    """What was passed on after commits."""

    def __init__(self, db: Database) -> None:
        self.items: list[Any] = []
        db.listener = self

    async def __call__(self, news: Any) -> None:
        self.items += news


async def log_in(db: Database, person: Person) -> str:
    """A log-in of both steps; its cookie."""
    async with db.transaction() as s:
        return await sessions.begin(s, await s.get_one(User, person.id), sessions.FULL, Device())


async def as_viewer(s: Session, person: Person) -> Viewer:
    """What the policy knows of one of the cast now."""
    found = await viewer(s, person.id)
    assert found is not None
    return found


async def ask(
    db: Database, author: Person, service: int, subject: str = "Не проводится реализация", **more: object
) -> int:
    """A request of one of the cast; its number."""
    async with db.transaction() as s:
        new = NewTicket(subject=subject, service=service, text="Ошибка в строке 3", **more)  # type: ignore[arg-type]
        ticket: Ticket = await create(s, await as_viewer(s, author), new)
        return ticket.number
