"""The ticket as it stands now, its participants, read cursors and drafts. What happened is in `events`."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from server.clock import now
from server.db import UtcDateTime
from server.events.kinds import PUBLIC, Line
from server.tickets.policy import Facts
from server.tickets.workflow import EXECUTOR_SHOWN


class Ticket(SQLModel, table=True):
    """A request. `head` and `staff_head` are the last numbers of its two logs, `changed` and `staff_changed`
    the moments
    (µs since 1970, strictly growing) of the last change that a client, or the staff, can see: versions of its
    queue row."""

    __table_args__ = (
        Index("ix_ticket_queue", "service_id", "status", "last_at"),
        Index("ix_ticket_organisation", "organisation_id", "status", "last_at"),
        Index("ix_ticket_changed", "staff_changed"),
    )
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    subject: str = Field(max_length=200)
    status: str = Field(default="new", max_length=20, index=True)
    status_since: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    withdrawn: bool | None = None  # of a cancelled one: by its client, not by the staff
    waiting_from: str | None = Field(default=None, max_length=20)
    urgency: str = Field(default="normal", max_length=10)
    service_id: int = Field(foreign_key="service.id")
    organisation_id: int = Field(foreign_key="organisation.id")
    legal_entity_id: int | None = Field(default=None, foreign_key="legal_entity.id")
    author_id: int = Field(foreign_key="user.id", index=True)
    assignee_id: int | None = Field(default=None, foreign_key="user.id", index=True)
    due: date | None = None
    private: bool = False
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)

    head: int = 0
    staff_head: int = 0
    changed: int = Field(default=0, sa_type=BigInteger)
    staff_changed: int = Field(default=0, sa_type=BigInteger)
    last_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    last_author_id: int | None = Field(default=None, foreign_key="user.id")
    last_words: str = Field(default="", max_length=200)

    estimate_version: int | None = None
    estimate_amount: int | None = Field(default=None, sa_type=BigInteger)
    payment_state: str = Field(default="not_needed", max_length=20)
    invoice: str | None = Field(default=None, max_length=100)
    rating: int | None = None

    def head_of(self, line: Line) -> int:
        """The last number of one of its logs."""
        return self.head if line == PUBLIC else self.staff_head

    @property
    def named_assignee(self) -> int | None:
        """The assignee, once clients may know of them: from `estimating` on."""
        return self.assignee_id if self.status in EXECUTOR_SHOWN else None

    def facts(self, participants: frozenset[int]) -> Facts:
        """What the policy reads of it."""
        return Facts(
            self.number, self.organisation_id, self.service_id, self.author_id,
            self.assignee_id, self.private, self.status, self.estimate_version is not None, participants,
        )  # fmt: skip


class TicketParticipant(SQLModel, table=True):
    """Somebody who was added to a ticket by hand; author, assignee and approvers need no row."""

    __tablename__ = "ticket_participant"
    ticket: int = Field(foreign_key="ticket.number", primary_key=True)
    user_id: int = Field(foreign_key="user.id", primary_key=True, index=True)


class ReadCursor(SQLModel, table=True):
    """How far somebody has read one of a ticket's logs; `own` counts their own events beyond it, so unread =
    head − upto − own."""

    __tablename__ = "read_cursor"
    ticket: int = Field(foreign_key="ticket.number", primary_key=True)
    line: str = Field(primary_key=True, max_length=6)
    user_id: int = Field(foreign_key="user.id", primary_key=True, index=True)
    upto: int = 0
    own: int = 0
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Draft(SQLModel, table=True):
    """What somebody has begun to write: `place` is `new` or a ticket's number."""

    user_id: int = Field(foreign_key="user.id", primary_key=True)
    place: str = Field(primary_key=True, max_length=20)
    value: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


EPOCH, ACCESS = "epoch", "access"


class Counter(SQLModel, table=True):
    """Numbers people see, without holes: a row taken and given back with the transaction. The row EPOCH counts how
    often the journal was restored from a copy, ACCESS how often somebody's rights have changed."""

    name: str = Field(primary_key=True, max_length=20)
    value: int = 0


class IdempotentAnswer(SQLModel, table=True):
    """The answer that was given under an `Idempotency-Key`, kept with the transaction that made it, for 24 h."""

    __tablename__ = "idempotent_answer"
    __table_args__ = (UniqueConstraint("user_id", "method", "path", "key"),)
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="user.id")
    method: str = Field(max_length=10)
    path: str = Field(max_length=300)
    key: str = Field(max_length=200)
    body_sha256: str = Field(max_length=64)
    status: int
    answer: str = Field(sa_type=Text)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
