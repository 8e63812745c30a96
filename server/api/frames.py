"""What the server says on the socket, frame by frame: `/api/socket` describes it so, and the suite holds every frame
that comes to it. Pure; what fills the frames is the live side."""

from typing import Annotated, Any, Literal, Union

from pydantic import Field, TypeAdapter, create_model

from server.api import wire
from server.api.wire import Answer, Moment, Person


class InRoom(Answer):
    room: str


class Limits(Answer):
    """0 is no limit."""

    text: int
    frame: int
    files: int
    file_mb: int
    say_per_second: int
    say_burst: int
    sockets_per_user: int
    sockets_per_address: int
    tickets_per_minute: int


class Hello(Answer):
    op: Literal["hello"]
    user: Person
    time: Moment
    epoch: int
    limits: Limits


class Member(Person):
    """Somebody of a ticket's room: whether they are in it now, and how far they have read."""

    online: bool
    read: int
    read_at: Moment | None


# An event as the API gives it; the rendered row comes with it where it was asked for.
EVENTS: dict[str, type[wire.Event]] = {
    kind: create_model(model.__name__, __base__=model, html=(str | None, None)) for kind, model in wire.EVENTS.items()
}
Event: Any = Annotated[Union[tuple(EVENTS.values())], Field(discriminator="kind")]  # noqa: UP007 - built from a table


class Joined(InRoom):
    op: Literal["joined"]
    events: list[Event]
    head: int
    more: bool
    people: list[Member]


class LastWords(Answer):
    author: Person
    text: str
    at: Moment


class Row(wire.Ticket):
    """A ticket as the queue shows it."""

    last: LastWords
    deadline: Moment | None
    viewers: list[Person]
    typing: list[Person]
    v: int
    html: str | None = None


class JoinedQueue(InRoom):
    op: Literal["joined"]
    room: Literal["queue"]
    rows: list[Row]
    v: int


class Item(Answer):
    """A ticket in which something is unread."""

    ticket: int
    subject: str
    unread: int
    last: str
    v: int


class JoinedInbox(InRoom):
    op: Literal["joined"]
    room: Literal["inbox"]
    items: list[Item]
    v: int


class NewEvent(InRoom):
    op: Literal["event"]
    event: Event


class Head(InRoom):
    op: Literal["head"]
    head: int | None = None
    v: int | None = None


class Reset(InRoom):
    op: Literal["reset"]


class Ack(InRoom):
    op: Literal["ack"]
    id: str
    seq: int
    at: Moment


class Error(Answer):
    op: Literal["error"]
    code: str
    detail: str
    room: str | None = None
    id: str | None = None
    field: str | None = None
    retry_after: int | None = None
    reason: Literal["seen", "id"] | None = None
    events: list[Event] | None = None
    state: str | None = None


class Typing(InRoom):
    op: Literal["typing"]
    user: Person


class Read(InRoom):
    op: Literal["read"]
    user: Person
    upto: int


class Presence(InRoom):
    op: Literal["presence"]
    user: Person
    online: bool


class ChangedRow(InRoom):
    op: Literal["row"]
    room: Literal["queue"]
    ticket: Row


class GoneRow(InRoom):
    op: Literal["row"]
    room: Literal["queue"]
    gone: int
    v: int


class Inbox(InRoom):
    op: Literal["inbox"]
    room: Literal["inbox"]
    ticket: int
    unread: int
    total: int
    v: int


FRAMES: tuple[type[Answer], ...] = (
    Hello, Joined, JoinedQueue, JoinedInbox, NewEvent, Head, Reset, Ack, Error, Typing, Read, Presence, ChangedRow,
    GoneRow, Inbox,
)  # fmt: skip
ANY: Any = Union[FRAMES]  # noqa: UP007 - built from a table
FRAME: TypeAdapter[Any] = TypeAdapter(ANY)
