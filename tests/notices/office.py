"""The worker under test beside real parts: run it, act as one of the cast, look into the outbox."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from sqlmodel import col, select

from server.clock import at, now
from server.config import Settings
from server.db import Database
from server.money.actions import hand_in_estimate
from server.money.pricing import Line
from server.notices import outbox, worker
from server.notices.digest import Rounds
from server.notices.model import DigestItem, Dispatch
from server.people.model import Presence
from server.tickets.actions import claim
from server.tickets.talk import Words, read, say
from tests.cast import Cast, Person
from tests.parts.smtp import Letter, SmtpServer
from tests.parts.until import until
from tests.tickets.ways import do

T = TypeVar("T")
NEVER_QUIET = 3600.0


def by_smtp(settings: Settings, server: SmtpServer, quiet: float = NEVER_QUIET) -> Settings:
    """Mails over the suite's SMTP server; digests only where a test asks for them."""
    return replace(settings, mail_url=server.url, digest_quiet_seconds=quiet)


@asynccontextmanager
async def working(db: Database, settings: Settings, *, count: int = 1) -> AsyncIterator[None]:
    """Workers, as long as the block lasts. Inside `with at(…)` they live at that moment."""
    tasks = [asyncio.create_task(worker.run(db, settings)) for _ in range(count)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends


def later(**more: float) -> Any:
    """As if so much time had passed."""
    return at(now() + timedelta(**more))


async def speak(db: Database, person: Person, number: int, text: str, **more: Any) -> int:
    """Says something in a ticket's public room; its number."""
    words = Words(id=f"{person.login}-{number}-{text[:40]}", text=text, **more)
    return int((await do(db, person, say, number, "public", words)).seq)


async def reads(db: Database, person: Person, number: int, upto: int) -> None:
    await do(db, person, read, number, "public", upto)


async def online(db: Database, person: Person, seconds: float) -> None:
    """Somebody vouches for the person being there until so many seconds from now (negative: until some time ago)."""
    async with db.transaction() as s:
        await s.merge(Presence(user_id=person.id, process="test", until=now() + timedelta(seconds=seconds)))


async def estimated(db: Database, cast: Cast, number: int) -> None:
    """Denis takes the ticket and hands in an estimate of 8 000 ₽."""
    await do(db, cast.denis, claim, number)
    await do(db, cast.denis, hand_in_estimate, number, [Line("Восстановить ставки", "2,5", 320000)])


async def rows(db: Database, **wanted: object) -> list[Dispatch]:
    """The outbox, or those rows of it."""
    async with db.reading() as s:
        query = select(Dispatch).order_by(col(Dispatch.id))
        for name, value in wanted.items():
            query = query.where(getattr(Dispatch, name) == value)
        return list((await s.exec(query)).all())


async def items(db: Database, person: Person) -> list[tuple[int, int]]:
    """The messages (ticket, seq) this person was mailed."""
    async with db.reading() as s:
        found = await s.exec(select(DigestItem).where(DigestItem.user_id == person.id))
        return sorted((i.ticket, i.seq) for i in found.all())


async def comes_true(condition: Callable[[], Awaitable[bool]], what: str, within: float = 20.0) -> None:
    """Waits for something that has to be asked for."""
    asked: Callable[[], bool | Awaitable[bool]] = condition
    await until(asked, within, what)


async def quiet_outbox(db: Database, within: float = 20.0) -> None:
    """Waits until nothing is on its way."""

    async def empty() -> bool:
        return not [r for r in await rows(db) if r.state in ("waiting", "leaving")]

    await comes_true(empty, "an outbox in which nothing waits", within)


async def tried(db: Database, times: int, **wanted: object) -> None:
    """Waits until a row was tried so often, or given up."""

    async def enough() -> bool:
        return any(r.tries >= times or r.state == "dead" for r in await rows(db, **wanted))

    await comes_true(enough, f"a row tried {times} times")


def told(letters: list[Letter]) -> list[str]:
    """The words marked «слово-…» in the text parts: which messages these letters hold, repeats included."""
    return [word for letter in letters for word in re.findall(r"слово-[\w-]+", letter.text)]


async def look(db: Database, quiet: timedelta = timedelta(minutes=2)) -> None:
    """What a worker does when it looks for digests."""
    async with db.reading() as s:
        due = await Rounds(quiet).look(s)
    async with db.transaction() as s:
        await outbox.queue_digests(s, due)
