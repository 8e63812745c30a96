"""People as they are stored: users, memberships, sessions, log-in steps, tokens, presence."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from server.clock import now
from server.db import UtcDateTime


class User(SQLModel, table=True):
    """A person. `login` is kept in one normal form; `auth_version` grows with every change after which
    sessions must end, `access_version` with every change of what the person may see."""

    id: int | None = Field(default=None, primary_key=True)
    login: str = Field(unique=True, max_length=100)
    name: str = Field(max_length=200)
    email: str = Field(default="", max_length=320, index=True)
    phone: str = Field(default="", max_length=20)
    position: str = Field(default="", max_length=200)
    roles: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    password_hash: str | None = None
    password_temporary: bool = False
    password_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    active: bool = True
    auth_version: int = 0
    access_version: int = 0
    locale: str = Field(default="ru", max_length=5)
    time_zone: str = Field(default="Europe/Moscow", max_length=40)
    digest: str = Field(default="at_once", max_length=20)
    digest_hour: int = 9
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)

    def person(self) -> dict[str, Any]:
        """PERSON of the protocol."""
        return {"id": self.id, "name": self.name, "roles": sorted(self.roles)}


class Membership(SQLModel, table=True):
    """A person serves an organisation, with powers of this membership alone."""

    __table_args__ = (UniqueConstraint("user_id", "organisation_id"),)
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="user.id", index=True)
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    can_approve: bool = False
    sees_all: bool = False
    billing: bool = False
    org_admin: bool = False


class LoginSession(SQLModel, table=True):
    """A log-in on one device. `id` is a hash of the cookie's token; `stage` is `password` until the second step."""

    __tablename__ = "login_session"
    id: str = Field(primary_key=True, max_length=64)
    user_id: int = Field(foreign_key="user.id", index=True)
    stage: str = Field(max_length=10)
    auth_version: int
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    seen_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    address: str = Field(default="", max_length=64)
    agent: str = Field(default="", max_length=300)


class Challenge(SQLModel, table=True):
    """One SMS code bound to one log-in. Only an HMAC of it is kept, and the code itself sealed for sending again."""

    id: int | None = Field(default=None, primary_key=True)
    session_id: str = Field(index=True, max_length=64)
    user_id: int = Field(foreign_key="user.id", index=True)
    code_hmac: str = Field(max_length=64)
    nonce: str = Field(max_length=32)
    sealed: str = Field(max_length=12)
    attempts: int = 0
    sent: int = 0
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Attempt(SQLModel, table=True):
    """One thing that is counted against a limit (wrong password, SMS sent …); limits survive a restart."""

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(index=True, max_length=200)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class MailLink(SQLModel, table=True):
    """A one-time link in a mail (password reset); only the hash of its token is kept."""

    __tablename__ = "mail_link"
    id: str = Field(primary_key=True, max_length=64)
    user_id: int = Field(foreign_key="user.id", index=True)
    purpose: str = Field(max_length=20)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ApiToken(SQLModel, table=True):
    """A bearer token with the rights of its person; only its hash is kept. `restored`: it came back with a copy of the
    journal, and whoever shows it may know what is no longer true."""

    __tablename__ = "api_token"
    id: str = Field(primary_key=True, max_length=64)
    user_id: int = Field(foreign_key="user.id", index=True)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    restored: bool = False


class Presence(SQLModel, table=True):
    """Until when one web process vouches for a person being there; the worker reads it before a digest."""

    user_id: int = Field(primary_key=True, foreign_key="user.id")
    process: str = Field(primary_key=True, max_length=32)
    until: datetime = Field(sa_type=UtcDateTime)
