"""The lists as pages show them: which rows, in which groups, under which filters. What is visible is decided in
`queries`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from server.catalogue.queries import organisations, services_by_group
from server.db import Session
from server.errors import Invalid
from server.people.policy import Viewer
from server.people.queries import staff
from server.tickets import counts, narrowing, queries, search
from server.tickets.inbox import with_cursor
from server.tickets.model import Ticket
from server.tickets.narrowing import Narrowing
from server.tickets.workflow import OPEN, STATUSES
from server.words import text

MOST = 200
RECENT = 10
Row = dict[str, Any]
Looking = Callable[[int], list[dict[str, Any]]]

FILTERS = ("status", "urgency", "service", "organisation", "assignee")
CLIENT_FILTERS = ("status", "urgency", "service")


async def client_list(s: Session, viewer: Viewer, asked: Mapping[str, str]) -> dict[str, Any]:
    """The context of tickets/requests.html."""
    view = asked.get("view", "open") if asked.get("view") in counts.CLIENT_VIEWS else "open"
    filters = {name: asked.get(name, "") for name in CLIENT_FILTERS}
    q = asked.get("q", "")
    rows = await _rows(s, viewer, view, filters, q)
    deciding = {o for o, p in viewer.memberships.items() if p.can_approve}
    if view in counts.DECIDING_VIEWS and not q and not any(filters.values()):
        rows = await queries.decidable_rows(s, viewer) + rows
    groups = _grouped(rows, ("ask", "turn", "work", "closed"), lambda row: _client_key(row, deciding))
    if view == "open" and not q and not any(filters.values()):
        recent = await _rows(s, viewer, "closed", filters, "", RECENT)
        groups.append({"key": "recent", "rows": recent})
    services = await services_by_group(s)
    return {"view": view, "groups": groups, "filters": filters, "services": services, "q": q}


async def staff_queue(
    s: Session, viewer: Viewer, asked: Mapping[str, str], looking: Looking, typing: Looking
) -> dict[str, Any]:
    """The context of tickets/queue.html; `looking` and `typing` tell who of the staff is at a ticket."""
    view = asked.get("view", "all") if asked.get("view") in counts.STAFF_VIEWS else "all"
    filters = {name: asked.get(name, "") for name in FILTERS}
    q = asked.get("q", "")
    rows = await _rows(s, viewer, view, filters, q)
    for row in rows:
        row |= {name: [p for p in at(row["number"]) if p["id"] != viewer.id]
                for name, at in (("viewers", looking), ("typing", typing))}  # fmt: skip
    return {
        "view": view, "groups": _grouped(rows, ("answer", "doing", "wait", "closed"), _staff_key), "filters": filters,
        "services": await services_by_group(s), "q": q, "total": await _total(s, viewer, view, filters, q),
        "organisations": [{"id": o.id, "name": o.name} for o in await organisations(s)] if viewer.lead else [],
        "staff": [u.person() for u in await staff(s, "executor", "lead")],
    }  # fmt: skip


async def found(s: Session, viewer: Viewer, q: str) -> dict[str, Any]:
    """The context of tickets/search.html."""
    if not q.strip():
        return {"q": "", "hits": [], "total": 0}
    try:
        what = search.asked(q)
    except Invalid:
        return {"q": q, "hits": [], "total": 0}
    return {"q": q, "hits": await search.hits(s, viewer, what), "total": await search.count(s, viewer, what)}


def _narrowing(filters: Mapping[str, str], q: str) -> Narrowing:
    status, urgency, assignee = (filters.get(name, "") for name in ("status", "urgency", "assignee"))
    return Narrowing(
        status=[status] if status else (), urgency=[urgency] if urgency else (),
        service=_id(filters.get("service", "")), organisation=_id(filters.get("organisation", "")),
        assignee=assignee if assignee in ("me", "none") else _id(assignee), q=q if q.strip() else None,
    )  # fmt: skip


def _id(value: str) -> int | None:
    """A number nobody has for what is none."""
    return text.number(value) or 0 if value else None


def _query(s: Session, viewer: Viewer, what: Any, view: str, filters: Mapping[str, str], q: str) -> Any:
    """Of the tickets in the list. Looking for words or for a status goes beyond what the view holds open. `Invalid`
    where there is nothing in `q` to look for."""
    wide = bool(q.strip()) or bool(filters.get("status"))
    held = [] if wide else [counts.view(viewer, view)]
    narrowed = narrowing.conditions(s, viewer, _narrowing(filters, q))
    return with_cursor(what, viewer).where(queries.visible(viewer), *held, *narrowed)


async def _rows(
    s: Session, viewer: Viewer, view: str, filters: Mapping[str, str], q: str, most: int = MOST
) -> list[Row]:
    try:
        query = _query(s, viewer, select(Ticket), view, filters, q)
    except Invalid:
        return []
    tickets = (await s.exec(query.order_by(col(Ticket.last_at).desc(), col(Ticket.number).desc()).limit(most))).all()
    return await queries.rows(s, viewer, tickets)


async def _total(s: Session, viewer: Viewer, view: str, filters: Mapping[str, str], q: str) -> int:
    try:
        query = _query(s, viewer, select(func.count()).select_from(Ticket), view, filters, q)
    except Invalid:
        return 0
    return int((await s.execute(query)).scalar_one())


def _grouped(rows: Sequence[Row], keys: Sequence[str], key: Callable[[Row], str]) -> list[dict[str, Any]]:
    found: dict[str, list[Row]] = {k: [] for k in keys}
    for row in rows:
        found[key(row)].append(row)
    return [{"key": k, "rows": found[k]} for k in keys]


def _client_key(row: Row, deciding: set[int]) -> str:
    if row["status"] not in OPEN:
        return "closed"
    if row["status"] == "approval" and row["organisation"]["id"] in deciding:
        return "ask"
    return "turn" if STATUSES[row["status"]].turn == "client" else "work"


def _staff_key(row: Row) -> str:
    """What the executor must answer, what is being worked on, and what waits for the client stand apart."""
    if row["status"] not in OPEN:
        return "closed"
    mover = STATUSES[row["status"]].turn
    if mover in ("client", "approver"):
        return "wait"
    last = row["last"]["author"]
    asked = last is None or "client" in last["roles"]
    return "answer" if row["status"] == "new" or (asked and mover == "executor") else "doing"
