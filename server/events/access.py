"""How often people's rights have changed. Every event bears the count that stood when it was committed: whoever passes
it on learns whether the rights they looked up may be older."""

from dataclasses import dataclass

from sqlalchemy import update
from sqlmodel import SQLModel, col, select

from server.db import Session
from server.people.model import User
from server.tickets.model import ACCESS, Counter


@dataclass(frozen=True)
class AccessChanged:
    """News for the fan-out: what this person may see, or whether they may come in at all, has changed."""

    user: int


@dataclass(frozen=True)
class SessionEnded:
    """News for the fan-out: this log-in is over; its sockets end with it."""

    session: str


_TABLE = SQLModel.metadata.tables["counter"]
COUNT = select(_TABLE.c.value).where(_TABLE.c.name == ACCESS).scalar_subquery()


async def counted(s: Session) -> int:
    """How many changes there were, as this session sees it."""
    return int((await s.execute(select(COUNT))).scalar_one() or 0)


def changed(s: Session, *users: User) -> None:
    """What these people may see is no longer what open pages were told."""
    for user in users:
        assert user.id is not None
        user.access_version += 1
        s.tell(AccessChanged(user.id))
    s.at_last(_count)


def ended(s: Session, *session_ids: str) -> None:
    """These log-ins are over."""
    for session_id in session_ids:
        s.tell(SessionEnded(session_id))
    s.at_last(_count)


async def _count(s: Session) -> None:
    """At last, since everybody who changes a right waits for this row."""
    await s.execute(update(Counter).where(col(Counter.name) == ACCESS).values(value=Counter.value + 1))
