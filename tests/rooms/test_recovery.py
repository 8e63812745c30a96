"""G2, G3: everything that was said comes to every socket in the room once and in order, whatever happens in between,
and whichever process it was said to."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlmodel import select

from server.events.bus import RedisBus
from server.events.fanout import message
from server.events.model import Event
from server.rooms import joining
from server.rooms.room import Room
from tests.cast import Person, ask
from tests.house import House, Line
from tests.rooms.acting import heard, seqs
from tests.tickets.ways import say

STEPS = ("before the head is read", "after the head was read", "while the page is read", "before the page leaves")


def wait_at(monkeypatch: pytest.MonkeyPatch, step: str, then: Callable[[], Awaitable[Any]]) -> None:
    """At this step of the first join something else happens, and the join goes on after it."""
    waiting = [then]

    async def happen() -> None:
        if waiting:
            await waiting.pop()()

    def around(name: str, before: str, after: str = "") -> None:
        found = Room.learn if name == "learn" else getattr(joining, name)

        async def slow(*args: Any, **how: Any) -> Any:
            if step == before:
                await happen()
            value = await found(*args, **how)
            if step == after:
                await happen()
            return value

        monkeypatch.setattr(Room if name == "learn" else joining, name, slow)

    around("learn", STEPS[0], STEPS[1])
    around("_rows", STEPS[2])
    around("people_json", "", STEPS[3])


@pytest.mark.usefixtures("no_polls")
@pytest.mark.parametrize("after", [None, 1])
@pytest.mark.parametrize("step", STEPS)
async def test_G3_what_is_said_while_somebody_joins_comes_once(
    step: str, after: int | None, two: tuple[House, House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """(Seen red: the head read by whoever joined first and not by the room; what came while joining forgotten, or sent
    without a look at its number.)"""
    here, there = two
    number = await ask(here.db, here.cast.anna, here.cast.accounting)
    room = f"ticket:{number}"
    async with there.line(here.cast.denis) as denis, here.line(here.cast.anna) as anna:

        async def speak() -> None:
            for n in range(3):
                assert (await denis.say(room, f"d{n}", f"слово {n}"))["op"] == "ack"

        wait_at(monkeypatch, step, speak)
        await anna.join(room, after=after)
        wanted = list(range(1 + (after or 0), 5))
        while len(anna.seqs(room)) < len(wanted):
            await anna.next()  # all of it, without another bell
        await denis.say(room, "last", "конец")
        await anna.until("event")
        assert anna.seqs(room) == [*wanted, 5]


async def event_of(line: Line, room: str, seq: int) -> dict[str, Any]:
    """The event as the log has it."""
    joined = await line.join(room, after=seq - 1)
    found: dict[str, Any] = joined["events"][0]
    return found


@pytest.mark.usefixtures("no_polls")
async def test_G3_the_first_and_the_second_who_join_at_once_miss_nothing(house: House) -> None:
    """The second must not go live before the room hears the bus. (Seen red: `opening` not awaited.)"""
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    room = f"ticket:{number}"
    async with house.line(house.cast.lev) as lev, AsyncExitStack() as stack:
        for n in range(10):
            lines = [await stack.enter_async_context(house.line(house.cast.anna)) for _ in range(2)]
            said, *joined = await asyncio.gather(
                lev.say(room, f"l{n}", f"слово {n}"), *(line.join(room, after=n + 1) for line in lines)
            )
            for line, frame in zip(lines, joined, strict=True):
                if not frame["events"]:
                    await line.got("event")
                assert seqs(frame) + [f["event"]["seq"] for f in heard(line, "event")] == [said["seq"]]
                await line.send(op="leave", room=room)


class Screen:
    """What one person's page shows: applies what comes as a page does, and comes back with the last number it saw."""

    def __init__(self, house: House, person: Person, room: str) -> None:
        self.house = house
        self.person = person
        self.room = room
        self.shown: list[tuple[int, str]] = []
        self.repeats = 0
        self.gaps = 0

    @property
    def last(self) -> int:
        return self.shown[-1][0] if self.shown else 0

    def apply(self, frame: dict[str, Any]) -> bool:
        """Whether a gap shows itself and the room must be asked."""
        events = frame["events"] if frame["op"] == "joined" else [frame["event"]] if frame["op"] == "event" else []
        for event in events:
            if event["seq"] <= self.last:
                self.repeats += 1
            elif event["seq"] > self.last + 1:
                self.gaps += 1
                return True
            else:
                self.shown.append((event["seq"], event.get("text", "")))
        return bool(frame.get("more")) or (frame["op"] == "head" and frame["head"] > self.last)

    async def visit(self, upto: int, within: float = 30) -> None:
        """One socket's life, until the page shows this number."""
        async with asyncio.timeout(within), self.house.line(self.person) as line:
            await line.send(op="join", room=self.room, after=self.last)
            while self.last < upto:
                frame = await line.next(within)
                if frame.get("room") == self.room and frame["op"] in ("joined", "event", "head") and self.apply(frame):
                    await line.send(op="join", room=self.room, after=self.last)


async def written(house: House, number: int) -> list[tuple[int, str]]:
    async with house.db.reading() as s:
        rows = await s.exec(select(Event.seq, Event.text).where(Event.ticket == number, Event.line == "public"))
        return sorted((seq, text or "") for seq, text in rows.all())


async def test_G2_two_processes_everybody_speaks_everybody_hears(two: tuple[House, House]) -> None:
    """Six sockets in two processes, some of which come and go. (Seen red: an event skipped; the bus deaf.)"""
    cast = two[0].cast
    number = await ask(two[0].db, cast.anna, cast.accounting)
    room, total = f"ticket:{number}", 61
    screens = [Screen(two[n % 2], who, room) for n, who in enumerate((cast.anna, cast.boris, cast.denis, cast.lev) * 2)]
    dice = random.Random(7)

    async def watch(screen: Screen, restless: bool) -> None:
        while screen.last < total:
            stop = screen.last + dice.randint(1, 9) if restless else total
            await screen.visit(min(stop, total))

    async def speak(house: House, who: Person) -> None:
        async with house.line(who) as line:
            for n in range(20):
                assert (await line.say(room, f"{who.login}{n}", f"{who.login} {n}"))["op"] == "ack"

    await asyncio.gather(
        *(watch(screen, n >= 4) for n, screen in enumerate(screens)),
        speak(two[0], cast.anna), speak(two[1], cast.denis), speak(two[0], cast.lev),
    )  # fmt: skip
    log = await written(two[0], number)
    assert len(log) == total
    for screen in screens:
        assert screen.shown == log
        assert (screen.repeats, screen.gaps) == (0, 0), "the server's own order, not only the page's patience"


async def test_a_word_nobody_rang_for_comes_all_the_same(house: House) -> None:
    """Committed by a process whose bell was lost. (Seen red: `check_heads` away.)"""
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    room = f"ticket:{number}"
    async with house.line(house.cast.anna) as anna, house.line(house.cast.denis) as denis:
        await anna.join(room)
        await denis.join(f"{room}:staff")
        for n in range(3):
            await say(house.db, house.cast.denis, number, f"{n}")
            await say(house.db, house.cast.lev, number, f"{n}", "staff")
        for line in (anna, denis):
            told = [(await line.got("event"))["event"]["seq"]]
            told += [(await line.until("event"))["event"]["seq"] for _ in range(2)]
            assert told == ([2, 3, 4] if line is anna else [1, 2, 3])


async def test_a_late_or_repeated_bell_changes_nothing(two: tuple[House, House]) -> None:
    """The bus may say anything at any time. (Seen red: whatever rings is passed on.)"""
    here, there = two
    if here.settings.redis_url is None:
        return
    number = await ask(here.db, here.cast.anna, here.cast.accounting)
    room = f"ticket:{number}"
    bus = RedisBus(here.settings.redis_url)
    async with here.line(here.cast.anna) as anna, there.line(here.cast.denis) as denis:
        await anna.join(room)
        for n in range(3):
            await denis.say(room, f"d{n}", f"слово {n}")
        told = [await event_of(denis, room, seq) for seq in (2, 3, 4)]
        future = told[1] | {"seq": 99}
        for seq, event in ((3, told[1]), (1, told[1]), (99, future), (4, None), (99, None), ("x", {}), (3, {"seq": 3})):
            await bus.publish(room, message({"t": "event", "seq": seq, "event": event}))
        for raw in (b"", b"null", b"[]", b'{"t":"event"}', b'{"t":"here"}', b"\xff\xfe"):
            await bus.publish(room, raw)
            await bus.publish("news", raw)
        await bus.publish("news", b'{"t":"nothing"}')
        await bus.close()
        await denis.say(room, "d9", "конец")
        await anna.got("event", event=await event_of(denis, room, 5))
        assert [f["event"]["seq"] for f in heard(anna, "event")] == [2, 3, 4, 5]
        assert [f["event"] for f in heard(anna, "event")][:3] == told
