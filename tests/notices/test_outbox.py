"""The outbox: nothing before the commit, nothing forgotten after it, nothing twice but what must rather come twice."""

import asyncio
from datetime import timedelta

import pytest

from server.clock import now
from server.config import Settings
from server.db import Database, Session
from server.notices import outbox, worker
from server.notices.model import Dispatch
from server.people.model import User
from server.people.policy import Viewer
from server.tickets.actions import NewTicket, claim, create
from tests.cast import Cast, ask
from tests.notices.office import by_smtp, comes_true, later, quiet_outbox, rows, tried, working
from tests.parts.smtp import SmtpServer
from tests.parts.until import in_time, until
from tests.tickets.ways import do

DENIS = "denis@example.test"


async def test_an_at_once_mail_is_with_the_mail_server_a_second_after_the_commit(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    assert worker.POLL <= 0.5, "a worker that has just sent looks again at once: luck does for one that rests longer"
    async with working(db, by_smtp(settings, smtp)):

        async def mailed() -> None:
            await quiet_outbox(db)
            number = await ask(db, cast.anna, cast.accounting, "Срочно")
            assert (await smtp.wait(DENIS, number))[-1].subject == f"Новое обращение: Срочно (№\u00a0{number})"

        await mailed()  # which opens the connection
        await in_time(mailed, 1)


async def test_a_bell_is_not_needed_but_spares_the_wait(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "POLL", 30.0)
    bell = asyncio.Event()
    task = asyncio.create_task(worker.run(db, by_smtp(settings, smtp), bell))
    await asyncio.sleep(0)
    await ask(db, cast.anna, cast.accounting)
    bell.set()
    await smtp.wait(DENIS)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_was_rolled_back_tells_nobody(db: Database, cast: Cast) -> None:
    with pytest.raises(RuntimeError):
        await do(db, cast.anna, _ask_and_fail, cast.accounting)
    assert await rows(db) == []


async def _ask_and_fail(s: Session, viewer: Viewer, service: int) -> None:
    await create(s, viewer, NewTicket("Тема", service, "Текст"))
    raise RuntimeError


async def test_G15_a_notice_keeps_its_Message_ID_over_all_its_tries(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    smtp.hang_up = True  # the letter is taken, the answer never comes: nobody can know
    async with working(db, by_smtp(settings, smtp)):
        await tried(db, 1)
    smtp.hang_up = False
    with later(minutes=1):
        async with working(db, by_smtp(settings, smtp)):
            await quiet_outbox(db)
    assert [str(letter.message["Message-ID"]) for letter in smtp.to(DENIS)] == [
        f"<new_ticket.{number}.1.{cast.denis.id}@localhost>"
    ] * 2


@pytest.mark.parametrize("place", ["recipient_answer", "data_answer"])
async def test_a_mail_refused_for_now_is_tried_again(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer, place: str
) -> None:
    await ask(db, cast.anna, cast.accounting)
    setattr(smtp, place, "451 4.3.0 Try later")
    async with working(db, by_smtp(settings, smtp)):
        await tried(db, 1)
    setattr(smtp, place, None)
    (row,) = await rows(db)
    assert row.state == "waiting"
    assert "Try later" in row.problem
    with later(minutes=1):
        async with working(db, by_smtp(settings, smtp)):
            await quiet_outbox(db)
    assert len(smtp.letters) == 1


async def test_a_mail_refused_for_good_is_dead_and_says_why(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    await ask(db, cast.anna, cast.accounting)
    smtp.recipient_answer = "550 5.1.1 No such mailbox"
    async with working(db, by_smtp(settings, smtp)):
        await quiet_outbox(db)
    (row,) = await rows(db)
    assert row.state == "dead"
    assert "No such mailbox" in row.problem
    assert smtp.refused == 1


async def test_a_mail_is_given_up_after_the_last_pause(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    await ask(db, cast.anna, cast.accounting)
    (row,) = await rows(db)
    for times in range(len(outbox.PAUSES["mail"]) + 1):
        async with db.transaction() as s:
            held = await s.get_one(Dispatch, row.id)
            assert held.state == "waiting", times
            held.leased_until = None
            held.due_at = now()
        async with db.transaction() as s:
            (claimed,) = await outbox.claim(s, "mail", 5)
        async with db.transaction() as s:
            assert await outbox.again(s, claimed, "451 later")
    (row,) = await rows(db)
    assert (row.state, row.problem) == ("dead", "451 later")


async def test_a_one_time_password_is_wiped_when_its_mail_has_left(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    async with db.transaction() as s:
        values = {"login": "anna", "name": "Анна", "link": "http://localhost/login", "phone": "00-00"}
        s.add(
            Dispatch(
                channel="mail", kind="registration", user_id=cast.anna.id, secret="Lipa-7204-Reka", values=values,
                message_id="r",
            )
        )  # fmt: skip
    async with working(db, by_smtp(settings, smtp)):
        (letter,) = await smtp.wait("anna@example.test")
        await quiet_outbox(db)
    assert "Lipa-7204-Reka" in letter.text
    assert "Lipa-7204-Reka" in letter.html
    (row,) = await rows(db)
    assert row.secret is None


async def test_G18_a_killed_workers_letters_leave_when_its_lease_ends(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    await ask(db, cast.anna, cast.accounting)
    async with db.transaction() as s:
        (row,) = await outbox.claim(s, "mail", 5)
        assert await outbox.leaving(s, row)  # and here it was killed
    async with db.reading() as s:
        assert not await outbox.anything_due(s, "mail")
    with later(seconds=outbox.LEASE.total_seconds() + 1):
        async with working(db, by_smtp(settings, smtp)):
            await smtp.wait(DENIS)


async def test_G15_who_slept_past_the_lease_can_mark_nothing(db: Database, cast: Cast) -> None:
    await ask(db, cast.anna, cast.accounting)
    async with db.transaction() as s:
        (slept,) = await outbox.claim(s, "mail", 5)
    with later(seconds=outbox.LEASE.total_seconds() + 1):
        async with db.transaction() as s:
            (holder,) = await outbox.claim(s, "mail", 5)
    async with db.transaction() as s:
        assert not await outbox.leaving(s, slept)
        assert not await outbox.sent(s, slept)
        assert not await outbox.dead(s, slept, "")
        assert await outbox.leaving(s, holder)


async def test_several_workers_send_each_letter_once(
    database_url: str, db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    other = db if db.is_sqlite else Database(database_url)
    for place in range(12):
        await ask(db, cast.anna, cast.accounting, f"Обращение {place}")
    async with working(db, by_smtp(settings, smtp), count=2), working(other, by_smtp(settings, smtp)):
        await smtp.wait(DENIS, 12)
        await quiet_outbox(db)
    if other is not db:
        await other.close()
    assert len(smtp.letters) == len({letter.message["Message-ID"] for letter in smtp.letters}) == 12


async def test_a_worker_told_to_stop_finishes_the_letter_in_its_hand(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    await ask(db, cast.anna, cast.accounting)
    smtp.hold()
    async with working(db, by_smtp(settings, smtp)):
        await until(lambda: smtp.holding, what="a letter being handed over")
        asyncio.get_running_loop().call_later(0.3, smtp.release)
    assert [row.state for row in await rows(db)] == ["sent"]


async def test_a_link_whose_life_is_over_is_not_mailed(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    async with db.transaction() as s:
        values = {"until": (now() - timedelta(seconds=1)).isoformat()}
        s.add(Dispatch(channel="mail", kind="reset", user_id=cast.anna.id, secret="x", values=values, message_id="l"))
    async with working(db, by_smtp(settings, smtp)):
        await quiet_outbox(db)
    (row,) = await rows(db)
    assert (row.state, row.secret, smtp.letters) == ("dead", None, [])


async def test_who_is_gone_gets_no_mail_any_more(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    await ask(db, cast.anna, cast.accounting)
    async with db.transaction() as s:
        (await s.get_one(User, cast.denis.id)).active = False
    async with working(db, by_smtp(settings, smtp)):
        await quiet_outbox(db)
    assert smtp.letters == []
    assert [row.state for row in await rows(db)] == ["dropped"]


async def test_G17_a_storm_of_changes_is_a_bounded_number_of_mails(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PER_HOUR", 5)
    number = await ask(db, cast.anna, cast.accounting)
    await do(db, cast.denis, claim, number)
    (told,) = await rows(db, kind="status")
    async with db.transaction() as s:
        for place in range(30):  # as thirty flips would have put them down
            s.add(
                Dispatch(
                    channel="mail", kind="status", user_id=cast.anna.id, ticket=number, values=told.values,
                    message_id=f"flip.{place}",
                )
            )  # fmt: skip

    async def all_looked_at() -> bool:
        return all(r.state == "sent" or r.problem for r in await rows(db, kind="status"))

    async with working(db, by_smtp(settings, smtp)):
        await comes_true(all_looked_at, "thirty mails sent or held")
    assert len(smtp.to("anna@example.test")) <= 5 + worker.AT_A_TIME
    before = len(smtp.letters)
    with later(hours=2):
        async with working(db, by_smtp(settings, smtp)):
            await quiet_outbox(db)
    assert [str(x.message["Message-ID"]) for x in smtp.letters[before:]] == ["<flip.29@localhost>"]
