"""G10: of what the staff do among themselves a client learns nothing: no word, no number, no frame, no moment."""

import json
import random
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from server.tickets.model import Counter
from tests.cast import LATELY, Person, ask, on_sqlite
from tests.house import House, Line
from tests.rooms.acting import call, heard, post

CANARY = "канарейка"


class Room:
    """A ticket with everybody at it: Anna, who must not notice, and the staff, who have something to hide."""

    def __init__(self, house: House, number: int, lines: dict[str, Line]) -> None:
        self.house = house
        self.number = number
        self.public, self.staff = f"ticket:{number}", f"ticket:{number}:staff"
        self.lines = lines
        self.count = 0

    async def note(self, name: str, text: str = CANARY) -> int:
        self.count += 1
        ack = await self.lines[name].say(self.staff, f"{self.number}-{name}-{self.count}", f"{text} {self.count}")
        assert ack["op"] == "ack", ack
        return int(ack["seq"])

    async def say(self, name: str, text: str) -> None:
        """A public word, until Anna has heard of it wherever she listens."""
        self.count += 1
        ack = await self.lines[name].say(self.public, f"{self.number}-{name}-{text}", text)
        await self._anna_knows(ack["seq"])

    async def claim(self) -> None:
        await post(self.house, self.house.cast.denis, f"/tickets/{self.number}/claim")
        await self._anna_knows(3, status="estimating")

    async def _anna_knows(self, seq: int, **row: Any) -> None:
        anna = self.lines["anna"]
        while not any(
            f["ticket"]["head"] >= seq and f["ticket"].items() >= row.items()
            for f in heard(anna, "row") if f.get("ticket", {}).get("number") == self.number
        ):  # fmt: skip
            await anna.next()
        while not any(f["event"]["seq"] >= seq for f in heard(anna, "event", room=self.public)):
            await anna.next()


Secret = Callable[[Room, random.Random], Awaitable[None]]


async def _edit(room: Room, dice: random.Random) -> None:
    seq = await room.note("denis")
    path = f"/tickets/{room.number}/staff/messages/{seq}"
    await call(room.house, room.house.cast.denis, "PATCH", path, {"text": f"{CANARY} иначе"})
    if dice.random() < 0.5:
        await call(room.house, room.house.cast.denis, "DELETE", path)


async def _time(room: Room, _dice: random.Random) -> None:
    await post(room.house, room.house.cast.denis, f"/tickets/{room.number}/time",
               minutes=5, date=f"{LATELY}", comment=CANARY, billable=False)  # fmt: skip


async def _read(room: Room, dice: random.Random) -> None:
    name = dice.choice(["lev", "denis", "nina"])
    await room.lines[name].send(op="read", room=room.staff, upto=dice.randint(0, 5))
    if name == "nina":  # who has no name in this room yet
        await room.lines[name].send(op="read", room=room.public, upto=1)


async def _type(room: Room, dice: random.Random) -> None:
    await room.lines[dice.choice(["lev", "denis", "nina"])].send(op="typing", room=room.staff)
    await room.lines["nina"].send(op="typing", room=room.public)


async def _look(room: Room, _dice: random.Random) -> None:
    """Nina comes into both rooms, and goes again."""
    async with room.house.line(room.house.cast.nina) as nina:
        await nina.join(room.public)
        await nina.join(room.staff)
    await room.lines["nina"].send(op="leave", room=room.public)
    await room.lines["nina"].join(room.public)


async def _write(room: Room, dice: random.Random) -> None:
    await room.note(dice.choice(["lev", "denis", "nina"]), f"{CANARY} @Анна Лугова #{room.number}")


SECRETS: list[Secret] = [_write, _write, _edit, _time, _read, _type, _look]


async def story(house: House, secrets: list[Secret], dice: random.Random) -> list[dict[str, Any]]:
    """The same public story, with so many secrets between its steps; every frame that Anna got."""
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    async with AsyncExitStack() as stack:
        lines = {n: await stack.enter_async_context(house.line(getattr(house.cast, n))) for n in
                 ("anna", "denis", "lev", "nina")}  # fmt: skip
        room = Room(house, number, lines)
        for name in ("queue", "inbox", room.public):
            await lines["anna"].join(name, html=name != "inbox")
        for name in ("denis", "lev", "nina"):
            for place in ("queue", room.public, room.staff):
                await lines[name].join(place)
        steps: list[Callable[[], Awaitable[None]]] = [
            lambda: room.claim(), lambda: room.say("anna", "раз"), lambda: room.say("denis", "два"),
            lambda: room.say("lev", "три"), lambda: room.say("anna", "четыре"),
        ]  # fmt: skip
        for step in steps:
            now, secrets = secrets[:3], secrets[3:]
            for secret in now:
                await secret(room, dice)
            if now:
                await settled(room)
            await step()
        told = lines["anna"].frames[1:]
    for name in ("anna", "lev"):  # the next story finds nothing of this one
        await post(house, getattr(house.cast, name), f"/tickets/{number}/read", upto=99)
    await call(house, house.cast.lev, "POST", f"/tickets/{number}/status", {"to": "cancelled", "comment": "всё"})
    await post(house, house.cast.anna, f"/tickets/{number}/read", upto=99)
    return told


async def settled(room: Room) -> None:
    """Whatever the secrets set off has reached the staff's sockets."""
    seq = await room.note("lev", "черта")
    for name in ("denis", "nina"):
        while not any(f["event"]["seq"] >= seq for f in heard(room.lines[name], "event", room=room.staff)):
            await room.lines[name].next()
    while not any(f.get("ticket", {}).get("staff_head", 0) >= seq for f in heard(room.lines["nina"], "row")):
        await room.lines["nina"].next()


def masked(frames: list[dict[str, Any]]) -> dict[str, list[str]]:
    """What Anna got in each room, in order, but for moments and versions."""
    found: dict[str, list[str]] = {}
    for frame in frames:
        if frame["op"] == "head":
            continue  # they come by the clock
        text = json.dumps(frame, ensure_ascii=False, sort_keys=True)
        text = re.sub(r'"v": \d+|data-v=\\"\d+', "·", text)
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z?|\d\d:\d\d", "·", text)
        found.setdefault(frame["room"], []).append(text)
    return found


async def start_at(house: House, number: int) -> None:
    """The next ticket has this number: the only thing to tell two stories apart."""
    async with house.db.transaction() as s:
        (await s.get_one(Counter, "ticket")).value = number - 1


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_G10_with_secrets_and_without_a_client_gets_the_same(seed: int, house: House) -> None:
    """Frame by frame, in every room she is in. (Seen red: a note touches the client's row; presence told to everybody;
    `changed` raised by the staff's log.)"""
    dice = random.Random(seed)
    told = []
    for number, secrets in ((7654321, []), (8765432, [dice.choice(SECRETS) for _ in range(12)])):
        await start_at(house, number)
        frames = await story(house, secrets, dice)
        assert CANARY not in json.dumps(frames, ensure_ascii=False)
        told.append(masked(json.loads(json.dumps(frames).replace(str(number), "5"))))
    assert told[0] == told[1]


@on_sqlite
async def test_of_the_staff_a_client_learns_the_assignee_and_who_has_written(house: House) -> None:
    """What the others look at, read or type goes to the staff only. (Seen red: `_may_name` always true; the assignee
    before kept.)"""
    cast = house.cast
    number = await ask(house.db, cast.anna, cast.accounting)
    room = f"ticket:{number}"

    async def stir(who: Person) -> None:
        """Comes, reads, types and goes."""
        other = cast.nina if who is cast.lev else cast.lev
        async with house.line(who) as line, house.line(other) as witness:
            await witness.join(room)
            await line.join(room)
            await line.send(op="typing", room=room)
            await witness.got("typing")

    async with house.line(cast.anna) as anna, house.line(cast.boris) as boris:
        await boris.join(room)
        await anna.join(room)
        for who in (cast.denis, cast.lev):
            await stir(who)
        assert named(anna, cast.anna, cast.boris) == set()
        await post(house, cast.denis, f"/tickets/{number}/claim")
        for who in (cast.denis, cast.lev, cast.nina):
            await stir(who)
        await anna.until("presence", online=False)
        assert named(anna, cast.anna, cast.boris) == {cast.denis.id}
        await call(house, cast.lev, "PUT", f"/tickets/{number}/assignee", {"user": cast.gleb.id})
        anna.frames.clear()
        for who in (cast.denis, cast.lev, cast.gleb):
            await stir(who)
        await anna.until("presence", online=False)
        assert named(anna, cast.anna, cast.boris) == {cast.gleb.id}
        await post(house, cast.lev, f"/tickets/{number}/messages", id="l", text="теперь известен")
        anna.frames.clear()
        for who in (cast.denis, cast.lev):
            await stir(who)
        await anna.until("presence", online=False)
        assert named(anna, cast.anna, cast.boris) == {cast.lev.id}
        people = {p["id"] for p in (await anna.join(room))["people"]}
        assert people == {cast.anna.id, cast.gleb.id, cast.lev.id}


def named(line: Line, *but: Person) -> set[int]:
    """Of whom the passing frames told."""
    return {f["user"]["id"] for f in heard(line, "presence", "typing", "read")} - {p.id for p in but}


@on_sqlite
async def test_the_staffs_room_does_not_exist_for_a_client(house: House) -> None:
    """Answered like a room of a ticket that never was."""
    cast = house.cast
    number = await ask(house.db, cast.anna, cast.accounting)
    async with house.line(cast.anna) as anna:
        for op, more in (("join", {}), ("say", {"id": "a", "text": "да"}), ("read", {"upto": 1}), ("typing", {})):
            answers = []
            for room in (f"ticket:{number}:staff", "ticket:999:staff"):
                await anna.send(op=op, room=room, **more)
                answers.append(await anna.until("error"))
            assert answers[0] == answers[1] | {"room": f"ticket:{number}:staff"}
            assert answers[0]["code"] == "not_found"


async def test_the_staffs_log_has_numbers_of_its_own(house: House) -> None:
    cast = house.cast
    number = await ask(house.db, cast.anna, cast.accounting)
    async with house.line(cast.denis) as denis, house.line(cast.anna) as anna:
        await denis.join(f"ticket:{number}:staff")
        await anna.join(f"ticket:{number}")
        for n in range(1, 4):
            assert (await denis.say(f"ticket:{number}:staff", f"n{n}", "заметка"))["seq"] == n
        assert (await denis.say(f"ticket:{number}", "d", "ответ"))["seq"] == 2
        assert (await anna.until("event"))["event"]["seq"] == 2
