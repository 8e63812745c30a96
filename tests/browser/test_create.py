"""The form of a new request in real Chromium: nothing typed is lost, files come before anything is saved."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.people import PNG, button, paste_picture
from tests.browser.seats import Seats, ready
from tests.cast import on_sqlite

pytestmark = [pytest.mark.browser, on_sqlite]
TEXT_FILE = {"name": "список.txt", "mimeType": "text/plain", "buffer": "Отгрузки".encode()}


async def choose(page: Page, typed: str) -> None:
    """The service, by keyboard alone."""
    await page.locator("[data-part=open]").click()
    await page.keyboard.type(typed)
    await page.keyboard.press("Enter")


async def test_a_request_leaves_with_pasted_picture_and_file_and_opens_its_room(seats: Seats) -> None:
    anna = (await seats.window(seats.cast.anna)).page
    await ready(anna, "/tickets/new")
    await anna.get_by_label("Тема").fill("Ставка НДС")
    await choose(anna, "бух")
    await expect(anna.locator("[data-part=who]")).to_contain_text("Денис Орлов")
    await anna.locator("#text").fill("После обновления **не проводится**")
    await paste_picture(anna, "#text", "image.png")
    await anna.locator("[data-picker]").set_input_files(TEXT_FILE)  # type: ignore[arg-type]
    await expect(anna.locator(".upl[data-state=ok]")).to_have_count(2)
    await expect(anna.locator(".upl").first).to_contain_text(re.compile(r"Снимок экрана \d\d"))
    await button(anna, "Как увидят").click()
    await expect(anna.locator("[data-part=shown] strong")).to_have_text("не проводится")
    await button(anna, "Отправить обращение").click()
    await anna.wait_for_url(re.compile(r"/tickets/\d+$"))
    room = anna.locator("#log article").first
    await expect(room.locator("strong")).to_have_text("не проводится")
    await expect(room).to_contain_text("список.txt")


async def test_a_form_that_is_not_right_keeps_everything_and_says_what_is_wrong(seats: Seats) -> None:
    anna = (await seats.window(seats.cast.anna)).page
    await ready(anna, "/tickets/new")
    await anna.locator("#text").fill("Есть только содержание")
    await anna.locator("[data-picker]").set_input_files(TEXT_FILE)  # type: ignore[arg-type]
    await button(anna, "Отправить обращение").click()
    await expect(anna.get_by_text("Напишите тему: по ней обращение легко найти")).to_be_visible()
    await expect(anna.locator("#subject")).to_be_focused()
    await expect(anna.locator(".err", has_text="Выберите услугу")).to_be_visible()
    await expect(anna.locator("#text")).to_have_value("Есть только содержание")
    await expect(anna.locator(".upl")).to_have_count(1)
    await anna.keyboard.insert_text("ы" * 190)
    await expect(anna.get_by_text("Напишите тему: по ней обращение легко найти")).to_be_hidden()
    await expect(anna.locator(".count")).to_have_text("Осталось 10 знаков")
    await anna.keyboard.insert_text("ы" * 60)
    await expect(anna.locator(".count")).to_have_text("Лишних знаков: 50")
    await button(anna, "Отправить обращение").click()
    await expect(anna.locator(".err", has_text="Длиннее 200 знаков. Сократите.")).to_be_visible()
    await expect(anna.locator("#subject")).to_have_value("ы" * 250)
    await anna.locator("#subject").fill("Тема")
    await expect(anna.locator(".count, .err:near(#subject)")).to_have_count(0)


async def test_a_draft_comes_back_after_a_reload_and_on_another_device(seats: Seats) -> None:
    here = (await seats.window(seats.cast.anna)).page
    await ready(here, "/tickets/new")
    await here.locator("#subject").fill("Недописанное")
    await choose(here, "сеть")
    await here.locator("[data-picker]").set_input_files(TEXT_FILE)  # type: ignore[arg-type]
    await expect(here.locator("[data-part=saved]")).to_have_text(re.compile("Черновик сохранён в"))
    await expect(here.locator(".upl[data-state=ok]")).to_have_count(1)
    there = (await seats.window(seats.cast.anna)).page
    for page in (here, there):
        await expect(here.locator("[data-part=saved]")).to_have_text(re.compile("Черновик сохранён в"))
        await ready(page, "/tickets/new")
        await expect(page.locator("#subject")).to_have_value("Недописанное")
        await expect(page.locator("[data-part=name]").first).to_have_text("Сеть и доступы")
        await expect(page.locator(".upl")).to_contain_text("список.txt")
    await button(there, "Удалить черновик").click()
    await expect(there.locator("[data-part=saved]")).to_have_text("Черновик удалён")
    await expect(there.locator("#subject")).to_have_value("")


async def test_words_that_never_reached_the_server_survive_on_the_device(seats: Seats) -> None:
    window = await seats.window(seats.cast.anna)
    window.expect_fault("ERR_INTERNET_DISCONNECTED|ERR_FAILED")
    page = window.page
    await ready(page, "/tickets/new")
    await page.route("**/drafts/new", lambda route: route.abort())
    await page.locator("#text").fill("Написано в метро")
    await expect(page.locator("[data-part=saved]")).to_have_text(re.compile("на этом устройстве"))
    await page.reload()
    await expect(page.locator("#text")).to_have_value("Написано в метро")


async def test_a_broken_upload_comes_up_by_itself_and_the_form_waits_and_asks_about_one_refused(
    seats: Seats,
) -> None:
    window = await seats.window(seats.cast.anna)
    window.expect_fault("ERR_INTERNET_DISCONNECTED")
    page = window.page
    await ready(page, "/tickets/new")
    await page.get_by_label("Тема").fill("С файлом")
    await choose(page, "бух")
    await page.locator("#text").fill("- раз\n- два")
    await button(page, "Как увидят").click()
    await expect(page.locator("[data-part=shown] ul")).to_have_css("list-style-type", "disc")
    await window.context.set_offline(True)
    await page.locator("[data-picker]").set_input_files(TEXT_FILE)  # type: ignore[arg-type]
    await expect(page.locator(".upl")).to_contain_text("Связь прервалась.")
    await page.evaluate("document.getElementById('upload-words').dataset.maxBytes = '10'")
    big = {"name": "большой.txt", "mimeType": "text/plain", "buffer": b"x" * 100}
    await page.locator("[data-picker]").set_input_files(big)  # type: ignore[arg-type]
    await expect(page.locator(".upl").nth(1)).to_contain_text("Файл больше")
    await page.locator("[data-picker]").set_input_files(big | {"name": "пустой.txt", "buffer": b""})  # type: ignore[arg-type]
    await expect(page.locator(".upl").nth(2)).to_contain_text("0 КБ")
    await button(page, "Убрать: пустой.txt").click()
    await button(page, "Отправить обращение").click()
    await expect(page.locator("[data-wait]")).to_contain_text("Отправим, когда загрузится файл.")
    await window.context.set_offline(False)
    await expect(page.locator("[data-wait]")).to_contain_text("Файл не прикреплён.")
    await button(page, "Отправить без файла").click()
    await page.wait_for_url(re.compile(r"/tickets/\d+$"))
    await expect(page.locator("#log article").first).to_contain_text("список.txt")


async def test_pressed_twice_it_is_one_request(seats: Seats) -> None:
    anna = (await seats.window(seats.cast.anna)).page
    await ready(anna, "/tickets/new")
    await anna.get_by_label("Тема").fill("Один раз")
    await choose(anna, "бух")
    await anna.locator("#text").fill("Нажали дважды")
    await button(anna, "Отправить обращение").dblclick()
    await anna.wait_for_url(re.compile(r"/tickets/\d+$"))
    await ready(anna, "/tickets")
    await expect(anna.locator("[data-ticket]")).to_have_count(1)


async def test_without_javascript_the_form_still_sends_with_a_file(seats: Seats) -> None:
    page = (await seats.window(seats.cast.anna, javascript=False)).page
    await page.goto("/tickets/new")
    await page.get_by_label("Тема").fill("Без скриптов")
    await page.locator("select[name=service]").select_option(label="1С:Бухгалтерия")
    await page.get_by_label("Содержание").fill("Обычная форма")
    await page.locator("input[name=upload]").set_input_files(
        {"name": "снимок.png", "mimeType": "image/png", "buffer": PNG}
    )
    await page.get_by_role("button", name="Отправить обращение").click()
    await page.wait_for_url(re.compile(r"/tickets/\d+$"))
    assert "Обычная форма" in await page.content()
    assert "снимок.png" in await page.content()
    await page.goto("/tickets?status=new")
    assert "Без скриптов" in await page.content()
