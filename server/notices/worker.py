"""The worker: sends what waits in the outbox, looks for digests that are due, sweeps up. Several at once are harmless
(leases). Mail server, gateway or database away: it says so once and tries on, with growing pauses."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from server.clock import now
from server.config import Settings
from server.db import AWAY, Database, Session
from server.files import uploads
from server.files.storage import Storage
from server.notices import digest_letter, email, letters, outbox, sms, storm, sweeping
from server.notices.digest import Rounds
from server.notices.email import Letter
from server.notices.letters import Silence
from server.notices.model import Dispatch
from server.notices.outcome import Down, Refused, Unknown
from server.people import entering
from server.tickets import closing

log = logging.getLogger(__name__)

POLL = 0.4
AT_A_TIME = 4
LONGEST_SEND = 60.0
LONGEST_PAUSE = 15.0
SWEEP_EVERY = 600.0
CLOSE_EVERY = 60.0
FAREWELL = 5.0


@dataclass
class Lane:
    """One channel with what is under way on it; `closed_until` (loop time) while it can't be reached."""

    channel: str
    send: Callable[[Dispatch], Awaitable[None]]
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    in_hand: set[asyncio.Task[None]] = field(default_factory=set)
    closed_until: float = 0.0
    pause: float = 0.0


async def run(db: Database, settings: Settings, bell: asyncio.Event | None = None) -> None:
    """Works until cancelled. `bell` is rung when something may have been put down; without it the outbox is asked all
    the same."""
    await Worker(db, settings).run(bell or asyncio.Event())


class Worker:
    """One worker of possibly many."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self.db = db
        self.settings = settings
        self.post = email.post(settings)
        self.gateway = sms.gateway(settings)
        self.rounds = Rounds(timedelta(seconds=settings.digest_quiet_seconds))
        self.lanes = [Lane(outbox.MAIL, self._mail), Lane(outbox.SMS, self._sms)]

    async def run(self, bell: asyncio.Event) -> None:
        """Until cancelled; what is being handed over then gets a few seconds to finish."""
        quiet = self.settings.digest_quiet_seconds
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pass_on(bell))
                for lane in self.lanes:
                    tasks.create_task(_forever(lane.channel, lambda at=lane: self._take(at), POLL, lane.bell))  # type: ignore[misc]
                tasks.create_task(_forever("digests", self._look, min(5.0, max(0.2, quiet / 4))))
                tasks.create_task(_forever("closing", self._settle, CLOSE_EVERY))
                tasks.create_task(_forever("sweeping", self._sweep, SWEEP_EVERY))
        finally:
            await self._finish()

    async def _finish(self) -> None:
        in_hand = [task for lane in self.lanes for task in lane.in_hand]
        if in_hand:
            _, late = await asyncio.wait(in_hand, timeout=FAREWELL)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self.post.close()
        await self.gateway.close()

    async def _pass_on(self, bell: asyncio.Event) -> None:
        """One bell for both lanes, heard at most twenty times a second: every commit rings it."""
        while True:
            await bell.wait()
            bell.clear()
            for lane in self.lanes:
                lane.bell.set()
            await asyncio.sleep(0.05)

    async def _take(self, lane: Lane) -> bool:
        """Claims what is due, as much as there are free hands; while the channel is away, one at a time to try it."""
        free = (1 if lane.pause else AT_A_TIME) - len(lane.in_hand)
        if free <= 0 or asyncio.get_running_loop().time() < lane.closed_until:
            return False
        async with self.db.reading() as s:
            if not await outbox.anything_due(s, lane.channel):
                return False
        async with self.db.transaction() as s:
            rows = await outbox.claim(s, lane.channel, free)
        for row in rows:
            task = asyncio.create_task(self._send(lane, row))
            lane.in_hand.add(task)
            task.add_done_callback(lane.in_hand.discard)
        return False if lane.pause else bool(rows)

    async def _send(self, lane: Lane, row: Dispatch) -> None:
        try:
            async with asyncio.timeout(LONGEST_SEND):
                await self._outcome(lane, row)
        except Exception:
            # Ours to mend, so it is told in full; the row comes back when its lease ends.
            log.exception("%s %s could not be dealt with", row.kind, row.message_id)
        finally:
            lane.bell.set()

    async def _outcome(self, lane: Lane, row: Dispatch) -> None:
        """Sends one row and writes down how that went."""
        try:
            await lane.send(row)
        except Down as problem:
            self._close(lane, problem)
            await self._write(outbox.hold, row, now(), str(problem))
            return
        except Silence as silence:
            if silence.until is None:
                await self._write(outbox.dropped, row, str(silence))
            else:
                await self._write(outbox.hold, row, silence.until, str(silence))
            return
        except Refused as no:
            log.warning("%s %s refused: %s", row.kind, row.message_id, no)
            await self._write(outbox.dead if no.for_good else outbox.again, row, str(no))
        except Unknown as problem:
            log.warning("%s %s: no answer (%s)", row.kind, row.message_id, problem)
            settled = outbox.sent if row.kind in outbox.AT_MOST_ONCE else outbox.again
            await self._write(settled, row, f"no answer: {problem}")
        self._reopen(lane)

    async def _write(self, mark: Callable[..., Awaitable[bool]], row: Dispatch, *values: object) -> bool:
        async with self.db.transaction() as s:
            return await mark(s, row, *values)

    def _close(self, lane: Lane, problem: Down) -> None:
        if not lane.pause:
            log.warning("%s: can't be sent (%s); trying again with growing pauses", lane.channel, problem)
        lane.pause = min(max(lane.pause * 2, 0.5), LONGEST_PAUSE)
        lane.closed_until = asyncio.get_running_loop().time() + lane.pause

    def _reopen(self, lane: Lane) -> None:
        if lane.pause:
            log.warning("%s: sent again", lane.channel)
        lane.pause = lane.closed_until = 0.0

    async def _mail(self, row: Dispatch) -> None:
        async with self.post.line() as line:
            letter = await self._letter(row)
            if await self._write(outbox.leaving, row, letter.items):
                await line.send(letter)
                await self._write(outbox.sent, row)

    async def _letter(self, row: Dispatch) -> Letter:
        if outbox.too_late(row):
            raise Refused("too late: what it says has expired", for_good=True)
        async with self.db.reading() as s:
            await storm.check(s, row)
            desk = await letters.desk(s, row, self.settings)
            write = digest_letter.write if row.kind == "digest" else letters.WRITERS[row.kind]
            return await write(desk)

    async def _sms(self, row: Dispatch) -> None:
        if outbox.too_late(row) or row.secret is None:
            raise Refused("too late: the code has expired", for_good=True)
        if row.tries and not await self._write(_spend_again, row):
            raise Refused("the budget for SMS is spent", for_good=True)
        if await self._write(outbox.leaving, row):
            await self.gateway.send(row.address, row.secret)
            await self._write(outbox.sent, row)

    async def _look(self) -> None:
        """Puts down the digests that are due."""
        async with self.db.reading() as s:
            due = await self.rounds.look(s)
        if due:
            async with self.db.transaction() as s:
                await outbox.queue_digests(s, due)
            self.lanes[0].bell.set()

    async def _settle(self) -> None:
        """Closes what was accepted long ago and is settled: each in a transaction of its own, so that one which cannot
        be closed holds up no other."""
        refused: list[Exception] = []
        beyond = 0
        while numbers := await self._settled(beyond):
            for number in numbers:
                try:
                    async with self.db.transaction() as s:
                        await closing.close_settled(s, number)
                except Exception as problem:
                    if isinstance(problem, AWAY):
                        raise
                    refused.append(problem)
            beyond = numbers[-1]
        if refused:
            raise ExceptionGroup("tickets that cannot be closed", refused)

    async def _settled(self, beyond: int) -> list[int]:
        async with self.db.reading() as s:
            return await closing.settled(s, beyond)

    async def _sweep(self) -> None:
        async with self.db.transaction() as s:
            await outbox.settle(s)
            await sweeping.sweep(s)
        await uploads.sweep(self.db, Storage(self.settings))


async def _spend_again(s: Session, row: Dispatch) -> bool:
    return await entering.spend_again(s, row.user_id or 0, row.address, entering.Budget())


async def _forever(
    name: str, step: Callable[[], Awaitable[bool | None]], every: float, bell: asyncio.Event | None = None
) -> None:
    """Repeats a step; True asks for the next one at once. Trouble is told once, then tried again with growing
    pauses."""
    pause = 0.0
    while True:
        try:
            at_once = await step()
        except Exception:
            if not pause:
                log.exception("worker, %s: does not work, trying again with growing pauses", name)
            pause = min(max(pause * 2, 0.5), LONGEST_PAUSE)
            await asyncio.sleep(pause)
            continue
        if pause:
            log.warning("worker, %s: works again", name)
            pause = 0.0
        if not at_once:
            await _rest(every, bell)


async def _rest(seconds: float, bell: asyncio.Event | None) -> None:
    if bell is None:
        await asyncio.sleep(seconds)
        return
    try:
        async with asyncio.timeout(seconds):
            await bell.wait()
    except TimeoutError:
        pass
    bell.clear()
