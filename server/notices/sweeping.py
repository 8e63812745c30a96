"""Housekeeping: rows that no rule looks at any more. Files are swept by `files.uploads`."""

from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import col

from server.clock import now
from server.db import Session
from server.people import attempts
from server.people.model import Challenge, LoginSession, MailLink, Presence
from server.tickets.model import IdempotentAnswer

DAY = timedelta(days=1)


async def sweep(s: Session) -> None:
    """Drops what has expired: log-ins, codes, links, answers kept for repeated calls, counted tries, processes that
    are gone."""
    moment = now()
    expired = (
        delete(LoginSession).where(col(LoginSession.expires_at) < moment),
        delete(Challenge).where(col(Challenge.expires_at) < moment - DAY),
        delete(MailLink).where(col(MailLink.expires_at) < moment - DAY),
        delete(IdempotentAnswer).where(col(IdempotentAnswer.at) < moment - DAY),
        delete(Presence).where(col(Presence.until) < moment - DAY),
    )
    for statement in expired:
        await s.execute(statement.execution_options(synchronize_session=False))
    await attempts.sweep(s)
