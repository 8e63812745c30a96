"""Who may see: the rule in Python and the condition in SQL say the same of anybody and any ticket, and both say what
the domain says of the cast."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from server.catalogue.model import Organisation, Responsible, Service
from server.db import Database, Session
from server.people.model import Membership, User
from server.people.policy import ROLES
from server.people.queries import viewers
from server.tickets import policy
from server.tickets.facts import facts_of
from server.tickets.inbox import taking_part
from server.tickets.model import Ticket, TicketParticipant
from server.tickets.queries import visible, visible_as_staff
from server.tickets.workflow import STATUSES
from tests.cast import Cast, as_viewer, ask, on_sqlite
from tests.tickets.ways import add_person, tried

CONDITIONS = ((policy.sees, visible), (policy.sees_as_staff, visible_as_staff), (policy.takes_part, taking_part))


@dataclass(frozen=True)
class Somebody:
    """A person with any roles, memberships and services."""

    roles: frozenset[str]
    memberships: dict[int, tuple[bool, bool]]  # organisation → can_approve, sees_all
    serves: frozenset[int]


@dataclass(frozen=True)
class Something:
    """A ticket with any facts; people by their place in the list."""

    organisation: int
    service: int
    author: int
    assignee: int | None
    participants: frozenset[int]
    private: bool
    status: str
    estimated: bool


TWO, THREE, FIVE = st.integers(0, 1), st.integers(0, 2), st.integers(0, 4)
PEOPLE = st.lists(
    st.builds(
        Somebody, st.frozensets(st.sampled_from(ROLES), max_size=3),
        st.dictionaries(THREE, st.tuples(st.booleans(), st.booleans()), max_size=2), st.frozensets(TWO, max_size=2),
    ),
    min_size=5, max_size=5,
)  # fmt: skip
TICKETS = st.lists(
    st.builds(
        Something, THREE, TWO, FIVE, st.none() | FIVE, st.frozensets(FIVE, max_size=2), st.booleans(),
        st.sampled_from(sorted(STATUSES)), st.booleans(),
    ),
    min_size=1, max_size=8,
)  # fmt: skip


@dataclass
class World:
    """What was made up, in the database until the transaction is rolled back."""

    people: list[int] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)


async def make(s: Session, people: Sequence[Somebody], tickets: Sequence[Something]) -> World:
    organisations = await _ids(s, [Organisation(name=f"Организация {n}") for n in range(3)])
    services = await _ids(s, [Service(name=f"Услуга {n}") for n in range(2)])
    users = [User(login=f"p{n}", name=f"П{n}", roles=sorted(p.roles)) for n, p in enumerate(people)]
    ids = await _ids(s, users)
    for user_id, p in zip(ids, people, strict=True):
        for o, (approves, sees) in p.memberships.items():
            s.add(Membership(user_id=user_id, organisation_id=organisations[o], can_approve=approves, sees_all=sees))
        s.add_all(Responsible(service_id=services[n], user_id=user_id) for n in p.serves)
    found = [
        Ticket(
            number=n, subject="Тема", status=t.status, service_id=services[t.service], private=t.private,
            organisation_id=organisations[t.organisation], author_id=ids[t.author],
            assignee_id=None if t.assignee is None else ids[t.assignee], estimate_version=1 if t.estimated else None,
        )
        for n, t in enumerate(tickets, 1)
    ]  # fmt: skip
    s.add_all(found)
    await s.flush()
    s.add_all(TicketParticipant(ticket=n, user_id=ids[p]) for n, t in enumerate(tickets, 1) for p in t.participants)
    await s.flush()
    return World(ids, found)


async def _ids(s: Session, rows: Sequence[Any]) -> list[int]:
    s.add_all(rows)
    await s.flush()
    return [row.id for row in rows]


@given(people=PEOPLE, tickets=TICKETS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_python_and_sql_say_the_same(db: Database, people: list[Somebody], tickets: list[Something]) -> None:
    """(Seen red: `private` away from one of them; `taking_part` without the responsible people.)"""
    async with tried(db) as s:
        world = await make(s, people, tickets)
        facts = await facts_of(s, world.tickets)
        for viewer in await viewers(s, world.people):
            for rule, condition in CONDITIONS:
                found = set((await s.exec(select(Ticket.number).where(condition(viewer)))).all())
                assert found == {n for n, f in facts.items() if rule(viewer, f)}, (rule.__name__, viewer)


SEES = {  # who sees which of Anna's tickets: open, private
    "anna": (True, True), "boris": (True, False), "denis": (True, True), "lev": (True, True), "nina": (True, True),
    "vera": (False, False), "gleb": (False, False), "pavel": (False, False), "observer": (True, False),
    "colleague": (False, False), "added": (True, True), "billing": (False, False), "org_admin": (False, False),
}  # fmt: skip


@on_sqlite
@pytest.mark.parametrize("name", SEES)
async def test_what_the_domain_says_of_everybody(name: str, db: Database, cast: Cast) -> None:
    """Deny by default. (Seen red: any membership lets in; an admin sees tickets.)"""
    powers: dict[str, dict[str, Any]] = {
        "observer": {"sees_all": True},
        "billing": {"billing": True},
        "org_admin": {"org_admin": True},
    }
    person = getattr(cast, name, None) or await add_person(db, name, cast.romashka, **powers.get(name, {}))
    numbers = [await ask(db, cast.anna, cast.accounting), await ask(db, cast.anna, cast.accounting, private=True)]
    async with db.transaction() as s:
        if name == "added":
            s.add_all(TicketParticipant(ticket=n, user_id=person.id) for n in numbers)
    async with db.reading() as s:
        viewer = await as_viewer(s, person)
        found = (await s.exec(select(Ticket.number).where(visible(viewer)).order_by(col(Ticket.number)))).all()
    assert tuple(n in found for n in numbers) == SEES[name]


WRITES = {
    "anna": (1, 0),
    "boris": (1, 0),
    "denis": (1, 1),
    "lev": (1, 1),
    "nina": (0, 1),
    "observer": (0, 0),
    "added": (1, 0),
}


@on_sqlite
@pytest.mark.parametrize("name", WRITES)
async def test_who_of_those_who_see_may_write(name: str, db: Database, cast: Cast) -> None:
    """An accountant and an observer read; the staff's room is the staff's. (Seen red: whoever sees may write.)"""
    person = getattr(cast, name, None) or await add_person(db, name, cast.romashka, sees_all=name == "observer")
    number = await ask(db, cast.anna, cast.accounting)
    async with db.transaction() as s:
        if name == "added":
            s.add(TicketParticipant(ticket=number, user_id=person.id))
        viewer = await as_viewer(s, person)
        facts = (await facts_of(s, [await s.get_one(Ticket, number)]))[number]
    facts = policy.Facts(**vars(facts) | {"participants": frozenset({person.id} if name == "added" else ())})
    can = policy.can_write(viewer, facts, "public"), policy.can_write(viewer, facts, "staff")
    assert can == tuple(bool(x) for x in WRITES[name])
    assert policy.sees_line(viewer, facts, "staff") == can[1]


@on_sqlite
async def test_an_approver_sees_of_a_private_ticket_its_waiting_estimate_only(db: Database, cast: Cast) -> None:
    async with db.reading() as s:
        boris, vera = await as_viewer(s, cast.boris), await as_viewer(s, cast.vera)
    base = policy.Facts(1, cast.romashka, cast.accounting, cast.anna.id, cast.denis.id, True, "approval", True)
    assert policy.sees_estimate(boris, base)
    assert not policy.sees(boris, base)
    assert not policy.takes_part(boris, base)
    assert not policy.sees_estimate(vera, base)
    assert not policy.sees_estimate(boris, policy.Facts(**vars(base) | {"status": "approved"}))
