"""The pages of requests over HTTP: who may begin one, what a number is, what is kept of a text being written."""

import asyncio

from server.people.model import User
from tests.cast import on_sqlite
from tests.house import House
from tests.people.browser import browser
from tests.people.entrance import give_password
from tests.tickets.ways import at

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


async def test_the_form_of_a_new_request_is_open_to_whoever_may_send_it(house: House) -> None:
    """(Seen red: to a member of an organisation who is no client any more, 200.)"""
    await give_password(house.db, house.cast.anna)
    async with browser(house) as b:
        await b.come_in(house.cast.anna)
        assert (await b.get("/tickets/new")).status_code == 200
        async with house.db.transaction() as s:
            (await s.get_one(User, house.cast.anna.id)).roles = ["accountant"]
        assert (await b.get("/tickets/new")).status_code == 403
        sent = await b.post("/tickets/new", subject="Сломалось", text="Опять", service=str(house.cast.accounting))
        assert sent.status_code == 403


async def test_a_number_is_plain_digits_wherever_it_stands(house: House) -> None:
    """(Seen red: Arabic digits were a number in three places of a dozen.)"""
    await give_password(house.db, house.cast.anna)
    assert await at(house.db, house.cast, "new") == 1
    async with browser(house) as b:
        await b.come_in(house.cast.anna)
        for digit, ticket, before, copied in (("1", 200, 200, True), ("١", 404, 422, False), ("²", 404, 422, False)):
            assert (await b.get(f"/tickets/{digit}")).status_code == ticket
            assert (await b.get(f"/tickets/1/events?before={digit}")).status_code == before
            page = await b.get(f"/tickets/new?from={digit}")
            assert (page.status_code, "Не проводится" in page.text) == (200, copied)
