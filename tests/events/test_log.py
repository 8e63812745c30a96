"""The numbered log: dense, in commit order, said once; what was replaced is gone from everything that is replayed."""

import asyncio
import json
from typing import Any

import pytest
from sqlmodel import col, select

from server.db import Database
from server.errors import Conflict
from server.events import chain, log
from server.events.kinds import PUBLIC, STAFF, Line
from server.events.model import Event
from server.tickets import queries, talk
from server.tickets.talk import Words
from tests.cast import Cast, Person, as_viewer, ask


async def say(
    db: Database, person: Person, number: int, id: str, text: str = "Здравствуйте", line: Line = PUBLIC, **more: Any
) -> Event:
    """Says something in a transaction of its own."""
    async with db.transaction() as s:
        return await talk.say(s, await as_viewer(s, person), number, line, Words(id, text, **more))


async def replaced(db: Database, person: Person, number: int, seq: int, text: str | None, line: Line = PUBLIC) -> None:
    """Edits a message, or deletes it when there is no text."""
    async with db.transaction() as s:
        viewer = await as_viewer(s, person)
        if text is None:
            await talk.delete(s, viewer, number, line, seq)
        else:
            await talk.edit(s, viewer, number, line, seq, text)


async def events(db: Database, number: int, line: Line = PUBLIC) -> list[dict[str, Any]]:
    """The whole log as it is replayed."""
    async with db.reading() as s:
        return await log.wire(s, await log.after(s, number, line, 0, 1000))


async def test_fifty_writers_get_numbers_without_holes_in_the_order_of_commits(db: Database, cast: Cast) -> None:
    """Whoever reads meanwhile sees 1 … n, never a hole that is filled later. (Seen red: the number taken by a SELECT of
    the head before the lock, or the text written in a transaction after the one that counts.)"""
    number = await ask(db, cast.anna, cast.accounting)
    done = asyncio.Event()
    seen: list[int] = []

    async def look() -> None:
        while not done.is_set():
            for line in (PUBLIC, STAFF):
                async with db.reading() as s:
                    found = (await s.exec(select(Event.seq).where(Event.ticket == number, Event.line == line))).all()
                assert sorted(found) == list(range(1, len(found) + 1))
                seen.append(len(found))

    watching = asyncio.create_task(look())
    notes = [say(db, cast.denis, number, f"n{n}", line=STAFF) for n in range(10)]
    words = [say(db, (cast.anna, cast.lev)[n % 2], number, f"w{n}") for n in range(40)]
    said = await asyncio.gather(*notes, *words)
    done.set()
    await watching
    assert sorted(e.seq for e in said if e.line == PUBLIC) == list(range(2, 42))
    assert sorted(e.seq for e in said if e.line == STAFF) == list(range(1, 11))
    assert len(set(seen)) > 2, "the reader was there meanwhile"
    assert await unbroken(db, number) == 51


async def unbroken(db: Database, number: int) -> int:
    """Recomputes every digest and link of both logs; how many events they hold."""
    async with db.reading() as s:
        rows = (await s.exec(select(Event).where(Event.ticket == number).order_by(col(Event.seq)))).all()
    links = {PUBLIC: chain.START, STAFF: chain.START}
    for e in rows:
        assert e.salt is not None
        digest = chain.digest(
            e.salt, at=e.at, kind=e.kind, author=e.author_id, client_id=e.client_id, text=e.text, data=e.data
        )
        line: Line = STAFF if e.line == STAFF else PUBLIC
        links[line] = chain.link(links[line], number, line, e.seq, digest)
        assert (e.digest, e.link) == (digest, links[line])
    return len(rows)


async def test_a_number_goes_back_with_its_transaction(db: Database, cast: Cast) -> None:
    """(Seen red: the commit away.)"""
    number = await ask(db, cast.anna, cast.accounting)

    async def fail() -> None:
        async with db.transaction() as s:
            await talk.say(s, await as_viewer(s, cast.anna), number, PUBLIC, Words("lost", "не дойдёт"))
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert (await say(db, cast.anna, number, "kept")).seq == 2


async def test_nothing_is_told_of_what_was_rolled_back_and_all_of_what_was_committed_in_order(
    db: Database, cast: Cast
) -> None:
    """(Seen red: news told before the commit.)"""
    told: list[tuple[int, int]] = []

    async def listen(news: Any) -> None:
        told.extend((n.ticket, n.seq) for n in news if isinstance(n, log.Committed))

    number = await ask(db, cast.anna, cast.accounting)
    db.listener = listen

    async def fail() -> None:
        async with db.transaction() as s:
            for text in ("раз", "другое"):
                await talk.say(s, await as_viewer(s, cast.anna), number, PUBLIC, Words("a", text))

    with pytest.raises(Conflict):
        await fail()
    assert told == []
    async with db.transaction() as s:
        for n in range(3):
            await talk.say(s, await as_viewer(s, cast.anna), number, PUBLIC, Words(f"b{n}", "раз"))
    assert told == [(number, 2), (number, 3), (number, 4)]


async def test_G1_twins_in_parallel_are_one_message_with_one_answer(db: Database, cast: Cast) -> None:
    """(Seen red: the second look under the lock away.)"""
    number = await ask(db, cast.anna, cast.accounting)
    said = await asyncio.gather(*(say(db, cast.anna, number, f"id-{n % 5}", f"текст {n % 5}") for n in range(40)))
    assert len({e.seq for e in said}) == 5
    assert {e.client_id: e.seq for e in said} == {e.client_id: e.seq for e in reversed(said)}
    assert [e["text"] for e in await events(db, number)][1:].count("текст 3") == 1


async def test_C13_an_id_means_one_content_in_one_room(db: Database, cast: Cast) -> None:
    first, second = [await ask(db, cast.anna, cast.accounting) for _ in range(2)]
    await say(db, cast.anna, first, "id", "раз")
    for number, text, reply in ((first, "два", None), (second, "раз", None), (first, "раз", 1)):
        with pytest.raises(Conflict) as refusal:
            await say(db, cast.anna, number, "id", text, reply_to=reply)
        assert refusal.value.extra["reason"] == "id"
    assert (await say(db, cast.anna, first, "id", " раз\n")).seq == 2, "blanks at the ends are no other content"
    assert len(await events(db, second)) == 1


async def test_C13_one_id_in_two_tickets_at_once_is_one_message_and_one_refusal(db: Database, cast: Cast) -> None:
    """No lock keeps them apart, only the constraint. (Seen red: IntegrityError not turned into a refusal.)"""
    for n in range(5):
        numbers = [await ask(db, cast.anna, cast.accounting) for _ in range(2)]
        said = await asyncio.gather(*(say(db, cast.anna, t, f"id{n}") for t in numbers), return_exceptions=True)
        assert sorted(type(outcome).__name__ for outcome in said) == ["Conflict", "Event"]


async def test_C14_an_id_of_somebody_else_is_no_obstacle(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    assert (await say(db, cast.anna, number, "same", "от Анны")).seq == 2
    assert (await say(db, cast.denis, number, "same", "от Дениса")).seq == 3


@pytest.mark.parametrize("line", [PUBLIC, STAFF])
async def test_what_was_replaced_is_replayed_nowhere(line: Line, db: Database, cast: Cast) -> None:
    """Edited twice, then deleted: each time every earlier text is gone, those of earlier edits too. (Seen red: only the
    message itself marked as replaced.)"""
    number = await ask(db, cast.anna, cast.accounting)
    if line == STAFF:
        await say(db, cast.lev, number, "n1", "первая заметка", STAFF)
    await say(db, cast.denis, number, "x", "канарейка-один", line)
    for text, gone in (
        ("канарейка-два", ["канарейка-один"]),
        ("канарейка-три", ["канарейка-один", "канарейка-два"]),
        (None, ["канарейка-один", "канарейка-два", "канарейка-три"]),
    ):
        await replaced(db, cast.denis, number, 2, text, line)
        shown = await everything(db, cast, number)
        assert [word for word in gone if word in shown] == []
        if text:
            assert text in shown
    told = await events(db, number, line)
    assert told[1].items() >= {"seq": 2, "deleted": 5}.items()
    assert not {"text", "files"} & set(told[1])
    assert [(e["kind"], e.get("of"), e.get("deleted")) for e in told[2:]] == [
        ("edit", 2, 5), ("edit", 2, 5), ("delete", 2, None),
    ]  # fmt: skip
    assert await unbroken(db, number) == (5 if line == PUBLIC else 6)


async def everything(db: Database, cast: Cast, number: int) -> str:
    """All that pages, sockets and the API would say of a ticket, as one text."""
    async with db.reading() as s:
        found: list[Any] = []
        for line in (PUBLIC, STAFF):
            for read in (await log.after(s, number, line, 0), await log.newest(s, number, line)):
                found.append(await log.wire(s, read))
        for person in (cast.anna, cast.denis):
            viewer = await as_viewer(s, person)
            found.append(await queries.rows(s, viewer, [(await queries.find(s, viewer, number)).ticket]))
    return json.dumps(found, ensure_ascii=False)


async def test_an_edited_message_is_replayed_as_it_reads_now(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await say(db, cast.anna, number, "x", "как было")
    await replaced(db, cast.anna, number, 2, "как стало")
    told = await events(db, number)
    assert told[1].items() >= {"text": "как стало", "edited": 3, "id": "x"}.items()
    assert told[2].items() >= {"kind": "edit", "of": 2, "text": "как стало"}.items()


async def test_the_list_shows_the_words_that_stand(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await say(db, cast.anna, number, "x", "как было")
    for text, shown in (("как стало", "как стало"), (None, "")):
        await replaced(db, cast.anna, number, 2, text)
        async with db.reading() as s:
            viewer = await as_viewer(s, cast.anna)
            [row] = await queries.rows(s, viewer, [(await queries.find(s, viewer, number)).ticket])
        assert row["last"]["text"] == shown
    await say(db, cast.anna, number, "y", "ещё")
    await replaced(db, cast.lev, number, 2 + 3, "ещё раз")
    async with db.reading() as s:
        [row] = await queries.rows(s, viewer, [(await queries.find(s, viewer, number)).ticket])
    assert row["last"]["text"] == "ещё раз"


async def test_pages_of_the_log(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    for n in range(2, 12):
        await say(db, cast.anna, number, f"m{n}")
    async with db.reading() as s:
        assert [e.seq for e in await log.after(s, number, PUBLIC, 4, 3)] == [5, 6, 7]
        assert [e.seq for e in await log.after(s, number, PUBLIC, 11)] == []
        assert [e.seq for e in await log.newest(s, number, PUBLIC, 3)] == [9, 10, 11]
        assert [e.seq for e in await log.newest(s, number, PUBLIC, 3, before=5)] == [2, 3, 4]
        assert [e.seq for e in await log.newest(s, number, STAFF, 3)] == []
