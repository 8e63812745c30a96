"""The journal closes by itself what was accepted fourteen days ago and has nothing left to pay."""

from datetime import timedelta

import pytest
from sqlalchemy import delete
from sqlmodel import col, select

from server.clock import at, now
from server.config import Settings
from server.db import Database
from server.events.model import Event
from server.money.actions import set_payment
from server.tickets import moving
from server.tickets.actions import claim
from server.tickets.closing import close_settled, settled
from server.tickets.model import Ticket
from tests.cast import Cast, as_viewer, ask, on_sqlite
from tests.notices.office import comes_true, later, working


async def _accepted(db: Database, cast: Cast) -> int:
    number = await ask(db, cast.anna, cast.accounting)
    async with db.transaction() as s:
        await claim(s, await as_viewer(s, cast.denis), number)
        await moving.move(s, await as_viewer(s, cast.denis), number, "review")
        await moving.move(s, await as_viewer(s, cast.anna), number, "done")
    return number


async def _closes(db: Database, days: float) -> int:
    with at(now() + timedelta(days=days)):
        async with db.reading() as s:
            numbers = await settled(s)
        for number in numbers:
            async with db.transaction() as s:
                assert await close_settled(s, number)
        return len(numbers)


async def test_fourteen_days_after_acceptance_a_settled_ticket_closes_and_says_that_nobody_did_it(
    db: Database, cast: Cast
) -> None:
    number = await _accepted(db, cast)
    assert await _closes(db, 13.9) == 0
    assert await _closes(db, 14.1) == 1
    assert await _closes(db, 14.2) == 0
    async with db.reading() as s:
        ticket = await s.get_one(Ticket, number)
        last = (await s.exec(select(Event).where(Event.ticket == number, Event.seq == ticket.head))).one()
    assert ticket.status == "closed"
    assert (last.kind, last.data["from"], last.data["to"]) == ("status", "done", "closed")
    assert last.author_id not in {cast.anna.id, cast.denis.id}


@pytest.mark.parametrize(("state", "closes"), [("to_invoice", 0), ("invoiced", 0), ("overdue", 0), ("paid", 1)])
async def test_a_ticket_closes_only_when_nothing_is_left_to_pay(
    db: Database, cast: Cast, state: str, closes: int
) -> None:
    number = await _accepted(db, cast)
    async with db.transaction() as s:
        await set_payment(s, await as_viewer(s, cast.nina), number, state)
    assert await _closes(db, 15) == closes


@on_sqlite
async def test_a_ticket_that_cannot_be_closed_holds_up_no_other(db: Database, cast: Cast, settings: Settings) -> None:
    """(Seen red: all of them in one transaction.)"""
    broken, sound = await _accepted(db, cast), await _accepted(db, cast)
    async with db.transaction() as s:
        head = (await s.get_one(Ticket, broken)).head
        await s.execute(delete(Event).where(col(Event.ticket) == broken, col(Event.seq) == head))

    async def closed() -> bool:
        async with db.reading() as s:
            return (await s.get_one(Ticket, sound)).status == "closed"

    with later(days=15):
        async with working(db, settings):
            await comes_true(closed, "the sound ticket closed")
