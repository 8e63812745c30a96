"""What a page keeps of a text being written."""

import asyncio

from tests.cast import on_sqlite
from tests.house import House
from tests.people.browser import browser
from tests.people.entrance import give_password

pytestmark = on_sqlite


async def test_reading_a_draft_waits_for_nobody_who_writes(house: House) -> None:
    """(Seen red: every page that opened its draft stood in line with the writers.)"""
    await give_password(house.db, house.cast.anna)
    async with browser(house) as b:
        await b.come_in(house.cast.anna)
        assert (await b.get("/drafts/new")).json() == {}
        assert (await b.http.put("/drafts/new", json={"text": "Начато"})).status_code == 200
        async with house.db.transaction(), asyncio.timeout(3):
            assert (await b.get("/drafts/new")).json()["text"] == "Начато"
        assert (await b.http.delete("/drafts/new")).status_code == 204
        assert (await b.get("/drafts/new")).json() == {}
