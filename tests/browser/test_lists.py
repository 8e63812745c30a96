"""The live queue and the client's list in real Chromium: rows change where they stand, nothing moves under a hand."""

import pytest
from playwright.async_api import Page, Route, expect

from server.catalogue.model import Organisation, Service
from server.tickets import actions, moving, talk
from server.tickets.model import Ticket
from tests.browser.seats import Seats, ready
from tests.cast import as_viewer, ask, on_sqlite

pytestmark = [pytest.mark.browser, on_sqlite]


async def places(page: Page) -> dict[str, int]:
    """Where each row stands on the screen."""
    found: dict[str, int] = await page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('[data-part=list] [data-ticket]')]"
        ".map(row => [row.dataset.ticket, Math.round(row.getBoundingClientRect().top)]))"
    )
    return found


async def test_a_new_request_waits_behind_a_button_and_moves_nothing_under_the_pointer(seats: Seats) -> None:
    cast = seats.cast
    first = await ask(seats.db, cast.anna, cast.accounting, "Первое")
    denis = (await seats.window(cast.denis)).page
    await ready(denis, "/queue")
    await denis.locator(f"[data-ticket='{first}'] .subj").hover()
    before = await places(denis)

    second = await ask(seats.db, cast.anna, cast.accounting, "Второе")

    bar = denis.get_by_role("button", name="Показать 1 новое обращение")
    await expect(bar).to_be_visible()
    assert await places(denis) == before
    await expect(denis.locator("[data-part=said]")).to_have_text("1 новое обращение")
    await bar.click()
    await expect(denis.locator(f"[data-ticket='{second}']")).to_be_visible()
    await expect(bar).to_be_hidden()
    await expect(denis.locator(f"[data-ticket='{second}'] a")).to_be_focused()


async def test_what_does_not_belong_to_the_view_is_not_announced(seats: Seats) -> None:
    denis = (await seats.window(seats.cast.denis)).page
    await ready(denis, "/queue?view=mine")
    number = await ask(seats.db, seats.cast.anna, seats.cast.accounting, "Ничьё")
    await expect(denis.locator("[data-count=unassigned]").first).to_have_text("1")
    await expect(denis.locator("[data-part=fresh]")).to_be_hidden()
    async with seats.db.transaction() as s:
        await actions.claim(s, await as_viewer(s, seats.cast.denis), number)
    await expect(denis.locator("[data-part=fresh]")).to_be_visible()


async def test_two_take_at_once_one_wins_and_the_other_is_told_who(seats: Seats) -> None:
    cast = seats.cast
    number = await ask(seats.db, cast.anna, cast.accounting)
    window = await seats.window(cast.denis)
    window.expect_fault("409")
    denis = window.page
    await ready(denis, "/queue")

    async def late(route: Route) -> None:
        async with seats.db.transaction() as s:
            await actions.claim(s, await as_viewer(s, cast.lev), number)
        await route.continue_()

    await denis.route(f"**/tickets/{number}/claim", late)
    await denis.get_by_role("button", name="Взять").click()
    await expect(denis.locator("#toasts")).to_contain_text("Обращение уже взято: Лев Гордеев")
    await expect(denis.locator(f"[data-ticket='{number}'] .c-who")).to_contain_text("Лев")


async def test_taking_shows_at_once_and_keeps_the_place(seats: Seats) -> None:
    number = await ask(seats.db, seats.cast.anna, seats.cast.accounting)
    denis = (await seats.window(seats.cast.denis)).page
    await ready(denis, "/queue")
    before = await places(denis)
    await denis.keyboard.press("j")
    await denis.keyboard.press("c")
    await expect(denis.locator(f"[data-ticket='{number}'] .c-who")).to_contain_text("Денис")
    await expect(denis.locator(f"[data-ticket='{number}'] .c-st")).to_contain_text("На оценке")
    assert await places(denis) == before
    await denis.keyboard.press("Enter")
    await denis.wait_for_url(f"**/tickets/{number}")


async def test_a_closed_request_leaves_its_place_and_no_words(seats: Seats) -> None:
    cast = seats.cast
    number = await ask(seats.db, cast.anna, cast.accounting, "Секретное")
    other = await ask(seats.db, cast.anna, cast.accounting, "Остаётся")
    lev = (await seats.window(cast.lev)).page
    await ready(lev, "/queue")
    before = await places(lev)
    anna = (await seats.window(cast.anna)).page
    await ready(anna, f"/tickets/{number}")
    answer = await anna.context.request.post(
        f"/tickets/{number}/status", form={"to": "cancelled"}, headers={"Origin": seats.base}
    )
    assert answer.ok
    await expect(lev.locator(f"[data-ticket='{number}']")).to_contain_text("Больше не в списке")
    await expect(lev.locator(f"[data-ticket='{number}']")).not_to_contain_text("Секретное")
    assert (await places(lev))[str(other)] == before[str(other)]


async def talk_on(seats: Seats, number: int) -> None:
    """Anna writes one more word, elsewhere."""
    async with seats.db.transaction() as s:
        words = talk.Words("anna-1", "спасибо")
        await talk.say(s, await as_viewer(s, seats.cast.anna), number, "public", words)


async def test_an_answer_reaches_the_clients_list_and_the_tabs_title(seats: Seats) -> None:
    cast = seats.cast
    number = await ask(seats.db, cast.anna, cast.accounting)
    anna, denis = (await seats.window(cast.anna)).page, (await seats.window(cast.denis)).page
    await ready(anna, "/tickets")
    await expect(anna.locator(f"[data-ticket='{number}']")).to_contain_text("Вы: Ошибка в строке 3")
    await ready(denis, f"/tickets/{number}")
    await denis.locator("#m").fill("Смотрю **прямо сейчас**")
    await denis.locator("#m").press("Enter")
    await expect(anna.locator(f"[data-ticket='{number}']")).to_contain_text("Денис: Смотрю прямо сейчас")
    await expect(anna.locator(f"[data-ticket='{number}'] .badge")).to_contain_text("1 непрочитанное")
    await talk_on(seats, number)
    await expect(anna.locator(f"[data-ticket='{number}']")).to_contain_text("Вы: спасибо")
    await denis.locator("#m").fill("Нашёл")
    await denis.locator("#m").press("Enter")
    await expect(anna.locator(f"[data-ticket='{number}'] .badge")).to_contain_text("2 непрочитанных")
    # The title tells the same as the menu beside it: requests, not words.
    await expect(anna).to_have_title("(1) Обращение клиента · Журнал Обращений")
    await expect(anna.locator("nav.side [data-count=unread]")).to_have_text("1")


async def test_keys_are_silent_while_one_writes_and_can_be_switched_off(seats: Seats) -> None:
    await ask(seats.db, seats.cast.anna, seats.cast.accounting)
    denis = (await seats.window(seats.cast.denis)).page
    await ready(denis, "/queue")
    await denis.keyboard.press("2")
    await denis.wait_for_url("**/queue?view=unassigned")
    await ready(denis, "/queue")
    await denis.keyboard.press("/")
    await denis.keyboard.type("jc?")
    await expect(denis.locator("[data-key=search]")).to_have_value("jc?")
    await denis.locator("[data-key=search]").blur()
    await denis.keyboard.press("?")
    await expect(denis.locator("dialog#keys")).to_be_visible()
    await denis.get_by_role("switch", name="Включены").uncheck()
    await denis.keyboard.press("Escape")
    await denis.keyboard.press("j")
    await expect(denis.locator(".subj a:focus")).to_have_count(0)


LONG = "Не проводится реализация товаров и услуг после обновления конфигурации: ошибка ставки НДС"
FIRM = "ООО «Производственно-коммерческая фирма „Северо-Западный агропромышленный холдинг“»"
# How many letters of the narrowest subject fit, and which parts of a row lie over each other.
MEASURE = """font => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(font ? `* { font-family: "${font}" !important }` : "");
    document.adoptedStyleSheets = [sheet];
    const pen = document.createElement("canvas").getContext("2d"), found = { letters: 999, over: [] };
    for (const title of document.querySelectorAll(".subj a, .req .t")) {
        const style = getComputedStyle(title), box = title.closest(".subj > .trunc") ?? title;
        pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
        const one = pen.measureText(title.textContent).width / title.textContent.length;
        found.letters = Math.min(found.letters, Math.floor(box.clientWidth / one));
    }
    for (const row of document.querySelectorAll("[data-ticket]")) {
        const parts = [...row.querySelectorAll(".subj .trunc, .c-svc, .st, .urg, .sla, .c-who > *, .what, .av, time")]
            .map(part => [part, part.getBoundingClientRect()]).filter(([, at]) => at.width);
        for (const [a, p] of parts) for (const [b, q] of parts)
            if (a !== b && !a.contains(b) && !b.contains(a) && p.left < q.right - 1 && q.left < p.right - 1
                && p.top < q.bottom - 1 && q.top < p.bottom - 1) found.over.push(`${a.className} × ${b.className}`);
    }
    return found;
}"""


async def test_a_subject_can_be_read_at_every_width_in_a_wide_font_too(seats: Seats) -> None:
    """(Seen red: none of its letters at 760, statuses over deadlines at 1440.)"""
    cast = seats.cast
    for number in [await ask(seats.db, cast.anna, cast.accounting, LONG) for _ in range(2)]:
        async with seats.db.transaction() as s:
            (await s.get_one(Service, cast.accounting)).name = "Сопровождение и доработка 1С:Бухгалтерии предприятия"
            (await s.get_one(Organisation, cast.romashka)).name = FIRM
            (await s.get_one(Ticket, number)).urgency = "high"
    async with seats.db.transaction() as s:
        await actions.claim(s, await as_viewer(s, cast.denis), number)
        await moving.move(s, await as_viewer(s, cast.denis), number, "waiting")
    for who, path in ((cast.lev, "/queue"), (cast.anna, "/tickets")):
        page = (await seats.window(who)).page
        await ready(page, path)
        for width in (760, 900, 1024, 1180, 1280, 1440, 1920, 390):
            await page.set_viewport_size({"width": width, "height": 800})
            for font in ("", "DejaVu Sans"):
                found = await page.evaluate(MEASURE, font)
                assert found["letters"] >= 22, (path, width, font)
                assert found["over"] == [], (path, width, font)
