"""No storm (G17): nobody gets more than so many mails an hour, whatever happens in their tickets. What is over is
told later, or in a digest; nothing about a person's own access, no approval is ever held back."""

from datetime import timedelta

from sqlmodel import col, select

from server.clock import now
from server.db import Session
from server.notices import outbox
from server.notices.letters import Silence
from server.notices.model import Dispatch

HELD = "too many mails to this person within an hour"
HELD_FOR = timedelta(minutes=10)
CAPPED = frozenset({"new_ticket", "status", "decision"})


async def check(s: Session, row: Dispatch) -> None:
    """Raises `Silence` for a mail that would be one too many."""
    if row.kind not in CAPPED or row.user_id is None:
        return
    if row.problem == HELD and await _superseded(s, row):
        raise Silence("a later change of the same ticket is told instead")
    if await outbox.lately(s, row.user_id) < outbox.PER_HOUR:
        return
    if row.kind == "new_ticket":
        raise Silence(f"{HELD}: it goes into the digest")
    raise Silence(HELD, now() + HELD_FOR)


async def _superseded(s: Session, row: Dispatch) -> bool:
    query = select(Dispatch.id).where(
        Dispatch.kind == row.kind, Dispatch.user_id == row.user_id, Dispatch.ticket == row.ticket,
        col(Dispatch.id) > row.id, col(Dispatch.state) != "dropped",
    )  # fmt: skip
    return (await s.exec(query.limit(1))).first() is not None
