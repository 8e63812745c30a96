"""Two changes of one thing at once: one wins, the other is told how it stands now and writes nothing."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.api.conftest import Company
from tests.cast import Cast, Person, on_sqlite
from tests.house import House

Finish = Callable[[], Awaitable[tuple[int, Any]]]


@asynccontextmanager
async def begun(house: House, person: Person, method: str, path: str, body: Any) -> AsyncIterator[Finish]:
    """A call that was let in and waits for its body; `finish` sends it and gives status and answer."""
    host, port = house.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    raw = json.dumps(body).encode()
    head = f"{method} /api/v1{path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
    about = f"Authorization: Bearer {person.token}\r\nContent-Length: {len(raw)}\r\nExpect: 100-continue\r\n\r\n"
    writer.write((head + about).encode())

    async def finish() -> tuple[int, Any]:
        writer.write(raw)
        async with asyncio.timeout(15):
            top, _, answer = (await reader.read()).partition(b"\r\n\r\n")
        return int(top.split()[1]), json.loads(answer)

    try:
        async with asyncio.timeout(15):
            assert b" 100 " in await reader.readuntil(b"\r\n\r\n")  # asked for once the call was let in
        yield finish
    finally:
        writer.close()


@dataclass(frozen=True)
class Race:
    """Both want another value of the same `thing`; `mine` began first, `theirs` is there first."""

    thing: str
    who: str
    mine: Any
    theirs: Any
    method: str = "PUT"
    rival: str = "lev"


def races(c: Cast) -> list[Race]:
    """One after another on the same ticket: each begins where the one before has ended."""
    return [
        Race("assignee", "lev", {"user": c.lev.id}, {"user": c.denis.id}),
        Race("assignee", "lev", {"user": c.gleb.id}, {"user": None}),
        Race("urgency", "anna", {"to": "low", "comment": "Терпит"}, {"to": "high", "comment": "Стоим"}),
        Race("service", "lev", {"to": c.accounting, "comment": "Учёт"}, {"to": c.network, "comment": "Сеть"}),
        Race("payment", "nina", {"state": "paid"}, {"state": "invoiced", "invoice": "УТ-1"}, rival="nina"),
        Race("payment", "nina", {"state": "invoiced", "invoice": "УТ-3"}, {"state": "invoiced", "invoice": "УТ-2"},
             rival="nina"),
        Race("status", "lev", {"to": "cancelled", "comment": "Дубль"}, {"to": "review"}, "POST"),
    ]  # fmt: skip


async def test_a_change_that_began_before_another_one_is_told_how_it_stands(api: Company) -> None:
    """(Seen red: both were answered 200, and who came last won without a word.)"""
    at = f"/tickets/{await api.ask()}"
    for race in races(api.house.cast):
        path, person = f"{at}/{race.thing}", getattr(api.house.cast, race.who)
        async with begun(api.house, person, race.method, path, race.mine) as finish:
            stands = (await getattr(api, race.rival).call(race.method, path, 200, json=race.theirs)).json()
            status, told = await finish()
        assert (status, told["title"]) == (409, "conflict"), (race, told)
        assert told["state"] == stands["status"]
        assert race.thing == "status" or told[race.thing] == stands[race.thing]
        assert await getattr(api, race.rival).get(at) == stands, race
        await getattr(api, race.who).call(race.method, path, 200, json=race.mine)


@on_sqlite
async def test_who_hands_over_is_told_who_was_quicker_and_not_that_they_may_not(api: Company) -> None:
    c = api.house.cast
    path = f"/tickets/{await api.ask()}/assignee"
    await api.lev.put(path, {"user": c.denis.id})
    async with begun(api.house, c.denis, "PUT", path, {"user": c.lev.id}) as finish:
        await api.lev.put(path, {"user": c.gleb.id})
        status, told = await finish()
    assert (status, told["assignee"]["id"]) == (409, c.gleb.id)


@on_sqlite
async def test_two_who_want_the_same_are_not_at_odds(api: Company) -> None:
    c = api.house.cast
    path = f"/tickets/{await api.ask()}/assignee"
    async with begun(api.house, c.lev, "PUT", path, {"user": c.denis.id}) as finish:
        await api.lev.put(path, {"user": c.denis.id})
        assert (await finish())[0] == 200
