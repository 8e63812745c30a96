"""Every field of every call with values that nobody should send: whatever is answered, it is no failure of ours."""

import json
from typing import Any

import pytest

from server.api import contract
from server.api.endpoint import Endpoint
from server.api.openapi import resource
from tests.api.conftest import Company
from tests.api.test_openapi import BODIES

NASTY: list[Any] = [
    None, True, 0, -1, 1.5, 2**31, 2**63, 10**300, "", " ", "\0", "\u202e", "x" * 30_000, "' OR 1=1 --", "%00", "1e5",
    [], [None], ["\0"], [[[]]], {}, {"": {}}, {"$gt": ""}, [{"id": "\0"}],
]  # fmt: skip
CALLS = [
    (route.path.removeprefix("/api/v1"), method, call)
    for route in contract.calls
    for method, call in resource(route).calls.items()
]


async def ready(api: Company) -> int:
    """A ticket in whose every corner something stands."""
    number = await api.ask()
    at = f"/tickets/{number}"
    await api.denis.post(f"{at}/claim", expect=200)
    await api.denis.post(f"{at}/estimates", {"minutes": 60, "rate": 100}, 201)
    await api.lev.post(f"{at}/messages", {"id": "m", "text": "Слово"}, 201)
    return number


async def send(api: Company, number: int, path: str, method: str, body: Any) -> None:
    raw = json.dumps(body).encode()
    filled = path.replace("{number}", str(number)).replace("{seq}", "7").replace("{place}", str(number))
    filled = filled.replace("{id}", "0" * 32).replace("{user}", "1")
    await api.lev.call(method, filled, content=raw, headers={"Content-Type": "application/json"})
    if path.endswith("/approval") or path == "/tickets":
        await api.boris.call(method, filled, content=raw, headers={"Content-Type": "application/json"})


def fields(call: Endpoint) -> list[str]:
    return list(call.body.model_fields) if call.body else []


async def test_all_fields_nasty_at_once(api: Company) -> None:
    number = await ready(api)
    for path, method, call in CALLS:
        for value in NASTY if call.body else ():
            await send(api, number, path, method, dict.fromkeys(fields(call), value))


@pytest.mark.long
async def test_each_field_nasty_by_itself(api: Company) -> None:
    number = await ready(api)
    for path, method, call in CALLS:
        for field in fields(call):
            for value in NASTY:
                await send(api, number, path, method, BODIES.get((method, path), {}) | {field: value})


async def test_nasty_paths_and_queries(api: Company) -> None:
    for value in ("%00", "%ff", "..%2f", "%F0%9F%98%80", "0", "-1", "1e9", "99999999999", "null", "%20", "x" * 3000):
        for path, method, call in CALLS:
            if "{" in path and method in ("GET", "DELETE"):
                filled = path
                for name in ("number", "seq", "id", "place", "user"):
                    filled = filled.replace("{" + name + "}", value)
                await api.lev.call(method, filled)
            if call.query:
                for name in call.query.model_fields:
                    await api.lev.call("GET", f"{path.replace('{number}', '1')}?{name}={value}")
