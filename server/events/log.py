"""The numbered log: append in a transaction, read by number. Who may read is decided before (`tickets.policy`)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, case, update
from sqlalchemy import select as rows_of
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import SQLModel, col, select

from server.clock import now
from server.db import Session
from server.events import access, chain
from server.events.kinds import KINDS, PUBLIC, STAFF, Kind, Line
from server.events.model import Event
from server.people.model import User
from server.tickets.model import Ticket

PAGE = 200
NEWEST = 50
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Committed:
    """News for the fan-out: an event as it goes over the wire. `public`: how far the public log was then; rights are
    shifted there, also those to hear of this event."""

    ticket: int
    line: Line
    seq: int
    event: dict[str, Any]
    public: int


@dataclass(frozen=True)
class ReadMoved:
    """News for the fan-out: somebody has read a log further."""

    ticket: int
    line: Line
    person: dict[str, Any]
    upto: int


def micros(moment: datetime) -> int:
    """Whole microseconds since 1970."""
    return int(moment.timestamp() * 1_000_000)


async def append(
    s: Session,
    ticket: Ticket,
    kind: Kind,
    author: int,
    *,
    line: Line = PUBLIC,
    client_id: str | None = None,
    also: Mapping[str, Any] = _NOTHING,
) -> Event:
    """Writes the next event of a ticket's log and puts it down for the fan-out. The number is taken by the UPDATE that
    locks the ticket's row, so numbers are commit order and have no holes; `also` is what else it sets there."""
    if line not in kind.on:
        raise ValueError(f"{kind.kind} does not stand on the {line} line")
    at = now()
    seq = await _take_number(s, ticket, line, at, also if line == STAFF else {"last_at": at, **also})
    data = kind.model_dump(mode="json", by_alias=True, exclude={"text", "id"} if kind.has_text else None)
    text = getattr(kind, "text", None) if kind.has_text else None
    salt = chain.new_salt()
    digest = chain.digest(salt, at=at, kind=kind.kind, author=author, client_id=client_id, text=text, data=data)
    event = Event(
        ticket=ticket.number, line=line, seq=seq, at=at, kind=kind.kind, author_id=author, client_id=client_id,
        text=text, data=data, salt=salt, digest=digest,
        link=chain.link(await _link_before(s, ticket.number, line, seq), ticket.number, line, seq, digest),
    )  # fmt: skip
    s.add(event)
    await s.flush()
    if s.heard:
        s.tell(Committed(ticket.number, line, seq, (await wire(s, [event]))[0], ticket.head))
        s.at_last(access.settle)
    return event


async def _take_number(s: Session, ticket: Ticket, line: Line, at: datetime, also: Mapping[str, Any]) -> int:
    values = {"of": ticket.number, "moment": micros(at)} | {f"new_{k}": v for k, v in also.items()}
    row = (await s.execute(_taking(line, tuple(also)), values)).mappings().one()
    for name, value in row.items():
        set_committed_value(ticket, name, value)
    return int(row["head" if line == PUBLIC else "staff_head"])


# Made once, and on the bare table: to build the statement, or to look for objects it might touch, costs more than to
# run it.
@cache
def _taking(line: Line, also: tuple[str, ...]) -> Any:
    c = SQLModel.metadata.tables["ticket"].c
    head, *versions = ("head", "changed", "staff_changed") if line == PUBLIC else ("staff_head", "staff_changed")
    values = {head: c[head] + 1} | {v: _later(c[v]) for v in versions} | {n: bindparam(f"new_{n}") for n in also}
    return update(c.number.table).where(c.number == bindparam("of")).values(values).returning(*(c[n] for n in values))


def _later(column: Any) -> Any:
    """The moment, or a little more than what stands there: versions grow even when clocks don't."""
    return case((column < bindparam("moment"), bindparam("moment")), else_=column + 1)


async def _link_before(s: Session, ticket: int, line: Line, seq: int) -> str:
    if seq == 1:
        return chain.START
    return str((await s.execute(_LINK, {"ticket": ticket, "line": line, "seq": seq - 1})).scalar_one())


_EVENTS = SQLModel.metadata.tables["event"].c
_LINK = rows_of(_EVENTS.link).where(
    _EVENTS.ticket == bindparam("ticket"), _EVENTS.line == bindparam("line"), _EVENTS.seq == bindparam("seq")
)


async def after(s: Session, ticket: int, line: Line, seq: int, limit: int = PAGE) -> list[Event]:
    """Events beyond `seq`, ascending."""
    query = select(Event).where(Event.ticket == ticket, Event.line == line, Event.seq > seq)
    return list((await s.exec(query.order_by(col(Event.seq)).limit(limit))).all())


async def newest(s: Session, ticket: int, line: Line, limit: int = NEWEST, before: int | None = None) -> list[Event]:
    """The last events (of those before a number), ascending."""
    query = select(Event).where(Event.ticket == ticket, Event.line == line)
    if before is not None:
        query = query.where(Event.seq < before)
    rows = (await s.exec(query.order_by(col(Event.seq).desc()).limit(limit))).all()
    return list(reversed(rows))


async def of_kind(s: Session, ticket: int, *kinds: str) -> list[Event]:
    """All public events of some kinds, ascending: the history of statuses, the decisions."""
    query = select(Event).where(Event.ticket == ticket, Event.line == PUBLIC, col(Event.kind).in_(kinds))
    return list((await s.exec(query.order_by(col(Event.seq)))).all())


async def latest(s: Session, ticket: int, kind: str) -> Event | None:
    """The last public event of a kind."""
    query = select(Event).where(Event.ticket == ticket, Event.line == PUBLIC, Event.kind == kind)
    return (await s.exec(query.order_by(col(Event.seq).desc()).limit(1))).first()


async def one(s: Session, ticket: int, line: Line, seq: int) -> Event | None:
    """The event of that number."""
    return (
        await s.exec(select(Event).where(Event.ticket == ticket, Event.line == line, Event.seq == seq))
    ).one_or_none()


async def by_client_id(s: Session, author: int, client_id: str) -> Event | None:
    """What this author already said under an id of their own making."""
    return (await s.exec(_SAID, params={"author": author, "client_id": client_id})).one_or_none()


_SAID = select(Event).where(Event.author_id == bindparam("author"), Event.client_id == bindparam("client_id"))


async def wire(s: Session, events: Sequence[Event]) -> list[dict[str, Any]]:
    """EVENTs of the protocol: people as PERSON, replaced texts as they read now. The one place that makes them."""
    people = await _people(s, events)
    texts = await _replacements(s, events)
    return [_wire(e, people, texts) for e in events]


def _wire(e: Event, people: dict[int, dict[str, Any]], texts: dict[tuple[int, str, int], Event]) -> dict[str, Any]:
    kind = KINDS[e.kind]
    out: dict[str, Any] = {"seq": e.seq, "at": instant(e.at), "kind": e.kind, "author": people[e.author_id]}
    if e.client_id is not None and "id" in kind.model_fields:
        out["id"] = e.client_id
    if kind.has_text:
        out["text"] = e.text
    out |= {k: people.get(v) if k in kind.people and v is not None else v for k, v in e.data.items()}
    if e.replaced_by is not None:
        _replace(out, e.replaced_by, texts[e.ticket, e.line, e.replaced_by])
    return out


def _replace(out: dict[str, Any], seq: int, by: Event) -> None:
    if by.kind == "edit":
        out |= {"text": by.text, "edited": seq}
        return
    out.pop("text", None)
    out.pop("files", None)
    out["deleted"] = seq


async def _people(s: Session, events: Iterable[Event]) -> dict[int, dict[str, Any]]:
    wanted = {e.author_id for e in events}
    for e in events:
        wanted |= {e.data[k] for k in KINDS[e.kind].people if e.data.get(k) is not None}
    if not wanted:
        return {}
    rows = (await s.exec(select(User).where(col(User.id).in_(wanted)))).all()
    return {u.id: u.person() for u in rows if u.id is not None}


async def _replacements(s: Session, events: Sequence[Event]) -> dict[tuple[int, str, int], Event]:
    wanted = {(e.ticket, e.line, e.replaced_by) for e in events if e.replaced_by is not None}
    found: dict[tuple[int, str, int], Event] = {}
    for ticket, line in {(t, ln) for t, ln, _ in wanted}:
        seqs = [seq for t, ln, seq in wanted if (t, ln) == (ticket, line)]
        rows = await s.exec(select(Event).where(Event.ticket == ticket, Event.line == line, col(Event.seq).in_(seqs)))
        found |= {(e.ticket, e.line, e.seq): e for e in rows.all()}
    return found


def instant(moment: datetime) -> str:
    """A moment as the protocol writes it: UTC, milliseconds, `Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def room_name(ticket: int, line: Line) -> str:
    """The room whose log this line is."""
    return f"ticket:{ticket}:staff" if line == STAFF else f"ticket:{ticket}"
