"""How the history of a request is written down for the demo: who did what and when. Pure data; `play` performs it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class On:
    """A working day that many working days before the start of the demo, at a time of day in Moscow."""

    days: int
    clock: str


@dataclass(frozen=True)
class Ago:
    """Minutes before the start of the demo."""

    minutes: int


# A plain number counts minutes from the step before.
When = On | Ago | int


@dataclass(frozen=True)
class Picture:
    """A picture like a screenshot: a title, rows of numbers, and the words of an error if there is one."""

    name: str
    rows: tuple[str, ...] = ()
    error: bool = True


@dataclass(frozen=True)
class Scan:
    """A PDF of one scanned page; `rows` are the numbers that can be read on it."""

    name: str
    rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """An XLSX of one sheet; the first row is the heading."""

    name: str
    rows: tuple[tuple[str | int, ...], ...]


@dataclass(frozen=True)
class Plain:
    """A text file."""

    name: str
    text: str


Attachment = Picture | Scan | Sheet | Plain
Files = tuple[Attachment, ...]


@dataclass(frozen=True)
class Say:
    """An answer in the ticket's room. `answers` names whose last message is quoted."""

    who: str
    after: When
    text: str
    files: Files = ()
    answers: str | None = None


@dataclass(frozen=True)
class Note:
    """An internal note: the staff's room."""

    who: str
    after: When
    text: str
    files: Files = ()


@dataclass(frozen=True)
class Reword:
    """The author puts another text in place of their last message."""

    who: str
    after: When
    text: str


@dataclass(frozen=True)
class TakeBack:
    """The author deletes their last message."""

    who: str
    after: When


@dataclass(frozen=True)
class Claim:
    who: str
    after: When


@dataclass(frozen=True)
class Assign:
    who: str
    after: When
    to: str


@dataclass(frozen=True)
class Add:
    who: str
    after: When
    whom: str


@dataclass(frozen=True)
class Move:
    """A step along the table of transitions."""

    who: str
    after: When
    to: str
    comment: str | None = None


@dataclass(frozen=True)
class Work:
    """A line of an estimate: roubles for one unit, VAT included."""

    text: str
    quantity: str
    price: int = 3200
    unit: str = "hour"
    vat: str = "22"


@dataclass(frozen=True)
class Offer:
    """An estimate handed in; `due` counts working days from the start of the demo, back when negative."""

    who: str
    after: When
    lines: tuple[Work, ...]
    due: int | None = None
    comment: str | None = None


@dataclass(frozen=True)
class Decide:
    """A decision on the newest estimate; a reason makes it a rejection."""

    who: str
    after: When
    rejected: str | None = None
    comment: str | None = None


@dataclass(frozen=True)
class Pay:
    """The state of payment; `invoice` is its number in 1C."""

    who: str
    after: When
    state: str
    invoice: str | None = None


@dataclass(frozen=True)
class Worked:
    who: str
    after: When
    minutes: int
    comment: str
    billable: bool = True


@dataclass(frozen=True)
class Urgency:
    who: str
    after: When
    to: str
    comment: str


@dataclass(frozen=True)
class Service:
    who: str
    after: When
    to: str
    comment: str


@dataclass(frozen=True)
class Rate:
    who: str
    after: When
    score: int
    comment: str | None = None


Step = (
    Say | Note | Reword | TakeBack
    | Claim | Assign | Add | Move | Urgency | Service | Rate
    | Offer | Decide | Pay | Worked
)  # fmt: skip


@dataclass(frozen=True)
class Request:
    """One request from its first message to where it stands when the demo starts.

    `unread` says how many of the last events somebody has not read (everybody else has read them all),
    `unread_notes` the same for the staff's room. In texts `{d-3}` is a date, `{dd-3}` its short form
    (working days from the start of the demo), `{m}` `{m2}` `{m6}` the month before the request in the nominative,
    genitive and prepositional, `{c2}` the current one, `{q}` the quarter before, `{y}` the year."""

    subject: str
    by: str
    service: str
    at: On | Ago
    text: str
    urgency: str = "normal"
    files: Files = ()
    due: int | None = None
    private: bool = False
    steps: tuple[Step, ...] = ()
    unread: Mapping[str, int] = field(default_factory=dict)
    unread_notes: Mapping[str, int] = field(default_factory=dict)


# Nothing of it has been read.
ALL = 10_000
