"""Finding tickets by words: only in what the viewer may see. Input is taken literally, whatever signs stand in it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, false, func, or_
from sqlalchemy import select as sa_select
from sqlmodel import col, select

from server.db import Session
from server.errors import Invalid, TooMany
from server.events import log
from server.events.kinds import PUBLIC, STAFF
from server.events.model import Event
from server.people.policy import Viewer
from server.search import index, morphology
from server.search.model import SearchText
from server.tickets import queries
from server.tickets.model import Ticket

SHORTEST, LONGEST = 2, 200
_NUMBER = re.compile(r"(?:№|#|N)?\s*(\d{1,9})", re.I)


@dataclass(frozen=True)
class Asked:
    """What somebody looks for: words in their order, and the ticket number if it can be one."""

    words: list[str]
    number: int | None


AT_ONCE = 4
PATIENCE = 5.0
_turns = asyncio.Semaphore(AT_ONCE)


@asynccontextmanager
async def turn() -> AsyncIterator[None]:
    """Around a search, before it takes a connection: a crowd of searchers waits here, not in the way of the talk."""
    try:
        async with asyncio.timeout(PATIENCE):
            await _turns.acquire()
    except TimeoutError:
        raise TooMany("Сейчас ищет слишком много людей. Повторите через несколько секунд.", retry_after=3) from None
    try:
        yield
    finally:
        _turns.release()


def asked(q: str) -> Asked:
    """Reads what was typed; `Invalid` when it is too little or too much to look for."""
    q = " ".join(q.split())
    number = _NUMBER.fullmatch(q)
    if len(q) > LONGEST:
        raise Invalid({"q": "Слишком длинный запрос: хватит %(limit)d знаков"}, values={"limit": LONGEST})
    if len(q) < SHORTEST and not number:
        raise Invalid({"q": "Напишите хотя бы две буквы или номер обращения"})
    words = morphology.words(q)
    told = any(len(word) >= SHORTEST for word in words)  # single letters alone stand in every other text
    return Asked(words if told else [], int(number[1]) if number else None)


def matching(s: Session, viewer: Viewer, what: Asked) -> ColumnElement[bool]:
    """A condition on `Ticket`; whether it may be seen is not said here: `queries.visible` stands beside it."""
    ways: list[ColumnElement[bool]] = []
    if what.words:
        ways.append(col(Ticket.number).in_(_rows(s, viewer, what.words)))
    if what.number is not None:
        ways.append(col(Ticket.number) == what.number)
    return or_(*ways) if ways else false()


def _rows(s: Session, viewer: Viewer, words: list[str]) -> Any:
    # The staff line is searched for those only who see that very ticket as staff.
    found = sa_select(col(SearchText.ticket)).where(index.holds(s, words))
    if not viewer.staff:
        return found.where(col(SearchText.line) == PUBLIC)
    theirs = sa_select(col(Ticket.number)).where(queries.visible_as_staff(viewer))
    return found.where(or_(col(SearchText.line) == PUBLIC, col(SearchText.ticket).in_(theirs)))


async def count(s: Session, viewer: Viewer, what: Asked) -> int:
    """How many tickets are found."""
    found = select(func.count()).select_from(Ticket)
    return (await s.exec(found.where(queries.visible(viewer), matching(s, viewer, what)))).one()


async def hits(s: Session, viewer: Viewer, what: Asked, limit: int = 50) -> list[dict[str, Any]]:
    """Found tickets, the latest word first, each with the text found; `where`: subject, message, note or file."""
    tickets = list(
        (
            await s.exec(
                select(Ticket)
                .where(queries.visible(viewer), matching(s, viewer, what))
                .order_by(col(Ticket.last_at).desc(), col(Ticket.number).desc())
                .limit(limit)
            )
        ).all()
    )
    events = await _found_events(s, viewer, what, [t.number for t in tickets])
    shown = await queries.tickets_json(s, viewer, tickets)
    return [_hit(t, row, events.get(t.number), what) for t, row in zip(tickets, shown, strict=True)]


async def _found_events(
    s: Session, viewer: Viewer, what: Asked, tickets: list[int]
) -> dict[int, tuple[str, dict[str, Any]]]:
    """The newest message of each ticket that holds the words, as it reads now, with its line."""
    if not what.words or not tickets:
        return {}
    theirs = sa_select(col(Ticket.number)).where(queries.visible_as_staff(viewer))
    age = func.row_number().over(partition_by=col(Event.ticket), order_by=(col(Event.at).desc(), col(Event.id).desc()))
    found = (
        sa_select(col(Event.id), age.label("age"))
        .join(
            SearchText,
            (col(SearchText.ticket) == col(Event.ticket))
            & (col(SearchText.line) == col(Event.line))
            & (col(SearchText.seq) == col(Event.seq)),
        )
        .where(
            index.holds(s, what.words),
            col(SearchText.ticket).in_(tickets),
            or_(col(SearchText.line) == PUBLIC, col(SearchText.ticket).in_(theirs)),
        )
        .subquery()
    )
    newest = (await s.exec(select(Event).join(found, (found.c.id == col(Event.id)) & (found.c.age == 1)))).all()
    wire = await log.wire(s, newest)
    return {e.ticket: (e.line, shown) for e, shown in zip(newest, wire, strict=True)}


def _hit(ticket: Ticket, row: dict[str, Any], event: tuple[str, dict[str, Any]] | None, what: Asked) -> dict[str, Any]:
    hit = {"ticket": row, "where": "subject", "author": None, "at": log.instant(ticket.last_at), "text": ""}
    if event is None or _says(ticket.subject, what.words):
        return hit
    line, shown = event
    hit |= {"author": shown["author"], "at": shown["at"], "text": shown.get("text") or ""}
    if _says(f"{ticket.subject} {hit['text']}", what.words):
        return hit | {"where": "note" if line == STAFF else "message"}
    return hit | {"where": "file", "text": ", ".join(file["name"] for file in shown.get("files", ()))}


def _says(text: str, words: list[str]) -> bool:
    known = morphology.terms_of(text)
    return bool(words) and all(known & morphology.terms(word) for word in words)
