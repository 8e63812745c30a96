"""A page of somebody else in the browser of somebody who is signed in (W4, W5)."""

from typing import Any

import pytest
from starlette.responses import HTMLResponse

from tests.browser.seats import Seats, ready
from tests.cast import on_sqlite
from tests.parts.serve import serving

pytestmark = [pytest.mark.browser, on_sqlite]
TRIES = """url => new Promise(done => {
    const got = [], socket = new WebSocket(url);
    socket.onmessage = message => { got.push(message.data); socket.close(); };
    socket.onopen = () => got.push("open");
    socket.onclose = () => done(got);
})"""


async def test_W4_a_foreign_page_gets_no_socket_and_no_frame(seats: Seats) -> None:
    """Neither from another host, where the cookie stays at home, nor from another port of this one, where it goes
    along. (Seen red: the origin not looked at.)"""
    window = await seats.window(seats.cast.anna)
    window.expect_fault("WebSocket connection to")
    page, socket = window.page, seats.base.replace("http", "ws", 1) + "/ws"
    await ready(page, "/tickets")
    own: list[Any] = await page.evaluate(TRIES, socket)
    assert own[0] == "open"
    assert '"hello"' in own[1]
    async with serving(HTMLResponse("<!doctype html><title>чужая</title>")) as other:
        for foreign in (other, other.replace("127.0.0.1", "localhost")):
            await page.goto(foreign)
            assert await page.evaluate(TRIES, socket) == []
