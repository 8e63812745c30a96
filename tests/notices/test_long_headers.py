"""Long Russian subjects and names: folded by RFC 2047 they read as they were written, whoever reads them."""

import email
from email import policy
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest

from server.notices.email import Letter, mime

SUBJECTS = [
    "Короткая тема",
    "Plain words only, and quite a lot of them, so that the line has to be folded somewhere on its way",
    "Новое обращение: Реализации не проводятся: после обновления пустая ставка НДС (№\u00a01278)",
    "На оценке: База розницы после переноса на новый сервер открывается по пять минут (№\u00a01277)",
    "Re: mixed слова and words, ещё mixed слова and words, и снова mixed слова and words (№\u00a01)",
    "Ж" * 200,
    "а " * 90 + "конец",
]
NAMES = ["Илья", "Lapin, Dmitry", "Анна-Мария Александровна Виноградова-Преображенская из отдела сопровождения"]


def sent(subject: str, name: str) -> bytes:
    letter = Letter("a@b.example", name, "ru", subject, "text", "<p>text</p>", "m")
    return mime(letter, "journal@journal.example", "http://localhost").as_bytes()


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_arrives_as_it_was_written(subject: str) -> None:
    raw = sent(subject, "Илья")
    assert str(email.message_from_bytes(raw, policy=policy.default)["Subject"]) == subject
    assert str(make_header(decode_header(email.message_from_bytes(raw)["Subject"].replace("\r\n", "")))) == subject


@pytest.mark.parametrize("name", NAMES)
def test_a_name_arrives_as_it_was_written(name: str) -> None:
    # The library's own newer parser keeps the space between two encoded words, which RFC 2047 tells to drop.
    to = email.message_from_bytes(sent("Тема", name))["To"].replace("\r\n", "")
    assert parseaddr(str(make_header(decode_header(to)))) == (name, "a@b.example")


@pytest.mark.parametrize("subject", SUBJECTS)
def test_lines_are_short_and_ascii(subject: str) -> None:
    head = sent(subject, NAMES[-1]).split(b"\r\n\r\n")[0]
    assert head.isascii()
    assert max(map(len, head.split(b"\r\n"))) <= 78
