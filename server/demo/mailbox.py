"""The mails and SMS that would have left, as the file channels keep them in DATA_DIR. Read for the demo's page only."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

MOST = 80
ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9]{6}-[0-9a-f]{8}")
_CODE = re.compile(r"\b[0-9]{6}\b")


@dataclass(frozen=True)
class Mail:
    """One mail, by the name it is kept under; `message_id` without the host is that of its row in the outbox."""

    id: str
    subject: str
    name: str
    address: str
    message_id: str
    at: datetime


@dataclass(frozen=True)
class Sms:
    """One SMS; `code` is the first number in it."""

    id: str
    to: str
    text: str
    at: datetime

    @property
    def code(self) -> str | None:
        found = _CODE.search(self.text)
        return found[0] if found else None


def mails(folder: Path) -> list[Mail]:
    """Newest first."""
    return [_mail(path.stem, _headers(path)) for path in _newest(folder / "mail", ".eml")]


def sms(folder: Path) -> list[Sms]:
    """Newest first."""
    found = ((path.stem, json.loads(path.read_text())) for path in _newest(folder / "sms", ".json"))
    return [Sms(id_, said["to"], said["text"], datetime.fromisoformat(said["at"])) for id_, said in found]


def _newest(folder: Path, suffix: str) -> list[Path]:
    return sorted((p for p in _kept(folder) if p.suffix == suffix), reverse=True)[:MOST]


def _kept(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if ID.fullmatch(path.stem))


def _headers(path: Path) -> EmailMessage:
    with path.open("rb") as file:
        return BytesParser(EmailMessage, policy=policy.default).parse(file, headersonly=True)


def _mail(id_: str, message: EmailMessage) -> Mail:
    to = message["To"].addresses[0]
    return Mail(
        id_, str(message["Subject"]), to.display_name or to.addr_spec, to.addr_spec,
        str(message["Message-ID"]).strip("<>").rpartition("@")[0], _when(id_),
    )  # fmt: skip


def _when(id_: str) -> datetime:
    return datetime.strptime(id_[:22], "%Y%m%d-%H%M%S-%f").replace(tzinfo=UTC)


@dataclass(frozen=True)
class Opened:
    """A mail with its two parts, and as it is on the wire."""

    mail: Mail
    text: str
    html: str
    source: str


def opened(folder: Path, id_: str) -> Opened | None:
    """The mail kept under this name; None for any other name, whatever is in it."""
    path = folder / "mail" / f"{id_}.eml"
    if not ID.fullmatch(id_) or not path.is_file():
        return None
    raw = path.read_bytes()
    message = BytesParser(EmailMessage, policy=policy.default).parsebytes(raw)
    return Opened(_mail(id_, message), _part(message, "plain"), _part(message, "html"), raw.decode("ascii", "replace"))


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part else ""
