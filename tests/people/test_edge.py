"""What every page does before and around its own work: who is asking, how much is read, what is shown around."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import update

from server import receiving, web
from server.clock import now
from server.db import Session
from server.people.model import LoginSession
from server.people.policy import Viewer
from server.tickets import counts
from tests.cast import ask, on_sqlite
from tests.house import House
from tests.people.browser import Browser, browser, text

pytestmark = [on_sqlite, pytest.mark.usefixtures("known")]


@pytest.fixture
async def anna(house: House) -> AsyncIterator[Browser]:
    """Anna, logged in."""
    async with browser(house) as b:
        await b.come_in(house.cast.anna)
        yield b


async def _rest(house: House) -> None:
    """Nobody has been seen for two minutes: the next request writes that they are here."""
    async with house.db.transaction() as s:
        await s.execute(update(LoginSession).values(seen_at=now() - timedelta(minutes=2)))


async def test_a_form_after_a_minute_of_rest_is_written_like_any_other(house: House, anna: Browser) -> None:
    """Whoever rested is written down as seen: in the transaction that stands open, not in one that waits for it."""
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    for path, fields in (
        (f"/tickets/{number}/messages", {"text": "Слово"}),
        (f"/tickets/{number}/urgency", {"to": "high", "comment": "Так"}),
        ("/profile", {"locale": "ru"}),
    ):
        await _rest(house)
        answer = await anna.post(path, **fields)
        assert answer.status_code == 303, text(answer)
    await _rest(house)
    assert (await anna.http.put("/drafts/new", json={"text": "Начато"})).status_code == 200
    async with browser(house) as admin:
        await admin.come_in(house.cast.pavel)
        await _rest(house)
        answer = await admin.post(f"/admin/users/{house.cast.gleb.id}/password")
        assert answer.status_code == 303, text(answer)


ENDLESS = {
    ("PUT", "/drafts/new"): "application/json",
    ("POST", "/preview"): "application/x-www-form-urlencoded",
    ("POST", "/tickets/new"): "multipart/form-data; boundary=x",
    ("POST", "/tickets/1/messages"): "multipart/form-data; boundary=x",
    ("POST", "/tickets/1/claim"): "application/x-www-form-urlencoded",
    ("POST", "/profile"): "application/x-www-form-urlencoded",
    ("POST", "/admin/users"): "application/x-www-form-urlencoded",
}


@pytest.mark.parametrize(("method", "path"), ENDLESS)
async def test_a_stranger_is_answered_before_the_body_is_read(house: House, method: str, path: str) -> None:
    host, port = house.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {ENDLESS[method, path]}\r\n"
        "Accept: application/json\r\nContent-Length: 1000000\r\n\r\n--x".encode()
    )
    async with asyncio.timeout(15):
        assert b" 401 " in await reader.readline()
    writer.close()


async def _endless() -> AsyncIterator[bytes]:
    """A body that does not say how long it is."""
    for _ in range(receiving.MAX_BODY // 2**20 + 2):
        yield b"&" * 2**20


async def test_a_body_is_counted_while_it_is_read(house: House, anna: Browser) -> None:
    typed = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
    for method, path, status in (
        ("PUT", "/drafts/new", 413), ("POST", "/preview", 413), ("POST", "/profile", 413), ("POST", "/login", 422),
    ):  # fmt: skip
        answer = await anna.http.request(method, path, content=_endless(), headers=typed)
        assert answer.status_code == status, path


async def test_a_file_in_a_form_without_files_is_refused(anna: Browser) -> None:
    answer = await anna.http.post("/profile", files={"locale": ("a.txt", b"ru")})
    assert answer.status_code == 400


PLANTED = ("abc", "zz", "d0", "%00", "x" * 3000, "Чужое".encode().hex(), "Удалите журнал".encode().hex(), "__class__")


async def test_no_planted_cookie_breaks_a_page_or_speaks_on_it(house: House, anna: Browser) -> None:
    for value in PLANTED:
        for name in ("journal_said", "journal_next", "theme", "journal_locale"):
            cookie = f"{name}={value}; journal={anna.cookie}"
            for path in ("/profile", "/login", "/nowhere"):
                answer = await anna.http.get(path, headers={"cookie": cookie})
                assert answer.status_code < 500, (name, value, path)
                assert "Чужое" not in answer.text
                assert "Удалите" not in answer.text


async def test_what_was_done_is_said_once(house: House) -> None:
    async with browser(house) as b:
        await b.come_in(house.cast.pavel)
        answer = await b.post(f"/admin/users/{house.cast.gleb.id}/password")
        assert "Новый пароль уходит на почту" in text(await b.get(answer.headers["location"]))
        assert "Новый пароль уходит на почту" not in text(await b.get(answer.headers["location"]))


async def test_a_crash_is_a_plain_page_with_every_header_of_ours(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(web, "locale", broken)
    async with browser(house) as b:
        answer = await b.get("/login", headers={"cookie": "journal_said=abc"})
        assert answer.status_code == 500
        assert "Ошибка на нашей стороне" in text(answer)
        assert answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_static_files_are_kept_by_browsers_and_asked_about_pages_are_not_kept(house: House) -> None:
    async with browser(house) as b:
        page = await b.get("/login")
        assert page.headers["cache-control"] == "no-store"
        path = re.search(r'"(/static/[^"]+\.css)', page.text)
        assert path
        first = await b.get(path[1])
        assert (first.status_code, first.headers["cache-control"]) == (200, "no-cache")
        assert (await b.get(path[1], headers={"if-none-match": first.headers["etag"]})).status_code == 304


async def test_the_counters_of_the_lists_are_counted_where_they_are_shown(
    house: House, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never while the one writer waits for it."""
    counted: list[bool] = []

    async def counting(s: Session, viewer: Viewer) -> dict[str, int]:
        counted.append(s.writes)
        return await counts.nav(s, viewer)

    monkeypatch.setattr(web, "nav", counting)
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    assert (await anna.post(f"/tickets/{number}/messages", text="Слово")).status_code == 303
    assert (await anna.post(f"/tickets/{number}/urgency", to="high", comment="Так")).status_code == 303
    assert (await anna.http.put("/drafts/new", json={"text": "Начато"})).status_code == 200
    assert counted == []
    answer = await anna.post("/tickets/new", subject="", text="", service="")
    assert answer.status_code == 422
    assert 'data-count="open">1<' in answer.text
    assert (await anna.get("/tickets")).status_code == 200
    assert counted == [False, False]
