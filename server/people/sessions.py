"""Log-ins on devices: begun, found by their cookie, touched, ended. Only hashes of tokens are kept, so a stolen copy of
the database opens no door. Which steps come before which is in `entering`."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, update
from sqlmodel import col, select

from server.clock import now
from server.db import Session
from server.events import access
from server.people.model import Challenge, LoginSession, User

PASSWORD, FULL = "password", "full"  # stages of a log-in
# A log-in ends 30 days after it began, and after 14 days without a visit; between the steps there is half an hour.
ABSOLUTE, IDLE, BETWEEN = timedelta(days=30), timedelta(days=14), timedelta(minutes=30)
TOUCH = timedelta(minutes=1)
_LONGEST_TOKEN = 200


@dataclass(frozen=True)
class Device:
    """Where a request comes from."""

    address: str = ""
    agent: str = ""


def mark(token: str) -> str:
    """A token as the database knows it. It is random and long, so a plain hash can't be guessed back."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def new_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


async def begin(s: Session, user: User, stage: str, device: Device) -> str:
    """A new log-in; the token is for the cookie and is not seen again."""
    assert user.id is not None
    token = new_token()
    life = ABSOLUTE if stage == FULL else BETWEEN
    s.add(
        LoginSession(
            id=mark(token),
            user_id=user.id,
            stage=stage,
            auth_version=user.auth_version,
            created_at=now(),
            seen_at=now(),
            expires_at=now() + life,
            address=device.address[:64],
            agent=device.agent[:300],
        )
    )
    await s.flush()
    return token


async def find(s: Session, token: str | None, *, stage: str = FULL) -> tuple[User, LoginSession] | None:
    """Whose log-in this is, if it is alive and at that stage: one query by hash, whatever was sent."""
    if not token or len(token) > _LONGEST_TOKEN:
        return None
    query = select(User, LoginSession).join(LoginSession, col(LoginSession.user_id) == User.id)
    found = (await s.exec(query.where(LoginSession.id == mark(token)))).one_or_none()
    if found is None or found[1].stage != stage or not is_alive(*found):
        return None
    return found[0], found[1]


def is_alive(user: User, session: LoginSession) -> bool:
    """Neither expired nor idle too long, and nothing has happened to the person since after which log-ins end."""
    moment = now()
    rested = moment - session.seen_at < IDLE and moment < session.expires_at
    return rested and user.active and session.auth_version == user.auth_version


def is_stale(session: LoginSession) -> bool:
    """Whether it is time to write down that the person is here: at most once a minute."""
    return now() - session.seen_at >= TOUCH


async def touch(s: Session, session_id: str) -> None:
    """Writes down that the person was here. Never prolongs the absolute life."""
    stale = col(LoginSession.seen_at) <= now() - TOUCH
    await s.exec(update(LoginSession).where(col(LoginSession.id) == session_id, stale).values(seen_at=now()))


async def end(s: Session, *session_ids: str) -> None:
    """Ends log-ins and cuts the sockets of those that could have any."""
    await s.exec(delete(Challenge).where(col(Challenge.session_id).in_(session_ids)))
    gone = delete(LoginSession).where(col(LoginSession.id).in_(session_ids))
    rows = await s.execute(gone.returning(col(LoginSession.id), col(LoginSession.stage)))
    access.ended(s, *(session_id for session_id, stage in rows.all() if stage == FULL))


async def end_all(s: Session, user: User, *, but: str | None = None) -> None:
    """Ends every log-in of a person, except perhaps the one they are asking from."""
    found = await s.exec(select(LoginSession.id).where(LoginSession.user_id == user.id, LoginSession.id != but))
    await end(s, *found.all())
