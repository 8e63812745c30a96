"""The page of the socket says what the code does: nothing of it is missing, its example is what a journal answers, its
program runs."""

import re
from html import unescape
from typing import Any

from server.api import frames, manual
from server.errors import Refusal
from server.events.kinds import KINDS
from server.rooms import protocol, watch
from server.words.render import render
from tests.cast import ask, on_sqlite
from tests.house import House
from tests.parts.http import http_client
from tests.people.browser import browser
from tests.people.entrance import give_password
from tests.rooms.acting import post


def page(locale: str) -> str:
    where = {"address": "wss://journal.test/ws", "origin": "https://journal.test"}
    return render("socket.html", locale, **where, session=manual.session(locale), **manual.content())


def test_every_frame_field_kind_and_code_of_the_code_stands_on_the_page() -> None:
    """(Seen red: the last frame left out of a table.)"""
    wanted = {f"sent-{m.__name__}.{f}" for m in protocol.FRAMES.values() for f in m.model_fields}
    wanted |= {f"answered-{m.__name__}.{f}" for m in frames.FRAMES for f in m.model_fields}
    wanted = {place for place in wanted if not place.endswith(".op")}
    wanted |= {f"kind-{name}.{f.alias or n}" for name, kind in KINDS.items() for n, f in kind.model_fields.items()}
    wanted |= {f"kind-{name}" for name in KINDS} | {f"sent-{m.__name__}" for m in protocol.FRAMES.values()}
    wanted |= {f"error-{refusal.code}" for refusal in Refusal.__subclasses__()}
    wanted |= {f"close-{code}" for code in vars(protocol).values() if isinstance(code, int) and 1000 <= code < 5000}
    wanted |= {f"close-{code}" for code in (1007, 1009, 1012)}
    for locale in ("ru", "en"):
        found = re.findall(r'\bid="([^"]+)"', page(locale))
        assert wanted - set(found) == set()
        assert len(found) == len(set(found))


def test_every_limit_of_a_frame_stands_beside_its_field() -> None:
    shown = {f.name: f.type for f in manual.fields(protocol.Say)}
    assert shown == {
        "room": "string 1–64", "id": "string 1–64", "text": "string ≤ 20000", "files": "(string 1–64)[] ≤ 20",
        "reply_to": "integer ≥ 1", "seen": "integer ≥ 0", "anyway": "boolean",
    }  # fmt: skip
    assert [f.name for f in manual.fields(protocol.Say) if not f.optional] == ["room", "id"]
    assert watch.BEAT_EVERY <= 15  # as the page promises


@on_sqlite
async def test_it_is_open_to_everybody_in_their_language_and_found(house: House) -> None:
    async with http_client(house.base) as http:
        ru, en = [await http.get(f"/api/socket?lang={lang}") for lang in ("ru", "en")]
        assert (ru.status_code, en.status_code) == (200, 200)
        assert ("Догнать пропущенное" in ru.text, "Догнать пропущенное" in en.text) == (True, False)
        assert 'href="/api/socket"' in (await http.get("/help")).text
        described = (await http.get("/api/openapi.json")).json()
        assert described["externalDocs"]["url"] == "/api/socket"
        assert "/api/socket" in described["info"]["description"]
    await give_password(house.db, house.cast.anna)
    await ask(house.db, house.cast.anna, house.cast.accounting)
    async with browser(house) as anna:
        await anna.come_in(house.cast.anna)
        inside = (await anna.http.get("/api/socket")).text
        assert "Профиль и выход" in inside
        assert 'data-count="open">1<' in inside  # what stands around a page is counted here too


FREE = {"id", "at", "read_at", "time", "name", "room", "epoch"}  # what differs from one journal to another


class Same:
    """Holds frames against the example's: all equal, but that ids, names and moments may be others; the same ones stay
    the same."""

    def __init__(self) -> None:
        self.stands_for: dict[Any, Any] = {}

    def check(self, shown: Any, came: Any, name: str = "") -> None:
        if isinstance(shown, dict):
            assert list(shown) == list(came)
            for key in shown:
                self.check(shown[key], came[key], key)
        elif isinstance(shown, list):
            assert len(shown) == len(came)
            for one, other in zip(shown, came, strict=True):
                self.check(one, other, name)
        elif name not in FREE:
            assert shown == came
        else:
            assert type(shown) is type(came)
            if name not in ("at", "read_at", "time"):
                assert self.stands_for.setdefault((name, shown), came) == came


@on_sqlite
async def test_the_example_is_what_a_journal_answers(house: House) -> None:
    """(Seen red: `online` false in one's own row.)"""
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    same = Same()
    async with house.line(house.cast.anna) as anna:
        ahead = [*anna.frames]
        for sent, back in manual.SESSION:
            if sent:
                await anna.send(**sent | {"room": f"ticket:{number}"})
            elif back[0]["op"] == "event":  # somebody else's word
                said = back[0]["event"]
                await post(house, house.cast.denis, f"/tickets/{number}/messages", id=said["id"], text=said["text"])
            came = [ahead.pop(0) if ahead else await anna.next() for _ in back]
            for shown in back:
                [answer] = [frame for frame in came if frame["op"] == shown["op"]]
                same.check(shown, answer)
        await anna.send(op="leave", room="nowhere", id="the end")
        assert (await anna.next())["id"] == "the end"  # and nothing else came


@on_sqlite
async def test_the_program_of_the_page_runs_and_catches_up(house: House) -> None:
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    [source] = re.findall(r'<pre tabindex="0" id="listen">(.*?)</pre>', page("en"), re.S)
    program: dict[str, Any] = {"__name__": "example"}
    exec(unescape(source), program)
    listening = program["listen"](house.ws, house.cast.denis.token, f"ticket:{number}")
    assert (await anext(listening))["kind"] == "message"
    await post(house, house.cast.anna, f"/tickets/{number}/messages", id="a-1", text="Ещё")
    assert (await anext(listening))["text"] == "Ещё"
    await listening.aclose()
    later = program["listen"](house.ws, house.cast.denis.token, f"ticket:{number}", seen=1, epoch=0)
    assert (await anext(later))["seq"] == 2
    await later.aclose()
