"""The demo's page over HTTP: who can log in, and the mails and SMS that would have left."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import httpx2
import pytest

from server.config import Settings, from_environment
from server.demo import mailbox, start
from server.demo.company import PEOPLE
from server.demo.pages import routes
from server.demo.setting import PASSWORD
from tests.house import journal
from tests.parts.chromium import Windows
from tests.parts.http import http_client
from tests.parts.process import free_port
from tests.parts.until import until


@dataclass(frozen=True)
class Shown:
    """The demo, served with its worker."""

    base: str
    settings: Settings

    def browser(self) -> httpx2.AsyncClient:
        return http_client(self.base, follow_redirects=True)


@pytest.fixture(scope="module")
async def shown(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shown]:
    port = free_port()  # links in mails lead there
    env = {"DATA_DIR": str(tmp_path_factory.mktemp("demo")), "PORT": str(port)}
    settings = start.settled(from_environment(env))
    await start.prepare(settings)
    async with journal(settings, with_worker=True, port=port, more=routes) as base:
        yield Shown(base, settings)


def words(page: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", page))


async def test_the_page_names_everybody_and_how_to_log_in(shown: Shown) -> None:
    async with shown.browser() as browser:
        page = (await browser.get("/demo")).raise_for_status().text
    for person in PEOPLE:
        assert person.name in page
        assert person.login in page
    assert PASSWORD in page


async def test_the_doors_stay_real(shown: Shown) -> None:
    """Password, then the code of the SMS, which the page shows; nothing is open before."""
    async with shown.browser() as browser:
        answer = await browser.post("/login", data={"login": "kotov", "password": PASSWORD})
        assert answer.url.path == "/login/code"
        assert (await browser.get("/tickets")).url.path.startswith("/login")
        await browser.post("/login/code/send")
        await until(lambda: bool(mailbox.sms(shown.settings.data_dir)), 20, "the SMS is kept")
        page = (await browser.get("/demo?only=sms")).text
        code = mailbox.sms(shown.settings.data_dir)[0].code
        assert code is not None
        assert f"{code[:3]} {code[3:]}" in page
        assert "больше не действует" not in page
        assert (await browser.post("/login/code", data={"code": code})).url.path == "/tickets"
        assert "больше не действует" in (await browser.get("/demo?only=sms")).text


async def test_mails_that_would_have_left_can_be_read_in_all_their_parts(shown: Shown) -> None:
    folder = shown.settings.data_dir
    await until(lambda: len(mailbox.mails(folder)) >= 10, 60, "the mails of the last hours are kept")
    letters = [m for m in mailbox.mails(folder) if not m.message_id.startswith("registration.")]
    kept = letters[:3]  # more may be on their way
    async with shown.browser() as browser:
        page = (await browser.get("/demo")).text
        for mail in kept:
            assert f"/demo/mails/{mail.id}" in page
            shown_mail = (await browser.get(f"/demo/mails/{mail.id}")).raise_for_status().text
            assert mail.name in words(shown_mail)
            assert "/tickets" in (await browser.get(f"/demo/mails/{mail.id}?part=text")).text
            assert "Message-ID" in (await browser.get(f"/demo/mails/{mail.id}?part=source")).text
            letter = await browser.get(f"/demo/mails/{mail.id}/html")
            assert "frame-ancestors 'self'" in letter.headers["content-security-policy"]
            assert "script-src" not in letter.headers["content-security-policy"]


@pytest.mark.browser
async def test_the_newcomer_comes_to_the_log_in_from_the_mail(shown: Shown, windows: Windows) -> None:
    """The letter stands in a frame, and the link in it opens the journal around it (step 1 of the manual)."""
    folder = shown.settings.data_dir

    def arrived() -> list[str]:
        return [m.id for m in mailbox.mails(folder) if m.message_id.startswith("registration.")]

    await until(lambda: bool(arrived()), 60, "the registration mail is kept")
    opened = mailbox.opened(folder, arrived()[0])
    assert opened is not None
    assert "sevastyanov" in opened.text
    page = (await windows.open("newcomer", shown.settings.base_url)).page
    await page.goto(f"/demo/mails/{opened.mail.id}")
    await page.frame_locator("iframe").get_by_role("link", name="Перейти в журнал").click()
    await page.wait_for_url(f"{shown.settings.base_url}/login")


@pytest.mark.parametrize("name", ["..%2Fsecret.key", "20261124-000000-000000-0000000g", "nothing", "%00"])
async def test_other_names_open_nothing(shown: Shown, name: str) -> None:
    async with shown.browser() as browser:
        for part in ("", "/html"):
            assert (await browser.get(f"/demo/mails/{name}{part}")).status_code == 404


async def test_outside_the_demo_there_is_no_such_page(settings: Settings, tmp_path: Path) -> None:
    assert not settings.demo
    async with journal(settings) as base, http_client(base) as browser:
        for path in ("/demo", "/demo/mails/20261124-000000-000000-00000000"):
            assert (await browser.get(path)).status_code == 404
