"""Every door of the house has an audience in a table, and is tried as a visitor and as Vera, of another organisation:
neither gets anything that is not theirs, and what exists is answered like what never did (G9, C1). The API's doors are
tried so in `api/test_openapi` and `api/test_order`, the socket in `rooms/test_doors` and `rooms/test_vera`."""

import re
from collections.abc import Iterator

import pytest
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from server.api import contract, endpoint, openapi
from server.app import doors
from tests.api.client import client
from tests.cast import LATELY, log_in, on_sqlite
from tests.house import House
from tests.parts.http import alike, http_client

CANARY, NOBODYS, PNG = "канарейка", 999_999_999, b"\x89PNG\r\n\x1a\n" + b"0" * 20

# Anybody: what is here holds nothing of anybody's, or asks for its own key (`/metrics`, the link of a mail, the API's).
OPEN = """
    GET /healthz   GET /readyz   GET /metrics   GET /help   GET /offline   GET /sw.js   ANY /static
    GET /login   POST /login   GET /logout   POST /logout   GET /login/forgot   POST /login/forgot
    GET /login/reset/{token}   POST /login/reset/{token}   GET /api/openapi.json   GET /api/socket
"""
# Whoever is between the two steps of a log-in.
BETWEEN = """
    GET /login/code   POST /login/code   POST /login/code/send   GET /login/password   POST /login/password
"""
# Whoever is in, for what is their own.
INSIDE = """
    GET /   GET /tickets   GET /tickets/new   POST /tickets/new   GET /queue   GET /search   POST /preview
    GET /profile   POST /profile   POST /profile/password   POST /files   SOCKET /ws
"""
# Who sees the ticket, file or draft; what else they need there is the actions' matter.
ON_TICKET = """
    GET /tickets/{number}   GET /tickets/{number}/panel   GET /tickets/{number}/events
    POST /tickets/{number}/messages   POST /tickets/{number}/notes
    POST /tickets/{number}/messages/{seq}/edit   POST /tickets/{number}/messages/{seq}/delete
    POST /tickets/{number}/notes/{seq}/edit   POST /tickets/{number}/notes/{seq}/delete
    POST /tickets/{number}/status   POST /tickets/{number}/claim   POST /tickets/{number}/assignee
    POST /tickets/{number}/participants   POST /tickets/{number}/urgency   POST /tickets/{number}/service
    POST /tickets/{number}/rating   POST /tickets/{number}/payment   POST /tickets/{number}/time
    POST /tickets/{number}/estimates   GET /tickets/{number}/decision   POST /tickets/{number}/decision
    GET /drafts/{place}   PUT /drafts/{place}   DELETE /drafts/{place}   GET /files/{id}   GET /files/{id}/preview
"""
ADMIN = """
    GET /admin/start   GET /admin/services   POST /admin/services   POST /admin/services/{id}
    GET /admin/users   POST /admin/users   POST /admin/users/{id}   POST /admin/users/{id}/password
    POST /admin/users/{id}/active
"""
# Calls of the API that need a token and nothing more; every other has a gate of its own.
WITH_TOKEN = "GET /me   GET /services   GET /tickets   POST /files"
TABLE = (OPEN, BETWEEN, INSIDE, ON_TICKET, ADMIN)
# A right form for each, where one is wanted: a wrong one may be refused before anybody looks at the ticket.
FORMS: dict[str, dict[str, str]] = {
    "messages": {"id": "v-1", "text": "Пустите"}, "notes": {"id": "v-2", "text": "Пустите"}, "edit": {"text": "Другое"},
    "status": {"to": "cancelled", "comment": "Так"}, "assignee": {"user": "3"}, "participants": {"user": "6"},
    "urgency": {"to": "high", "comment": "Так"}, "service": {"to": "2", "comment": "Так"}, "rating": {"score": "5"},
    "payment": {"state": "paid"}, "time": {"minutes": "5", "date": f"{LATELY}", "comment": "Так"},
    "estimates": {"line_text": "Так", "line_quantity": "1", "line_price": "1", "line_unit": "hour", "vat": "22"},
    "decision": {"version": "1", "decision": "approved"},
}  # fmt: skip


def _rows(*tables: str) -> list[tuple[str, str]]:
    words = " ".join(tables).split()
    return list(zip(words[::2], words[1::2], strict=True))


def _ways(routes: list[BaseRoute]) -> Iterator[tuple[str, str]]:
    """Method and path of everything that can be asked for; HEAD is GET."""
    for route in routes:
        if isinstance(route, Route):
            yield from ((method, route.path) for method in sorted((route.methods or {"ANY"}) - {"HEAD"}))
        else:
            assert isinstance(route, Mount | WebSocketRoute)
            yield "SOCKET" if isinstance(route, WebSocketRoute) else "ANY", route.path


def test_every_door_has_an_audience() -> None:
    """(Seen red: a page more.)"""
    pages = [route for route in doors() if route not in contract.calls]
    assert sorted(_ways(pages)) == sorted(_rows(*TABLE))
    ungated = [
        (method, route.path.removeprefix("/api/v1")) for route in contract.calls
        for method, call in openapi.resource(route).calls.items() if call.audience.gate is endpoint.everybody
    ]  # fmt: skip
    assert sorted(ungated) == sorted(_rows(WITH_TOKEN))


async def _a_ticket(house: House) -> tuple[int, str]:
    """A ticket of Anna's with a file, an estimate and a note, and a draft beside it: number and file."""
    async with client(house, house.cast.anna) as anna, client(house, house.cast.denis) as denis:
        file = (await anna.upload(PNG, f"{CANARY}.png"))["id"]
        new = {"subject": f"{CANARY}, реализация", "service": house.cast.accounting, "text": CANARY, "files": [file]}
        number: int = (await anna.post("/tickets", new, 201))["number"]
        at = f"/tickets/{number}"
        await anna.put(f"/drafts/{number}", {"text": CANARY})
        await denis.post(f"{at}/claim", expect=200)
        await denis.post(f"{at}/staff/messages", {"id": "n-1", "text": CANARY}, 201)
        await denis.post(f"{at}/estimates", {"minutes": 60, "rate": 300000}, 201)
    return number, file


async def _logs(house: House, number: int) -> list[str]:
    async with client(house, house.cast.lev) as lev:
        return [(await lev.call("GET", f"/tickets/{number}/{line}events", 200)).text for line in ("", "staff/")]


def _filled(path: str, number: int, file: str) -> str:
    filled = path.format(number=number, place=number, seq=1, id=file if path.startswith("/files") else 1)
    return f"{filled}?before=9" if path.endswith("/events") else filled


def _unnumbered(page: str, number: int) -> str:
    return re.sub(rf"(/tickets/|№\s){number}\b", r"\1…", page)


def _asked(script: bool) -> dict[str, str]:
    return {"Sec-Fetch-Site": "same-origin"} | ({"Accept": "application/json"} if script else {})


@on_sqlite
@pytest.mark.parametrize("script", [False, True])
async def test_a_visitor_is_led_to_the_log_in_wherever_something_is_somebodys(house: House, script: bool) -> None:
    """A page redirects, a script gets 401; nothing is said of what there is."""
    place = await _a_ticket(house)
    async with http_client(house.base, headers=_asked(script)) as http:
        for method, path in _rows(BETWEEN, INSIDE, ON_TICKET, ADMIN):
            if method == "SOCKET":
                continue
            answer = await http.request(method, _filled(path, *place))
            where = answer.headers.get("location", "").split("?")[0]
            assert (answer.status_code, where) in {(401, ""), (303, "" if script else "/login")}, (method, path)
            assert CANARY not in answer.text


@on_sqlite
@pytest.mark.parametrize("script", [False, True])
async def test_vera_gets_at_every_page_what_is_hers_or_what_a_stranger_gets(house: House, script: bool) -> None:
    """What exists is answered like what does not, also when the form is wrong; her own pages hold nothing of others;
    what admins set up is for her like a page that never was. (Seen red: services without `require_admin`, older events
    without `find`.)"""
    number, file = await _a_ticket(house)
    before = await _logs(house, number)
    cookies = {"journal": await log_in(house.db, house.cast.vera)}
    async with http_client(house.base, headers=_asked(script), cookies=cookies) as http:
        for method, path in _rows(ON_TICKET):
            right = FORMS.get(path.rsplit("/", 1)[-1], {}) if method == "POST" else {}
            for form in (right, {}) if right else ({},):
                foreign, absent = [
                    await http.request(method, _filled(path, *place), data=form)
                    for place in ((number, file), (NOBODYS, "0" * 32))
                ]
                if form == right:
                    alike(foreign, absent)
                else:
                    assert foreign.status_code == absent.status_code, path
                    assert _unnumbered(foreign.text, number) == _unnumbered(absent.text, NOBODYS), path
        for method, path in _rows(ADMIN):
            alike(await http.request(method, _filled(path, 1, file)), await http.request(method, "/admin/nothing"))
        for method, path in _rows(INSIDE):
            if method == "GET":
                answer = await http.get(path, params={"q": "реализация"}, follow_redirects=True)
                assert (answer.status_code, answer.url.path == "/login") == (200, False), path
                assert CANARY not in answer.text, path
    assert await _logs(house, number) == before, "no effect there"
