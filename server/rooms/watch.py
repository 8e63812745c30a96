"""What a process looks after while sockets are open: dead log-ins, lost bells, beats, presence. Each loop
outlives the database's absence."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select

from server.clock import now
from server.db import AWAY, Database
from server.events.kinds import PUBLIC
from server.people.model import Presence
from server.rooms.hub import Hub
from server.rooms.room import Bell
from server.tickets.model import Ticket

log = logging.getLogger(__name__)
ACCESS_EVERY = 0.5
HEADS_EVERY = 2.5
HEADS_EVERY_WITHOUT_BUS = 1.0
BEAT_EVERY = 10.0
LISTS_AGAIN = 0.5
VOUCH_FOR = timedelta(seconds=25)


async def watch(hub: Hub) -> None:
    """Runs all loops until cancelled."""
    turned = asyncio.Event()
    hub.bus.turned = turned.set
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hub.bus.run())
        tasks.create_task(_loop(hub.db, "lists", hub.lists.turn, hub.lists.bell, lambda: LISTS_AGAIN))
        tasks.create_task(_loop(hub.db, "access", hub.rights.look, hub.rights.bell, lambda: ACCESS_EVERY))
        tasks.create_task(_loop(hub.db, "heads", lambda: check_heads(hub), turned, lambda: _heads_every(hub)))
        tasks.create_task(_loop(hub.db, "beat", lambda: beat(hub), asyncio.Event(), lambda: BEAT_EVERY))


def _heads_every(hub: Hub) -> float:
    return HEADS_EVERY if hub.bus.healthy else HEADS_EVERY_WITHOUT_BUS


async def _loop(
    db: Database, name: str, turn: Callable[[], Awaitable[None]], bell: asyncio.Event, every: Callable[[], float]
) -> None:
    """One turn each time the bell rings, and at least every so many seconds. It outlives the database's absence and
    errors of ours: a process that no longer closes dead log-ins would be worse than one that complains."""
    away = False
    while True:
        bell.clear()
        try:
            await turn()
            away = False
        except AWAY as problem:
            db.complain(name, problem)
            away = True
        except Exception:
            log.exception("%s: failed", name)
        with suppress(TimeoutError):
            async with asyncio.timeout(every()):
                await (asyncio.Event() if away else bell).wait()


async def check_heads(hub: Hub) -> None:
    """Asks the database how far the rooms of this process are: whatever bell was lost is made good here."""
    await hub.give_up_empty()
    rooms = tuple(hub.rooms.values())
    if rooms:
        async with hub.db.reading() as s:
            found = await s.exec(
                select(Ticket.number, Ticket.head, Ticket.staff_head).where(
                    col(Ticket.number).in_({r.place.ticket for r in rooms})
                )
            )
            heads = {number: (head, staff) for number, head, staff in found.all()}
        for room in rooms:
            head, staff_head = heads.get(room.place.ticket, (0, 0))
            room.ring(Bell(head if room.place.line == PUBLIC else staff_head, None, head, 0))
    await hub.lists.poll()


async def beat(hub: Hub) -> None:
    """Heads to every socket, presence to other processes and to the worker."""
    for room in hub.rooms.values():
        room.beat()
    hub.lists.beat()
    await hub.presence.announce()
    await hub.presence.forget_silent()
    await vouch(hub, {c.viewer.id for c in hub.connections})


async def vouch(hub: Hub, people: set[int]) -> None:
    """Tells the worker, through the database, until when these people count as being there. Two sockets of one person
    may open at once: one statement, whichever comes first."""
    if not people:
        return
    until = now() + VOUCH_FOR
    async with hub.db.transaction() as s:
        insert: Any = sqlite.insert if hub.db.is_sqlite else postgresql.insert
        rows = [{"user_id": user_id, "process": hub.process, "until": until} for user_id in sorted(people)]
        statement = insert(Presence).values(rows)
        await s.execute(
            statement.on_conflict_do_update(
                index_elements=["user_id", "process"], set_={"until": statement.excluded.until}
            )
        )


async def vouch_no_more(hub: Hub, user_id: int) -> None:
    """The last socket of this person here has closed: from now on they count as away."""
    async with hub.db.transaction() as s:
        row = await s.get(Presence, (user_id, hub.process))
        if row is not None:
            row.until = now()
