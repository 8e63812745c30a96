"""What a process looks after while sockets are open."""

import logging
from typing import Any

import pytest

from server.people.model import User
from server.rooms import rights
from tests.cast import Person, on_postgresql
from tests.house import House
from tests.parts.until import until


@on_postgresql
async def test_who_is_deactivated_while_rights_are_looked_at_breaks_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """All is read as of one moment. (Seen red: KeyError, and nobody's rights looked at in that turn.)"""
    asked = 0
    find = rights._versions

    async def around(*args: Any) -> Any:
        nonlocal asked
        await _activate(house, house.cast.anna, False)
        found = await find(*args)
        await _activate(house, house.cast.anna, True)
        asked += 1
        return found

    with caplog.at_level(logging.ERROR):
        async with house.line(house.cast.anna) as anna, house.line(house.cast.denis):
            await anna.join("queue")
            monkeypatch.setattr(rights, "_versions", around)
            await until(lambda: asked >= 2, what="looked at twice")
    assert "access: failed" not in caplog.text


async def _activate(house: House, person: Person, active: bool) -> None:
    async with house.db.transaction() as s:
        (await s.get_one(User, person.id)).active = active
