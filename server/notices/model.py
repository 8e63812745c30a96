"""The outbox: mails and SMS as rows that a worker claims, and what each person was already mailed."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from server.clock import now
from server.db import UtcDateTime

# A digest that is being prepared or sent: nobody has two of them.
_UNDER_WAY = text("kind = 'digest' AND state IN ('waiting', 'leaving')")


class Dispatch(SQLModel, table=True):
    """One thing to send. `state`: waiting → leaving (right before the letter is handed over) → sent, dead (given up,
    `problem` says why) or dropped (there was nothing to say any more). `lease` is raised by each claim, and whoever
    marks the row must still hold it (fencing). `secret` is wiped once it has left: one-time passwords and codes don't
    stay in the database. After `until` it is never sent."""

    __table_args__ = (
        Index("ux_dispatch_digest", "user_id", unique=True, postgresql_where=_UNDER_WAY, sqlite_where=_UNDER_WAY),
        Index("ix_dispatch_due", "channel", "state", "due_at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    channel: str = Field(max_length=10)
    kind: str = Field(max_length=20)
    user_id: int | None = Field(default=None, foreign_key="user.id", index=True)
    address: str = Field(default="", max_length=320)
    ticket: int | None = Field(default=None, foreign_key="ticket.number")
    values: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    secret: str | None = Field(default=None, sa_type=Text)
    message_id: str = Field(unique=True, max_length=200)
    state: str = Field(default="waiting", max_length=10)
    due_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lease: int = 0
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    tries: int = 0
    problem: str = Field(default="", max_length=500)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DigestItem(SQLModel, table=True):
    """That one message was mailed to one person: it never goes into another digest."""

    __tablename__ = "digest_item"
    __table_args__ = (UniqueConstraint("user_id", "ticket", "seq"),)
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="user.id", index=True)
    ticket: int = Field(foreign_key="ticket.number")
    seq: int
    dispatch_id: int = Field(foreign_key="dispatch.id", index=True)
