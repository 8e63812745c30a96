"""Each of the cast with a client of the API."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from tests.api.client import Api, client
from tests.house import House


@dataclass
class Company:
    """Everybody's client, and the house they work in."""

    house: House
    anna: Api
    boris: Api
    denis: Api
    lev: Api
    nina: Api
    vera: Api
    gleb: Api
    pavel: Api
    nobody: Api

    async def ask(self, **more: object) -> int:
        """A ticket of Anna's for accounting; its number."""
        body = {"subject": "Не проводится реализация", "service": self.house.cast.accounting, "text": "Ошибка 3"}
        return int((await self.anna.post("/tickets", body | more, 201))["number"])


@pytest.fixture
async def api(house: House) -> AsyncIterator[Company]:
    """The cast over HTTP."""
    names = ("anna", "boris", "denis", "lev", "nina", "vera", "gleb", "pavel")
    async with AsyncExitStack() as stack:
        clients = {n: await stack.enter_async_context(client(house, getattr(house.cast, n))) for n in names}
        yield Company(house, **clients, nobody=await stack.enter_async_context(client(house, None)))
