"""Everything the ticket page shows, gathered for one viewer. What may be seen and done is asked of `policy` and
`workflow`."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import col, func, select

from server.catalogue.model import Service
from server.catalogue.queries import services
from server.clock import now
from server.db import Session
from server.events import log
from server.events.kinds import PUBLIC, SETTLED, STAFF
from server.events.model import Event
from server.files.model import File
from server.money.model import TimeEntry
from server.money.queries import versions
from server.people.model import User
from server.people.policy import WORKING_ROLES, Viewer
from server.people.queries import approvers, by_ids, last_seen, members, responsible, staff
from server.tickets import policy, queries, reading, turns
from server.tickets.drafts import draft
from server.tickets.facts import THINGS, standing
from server.tickets.model import Ticket
from server.tickets.people import people_json
from server.tickets.queries import Seen
from server.tickets.workflow import ACCEPTED, OPEN, REVISABLE, moves

NOTES = 200
MINI = 50
DANGER = frozenset({"cancelled"})


async def ticket_page(s: Session, viewer: Viewer, number: int, online: set[int]) -> dict[str, Any]:
    """The context of templates/ticket/page.html; `NotFound` for whom the ticket does not exist."""
    seen = await queries.find(s, viewer, number)
    return await _conversation(s, viewer, seen) | await _beside(s, viewer, seen, online)


async def panel(s: Session, viewer: Viewer, number: int, online: set[int]) -> dict[str, Any]:
    """The context of templates/ticket/panel.html: what stands around the conversation, without it."""
    return await _beside(s, viewer, await queries.find(s, viewer, number), online)


async def _conversation(s: Session, viewer: Viewer, seen: Seen) -> dict[str, Any]:
    ticket = seen.ticket
    context = {
        "head": ticket.head,
        "events": await log.wire(s, await log.newest(s, ticket.number, PUBLIC)),
        "first_unread": await _first_unread(s, viewer, seen),
    }
    if not policy.sees_as_staff(viewer, seen.facts):
        return context
    notes = await log.wire(s, await log.newest(s, ticket.number, STAFF, NOTES))
    return context | {"notes": notes, "staff_head": ticket.staff_head}


async def _beside(s: Session, viewer: Viewer, seen: Seen, online: set[int]) -> dict[str, Any]:
    ticket, is_staff = seen.ticket, policy.sees_as_staff(viewer, seen.facts)
    workers = await staff(s, *WORKING_ROLES)
    context: dict[str, Any] = {
        "ticket": await queries.ticket_json(s, viewer, ticket),
        "people": await _people(s, viewer, seen, online),
        "can": can(viewer, seen),
        "seen": {thing: standing(ticket, thing) for thing in THINGS},
        "moves": await _moves(s, viewer, seen),
        "executor": await _executor(s, viewer, ticket, online),
        "estimates": await versions(s, ticket),
        "files": await _files(s, ticket.number, is_staff),
        "draft": await draft(s, viewer, str(ticket.number)),
        "today": now().date().isoformat(),
        **await _history(s, ticket),
    }
    context["addable"] = await _addable(s, seen, workers, {p["id"] for p in context["people"]})
    return context | (await _for_staff(s, viewer, seen, workers) if is_staff else {})


async def _for_staff(s: Session, viewer: Viewer, seen: Seen, workers: list[User]) -> dict[str, Any]:
    ticket = seen.ticket
    minutes = await s.exec(select(func.sum(TimeEntry.minutes)).where(TimeEntry.ticket == ticket.number))
    mine = await queries.open_tickets(s, viewer, MINI, assigned=True)
    return {
        "services": [{"id": x.id, "name": x.name} for x in await services(s)],
        "staff": [u.person() for u in workers],
        "answering": {u.id for u in await responsible(s, ticket.service_id)},
        "minutes": minutes.one() or 0,
        "deadlines": [],
        "mini": {"title": "Мои", "rows": await queries.rows(s, viewer, mine)} if mine else None,
    }


def can(viewer: Viewer, seen: Seen) -> set[str]:
    """What this person may do here now, in the words the templates know."""
    t, facts = seen.ticket, seen.facts
    is_open = t.status in OPEN
    works = policy.can_work(viewer, facts) and is_open
    actors = policy.actors(viewer, facts)
    ways = list(moves(t.status, actors))
    doors = {move.via for move in ways}
    answers = {
        "say": is_open and policy.can_write(viewer, facts, PUBLIC),
        "note": is_open and policy.can_write(viewer, facts, STAFF),
        "edit": is_open and policy.can_write(viewer, facts, PUBLIC),
        "claim": works and t.assignee_id is None,
        "assign": is_open and policy.can_assign(viewer, facts),
        "estimate": "estimate" in doors,
        "revise": t.status in REVISABLE and any(move.to == "estimating" for move in ways),
        "approve": "approval" in doors,
        "pay": policy.can_bill(viewer) and policy.sees_as_staff(viewer, facts),
        "urgency": is_open and policy.can_change_urgency(viewer, facts),
        "service": is_open and policy.can_change_service(viewer),
        "participants": is_open and policy.can_add_people(viewer, facts),
        "time": works,
        "rate": policy.can_rate(viewer, facts) and t.status in ACCEPTED and t.rating is None,
    }
    return {word for word, yes in answers.items() if yes}


async def _moves(s: Session, viewer: Viewer, seen: Seen) -> list[dict[str, Any]]:
    """The buttons of the transition table for this person now."""
    t, actors = seen.ticket, policy.actors(viewer, seen.facts)
    service = await s.get_one(Service, t.service_id)
    found = moves(t.status, actors, via="status", back_to=t.waiting_from, no_approval=not service.needs_approval)
    return [
        {
            "to": m.to, "label": m.named(actors), "comment": m.asks_comment(actors),
            "tone": "good" if m.to == "done" else "danger" if m.to in DANGER else "",
        }
        for m in found
    ]  # fmt: skip


async def _people(s: Session, viewer: Viewer, seen: Seen, online: set[int]) -> list[dict[str, Any]]:
    people = await people_json(s, viewer, seen, PUBLIC)
    positions = await by_ids(s, {p["id"] for p in people})
    deciders = {u.id for u in await approvers(s, seen.ticket.organisation_id)}
    return [
        p | {"online": p["id"] in online, "position": positions[p["id"]].position, "can_approve": p["id"] in deciders}
        for p in people
    ]


async def _executor(s: Session, viewer: Viewer, ticket: Ticket, online: set[int]) -> dict[str, Any] | None:
    """The assignee's card: for clients from `estimating` on."""
    assignee = ticket.assignee_id if viewer.staff else ticket.named_assignee
    if assignee is None:
        return None
    user = await s.get_one(User, assignee)
    until = (await last_seen(s, assignee)).get(assignee)
    return user.person() | {
        "position": user.position, "phone": user.phone,
        "online": user.id in online or (until is not None and until > now()),  # as where a service is chosen
        "seen_at": log.instant(min(until, now())) if until else None,
    }  # fmt: skip


async def _files(s: Session, number: int, is_staff: bool) -> list[dict[str, Any]]:
    lines = (PUBLIC, STAFF) if is_staff else (PUBLIC,)
    query = select(File).where(File.ticket == number, col(File.line).in_(lines)).order_by(col(File.created_at))
    rows = (await s.exec(query)).all()
    people = await by_ids(s, {f.uploader_id for f in rows})
    return [
        {
            "id": f.id, "name": f.name, "size": f.size, "type": f.type, "author": people[f.uploader_id].person(),
            "at": log.instant(f.created_at),
        }
        for f in rows
    ]  # fmt: skip


async def _history(s: Session, ticket: Ticket) -> dict[str, Any]:
    """The visible history of statuses, and what follows from it: the path and whose turn it is."""
    found = await log.of_kind(s, ticket.number, "status")
    first = await log.one(s, ticket.number, PUBLIC, 1)
    begun = [turns.Step(ticket.created_at, None, "new")]
    steps = begun + [turns.Step(e.at, e.data["from"], e.data["to"]) for e in found]
    end = ticket.status_since if ticket.status not in OPEN else now()
    service = await s.get_one(Service, ticket.service_id)
    turn = turns.turn(steps, end, settled=ticket.payment_state in SETTLED)
    return {
        "history": await _history_lines(s, [*([first] if first else []), *found]),
        "turn": turn | {"since": log.instant(turn["since"])},
        "path_steps": [
            p | {"at": log.instant(p["at"]) if p["at"] else None}
            for p in turns.path(steps, ticket.status, ticket.waiting_from, approval=service.needs_approval)
        ],
    }


async def _history_lines(s: Session, events: Sequence[Event]) -> list[dict[str, Any]]:
    lines = [
        {
            "at": e["at"], "author": e["author"], "from": e.get("from"), "to": e.get("to", "new"),
            "comment": e.get("comment"),
        }
        for e in await log.wire(s, events)
    ]  # fmt: skip
    return lines[::-1]


async def _first_unread(s: Session, viewer: Viewer, seen: Seen) -> int | None:
    """The first event of somebody else beyond the read cursor."""
    number = seen.ticket.number
    cursor = (await reading.cursors(s, [number], viewer.id)).get((number, PUBLIC))
    if not reading.unread(seen.ticket.head, cursor):
        return None
    query = select(func.min(Event.seq)).where(
        Event.ticket == number, Event.line == PUBLIC, Event.seq > (cursor.upto if cursor else 0),
        Event.author_id != viewer.id,
    )  # fmt: skip
    return (await s.exec(query)).one()


async def _addable(s: Session, seen: Seen, workers: list[User], there: set[int]) -> list[dict[str, Any]]:
    """Whom one could bring in: of the ticket's organisation, and of the staff."""
    people = [*await members(s, seen.ticket.organisation_id), *workers]
    return [u.person() for u in people if u.id not in there]
