"""What passes and is never logged: who reads, who types, who is there."""

from tests.cast import ask, on_sqlite
from tests.house import House
from tests.rooms.acting import heard, post
from tests.rooms.test_frames import filled, person

pytestmark = on_sqlite


async def test_read_is_told_to_the_others_and_only_grows(house: House) -> None:
    number = await filled(house.db, house.cast, 5)
    room = f"ticket:{number}"
    async with house.line(house.cast.anna) as anna, house.line(house.cast.boris) as boris:
        await anna.join(room)
        await boris.join(room)
        for upto in (3, 2, 3, 99):
            await boris.send(op="read", room=room, upto=upto)
        await anna.until("read", upto=5)
        assert heard(anna, "read") == [
            {"op": "read", "room": room, "user": person(house.cast.boris, "client"), "upto": upto} for upto in (3, 5)
        ]
        [told] = [p for p in (await anna.join(room))["people"] if p["id"] == house.cast.anna.id]
        assert told["read"] == 5


async def test_who_read_a_note_and_wrote_nothing_is_named_on_joining_anew_as_they_were_live(house: House) -> None:
    """Else a note's «Прочитано» is gone after a reload. (Seen red: people of the room were only who takes part.)"""
    number = await filled(house.db, house.cast, 1)
    room = f"ticket:{number}:staff"
    async with house.line(house.cast.denis) as denis, house.line(house.cast.lev) as lev:
        await denis.join(room)
        await lev.join(room)
        await denis.say(room, "n", "проверить доступ")
        await lev.send(op="read", room=room, upto=1)
        await denis.until("read", upto=1)
        assert {p["id"]: p["read"] for p in (await denis.join(room))["people"]}[house.cast.lev.id] == 1


async def test_C19_typing_is_told_at_most_once_in_three_seconds_and_never_to_oneself(house: House) -> None:
    """(Seen red: without the limit.)"""
    number = await filled(house.db, house.cast, 1)
    room = f"ticket:{number}"
    async with house.line(house.cast.anna) as anna, house.line(house.cast.denis) as denis:
        await anna.join(room)
        await denis.join(room)
        for _ in range(50):
            await anna.send(op="typing", room=room)
        await anna.say(room, "a", "готово")
        await denis.until("event")
        assert heard(denis, "typing") == [{"op": "typing", "room": room, "user": person(house.cast.anna, "client")}]
        assert heard(anna, "typing", "error") == []
        assert len((await anna.join(room))["events"]) == 2, "never stored"


async def test_typing_in_two_rooms_is_told_in_both(house: House) -> None:
    rooms = [f"ticket:{await filled(house.db, house.cast, 1)}" for _ in range(2)]
    async with house.line(house.cast.anna) as anna, house.line(house.cast.denis) as denis:
        for room in rooms:
            await anna.join(room)
            await denis.join(room)
        for room in rooms:
            await anna.send(op="typing", room=room)
        for room in rooms:
            await denis.until("typing", room=room)


async def test_typing_where_one_is_not(house: House) -> None:
    number = await filled(house.db, house.cast, 1)
    async with house.line(house.cast.anna) as anna, house.line(house.cast.vera) as vera:
        for line, code in ((anna, "forbidden"), (vera, "not_found")):
            await line.send(op="typing", room=f"ticket:{number}")
            assert (await line.until("error"))["code"] == code


async def test_presence_is_told_at_the_first_socket_and_the_last(house: House) -> None:
    """Two tabs are one person. (Seen red: each socket told.)"""
    number = await filled(house.db, house.cast, 1)
    room = f"ticket:{number}"
    async with house.line(house.cast.anna) as anna:
        await anna.join(room)
        async with house.line(house.cast.boris) as boris:
            async with house.line(house.cast.boris) as tab:
                await boris.join(room)
                await tab.join(room)
            await boris.say(room, "b", "ещё здесь")
        await anna.until("presence", online=False)
        frames = heard(anna, "presence", "event")
        assert [f.get("online", "event") for f in frames if f.get("user", {}).get("id") != house.cast.anna.id] == [
            True, "event", False,
        ]  # fmt: skip


async def test_clients_learn_that_the_executor_is_there_when_they_may_know_of_him(house: House) -> None:
    """He sat in the room before he took the ticket; everybody sees themselves there. (Seen red: offline until the next
    join.)"""
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    room = f"ticket:{number}"
    async with house.line(house.cast.anna) as anna, house.line(house.cast.denis) as denis:
        assert [p["online"] for p in (await anna.join(room))["people"]] == [True]
        await anna.until("presence")  # her own
        await denis.join(room)
        await post(house, house.cast.denis, f"/tickets/{number}/claim")
        told = await anna.until("presence")
        assert (told["user"]["id"], told["online"]) == (house.cast.denis.id, True)
        assert [f["op"] for f in anna.frames[-2:]] == ["event", "presence"], "first who took it, then that he is here"
        await denis.say(room, "d", "здравствуйте")
        await anna.until("event")
        assert len(heard(anna, "presence")) == 2
