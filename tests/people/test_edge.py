"""What every page does before and around its own work: who is asking, how much is read, what is shown around."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import update

from server.clock import now
from server.people.model import LoginSession
from tests.cast import ask, on_sqlite
from tests.house import House
from tests.people.browser import Browser, browser, text
from tests.people.entrance import give_password

pytestmark = on_sqlite


@pytest.fixture(autouse=True)
async def known(house: House) -> None:
    await give_password(house.db, house.cast.anna, house.cast.denis, house.cast.pavel)


@pytest.fixture
async def anna(house: House) -> AsyncIterator[Browser]:
    """Anna, logged in."""
    async with browser(house) as b:
        await b.come_in(house.cast.anna)
        yield b


async def _rest(house: House) -> None:
    """Nobody has been seen for two minutes: the next request writes that they are here."""
    async with house.db.transaction() as s:
        await s.execute(update(LoginSession).values(seen_at=now() - timedelta(minutes=2)))


async def test_a_form_after_a_minute_of_rest_is_written_like_any_other(house: House, anna: Browser) -> None:
    """Whoever rested is written down as seen: in the transaction that stands open, not in one that waits for it."""
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    for path, fields in (
        (f"/tickets/{number}/messages", {"text": "Слово"}),
        (f"/tickets/{number}/urgency", {"to": "high", "comment": "Так"}),
        ("/profile", {"locale": "ru"}),
    ):
        await _rest(house)
        answer = await anna.post(path, **fields)
        assert answer.status_code == 303, text(answer)
    await _rest(house)
    assert (await anna.http.put("/drafts/new", json={"text": "Начато"})).status_code == 200
    async with browser(house) as admin:
        await admin.come_in(house.cast.pavel)
        await _rest(house)
        answer = await admin.post(f"/admin/users/{house.cast.gleb.id}/password")
        assert answer.status_code == 303, text(answer)
