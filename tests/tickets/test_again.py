"""What a form of the ticket page is answered without JavaScript: refused, it comes back with all that was typed."""

import re

from server.money.model import Estimate
from server.tickets import actions
from tests.cast import on_sqlite
from tests.house import House
from tests.people.browser import browser, text
from tests.people.entrance import give_password
from tests.tickets.ways import at, do

pytestmark = on_sqlite


async def test_an_estimate_comes_back_with_what_is_wrong_beside_it(house: House) -> None:
    """(Seen red: a page that led to the list, the estimate gone; the rate of VAT chosen by a script only.)"""
    c = house.cast
    await give_password(house.db, c.denis)
    number = await at(house.db, c, "estimating")
    fields = {
        "line_text": ["", "Восстановить ставки", "Обработка"], "line_quantity": ["", "2,5", "много"],
        "line_unit": ["hour"] * 3, "line_price": ["", "3 200,50", "3200"], "due": "", "comment": "К пятнице",
        "vat": "without",
    }  # fmt: skip
    async with browser(house) as b:
        await b.come_in(c.denis)
        assert '<select class="inp" id="vat" name="vat">' in (await b.get(f"/tickets/{number}")).text
        page = await b.post(f"/tickets/{number}/estimates", **fields)
        assert page.status_code == 422
        assert all(typed in page.text for typed in ("Восстановить ставки", "3 200,50", "много", "К пятнице"))
        wrong = page.text.split('value="много"')[1][:300]
        assert "Количество должно быть больше нуля" in wrong
        assert f'href="/tickets/{number}"' in page.text
        mended = fields | {"line_quantity": ["", "2,5", "1"]}
        assert (await b.post(f"/tickets/{number}/estimates", **mended)).status_code == 303
    async with house.db.reading() as s:
        made = await s.get_one(Estimate, 1)
    assert [(line["vat"], line["sum"]) for line in made.lines] == [("without", 800_125), ("without", 320_000)]


async def test_words_that_came_too_late_are_given_back(house: House) -> None:
    c = house.cast
    await give_password(house.db, c.anna, c.vera)
    number = await at(house.db, c, "cancelled")
    async with browser(house) as b:
        await b.come_in(c.anna)
        page = await b.post(f"/tickets/{number}/messages", text="Передумала, нужно ещё")
        assert (page.status_code, "Передумала, нужно ещё" in page.text) == (403, True)
        assert "Отправить снова" not in text(page)
        assert (await b.post(f"/tickets/{number}/messages", text="x" * 20_001)).status_code == 403
    async with browser(house) as b:
        await b.come_in(c.vera)
        stranger = await b.post(f"/tickets/{number}/messages", text="Пустите")
        assert (stranger.status_code, "Пустите" in stranger.text) == (404, False)


async def test_what_a_colleague_changed_while_one_chose_is_said_and_not_overwritten(house: House) -> None:
    """(Seen red: Lev's choice stood in place of Denis's, 303.)"""
    c = house.cast
    await give_password(house.db, c.lev)
    number = await at(house.db, c, "new")
    async with browser(house) as b:
        await b.come_in(c.lev)
        shown = (await b.get(f"/tickets/{number}")).text
        await do(house.db, c.denis, actions.claim, number)
        await do(house.db, c.anna, actions.change_urgency, number, "high", "Стоим")
        urgency = {"to": "low", "comment": "Это терпит"}
        for form, chosen, told in (
            ("assignee", {"user": str(c.gleb.id)}, "обращение передано: Денис Орлов"),
            ("urgency", urgency, "срочность изменена: «Высокая»"),
        ):
            page = await b.post(f"/tickets/{number}/{form}", **chosen, seen=seen(shown, form))
            assert (page.status_code, f"Пока вы выбирали, {told}" in text(page)) == (409, True)
            assert chosen.get("comment", "") in page.text
        now = (await b.get(f"/tickets/{number}")).text
        assert (await b.post(f"/tickets/{number}/urgency", **urgency, seen=seen(now, "urgency"))).status_code == 303


def seen(page: str, form: str) -> str:
    """What that form of a ticket's page says it was drawn with."""
    found = re.search(rf'action="/tickets/\d+/{form}"[^>]*><input type="hidden" name="seen" value="([^"]*)"', page)
    assert found
    return found[1]
