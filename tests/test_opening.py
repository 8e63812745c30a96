"""What can't be opened is one line that names its variable, whatever the command, and tells no password."""

import socket
from pathlib import Path

import pytest

from tests.parts.process import free_port
from tests.test_cli import NOWHERE, SERVES, Console, console

__all__ = ["console"]
pytestmark = pytest.mark.parametrize("server", ["sqlite"], indirect=True)
SERVING = (("serve",), ("worker",))
EVERY = (*SERVING, ("migrate",), ("verify",), ("org", "add", "Ромашка"))


@pytest.fixture(autouse=True)
def ready(console: Console) -> None:
    console.set(**SERVES, PORT=str(free_port()))


@pytest.mark.parametrize("arguments", EVERY, ids=" ".join)
async def test_a_database(console: Console, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("не база" * 100)
    for url in (
        "junk", "mysql://me:tayna@127.0.0.1/x", "postgresql://me:tayna@127.0.0.1:1/x",
        "postgresql://me:tayna@127.0.0.1:tayna/x", "postgres://me:ta/yna@127.0.0.1:1/x", "postgres://me:tayna@[::/x",
        "postgresql://me:tayna@127.0.0.1:1/x?sslmode=require", "postgresql://me:tayna@nowhere.invalid/x",
        "sqlite://journal.db", f"sqlite:///{tmp_path}/file/journal.db", f"sqlite:///{tmp_path}",
        f"sqlite:///{tmp_path}/file",
    ):  # fmt: skip
        console.set(DATABASE_URL=url)
        line = await console.refused(*arguments)
        assert "DATABASE_URL" in line or ("DATA_DIR" in line and str(tmp_path) in url), (url, line)
        assert "yna" not in line


async def test_several_processes_are_not_even_started(console: Console) -> None:
    console.set(DATABASE_URL="postgresql://me:tayna@127.0.0.1:1/x", REDIS_URL=NOWHERE, WEB_CONCURRENCY="2")
    assert "DATABASE_URL" in await console.refused("serve")


@pytest.mark.parametrize("arguments", EVERY, ids=" ".join)
async def test_a_folder(console: Console, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "file").touch()
    console.set(DATABASE_URL="", DATA_DIR=str(tmp_path / "file"))
    assert "DATA_DIR" in await console.refused(*arguments)


@pytest.mark.parametrize("arguments", [*SERVING, EVERY[-1]], ids=" ".join)
async def test_a_bus(console: Console, arguments: tuple[str, ...]) -> None:
    for url in (
        "junk",
        "http://:tayna@cache",
        "redis://:tayna@cache:tayna",
        "redis://127.0.0.1?db=tayna",
        "redis://127.0.0.1?to=tayna",
    ):
        console.set(REDIS_URL=url)
        line = await console.refused(*arguments)
        assert "REDIS_URL" in line
        assert "tayna" not in line


@pytest.mark.parametrize("arguments", SERVING, ids=" ".join)
async def test_a_store(console: Console, arguments: tuple[str, ...]) -> None:
    for url in ("junk", "ftp://files", "s3://", "s3://me:tayna@two words"):
        console.set(FILES_URL=url)
        line = await console.refused(*arguments)
        assert "FILES_URL" in line
        assert "tayna" not in line


async def test_a_door(console: Console) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        console.set(PORT=port)
        assert f"PORT={port}" in await console.refused("serve")
    console.set(BASE_URL="https://journal.example")
    for host in ("192.0.2.7", "nowhere.invalid"):
        console.set(HOST=host)
        assert f"HOST={host}" in await console.refused("serve")
