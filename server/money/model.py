"""Estimates with their decisions, and time that was worked. Sums are kopecks."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from server.clock import now
from server.db import UtcDateTime


class Estimate(SQLModel, table=True):
    """One version of an estimate, never changed after it was handed in; `decision` is `waiting` until somebody
    decides or it is recalled."""

    __table_args__ = (UniqueConstraint("ticket", "version"),)
    id: int | None = Field(default=None, primary_key=True)
    ticket: int = Field(foreign_key="ticket.number", index=True)
    version: int
    lines: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    amount: int = Field(sa_type=BigInteger)
    due: date | None = None
    comment: str | None = Field(default=None, max_length=2000)
    author_id: int = Field(foreign_key="user.id")
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    decision: str = Field(default="waiting", max_length=10)
    decided_by: int | None = Field(default=None, foreign_key="user.id")
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decision_comment: str | None = Field(default=None, max_length=2000)


class TimeEntry(SQLModel, table=True):
    """Minutes an executor worked on a ticket."""

    __tablename__ = "time_entry"
    id: int | None = Field(default=None, primary_key=True)
    ticket: int = Field(foreign_key="ticket.number", index=True)
    user_id: int = Field(foreign_key="user.id")
    minutes: int
    day: date
    comment: str = Field(default="", max_length=2000)
    billable: bool = True
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
