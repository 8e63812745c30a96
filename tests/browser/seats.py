"""The cast already signed in: a served journal and a window whose cookie is a finished log-in."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page

from server.config import Settings
from server.db import Database
from tests.cast import Cast, Person, log_in
from tests.house import journal
from tests.parts.chromium import Window, Windows
from tests.parts.process import free_port


@dataclass
class Seats:
    """Where the journal answers, and chairs to sit down on."""

    base: str
    db: Database
    cast: Cast
    windows: Windows

    async def window(self, person: Person, **how: Any) -> Window:
        """A browser of this person, signed in."""
        token = await log_in(self.db, person)
        window = await self.windows.open(person.name, self.base, **how)
        await window.context.add_cookies([
            {"name": "journal", "value": token, "domain": urlsplit(self.base).hostname or "", "path": "/"}
        ])  # fmt: skip
        return window


@pytest.fixture
async def seats(ground: Settings, db: Database, cast: Cast, windows: Windows) -> AsyncIterator[Seats]:
    """One process whose address is its BASE_URL, so that sockets and forms of a browser are let in."""
    port = free_port()
    served = replace(ground, port=port, base_url=f"http://127.0.0.1:{port}")
    async with journal(served, port=port) as base:
        yield Seats(base, db, cast, windows)
        await windows.close()  # before the server: a page that loses it would complain
        windows.open_ones.clear()


async def ready(page: Page, path: str) -> None:
    """Opens a page and waits until its behaviours are bound and its socket has said hello."""
    await page.goto(path)
    await page.locator("html[data-ready]").wait_for()
