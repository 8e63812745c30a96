"""People at their browsers: how they come in, paste, and see what happens. Selectors are the words on the screen."""

import base64
import re
from typing import Any

from playwright.async_api import Page, expect

from tests.parts.chromium import Window
from tests.parts.sms import SmsGateway

# A real picture: 2 × 2 red points.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg=="
)


def button(page: Page, name: str) -> Any:
    """The visible button with exactly this name."""
    return page.get_by_role("button", name=name, exact=True).filter(visible=True)


async def to_code(window: Window, login: str, password: str) -> None:
    """Login and password; what comes next is the page of the code or of an own password."""
    page = window.page
    await page.goto("/login")
    await page.get_by_label("Логин").fill(login)
    await page.get_by_label("Пароль", exact=True).fill(password)
    await button(page, "Продолжить").click()


async def by_code(window: Window, sms: SmsGateway, phone: str) -> None:
    """«Получить код» → the SMS → «Войти» (the sixth digit sends the form by itself)."""
    page = window.page
    before = len(sms.to(phone))
    await button(page, "Получить код").click()
    code = (await sms.wait(phone, before + 1))[-1].code
    await page.get_by_label("Шесть цифр").fill(code)
    await page.wait_for_url(re.compile(r"/(tickets|queue)$"))


async def paste_picture(page: Page, target: str, name: str = "снимок.png") -> None:
    """A screenshot from the clipboard, as the browser hands it to the page."""
    script = """([target, name, data]) => {
        const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
        const clipboard = new DataTransfer();
        clipboard.items.add(new File([bytes], name, {type: "image/png"}));
        document.querySelector(target).dispatchEvent(
            new ClipboardEvent("paste", {clipboardData: clipboard, bubbles: true, cancelable: true}));
    }"""
    await page.evaluate(script, [target, name, base64.b64encode(PNG).decode()])


async def say(page: Page, text: str, shown: str = "") -> None:
    """Types into the composer and sends by Enter; waits until the room has it. `shown`: how Markdown reads."""
    await page.locator("html[data-ready]").wait_for()
    box = page.locator("#m")
    await box.fill(text)
    await box.press("Enter")
    await expect(page.locator("#log article[data-seq]", has_text=shown or text)).to_be_visible()


async def sees(page: Page, text: str) -> None:
    """The timeline shows it."""
    await expect(page.locator("#log").get_by_text(text, exact=False).first).to_be_visible()
