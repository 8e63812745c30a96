"""The table of transitions: it says what the domain says, every step of it can be taken by whom it names, and every
other step is refused: 403 what could never be theirs, 409 what is not possible from here."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from server import clock
from server.catalogue.model import Service
from server.db import Database
from server.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from server.events.model import Event
from server.money import actions as money
from server.tickets import actions, moving
from server.tickets.model import Ticket, TicketParticipant
from server.tickets.workflow import STATUSES, TRANSITIONS
from server.words import i18n
from tests.cast import Cast, Person, as_viewer, ask, on_sqlite
from tests.tickets.ways import WORK, add_person, at, do, move, say, tried

# from, to, by which door, who; "!": a reason is required. As domain.md words it, entered here a second time.
DOMAIN = """
new          estimating   claim     executor lead
estimating   approval     estimate  executor lead
in_progress  approval     estimate  executor lead
approval     estimating   status    executor lead
approval     approved     approval  approver
approval     rejected     approval  approver !
approved     in_progress  status    executor lead
estimating   in_progress  status    executor lead (no approval)
rejected     estimating   status    executor lead
estimating   waiting      status    executor lead
in_progress  waiting      status    executor lead
waiting      estimating   status    executor lead system (back)
waiting      in_progress  status    executor lead system (back)
estimating   review       status    executor lead
in_progress  review       status    executor lead
review       done         status    author approver
review       in_progress  status    author approver !
done         in_progress  status    author approver (recent)
done         closed       status    lead system
closed       in_progress  status    lead !
new          cancelled    status    author approver lead !
estimating   cancelled    status    author approver lead !
approval     cancelled    status    author approver lead !
rejected     cancelled    status    author approver lead !
waiting      cancelled    status    author approver lead !
approved     cancelled    status    lead !
in_progress  cancelled    status    lead !
review       cancelled    status    lead !
done         cancelled    status    lead !
"""


@dataclass(frozen=True)
class Row:
    """One line of `DOMAIN`."""

    frm: str
    to: str
    door: str
    who: frozenset[str]
    reason: bool
    condition: str


def _row(line: str) -> Row:
    plain, _, condition = line.partition("(")
    frm, to, door, *who = plain.split()
    return Row(frm, to, door, frozenset(who) - {"!"}, "!" in who, condition.rstrip(")"))


ROWS = [_row(line) for line in DOMAIN.strip().splitlines()]
STARTS = [*(s for s in STATUSES if s != "waiting"), "waiting<estimating", "waiting<in_progress"]
ACTORS = {
    "anna": {"author"}, "boris": {"approver"}, "denis": {"executor"}, "lev": {"executor", "lead"},
    "nina": set(), "olga": set(), "vera": None, "gleb": None, "pavel": None,
}  # fmt: skip


def test_the_table_is_the_domains() -> None:
    found = {
        Row(t.frm, t.to, t.via, frozenset(t.who), t.comment,
            "back" if t.back else t.needs.replace("_", " "))
        for t in TRANSITIONS
    }  # fmt: skip
    assert found == set(ROWS)
    assert len(TRANSITIONS) == len(ROWS)


def test_every_status_is_entered_and_has_a_name_in_both_languages() -> None:
    assert {"new"} | {t.to for t in TRANSITIONS} == set(STATUSES)
    for status in STATUSES.values():
        assert i18n.translate("en", status.label) != i18n.translate("ru", status.label) == status.label
    for t in TRANSITIONS:
        assert i18n.translate("en", t.label) != t.label


def expected(actors: set[str] | None, frm: str, whence: str, to: str) -> tuple[type[Refusal] | None, bool]:
    """What the status door answers, and whether a reason is required."""
    if actors is None:
        return NotFound, False
    if not any(row.to == to and row.who & actors for row in ROWS):
        return Forbidden, False
    for row in ROWS:
        if (row.frm, row.to, row.door) == (frm, to, "status") and row.who & actors:
            if (row.condition == "back" and to != whence) or row.condition == "no approval":
                continue
            return None, row.reason and not (to == "cancelled" and actors & {"author", "approver"})
    return Conflict, False


async def cast_with_olga(db: Database, cast: Cast) -> dict[str, Person]:
    """The cast, and a client of the organisation who was added and has no powers."""
    olga = await add_person(db, "olga", cast.romashka)
    return {name: olga if name == "olga" else getattr(cast, name) for name in ACTORS}


@on_sqlite
@pytest.mark.parametrize("start", STARTS)
async def test_every_step_by_everybody(start: str, db: Database, cast: Cast) -> None:
    """(Seen red: `back` not looked at; `ever` always true; a row too many.)"""
    frm, _, whence = start.partition("<")
    people = await cast_with_olga(db, cast)
    number = await at(db, cast, frm, whence)
    async with db.transaction() as s:
        s.add(TicketParticipant(ticket=number, user_id=people["olga"].id))
    for name, person in people.items():
        for to in STATUSES:
            refusal, reason = expected(ACTORS[name], frm, whence, to)
            await attempt(db, person, number, to, None, Invalid if reason else refusal)
            if reason:
                await attempt(db, person, number, to, "нужно", None)


async def attempt(
    db: Database, person: Person, number: int, to: str, comment: str | None, refusal: type[Refusal] | None
) -> None:
    """Takes one step and takes it back again."""
    async with tried(db) as s:
        viewer = await as_viewer(s, person)
        before = await s.get_one(Ticket, number)
        frm, head = before.status, before.head
        outcome: Any = None
        try:
            await moving.move(s, viewer, number, to, comment)
        except Refusal as found:
            outcome = found
        assert type(outcome) is (refusal or type(None)), f"{person.login}: {frm} → {to}: {outcome!r}"
        if isinstance(outcome, Conflict | Forbidden):
            assert outcome.extra["state"] == frm
        if refusal is not None:
            return
        [event] = (await s.exec(select(Event).where(Event.ticket == number, Event.seq > head))).all()
        assert (event.kind, event.author_id) == ("status", person.id)
        assert event.data == {"from": frm, "to": to, "comment": comment}
        assert (await s.get_one(Ticket, number, populate_existing=True)).status == to


@on_sqlite
@pytest.mark.parametrize("start", STARTS)
async def test_the_other_doors_by_everybody(start: str, db: Database, cast: Cast) -> None:
    """Claiming, handing in an estimate and deciding have doors of their own. (Seen red: `possible` without `via`.)"""
    frm, _, whence = start.partition("<")
    people = await cast_with_olga(db, cast)
    number = await at(db, cast, frm, whence)
    async with db.transaction() as s:
        s.add(TicketParticipant(ticket=number, user_id=people["olga"].id))
        version = (await s.get_one(Ticket, number)).estimate_version
    doors: list[tuple[str, str, tuple[Any, ...]]] = [
        ("estimate", "approval", (money.hand_in_estimate, WORK)),
        ("approval", "approved", (money.decide, version or 1, "approved")),
        ("approval", "rejected", (money.decide, version or 1, "rejected", "дорого")),
    ]
    for name, person in people.items():
        actors = ACTORS[name]
        for door, to, (action, *args) in doors:
            refusal: type[Refusal] | None = None
            if actors is None:
                refusal = NotFound
            elif not any(r.door == door and r.who & actors for r in ROWS):
                refusal = Forbidden
            elif not any((r.frm, r.to, r.door) == (frm, to, door) for r in ROWS):
                refusal = Invalid if door == "approval" and version is None else Conflict
            outcome: Any = None
            async with tried(db) as s:
                try:
                    await action(s, await as_viewer(s, person), number, *args)
                except Refusal as found:
                    outcome = found
                assert isinstance(outcome, refusal or type(None)), f"{name}: {frm} → {to}: {outcome!r}"


@on_sqlite
async def test_claiming_moves_a_new_ticket_to_estimating_and_tells_both(db: Database, cast: Cast) -> None:
    number = await at(db, cast, "estimating")
    async with db.reading() as s:
        told = (await s.exec(select(Event).where(Event.ticket == number).order_by(col(Event.seq)))).all()
    assert [(e.kind, e.data.get("from"), e.data.get("to")) for e in told[1:]] == [
        ("assignee", None, cast.denis.id), ("status", "new", "estimating"),
    ]  # fmt: skip


@on_sqlite
@pytest.mark.parametrize("whence", ["estimating", "in_progress"])
async def test_waiting_returns_by_itself_to_where_it_was_asked_when_the_client_writes(
    whence: str, db: Database, cast: Cast
) -> None:
    """Neither the staff's words nor a note do that. (Seen red: any message returns it; the whence forgotten.)"""
    number = await at(db, cast, "waiting", whence)
    await say(db, cast.denis, number, "напоминаю")
    await say(db, cast.lev, number, "молчат", "staff")
    assert await status(db, number) == "waiting"
    await say(db, cast.boris, number, "отвечаю за Анну")
    assert await status(db, number) == whence
    async with db.reading() as s:
        last = (await s.exec(select(Event).where(Event.ticket == number).order_by(col(Event.id).desc()))).first()
    assert last is not None
    assert (last.kind, last.data["from"], last.data["to"], last.author_id) == (
        "status",
        "waiting",
        whence,
        cast.boris.id,
    )
    await say(db, cast.anna, number, "и ещё")
    assert await status(db, number) == whence


async def status(db: Database, number: int) -> str:
    async with db.reading() as s:
        return (await s.get_one(Ticket, number)).status


@on_sqlite
async def test_done_goes_back_to_work_within_fourteen_days(db: Database, cast: Cast) -> None:
    """(Seen red: `recent` not looked at.)"""
    number = await at(db, cast, "done")
    with clock.at(clock.now() + timedelta(days=14, seconds=5)):
        await attempt(db, cast.anna, number, "in_progress", None, Conflict)
        await attempt(db, cast.boris, number, "in_progress", "снова", Conflict)
    with clock.at(clock.now() + timedelta(days=13, hours=23)):
        await move(db, cast.anna, number, "in_progress")
    assert await status(db, number) == "in_progress"


@on_sqlite
async def test_where_the_service_asks_for_no_approval_work_begins_from_the_estimate(db: Database, cast: Cast) -> None:
    """(Seen red: the rule not looked at.)"""
    async with db.transaction() as s:
        (await s.get_one(Service, cast.accounting)).approval = "never"
    number = await at(db, cast, "estimating")
    await do(db, cast.denis, money.hand_in_estimate, number, WORK)
    assert await status(db, number) == "estimating"
    await move(db, cast.denis, number, "in_progress")
    assert await status(db, number) == "in_progress"


@on_sqlite
@pytest.mark.parametrize("end", ["closed", "cancelled"])
async def test_C2_writing_ends_where_the_ticket_ends(end: str, db: Database, cast: Cast) -> None:
    """(Seen red: `require_open` away from `say`.)"""
    number = await at(db, cast, end)
    for person, line in ((cast.anna, "public"), (cast.denis, "public"), (cast.denis, "staff")):
        with pytest.raises(Forbidden) as refusal:
            await say(db, person, number, "ещё", line)
        assert refusal.value.extra["state"] == end
    for action, args in (
        (actions.claim, ()), (actions.assign, (cast.gleb.id,)), (actions.add_participant, (cast.boris.id,)),
        (actions.change_urgency, ("high", "горит")), (actions.change_service, (cast.network, "не туда")),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            await do(db, cast.lev, action, number, *args)


@on_sqlite
async def test_an_unknown_status_is_a_wrong_value(db: Database, cast: Cast) -> None:
    number = await ask(db, cast.anna, cast.accounting)
    with pytest.raises(Invalid):
        await move(db, cast.lev, number, "решено")


async def test_G7_of_two_steps_at_once_one_is_taken(db: Database, cast: Cast) -> None:
    """Anna withdraws while Denis claims: whoever comes second is told how it stands. (Seen red: the lock away.)"""
    for _ in range(5):
        number = await ask(db, cast.anna, cast.accounting)
        outcomes = await asyncio.gather(
            move(db, cast.lev, number, "cancelled", "дубль"), do(db, cast.denis, actions.claim, number),
            move(db, cast.lev, number, "cancelled", "дубль"), return_exceptions=True,
        )  # fmt: skip
        refused = [o for o in outcomes if isinstance(o, Refusal)]
        assert not [o for o in outcomes if isinstance(o, Exception) and not isinstance(o, Refusal)]
        async with db.reading() as s:
            told = (await s.exec(select(Event.data).where(Event.ticket == number, Event.kind == "status"))).all()
        steps = [(d["from"], d["to"]) for d in told]
        assert steps in ([("new", "cancelled")], [("new", "estimating"), ("estimating", "cancelled")])
        assert len(refused) == 3 - len(steps)
