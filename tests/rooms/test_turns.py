"""What a turn of the lists costs: no more queries and no more renderings for many sockets than for one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from server.db import Database
from server.events.bus import LocalBus
from server.people.policy import Viewer
from server.rooms import lists
from server.rooms.lists import Lists
from server.rooms.presence import Presence
from server.rooms.rights import Rights
from server.tickets import talk
from server.words import render
from tests.cast import Cast, as_viewer, ask, on_sqlite
from tests.tickets.ways import say


@dataclass(eq=False)
class Listener:
    """A socket that keeps what it is sent."""

    viewer: Viewer
    rights: int = 0
    session: str | None = None
    token: str | None = None
    restored: bool = False
    locale: str = "ru"
    seats: dict[str, Any] = field(default_factory=dict)
    entered: set[str] = field(default_factory=set)
    frames: list[dict[str, Any]] = field(default_factory=list)

    def send(self, frame: str, *, page: bool = False) -> None:
        self.frames.append(json.loads(frame))

    async def end(self, code: int) -> None:
        raise AssertionError(f"nobody ends it, with {code}")


async def _nobody(*_: object) -> None:
    """Nobody is told who came."""


@contextmanager
def counted(db: Database) -> Iterator[list[str]]:
    """The statements of the block."""
    found: list[str] = []

    def note(*args: Any) -> None:
        found.append(args[2])

    event.listen(db.engine.sync_engine, "before_cursor_execute", note)
    yield found
    event.remove(db.engine.sync_engine, "before_cursor_execute", note)


def _lists(db: Database) -> Lists:
    return Lists(db, Presence("p", LocalBus(), _nobody), Rights(db, set(), _nobody))


async def seated(db: Database, cast: Cast, many: int) -> tuple[Lists, list[Listener]]:
    """So many sockets in the queue, of three people in turn."""
    found = _lists(db)
    async with db.reading() as s:
        people = [await as_viewer(s, p) for p in (cast.denis, cast.lev, cast.anna)]
    listeners = [Listener(people[n % 3]) for n in range(many)]
    for listener in listeners:
        await found.enter_queue(listener, html=True)
    await found.turn()
    return found, listeners


@on_sqlite
async def test_a_turn_asks_as_much_for_thirty_sockets_as_for_three(db: Database, cast: Cast) -> None:
    """(Seen red: names, facts and cursors read for each of them.)"""
    number = await ask(db, cast.anna, cast.accounting)
    costs = []
    for many in (3, 30):
        found, listeners = await seated(db, cast, many)
        found.touch([number], same=True)
        with counted(db) as statements:
            await found.turn()
        assert all(f.frames[-1]["op"] == "row" for f in listeners)
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 10


@on_sqlite
async def test_a_row_is_drawn_once_for_a_language_and_side(
    db: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unread and «Вы» are not in it: numbers beside it say that. (Seen red: drawn for each with their id.)"""
    number = await ask(db, cast.anna, cast.accounting)
    await say(db, cast.lev, number, "слово")
    found, listeners = await seated(db, cast, 30)
    async with db.transaction() as s:
        await talk.read(s, listeners[0].viewer, number, "public", 1)
    drawn = []
    draw = render.row_html

    def noted(*args: Any, **more: Any) -> str:
        drawn.append(args)
        return draw(*args, **more)

    monkeypatch.setattr(lists, "row_html", noted)
    found.touch([number], same=True)
    await found.turn()
    denis, lev, anna = [f.frames[-1]["ticket"] for f in listeners[:3]]
    assert len(drawn) == 2
    assert denis["html"] == lev["html"] != anna["html"]
    assert [row["unread"] for row in (denis, lev, anna)] == [1, 1, 1]
    assert "Вы" not in lev["html"]
    assert "непрочитанное" not in lev["html"]


@on_sqlite
@pytest.mark.parametrize("room", ["queue", "inbox"])
async def test_a_list_that_could_not_be_read_keeps_nothing_waiting(
    room: str, db: Database, cast: Cast, tmp_path: Path
) -> None:
    """(Seen red: its seat stayed and collected what was touched for ever.)"""
    async with db.reading() as s:
        listener = Listener(await as_viewer(s, cast.denis))
    empty = Database(f"sqlite+aiosqlite:///{tmp_path}/empty.db")
    found = _lists(empty)
    with pytest.raises(OperationalError):
        await (found.enter_queue(listener, html=False) if room == "queue" else found.enter_inbox(listener))
    assert found.queue == found.inbox == {}
    await empty.close()
