"""Counting what may be done only so often: rows in the database, so that limits survive a restart and hold for
all processes."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import delete, func
from sqlmodel import col, select

from server.clock import now
from server.db import Session
from server.people import details
from server.people.model import Attempt

LONGEST = timedelta(days=1)


def of_login(login: str) -> str:
    """The key for tries on a login. Hashed: people type passwords into the wrong field."""
    return "login:" + hashlib.sha256(login.encode()).hexdigest()[:32]


def of_address(what: str, address: str) -> str | None:
    """The key for an address. Loopback is no one's: this machine itself, or a proxy that was not named."""
    return None if details.is_loopback(address) else f"{what}:{address}"


async def hold(s: Session, *keys: str) -> None:
    """From here to the end of the transaction nobody else counts under these keys. SQLite has one writer anyway."""
    if s.get_bind().dialect.name != "postgresql":
        return
    for key in sorted(keys):  # one order for all: no deadlock
        await s.exec(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


async def add(s: Session, *keys: str) -> None:
    """One more under each key."""
    s.add_all([Attempt(key=key, at=now()) for key in keys])
    await s.flush()


async def forget(s: Session, key: str) -> None:
    """Starts counting anew."""
    await s.exec(delete(Attempt).where(col(Attempt.key) == key))


async def count(s: Session, key: str, within: timedelta) -> int:
    """How many lately."""
    query = select(func.count()).select_from(Attempt).where(Attempt.key == key, Attempt.at > now() - within)
    return int((await s.exec(query)).one())


async def latest(s: Session, key: str, most: int) -> Sequence[datetime]:
    """The moments of the last ones, newest first."""
    query = select(Attempt.at).where(Attempt.key == key).order_by(col(Attempt.at).desc()).limit(most)
    return (await s.exec(query)).all()


async def wait(s: Session, key: str, most: int, within: timedelta) -> int:
    """Whole seconds until one more is allowed, where `most` are within a sliding time; 0 is now."""
    found = await latest(s, key, most)
    return _until(found[-1] + within) if len(found) == most else 0


async def locked(s: Session, key: str, most: int, within: timedelta) -> int:
    """Whole seconds that a lock still holds: `most` within the time close the door for as long again; 0 is open."""
    found = await latest(s, key, most)
    return _until(found[0] + within) if len(found) == most and found[0] - found[-1] <= within else 0


def _until(moment: datetime) -> int:
    return max(0, ceil((moment - now()).total_seconds()))


async def sweep(s: Session) -> None:
    """Drops what no limit looks at any more."""
    await s.exec(delete(Attempt).where(col(Attempt.at) < now() - LONGEST))
