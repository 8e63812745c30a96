"""What `journal demo` does: settings that let nothing out of this machine, a company in the database, and who can log
in on the screen."""

import asyncio
import secrets
import socket
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import uvicorn
from sqlmodel import select

from server import opening, serving
from server.app import create_app
from server.clock import now
from server.config import Misconfigured, Settings, is_loopback
from server.db import Database
from server.demo.company import PEOPLE, STAFF_NAME, Person
from server.demo.direct import DirectDatabase
from server.demo.pages import routes
from server.demo.setting import PASSWORD
from server.migrations import migrate
from server.people.model import User

SECRET = "secret.key"  # noqa: S105 - the name of the file that keeps it


def settled(settings: Settings) -> Settings:
    """One process on one SQLite database; mails and SMS stay in DATA_DIR. Refuses to be seen by other machines."""
    if not is_loopback(settings.host):
        raise Misconfigured(
            f"HOST={settings.host}: демонстрация отвечает только этому компьютеру, уберите HOST или укажите 127.0.0.1"
        )
    with opening.naming("DATA_DIR"):
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    return replace(
        settings, demo=True, database_url=f"sqlite+aiosqlite:///{settings.data_dir / 'journal.db'}", redis_url=None,
        files_url=None, mail_url="file:", sms_url="file:", secret_key=_secret(settings.data_dir / SECRET),
        base_url=f"http://localhost:{settings.port}", trusted_proxies=(), web_concurrency=1,
    )  # fmt: skip


def _secret(path: Path) -> str:
    """Made once: with another one, everybody would have to log in anew."""
    with suppress(FileExistsError):
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()


async def prepare(settings: Settings) -> bool:
    """Fills an empty database in one transaction; True if it did. A company that is there already is left as it is,
    a real journal is refused."""
    db = DirectDatabase(settings.database_url)
    try:
        await migrate(db)
        async with db.reading() as s:
            logins = set((await s.exec(select(User.login))).all())
        if not logins:
            await fill(db, settings)
        elif {p.login for p in PEOPLE} - logins:
            raise Misconfigured(
                f"DATA_DIR={settings.data_dir}: здесь настоящий журнал, укажите для демонстрации другую папку"
            )
        return not logins
    finally:
        await db.close()


async def fill(db: Database, settings: Settings) -> None:
    """The company and its history, as of now. Its modules are read only when they are wanted."""
    from server.demo.arriving import Arriving
    from server.demo.play import in_order, play
    from server.demo.requests import REQUESTS
    from server.demo.setting import set_up
    from server.files.storage import Storage

    moment = now()
    requests = in_order(REQUESTS, moment)
    arriving = Arriving(Storage(settings), requests, moment)
    async with db.transaction() as s:
        await play(s, await set_up(s, moment, f"{settings.base_url}/login"), arriving, requests)


def log_ins(settings: Settings) -> str:
    """What is printed once the journal answers: the address, and everybody who can log in."""
    lines = [
        f"Журнал обращений, демонстрация: {settings.base_url}/demo",
        "",
        _line("Логин", "Пароль", "Роль", "Имя"),
        *(_line(p.login, PASSWORD, _role(p), f"{p.name}, {_where(p)}") for p in PEOPLE if not p.newcomer),
        "",
        "Код из СМС подставится сам. Письма и СМС, которые были бы отправлены, видны по тому же адресу.",
        "Остановить: Ctrl+C",
    ]
    return "\n".join(lines) + "\n"


def _line(*cells: str) -> str:
    return "  " + "".join(cell.ljust(width) for cell, width in zip(cells, (12, 14, 34, 0), strict=True))


def _role(person: Person) -> str:
    return f"клиент, {person.does}" if person.organisation else person.does


def _where(person: Person) -> str:
    return person.organisation or STAFF_NAME


class _Server(uvicorn.Server):
    """Prints the log-ins when the door is open, not before."""

    def __init__(self, config: uvicorn.Config, words: str) -> None:
        super().__init__(config)
        self.words = words

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(self.words)
            sys.stdout.flush()


def run(settings: Settings) -> int:
    """Until it is stopped; the exit status."""
    settings = settled(settings)
    opening.require_free_port(settings)
    asyncio.run(prepare(settings))
    config = uvicorn.Config(create_app(settings, with_worker=True, more=routes), **serving.options(settings))  # type: ignore[arg-type]
    return serving.run(_Server(config, log_ins(settings)))
