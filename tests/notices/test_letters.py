"""How mails read: every kind, in both languages, for who may still see it; links only open pages of the journal."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from server.clock import now
from server.config import Settings
from server.db import Database
from server.money.actions import decide, hand_in_estimate
from server.money.pricing import Line
from server.notices.letters import excerpt
from server.notices.model import Dispatch
from server.people.model import Membership, User
from server.tickets.actions import add_participant, claim, remove_participant
from server.tickets.moving import move
from server.tickets.talk import delete
from tests.cast import Cast, ask
from tests.notices.office import by_smtp, estimated, later, quiet_outbox, rows, speak, working
from tests.parts.smtp import Letter, SmtpServer
from tests.tickets.ways import do

ANNA = "anna@example.test"
NB = "\u00a0"
UNTIL = {"until": "2099-01-01T00:00:00+00:00"}


async def every_kind(db: Database, cast: Cast) -> None:
    """Puts down at least one mail of every kind but the digest."""
    number = await ask(db, cast.anna, cast.accounting, "Отчёт <b>&", urgency="high")
    await estimated(db, cast, number)
    await do(db, cast.boris, decide, number, 1, "rejected", "Дорого & долго")
    async with db.transaction() as s:
        for kind, secret, values in (
            ("registration", "Lipa-7204-Reka", {"link": "http://localhost:8000/login", "phone": "00-00", **UNTIL}),
            ("reset", "http://localhost:8000/login/reset/abc", UNTIL),
            ("security", None, {"what": "second_step_reset"}),
        ):
            row: dict[str, Any] = {"kind": kind, "secret": secret, "values": values, "message_id": kind}
            s.add(Dispatch(channel="mail", user_id=cast.anna.id, **row))


async def mailed(db: Database, settings: Settings, smtp: SmtpServer) -> list[Letter]:
    """Everything that was put down, as it arrived; digests left out."""
    async with working(db, by_smtp(settings, smtp)):
        await quiet_outbox(db)
    return smtp.letters


@pytest.mark.parametrize("locale", ["ru", "en"])
async def test_every_mail_is_whole_in_its_readers_language(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer, locale: str
) -> None:
    async with db.transaction() as s:
        for person in (cast.anna, cast.boris, cast.denis, cast.lev):
            (await s.get_one(User, person.id)).locale = locale
    await every_kind(db, cast)
    letters = await mailed(db, settings, smtp)
    kinds = {str(x.message["Message-ID"]).strip("<").split(".")[0].split("@")[0] for x in letters}
    assert kinds == {"new_ticket", "status", "approval", "decision", "registration", "reset", "security"}
    for letter in letters:
        for part in (letter.subject, letter.text, letter.html):
            assert part.strip()
            assert "%(" not in part
            assert locale == "ru" or not re.findall("[А-Яа-яё]+", _ours(part)), letter.subject


def _ours(part: str) -> str:
    """What the journal itself says in a mail: without styles and without what people wrote."""
    part = html.unescape(re.sub(r"<style>.*?</style>", "", part, flags=re.S))
    theirs = ["Отчёт <b>&", "Дорого & долго", "Восстановить ставки", "1С:Бухгалтерия", "Ромашка", "Ошибка в строке 3"]
    for words in [*theirs, "Анна Лугова", "Борис Нестеров", "Денис Орлов", "Лев Гордеев"]:
        part = part.replace(words, "")
    return part


async def test_links_open_pages_of_this_journal_and_nothing_is_fetched(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    await every_kind(db, cast)
    for letter in await mailed(db, settings, smtp):
        for address in re.findall(r"https?://[^\s\"<]+", letter.text + letter.html):
            assert address.startswith("http://localhost:8000")
        assert not re.search(r"<(img|script|link|iframe|form)\b|url\(|src=", letter.html)
        assert "Отчёт <b>" not in letter.html
        assert letter.html.count("style=") > 10  # inlined: mail programs drop style sheets


async def test_subjects_are_as_drawn(db: Database, cast: Cast, settings: Settings, smtp: SmtpServer) -> None:
    await every_kind(db, cast)
    found = {letter.subject for letter in await mailed(db, settings, smtp)}
    assert found >= {
        "Доступ к Журналу Обращений",
        f"Новое обращение: Отчёт <b>& (№{NB}1)",
        f"На оценке: Отчёт <b>& (№{NB}1)",
        f"Нужно согласование: 8{NB}000{NB}₽, №{NB}1",
        f"Отклонено: 8{NB}000{NB}₽, №{NB}1",
    }


async def test_the_approvers_mail_holds_amount_lines_and_a_link_for_each_answer(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await estimated(db, cast, number)
    await mailed(db, settings, smtp)
    (letter,) = smtp.to("boris@example.test")
    for part in ("Восстановить ставки", f"2,5{NB}ч", f"8{NB}000{NB}₽"):
        assert part in letter.text
        assert part in letter.html.replace("&nbsp;", NB)
    for decision in ("approved", "rejected"):
        assert f"http://localhost:8000/tickets/{number}/decision?decision={decision}" in letter.text


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ("without", "без НДС"),
        ("22", "в том числе НДС 22 % 180,33 ₽"),
        ("5 without", "в том числе НДС 5 % 47,62 ₽; 1 000 ₽ без НДС"),
    ],
)
async def test_the_approvers_mail_says_which_vat_the_sum_holds(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer, rates: str, words: str
) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await do(db, cast.denis, claim, number)
    lines = [Line("Настроить", "1", 100000, vat=rate) for rate in rates.split()]
    await do(db, cast.denis, hand_in_estimate, number, lines)
    await mailed(db, settings, smtp)
    (letter,) = smtp.to("boris@example.test")
    for part in (letter.text, letter.html):
        assert words in part.replace("&nbsp;", NB).replace(NB, " ")


async def test_the_client_reads_who_the_executor_is_from_estimating_on(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    async with db.transaction() as s:
        (await s.get_one(User, cast.denis.id)).position = "программист 1С"
    number = await ask(db, cast.anna, cast.accounting)
    await do(db, cast.denis, claim, number)
    await mailed(db, settings, smtp)
    (letter,) = smtp.to(ANNA)
    assert "Исполнитель: Денис Орлов, программист 1С" in letter.text


async def test_a_reason_is_told_and_a_lead_who_ends_a_ticket_cancels_it(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await do(db, cast.lev, move, number, "cancelled", "Заведено дважды")
    await mailed(db, settings, smtp)
    (letter,) = smtp.to(ANNA)
    assert letter.subject.startswith("Отменено: ")
    assert "Заведено дважды" in letter.text


async def test_who_may_not_see_a_ticket_any_more_is_not_told_of_it(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await do(db, cast.anna, add_participant, number, cast.boris.id)
    async with db.transaction() as s:
        (await s.get_one(User, cast.boris.id)).roles = ["client"]
    await do(db, cast.denis, claim, number)
    assert [r.user_id for r in await rows(db, kind="status")] == [cast.anna.id, cast.boris.id]
    await do(db, cast.anna, remove_participant, number, cast.boris.id)
    async with db.transaction() as s:
        row = (await s.exec(select(Membership).where(Membership.user_id == cast.boris.id))).one()
        row.can_approve = False
    await mailed(db, settings, smtp)
    assert smtp.to("boris@example.test") == []


async def test_a_text_that_was_deleted_meanwhile_is_not_mailed(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    await do(db, cast.denis, claim, number)
    seq = await speak(db, cast.denis, number, "слово-1")
    await do(db, cast.denis, delete, number, "public", seq)
    with later(minutes=5):
        async with working(db, by_smtp(settings, smtp, 1.0)):
            await smtp.wait(ANNA)
            await quiet_outbox(db)
    assert all("слово-1" not in letter.text + letter.html for letter in smtp.letters)


async def test_a_one_time_password_names_how_long_it_lives(
    db: Database, cast: Cast, settings: Settings, smtp: SmtpServer
) -> None:
    async with db.transaction() as s:
        values = {"link": "http://localhost:8000/login", "phone": "41-20", "organisation": "Ромашка"}
        values["until"] = (now() + timedelta(days=3)).isoformat()
        s.add(
            Dispatch(
                channel="mail", kind="registration", user_id=cast.anna.id, secret="Lipa", values=values, message_id="r"
            )
        )
    (letter,) = await mailed(db, settings, smtp)
    assert "Пароль из письма действует 3 дня." in letter.text
    assert "41-20" in letter.text
    assert "anna" in letter.text


def test_only_first_lines_are_mailed() -> None:
    assert excerpt("раз\nдва\n", 100, 5) == "раз\nдва"
    assert excerpt("раз\nдва\nтри", 100, 2) == "раз\nдва …"
    assert excerpt("слово " * 50, 30, 5) == "слово слово слово слово слово …"
