"""The page without a network: what the browser's worker keeps, and what is shown when nothing else can be."""

import json
import re
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.async_api import expect

from tests.browser.seats import Seats, ready
from tests.cast import on_sqlite
from tests.house import House

KEPT = """async () => {
    const found = [];
    for (const name of await caches.keys()) found.push(...await (await caches.open(name)).keys());
    return found.map(request => request.url);
}"""
WAITS = """async person => {
    const { Store } = await import("/static/js/lib/store.js");
    await new Store().put({id: "1", person, room: "ticket:1", text: "Ждёт", order: 1});
}"""


@on_sqlite
async def test_the_worker_stands_at_the_root_and_keeps_only_what_is_nobodys(house: House) -> None:
    async with httpx2.AsyncClient(base_url=house.base) as stranger:
        scripts = [(await stranger.get(f"/sw.js?lang={locale}")).raise_for_status() for locale in ("ru", "en")]
        assert scripts[0].headers["content-type"].startswith("text/javascript")
        assert scripts[0].headers["cache-control"] == "no-cache"
        ru, en = (json.loads(script.text.split("\n")[0].removeprefix("const KEPT = ")[:-1]) for script in scripts)
        assert ru["version"] != en["version"]
        assert "No connection" in (await stranger.get(en["page"])).text
        page = (await stranger.get(ru["page"])).text
        assert set(re.findall(r'(?:href|src)="(/static/[^"]+(?:css|js|svg))"', page)) <= set(ru["files"])
        for path in ru["files"]:
            assert path.startswith("/static/")
            assert (await stranger.get(path)).status_code == 200


@on_sqlite
@pytest.mark.browser
async def test_a_reload_without_a_network_says_so_and_comes_back_by_itself(seats: Seats) -> None:
    """(Seen red: the browser's own page, and no way back but by hand.)"""
    window = await seats.window(seats.cast.anna, worker=True)
    window.expect_fault("ERR_INTERNET_DISCONNECTED|Failed to fetch|WebSocket")
    page = window.page
    await ready(page, "/tickets")
    await page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    await page.evaluate(WAITS, str(seats.cast.anna.id))
    await window.context.set_offline(True)
    await page.goto("/tickets?view=closed")
    await expect(page.get_by_role("heading", name="Нет связи с журналом")).to_be_visible()
    await expect(page.get_by_text("Ждут отправки: 1")).to_be_visible()
    kept = await page.evaluate(KEPT)
    assert {urlsplit(url).path.split("/")[1] for url in kept} == {"static", "offline"}
    await window.context.set_offline(False)
    await expect(page.get_by_role("heading", name="Обращение клиента")).to_be_visible()
    assert page.url.endswith("/tickets?view=closed")
