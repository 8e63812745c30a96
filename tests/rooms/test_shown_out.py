"""Whoever may not see a ticket any more is out of both of its rooms: told so with `reset`, and nothing that is said
after it reaches them."""

import pytest

from server.tickets import actions
from tests.cast import Person, as_viewer, ask, on_sqlite
from tests.house import House
from tests.rooms.acting import call, heard, post


async def _to_another_service(house: House, number: int) -> None:
    body = {"to": house.cast.network, "comment": "не туда"}
    await call(house, house.cast.lev, "PUT", f"/tickets/{number}/service", body)


async def _given_to_gleb(house: House, number: int) -> None:
    await call(house, house.cast.lev, "PUT", f"/tickets/{number}/assignee", {"user": house.cast.gleb.id})


async def _given_back(house: House, number: int) -> None:
    await call(house, house.cast.lev, "PUT", f"/tickets/{number}/assignee", {"user": house.cast.denis.id})


async def _gleb_added(house: House, number: int) -> None:
    await post(house, house.cast.lev, f"/tickets/{number}/participants", user=house.cast.gleb.id)


async def _gleb_removed(house: House, number: int) -> None:
    await call(house, house.cast.lev, "DELETE", f"/tickets/{number}/participants/{house.cast.gleb.id}")


async def _nothing(_house: House, _number: int) -> None:
    """They were there from the start."""


WAYS = {
    "service": ("denis", _nothing, _to_another_service),
    "assignee": ("gleb", _given_to_gleb, _given_back),
    "participant": ("gleb", _gleb_added, _gleb_removed),
}


@pytest.mark.usefixtures("no_polls")
@pytest.mark.parametrize("rooms", [("",), (":staff",), ("", ":staff")], ids=["public", "staff", "both"])
@pytest.mark.parametrize("way", WAYS)
async def test_G8_G11_what_takes_the_ticket_away_empties_both_rooms(
    way: str, rooms: tuple[str, ...], house: House
) -> None:
    """Kind by kind, whichever of the two rooms they are in. (Seen red: only the room rechecked in which the event
    stands, so internal notes went on coming.)"""
    name, before, after = WAYS[way]
    who: Person = getattr(house.cast, name)
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    await before(house, number)
    async with house.line(who) as line:
        for room in rooms:
            assert (await line.join(f"ticket:{number}{room}"))["op"] == "joined"
        await after(house, number)
        for path in ("staff/messages", "messages"):
            await post(house, house.cast.lev, f"/tickets/{number}/{path}", id=f"{number}{path}", text="потом")
        for room in rooms:
            await line.got("reset", room=f"ticket:{number}{room}")
            assert (await line.join(f"ticket:{number}{room}"))["code"] == "not_found"
        assert [f for f in heard(line, "event") if f["event"].get("text") == "потом"] == []


@on_sqlite
@pytest.mark.usefixtures("no_polls")
async def test_G11_a_note_waits_for_the_right_though_the_bell_of_the_change_was_lost(house: House) -> None:
    """The note itself tells how far the public log was. (Seen red: the staff room asks nobody.)"""
    cast = house.cast
    number = await ask(house.db, cast.anna, cast.accounting)
    room = f"ticket:{number}:staff"
    async with house.line(cast.denis) as denis, house.line(cast.lev) as lev:
        await denis.join(room)
        await lev.join(room)
        async with house.db.transaction() as s:  # which nobody hears of
            await actions.change_service(s, await as_viewer(s, cast.lev), number, cast.network, "не туда")
        assert (await lev.say(room, "n", "секрет"))["op"] == "ack"
        await denis.until("reset", room=room)
        assert heard(denis, "event") == []


@on_sqlite
@pytest.mark.usefixtures("quick_polls")
async def test_G8_the_poll_shows_out_of_the_staff_room_too(house: House) -> None:
    """No bell at all. (Seen red: only the staff's log is looked at.)"""
    cast = house.cast
    number = await ask(house.db, cast.anna, cast.accounting)
    async with house.line(cast.denis) as denis:
        await denis.join(f"ticket:{number}:staff")
        async with house.db.transaction() as s:
            await actions.change_service(s, await as_viewer(s, cast.lev), number, cast.network, "не туда")
        await denis.until("reset", room=f"ticket:{number}:staff")
