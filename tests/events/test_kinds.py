"""The catalogue: every kind comes out of the log as the protocol says, and can be shown in both languages."""

from typing import Any

import pytest

from server.db import Database, Session
from server.events import log
from server.events.kinds import (
    KINDS,
    PUBLIC,
    STAFF,
    Approval,
    Assignee,
    Delete,
    Edit,
    Estimate,
    EstimateLine,
    FileRef,
    Kind,
    Line,
    Message,
    Participant,
    Payment,
    Rating,
    Service,
    ServiceRef,
    StatusChange,
    Time,
    Urgency,
)  # fmt: skip
from server.events.log import Committed
from server.tickets.writing import Opened, open_ticket
from server.words.i18n import LOCALES
from server.words.render import events_html
from tests.cast import Cast, as_viewer, ask, on_sqlite

EVIL = "<script>alert('«»')</script> & \"кавычки\""
FILE = FileRef(id="f1", name="снимок <b>.png", size=12_345, type="image/png")
LINE = EstimateLine(text=EVIL, unit="hour", quantity="1.5", price=250_000, vat="22", sum=375_000)


def samples(cast: Cast) -> list[Kind]:
    """One of each kind, with something in every field."""
    return [
        Message(id="m-1", text=EVIL, files=(FILE,), reply_to=1),
        StatusChange(frm="estimating", to="waiting", comment=EVIL),
        Assignee(frm=cast.denis.id, to=cast.lev.id),
        Estimate(version=1, lines=(LINE,), amount=375_000, due="2026-12-01", comment=EVIL),
        Approval(version=1, decision="rejected", comment=EVIL),
        Payment(state="invoiced", invoice=EVIL[:40]),
        Participant(added=cast.boris.id),
        Urgency(frm="normal", to="high", comment=EVIL),
        Service(frm=ServiceRef(id=1, name="Учёт"), to=ServiceRef(id=2, name=EVIL), comment=EVIL),
        Edit(of=1, text=EVIL),
        Delete(of=1),
        Time(minutes=90, date="2026-11-24", comment=EVIL, billable=True),
        Rating(score=5, comment=EVIL),
    ]


def bare(cast: Cast) -> list[Kind]:
    """One of each kind with everything left out that may be."""
    return [
        Message(id="m-1", text="да"),
        StatusChange(frm=None, to="new"),
        Assignee(frm=None, to=None),
        Estimate(version=1, lines=(LINE,), amount=375_000),
        Approval(version=1, decision="approved"),
        Payment(state="not_needed"),
        Participant(removed=cast.boris.id),
        Urgency(frm="high", to="low"),
        Service(frm=ServiceRef(id=1, name="Учёт"), to=ServiceRef(id=2, name="Сеть")),
        Edit(of=1, text="нет"),
        Delete(of=1),
        Time(minutes=1, date="2026-11-24", comment="", billable=False),
        Rating(score=1),
    ]


def people(cast: Cast) -> dict[int, dict[str, Any]]:
    roles = {cast.anna: "client", cast.boris: "client", cast.denis: "executor", cast.lev: "lead"}
    return {p.id: {"id": p.id, "name": p.name, "roles": [role]} for p, role in roles.items()}


async def opened(s: Session, cast: Cast, number: int) -> Opened:
    return await open_ticket(s, await as_viewer(s, cast.denis), number)


def expected(kind: Kind, cast: Cast) -> dict[str, Any]:
    """The fields of EVENT beside seq, at, kind and author."""
    found = kind.model_dump(mode="json", by_alias=True)
    known = people(cast)
    return {k: known[v] if k in kind.people and v is not None else v for k, v in found.items()}


async def test_every_kind_comes_out_of_the_log_as_the_protocol_says(db: Database, cast: Cast) -> None:
    """Told at the commit or read later: the same. (Seen red: `people` of Participant emptied.)"""
    told: list[Any] = []

    async def listen(news: Any) -> None:
        told.extend(n for n in news if isinstance(n, Committed))

    db.listener = listen
    assert {k.kind for k in samples(cast)} == set(KINDS)
    for kind in samples(cast) + bare(cast):
        number = await ask(db, cast.anna, cast.accounting)
        for line in sorted(kind.on):
            async with db.transaction() as s:
                o = await opened(s, cast, number)
                event = await o.record(kind, line=line, client_id=getattr(kind, "id", None) and f"{number}-{line}")
            async with db.reading() as s:
                [read] = await log.wire(s, [e for e in [await log.one(s, number, line, event.seq)] if e])
            shown = {k: v for k, v in read.items() if k not in ("seq", "at", "kind", "author", "id")}
            assert shown == {k: v for k, v in expected(kind, cast).items() if k != "id"}
            assert read["author"] == people(cast)[cast.denis.id]
            assert (read["kind"], read["seq"]) == (kind.kind, event.seq)
            assert told[-1] == Committed(number, line, event.seq, read, o.ticket.head)


@on_sqlite
async def test_a_kind_stands_on_its_own_lines_only(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    wrong: list[tuple[Kind, Line]] = [(k, line) for k in samples(cast) for line in (PUBLIC, STAFF) if line not in k.on]
    async with db.transaction() as s:
        o = await opened(s, cast, number)
        for kind, line in wrong:
            with pytest.raises(ValueError, match="does not stand"):
                await log.append(s, o.ticket, kind, cast.denis.id, line=line)
    assert (o.ticket.head, o.ticket.staff_head) == (1, 0)


@on_sqlite
async def test_every_kind_can_be_shown_in_both_languages(db: Database, cast: Cast) -> None:
    """What people typed is text there, whatever it looks like. (Seen red: events/_rating.html away.)"""
    number = await ask(db, cast.anna, cast.accounting)
    for kind in samples(cast) + bare(cast):
        async with db.transaction() as s:
            o = await opened(s, cast, number)
            event_line = sorted(kind.on)[0]
            event = await o.record(kind, line=event_line)
            [wire] = await log.wire(s, [event])
        for html in (events_html(wire, event_line, locale) for locale in LOCALES):
            assert f'data-seq="{event.seq}"' in html, kind.kind
            assert "<script" not in html, kind.kind
            assert "None" not in html, kind.kind


@on_sqlite
async def test_a_note_looks_like_one_wherever_it_comes_from(db: Database, cast: Cast) -> None:
    """The line decides, in the one template. (Seen red: the socket's rows left it to the browser.)"""
    number = await ask(db, cast.anna, cast.accounting)
    for kind in [k for k in samples(cast) if STAFF in k.on and k.kind != "delete"]:
        async with db.transaction() as s:
            o = await opened(s, cast, number)
            event = await o.record(kind, line=STAFF)
            [wire] = await log.wire(s, [event])
        html = events_html(wire, STAFF, "ru")
        assert f'id="n{event.seq}"' in html, kind.kind
        if kind.kind != "edit":
            assert "клиент не видит" in html, kind.kind
            assert ('class="e note"' in html) == (kind.kind == "message")
        if PUBLIC in kind.on:
            public = events_html(wire, PUBLIC, "ru")
            assert f'id="m{event.seq}"' in public, kind.kind
            assert "клиент не видит" not in public, kind.kind
