"""A decision under way in real Chromium while the estimate changes: who has it before them is told, and decides on
nothing they have not seen."""

import asyncio

import pytest
from playwright.async_api import expect

from server.money import actions as money
from server.money.pricing import Line
from server.tickets import moving
from tests.browser.people import button
from tests.browser.seats import Seats, ready
from tests.cast import as_viewer, on_sqlite
from tests.tickets.ways import at

pytestmark = [pytest.mark.browser, on_sqlite]


async def test_an_estimate_that_changes_under_the_approvers_hands(seats: Seats) -> None:
    """In the room's panel and on the decision's own page, in the middle of confirming; the executor's editor opens
    filled and recalls nothing before it is sent. (Seen red: recalled at the first press; the panel vanished without a
    word; the card of what was recalled waited for ever; after deciding, «Back» led to the same page.)"""
    cast, number = seats.cast, await at(seats.db, seats.cast, "approval")
    room = (await seats.window(cast.boris)).page
    alone = await room.context.new_page()
    window = await seats.window(cast.denis)
    window.expect_fault("409")
    editor = window.page
    here = f"/tickets/{number}"
    await asyncio.gather(ready(room, here), ready(alone, f"{here}/decision"), ready(editor, here))
    for page in (room, alone):
        await page.locator(".decide summary", has_text="Согласовать").filter(visible=True).click()

    await editor.get_by_role("link", name="Изменить оценку").filter(visible=True).click()
    form = editor.get_by_role("dialog")
    await expect(form.get_by_label("Работа").first).to_have_value("Настройка")
    await expect(room.get_by_role("button", name="Согласовать 1\u00a0500\u00a0₽")).to_be_visible()
    await form.get_by_label("Цена, ₽").first.fill("1 600")
    await button(editor, "Отправить на согласование").click()
    for page in (room, alone):
        await expect(page.locator(".banner", has_text="Оценка изменилась. Версия 2 от")).to_be_visible()
        await expect(page.locator(".diff")).to_contain_text("на 100\u00a0₽ больше")
        await expect(page.locator(".decide details[open]")).to_have_count(0)
    for page in (room, editor):
        await expect(page.locator(".est [data-decision]")).to_have_text(["Заменена", "Ждём согласования"])

    await alone.locator(".decide summary", has_text="Отклонить").click()
    await alone.get_by_label("Почему отклоняете").fill("Дорого")
    await alone.locator("form").get_by_role("button", name="Отклонить").filter(visible=True).click()
    await expect(alone.locator(".stamp")).to_contain_text("Отклонено: 1\u00a0600\u00a0₽")
    assert await alone.evaluate("history.length") == 2  # about:blank and this one: «Back» leads to where one came from

    async with seats.db.transaction() as s:
        viewer = await as_viewer(s, cast.denis)
        await money.hand_in_estimate(s, viewer, number, [Line("Проще", "1", 100)], after=2)
    async with seats.db.transaction() as s:
        await moving.move(s, await as_viewer(s, cast.denis), number, "estimating")
    for page in (room, alone):
        await expect(page.locator(".banner", has_text="Оценка отозвана.")).to_be_visible()
    await expect(room.locator(".est [data-decision]")).to_have_text(["Заменена", "Отклонена", "Отозвана"])

    # Two executors at once: the second is told, and the form begins anew with what there is now.
    async with seats.db.transaction() as s:
        await money.hand_in_estimate(s, await as_viewer(s, cast.denis), number, [Line("Заново", "1", 200)], after=3)
    await editor.get_by_role("link", name="Изменить оценку").filter(visible=True).click()
    await form.get_by_label("Цена, ₽").first.fill("7")
    async with seats.db.transaction() as s:
        two = [Line("Раз", "1", 10_000), Line("Два", "1", 20_000)]
        await money.hand_in_estimate(s, await as_viewer(s, cast.lev), number, two, after=4)
    await button(editor, "Отправить на согласование").click()
    await expect(form.get_by_role("alert")).to_contain_text("Оценку уже изменили, сейчас версия 5")
    await form.get_by_label("Закрыть").click()
    prices = editor.locator("#estimate [name=line_price]")
    await expect(prices.nth(1)).to_have_value("200")
    await expect(prices.first).to_have_value("100")
