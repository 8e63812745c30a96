"""Coming in without pages: the two steps as a test takes them, and the clock they are taken by."""

from contextlib import AbstractContextManager
from datetime import timedelta

from sqlmodel import col, select

from server import clock
from server.db import Database
from server.notices.model import Dispatch
from server.people import entering, passwords, sessions
from server.people.entering import Budget, Guess
from server.people.model import LoginSession, User
from server.people.passwords import Password
from server.people.sessions import Device
from tests.cast import SECRET, Person

PASSWORD = "зелёный забор 17"
OFFICE = Device("203.0.113.7", "Firefox")
IMPATIENT = Budget(pause=0)
_ready: list[Password] = []


async def ready() -> Password:
    """`PASSWORD`, hashed once for the whole suite."""
    if not _ready:
        _ready.append(await passwords.own(PASSWORD))
    return _ready[0]


async def give_password(db: Database, *people: Person) -> None:
    """Lets these people log in with `PASSWORD`."""
    for person in people:
        async with db.transaction() as s:
            (await s.get_one(User, person.id)).password_hash = (await ready()).hash


async def step_one(db: Database, login: str, password: str = PASSWORD, device: Device = OFFICE) -> str | int:
    """Login and password: the token of a log-in that waits for its code, or how many tries are left."""
    async with db.reading() as s:
        claim = await entering.claim(s, login, device)
    verdict = await passwords.verdict(claim.password_hash, password)
    async with db.transaction() as s:
        if not verdict.fits:
            return await entering.refused(s, claim, device)
        return await entering.admit(s, claim, verdict.renewed, device)


async def begin(db: Database, login: str, device: Device = OFFICE) -> str:
    """Step one with the right password."""
    token = await step_one(db, login, device=device)
    assert isinstance(token, str)
    return token


async def between(db: Database, token: str) -> tuple[User, LoginSession]:
    """Whose log-in waits for its code."""
    async with db.reading() as s:
        found = await sessions.find(s, token, stage="password")
    assert found is not None
    return found


async def send(db: Database, token: str, device: Device = OFFICE, budget: Budget = IMPATIENT) -> str:
    """«Получить код»; the code as it stands in the SMS."""
    user, session = await between(db, token)
    async with db.transaction() as s:
        await entering.send_code(s, SECRET, token, user, session, device, budget)
    return (await sent(db, user.phone))[-1].split()[0]


async def sent(db: Database, phone: str | None = None) -> list[str]:
    """The texts of all SMS put down so far, to this number."""
    async with db.reading() as s:
        query = select(Dispatch.secret).where(Dispatch.channel == "sms").order_by(col(Dispatch.id))
        return [t for t in (await s.exec(query.where(Dispatch.address == phone) if phone else query)).all() if t]


async def enter(db: Database, token: str, code: str) -> Guess:
    """«Войти»."""
    user, session = await between(db, token)
    async with db.transaction() as s:
        return await entering.enter(s, SECRET, token, user, session, code)


async def come_in(db: Database, person: Person) -> str:
    """Both steps; the token for the whole journal."""
    token = await begin(db, person.login)
    guess = await enter(db, token, await send(db, token))
    assert guess.token
    return guess.token


async def is_inside(db: Database, token: str) -> bool:
    """Whether this token opens the journal."""
    async with db.reading() as s:
        return await sessions.find(s, token) is not None


def wrong(code: str) -> str:
    """Another code."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


def later(**units: float) -> AbstractContextManager[None]:
    """The clock, so much later."""
    return clock.at(clock.now() + timedelta(**units))
