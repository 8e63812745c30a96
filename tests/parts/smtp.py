"""A real SMTP server in the test's loop: keeps every letter; refuses, waits or hangs up when told to."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.parts.until import until


@dataclass(frozen=True)
class Letter:
    """What one SMTP conversation handed over: the envelope's addresses and the parsed message."""

    sender: str
    recipients: list[str]
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return str(part.get_content()).replace("\r\n", "\n") if part else ""


@dataclass
class SmtpServer:
    """`letters` in the order they were accepted.

    `recipient_answer` and `data_answer` (such as "451 4.3.0 Try later") refuse at that step; `hang_up` takes
    the letter and cuts the connection before the answer, so the sender cannot know; `hold` keeps answers back
    until `release`.
    """

    port: int = 0
    letters: list[Letter] = field(default_factory=list)
    refused: int = 0
    holding: int = 0
    recipient_answer: str | None = None
    data_answer: str | None = None
    hang_up: bool = False
    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _conversations: set["_Conversation"] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    def reset(self) -> None:
        self.letters.clear()
        self.refused = 0
        self.recipient_answer = self.data_answer = None
        self.hang_up = False
        self.release()

    def to(self, address: str) -> list[Letter]:
        return [letter for letter in self.letters if address in letter.recipients]

    async def wait(self, address: str, count: int = 1, within: float = 20.0) -> list[Letter]:
        """The letters to the address, once there are `count` of them."""
        await until(lambda: len(self.to(address)) >= count, within, f"{count} letter(s) to {address}")
        return self.to(address)

    async def wait_refused(self, count: int = 1, within: float = 20.0) -> None:
        await until(lambda: self.refused >= count, within, f"{count} refused letter(s)")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient_answer:
            self.refused += 1
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.holding += 1
        await self._open.wait()
        self.holding -= 1
        if self.data_answer:
            self.refused += 1
            return self.data_answer
        content = envelope.original_content or b""
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.letters.append(Letter(str(envelope.mail_from), list(envelope.rcpt_tos), message))
        if self.hang_up:
            _cut(server)
        return "250 OK"

    def conversation(self) -> "_Conversation":
        return _Conversation(self)

    def cut(self) -> None:
        """Ends every open conversation."""
        for conversation in list(self._conversations):
            _cut(conversation)


class _Conversation(SMTP):
    def __init__(self, journal: SmtpServer) -> None:
        super().__init__(journal, hostname="localhost", enable_SMTPUTF8=True)
        self._journal = journal

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._journal._conversations.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._journal._conversations.discard(self)
        super().connection_lost(error)


def _cut(conversation: SMTP) -> None:
    transport = conversation.transport
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


@pytest.fixture(scope="session")
async def smtp_server() -> AsyncIterator[SmtpServer]:
    """One port for the whole session, so that an application may be configured once."""
    journal = SmtpServer()
    journal.release()
    server = await asyncio.get_running_loop().create_server(journal.conversation, "127.0.0.1", 0)
    journal.port = server.sockets[0].getsockname()[1]
    yield journal
    journal.release()
    server.close()
    journal.cut()
    await until(lambda: not journal._conversations, what="SMTP conversations ended")


@pytest.fixture
async def smtp(smtp_server: SmtpServer) -> AsyncIterator[SmtpServer]:
    """The session's server without letters and obliging again."""
    smtp_server.reset()
    yield smtp_server
    smtp_server.reset()
