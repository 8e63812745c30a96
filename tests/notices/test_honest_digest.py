"""The digest as it arrives: never of what was read, mailed or forbidden, and nothing forgotten, whatever dies."""

import asyncio
import random
from collections import Counter
from functools import partial

from server.catalogue.model import Organisation
from server.config import Settings
from server.db import Database
from server.notices import outbox
from server.tickets.actions import add_participant, claim, remove_participant
from tests.cast import Cast, ask
from tests.notices.office import (
    by_smtp,
    comes_true,
    estimated,
    items,
    later,
    look,
    online,
    quiet_outbox,
    reads,
    rows,
    speak,
    told,
    working,
)
from tests.parts.smtp import SmtpServer
from tests.parts.until import until
from tests.tickets.ways import do

ANNA, BORIS, DENIS = "anna@example.test", "boris@example.test", "denis@example.test"
QUIET = 0.4


async def test_one_mail_for_each_person_by_ticket_newest_last_and_once(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    one, two = [await ask(db, cast.anna, cast.accounting, subject) for subject in ("Первое", "Второе")]
    for number in (one, two):
        await do(db, cast.denis, claim, number)
    async with working(db, by_smtp(settings, smtp)):
        await quiet_outbox(db)
    smtp.letters.clear()
    for text, number in (("слово-1", two), ("слово-2", one), ("слово-3", two)):
        await speak(db, cast.denis, number, text)
    async with working(db, by_smtp(settings, smtp, QUIET)):
        (letter,) = await smtp.wait(ANNA)
        await speak(db, cast.denis, one, "слово-4")
        await smtp.wait(ANNA, 2)
        await quiet_outbox(db)
    assert told(smtp.to(ANNA)) == ["слово-2", "слово-1", "слово-3", "слово-4"]
    assert letter.text.index("Первое") < letter.text.index("Второе")
    assert smtp.letters == smtp.to(ANNA)


async def test_who_is_there_gets_no_digest_and_who_leaves_gets_one_after_the_quiet_time(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await do(db, cast.denis, claim, number)
    await online(db, cast.anna, 60)
    await speak(db, cast.denis, number, "слово-1")
    other = await ask(db, cast.vera, cast.accounting)
    await do(db, cast.denis, claim, other)
    await speak(db, cast.denis, other, "слово-2")
    async with working(db, by_smtp(settings, smtp, QUIET)):
        await until(lambda: told(smtp.to("vera@example.test")), 10, "the digest of who is away")
        assert told(smtp.to(ANNA)) == []
        await online(db, cast.anna, 0)
        left = asyncio.get_running_loop().time()
        await until(lambda: told(smtp.to(ANNA)), 10, "the digest of who has left")
        assert asyncio.get_running_loop().time() - left >= QUIET * 0.9
    assert told(smtp.letters) == ["слово-2", "слово-1"]


async def test_G15_what_is_read_or_forbidden_between_the_look_and_the_mail_is_not_mailed(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    read_, gone = [await ask(db, cast.anna, cast.accounting) for _ in range(2)]
    for number in (read_, gone):
        await do(db, cast.denis, claim, number)
    await do(db, cast.anna, add_participant, gone, cast.boris.id)
    last = await speak(db, cast.denis, read_, "слово-1")
    await speak(db, cast.denis, gone, "слово-2")
    with later(minutes=5):
        await look(db)
    assert {r.user_id for r in await rows(db, kind="digest")} >= {cast.anna.id, cast.boris.id}
    await reads(db, cast.anna, read_, last)
    await reads(db, cast.anna, gone, 99)
    await do(db, cast.anna, remove_participant, gone, cast.boris.id)
    with later(minutes=6):
        async with working(db, by_smtp(settings, smtp)):
            await quiet_outbox(db)
    assert told(smtp.letters) == []
    assert {r.state for r in await rows(db, kind="digest")} == {"dropped"}


async def test_G15_a_digest_whose_fate_is_unknown_is_not_sent_again(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    number = await _with_one_word(db, cast, settings, smtp)
    smtp.hang_up = True
    async with working(db, by_smtp(settings, smtp, QUIET)):
        await smtp.wait(ANNA)
        await quiet_outbox(db)
        smtp.hang_up = False
        await speak(db, cast.denis, number, "слово-2")
        await smtp.wait(ANNA, 2)
    assert told(smtp.to(ANNA)) == ["слово-1", "слово-2"]
    assert "no answer" in (await rows(db, kind="digest"))[0].problem


async def _with_one_word(db: Database, cast: Cast, settings: Settings, smtp: SmtpServer) -> int:
    """A ticket in which Denis has said «слово-1» that Anna has not read, and an outbox with nothing else in it."""
    number = await ask(db, cast.anna, cast.accounting)
    await do(db, cast.denis, claim, number)
    async with working(db, by_smtp(settings, smtp)):
        await quiet_outbox(db)
    smtp.letters.clear()
    await speak(db, cast.denis, number, "слово-1")
    return number


async def test_G18_a_refused_digest_comes_later_with_what_was_said_meanwhile(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    number = await _with_one_word(db, cast, settings, smtp)
    smtp.data_answer = "451 4.3.0 Try later"
    async with working(db, by_smtp(settings, smtp, QUIET)):
        await smtp.wait_refused()
        await comes_true(lambda: _waits(db), "a digest that waits")
    assert await items(db, cast.anna) == []
    await speak(db, cast.denis, number, "слово-2")
    smtp.data_answer = None
    with later(minutes=1):
        async with working(db, by_smtp(settings, smtp, QUIET)):
            await smtp.wait(ANNA)
            await quiet_outbox(db)
    assert told(smtp.letters) == ["слово-1", "слово-2"]
    assert len(smtp.to(ANNA)) == 1


async def _waits(db: Database) -> bool:
    return [r.state for r in await rows(db, kind="digest")] == ["waiting"]


async def test_G18_whoever_is_killed_between_mark_and_answer_loses_at_most_that_mail(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    number = await _with_one_word(db, cast, settings, smtp)
    with later(minutes=5):
        await look(db)
        async with db.transaction() as s:
            (row,) = await outbox.claim(s, "mail", 5)
        async with db.transaction() as s:
            assert await outbox.leaving(s, row, [(number, 4)])  # and here it was killed
    await speak(db, cast.denis, number, "слово-2")
    with later(minutes=10):
        async with working(db, by_smtp(settings, smtp, QUIET)):
            await smtp.wait(ANNA)
            await quiet_outbox(db)
    assert told(smtp.letters) == ["слово-2"]


async def test_G15_G18_whatever_dies_each_unread_message_is_in_exactly_one_digest(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    dice = random.Random(20261124)
    numbers = [await ask(db, cast.anna, cast.accounting, f"Обращение {place}") for place in range(3)]
    for number in numbers:
        await do(db, cast.denis, claim, number)
    said: Counter[str] = Counter()
    for turn in range(4):
        smtp.data_answer = dice.choice([None, None, "451 4.3.0 Try later"])
        smtp.hang_up = dice.random() < 0.3
        with later(minutes=turn * 10):
            for _ in range(3):
                word = f"слово-{sum(said.values())}"
                said[word] += 1
                await speak(db, cast.denis, dice.choice(numbers), word)
        with later(minutes=turn * 10 + 9):
            async with working(db, by_smtp(settings, smtp, 1.0), count=3):
                seen = _seen(smtp)
                await until(partial(_more_than, smtp, seen), 10, "the mail server being asked")
                await comes_true(lambda: _nothing_leaves(db), "all fates known")
    smtp.data_answer, smtp.hang_up = None, False
    with later(hours=30):
        async with working(db, by_smtp(settings, smtp, 1.0), count=3):
            await quiet_outbox(db)
            await comes_true(lambda: _all_mailed(db, cast, sum(said.values())), "every message mailed")
    assert Counter(told(smtp.to(ANNA))) == said


def _seen(smtp: SmtpServer) -> int:
    return len(smtp.to(ANNA)) + smtp.refused


def _more_than(smtp: SmtpServer, seen: int) -> bool:
    return _seen(smtp) > seen


async def _nothing_leaves(db: Database) -> bool:
    return not [r for r in await rows(db) if r.leased_until and r.state in ("waiting", "leaving")]


async def _all_mailed(db: Database, cast: Cast, count: int) -> bool:
    return len(await items(db, cast.anna)) == count


async def test_an_organisation_may_keep_texts_and_file_names_out_of_mails(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    async with db.transaction() as s:
        (await s.get_one(Organisation, cast.romashka)).mail_texts = False
    number = await ask(db, cast.anna, cast.accounting, "Тайная тема")
    await estimated(db, cast, number)
    await speak(db, cast.denis, number, "тайный текст")
    async with working(db, by_smtp(settings, smtp, QUIET)):
        await smtp.wait(ANNA, 3)
        await smtp.wait(BORIS, 2)
        await smtp.wait(DENIS)
    for letter in smtp.letters:
        everything = letter.subject + letter.text + letter.html
        assert f"№\u00a0{number}" in everything
        assert f"/tickets/{number}" in letter.text
        for secret in ("айная", "тайный", "Ошибка в строке", "Восстановить"):
            assert secret not in everything


async def test_a_digest_of_one_is_the_message_and_leads_to_it(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    number = await _with_one_word(db, cast, settings, smtp)
    async with working(db, by_smtp(settings, smtp, QUIET)):
        (letter,) = await smtp.wait(ANNA)
    assert letter.subject == f"Денис Орлов, ответ: Не проводится реализация (№\u00a0{number})"
    assert f"http://localhost:8000/tickets/{number}#m4" in letter.text
    assert letter.message["References"] == f"<ticket.{number}@localhost>"
