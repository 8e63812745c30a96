"""The demo's company as it stands after the first start: whole, believable, and under the same rules as any journal."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlmodel import col, func, select

from server import cli, opening
from server.catalogue.model import LegalEntity, Organisation
from server.clock import now
from server.config import Misconfigured, Settings, from_environment
from server.db import Database, Session
from server.demo import start
from server.demo.company import LADOGA, MOST, PEOPLE, Person
from server.demo.setting import PASSWORD
from server.errors import NotFound
from server.events.kinds import PAYMENT_STATES, PUBLIC, STAFF
from server.events.model import Event
from server.events.proof import first_broken_link
from server.files.model import File
from server.files.storage import Storage
from server.notices.model import Dispatch
from server.people.model import User
from server.people.policy import Viewer
from server.people.queries import as_viewer
from server.tickets.closing import settled
from server.tickets.counts import nav
from server.tickets.inbox import inbox_items
from server.tickets.model import Ticket
from server.tickets.queries import find, visible
from server.tickets.workflow import STATUSES

WORKING = [p for p in PEOPLE if not p.newcomer]


@dataclass(frozen=True)
class Demo:
    """A filled database, and when it was."""

    db: Database
    settings: Settings
    started: datetime


def demo_settings(folder: Path, **more: str) -> Settings:
    return start.settled(from_environment({"DATA_DIR": str(folder), **more}))


@pytest.fixture(scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    settings, started = demo_settings(tmp_path_factory.mktemp("demo")), now()
    clock, work = time.perf_counter(), time.process_time()
    assert await start.prepare(settings)
    print(f"filled in {time.perf_counter() - clock:.1f} s, {time.process_time() - work:.1f} s of work")
    db = Database(settings.database_url)
    yield Demo(db, settings, started)
    await db.close()


async def seen(s: Session, viewer: Viewer) -> list[Ticket]:
    return list((await s.exec(select(Ticket).where(visible(viewer)))).all())


async def viewers(s: Session) -> dict[str, Viewer]:
    return {u.login: await as_viewer(s, u) for u in (await s.exec(select(User))).all()}


async def test_there_are_requests_in_every_status_and_every_state_of_payment(demo: Demo) -> None:
    async with demo.db.reading() as s:
        tickets = (await s.exec(select(Ticket))).all()
    statuses = Counter(t.status for t in tickets)
    print(len(tickets), dict(statuses))
    assert len(tickets) >= 60
    assert {s for s in STATUSES if statuses[s] < 2} == set()
    assert {t.payment_state for t in tickets} == set(PAYMENT_STATES)
    assert {t.urgency for t in tickets} == {"high", "normal", "low"}
    assert any(t.private for t in tickets)
    assert any(t.due for t in tickets)
    assert any(t.rating for t in tickets)


async def test_conversations_are_of_every_length_and_no_two_messages_are_alike(demo: Demo) -> None:
    async with demo.db.reading() as s:
        said = (await s.exec(select(Event).where(Event.kind == "message"))).all()
    texts = Counter(e.text for e in said)
    assert [t for t, times in texts.items() if times > 1] == []
    lengths = Counter(Counter(e.ticket for e in said).values())
    assert sum(count for length, count in lengths.items() if length >= 12) >= 5
    assert sum(count for length, count in lengths.items() if length == 1) <= 8
    assert len(said) > 400


async def test_every_kind_of_event_is_there_to_look_at(demo: Demo) -> None:
    from server.events.kinds import KINDS

    async with demo.db.reading() as s:
        kinds = set((await s.exec(select(Event.kind).distinct())).all())
    assert set(KINDS) - kinds == set()


async def test_dates_are_filled_in(demo: Demo) -> None:
    async with demo.db.reading() as s:
        texts = [*(await s.exec(select(Event.text))).all(), *(await s.exec(select(Ticket.subject))).all()]
    assert [t for t in texts if t and re.search(r"[{}]", t)] == []


async def test_history_lies_in_the_past_in_order_and_reaches_up_to_now(demo: Demo) -> None:
    async with demo.db.reading() as s:
        events = (await s.exec(select(Event).order_by(col(Event.ticket), Event.line, col(Event.seq)))).all()
        tickets = (await s.exec(select(Ticket).order_by(col(Ticket.number)))).all()
    for before, after in pairwise(events):  # one step may write two events
        assert (before.ticket, before.line) != (after.ticket, after.line) or before.at <= after.at
    ended = now()
    assert max(e.at for e in events) <= ended
    assert ended - max(e.at for e in events) < timedelta(minutes=10)
    assert timedelta(weeks=5) < ended - min(e.at for e in events) < timedelta(weeks=7)
    assert sorted(t.created_at for t in tickets) == [t.created_at for t in tickets]


@pytest.mark.parametrize("person", [p for p in WORKING if p.roles != ("admin",)], ids=lambda p: p.login)
async def test_everybody_has_something_to_see_and_something_new(demo: Demo, person: Person) -> None:
    async with demo.db.reading() as s:
        viewer = (await viewers(s))[person.login]
        tickets = await seen(s, viewer)
        counts, unread = await nav(s, viewer), await inbox_items(s, viewer)
    assert len(tickets) >= 5
    assert counts["open"] >= 3
    assert "accountant" in viewer.roles or "lead" in viewer.roles or unread
    if any(p.can_approve for p in viewer.memberships.values()):
        assert counts["approval"] >= 2
    if "executor" in viewer.roles:
        assert counts["mine"] >= 5


async def test_most_of_what_somebody_sees_has_been_read(demo: Demo) -> None:
    async with demo.db.reading() as s:
        for login, viewer in (await viewers(s)).items():
            if tickets := await seen(s, viewer):
                assert len(await inbox_items(s, viewer)) <= len(tickets) / 2, login


async def test_neither_organisation_learns_of_the_other(demo: Demo) -> None:
    async with demo.db.reading() as s:
        names = {o.id: o.name for o in (await s.exec(select(Organisation))).all()}
        tickets = (await s.exec(select(Ticket))).all()
        everybody = await viewers(s)
        for person in (p for p in WORKING if p.organisation):
            viewer = everybody[person.login]
            assert {names[t.organisation_id] for t in await seen(s, viewer)} == {person.organisation}
            for foreign in (t for t in tickets if names[t.organisation_id] != person.organisation):
                with pytest.raises(NotFound):
                    await find(s, viewer, foreign.number)
    assert {names[t.organisation_id] for t in tickets} == {MOST, LADOGA}


async def test_what_is_private_and_what_staff_note_is_absent_for_other_clients(demo: Demo) -> None:
    async with demo.db.reading() as s:
        people = await viewers(s)
        private = (await s.exec(select(Ticket).where(Ticket.private))).all()
        noted = (await s.exec(select(Ticket).where(Ticket.staff_head > 0))).all()
        for ticket in private:
            assert (await find(s, people["sokolova"], ticket.number, PUBLIC)).ticket is ticket
            for login in ("kotov", "vershinina", "galiev", "lapin", "ershov"):
                with pytest.raises(NotFound):
                    await find(s, people[login], ticket.number)
        for ticket in noted:
            for person in (p for p in WORKING if p.organisation):
                with pytest.raises(NotFound):
                    await find(s, people[person.login], ticket.number, STAFF)
    assert len(private) >= 3
    assert len(noted) >= 15


async def test_what_is_done_stays_done_when_the_journal_looks(demo: Demo) -> None:
    """Otherwise the demo would open with a heap of requests that have just been closed."""
    async with demo.db.reading() as s:
        assert await settled(s) == []


async def test_the_chain_is_whole(demo: Demo) -> None:
    assert await first_broken_link(demo.db) is None


async def test_only_mails_of_the_last_hours_wait_to_leave(demo: Demo) -> None:
    async with demo.db.reading() as s:
        rows = (await s.exec(select(Dispatch))).all()
    assert 10 <= len(rows) <= 60
    assert all(r.created_at > demo.started - timedelta(hours=13) for r in rows)
    assert [r.user_id for r in rows if r.kind == "registration"] != []


async def test_files_are_what_their_names_say(demo: Demo) -> None:
    storage = Storage(demo.settings)
    async with demo.db.reading() as s:
        kept = (await s.exec(select(File))).all()
    assert {f.name.rpartition(".")[2] for f in kept} == {"png", "pdf", "xlsx", "txt"}
    assert all(f.ticket and f.seq for f in kept)
    signs = {"png": b"\x89PNG", "pdf": b"%PDF", "xlsx": b"PK"}
    for file in kept:
        content = await storage.read(file.id)
        assert content is not None
        assert len(content) == file.size
        assert content.startswith(signs.get(file.name.rpartition(".")[2], b""))


async def test_tax_numbers_add_up(demo: Demo) -> None:
    async with demo.db.reading() as s:
        entities = (await s.exec(select(LegalEntity))).all()
    assert len(entities) == 2
    for entity in entities:
        assert re.fullmatch(r"\d{10}", entity.inn)
        weighed = sum(int(d) * w for d, w in zip(entity.inn, (2, 4, 10, 3, 5, 9, 4, 6, 8), strict=False))
        assert weighed % 11 % 10 == int(entity.inn[9])
        assert re.fullmatch(r"\d{4}[0-9A-Z]{2}\d{3}", entity.kpp)


async def test_a_second_start_finds_everything_as_it_was(demo: Demo) -> None:
    async with demo.db.reading() as s:
        before = (await s.exec(select(func.count(), func.max(Event.at)).select_from(Event))).one()
    assert not await start.prepare(demo.settings)
    async with demo.db.reading() as s:
        assert (await s.exec(select(func.count(), func.max(Event.at)).select_from(Event))).one() == before
    again = demo_settings(demo.settings.data_dir)
    assert again.secret_key == demo.settings.secret_key
    assert len(again.secret_key) >= 32


async def test_a_real_journal_is_not_taken_for_the_demo(tmp_path: Path) -> None:
    from server.migrations import migrate

    settings = demo_settings(tmp_path)
    db = Database(settings.database_url)
    await migrate(db)
    async with db.transaction() as s:
        s.add(User(login="somebody", name="Кто-то", roles=["admin"]))
    with pytest.raises(Misconfigured, match="DATA_DIR"):
        await start.prepare(settings)
    async with db.reading() as s:
        assert (await s.exec(select(func.count()).select_from(User))).one() == 1
    await db.close()


def test_the_demo_answers_this_machine_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    for host in ("0.0.0.0", "192.0.2.7", "journal.example"):
        monkeypatch.setenv("HOST", host)
        assert cli.main(["demo"]) == 1
        assert re.fullmatch(r"journal: HOST=[^\n]+\n", capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


async def test_a_port_that_is_taken_is_said_before_anything_is_prepared(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(Misconfigured, match=f"PORT={port}"):
        opening.require_free_port(demo_settings(tmp_path, PORT=str(port)))
    server.close()


def test_nothing_of_the_demo_leaves_this_machine(tmp_path: Path) -> None:
    settings = demo_settings(
        tmp_path, MAIL_URL="smtp://mail.example", SMS_URL="https://sms.example", REDIS_URL="redis://cache.example",
        DATABASE_URL="postgresql://db.example/journal", BASE_URL="https://journal.example", FILES_URL="s3://bucket",
    )  # fmt: skip
    kept = replace(settings, secret_key="")
    assert "example" not in repr(kept)
    assert settings.demo
    assert settings.sqlite


def test_the_log_ins_are_printed_with_their_passwords(tmp_path: Path) -> None:
    words = start.log_ins(demo_settings(tmp_path, PORT="8123"))
    assert "http://localhost:8123" in words
    for person in WORKING:
        assert re.search(rf"^ +{person.login} +{PASSWORD} .*{person.name}", words, re.M)
