"""Reading estimates: their versions, what an approver decides on, how it was decided. Who may, says
`tickets.policy`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from server.db import Session
from server.errors import NotFound
from server.events import log
from server.money.changes import changes
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
    estimates: list[Estimate]


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
    estimates = list(await _versions(s, number))
    if not policy.sees_estimate(viewer, facts):
        estimates = [e for e in estimates if e.decided_by and policy.sees_decision(viewer, facts, decided=True)]
    if not estimates:
        raise NotFound
    return Decidable(ticket, facts, estimates)


async def _versions(s: Session, number: int) -> Sequence[Estimate]:
    return (await s.exec(select(Estimate).where(Estimate.ticket == number).order_by(col(Estimate.version)))).all()


async def versions(s: Session, ticket: Ticket) -> list[dict[str, Any]]:
    """All versions as a page shows them. What a version took the place of is the one `before` it; one that was approved
    stays, and the next asks for more."""
    return await _shown(s, ticket, list(await _versions(s, ticket.number)))


async def _shown(s: Session, ticket: Ticket, found: list[Estimate]) -> list[dict[str, Any]]:
    people = await by_ids(s, {e.decided_by for e in found if e.decided_by is not None})
    recalled = ticket.status != "approval" and await _recalled(s, ticket.number)
    shown: list[dict[str, Any]] = []
    for e in found:
        last = shown[-1] if shown and shown[-1]["decision"] != "approved" else None
        before = last and {k: last[k] for k in ("version", "lines", "amount", "decision")}
        shown.append({
            "version": e.version, "lines": e.lines, "amount": e.amount, "due": e.due.isoformat() if e.due else None,
            "comment": e.comment, "decision": None if e.decision == "waiting" else e.decision,
            "decision_comment": e.decision_comment, "decided_at": log.instant(e.decided_at) if e.decided_at else None,
            "decided_by": people[e.decided_by].person() if e.decided_by else None,
            "at": log.instant(e.created_at),
            "recalled": recalled and e is found[-1] and e.decision == "waiting",
            "before": before, "changes": changes(last["lines"], e.lines) if last else [],
        })  # fmt: skip
    return shown


async def _recalled(s: Session, number: int) -> bool:
    """Whether the last version was taken back from its approvers."""
    back = False
    for e in await log.of_kind(s, number, "estimate", "status"):
        back = e.kind == "status" and (back or (e.data["from"], e.data["to"]) == ("approval", "estimating"))
    return back


async def decision_page(s: Session, viewer: Viewer, number: int) -> dict[str, Any]:
    """The context of templates/ticket/decision.html: subject, lines and sum; nothing of the conversation."""
    found = await decidable(s, viewer, number)
    t, e = found.ticket, (await _shown(s, found.ticket, found.estimates))[-1]
    author = (await by_ids(s, {t.author_id}))[t.author_id]
    sees, powers = policy.sees(viewer, found.facts), viewer.powers(t.organisation_id)
    waits = t.status == "approval" and e["version"] == t.estimate_version and e["decision"] is None
    return {
        "number": t.number, "subject": t.subject, "private": t.private, "sees": sees, "head": t.head if sees else None,
        "author": author.person(), "created_at": log.instant(t.created_at),
        "organisation": powers.organisation if powers else "",
        "status": t.status if sees or e["decision"] is None else None,
        "waits": waits, "decides": policy.approves(viewer, found.facts), "estimate": e,
    }  # fmt: skip
