"""The digest: who has something unread and has been away long enough, and what it is. How it reads is in
`letters`."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, func
from sqlalchemy import select as sa_select
from sqlmodel import col, select

from server.catalogue.model import Responsible
from server.clock import now
from server.db import Session
from server.events import log
from server.events.kinds import PUBLIC
from server.events.model import Event
from server.notices import outbox
from server.notices.model import DigestItem, Dispatch
from server.people import queries as people
from server.people.model import Membership, Presence, User
from server.people.policy import Viewer
from server.tickets import policy
from server.tickets.facts import facts_of
from server.tickets.inbox import taking_part
from server.tickets.model import ReadCursor, Ticket, TicketParticipant
from server.tickets.policy import Facts

PERIODS = {"quarter": timedelta(minutes=15), "hourly": timedelta(hours=1)}
# After a restart the worker looks this far back for what may have been left untold.
LOOK_BACK = timedelta(days=30)
# On PostgreSQL an event with a lower id may become visible a little later than its neighbours.
LATE = timedelta(seconds=30)
MOST = 1000


def cutoff(
    setting: str,
    moment: datetime,
    quiet: timedelta,
    away_since: datetime | None,
    last: datetime | None,
    zone: str,
    hour: int = 9,
) -> datetime | None:
    """Messages up to the answer are due to this person at `moment`; None: nothing is now. `away_since` None is
    "since ever", and in the future while somebody vouches for their being there; `last` is when their last
    digest left; a daily one leaves at `hour` by the clock of their `zone`."""
    if setting == "never" or (away_since is not None and away_since > moment - quiet):
        return None
    if setting == "daily":
        border = _border(moment, zone, hour)
        return border if last is None or last < border else None
    if last is not None and last > moment - PERIODS.get(setting, timedelta(0)):
        return None
    return moment - quiet


def _border(moment: datetime, zone: str, hour: int) -> datetime:
    """When it was last that hour by the person's own clock."""
    local = moment.astimezone(ZoneInfo(zone))
    today = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today <= local else today - timedelta(days=1)


@dataclass(frozen=True)
class Unread:
    """What one person has not read of one ticket, oldest first, as the wire writes it."""

    ticket: Ticket
    facts: Facts
    events: list[dict[str, Any]]


async def unread(s: Session, viewer: Viewer) -> list[Unread]:
    """Messages of others that this person has not read and was never mailed, where they take part and may still
    see."""
    mine = and_(
        col(ReadCursor.ticket) == Event.ticket, col(ReadCursor.line) == PUBLIC, col(ReadCursor.user_id) == viewer.id
    )
    mailed = and_(
        col(DigestItem.ticket) == Event.ticket, col(DigestItem.seq) == Event.seq, col(DigestItem.user_id) == viewer.id
    )
    query = (
        select(Event)
        .where(
            Event.line == PUBLIC, Event.kind == "message", Event.author_id != viewer.id,
            col(Event.ticket).in_(sa_select(col(Ticket.number)).where(taking_part(viewer))),
            Event.seq > func.coalesce(col(ReadCursor.upto), 0), col(DigestItem.id).is_(None),
        )
        .outerjoin(ReadCursor, mine).outerjoin(DigestItem, mailed)
        .order_by(col(Event.ticket), col(Event.seq)).limit(MOST)
    )  # fmt: skip
    return await _by_ticket(s, viewer, list((await s.exec(query)).all()))


async def _by_ticket(s: Session, viewer: Viewer, events: list[Event]) -> list[Unread]:
    numbers = {e.ticket for e in events}
    tickets = (await s.exec(select(Ticket).where(col(Ticket.number).in_(numbers)))).all()
    facts = await facts_of(s, tickets)
    wired = [(e.ticket, wire) for e, wire in zip(events, await log.wire(s, events), strict=True)]
    found = [
        Unread(t, facts[t.number], [w for number, w in wired if number == t.number and "deleted" not in w])
        for t in tickets
        if policy.takes_part(viewer, facts[t.number])
    ]
    return sorted((u for u in found if u.events), key=lambda u: str(u.events[-1]["at"]))


@dataclass
class Rounds:
    """What one worker remembers between its looks for digests: up to which event it has looked, and whom it put off.
    Forgetting it costs a longer look, nothing else."""

    quiet: timedelta
    seen: int | None = None
    put_off: set[int] = field(default_factory=set)

    async def look(self, s: Session) -> set[int]:
        """People for whom a digest is due now."""
        moment = now()
        watched = self.put_off | await _concerned(s, self._stirred(moment))
        due, later = await _sort(s, watched, moment, self.quiet)
        self.put_off = due | later
        self.seen = await self._looked_up_to(s, moment)
        return due

    def _stirred(self, moment: datetime) -> Select[Any]:
        """Tickets in which something has become old enough since the last look."""
        if self.seen is None:
            return sa_select(col(Ticket.number)).where(col(Ticket.last_at) > moment - LOOK_BACK)
        return sa_select(col(Event.ticket)).where(
            col(Event.id) > self.seen, col(Event.line) == PUBLIC, col(Event.at) <= moment - self.quiet
        )

    async def _looked_up_to(self, s: Session, moment: datetime) -> int:
        query = select(Event.id).where(Event.at <= moment - self.quiet - LATE)
        if self.seen is not None:
            query = query.where(col(Event.id) > self.seen)
        found = (await s.exec(query.order_by(col(Event.id).desc()).limit(1))).first()
        return found or self.seen or 0


async def _concerned(s: Session, stirred: Select[Any]) -> set[int]:
    """Everybody who may take part in these tickets; who really does is asked for each of them later."""
    here = col(Ticket.number).in_(stirred)
    queries = (
        sa_select(col(Ticket.author_id)).where(here),
        sa_select(col(Ticket.assignee_id)).where(here, col(Ticket.assignee_id).is_not(None)),
        sa_select(col(TicketParticipant.user_id)).where(col(TicketParticipant.ticket).in_(stirred)),
        sa_select(col(Membership.user_id))
        .join(Ticket, col(Ticket.organisation_id) == col(Membership.organisation_id))
        .where(here, col(Membership.can_approve), col(Ticket.estimate_version).is_not(None)),
        sa_select(col(Responsible.user_id))
        .join(Ticket, col(Ticket.service_id) == col(Responsible.service_id))
        .where(here, col(Ticket.assignee_id).is_(None)),
    )
    found: set[int] = set()
    for query in queries:
        found.update(u for u in (await s.execute(query.distinct())).scalars() if u is not None)
    return found


async def _sort(s: Session, ids: Iterable[int], moment: datetime, quiet: timedelta) -> tuple[set[int], set[int]]:
    """Those for whom a digest is due, and those who have something coming but not now."""
    due: set[int] = set()
    later: set[int] = set()
    busy = await outbox.with_digest_under_way(s)
    ids = set(ids)
    away, last = await _away_since(s, ids), await _last_digest(s, ids)
    users = await people.by_ids(s, ids)
    for viewer in await people.viewers(s, ids):
        user = users[viewer.id]
        if user.digest == "never" or not user.email:
            continue
        told = away.get(viewer.id), last.get(viewer.id)
        upto = cutoff(user.digest, moment, quiet, *told, user.time_zone, user.digest_hour)
        if viewer.id in busy or upto is None:
            later.add(viewer.id)
            continue
        oldest = [u.events[0]["at"] for u in await unread(s, viewer)]
        if oldest and min(oldest) <= log.instant(upto):
            due.add(viewer.id)
        elif oldest and user.digest == "daily":
            later.add(viewer.id)  # what is merely too fresh stirs its ticket again when it is old enough
    return due, later


async def _away_since(s: Session, ids: set[int]) -> dict[int, datetime]:
    query = select(Presence.user_id, func.max(Presence.until)).where(col(Presence.user_id).in_(ids))
    return dict((await s.exec(query.group_by(col(Presence.user_id)))).all())


async def _last_digest(s: Session, ids: set[int]) -> dict[int, datetime]:
    query = select(Dispatch.user_id, func.max(Dispatch.sent_at)).where(
        Dispatch.kind == "digest", Dispatch.state == "sent", col(Dispatch.user_id).in_(ids)
    )
    return {u: at for u, at in (await s.exec(query.group_by(col(Dispatch.user_id)))).all() if u and at}


async def still_away(s: Session, user: User, quiet: timedelta) -> datetime | None:
    """None while this person is away for long enough; else when to ask again."""
    since = (await _away_since(s, {user.id or 0})).get(user.id or 0)
    return max(since, now()) + quiet if since is not None and since > now() - quiet else None
