"""What a form of the ticket page is answered without JavaScript: refused, it comes back with all that was typed."""

import re
from datetime import timedelta
from itertools import groupby

from server.clock import now
from server.config import beside
from server.files.storage import Storage
from server.money.model import Estimate
from server.tickets import actions
from server.words.render import MOST
from tests.cast import LATELY, on_sqlite
from tests.house import House
from tests.people.browser import browser, text
from tests.people.entrance import give_password
from tests.tickets.ways import at, do, say

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


async def test_a_file_that_is_refused_takes_no_words_with_it(house: House) -> None:
    """(Seen red: a page that led to the list, everything typed gone; the bytes of what came before the refused file, or
    with words that were refused, lay there until the sweep.)"""
    c = house.cast
    await give_password(house.db, c.anna)
    number = await at(house.db, c, "new")
    good, program, empty = ("a.txt", b"hello"), ("setup.exe", b"MZ\0\0"), ("b.txt", b"")
    new = {"subject": "Не проводится", "service": str(c.accounting), "text": "Приложила снимок"}
    storage = Storage(house.settings)

    async def kept() -> int:
        return len([name async for name in storage.kept_before(now() + timedelta(days=1))])

    async with browser(house) as b:
        await b.come_in(c.anna)
        for bad, why in ((program, "Файлы .exe не принимаем"), (empty, "Файл пустой")):
            for path, fields in ((f"/tickets/{number}/messages", {"text": "Вот журнал"}), ("/tickets/new", new)):
                page = await b.post(path, good, bad, **fields)
                assert (page.status_code, why in text(page)) == (422, True), (path, text(page))
                assert all(typed in page.text for typed in fields.values())
        assert (await b.post("/tickets/new", good, **new | {"subject": ""})).status_code == 422
        assert (await b.post(f"/tickets/{number}/messages", good, text="ы" * 20_001)).status_code == 413
        assert await kept() == 0
        assert (await b.post(f"/tickets/{number}/messages", good, text="Вот журнал")).status_code == 303
        assert (await b.post("/tickets/new", good, **new)).status_code == 303
    assert await kept() == 2


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


# Who, where the ticket stands, the form, its field and the limit, what else it holds.
LIMITS: list[tuple[str, str, str, str, str, dict[str, str]]] = [
    ("anna", "new", "/tickets/{n}/messages", "text", "text", {}),
    ("anna", "new", "/tickets/{n}/status", "comment", "comment", {"to": "cancelled"}),
    ("anna", "new", "/tickets/{n}/urgency", "comment", "comment", {"to": "high"}),
    ("anna", "done", "/tickets/{n}/rating", "comment", "comment", {"score": "5"}),
    ("anna", "new", "/tickets/new", "subject", "subject", {"text": "Сломалось"}),
    ("anna", "new", "/tickets/new", "text", "text", {"subject": "Сломалось"}),
    ("boris", "approval", "/tickets/{n}/decision", "comment", "comment", {"decision": "rejected", "version": "1"}),
    ("denis", "new", "/tickets/{n}/notes", "text", "text", {}),
    ("denis", "in_progress", "/tickets/{n}/time", "comment", "comment", {"minutes": "5", "date": f"{LATELY}"}),
    ("denis", "estimating", "/tickets/{n}/estimates", "comment", "comment", {}),
    ("denis", "estimating", "/tickets/{n}/estimates", "line_text", "work", {}),
    ("nina", "done", "/tickets/{n}/payment", "invoice", "invoice", {"state": "invoiced"}),
    ("pavel", "new", "/admin/services", "name", "name", {}),
    ("pavel", "new", "/admin/services", "new_group", "group", {"name": "Услуга"}),
    ("pavel", "new", "/admin/services", "description", "description", {"name": "Услуга"}),
    *(("pavel", "new", "/admin/users", one, one, {}) for one in ("name", "login", "position")),
    ("pavel", "new", "/admin/users", "new_organisation", "name", {"roles": "client"}),
]
WHO = r'<article class="(e[^"]*)" id="m.*?<b data-person="\d+">([^<]*)</b>'
LINE = {"line_text": "Работа", "line_quantity": "1", "line_unit": "hour", "line_price": "100", "vat": "without"}


async def test_what_is_too_long_is_told_its_limit_and_comes_back_whole(house: House) -> None:
    """(Seen red: the browser cut it before anybody saw it; a message was lost with a page of its own; a position was
    kept without its end.) Line ends are one letter, as on the screen."""
    c = house.cast
    await give_password(house.db, c.anna, c.boris, c.denis, c.nina, c.pavel)
    numbers = {status: await at(house.db, c, status) for status in {one[1] for one in LIMITS}}
    wrong: list[tuple[object, ...]] = []
    for who, its in groupby(LIMITS, key=lambda one: one[0]):
        async with browser(house) as b:
            await b.come_in(getattr(c, who))
            for _, status, path, field, limit, more in its:
                long = "ы" * (MOST[limit] + 1)
                given = (LINE if path.endswith("/estimates") else {}) | more | {field: long}
                page = await b.post(path.format(n=numbers[status]), **given)
                told = re.search(r"длиннее (\d+) знаков", text(page).replace("20 000", "20000"), re.IGNORECASE)
                if not told or int(told[1]) != MOST[limit] or page.status_code < 400 or long not in page.text:
                    wrong.append((path, field, page.status_code, told and told[0]))
            if who == "anna":
                lines = "ы\r\n" * (MOST["text"] // 2 - 1) + "ы"
                assert (await b.post(f"/tickets/{numbers['new']}/messages", text=lines)).status_code == 303
    assert wrong == []
    cut = {path.name for path in beside("templates").rglob("*.html") if "maxlength" in path.read_text()}
    assert cut == {"code.html"}  # six digits; anywhere else a browser without a script would cut in silence


async def test_ones_own_words_are_ones_own_without_a_script_too(house: House) -> None:
    """(Seen red: under one's full name, like everybody's.)"""
    c = house.cast
    await give_password(house.db, c.anna)
    number = await at(house.db, c, "new")
    await say(house.db, c.anna, number, "Уточняю")
    await say(house.db, c.denis, number, "Принято")
    async with browser(house) as b:
        await b.come_in(c.anna)
        page = (await b.get(f"/tickets/{number}")).text
        await say(house.db, c.anna, number, "Спасибо")
        assert re.search(r"Вы ?: ?Спасибо", text(await b.get("/tickets")))
    shown = [(kind.split()[1:], name) for kind, name in re.findall(WHO, page)]
    assert shown == [(["first"], "Вы"), (["mine"], "Вы"), ([], "Денис Орлов")]
