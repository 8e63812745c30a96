"""The catalogue of event kinds. Pure: what each kind carries, on which lines it may stand, which fields name people."""

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Line = Literal["public", "staff"]
PUBLIC: Line = "public"
STAFF: Line = "staff"

MAX_TEXT = 20_000
Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
PersonId = int

Unit = Literal["hour", "piece", "month"]
Vat = Literal["22", "10", "7", "5", "0", "without"]
PaymentState = Literal["not_needed", "to_invoice", "invoiced", "partly_paid", "paid", "overdue", "cancelled"]
UrgencyCode = Literal["high", "normal", "low"]


class FileRef(BaseModel):
    """A file as an event names it; the bytes live in `files`."""

    model_config = ConfigDict(frozen=True)
    id: str
    name: str
    size: int
    type: str


class Kind(BaseModel):
    """What one kind of event carries. `on` are the lines it may stand on, `people` the fields that hold a person's id
    and are shown as a PERSON; `has_text`: there is a `text` that search finds and erasure wipes; `shifts_access` marks
    kinds after which somebody's right may be gone."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    kind: ClassVar[str] = ""
    on: ClassVar[frozenset[Line]] = frozenset({PUBLIC})
    people: ClassVar[frozenset[str]] = frozenset()
    has_text: ClassVar[bool] = False
    shifts_access: ClassVar[bool] = False


class Message(Kind):
    kind = "message"
    on = frozenset({PUBLIC, STAFF})
    has_text = True
    id: str
    text: Annotated[str, Field(max_length=MAX_TEXT)]
    files: tuple[FileRef, ...] = ()
    reply_to: int | None = None


class StatusChange(Kind):
    kind = "status"
    shifts_access = True
    frm: str | None = Field(alias="from")
    to: str
    comment: str | None = None


class Assignee(Kind):
    kind = "assignee"
    people = frozenset({"from", "to"})
    shifts_access = True
    frm: PersonId | None = Field(alias="from")
    to: PersonId | None


class EstimateLine(BaseModel):
    """One line of work as it was priced; `quantity` is a decimal in text, `price` and `sum` are kopecks."""

    model_config = ConfigDict(frozen=True)
    text: str
    unit: Unit
    quantity: str
    price: int
    vat: str
    sum: int


class Estimate(Kind):
    kind = "estimate"
    version: int
    lines: tuple[EstimateLine, ...]
    amount: int
    due: str | None = None
    comment: str | None = None


class Approval(Kind):
    kind = "approval"
    version: int
    decision: Literal["approved", "rejected"]
    comment: str | None = None


class Payment(Kind):
    kind = "payment"
    state: PaymentState
    invoice: str | None = None


class Participant(Kind):
    kind = "participant"
    people = frozenset({"added", "removed"})
    shifts_access = True
    added: PersonId | None = None
    removed: PersonId | None = None


class Urgency(Kind):
    kind = "urgency"
    frm: str = Field(alias="from")
    to: str
    comment: str | None = None


class ServiceRef(BaseModel):
    """A service as it was named when the ticket moved to it or away from it."""

    model_config = ConfigDict(frozen=True)
    id: int
    name: str


class Service(Kind):
    kind = "service"
    shifts_access = True
    frm: ServiceRef = Field(alias="from")
    to: ServiceRef
    comment: str | None = None


class Edit(Kind):
    kind = "edit"
    on = frozenset({PUBLIC, STAFF})
    has_text = True
    of: int
    text: Text


class Delete(Kind):
    kind = "delete"
    on = frozenset({PUBLIC, STAFF})
    of: int


class Time(Kind):
    kind = "time"
    on = frozenset({STAFF})
    minutes: int
    date: str
    comment: str
    billable: bool


class Rating(Kind):
    kind = "rating"
    score: int
    comment: str | None = None


KINDS: dict[str, type[Kind]] = {k.kind: k for k in Kind.__subclasses__()}
UNITS: tuple[Unit, ...] = get_args(Unit)
WITHOUT_VAT: Vat = "without"
VATS: tuple[Vat, ...] = get_args(Vat)
PAYMENT_STATES: tuple[PaymentState, ...] = get_args(PaymentState)
SETTLED: frozenset[PaymentState] = frozenset({"not_needed", "paid", "cancelled"})  # nothing is owed
BY_INVOICE: frozenset[PaymentState] = frozenset({"invoiced", "partly_paid", "overdue"})  # there is an invoice to name
URGENCIES: tuple[UrgencyCode, ...] = get_args(UrgencyCode)
