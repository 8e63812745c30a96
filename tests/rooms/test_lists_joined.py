"""Joining a list while its rows change: nothing falls in between, nothing comes that was drawn for others."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from server.tickets import queries
from tests.cast import Person, ask
from tests.house import House
from tests.rooms.acting import heard, post
from tests.rooms.test_lists import rows


def when_read(monkeypatch: pytest.MonkeyPatch, person: Person, mine: bool, then: Callable[[], Awaitable[None]]) -> None:
    """Once, after rows were read for this person (or for somebody else), something happens before they leave."""
    gather, waiting = queries.gather, [then]

    async def slow(s: Any, tickets: Any, viewers: Any) -> Any:
        found = await gather(s, tickets, viewers)
        if waiting and (person.id in viewers) == mine:
            await waiting.pop()()
        return found

    monkeypatch.setattr(queries, "gather", slow)


async def test_nothing_falls_between_the_list_and_what_follows(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that changes while somebody joins comes after the list, as it is then. (Seen red: the seat live before its
    list has left; what is touched meanwhile forgotten.)"""
    cast = house.cast
    number = await ask(house.db, cast.anna, cast.accounting)
    async with house.line(cast.denis) as denis, house.line(cast.nina) as nina:
        await nina.join("queue")

        async def change() -> None:
            await post(house, cast.lev, f"/tickets/{number}/messages", id="l", text="пока он входил")
            while not [r for r in rows(nina) if r["head"] == 2]:
                await nina.next()

        when_read(monkeypatch, cast.denis, True, change)
        await denis.send(op="join", room="queue")
        joined = await denis.until("joined")
        assert heard(denis, "row") == []
        assert joined["rows"][0]["head"] == 1
        assert (await denis.until("row"))["ticket"]["head"] == 2


async def test_whoever_joins_while_rows_are_drawn_gets_none_that_was_not_drawn_for_them(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Nina has read was not looked up. (Seen red: rows sent to whoever is there when they are ready.)"""
    cast = house.cast
    number = await ask(house.db, cast.anna, cast.accounting)
    await post(house, cast.nina, f"/tickets/{number}/read", upto=1)
    async with house.line(cast.denis) as denis, house.line(cast.nina) as nina, house.line(cast.lev) as lev:
        await denis.join("queue")

        async def come() -> None:
            assert (await nina.join("queue"))["rows"][0]["unread"] == 0

        when_read(monkeypatch, cast.nina, False, come)
        await lev.join(f"ticket:{number}")  # he looks: a row that everybody on duty is to see anew
        await denis.until("row")
        assert heard(nina, "joined")
        await post(house, cast.lev, f"/tickets/{number}/messages", id="l", text="слово")
        while not [r for r in rows(nina) if r["head"] == 2]:
            await nina.next()
        assert [r["unread"] for r in rows(nina)] in ([1], [0, 1])
