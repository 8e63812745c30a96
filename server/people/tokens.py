"""Bearer tokens for programs: a year of its person's rights, without a second factor; only the hash is kept."""

from datetime import timedelta

from sqlmodel import col, select

from server.clock import now
from server.db import Session
from server.people.model import ApiToken, User
from server.people.sessions import mark, new_token

LIFE = timedelta(days=365)
PREFIX = "journal_"  # so that a scanner of leaked secrets knows one when it sees it
_LONGEST = 200


async def add(s: Session, user: User) -> str:
    """A new token; it is shown once and works at once."""
    assert user.id is not None
    token = PREFIX + new_token()
    s.add(ApiToken(id=mark(token), user_id=user.id, created_at=now(), expires_at=now() + LIFE))
    await s.flush()
    return token


async def find(s: Session, token: str | None) -> tuple[User, ApiToken] | None:
    """Whose token this is, while it lives and its person is active."""
    if not token or len(token) > _LONGEST:
        return None
    query = select(User, ApiToken).join(ApiToken, col(ApiToken.user_id) == User.id)
    found = (await s.exec(query.where(ApiToken.id == mark(token)))).one_or_none()
    if found is None or not found[0].active or found[1].expires_at <= now():
        return None
    return found[0], found[1]
