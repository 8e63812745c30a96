"""Mail: a letter becomes a MIME message, which leaves over SMTP or lands in a folder. What it says is decided in
`letters`."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, formataddr
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPResponseException, SMTPSenderRefused

from server.clock import now
from server.config import Settings, is_loopback
from server.errors import Refusal
from server.notices.outcome import Down, Refused, Unknown
from server.people import details
from server.words.i18n import translate
from server.words.marks import N_

NAME = N_("Журнал Обращений")
ANSWER_WITHIN = 20
CRLF = "\r\n"
IDLE = 15.0
# What could begin a new header, hide in a name, or turn its letters round.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")


@dataclass(frozen=True)
class Letter:
    """One mail to one person; `thread` is the ticket it belongs to, `items` the messages (ticket, seq) a digest
    tells, `notice` whether the person may choose not to get such mails."""

    to: str
    name: str
    locale: str
    subject: str
    text: str
    html: str
    message_id: str
    thread: int | None = None
    items: tuple[tuple[int, int], ...] = ()
    notice: bool = True


class _Rules(EmailPolicy):
    """The library's rules for SMTP, but for one thing: it loses the space between two encoded words and puts one
    inside a torn word, so long subjects and names of Russian words are folded here."""

    def fold(self, name: str, value: str) -> str:
        words = _encoded(name, value)
        return super().fold(name, value) if words is None else f"{name}: {words}{self.linesep}"

    def fold_binary(self, name: str, value: str) -> bytes:
        words = _encoded(name, value)
        return super().fold_binary(name, value) if words is None else f"{name}: {words}{self.linesep}".encode("ascii")


def _encoded(name: str, value: str) -> str | None:
    """The folded value of a header that holds more than ASCII, for headers of words or of addresses."""
    if str(value).isascii():
        return None
    if name.lower() == "subject":
        return Header(str(value), "utf-8", header_name=name).encode(linesep=CRLF)
    if not hasattr(value, "addresses"):
        return None
    return f",{CRLF} ".join(_addressed(a.display_name, a.addr_spec) for a in value.addresses)


def _addressed(name: str, spec: str) -> str:
    if name.isascii():
        return formataddr((name, spec))
    return f"{Header(name, 'utf-8', header_name='From').encode(linesep=CRLF)}{CRLF} <{spec}>"


SMTP_RULES = _Rules(linesep=CRLF)


def one_line(words: str) -> str:
    """Fit for a header: no line breaks, no control characters, nothing that turns text round."""
    return _UNFIT.sub(" ", words).strip()


def mime(letter: Letter, sender: str, base_url: str) -> EmailMessage:
    """The message as it leaves. Message-ID and thread are the same however often it is made."""
    host = urlsplit(base_url).hostname or "localhost"
    message = EmailMessage(SMTP_RULES)
    message["From"] = Address(translate(letter.locale, NAME), addr_spec=sender)
    message["To"] = _recipient(letter)
    message["Subject"] = one_line(letter.subject)
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<{letter.message_id}@{host}>"
    if letter.thread is not None:
        message["In-Reply-To"] = message["References"] = f"<ticket.{letter.thread}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["Content-Language"] = letter.locale
    if letter.notice:
        message["List-Unsubscribe"] = f"<{base_url}/profile>"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return message


def _recipient(letter: Letter) -> Address:
    try:
        local, _, domain = details.email(letter.to).partition("@")
        ascii_local = local.encode("ascii").decode()  # anything else needs SMTPUTF8 all the way to the mailbox
        spec = f"{ascii_local}@{domain.encode('idna').decode()}"
        return Address(one_line(letter.name), addr_spec=spec)
    except (Refusal, ValueError) as problem:
        raise Refused(f"no mail can be sent to this address: {one_line(str(problem))}", for_good=True) from None


class Line(Protocol):
    """An open way out, for one letter at a time."""

    async def send(self, letter: Letter) -> None: ...


class Post(Protocol):
    """Where mails go; `line` raises `Down` when there is no way out now."""

    @asynccontextmanager
    def line(self) -> AsyncIterator[Line]: ...
    async def close(self) -> None: ...


def post(settings: Settings) -> Post:
    """The way out that MAIL_URL names."""
    url = settings.mail_url or "file:"
    scheme = urlsplit(url).scheme
    if scheme in ("smtp", "smtps"):
        return SmtpPost(url, settings.base_url)
    return FilePost(settings.data_dir / "mail", settings.base_url)


def sender_of(url: str, base_url: str) -> str:
    """The address mails come from: `?from=`, else the login at the mail server, else `journal@` the journal's own
    host."""
    parts = urlsplit(url)
    if named := parse_qs(parts.query).get("from"):
        return named[0]
    login = unquote(parts.username or "")
    return login if "@" in login else f"journal@{urlsplit(base_url).hostname or 'localhost'}"


class FilePost:
    """Keeps mails as .eml in a folder, on purpose: for the demo and for a look at them."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self.folder = folder
        self.base_url = base_url

    @asynccontextmanager
    async def line(self) -> AsyncIterator["FilePost"]:
        yield self

    async def send(self, letter: Letter) -> None:
        message = mime(letter, sender_of("file:", self.base_url), self.base_url)
        await asyncio.to_thread(_keep, self.folder, message.as_bytes())

    async def close(self) -> None:
        """Nothing is open."""


def _keep(folder: Path, content: bytes) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{now():%Y%m%d-%H%M%S-%f}-{secrets.token_hex(4)}.eml"
    part = folder / f".{name}.part"
    part.write_bytes(content)
    part.chmod(0o600)
    part.rename(folder / name)


class SmtpPost:
    """One mail server. Connections are kept for a few seconds, so that a burst of mails is one conversation."""

    def __init__(self, url: str, base_url: str) -> None:
        self.url = urlsplit(url)
        self.base_url = base_url
        self.sender = sender_of(url, base_url)
        self._idle: list[tuple[SMTP, float]] = []

    def _client(self) -> SMTP:
        url, tls = self.url, self.url.scheme == "smtps"
        host = url.hostname or "localhost"
        wanted = parse_qs(url.query).get("starttls", ["0"])[0] not in ("", "0", "no", "false")
        # A password never travels in the clear, whether somebody remembered `starttls=1` or not.
        starttls = not tls and (wanted or (url.username is not None and not is_loopback(host)))
        return SMTP(
            hostname=host, port=url.port or (465 if tls else 587 if starttls else 25), use_tls=tls, start_tls=starttls,
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            timeout=ANSWER_WITHIN, local_hostname=urlsplit(self.base_url).hostname or "localhost",
        )  # fmt: skip

    @asynccontextmanager
    async def line(self) -> AsyncIterator["SmtpLine"]:
        client = await self._connected()
        try:
            yield SmtpLine(client, self.sender, self.base_url)
        except Refused:
            self._keep(client)
            raise
        except BaseException:
            client.close()
            raise
        self._keep(client)

    def _keep(self, client: SMTP) -> None:
        if client.is_connected:
            self._idle.append((client, asyncio.get_running_loop().time()))

    async def _connected(self) -> SMTP:
        moment = asyncio.get_running_loop().time()
        while self._idle:
            client, since = self._idle.pop()
            if moment - since < IDLE and await _still_there(client):
                return client
            client.close()
        client = self._client()
        try:
            await client.connect()
        except (SMTPException, OSError) as problem:
            client.close()
            raise Down(_words(problem)) from problem
        return client

    async def close(self) -> None:
        idle, self._idle = self._idle, []
        for client, _ in idle:
            try:
                await client.quit(timeout=2)
            except (SMTPException, OSError):
                client.close()  # it hung up first, which is what was wanted


async def _still_there(client: SMTP) -> bool:
    try:
        await client.noop(timeout=5)
    except (SMTPException, OSError):
        return False
    return True


@dataclass(frozen=True)
class SmtpLine:
    """One open conversation with the mail server."""

    client: SMTP
    sender: str
    base_url: str

    async def send(self, letter: Letter) -> None:
        """Hands one letter over; raises `Refused`, `Down` (nothing was handed over) or `Unknown`."""
        message = mime(letter, self.sender, self.base_url)
        await self._envelope(message["To"].addresses[0].addr_spec)
        try:
            await self.client.data(message.as_bytes())
        except SMTPResponseException as no:
            raise await self._refusal(no) from no
        except (SMTPException, OSError) as problem:
            raise Unknown(_words(problem)) from problem

    async def _envelope(self, to: str) -> None:
        try:
            await self.client.mail(self.sender)
            await self.client.rcpt(to)
        except SMTPSenderRefused as no:  # it is us whom the server does not want: no letter's fault
            raise Down(_words(no)) from no
        except SMTPResponseException as no:
            raise await self._refusal(no) from no
        except (SMTPException, OSError) as problem:
            raise Down(_words(problem)) from problem

    async def _refusal(self, no: SMTPResponseException) -> Exception:
        if no.code == 421:  # the server is closing this conversation
            return Down(_words(no))
        try:
            await self.client.rset(timeout=5)
        except (SMTPException, OSError):
            self.client.close()
        return Refused(_words(no), for_good=500 <= no.code < 600)


def _words(problem: BaseException) -> str:
    said = f"{problem.code} {problem.message}" if isinstance(problem, SMTPResponseException) else str(problem)
    return one_line(said)[:300] or type(problem).__name__
