"""A real Chromium: one browser for the session, one window (context) for each person, no quiet faults."""

import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, async_playwright, expect

from tests.parts.find_chromium import find_chromium

WIDE: ViewportSize = {"width": 1280, "height": 800}
LIMIT = 20_000  # milliseconds: a busy machine has time
NARROW: ViewportSize = {"width": 390, "height": 844}
# Loopback only: what a page would fetch from elsewhere fails here as it does behind a closed network.
ARGUMENTS = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost", "--disable-quic"]
# What `service_workers="block"` itself says on every page.
BLOCKED = "Service Worker registration blocked by Playwright"


@dataclass
class Window:
    """One person's browser. `faults`: console errors and warnings, uncaught exceptions, crashed pages."""

    name: str
    context: BrowserContext
    page: Page
    faults: list[str] = field(default_factory=list)
    _expected: list[str] = field(default_factory=list)

    def expect_fault(self, pattern: str) -> None:
        """A fault matching the regular expression is part of this test (a 404 that is asked for, say)."""
        self._expected.append(pattern)

    @property
    def unexpected(self) -> list[str]:
        return [f for f in self.faults if not any(re.search(pattern, f) for pattern in self._expected)]

    def watch(self, page: Page) -> None:
        """Further pages of the context are watched by themselves."""
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("crash", lambda _: self.faults.append(f"{page.url}: crashed"))

    def _note(self, message: ConsoleMessage) -> None:
        if message.text == BLOCKED:
            return
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.location.get('url', '')}: {message.text}")


class Windows:
    """Opens windows and answers for them: a fault nobody expected fails the test."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.open_ones: list[Window] = []

    async def open(
        self,
        name: str,
        base_url: str | None = None,
        *,
        dark: bool = False,
        narrow: bool = False,
        javascript: bool = True,
        locale: str = "ru-RU",
        time_zone: str = "Europe/Moscow",
        worker: bool = False,
    ) -> Window:
        """A window with cookies and storage of its own; narrow is a telephone, 390 px wide, with touch.
        `worker` lets the page's service worker in."""
        context = await self.browser.new_context(
            base_url=base_url,
            color_scheme="dark" if dark else "light",
            viewport=NARROW if narrow else WIDE,
            is_mobile=narrow,
            has_touch=narrow,
            java_script_enabled=javascript,
            locale=locale,
            timezone_id=time_zone,
            reduced_motion="reduce",
            service_workers="allow" if worker else "block",
        )
        context.set_default_timeout(LIMIT)
        page = await context.new_page()
        window = Window(name, context, page)
        window.watch(page)
        context.on("page", window.watch)
        self.open_ones.append(window)
        return window

    async def close(self) -> None:
        """AssertionError when a window saw a fault that was not expected."""
        for window in self.open_ones:
            await window.context.close()
        faults = {window.name: window.unexpected for window in self.open_ones if window.unexpected}
        assert not faults, f"faults in the browser: {faults}"


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=LIMIT)
    async with async_playwright() as playwright:
        chromium = find_chromium(playwright.chromium.executable_path)
        launched = await playwright.chromium.launch(
            executable_path=chromium.path, env={**os.environ, **chromium.env}, args=ARGUMENTS
        )
        yield launched
        await launched.close()


@pytest.fixture
async def windows(browser: Browser) -> AsyncIterator[Windows]:
    """`await windows.open("Анна", url)`; closed after the test, which fails on a fault unexpected."""
    opened = Windows(browser)
    yield opened
    await opened.close()
