"""Who is where, as several processes tell each other."""

import json
import random
import time
from typing import Any

from server.events.bus import LocalBus
from server.rooms.presence import Presence


class Told:
    """Who came and who left, as it was told."""

    def __init__(self) -> None:
        self.now: set[tuple[int, int]] = set()

    async def hear(self, ticket: int, person: dict[str, Any], online: bool) -> None:
        assert ((ticket, person["id"]) in self.now) != online, "told once for each change"
        (self.now.add if online else self.now.discard)((ticket, person["id"]))


def person(number: int) -> dict[str, Any]:
    return {"id": number, "name": f"Имя {number}", "roles": ["lead" if number % 2 else "client"]}


async def test_somebody_is_there_as_long_as_one_socket_of_any_process_is() -> None:
    """Random comings and goings in three processes, against a plain count of sockets. (Seen red: left when the first of
    two processes said so.)"""
    dice, told = random.Random(5), Told()
    here = Presence("a", LocalBus(), told.hear)
    sockets: dict[str, list[tuple[int, int]]] = {"a": [], "b": [], "c": []}
    for _ in range(3000):
        process = dice.choice("abc")
        mine = sockets[process]
        place = dice.choice(mine) if mine and dice.random() < 0.5 else (dice.randint(1, 3), dice.randint(1, 4))
        came = place not in mine or dice.random() < 0.3
        (mine.append if came else mine.remove)(place)
        if process == "a":
            await (here.enter if came else here.leave)(place[0], person(place[1]))
        elif dice.random() < 0.5:
            whole = {"t": "here", "process": process, "whole": True,
                     "here": [[t, person(p), True] for t, p in set(mine)]}  # fmt: skip
            await here.heard(json.loads(json.dumps(whole)))
        else:
            one = [[place[0], person(place[1]), place in mine]]
            await here.heard({"t": "here", "process": process, "whole": False, "here": one})
        there = {place for places in sockets.values() for place in places}
        assert told.now == there
        assert all(here.online(t) == {p for at, p in there if at == t} for t in (1, 2, 3))
        assert {p["id"] for p in here.looking(1)} == {p for at, p in there if at == 1 and p % 2}


async def test_a_row_does_not_pay_for_those_who_are_elsewhere() -> None:
    """(Seen red: the set of all seats put together for each row: 6.5 s.)"""
    here = Presence("a", LocalBus(), Told().hear)
    for ticket in range(3000):
        await here.enter(ticket, person(ticket))
        here.types(ticket, person(ticket))
    begun = time.thread_time()  # of work: others may have the machine
    for ticket in range(2000):
        assert len(here.looking(ticket)) == ticket % 2
        assert len(here.typing(ticket)) == ticket % 2
    assert time.thread_time() - begun < 2
