"""What is unread and when it is told: the rules of the digest, on real rows but without a mail server."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from server.catalogue.model import Responsible
from server.db import Database
from server.notices.digest import Rounds, cutoff, unread
from server.people.model import User
from server.tickets.actions import change_service, claim
from server.tickets.talk import Words, delete, edit, say
from tests.cast import Cast, Person, as_viewer, ask
from tests.notices.office import (
    estimated,
    items,
    later,
    look,
    reads,
    rows,
    speak,
)
from tests.tickets.ways import do

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TWO = timedelta(minutes=2)
AGES = timedelta(days=9)


@pytest.mark.parametrize(
    ("setting", "away_for", "last_ago", "upto_ago"),
    [
        ("at_once", None, None, TWO),
        ("at_once", timedelta(minutes=3), None, TWO),
        ("at_once", timedelta(minutes=1), None, None),
        ("at_once", timedelta(seconds=-30), None, None),
        ("at_once", None, timedelta(minutes=1), TWO),
        ("quarter", None, timedelta(minutes=14), None),
        ("quarter", None, timedelta(minutes=15), TWO),
        ("hourly", None, timedelta(minutes=59), None),
        ("hourly", None, AGES, TWO),
        ("daily", None, AGES, timedelta(hours=6)),  # nine in Moscow is six in UTC
        ("daily", None, timedelta(hours=5), None),
        ("daily", timedelta(minutes=1), AGES, None),
        ("never", None, None, None),
    ],
)
def test_when_a_digest_is_due(
    setting: str, away_for: timedelta | None, last_ago: timedelta | None, upto_ago: timedelta | None
) -> None:
    away = None if away_for is None else AT - away_for
    last = None if last_ago is None else AT - last_ago
    found = cutoff(setting, AT, TWO, away, last, "Europe/Moscow")
    assert found == (None if upto_ago is None else AT - upto_ago)


def test_a_daily_digest_leaves_at_nine_by_the_readers_own_clock_on_the_day_the_clocks_change() -> None:
    spring = datetime(2026, 3, 29, 8, 30, tzinfo=UTC)  # Berlin is at +2 from this morning on
    assert cutoff("daily", spring, TWO, None, None, "Europe/Berlin") == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)
    before = spring.replace(hour=6, minute=59)
    assert cutoff("daily", before, TWO, None, None, "Europe/Berlin") == datetime(2026, 3, 28, 8, 0, tzinfo=UTC)


async def unread_of(db: Database, person: Person) -> dict[int, list[tuple[int, str]]]:
    async with db.reading() as s:
        found = await unread(s, await as_viewer(s, person))
    return {u.ticket.number: [(e["seq"], e["text"]) for e in u.events] for u in found}


async def test_G15_unread_is_what_others_said_and_this_person_has_not_read(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await do(db, cast.denis, claim, number)
    first = await speak(db, cast.denis, number, "раз")
    second = await speak(db, cast.denis, number, "два")
    await speak(db, cast.anna, number, "своё")
    assert await unread_of(db, cast.anna) == {number: [(first, "раз"), (second, "два")]}
    await reads(db, cast.anna, number, first)
    assert await unread_of(db, cast.anna) == {number: [(second, "два")]}


async def test_G15_an_edited_message_reads_as_it_stands_and_a_deleted_one_is_gone(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await do(db, cast.denis, claim, number)
    first = await speak(db, cast.denis, number, "раз")
    second = await speak(db, cast.denis, number, "два")
    await do(db, cast.denis, edit, number, "public", first, "раз, исправлено")
    await do(db, cast.denis, delete, number, "public", second)
    assert await unread_of(db, cast.anna) == {number: [(first, "раз, исправлено")]}


async def test_G15_an_internal_note_and_a_strangers_ticket_are_in_nobodys_digest(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await do(db, cast.denis, claim, number)
    await do(db, cast.denis, say, number, "staff", Words(id="n", text="заметка"))
    await speak(db, cast.denis, number, "ответ")
    for person in (cast.lev, cast.nina, cast.gleb, cast.vera, cast.boris):
        assert await unread_of(db, person) == {}
    assert [text for _, text in (await unread_of(db, cast.anna))[number]] == ["ответ"]


async def test_those_responsible_stand_for_the_assignee_until_there_is_one(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await speak(db, cast.anna, number, "уточнение")
    assert list(await unread_of(db, cast.denis)) == [number]
    await do(db, cast.lev, claim, number)
    assert await unread_of(db, cast.denis) == {}
    assert list(await unread_of(db, cast.lev)) == [number]


async def test_what_the_mail_about_a_new_ticket_told_is_not_told_again(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    assert await unread_of(db, cast.denis) == {}
    assert await items(db, cast.denis) == [(number, 1)]


async def test_approvers_read_along_from_when_they_are_asked_but_not_in_a_private_ticket(
    db: Database, cast: Cast
) -> None:
    for private in (False, True):
        number = await ask(db, cast.anna, cast.accounting, private=private)
        assert await unread_of(db, cast.boris) == {}
        await estimated(db, cast, number)
        await speak(db, cast.denis, number, "оценка отправлена")
        assert (number in await unread_of(db, cast.boris)) is not private
        if not private:
            await reads(db, cast.boris, number, 99)


async def test_two_workers_that_look_at_once_put_one_digest_down(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await do(db, cast.denis, claim, number)
    await speak(db, cast.denis, number, "раз")
    with later(minutes=5):
        await asyncio.gather(*(look(db) for _ in range(4)))
    assert [r.user_id for r in await rows(db, kind="digest")] == [cast.anna.id]


def test_a_daily_digest_leaves_at_the_hour_that_was_set() -> None:
    evening = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)  # eight in Moscow
    assert cutoff("daily", evening, TWO, None, None, "Europe/Moscow", 18) == datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    assert cutoff("daily", evening, TWO, None, None, "Europe/Moscow", 21) == datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


async def test_never_is_never_and_daily_waits_for_the_morning(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await estimated(db, cast, number)
    async with db.transaction() as s:
        (await s.get_one(User, cast.anna.id)).digest = "never"
        (await s.get_one(User, cast.boris.id)).digest = "daily"
    await speak(db, cast.denis, number, "раз")
    rounds = Rounds(TWO)
    async with db.reading() as s:
        with later(minutes=3):
            assert await rounds.look(s) <= {cast.boris.id}
        with later(hours=25):
            assert await rounds.look(s) == {cast.boris.id}


async def test_a_look_after_the_first_one_asks_only_about_what_is_new(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await do(db, cast.denis, claim, number)
    rounds = Rounds(TWO)
    async with db.reading() as s:
        with later(minutes=5):
            assert await rounds.look(s) == set()
    await speak(db, cast.denis, number, "раз")
    async with db.reading() as s:
        assert await rounds.look(s) == set()
        with later(minutes=3):
            assert await rounds.look(s) == {cast.anna.id}


async def test_who_becomes_responsible_learns_what_waits_there(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await speak(db, cast.anna, number, "уточнение")
    rounds = Rounds(TWO)
    async with db.reading() as s:
        with later(minutes=5):
            await rounds.look(s)
    await do(db, cast.lev, change_service, number, cast.network, "не туда")
    async with db.reading() as s:
        with later(minutes=8):
            assert cast.gleb.id in await rounds.look(s)


async def test_only_who_may_take_part_in_a_stirred_ticket_is_looked_at(db: Database, cast: Cast) -> None:
    async with db.transaction() as s:
        for place in range(60):
            user = User(login=f"p{place}", name=f"П {place}", roles=["executor"], email=f"p{place}@example.test")
            s.add(user)
            await s.flush()
            s.add(Responsible(service_id=cast.network, user_id=user.id or 0))
    number = await ask(db, cast.anna, cast.accounting)
    await do(db, cast.denis, claim, number)
    rounds = Rounds(TWO)
    async with db.reading() as s:
        with later(minutes=5):
            await rounds.look(s)
    assert rounds.put_off <= {cast.anna.id, cast.denis.id}
