"""The socket frame by frame, as protocol.md words it."""

import json
from typing import Any

import pytest

from server.db import Database
from server.events.kinds import Message
from server.tickets.writing import open_ticket
from tests.cast import Cast, Person, as_viewer, ask, on_sqlite
from tests.house import House
from tests.rooms.acting import heard, seqs
from tests.tickets.ways import at

pytestmark = on_sqlite


async def filled(db: Database, cast: Cast, count: int, text: str = "слово") -> int:
    """A ticket with so many events."""
    number = await ask(db, cast.anna, cast.accounting)
    async with db.transaction() as s:
        o = await open_ticket(s, await as_viewer(s, cast.anna), number)
        for n in range(2, count + 1):
            await o.record(Message(id=f"m{n}", text=text), client_id=f"{number}-m{n}")
    return number


def person(who: Person, *roles: str) -> dict[str, Any]:
    return {"id": who.id, "name": who.name, "roles": list(roles)}


async def test_hello_comes_first_and_says_who_and_what_the_limits_are(house: House) -> None:
    async with house.line(house.cast.anna) as anna:
        [hello] = anna.frames
        assert set(hello) == {"op", "user", "time", "epoch", "limits"}
        assert hello["user"] == person(house.cast.anna, "client")
        assert hello["time"].endswith("Z")
        assert hello["limits"].items() >= {
            "sockets_per_user": 50, "sockets_per_address": 500, "say_per_second": 30, "tickets_per_minute": 30,
            "file_mb": 50, "text": 20_000, "frame": 256 * 1024,
        }.items()  # fmt: skip


async def test_join_without_after_brings_the_newest_fifty(house: House) -> None:
    number = await filled(house.db, house.cast, 60)
    async with house.line(house.cast.anna) as anna:
        joined = await anna.join(f"ticket:{number}")
        assert set(joined) == {"op", "room", "events", "head", "more", "people"}
        assert seqs(joined) == list(range(11, 61))
        assert (joined["head"], joined["more"]) == (60, False)
        [told] = joined["people"]
        assert told.items() >= (person(house.cast.anna, "client") | {"read": 60, "online": True}).items()
        event = joined["events"][-1]
        assert set(event) == {"seq", "at", "kind", "author", "id", "text", "files", "reply_to"}
        assert event["author"] == person(house.cast.anna, "client")


async def test_join_after_nought_brings_all_from_the_start(house: House) -> None:
    number = await filled(house.db, house.cast, 60)
    async with house.line(house.cast.anna) as anna:
        assert seqs(await anna.join(f"ticket:{number}", after=0)) == list(range(1, 61))
        assert seqs(await anna.join(f"ticket:{number}", after=58)) == [59, 60]
        assert seqs(await anna.join(f"ticket:{number}", after=60)) == []


async def test_C16_after_beyond_the_head_is_a_reset_and_negative_is_invalid(house: House) -> None:
    number = await filled(house.db, house.cast, 3)
    async with house.line(house.cast.anna) as anna:
        for after in (4, 10**18, 10**200):
            frame = await anna.join(f"ticket:{number}", after=after)
            assert frame == {"op": "reset", "room": f"ticket:{number}"}
        refused = await anna.join(f"ticket:{number}", after=-1)
        assert (refused["code"], refused["field"]) == ("invalid", "after")
        assert seqs(await anna.join(f"ticket:{number}")) == [1, 2, 3]


@pytest.mark.parametrize("count", [199, 200, 201, 450])
async def test_G3_pages_of_at_most_two_hundred_until_nothing_is_left(count: int, house: House) -> None:
    """(Seen red: `more` false at a full page.)"""
    number = await filled(house.db, house.cast, count)
    got: list[int] = []
    async with house.line(house.cast.anna) as anna:
        more = True
        while more:
            joined = await anna.join(f"ticket:{number}", after=got[-1] if got else 0)
            assert len(joined["events"]) <= 200
            assert joined["head"] == count
            got += seqs(joined)
            more = joined["more"]
    assert got == list(range(1, count + 1))


@pytest.mark.parametrize("html", [False, True])
async def test_G3_pages_of_at_most_256_KiB(html: bool, house: House) -> None:
    """40 messages of 40 KB each. (Seen red: letters counted, not bytes.)"""
    number = await filled(house.db, house.cast, 40, "ж" * 20_000)
    got: list[int] = []
    async with house.line(house.cast.anna) as anna:
        more = True
        while more:
            await anna.send(op="join", room=f"ticket:{number}", after=got[-1] if got else 0, html=html)
            raw = str(await anna.connection.recv())
            assert len(raw.encode()) <= 256 * 1024
            joined = json.loads(raw)
            got += seqs(joined)
            more = joined["more"]
    assert got == list(range(1, 41))


async def test_until_more_is_false_the_room_sends_no_event(house: House) -> None:
    """(Seen red: the seat live after the first page.)"""
    number = await filled(house.db, house.cast, 250)
    room = f"ticket:{number}"
    async with house.line(house.cast.anna) as anna, house.line(house.cast.denis) as denis:
        assert (await anna.join(room, after=0))["more"]
        await denis.join(room)
        await denis.say(room, "d1", "пока листают")
        await denis.got("event")
        rest = await anna.join(room, after=200)
        assert seqs(rest) == list(range(201, 252))
        assert heard(anna, "event") == []
        await denis.say(room, "d2", "теперь вживую")
        assert (await anna.got("event"))["event"]["seq"] == 252


async def test_html_is_rendered_for_those_who_ask(house: House) -> None:
    number = await filled(house.db, house.cast, 2, "**важно** <script>")
    room = f"ticket:{number}"
    async with house.line(house.cast.anna) as anna, house.line(house.cast.denis) as denis:
        joined = await anna.join(room, html=True)
        assert "<strong>важно</strong> &lt;script&gt;" in joined["events"][1]["html"]
        assert "html" not in (await denis.join(room))["events"][1]
        await denis.say(room, "d", "*ответ*")
        assert "<em>ответ</em>" in (await anna.until("event"))["event"]["html"]
        assert "html" not in (await denis.got("event"))["event"]


async def test_leave_ends_what_a_room_sends(house: House) -> None:
    number = await filled(house.db, house.cast, 1)
    room = f"ticket:{number}"
    async with house.line(house.cast.anna) as anna, house.line(house.cast.denis) as denis:
        await anna.join(room)
        await anna.send(op="leave", room=room)
        await anna.send(op="leave", room="ticket:77")  # leaving where one is not is no error
        await anna.join("inbox")
        await denis.join(room)
        await denis.say(room, "d", "для оставшихся")
        await anna.until("inbox", unread=1)
        assert heard(anna, "event", "error") == []


async def test_the_ack_tells_number_and_moment_and_the_writer_hears_the_event_too(house: House) -> None:
    number = await filled(house.db, house.cast, 1)
    room = f"ticket:{number}"
    async with house.line(house.cast.anna) as anna:
        await anna.join(room)
        ack = await anna.say(room, "a1", "да")
        assert set(ack) == {"op", "id", "room", "seq", "at"}
        event = await anna.got("event")
        assert (event["event"]["seq"], event["event"]["at"], event["event"]["id"]) == (ack["seq"], ack["at"], "a1")


async def test_a_room_need_not_be_entered_to_speak_there(house: House) -> None:
    number = await filled(house.db, house.cast, 1)
    async with house.line(house.cast.anna) as anna:
        assert (await anna.say(f"ticket:{number}", "a1", "да"))["seq"] == 2


async def test_C12_C13_the_same_id_again(house: House) -> None:
    number = await filled(house.db, house.cast, 1)
    room = f"ticket:{number}"
    async with house.line(house.cast.anna) as anna, house.line(house.cast.anna) as tab:
        first = await anna.say(room, "a1", "да")
        assert await anna.say(room, "a1", "да") == first == await tab.say(room, "a1", "да")
        refused = await anna.say(room, "a1", "нет")
        assert (refused["code"], refused["reason"], refused["room"]) == ("conflict", "id", room)
        assert len((await anna.join(room))["events"]) == 2


async def test_seen_is_looked_at_for_staff_and_anyway_overrules_it(house: House) -> None:
    number = await filled(house.db, house.cast, 1)
    room = f"ticket:{number}"
    async with house.line(house.cast.lev) as lev, house.line(house.cast.denis) as denis:
        await denis.say(room, "d", "отвечаю")
        refused = await lev.say(room, "l", "тоже", seen=1)
        assert (refused["code"], refused["reason"], refused["id"]) == ("conflict", "seen", "l")
        assert [e["text"] for e in refused["events"]] == ["отвечаю"]
        assert (await lev.say(room, "l", "тоже", seen=1, anyway=True))["seq"] == 3


@pytest.mark.usefixtures("quick_beats")
async def test_heads_beat_at_least_every_fifteen_seconds(house: House) -> None:
    """(Seen red: no beat for lists.)"""
    number = await filled(house.db, house.cast, 3)
    async with house.line(house.cast.anna) as anna:
        for room in (f"ticket:{number}", "queue", "inbox"):
            await anna.join(room)
        beats = {room: await anna.got("head", 15, room=room) for room in (f"ticket:{number}", "queue", "inbox")}
        assert beats[f"ticket:{number}"]["head"] == 3
        assert set(beats["queue"]) == set(beats["inbox"]) == {"op", "room", "v"}


async def test_an_error_repeats_room_and_id_and_the_socket_stays_open(house: House) -> None:
    number = await filled(house.db, house.cast, 1)
    async with house.line(house.cast.anna) as anna:
        for frame, code in (
            ({"op": "shout", "room": f"ticket:{number}", "id": "a"}, "unknown_op"),
            ({"op": "say", "room": f"ticket:{number}", "id": "a", "text": " "}, "empty"),
            ({"op": "say", "room": f"ticket:{number}", "id": "a", "text": "x" * 20_001}, "too_large"),
            ({"op": "say", "room": f"ticket:{number}", "id": "a", "text": "да", "seq": 5}, "invalid"),
            ({"op": "say", "room": "ticket:999", "id": "a", "text": "да"}, "not_found"),
            ({"op": "say", "room": f"ticket:{number}:staff", "id": "a", "text": "да"}, "not_found"),
            ({"op": "say", "room": "queue", "id": "a", "text": "да"}, "not_found"),
        ):
            await anna.send(**frame)
            error = await anna.next()
            assert (error["op"], error["code"]) == ("error", code)
            assert (error["room"], error["id"]) == (frame["room"], "a")
            assert len(error["detail"]) > 10
            assert error["detail"][0].isupper()
        assert (await anna.say(f"ticket:{number}", "a", "да"))["op"] == "ack"


@pytest.mark.parametrize("end", ["closed", "cancelled"])
async def test_C2_a_closed_ticket_is_read_and_no_longer_written_in(end: str, house: House) -> None:
    """The refusal says how it stands now, so that the page can. (Seen red: the state left out.)"""
    number = await at(house.db, house.cast, end)
    room = f"ticket:{number}"
    async with house.line(house.cast.anna) as anna, house.line(house.cast.denis) as denis:
        assert (await anna.join(room))["op"] == "joined"
        for line, place in ((anna, room), (denis, room), (denis, f"{room}:staff")):
            refused = await line.say(place, "a", "ещё")
            assert refused.items() >= {"code": "forbidden", "state": end, "room": place, "id": "a"}.items()
        await anna.send(op="read", room=room, upto=1)
        assert (await anna.join("inbox"))["op"] == "joined"
