"""Counters are facts: what is unread and what stands beside the names of lists is what a fresh count over the log and
over the lists gives, after every step."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from server.clock import now
from server.db import Database, Session
from server.errors import Refusal
from server.events.model import Event
from server.money import actions as money
from server.people.policy import Viewer
from server.tickets import actions, counts, groups, moving, queries, talk
from server.tickets.inbox import inbox_items, taking_part
from server.tickets.model import Ticket
from server.tickets.talk import Words
from tests.cast import Cast, Person, as_viewer, ask, on_sqlite
from tests.tickets.ways import WORK, add_person, at, do, say

STEPS = 60
Marks = dict[tuple[str, int, str], int]  # person, ticket, line → the highest number they said they have read


class Walk:
    """People doing things at random; what they marked as read is remembered here, apart from the product."""

    def __init__(self, db: Database, cast: Cast, seed: int) -> None:
        self.db = db
        self.cast = cast
        self.dice = random.Random(seed)
        self.people = [cast.anna, cast.boris, cast.denis, cast.lev, cast.nina]
        self.tickets: list[int] = []
        self.marks: Marks = {}
        self.done: list[str] = []

    async def step(self) -> None:
        """One thing that somebody does, allowed or not."""
        person, number = self.dice.choice(self.people), self.dice.choice(self.tickets)
        line = self.dice.choice(["public", "public", "staff"])
        name, action, args = self.dice.choice(self.deeds(number, line))
        try:
            await do(self.db, person, action, *args)
        except Refusal as refusal:
            self.done.append(f"{person.login} {name} {number}: {refusal.code}")
            return
        self.done.append(f"{person.login} {name} {number}")
        if name == "read":
            key = (person.login, number, line)
            self.marks[key] = max(self.marks.get(key, 0), min(args[-1], await self._head(number, line)))

    async def _head(self, number: int, line: str) -> int:
        async with self.db.reading() as s:
            return len((await s.exec(select(Event.id).where(Event.ticket == number, Event.line == line))).all())

    def deeds(self, number: int, line: str) -> list[tuple[str, Any, tuple[Any, ...]]]:
        n = len(self.done)
        return [
            *[("say", talk.say, (number, line, Words(f"w{n}", f"слова {n}")))] * 5,
            *[("read", talk.read, (number, line, self.dice.randint(0, 12)))] * 5,
            ("edit", talk.edit, (number, line, self.dice.randint(1, 6), "иначе")),
            ("delete", talk.delete, (number, line, self.dice.randint(1, 6))),
            ("claim", actions.claim, (number,)),
            ("estimate", money.hand_in_estimate, (number, WORK)),
            ("approve", money.decide, (number, 1, "approved")),
            ("move", moving.move, (number, self.dice.choice(["waiting", "review", "done", "in_progress"]), "нужно")),
            ("add", actions.add_participant, (number, self.cast.boris.id)),
            ("remove", actions.remove_participant, (number, self.cast.boris.id)),
        ]

    async def check(self) -> None:
        async with self.db.reading() as s:
            tickets = (await s.exec(select(Ticket).order_by(col(Ticket.number)))).all()
            for person in self.people:
                viewer = await as_viewer(s, person)
                visible = (await s.exec(select(Ticket.number).where(queries.visible(viewer)))).all()
                seen = [t for t in tickets if t.number in visible]
                for ticket in await queries.tickets_json(s, viewer, seen):
                    await self._same(s, person, ticket)
                await self._inbox(s, viewer, seen)

    async def _same(self, s: Session, person: Person, ticket: dict[str, Any]) -> None:
        for line, name in (("public", "unread"), ("staff", "staff_unread")):
            if name in ticket:
                mark = self.marks.get((person.login, ticket["number"], line), 0)
                fresh = len((await s.exec(_others(ticket["number"], line, person.id, mark))).all())
                assert ticket[name] == fresh, (person.login, name, ticket, self.done)

    async def _inbox(self, s: Session, viewer: Viewer, seen: Sequence[Ticket]) -> None:
        told = {t["number"]: t["unread"] for t in await queries.tickets_json(s, viewer, seen)}
        items = {i["ticket"]: i["unread"] for i in await inbox_items(s, viewer)}
        part = {t.number for t in seen if t.number in await _taking_part(s, viewer)}
        assert items == {n: unread for n, unread in told.items() if unread and n in part}, (viewer.name, self.done)
        if not viewer.staff:
            assert (await counts.nav(s, viewer))["unread"] == len(items)


def _others(number: int, line: str, person: int, mark: int) -> Any:
    return select(Event.id).where(
        Event.ticket == number, Event.line == line, Event.author_id != person, Event.seq > mark
    )


async def _taking_part(s: Session, viewer: Viewer) -> set[int]:
    return set((await s.exec(select(Ticket.number).where(taking_part(viewer)))).all())


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_G16_unread_is_what_a_fresh_count_gives(seed: int, db: Database, cast: Cast) -> None:
    """(Seen red: own events not counted; the cursor set back; `own` kept when the cursor moves past it.)"""
    walk = Walk(db, cast, seed)
    walk.tickets = [await ask(db, cast.anna, cast.accounting, private=n == 1) for n in range(2)]
    for n in range(STEPS):
        await walk.step()
        if n % 4 == 3:
            await walk.check()


@on_sqlite
async def test_C17_a_mark_is_clamped_and_never_goes_back(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    for n in range(4):
        await say(db, cast.anna, number, f"{n}")
    assert (await do(db, cast.denis, talk.read, number, "public", 3)).upto == 3
    assert await do(db, cast.denis, talk.read, number, "public", 2) is None
    assert await do(db, cast.denis, talk.read, number, "public", 3) is None
    assert (await do(db, cast.denis, talk.read, number, "public", 10**18)).upto == 5
    async with db.reading() as s:
        viewer = await as_viewer(s, cast.denis)
        told = await queries.ticket_json(s, viewer, (await queries.find(s, viewer, number)).ticket)
    assert (told["read"], told["unread"]) == (5, 0)


@on_sqlite
async def test_the_numbers_beside_lists_are_the_lengths_of_the_lists(db: Database, cast: Cast) -> None:
    """Each list in each status, for each kind of person. (Seen red: `nav` counts what is not visible.)"""
    olga = await add_person(db, "olga", cast.romashka, sees_all=True)
    for n, status in enumerate(["new", "estimating", "approval", "approved", "in_progress", "waiting", "review", "done",
                                "closed", "cancelled", "rejected", "new"]):  # fmt: skip
        number = await at(db, cast, status)
        async with db.transaction() as s:
            ticket = await s.get_one(Ticket, number)
            ticket.due = (now() + timedelta(days=n - 4)).date() if n % 2 else None
            ticket.private = n % 5 == 4
    await ask(db, cast.vera, cast.network)
    for person in (cast.anna, cast.boris, olga, cast.vera, cast.denis, cast.lev, cast.nina, cast.gleb, cast.pavel):
        async with db.reading() as s:
            viewer = await as_viewer(s, person)
            told = await counts.nav(s, viewer)
            assert told == {name: len(await listed(s, viewer, name)) for name in told}, person.login
            assert set(told) == set(counts.STAFF_VIEWS if viewer.staff else counts.CLIENT_VIEWS)


async def listed(s: Session, viewer: Viewer, view: str) -> set[int]:
    """The numbers of the tickets that a list shows."""
    if viewer.staff:
        context = await groups.staff_queue(s, viewer, {"view": view}, lambda _n: [], lambda _n: [])
        assert context["total"] == sum(len(g["rows"]) for g in context["groups"])
    else:
        context = await groups.client_list(s, viewer, {"view": view})
    return {row["number"] for g in context["groups"] if g["key"] != "recent" for row in g["rows"]}
