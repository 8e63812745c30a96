"""Talking: what is no message, who may put something in its place and until when, and the colleague who was quicker."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from server import clock
from server.db import Database
from server.errors import Conflict, Empty, Forbidden, Invalid, NotFound, TooLarge
from server.events import log
from server.events.model import Event
from server.tickets import talk
from server.tickets.model import Ticket
from server.tickets.talk import Words
from tests.cast import Cast, Person, ask, on_sqlite
from tests.tickets.ways import at, do, move, say

pytestmark = on_sqlite


async def words(db: Database, person: Person, number: int, line: str = "public", **more: Any) -> Any:
    return await do(db, person, talk.say, number, line, Words(**({"id": "w", "text": "да"} | more)))


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u2060\ufeff", "\u00a0\u202e"])
async def test_C11_what_shows_nothing_is_no_message(text: str, db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    with pytest.raises(Empty):
        await words(db, cast.anna, number, text=text)


async def test_C6_the_longest_message_and_one_more(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await words(db, cast.anna, number, id="long", text="ж" * 20_000)
    with pytest.raises(TooLarge):
        await words(db, cast.anna, number, text="ж" * 20_001)


@pytest.mark.parametrize("text", ["a\0b", "\ud83d", "\udc00 конец"])
async def test_T3_what_no_database_keeps_is_refused(text: str, db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    with pytest.raises(Invalid):
        await words(db, cast.anna, number, text=text)


async def test_T3_everything_else_is_kept_as_it_was_typed(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    text = "👩‍👩‍👧 \u202eоборот\u202c " + "е" + "\u0301" * 1000 + " %s {0.__class__} {{7*7}} <b>"
    assert (await words(db, cast.anna, number, text=text)).text == text


async def test_an_answer_names_an_event_of_its_own_room(db: Database, cast: Cast) -> None:
    """(Seen red: the staff's room measured by the public head.)"""
    number = await ask(db, cast.anna, cast.accounting)
    for reply in (0, 2, -1, 10**18):
        with pytest.raises(Invalid):
            await words(db, cast.anna, number, reply_to=reply)
    await words(db, cast.anna, number, reply_to=1)
    with pytest.raises(Invalid):
        await words(db, cast.denis, number, "staff", reply_to=1)


async def test_a_colleague_who_was_quicker_is_shown_first(db: Database, cast: Cast) -> None:
    """The `id` stays free, and it may be said all the same. (Seen red: what was written in the same moment not looked
    at; the client's words taken for a colleague's.)"""
    number = await ask(db, cast.anna, cast.accounting)
    await say(db, cast.anna, number, "ещё подробность")
    await words(db, cast.denis, number, id="d1", text="отвечаю", seen=1)  # Anna is no colleague
    with pytest.raises(Conflict) as refusal:
        await words(db, cast.lev, number, id="l1", text="тоже отвечаю", seen=2)
    assert refusal.value.extra["reason"] == "seen"
    assert [(e["seq"], e["text"]) for e in refusal.value.extra["events"]] == [(3, "отвечаю")]
    await words(db, cast.denis, number, id="d2", text="и ещё", seen=2)  # one's own words are no surprise
    with pytest.raises(Conflict):
        await words(db, cast.lev, number, id="l1", text="тоже отвечаю", seen=3)
    assert (await words(db, cast.lev, number, id="l1", text="тоже отвечаю", seen=3, anyway=True)).seq == 5
    assert (await words(db, cast.lev, number, id="l1", text="тоже отвечаю", seen=1)).seq == 5, "first the same id"
    for seen in (5, 10**18):
        await words(db, cast.denis, number, id=f"d{seen}", text="дальше", seen=seen)


async def test_clients_are_not_held_up_by_each_other(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await words(db, cast.boris, number, id="b", text="раз", seen=1)
    await words(db, cast.anna, number, id="a", text="два", seen=1)


async def test_a_note_and_a_message_do_not_get_in_each_others_way(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await words(db, cast.denis, number, "staff", id="n", text="заметка", seen=0)
    await words(db, cast.lev, number, id="l", text="ответ", seen=1)
    with pytest.raises(Conflict):
        await words(db, cast.lev, number, "staff", id="n", text="заметка", seen=0)


async def change(db: Database, person: Person, number: int, seq: int, text: str | None, line: str = "public") -> Any:
    if text is None:
        return await do(db, person, talk.delete, number, line, seq)
    return await do(db, person, talk.edit, number, line, seq, text)


@pytest.mark.parametrize("text", ["иначе", None])
async def test_C20_who_may_replace_a_message(text: str | None, db: Database, cast: Cast) -> None:
    """Its author for 15 minutes, a lead always, event 1 never. (Seen red: any executor; the clock not looked at.)"""
    number = await ask(db, cast.anna, cast.accounting)
    said = (await say(db, cast.anna, number)).seq
    for person in (cast.boris, cast.denis, cast.nina):
        with pytest.raises(Forbidden):
            await change(db, person, number, said, text)
    for person in (cast.vera, cast.gleb):
        with pytest.raises(NotFound):
            await change(db, person, number, said, text)
    for person in (cast.anna, cast.lev):
        with pytest.raises(Forbidden):
            await change(db, person, number, 1, text)
        with pytest.raises(NotFound):
            await change(db, person, number, 99, text)
    with clock.at(clock.now() + timedelta(minutes=15, seconds=1)):
        with pytest.raises(Forbidden):
            await change(db, cast.anna, number, said, text)
        await change(db, cast.lev, number, said, text)
    said = (await say(db, cast.anna, number)).seq
    with clock.at(clock.now() + timedelta(minutes=14, seconds=50)):
        await change(db, cast.anna, number, said, text)


async def test_C20_what_is_deleted_stays_so(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    said = (await say(db, cast.anna, number)).seq
    gone = (await change(db, cast.anna, number, said, None)).seq
    for text in (None, "снова"):
        with pytest.raises(Conflict) as refusal:
            await change(db, cast.anna, number, said, text)
        assert refusal.value.extra["deleted"] == gone
    with pytest.raises(NotFound):
        await change(db, cast.anna, number, gone, "событие, а не сообщение")


async def test_C20_to_change_one_message_the_others_are_not_read(db: Database, cast: Cast) -> None:
    """The row shows what stands last now. (Seen red: every message of the ticket, under its lock.)"""
    number = await ask(db, cast.anna, cast.accounting)
    for i in range(12):
        await say(db, cast.anna, number, f"Слово {i}")
    read: list[object] = []

    def count(target: Event, _context: object) -> None:
        read.append(target)

    event.listen(Event, "load", count)
    try:
        await change(db, cast.anna, number, 13, "Последнее слово")
    finally:
        event.remove(Event, "load", count)
    assert len(read) <= 3
    async with db.reading() as s:
        assert (await s.get_one(Ticket, number)).last_words == "Последнее слово"


async def test_C20_a_lead_takes_a_message_out_of_a_closed_ticket(db: Database, cast: Cast) -> None:
    """A password that was sent has to go, whatever the status. (Seen red: `require_open` for everybody.)"""
    number = await at(db, cast, "done")
    said = (await say(db, cast.anna, number, "пароль: кошка")).seq
    await move(db, cast.lev, number, "closed")
    with pytest.raises(Forbidden):
        await change(db, cast.anna, number, said, None)
    await change(db, cast.lev, number, said, None)
    async with db.reading() as s:
        told = await log.wire(s, await log.after(s, number, "public", 0))
    assert "кошка" not in str(told)


async def test_C20_a_note_is_replaced_in_its_own_room(db: Database, cast: Cast) -> None:
    """Its first one too: only the request itself stands for good."""
    number = await ask(db, cast.anna, cast.accounting)
    note = (await say(db, cast.denis, number, "заметка", "staff")).seq
    await change(db, cast.denis, number, note, "иначе", "staff")
    with pytest.raises(NotFound):
        await change(db, cast.anna, number, note, "иначе", "staff")


@pytest.mark.parametrize("id", ["", "x" * 65, "a\0b", "a\nb", "\ud800"])
async def test_what_can_not_be_an_id_is_refused_by_whatever_door_it_comes(id: str, db: Database, cast: Cast) -> None:
    """But not told to whom the ticket is none of their business."""
    number = await ask(db, cast.anna, cast.accounting)
    with pytest.raises(Invalid) as refusal:
        await words(db, cast.anna, number, id=id)
    assert list(refusal.value.fields) == ["id"]
    with pytest.raises(NotFound):
        await words(db, cast.vera, number, id=id)
    with pytest.raises(Forbidden):
        await words(db, cast.nina, number, id=id)


async def test_more_than_twenty_files_are_refused_by_whatever_door_they_come(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    with pytest.raises(Invalid) as refusal:
        await words(db, cast.anna, number, files=[f"{n:032x}" for n in range(21)])
    assert list(refusal.value.fields) == ["files"]
    with pytest.raises(NotFound):
        await words(db, cast.anna, number, files=["a\0b"])
