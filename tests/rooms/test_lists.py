"""The rooms without a log: rows of the queue as they are now, what is gone, what is unread."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from sqlmodel import select

from server.catalogue.model import Responsible
from server.db import Database
from server.events import access
from server.people.model import User
from tests.cast import Cast, ask, on_sqlite
from tests.house import PATIENCE, House, Line
from tests.rooms.acting import call, heard, post
from tests.tickets.ways import at, say

ROW = {
    "number", "subject", "status", "withdrawn", "urgency", "service", "organisation", "author", "assignee", "due",
    "private", "created_at", "head", "read", "unread", "estimate", "payment", "last", "deadline", "viewers", "typing",
    "v",
}  # fmt: skip
STAFF = {"staff_head", "staff_read", "staff_unread"}


def rows(line: Line) -> list[dict[str, Any]]:
    return [f["ticket"] for f in heard(line, "row") if "ticket" in f]


@on_sqlite
async def test_the_queue_brings_open_rows_in_the_form_of_ones_side(house: House) -> None:
    mine = await ask(house.db, house.cast.anna, house.cast.accounting)
    await at(house.db, house.cast, "cancelled")
    theirs = await ask(house.db, house.cast.vera, house.cast.network)
    for who, numbers, extra in (
        (house.cast.anna, [mine], set()), (house.cast.boris, [mine], set()), (house.cast.vera, [theirs], set()),
        (house.cast.denis, [mine], STAFF), (house.cast.gleb, [theirs], STAFF), (house.cast.nina, [theirs, mine], STAFF),
        (house.cast.pavel, [], set()),
    ):  # fmt: skip
        async with house.line(who) as line:
            joined = await line.join("queue")
            assert set(joined) == {"op", "room", "rows", "v"}
            assert [r["number"] for r in joined["rows"]] == numbers
            assert all(ROW | extra == set(r) - {"rating"} for r in joined["rows"])
            assert joined["v"] == max((r["v"] for r in joined["rows"]), default=0)


@on_sqlite
async def test_a_row_comes_when_its_ticket_changes_and_goes_when_it_ends(house: House) -> None:
    """(Seen red: `gone` sent to everybody.)"""
    cast = house.cast
    async with house.line(cast.anna) as anna, house.line(cast.denis) as denis, house.line(cast.vera) as vera:
        for line in (anna, denis, vera):
            await line.join("queue")
        made = await post(house, cast.anna, "/tickets", subject="Тема", service=cast.accounting, text="Текст")
        for line in (anna, denis):
            row = (await line.until("row"))["ticket"]
            assert (row["number"], row["status"], row["last"]["text"]) == (made["number"], "new", "Текст")
        await post(house, cast.denis, f"/tickets/{made['number']}/claim")
        versions = [row["v"]]
        for line in (anna, denis):
            row = (await line.until("row"))["ticket"]
            assert (row["status"], row["assignee"]["id"]) == ("estimating", cast.denis.id)
        assert row["v"] > versions[0]
        await post(house, cast.anna, f"/tickets/{made['number']}/status", to="cancelled")
        for line in (anna, denis):
            gone = await line.until("row")
            assert set(gone) == {"op", "room", "gone", "v"}
            assert gone["gone"] == made["number"]
        await post(house, cast.vera, "/tickets", subject="Своё", service=cast.network, text="Текст")
        while not rows(vera):
            await vera.until("row")
        assert len(heard(vera, "row")) == 1, "of the other organisation's ticket not a word"


@on_sqlite
async def test_a_row_goes_to_another_service_with_its_ticket(house: House) -> None:
    cast = house.cast
    number = await ask(house.db, cast.anna, cast.accounting)
    async with house.line(cast.denis) as denis, house.line(cast.gleb) as gleb:
        await denis.join("queue")
        await gleb.join("queue")
        await call(house, cast.lev, "PUT", f"/tickets/{number}/service", {"to": cast.network, "comment": "не туда"})
        assert (await denis.until("row"))["gone"] == number
        assert (await gleb.until("row"))["ticket"]["number"] == number


@on_sqlite
async def test_html_of_a_row_is_that_of_ones_side(house: House) -> None:
    cast = house.cast
    await ask(house.db, cast.anna, cast.accounting, subject="Тема <b>")
    for who in (cast.anna, cast.denis):
        async with house.line(who) as line:
            [row] = (await line.join("queue", html=True))["rows"]
            assert "Тема &lt;b&gt;" in row["html"]
            assert f'data-ticket="{row["number"]}"' in row["html"]


@on_sqlite
async def test_the_inbox_counts_what_is_unread(house: House) -> None:
    cast = house.cast
    number = await ask(house.db, cast.anna, cast.accounting)
    async with house.line(cast.anna) as anna, house.line(cast.denis) as denis:
        assert (await anna.join("inbox"))["items"] == []
        [item] = (await denis.join("inbox"))["items"]
        assert set(item) == {"ticket", "subject", "unread", "last", "v"}
        assert (item["ticket"], item["unread"]) == (number, 1)
        await denis.say(f"ticket:{number}", "d", "ответ")
        told = await anna.got("inbox")
        assert set(told) == {"op", "room", "ticket", "unread", "total", "v"}
        assert (told["ticket"], told["unread"], told["total"]) == (number, 1, 1)
        await anna.send(op="read", room=f"ticket:{number}", upto=2)
        told = await anna.until("inbox")
        assert (told["unread"], told["total"]) == (0, 0)


@on_sqlite
async def test_whoever_takes_part_no_longer_has_nothing_unread_there(house: House) -> None:
    """(Seen red: those who don't take part are passed over.)"""
    cast = house.cast
    number = await ask(house.db, cast.anna, cast.accounting)
    await post(house, cast.anna, f"/tickets/{number}/participants", user=cast.gleb.id)
    async with house.line(cast.gleb) as gleb:
        assert [i["ticket"] for i in (await gleb.join("inbox"))["items"]] == [number]
        await call(house, cast.anna, "DELETE", f"/tickets/{number}/participants/{cast.gleb.id}")
        told = await gleb.until("inbox", ticket=number)
        assert (told["unread"], told["total"]) == (0, 0)


@on_sqlite
@pytest.mark.usefixtures("quick_typing")
async def test_who_looks_and_who_types_stands_in_the_staffs_rows_only(house: House) -> None:
    """And typing ends there by itself. (Seen red: nobody looks again after six seconds.)"""
    cast = house.cast
    number = await ask(house.db, cast.anna, cast.accounting)
    async with house.line(cast.lev) as lev, house.line(cast.denis) as denis, house.line(cast.anna) as anna:
        await lev.join("queue")
        await anna.join("queue")
        await denis.join(f"ticket:{number}")
        await lev.until("row")
        assert [p["id"] for p in rows(lev)[-1]["viewers"]] == [cast.denis.id]
        async with asyncio.timeout(PATIENCE):
            while not rows(lev)[-1]["typing"]:  # a row that is drawn late shows nobody any more
                await denis.send(op="typing", room=f"ticket:{number}")
                with suppress(TimeoutError):
                    await lev.until("row", within=0.2)
        assert [p["id"] for p in rows(lev)[-1]["typing"]] == [cast.denis.id]
        while rows(lev)[-1]["typing"]:
            await lev.until("row")
        await denis.send(op="leave", room=f"ticket:{number}")
        while rows(lev)[-1]["viewers"]:
            await lev.until("row")
        await denis.say(f"ticket:{number}", "d", "ответ")
        row = (await anna.until("row"))["ticket"]
        assert (row["viewers"], row["typing"], row["head"]) == ([], [], 2)
        assert len(rows(anna)) == 1


@pytest.mark.usefixtures("quick_polls")
async def test_a_change_nobody_rang_for_is_found_by_the_poll(house: House) -> None:
    """Written by somebody whose bell was lost. (Seen red: only changes of what was sent before are looked for.)"""
    cast = house.cast
    number = await ask(house.db, cast.anna, cast.accounting)
    async with house.line(cast.denis) as denis, house.line(cast.anna) as anna:
        await denis.join("queue")
        await anna.join("inbox")
        await say(house.db, cast.denis, number, "без звонка")
        row = (await denis.until("row"))["ticket"]
        assert (row["number"], row["last"]["text"]) == (number, "без звонка")
        assert (await anna.until("inbox"))["unread"] == 1
        other = await ask(house.db, cast.anna, cast.accounting)
        assert (await denis.until("row"))["ticket"]["number"] == other


@pytest.mark.usefixtures("quick_polls")
async def test_the_poll_repeats_nothing(house: House) -> None:
    """What a socket was sent is not sent again. (Seen red: versions not compared.)"""
    cast = house.cast
    numbers = [await ask(house.db, cast.anna, cast.accounting) for _ in range(3)]
    async with house.line(cast.denis) as denis, house.line(cast.anna) as anna:
        for line in (denis, anna):
            await line.join("queue")
            await line.join("inbox")
        for n, number in enumerate(numbers):
            await say(house.db, cast.denis, number, f"без звонка {n}")
            await denis.until("row")
            await anna.until("inbox")
        await say(house.db, cast.denis, numbers[0], "конец")
        await denis.until("row")
        await anna.until("inbox")
        assert [r["last"]["text"] for r in rows(denis)] == ["без звонка 0", "без звонка 1", "без звонка 2", "конец"]
        assert [f["ticket"] for f in heard(anna, "inbox")] == [*numbers, numbers[0]]


@on_sqlite
@pytest.mark.usefixtures("quick_polls", "quick_beats")
async def test_what_the_staff_do_among_themselves_is_no_news_for_the_inbox(house: House) -> None:
    """It counts the public log. Notes and who types come once into the staff's rows and never into an inbox. (Seen red:
    the public version kept and the staff's compared, so each poll sent it all again.)"""
    cast = house.cast
    number = await ask(house.db, cast.anna, cast.accounting)
    async with house.line(cast.denis) as denis, house.line(cast.lev) as lev:
        await denis.join("inbox")
        await denis.join("queue")
        await lev.join(f"ticket:{number}:staff")
        await lev.say(f"ticket:{number}:staff", "n", "заметка")
        await lev.send(op="typing", room=f"ticket:{number}:staff")
        await denis.until("row")
        for _ in range(5):
            await denis.until("head", room="inbox")
        assert heard(denis, "inbox") == []
        await lev.say(f"ticket:{number}", "m", "слово")
        assert (await denis.until("inbox"))["unread"] == 2
        for _ in range(5):
            await denis.until("head", room="inbox")
        assert len(heard(denis, "inbox")) == 1


@on_sqlite
async def test_more_than_two_hundred_open_rows_lose_none(house: House) -> None:
    """What is no longer among the first 200 is not gone. (Seen red: `gone` for what the list no longer reaches.)"""
    cast = house.cast
    numbers = [await ask(house.db, cast.anna, cast.accounting) for _ in range(202)]
    async with house.line(cast.denis) as denis:
        joined = await denis.join("queue")
        assert [r["number"] for r in joined["rows"]] == list(reversed(numbers[2:]))
        for number in numbers[:2]:
            await post(house, cast.lev, f"/tickets/{number}/messages", id=f"m{number}", text="подняли")
            assert (await denis.until("row"))["ticket"]["number"] == number
        await access_changed(house.db, cast.denis.id)
        while len(rows(denis)) < 2 + 202:  # all that he was sent is looked at again
            await denis.until("row")
        assert [f for f in heard(denis, "row") if "gone" in f] == []


async def access_changed(db: Database, user_id: int) -> None:
    """Somebody's rights were looked at again."""
    async with db.transaction() as s:
        access.changed(s, await s.get_one(User, user_id))


async def test_G8_rows_follow_what_a_person_may_see(house: House) -> None:
    """Responsible for another service from now on. (Seen red: `verify` away.)"""
    cast = house.cast
    mine = await ask(house.db, cast.anna, cast.accounting)
    theirs = await ask(house.db, cast.vera, cast.network)
    async with house.line(cast.denis) as denis:
        await denis.join("queue")
        await denis.join("inbox")
        async with house.db.transaction() as s:
            for r in (await s.exec(select_responsible(cast))).all():
                r.service_id = cast.network
            (await s.get_one(User, cast.denis.id)).access_version += 1
        frames = [await denis.until("row") for _ in range(2)]
        assert {f.get("gone") for f in frames} == {mine, None}
        assert {f["ticket"]["number"] for f in frames if "ticket" in f} == {theirs}
        await denis.got("inbox", ticket=mine, unread=0)


def select_responsible(cast: Cast) -> Any:
    return select(Responsible).where(Responsible.user_id == cast.denis.id)
