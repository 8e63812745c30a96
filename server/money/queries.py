"""Reading estimates: what an approver decides on, and how it was decided. Who may, says `tickets.policy`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from server.db import Session
from server.errors import NotFound
from server.events import log
from server.money.model import Estimate
from server.people.policy import Viewer
from server.people.queries import by_ids
from server.tickets import policy
from server.tickets.facts import participants
from server.tickets.model import Ticket
from server.tickets.policy import Facts


@dataclass(frozen=True)
class Decidable:
    """A ticket together with the estimate that this person may look at."""

    ticket: Ticket
    facts: Facts
    estimate: Estimate


async def is_decided(s: Session, number: int) -> bool:
    """Whether somebody has decided on some version of this ticket's estimate."""
    query = select(Estimate.id).where(Estimate.ticket == number, col(Estimate.decided_by).is_not(None))
    return (await s.exec(query.limit(1))).one_or_none() is not None


async def decidable(s: Session, viewer: Viewer, number: int) -> Decidable:
    """The estimate that waits, or the last one; of a private ticket, once it waits no more, the last that was
    decided. `NotFound` for whom there is none."""
    ticket = await s.get(Ticket, number, populate_existing=True)
    if ticket is None:
        raise NotFound
    facts = ticket.facts(await participants(s, number))
    estimates = await _versions(s, number)
    if not policy.sees_estimate(viewer, facts):
        estimates = [e for e in estimates if e.decided_by and policy.sees_decision(viewer, facts, decided=True)]
    if not estimates:
        raise NotFound
    return Decidable(ticket, facts, estimates[-1])


async def _versions(s: Session, number: int) -> Sequence[Estimate]:
    return (await s.exec(select(Estimate).where(Estimate.ticket == number).order_by(col(Estimate.version)))).all()


async def decision_page(s: Session, viewer: Viewer, number: int) -> dict[str, Any]:
    """The context of templates/ticket/decision.html: subject, lines and sum; nothing of the conversation."""
    found = await decidable(s, viewer, number)
    t, e = found.ticket, found.estimate
    people = await by_ids(s, {i for i in (t.author_id, e.decided_by) if i is not None})
    sees, powers = policy.sees(viewer, found.facts), viewer.powers(t.organisation_id)
    return {
        "number": t.number, "subject": t.subject, "private": t.private, "sees": sees,
        "author": people[t.author_id].person(), "created_at": log.instant(t.created_at),
        "organisation": powers.organisation if powers else "",
        "status": t.status if sees or e.decision == "waiting" else None,
        "waits": t.status == "approval" and e.version == t.estimate_version and e.decision == "waiting",
        "decides": policy.approves(viewer, found.facts),
        "estimate": {
            "version": e.version, "lines": e.lines, "amount": e.amount, "due": e.due.isoformat() if e.due else None,
            "comment": e.comment, "decision": e.decision, "decision_comment": e.decision_comment,
            "decided_at": log.instant(e.decided_at) if e.decided_at else None,
            "decided_by": people[e.decided_by].person() if e.decided_by else None,
        },
    }  # fmt: skip
