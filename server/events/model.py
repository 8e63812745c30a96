"""The log: one table for everything that happened in every room."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from server.db import UtcDateTime

BIG = BigInteger().with_variant(Integer, "sqlite")


class Event(SQLModel, table=True):
    """One numbered event. `text` is what search finds and erasure wipes; `data` the rest of what its kind carries;
    `replaced_by` the seq of the edit or deletion that took the text's place; `salt`, `digest`, `link` chain the
    log (`events.chain`)."""

    __table_args__ = (
        UniqueConstraint("ticket", "line", "seq"),
        UniqueConstraint("author_id", "client_id"),
        Index("ix_event_kind", "ticket", "kind"),
    )
    id: int | None = Field(default=None, sa_column=Column(BIG, primary_key=True))
    ticket: int = Field(foreign_key="ticket.number")
    line: str = Field(max_length=6)
    seq: int
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str = Field(max_length=20)
    author_id: int = Field(foreign_key="user.id")
    client_id: str | None = Field(default=None, max_length=64)
    text: str | None = Field(default=None, sa_type=Text)
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    replaced_by: int | None = None
    salt: bytes | None = Field(default=None, sa_type=LargeBinary)
    digest: str = Field(max_length=64)
    link: str = Field(max_length=64)
