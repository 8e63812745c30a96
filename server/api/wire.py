"""The objects of the outside contract as the API describes them; what fills them is `…_json` in queries. Pure."""

from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, create_model

from server.events.kinds import KINDS, EstimateLine, FileRef, PaymentState, UrgencyCode
from server.tickets.workflow import STATUSES

Moment = Annotated[str, Field(examples=["2026-11-24T09:30:00.123Z"], json_schema_extra={"format": "date-time"})]
Day = Annotated[str, Field(examples=["2026-11-27"], json_schema_extra={"format": "date"})]
StatusCode = Annotated[str, Field(json_schema_extra={"enum": list(STATUSES)})]
Kopecks = Annotated[int, Field(description="kopecks")]


class Answer(BaseModel):
    """An object that the API gives."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Person(Answer):
    """A person as everybody who may know of them sees them."""

    id: int
    name: str
    roles: list[Literal["client", "executor", "lead", "accountant", "admin"]]


class Named(Answer):
    """Something with an id and a name."""

    id: int
    name: str


class Membership(Answer):
    """An organisation the person acts for, with the powers they have there."""

    organisation: Named
    can_approve: bool
    sees_all: bool
    billing: bool
    org_admin: bool


class Me(Person):
    """Whoever the token belongs to."""

    memberships: list[Membership]
    locale: str
    time_zone: str


class Service(Named):
    """What may be asked for, and who will answer."""

    group: str
    description: str
    responsible: list[Person]


class Services(Answer):
    items: list[Service]


class File(FileRef):
    """A file that was uploaded."""


class EstimateRef(Answer):
    version: int
    amount: Kopecks


class PaymentRef(Answer):
    state: PaymentState
    invoice: str | None


class Ticket(Answer):
    """A ticket as the caller sees it. `head`, `read`, `unread` are the public room's; staff get more.
    `withdrawn`: whether a cancelled one was withdrawn by its client or cancelled by the staff; null while it is not."""

    number: int
    subject: str
    status: StatusCode
    withdrawn: bool | None
    urgency: UrgencyCode
    service: Named
    organisation: Named
    author: Person
    assignee: Person | None
    due: Day | None
    private: bool
    created_at: Moment
    head: int
    read: int
    unread: int
    estimate: EstimateRef | None
    payment: PaymentRef
    rating: int | None
    staff_head: int | None = None
    staff_read: int | None = None
    staff_unread: int | None = None


class Tickets(Answer):
    """A page of tickets; `next` is the cursor of the next one, null at the end."""

    items: list[Ticket]
    next: str | None


class Event(Answer):
    """What every event has; the rest is by kind."""

    seq: int
    at: Moment
    author: Person


def _event(kind: str) -> type[Event]:
    """EVENT of one kind, from the catalogue: people as PERSON; an old text is replaced or gone."""
    of = KINDS[kind]
    fields: dict[str, Any] = {"kind": (Literal[kind], ...)}
    for name, field in of.model_fields.items():
        shown = field.alias or name
        type_: Any = Person | None if shown in of.people else field.annotation
        # Python has a word `from` of its own, hence the alias; a message that was deleted has neither text nor files.
        default = Field(None if of.has_text or not field.is_required() else ..., alias=field.alias)
        fields[name] = (type_ | None if of.has_text else type_, default)
    if of.has_text:
        fields |= {"edited": (int | None, None), "deleted": (int | None, None)}
    return create_model(f"{of.__name__}Event", __base__=Event, __doc__=of.__doc__, **fields)


EVENTS: dict[str, type[Event]] = {kind: _event(kind) for kind in KINDS}
EVENT: Any = Annotated[Union[tuple(EVENTS.values())], Field(discriminator="kind")]  # noqa: UP007 - built from a table
Events = create_model(
    "Events",
    __base__=Answer,
    __doc__="Events of one room, ascending; `head` is the number of its last one.",
    items=(list[EVENT], ...),
    head=(int, ...),
)


class Said(Answer):
    """Where it stands in the room's log."""

    seq: int


class Read(Answer):
    """How far the room is read now."""

    upto: int


class EstimateVersion(Answer):
    """A version of an estimate that was handed in; what it comes to is computed here and nowhere else."""

    version: int
    amount: Kopecks
    vat_amount: Kopecks
    lines: list[EstimateLine]
    due: Day | None
    comment: str | None


class Decision(Answer):
    """A decision about one version of an estimate."""

    version: int
    decision: Literal["approved", "rejected"]
    comment: str | None
    decided_by: Person | None


class TimeEntry(Answer):
    minutes: int
    date: Day
    comment: str
    billable: bool


class WrongField(Answer):
    field: str
    detail: str


class Problem(BaseModel):
    """A refusal (RFC 9457). On 409 it also holds the state as it is now."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str = Field(description="a code: invalid, not_found, forbidden, conflict, …")
    status: int
    detail: str = Field(description="words a person can act on, in their language")
    errors: list[WrongField] | None = None
