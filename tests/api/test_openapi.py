"""The walk over all routes: each is described, each description is a route, each has an audience – and Vera, of
another organisation, gets at every one of them what she gets for a number that does not exist (G9, U10, C1)."""

import json
import re
from typing import Any

import httpx2
import pytest

from server.api import contract
from server.api.endpoint import Endpoint, Resource
from server.api.openapi import document, resource
from server.tickets.workflow import STATUSES
from tests.api.client import Api
from tests.api.conftest import Company
from tests.cast import LATELY
from tests.parts.http import alike

CALLS = [(route, method, call) for route in contract.calls for method, call in resource(route).calls.items()]
NOWHERE = 999_999_999
PROMISED = {
    "/me", "/services", "/files", "/files/{id}", "/tickets", "/tickets/{number}", "/tickets/{number}/events",
    "/tickets/{number}/staff/events", "/tickets/{number}/messages", "/tickets/{number}/staff/messages",
    "/tickets/{number}/messages/{seq}", "/tickets/{number}/status", "/tickets/{number}/claim",
    "/tickets/{number}/assignee", "/tickets/{number}/participants", "/tickets/{number}/urgency",
    "/tickets/{number}/service", "/tickets/{number}/payment", "/drafts/{place}", "/tickets/{number}/estimates",
    "/tickets/{number}/approval", "/tickets/{number}/read", "/tickets/{number}/time", "/tickets/{number}/rating",
}  # fmt: skip
# A right body for each call, where the empty one would be refused.
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/tickets/{number}/messages"): {"id": "v-1", "text": "Здравствуйте"},
    ("POST", "/tickets/{number}/staff/messages"): {"id": "v-2", "text": "Здравствуйте"},
    ("PATCH", "/tickets/{number}/messages/{seq}"): {"text": "Другое"},
    ("PATCH", "/tickets/{number}/staff/messages/{seq}"): {"text": "Другое"},
    ("POST", "/tickets/{number}/read"): {"upto": 1},
    ("POST", "/tickets/{number}/staff/read"): {"upto": 1},
    ("POST", "/tickets/{number}/status"): {"to": "cancelled", "comment": "Так"},
    ("PUT", "/tickets/{number}/assignee"): {"user": 3},
    ("POST", "/tickets/{number}/participants"): {"user": 3},
    ("PUT", "/tickets/{number}/urgency"): {"to": "high", "comment": "Так"},
    ("PUT", "/tickets/{number}/service"): {"to": 2, "comment": "Так"},
    ("PUT", "/tickets/{number}/payment"): {"state": "paid"},
    ("POST", "/tickets/{number}/estimates"): {"minutes": 60, "rate": 100},
    ("POST", "/tickets/{number}/approval"): {"version": 1, "decision": "approved"},
    ("POST", "/tickets/{number}/time"): {"minutes": 5, "date": f"{LATELY}", "comment": "Так", "billable": False},
    ("POST", "/tickets/{number}/rating"): {"score": 5},
    ("PUT", "/drafts/{place}"): {"text": "Так"},
}


def test_every_route_of_the_api_is_a_described_call() -> None:
    paths = document(contract.calls)["paths"]
    assert {(path, method.upper()) for path in paths for method in paths[path]} == {
        (route.path, method) for route, method, _ in CALLS
    }
    assert all(isinstance(route.endpoint, Resource) for route in contract.calls)
    assert {f"/api/v1{path}" for path in PROMISED} <= set(paths)


@pytest.mark.parametrize(("route", "method", "call"), CALLS, ids=lambda v: getattr(v, "path", None) or str(v)[:12])
def test_every_call_has_an_audience_and_words(route: Any, method: str, call: Endpoint) -> None:
    assert call.audience.words
    assert (call.handler.__doc__ or "").strip()
    described = document(contract.calls)["paths"][route.path][method.lower()]
    assert described["x-audience"] == call.audience.words
    assert "401" in described["responses"]


def test_calls_have_names_of_their_own() -> None:
    names = [call.handler.__name__ for _, _, call in CALLS]
    assert len(names) == len(set(names))


def test_statuses_and_kinds_of_the_tables_are_in_the_description() -> None:
    text = json.dumps(document(contract.calls))
    assert all(f'"{code}"' in text for code in STATUSES)


async def test_the_description_is_open_and_its_references_lead_somewhere(api: Company) -> None:
    answer = await api.nobody.http.get("/api/openapi.json")
    described = answer.json()
    assert described["openapi"].startswith("3.1")
    text = answer.text
    for name in described["components"]["schemas"]:
        text = text.replace(f'"#/components/schemas/{name}"', "")
    for code in described["components"]["responses"]:
        text = text.replace(f'"#/components/responses/{code}"', "")
    assert '"$ref":"#' not in text


def _allows(shape: dict[str, Any], text: str) -> bool:
    """Whether a parameter's description allows this."""
    if options := shape.get("anyOf"):
        return any(_allows(one, text) for one in options)
    if shape["type"] == "integer":
        return re.fullmatch(r"\d+", text, re.A) is not None and shape["minimum"] <= int(text) <= shape["maximum"]
    fits = len(text) <= shape.get("maxLength", 10**6) and re.search(shape.get("pattern", ""), text) is not None
    return shape["type"] == "string" and fits and text in shape.get("enum", [text])


async def test_a_parameter_is_read_where_the_description_allows_it_and_only_there(api: Company) -> None:
    """(Seen red: `q` described up to 10 000 letters, no end to `after`, no form of `assignee` and `status`.)"""
    number = await api.ask()
    tried = (
        "", " ", "0", "1", "я", " 7 ", "яя", "я я", "я" * 200, "я" * 201, f"я{' ' * 300}я", "me", "none", "new,closed",
        "new,", "new,new", "high,low", "paid", "true", "-due", "200", "201", "999999999", "1000000000", "2147483647",
        "2147483648", "1" * 19,
    )  # fmt: skip
    for path in ("/tickets", "/tickets/{number}/events"):
        for parameter in document(contract.calls)["paths"][f"/api/v1{path}"]["get"]["parameters"]:
            name, shape = parameter["name"], parameter["schema"]
            for value in tried if parameter["in"] == "query" and name != "cursor" else ():
                answer = await api.lev.call("GET", path.format(number=number), params={name: value})
                assert answer.status_code == (200 if _allows(shape, value) else 422), f"{name}={value}"


async def test_a_body_that_may_be_left_out_is_not_described_as_required(api: Company) -> None:
    """(Seen red: the claim's.)"""
    paths = document(contract.calls)["paths"]
    required = {route.path: paths[route.path][method.lower()].get("requestBody", {}).get("required")
                for route, method, call in CALLS if call.body}  # fmt: skip
    assert not required["/api/v1/tickets/{number}/claim"]
    assert required["/api/v1/tickets/{number}/status"]
    await api.denis.call("POST", f"/tickets/{await api.ask()}/claim", 200)


def _where(path: str, number: int | str, file: str) -> str:
    filled = path.replace("{number}", str(number)).replace("{place}", str(number)).replace("{id}", file)
    return filled.replace("{seq}", "1").replace("{user}", "1")


@pytest.mark.parametrize("body", ["right", "empty", "broken"])
async def test_vera_gets_at_every_door_what_a_stranger_gets(api: Company, body: str) -> None:
    file = (await api.anna.upload(b"\x89PNG\r\n\x1a\n" + b"0" * 20))["id"]
    number = await api.ask(files=[file])
    at = f"/tickets/{number}"
    await api.denis.post(f"{at}/claim", expect=200)
    await api.denis.post(f"{at}/staff/messages", {"id": "n-1", "text": "Заметка"}, 201)
    await api.denis.post(f"{at}/estimates", {"minutes": 60, "rate": 300000}, 201)
    before = (await api.lev.get(f"{at}/events"), await api.lev.get(f"{at}/staff/events"))
    tried = 0
    for route, method, _ in CALLS:
        path = route.path.removeprefix("/api/v1")
        if "{" not in path:
            continue
        tried += 1
        foreign, absent = [
            await _try(api.vera, method, path, place, body) for place in ((number, file), (NOWHERE, "0" * 32))
        ]
        alike(foreign, absent)
    assert tried >= 25
    assert (await api.lev.get(f"{at}/events"), await api.lev.get(f"{at}/staff/events")) == before


async def _try(who: Api, method: str, path: str, place: tuple[int, str], body: str) -> httpx2.Response:
    more: dict[str, Any] = {}
    if method in ("POST", "PUT", "PATCH"):
        content = {"right": json.dumps(BODIES.get((method, path), {})), "empty": "{}", "broken": "{"}[body]
        more = {"content": content, "headers": {"Content-Type": "application/json"}}
    return await who.call(method, _where(path, *place), **more)


async def test_in_lists_and_search_vera_finds_nothing_of_others(api: Company) -> None:
    """S5: neither by number, words, people nor organisation, and no counts of them."""
    number = await api.ask(subject="Канарейка ромашковая")
    cast = api.house.cast
    for asked in (
        {}, {"q": "канарейка"}, {"q": str(number)}, {"q": "Лугова"}, {"organisation": cast.romashka},
        {"assignee": cast.denis.id}, {"service": cast.accounting}, {"unread": "true"},
    ):  # fmt: skip
        assert await api.vera.get("/tickets", **asked) == {"items": [], "next": None}


async def test_an_admin_without_another_role_sees_no_ticket(api: Company) -> None:
    number = await api.ask()
    await api.pavel.get(f"/tickets/{number}", 404)
    assert (await api.pavel.get("/tickets"))["items"] == []


async def test_a_client_never_learns_of_the_staff_room(api: Company) -> None:
    """G10: the same answers for one's own ticket's staff room as for a ticket that is not there."""
    number = await api.ask()
    for suffix in ("/staff/events", "/staff/messages", "/staff/messages/1", "/staff/read"):
        method = {"/staff/events": "GET", "/staff/messages/1": "DELETE"}.get(suffix, "POST")
        own = await api.anna.call(method, f"/tickets/{number}{suffix}")
        alike(own, await api.anna.call(method, f"/tickets/{NOWHERE}{suffix}"))
    assert not {"staff_head", "staff_unread"} & set(await api.anna.get(f"/tickets/{number}"))
