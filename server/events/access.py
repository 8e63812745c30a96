"""How often people's rights have changed. Every event bears the count that stands when it is committed: whoever passes
it on learns whether the rights they looked up may be older."""

from dataclasses import dataclass

from sqlalchemy import update
from sqlmodel import col, select

from server.db import Session
from server.people.model import User
from server.tickets.model import ACCESS, Counter

_CHANGED = "access.changed"


@dataclass(frozen=True)
class AccessChanged:
    """News for the fan-out: what this person may see, or whether they may come in at all, has changed."""

    user: int


@dataclass(frozen=True)
class SessionEnded:
    """News for the fan-out: this log-in is over; its sockets end with it."""

    session: str


@dataclass(frozen=True)
class Counted:
    """News for the fan-out: so many changes had been committed before everything else that was told."""

    changes: int


async def counted(s: Session) -> int:
    """How many changes there were, as this session sees it."""
    return (await s.exec(_COUNT)).one()


_COUNT = select(Counter.value).where(Counter.name == ACCESS)


def changed(s: Session, *users: User) -> None:
    """What these people may see is no longer what open pages were told."""
    for user in users:
        assert user.id is not None
        _put_down(s, AccessChanged(user.id)).add(user.id)


def ended(s: Session, *session_ids: str) -> None:
    """These log-ins are over."""
    for session_id in session_ids:
        _put_down(s, SessionEnded(session_id))


def _put_down(s: Session, news: AccessChanged | SessionEnded) -> set[int]:
    """The people whose version will grow with this transaction."""
    s.tell(news)
    s.at_last(settle)
    found: set[int] = s.info.setdefault(_CHANGED, set())
    return found


async def settle(s: Session) -> None:
    """Counts what this transaction has changed, or else puts down the count under which it commits: the lock holds up
    whoever counts until then. It comes last of all, since everybody meets at this row."""
    if _CHANGED in s.info:
        await _grow(s, s.info[_CHANGED])
        more = update(Counter).where(col(Counter.name) == ACCESS).values(value=Counter.value + 1)
        found = (await s.execute(more.returning(col(Counter.value)))).scalar_one()
    else:
        found = (await s.exec(_COUNT.with_for_update(read=True))).one()
    s.tell(Counted(found))


async def _grow(s: Session, users: set[int]) -> None:
    """In the database: two transactions may have read the same version."""
    mine = col(User.id).in_(sorted(users))
    await s.exec(select(User.id).where(mine).order_by(col(User.id)).with_for_update())
    await s.execute(update(User).where(mine).values(access_version=User.access_version + 1))
