"""Tickets brought to where a test begins, by the steps that people take."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from server.db import Database, Session
from server.money import actions as money
from server.money.pricing import Line
from server.people.model import Membership, User
from server.tickets import actions, moving, talk
from server.tickets.talk import Words
from tests.cast import Cast, Person, as_viewer, ask

WORK = [Line("Настройка", "1", 150_000)]


class Undo(Exception):
    """Ends a transaction that only tried something."""


@asynccontextmanager
async def tried(db: Database) -> AsyncIterator[Session]:
    """A transaction that is rolled back, whatever was done in it."""
    with suppress(Undo):
        async with db.transaction() as s:
            yield s
            raise Undo


async def do(db: Database, person: Person, action: Callable[..., Awaitable[Any]], *args: Any, **more: Any) -> Any:
    """One action of one person in a transaction of its own."""
    async with db.transaction() as s:
        return await action(s, await as_viewer(s, person), *args, **more)


async def say(db: Database, person: Person, number: int, text: str = "Здравствуйте", line: Any = "public") -> Any:
    """Says something under an id nobody has used."""
    say.count = getattr(say, "count", 0) + 1  # type: ignore[attr-defined]
    return await do(db, person, talk.say, number, line, Words(f"words-{say.count}", text))  # type: ignore[attr-defined]


async def move(db: Database, person: Person, number: int, to: str, comment: str | None = None) -> None:
    await do(db, person, moving.move, number, to, comment)


async def add_person(
    db: Database, login: str, organisation: int | None = None, roles: tuple[str, ...] = ("client",), **powers: bool
) -> Person:
    """Somebody who is not of the cast."""
    async with db.transaction() as s:
        user = User(login=login, name=f"{login} не из списка", roles=list(roles), email=f"{login}@example.test")
        s.add(user)
        await s.flush()
        assert user.id is not None
        if organisation:
            s.add(Membership(user_id=user.id, organisation_id=organisation, **powers))
    return Person(user.id, login, user.name, "")


async def at(db: Database, cast: Cast, status: str, whence: str = "in_progress") -> int:
    """A new ticket of Anna's that has come to this status; `waiting` was entered from `whence`."""
    number = await ask(db, cast.anna, cast.accounting)
    for step in ROADS[status] if status != "waiting" else [*ROADS[whence], "waiting"]:
        await STEPS[step](db, cast, number)
    return number


def _moves(who: str, to: str, comment: str | None = None) -> Callable[[Database, Cast, int], Awaitable[Any]]:
    return lambda db, cast, number: move(db, getattr(cast, who), number, to, comment)


STEPS: dict[str, Callable[[Database, Cast, int], Awaitable[Any]]] = {
    "claim": lambda db, cast, number: do(db, cast.denis, actions.claim, number),
    "estimate": lambda db, cast, number: do(db, cast.denis, money.hand_in_estimate, number, WORK),
    "approve": lambda db, cast, number: do(db, cast.boris, money.decide, number, 1, "approved"),
    "reject": lambda db, cast, number: do(db, cast.boris, money.decide, number, 1, "rejected", "дорого"),
    "start": _moves("denis", "in_progress"),
    "waiting": _moves("denis", "waiting"),
    "hand over": _moves("denis", "review"),
    "accept": _moves("anna", "done"),
    "close": _moves("lev", "closed"),
    "withdraw": _moves("anna", "cancelled"),
}
ROADS = {
    "new": [],
    "estimating": ["claim"],
    "approval": ["claim", "estimate"],
    "approved": ["claim", "estimate", "approve"],
    "rejected": ["claim", "estimate", "reject"],
    "in_progress": ["claim", "estimate", "approve", "start"],
    "review": ["claim", "hand over"],
    "done": ["claim", "hand over", "accept"],
    "closed": ["claim", "hand over", "accept", "close"],
    "cancelled": ["withdraw"],
}
