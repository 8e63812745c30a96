"""What needs no writer's lock waits for none."""

import asyncio
from contextlib import suppress

from sqlmodel import select
from websockets.exceptions import ConnectionClosedError

from server.tickets.model import Ticket
from tests.cast import ask, on_postgresql, on_sqlite
from tests.house import House, Line
from tests.rooms.acting import post


@on_postgresql
async def test_reading_does_not_wait_for_whoever_writes_in_the_ticket(house: House) -> None:
    """(Seen red: a read mark locked the ticket.)"""
    cast = house.cast
    number = await ask(house.db, cast.anna, cast.accounting)
    await post(house, cast.denis, f"/tickets/{number}/read", upto=1)
    await post(house, cast.lev, f"/tickets/{number}/messages", id="m", text="слово")
    async with house.line(cast.denis) as denis:
        await denis.join(f"ticket:{number}")
        async with house.db.transaction() as s:
            await s.exec(select(Ticket).where(Ticket.number == number).with_for_update())
            await denis.send(op="read", room=f"ticket:{number}", upto=2)
            assert (await denis.until("read"))["upto"] == 2


@on_postgresql
async def test_a_first_read_and_a_first_word_at_once_both_stand(house: House) -> None:
    """Each makes the person's cursor."""
    cast = house.cast
    for n in range(10):
        number = await ask(house.db, cast.anna, cast.accounting)
        room = f"ticket:{number}"
        async with house.line(cast.denis) as one, house.line(cast.denis) as other:
            await other.join(room)
            said = asyncio.create_task(one.say(room, f"d{n}", "слово"))
            await asyncio.gather(*(post(house, cast.denis, f"/tickets/{number}/read", upto=1) for _ in range(3)))
            assert (await said)["op"] == "ack"
            await other.got("event")
        async with house.line(cast.denis) as line:
            assert [r["unread"] for r in (await line.join("queue"))["rows"] if r["number"] == number] == [0]


@on_sqlite
async def test_a_socket_closes_although_somebody_writes(house: House) -> None:
    """Nor does a second one of the same person wait to be vouched for. (Seen red: the writer's lock waited for before
    the close frame.)"""
    async with house.line(house.cast.anna), house.line(house.cast.anna) as anna:
        await anna.join("queue")
        async with house.db.transaction(), house.line(house.cast.anna) as another:
            for line in (anna, another):
                assert await refused(line) == 4400


@on_sqlite
async def test_the_last_socket_closes_although_somebody_writes(house: House) -> None:
    """(Seen red: that the person is away was written first.)"""
    async with house.line(house.cast.anna) as anna:
        await anna.join("queue")
        async with house.db.transaction():
            assert await refused(anna) == 4400


async def refused(line: Line) -> int:
    """Sends what is no frame until the server has enough of it; the code it closes with, before the database
    would have given up waiting for the writer (ten seconds)."""
    for _ in range(3):
        await line.connection.send("не кадр")
    with suppress(ConnectionClosedError):
        await line.closed(within=7)
    return line.connection.close_code or 0
