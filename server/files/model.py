"""Files as they are known to the database; the bytes are in `storage`."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from server.clock import now
from server.db import UtcDateTime


class File(SQLModel, table=True):
    """An upload. It is its uploader's until a message takes it: then `ticket` and `line` say whose it is."""

    id: str = Field(primary_key=True, max_length=32)
    name: str = Field(max_length=255)
    size: int
    type: str = Field(max_length=100)
    sha256: str = Field(max_length=64)
    uploader_id: int = Field(foreign_key="user.id", index=True)
    ticket: int | None = Field(default=None, foreign_key="ticket.number", index=True)
    line: str | None = Field(default=None, max_length=6)
    seq: int | None = None
    width: int | None = None
    height: int | None = None
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
