"""The outbox: what is to be sent is put down in the transaction in which it happened, claimed by a worker with a
lease, and marked only by whoever still holds that lease. How a letter reads is in `letters`, how it leaves in `email`
and `sms`."""

import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, update
from sqlalchemy import select as sa_select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from server.clock import now
from server.db import Session
from server.events.kinds import PUBLIC, Kind
from server.events.model import Event
from server.notices import audience
from server.notices.model import DigestItem, Dispatch
from server.people import queries as people
from server.people.policy import Viewer
from server.tickets.model import Ticket
from server.tickets.policy import Facts

MAIL, SMS = "mail", "sms"
LEASE = timedelta(seconds=120)
# Pauses before the next try, in seconds; after the last one it is given up.
PAUSES = {MAIL: (5, 15, 60, 300, 900, 3600, 7200, 14400, 28800), SMS: (5, 20)}
# What may leave twice rather than never keeps its Message-ID; a digest may get lost rather than be repeated (G15).
AT_MOST_ONCE = frozenset({"digest"})
PER_HOUR = 60
# `s.info[SILENT] = True`: a history brought in from elsewhere is nobody's news, and who brings it says what was read.
SILENT = "silent"
Item = tuple[int, int]


async def enqueue(s: Session, ticket: Ticket, facts: Facts, kind: Kind, event: Event) -> None:
    """Puts down the mails that this event asks for. The Message-ID follows from event, person and kind of mail."""
    if s.info.get(SILENT) or event.line != PUBLIC or not audience.tells(kind, event.seq):
        return
    candidates = await _candidates(s, facts, with_leads=audience.concerns_leads(kind))
    found = audience.mails(kind, event.seq, event.author_id, facts, candidates)
    rows = [
        Dispatch(
            channel=MAIL, kind=mail_, user_id=user_id, ticket=ticket.number, values={"seq": event.seq},
            message_id=f"{mail_}.{ticket.number}.{event.seq}.{user_id}",
        )
        for user_id, mail_ in found.items()
    ]  # fmt: skip
    s.add_all(rows)
    await s.flush()
    # The mail about a new ticket holds its body: message 1 is not news to these people any more.
    s.add_all(_item(r, (ticket.number, event.seq)) for r in rows if r.kind == "new_ticket")


async def _candidates(s: Session, facts: Facts, *, with_leads: bool) -> list[Viewer]:
    ids = {facts.author_id, *facts.participants} | ({facts.assignee_id} if facts.assignee_id else set())
    found = await people.approvers(s, facts.organisation_id) + await people.responsible(s, facts.service_id)
    if with_leads:
        found += await people.staff(s, "lead")
    return await people.viewers(s, ids | {u.id for u in found if u.id is not None})


def _item(row: Dispatch, item: Item) -> DigestItem:
    return DigestItem(user_id=row.user_id or 0, ticket=item[0], seq=item[1], dispatch_id=row.id or 0)


async def with_digest_under_way(s: Session) -> set[int]:
    """People whose digest is waiting or leaving: they have no other one meanwhile."""
    query = select(Dispatch.user_id).where(Dispatch.kind == "digest", col(Dispatch.state).in_(("waiting", "leaving")))
    return {u for u in (await s.exec(query)).all() if u is not None}


async def queue_digests(s: Session, user_ids: Collection[int]) -> None:
    """A digest for each of these people who has none under way. What is in it is decided when it leaves."""
    busy = await with_digest_under_way(s)
    rows = [
        Dispatch(channel=MAIL, kind="digest", user_id=u, message_id=f"digest.{u}.{secrets.token_hex(8)}")
        for u in sorted(set(user_ids) - busy)
    ]
    try:
        async with s.begin_nested():
            s.add_all(rows)
    except IntegrityError:
        return  # another worker was quicker with one of them: the next pass sees whose digest is still missing


def _due(channel: str, moment: datetime) -> ColumnElement[bool]:
    free = or_(col(Dispatch.leased_until).is_(None), col(Dispatch.leased_until) < moment)
    abandoned = and_(col(Dispatch.state) == "leaving", col(Dispatch.kind).not_in(AT_MOST_ONCE))
    return and_(
        col(Dispatch.channel) == channel,
        or_(col(Dispatch.state) == "waiting", abandoned),
        col(Dispatch.due_at) <= moment,
        free,
    )


async def anything_due(s: Session, channel: str) -> bool:
    """Whether there is something to claim; asked often, so it takes no lock."""
    return (await s.exec(select(Dispatch.id).where(_due(channel, now())).limit(1))).first() is not None


async def claim(s: Session, channel: str, limit: int) -> list[Dispatch]:
    """Takes up to `limit` due rows for `LEASE`, letters for one person before digests. Two workers never get the same
    row."""
    moment = now()
    query = (
        select(Dispatch)
        .where(_due(channel, moment))
        .order_by(case((col(Dispatch.kind) == "digest", 1), else_=0), col(Dispatch.due_at), col(Dispatch.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = list((await s.exec(query)).all())
    for row in rows:
        row.lease, row.leased_until, row.state = row.lease + 1, moment + LEASE, "waiting"
    return rows


async def _mark(s: Session, row: Dispatch, **values: Any) -> bool:
    """Writes the row if the lease is still ours; what is finished keeps no secret."""
    if values["state"] in ("sent", "dead", "dropped"):
        values["secret"] = None
    done = await s.execute(
        update(Dispatch)
        .where(
            col(Dispatch.id) == row.id,
            col(Dispatch.lease) == row.lease,
            col(Dispatch.state).in_(("waiting", "leaving")),
        )
        .values(**values)
        .returning(col(Dispatch.id))
        .execution_options(synchronize_session=False)
    )
    return done.one_or_none() is not None


def too_late(row: Dispatch) -> bool:
    """Whether what it says has expired."""
    until = row.until or (datetime.fromisoformat(row.values["until"]) if "until" in row.values else None)
    return until is not None and until <= now()


async def leaving(s: Session, row: Dispatch, items: Iterable[Item] = ()) -> bool:
    """The last step before it is handed over: False when somebody else holds the row by now. The messages of a digest
    are written down as mailed here, so that they are in no other one."""
    moment = now()
    if not await _mark(s, row, state="leaving", sent_at=moment, leased_until=moment + LEASE):
        return False
    s.add_all(_item(row, item) for item in items)
    await s.flush()
    return True


async def sent(s: Session, row: Dispatch, problem: str = "") -> bool:
    """It was handed over (with a problem: nobody can know whether it was)."""
    return await _mark(s, row, state="sent", sent_at=now(), problem=problem[:500], tries=row.tries + 1)


async def again(s: Session, row: Dispatch, problem: str) -> bool:
    """It was refused for now, or nobody knows: once more after a pause that grows, or given up after the last."""
    pauses = PAUSES[row.channel]
    due = now() + timedelta(seconds=pauses[min(row.tries, len(pauses) - 1)])
    if row.tries >= len(pauses):
        return await dead(s, row, problem)
    await _unsay_digest(s, row)
    return await _mark(
        s, row, state="waiting", due_at=due, leased_until=None, tries=row.tries + 1, problem=problem[:500]
    )


async def hold(s: Session, row: Dispatch, until: datetime, problem: str = "") -> bool:
    """Not now, through no fault of its own: no try is counted."""
    await _unsay_digest(s, row)
    return await _mark(s, row, state="waiting", due_at=until, leased_until=None, problem=problem[:500])


async def dead(s: Session, row: Dispatch, problem: str) -> bool:
    """Given up; `problem` says why."""
    return await _mark(s, row, state="dead", problem=problem[:500], tries=row.tries + 1)


async def dropped(s: Session, row: Dispatch, why: str) -> bool:
    """It won't be said this way any more. A message it would have told is free for the next digest."""
    await _unsay(s, row)
    return await _mark(s, row, state="dropped", problem=why)


async def _unsay_digest(s: Session, row: Dispatch) -> None:
    if row.kind == "digest":
        await _unsay(s, row)


async def _unsay(s: Session, row: Dispatch) -> None:
    # Only while the lease is ours: who lost it must not touch what its new holder has written down.
    ours = sa_select(col(Dispatch.id)).where(col(Dispatch.id) == row.id, col(Dispatch.lease) == row.lease)
    await s.execute(
        delete(DigestItem).where(col(DigestItem.dispatch_id).in_(ours)).execution_options(synchronize_session=False)
    )


async def settle(s: Session) -> None:
    """Digests whose worker died between our mark and the server's answer: nobody can know, so they count as sent."""
    await s.execute(
        update(Dispatch)
        .where(
            col(Dispatch.kind).in_(AT_MOST_ONCE),
            col(Dispatch.state) == "leaving",
            col(Dispatch.leased_until) < now(),
        )
        .values(state="sent", problem="the worker ended before the server's answer")
    )


async def lately(s: Session, user_id: int) -> int:
    """How many mails this person was sent within the hour."""
    query = select(func.count()).where(
        Dispatch.user_id == user_id, Dispatch.channel == MAIL,
        col(Dispatch.state).in_(("sent", "leaving")), col(Dispatch.sent_at) > now() - timedelta(hours=1),
    )  # fmt: skip
    return (await s.exec(query)).one()
