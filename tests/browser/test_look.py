"""Every page in real Chromium, light and dark, wide and narrow: nothing that axe finds, nothing that runs out of the
screen, nothing the content security policy refuses."""

from pathlib import Path

import axe_playwright_python
import pytest
from playwright.async_api import Page, expect

from tests.browser.seats import Seats, ready
from tests.cast import ask, on_sqlite

pytestmark = [pytest.mark.browser, on_sqlite]
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]

PAGES = {
    "anna": ["/tickets", "/tickets?view=closed", "/tickets/new", "/tickets/{n}", "/search?q=реализация", "/profile"],
    "boris": ["/tickets?view=approval"],
    "denis": ["/queue", "/queue?view=mine", "/tickets/{n}", "/tickets/new"],
    "pavel": ["/admin/users", "/admin/users?edit=new", "/admin/services", "/admin/services?edit=1", "/help"],
}
DOORS = ["/login", "/login/forgot", "/login/reset/none", "/help", "/api/socket", "/offline"]


async def barriers(page: Page) -> list[str]:
    """What axe finds."""
    await page.evaluate(AXE)
    found: list[str] = await page.evaluate(
        "rules => axe.run(document, {runOnly: rules})"
        ".then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ')).join(', ')))",
        RULES,
    )
    return found


async def too_wide(page: Page) -> list[str]:
    """What is wider than its place."""
    found: list[str] = await page.evaluate(
        "[document.documentElement, ...document.querySelectorAll("
        "'.main, .scroll, .edit, .panel, .conv, .dia .node, .head, .qhead, .actionbar, .me .grow')]"
        ".filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1)"
        ".map(e => `${e.className || e.tagName} is ${e.scrollWidth - e.clientWidth} px too wide`)"
    )
    return found


@pytest.mark.parametrize(
    ("narrow", "dark"),
    [
        pytest.param(False, False, id="wide-light"),
        pytest.param(True, True, id="narrow-dark"),
        pytest.param(False, True, id="wide-dark", marks=pytest.mark.long),
        pytest.param(True, False, id="narrow-light", marks=pytest.mark.long),
    ],
)
async def test_every_page_can_be_read_by_everybody(seats: Seats, narrow: bool, dark: bool) -> None:
    number = await ask(seats.db, seats.cast.anna, seats.cast.accounting)
    wrong: dict[str, list[str]] = {}
    for who, paths in PAGES.items():
        window = await seats.window(getattr(seats.cast, who), narrow=narrow, dark=dark)
        for path in paths:
            await ready(window.page, path.format(n=number))
            if found := await barriers(window.page) + await too_wide(window.page):
                wrong[f"{who} {path}"] = found
    visitor = await seats.windows.open("visitor", seats.base, narrow=narrow, dark=dark)
    visitor.expect_fault("410")  # the link that was used before
    for path in DOORS:
        await ready(visitor.page, path)
        if found := await barriers(visitor.page) + await too_wide(visitor.page):
            wrong[path] = found
    assert wrong == {}


async def test_a_page_at_320_pixels_or_a_tablets_900_needs_no_sideways_scrolling(seats: Seats) -> None:
    """(Seen red: at 900 the people's names had no room, «Черновик сохранён» ran off the edge.)"""
    number = await ask(seats.db, seats.cast.anna, seats.cast.accounting)
    wrong: dict[str, list[str]] = {}
    for who, paths in PAGES.items():
        page = (await seats.window(getattr(seats.cast, who), narrow=True)).page
        for path in paths:
            await page.set_viewport_size({"width": 320, "height": 700})
            await ready(page, path.format(n=number))
            found = await too_wide(page)
            await page.set_viewport_size({"width": 900, "height": 700})
            if found := found + await too_wide(page):
                wrong[f"{who} {path}"] = found
    assert wrong == {}


async def test_a_phone_reaches_every_place(seats: Seats) -> None:
    """What the tab bar has no room for, «Ещё» opens. (Seen red: no way to the manual.)"""
    for who, path, there in (
        (seats.cast.denis, "/queue", ["Без исполнителя", "Создать за клиента", "Как пользоваться", "Профиль и выход"]),
        (seats.cast.boris, "/tickets", ["Создать", "Закрытые", "Поиск", "Как пользоваться", "Профиль и выход"]),
    ):
        page = (await seats.window(who, narrow=True)).page
        await ready(page, path)
        more, places = page.get_by_role("button", name="Ещё"), page.get_by_role("navigation", name="Все разделы")
        await expect(places).to_be_hidden()
        await more.click()
        for name in there:
            await expect(places.get_by_role("link", name=name)).to_be_visible()
        assert await barriers(page) == []
        await page.keyboard.press("Escape")
        await expect(places).to_be_hidden()
