"""A client of the API that holds every answer against its description: by the call's own model, or as a problem."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from starlette.routing import Match

from server.api import contract, wire
from server.api.endpoint import Endpoint
from server.api.openapi import resource
from tests.cast import Person
from tests.house import House
from tests.parts.http import http_client


def call_of(method: str, path: str) -> Endpoint | None:
    """The row of the contract that answers this call."""
    for route in contract.calls:
        match, _ = route.matches({"type": "http", "path": path, "method": method})
        if match == Match.FULL:
            return resource(route).calls.get(method)
    return None


class Api:
    """One person's client; paths begin after /api/v1."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http

    async def call(self, method: str, path: str, expect: int | None = None, **more: Any) -> httpx2.Response:
        """Makes a call; asserts its status where one is expected."""
        answer = await self.http.request(method, "/api/v1" + path, **more)
        assert expect is None or answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        check(method, "/api/v1" + path.partition("?")[0], answer)
        return answer

    async def get(self, path: str, expect: int = 200, **params: Any) -> Any:
        return (await self.call("GET", path, expect, params=params)).json()

    async def post(self, path: str, json: Any = None, expect: int | None = None, key: str | None = None) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        answer = await self.call("POST", path, expect, json=json, headers=headers)
        return answer.json()

    async def put(self, path: str, json: Any, expect: int = 200) -> Any:
        return (await self.call("PUT", path, expect, json=json)).json()

    async def wrong(self, path: str, json: Any, method: str = "POST") -> set[str]:
        """The fields that a refused body is told about."""
        answer = await self.call(method, path, 422, json=json)
        return {error["field"] for error in answer.json()["errors"]}

    async def upload(self, data: bytes, name: str = "screen.png", expect: int = 201, key: str | None = None) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        form = {"file": (name, data)}
        return (await self.call("POST", "/files", expect, files=form, headers=headers)).json()


def check(method: str, path: str, answer: httpx2.Response) -> None:
    """The answer has the form that is described."""
    if answer.status_code >= 400:
        assert answer.status_code < 500 or answer.status_code in (503, 507), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        problem = wire.Problem.model_validate(answer.json())
        assert problem.status == answer.status_code
        assert problem.detail
        return
    call = call_of(method, path)
    if call is not None and call.answer is not None and answer.content:
        call.answer.model_validate(answer.json())


@asynccontextmanager
async def client(house: House, person: Person | None) -> AsyncIterator[Api]:
    """The API as this person, or as nobody."""
    headers = {"Authorization": f"Bearer {person.token}"} if person else {}
    async with http_client(house.base, headers=headers) as http:
        yield Api(http)
