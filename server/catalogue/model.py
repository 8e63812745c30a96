"""Organisations, their legal entities, services and who is responsible, as they are stored."""

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel


class Organisation(SQLModel, table=True):
    """A client."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, max_length=200)
    mail_texts: bool = True


class LegalEntity(SQLModel, table=True):
    """Whom work is done and billed for; one of the organisation's own name is the common case."""

    __tablename__ = "legal_entity"
    id: int | None = Field(default=None, primary_key=True)
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    name: str = Field(max_length=200)
    inn: str = Field(default="", max_length=12)
    kpp: str = Field(default="", max_length=9)


class Service(SQLModel, table=True):
    """What a client may ask for. `approval` is the rule for estimated work: `always` or `never` (subscription)."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, max_length=200)
    group: str = Field(default="", max_length=100)
    description: str = Field(default="", max_length=500)
    approval: str = Field(default="always", max_length=10)
    active: bool = True

    @property
    def needs_approval(self) -> bool:
        """Whether estimated work waits for an approver. Contracts refine the rule later."""
        return self.approval != "never"


class Responsible(SQLModel, table=True):
    """A person who is told of a service's new tickets and sees its queue."""

    __table_args__ = (UniqueConstraint("service_id", "user_id"),)
    id: int | None = Field(default=None, primary_key=True)
    service_id: int = Field(foreign_key="service.id", index=True)
    user_id: int = Field(foreign_key="user.id", index=True)
