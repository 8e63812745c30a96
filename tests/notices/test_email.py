"""How a mail is made: headers that can't be broken out of, a thread for each ticket, an address that is one."""

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from server.config import Settings
from server.notices.email import Letter, mime, post, sender_of
from server.notices.outcome import Refused
from tests.notices.office import by_smtp
from tests.parts.smtp import SmtpServer

BASE = "https://journal.example.test"
LETTER = Letter(
    to="anna@example.test", name="Анна Лугова", locale="ru", subject="На приёмке: Отчёт (№ 7)", text="Готово\n",
    html="<p>Готово</p>", message_id="status.7.5.1", thread=7,
)  # fmt: skip


def made(**more: object) -> EmailMessage:
    """The message as the other side parses it."""
    sent = mime(replace(LETTER, **more), "journal@example.test", BASE).as_bytes()  # type: ignore[arg-type]
    message = message_from_bytes(sent, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


BREAKS = [
    *["тема\r\nBcc: vera@example.test", "тема\nX-Evil: 1", "тема\0", "\r\n\r\nтело"],
    *["тема\u2028Bcc: a@b", "тема\u0085x", "а\u202eб"],
]
NO_ADDRESS = [
    *["", "anna", "anna@", "@example.test", "a b@example.test", "anna@exa\r\nmple.test>", "a@b@c"],
    "анна@example.test",
]


@pytest.mark.parametrize("bad", BREAKS)
def test_M5_no_words_of_anybody_begin_a_header_of_their_own(bad: str) -> None:
    message = made(subject=bad, name=bad)
    assert sorted(set(map(str.lower, message.keys()))) == sorted(map(str.lower, message.keys()))
    assert set(map(str.lower, message.keys())) <= {
        *["from", "to", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted"],
        *["x-auto-response-suppress", "content-language", "list-unsubscribe", "mime-version", "content-type"],
    }
    assert [a.addr_spec for a in message["To"].addresses] == ["anna@example.test"]
    assert not set(str(message["Subject"])) & set("\r\n\0\u2028\u0085\u202e")


@pytest.mark.parametrize("bad", NO_ADDRESS)
def test_M5_an_address_that_is_none_is_refused_for_good(bad: str) -> None:
    with pytest.raises(Refused) as no:
        made(to=bad)
    assert no.value.for_good


def test_a_domain_in_russian_is_written_as_mail_servers_know_it() -> None:
    assert made(to="anna@почта.рф")["To"].addresses[0].addr_spec == "anna@xn--80a1acny.xn--p1ai"


def test_mails_of_one_ticket_are_one_thread_and_a_mail_keeps_its_id() -> None:
    one, two = made(), made(message_id="status.7.9.1")
    assert one["References"] == two["References"] == two["In-Reply-To"] == "<ticket.7@journal.example.test>"
    assert one["Message-ID"] == made()["Message-ID"] == "<status.7.5.1@journal.example.test>"
    assert "References" not in made(thread=None)


def test_a_mail_says_who_it_is_from_and_that_a_machine_wrote_it() -> None:
    message = made()
    sender = message["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == ("Журнал Обращений", "journal@example.test")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] == f"<{BASE}/profile>"
    assert "List-Unsubscribe" not in made(notice=False)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().strip() == "Готово"
    assert "<p>Готово</p>" in html.get_content()


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("smtp://mail.example.test", "journal@journal.example.test"),
        ("smtp://robot%40firm.test:secret@mail.example.test:587?starttls=1", "robot@firm.test"),
        ("smtp://robot:secret@mail.example.test?from=help@firm.test", "help@firm.test"),
    ],
)
def test_the_sender_is_what_MAIL_URL_says(url: str, sender: str) -> None:
    assert sender_of(url, BASE) == sender


async def test_a_burst_of_mails_is_one_conversation(settings: Settings, smtp: SmtpServer) -> None:
    way = post(by_smtp(settings, smtp))
    ports = set()
    for place in range(5):
        async with way.line() as line:
            ports.add(line.client.transport.get_extra_info("sockname")[1])  # type: ignore[attr-defined]
            await line.send(replace(LETTER, message_id=f"m{place}"))
    await way.close()
    assert len(smtp.letters) == 5
    assert len(ports) == 1


async def test_mails_kept_in_files_are_whole_and_nobody_elses_to_read(settings: Settings) -> None:
    async with post(settings).line() as line:
        await line.send(LETTER)
    (kept,) = (settings.data_dir / "mail").iterdir()
    assert message_from_bytes(kept.read_bytes(), policy=policy.default)["Subject"] == LETTER.subject
    assert kept.stat().st_mode & 0o077 == 0
