"""The room in real Chromium: what is written and attached is never lost, and stands the same after a reload."""

import pytest
from playwright.async_api import Page, Route, WebSocketRoute, expect

from server.tickets import actions, talk
from server.tickets.talk import Words
from tests.browser.people import button, say
from tests.browser.seats import Seats, ready
from tests.cast import Person, as_viewer, ask, on_sqlite

pytestmark = [pytest.mark.browser, on_sqlite]
TEXT_FILE = {"name": "список.txt", "mimeType": "text/plain", "buffer": "Отгрузки".encode()}
BIG_FILE = {"name": "большой.txt", "mimeType": "text/plain", "buffer": b"x" * 100}

# How often «всё отправлено» stood beside a message that waited.
WATCH = """() => {
    window.lied = 0;
    new MutationObserver(() => requestAnimationFrame(() => {
        const told = document.querySelector("[data-behaviour=connection]:not([hidden]) [data-when-back]:not([hidden])");
        const waits = document.querySelector("#log .pending [data-when-sending]:not([hidden]), #log .unsent");
        if (told && waits) window.lied += 1;
    })).observe(document.body, {subtree: true, childList: true, attributes: true});
}"""


async def attach(page: Page, file: object) -> None:
    """A file by the button."""
    await page.locator("[data-picker]").set_input_files(file)  # type: ignore[arg-type]


async def tell(seats: Seats, who: Person, number: int, text: str) -> None:
    """Somebody says it, elsewhere."""
    async with seats.db.transaction() as s:
        await talk.say(s, await as_viewer(s, who), number, "public", Words(f"{who.name} {text}", text))


async def test_a_message_waits_for_its_file_which_comes_up_by_itself_when_the_line_is_back(seats: Seats) -> None:
    number = await ask(seats.db, seats.cast.anna, seats.cast.accounting)
    window = await seats.window(seats.cast.anna)
    window.expect_fault("ERR_INTERNET_DISCONNECTED")
    page, log = window.page, window.page.locator("#log")
    await ready(page, f"/tickets/{number}")
    await window.context.set_offline(True)
    await attach(page, TEXT_FILE)
    await expect(page.locator(".upl")).to_contain_text("Связь прервалась.")
    await page.locator("#m").fill("Вот список")
    await page.locator("#m").press("Enter")
    await expect(page.locator("[data-wait]")).to_contain_text("Отправим, когда загрузится файл")
    await expect(page.locator("#m")).to_have_value("Вот список")
    await window.context.set_offline(False)
    await expect(log.locator("article[data-seq]", has_text="Вот список")).to_contain_text("список.txt")

    # One that can't be sent at all: asked, not dropped.
    await page.evaluate("document.getElementById('upload-words').dataset.maxBytes = '50'")
    await attach(page, BIG_FILE)
    await page.locator("#m").fill("И ещё один")
    await page.locator("#m").press("Enter")
    await expect(page.locator("[data-wait]")).to_contain_text("Файл не прикреплён")
    await expect(page.locator("#m")).to_have_value("И ещё один")
    await button(page, "Отправить без файла").click()
    await expect(log.locator("article[data-seq]", has_text="И ещё один")).to_be_visible()
    await expect(page.locator(".upl")).to_have_count(0)


async def correct(page: Page, text: str) -> None:
    """«Изменить» on a message; the box then holds its text."""
    row = page.locator("#log article[data-seq]", has_text=text)
    await row.hover()
    await row.locator("[data-do=edit]").click()
    await expect(page.locator("#m")).to_have_value(text)


async def test_correcting_keeps_what_was_being_written_and_the_mark_shows_on_follow_ups(seats: Seats) -> None:
    """And what is too long stays in the box with its refusal. (Seen red: cut in silence.)"""
    number = await ask(seats.db, seats.cast.anna, seats.cast.accounting)
    page = (await seats.window(seats.cast.anna)).page
    await ready(page, f"/tickets/{number}")
    await page.locator("#m").focus()
    await page.keyboard.insert_text("ы" * 20_500)
    await expect(page.locator(".comp .count")).to_have_text("Лишних знаков: 500")
    await page.keyboard.press("Enter")
    await expect(page.locator(".comp .err")).to_contain_text("Сообщение длиннее 20 000 знаков. Сократите его")
    await expect(page.locator("#m")).to_have_value("ы" * 20_500)
    await say(page, "Первое")
    await say(page, "Второе")
    await page.locator("#m").fill("Недописанное")
    await correct(page, "Первое")
    await correct(page, "Второе")
    await page.locator("#m").fill("Исправленное")
    await page.locator("#m").press("Enter")
    row = page.locator("#log .e.cont", has_text="Исправленное")
    await expect(row.locator(".edited")).to_be_visible()
    await expect(row.locator(".who b")).to_be_hidden()
    await expect(page.locator("#m")).to_have_value("Недописанное")


async def test_a_colleagues_answer_that_came_while_one_wrote_is_asked_about_once(seats: Seats) -> None:
    cast = seats.cast
    number = await ask(seats.db, cast.anna, cast.accounting)
    page = (await seats.window(cast.denis)).page
    await ready(page, f"/tickets/{number}")
    await page.locator("#m").fill("Сейчас посмотрю")
    await tell(seats, cast.lev, number, "Уже смотрю")
    guard = page.locator("[data-guard]")
    await expect(guard).to_contain_text("Пока вы писали, ответ дан: Лев Гордеев")
    await expect(guard).to_contain_text("«Уже смотрю»")
    await button(page, "Всё равно отправить").click()
    await expect(page.locator("#log article[data-seq]", has_text="Сейчас посмотрю")).to_be_visible()
    await expect(guard).to_be_empty()
    await tell(seats, cast.anna, number, "Спасибо")
    await expect(page.locator("#log article[data-seq]", has_text="Спасибо")).to_be_visible()
    await say(page, "Пожалуйста")

    # Begun in another visit: what is unread came after it, and the server says so.
    await page.locator("#m").fill("И ещё")
    await page.goto("about:blank")
    await tell(seats, cast.lev, number, "Готово")
    await ready(page, f"/tickets/{number}")
    await page.locator("#m").press("Enter")
    await expect(guard).to_contain_text("«Готово»")
    await expect(page.locator("#m")).to_have_value("И ещё")


async def test_the_forms_beside_the_talk_keep_their_shape(seats: Seats) -> None:
    """An empty estimate stays a form with its lines; who will read an answer follows who comes; nothing runs out; who
    was quicker is told where one chose, what one wrote stays, and a second press holds. (Seen red: overwritten; the
    words gone with the panel's next look.)"""
    cast = seats.cast
    number = await ask(seats.db, cast.anna, cast.accounting)
    async with seats.db.transaction() as s:
        await actions.claim(s, await as_viewer(s, cast.denis), number)
    window = await seats.window(cast.lev)
    window.expect_fault("422")
    window.expect_fault("409")
    page = window.page
    await ready(page, f"/tickets/{number}")
    await page.get_by_role("link", name="Оценить работы").filter(visible=True).first.click()
    dialog = page.get_by_role("dialog")
    lines = dialog.locator("[data-line]")
    before = await lines.count()
    await button(page, "Отправить на согласование").click()
    await expect(lines.first.locator(".err")).to_contain_text("Напишите хотя бы одну строку")
    await expect(dialog.get_by_label("Работа").first).to_be_focused()
    assert await lines.count() == before > 1
    await dialog.get_by_label("Закрыть").click()

    await expect(page.locator(".comp .to")).to_contain_text("Увидят: Анна и сотрудники")
    async with seats.db.transaction() as s:
        await actions.add_participant(s, await as_viewer(s, cast.denis), number, cast.boris.id)
    await expect(page.locator(".comp .to")).to_contain_text("Увидят: Анна, Борис и сотрудники")

    executor = page.locator("[data-part=executor]")
    assert await executor.evaluate(
        "e => e.querySelector('summary').getBoundingClientRect().left"
        " - e.querySelector('.person .grow').getBoundingClientRect().right"
    ) >= 0, "«Передать» lies on a long position"  # fmt: skip

    time = page.locator("[data-part=time]")
    await time.get_by_text("Учесть время").click()
    over = await time.locator("form").evaluate(
        "e => Math.max(...[...e.querySelectorAll('.inp')].map(i => i.getBoundingClientRect().right))"
        " - e.getBoundingClientRect().right"
    )
    assert over <= 0.5

    async def late(route: Route) -> None:
        async with seats.db.transaction() as s:
            await actions.change_urgency(s, await as_viewer(s, cast.anna), number, "high", "Стоим")
        await route.continue_()

    facts = page.locator("[data-part=facts]")
    await page.route(f"**/tickets/{number}/urgency", late, times=1)
    await facts.locator("summary", has_text="Изменить срочность").click()
    await facts.get_by_label("Срочность").select_option("low")
    await facts.get_by_label("Причина").filter(visible=True).fill("Терпит")
    await button(page, "Изменить срочность").click()
    await expect(facts.locator("dl")).to_contain_text("Высокая")
    heard = page.locator("[data-live-region]")
    await expect(heard).to_contain_text("Анна Лугова")
    assert (await heard.inner_text()).count("Анна Лугова") == 1  # seen red: once as its author, once in its words
    await expect(facts.get_by_role("alert")).to_have_text("Пока вы выбирали, срочность изменена: «Высокая»")
    await button(page, "Изменить срочность").click()
    await expect(facts.locator("dl")).to_contain_text("Низкая")
    await expect(facts.get_by_role("alert")).to_have_count(0)


async def test_a_room_whose_scripts_did_not_come_keeps_the_words_and_comes_alive_by_itself(seats: Seats) -> None:
    """(Seen red: what failed was never asked for again, the words were gone with the page, M opened the answer.)"""
    number = await ask(seats.db, seats.cast.anna, seats.cast.accounting)
    window = await seats.window(seats.cast.denis)
    window.expect_fault("ERR_FAILED")
    page, box = window.page, window.page.locator("#m")
    away, later = "**/static/js/**/{guard,inbox}.js", "**/behaviours/timeline.js"
    for scripts in (away, later):
        await page.route(scripts, lambda route: route.abort())
    await ready(page, f"/tickets/{number}")
    await page.keyboard.press("m")
    await expect(box).not_to_be_focused()
    await box.fill("Начато вовремя")
    await page.goto("/queue")
    await ready(page, f"/tickets/{number}")
    await expect(box).to_have_value("Начато вовремя")
    await box.press("Enter")
    await expect(page.locator("[data-send]")).to_have_attribute("aria-busy", "true")
    await expect(box).to_have_value("Начато вовремя")
    await page.unroute(away)
    await expect(box).to_have_value("", timeout=15_000)
    await page.unroute(later)  # what was said meanwhile is there already when the conversation begins to listen
    await expect(page.locator("#log article[data-seq]", has_text="Начато вовремя")).to_be_visible(timeout=15_000)
    await page.locator("h1").click()
    await page.keyboard.press("m")
    await expect(box).to_be_focused()
    await expect(page.locator("#say.is-note")).to_be_visible()
    assert await page.evaluate("Object.keys(localStorage).filter(key => key.includes(':early:')).length") == 0


async def test_words_said_into_a_dead_line_are_marked_and_nothing_claims_they_were_sent(seats: Seats) -> None:
    """The line is dead and the browser doesn't know; it breaks, comes back, and takes the words late. (Seen red: no
    mark for ten seconds; «всё отправлено» beside a message that waited.)"""
    number = await ask(seats.db, seats.cast.anna, seats.cast.accounting)
    page, state, lines = (await seats.window(seats.cast.anna)).page, ["up"], list[WebSocketRoute]()

    async def wire(ours: WebSocketRoute) -> None:
        lines.append(ours)
        if state[0] == "down":
            return await ours.close(code=1012)
        server = ours.connect_to_server()
        ours.on_message(
            lambda m: server.send(m) if state[0] == "up" or (state[0] == "mute" and '"say"' not in str(m)) else None
        )
        server.on_message(lambda m: ours.send(m) if state[0] != "deaf" else None)
        return None

    await page.route_web_socket("**/ws", wire)
    await page.add_init_script("Math.random = () => 0.95")  # or it may come back before «Сейчас» is pressed
    await page.clock.install()
    await ready(page, f"/tickets/{number}")
    state[0] = "deaf"
    await page.locator("#m").fill("Меня слышно?")
    await page.locator("#m").press("Enter")
    row, banner = page.locator("#log .pending"), page.locator("[data-behaviour=connection]")
    await expect(row).to_contain_text("Отправляется…")
    await page.clock.fast_forward(2_100)
    await expect(row).to_contain_text("Ещё не отправлено")
    await page.evaluate(WATCH)
    state[0] = "down"
    await lines[-1].close(code=1012)
    await page.clock.fast_forward(1_600)
    await expect(row).to_contain_text("Ждёт подключения")
    await expect(banner).to_contain_text("ваше сообщение уйдёт само")
    state[0] = "mute"
    await button(page, "Сейчас").click()
    await expect(banner).to_contain_text("отправляем написанное")
    state[0] = "up"
    await lines[-1].close(code=1012)
    await page.clock.fast_forward(10_000)
    await expect(page.locator("#log article[data-seq]", has_text="Меня слышно?")).to_be_visible()
    await expect(banner).to_contain_text("всё отправлено")
    state[0] = "deaf"
    await page.locator("#m").fill("А теперь?")
    await page.locator("#m").press("Enter")
    await expect(banner).to_be_hidden()
    await expect(row).to_contain_text("А теперь?")
    assert await page.evaluate("lied") == 0
