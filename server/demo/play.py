"""Plays the company's history through the journal's own actions, each at its moment in the past."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import delete, insert, update
from sqlmodel import col, select

from server.clock import at, now
from server.db import Session
from server.demo.arriving import Arriving
from server.demo.calendar import MOSCOW, moment, words, working_day
from server.demo.setting import Stage
from server.demo.story import (
    Add,
    Assign,
    Claim,
    Decide,
    Files,
    Move,
    Note,
    Offer,
    Pay,
    Rate,
    Request,
    Reword,
    Say,
    Service,
    Step,
    TakeBack,
    Urgency,
    Work,
    Worked,
)  # fmt: skip
from server.errors import Refusal
from server.events.kinds import PUBLIC, STAFF, Line
from server.events.model import Event
from server.files import actions as files
from server.money import actions as money
from server.money import pricing
from server.notices import outbox
from server.people.policy import Viewer
from server.tickets import actions, moving, policy, talk
from server.tickets.facts import facts_of
from server.tickets.model import Counter, ReadCursor, Ticket

# Numbers look like those of a journal that has been in use for a while.
FIRST = 1217
STILL_NEWS = timedelta(hours=12)


def in_order(requests: Iterable[Request], start: datetime) -> list[Request]:
    """As they came in."""
    return sorted(requests, key=lambda r: moment(r.at, start))


async def play(s: Session, stage: Stage, arriving: Arriving, requests: list[Request]) -> None:
    """All requests, which are `in_order`, then what everybody has read of them."""
    await s.execute(update(Counter).where(col(Counter.name) == "ticket").values(value=FIRST - 1))
    for request in requests:
        await Scene(s, stage, request, arriving).play()
    await _read(s, stage, requests)


async def _read(s: Session, stage: Stage, requests: list[Request]) -> None:
    """Everybody has read all they may see, but for what the request says they have not. In one go: there is no action
    for five hundred cursors, and nobody to tell that they moved."""
    tickets = (await s.exec(select(Ticket).order_by(col(Ticket.number)))).all()
    written = await _written(s)
    facts = await facts_of(s, tickets)
    rows = []
    for ticket, request in zip(tickets, requests, strict=True):
        at_last = min(ticket.last_at + timedelta(minutes=3), stage.start)
        for line, head, unread in (
            (PUBLIC, ticket.head, request.unread), (STAFF, ticket.staff_head, request.unread_notes),
        ):  # fmt: skip
            for login, viewer in stage.people.items():
                if not head or not policy.sees_line(viewer, facts[ticket.number], line):
                    continue
                upto = max(head - unread.get(login, 0), 0)
                own = sum(seq > upto for seq in written.get((ticket.number, line, viewer.id), ()))
                rows.append({"ticket": ticket.number, "line": line, "user_id": viewer.id, "upto": upto, "own": own,
                             "at": at_last})  # fmt: skip
    await s.execute(delete(ReadCursor))
    await s.execute(insert(ReadCursor), rows)


async def _written(s: Session) -> dict[tuple[int, str, int], list[int]]:
    """What each person has written in each log, by number."""
    found: dict[tuple[int, str, int], list[int]] = {}
    for ticket, line, author, seq in await s.exec(select(Event.ticket, Event.line, Event.author_id, Event.seq)):
        found.setdefault((ticket, line, author), []).append(seq)
    return found


@dataclass
class Scene:
    """One request being played: its number, what has been said so far, and by whom last."""

    s: Session
    stage: Stage
    request: Request
    arriving: Arriving
    number: int = 0
    said: int = 0
    last: dict[tuple[Line, str], int] = field(default_factory=dict)

    async def play(self) -> None:
        """From the first message to the last step."""
        when = moment(self.request.at, self.stage.start)
        with self._at(when):
            await self._ask()
        for step in self.request.steps:
            when = moment(step.after, self.stage.start, when)
            try:
                with self._at(when):
                    await self._step(self.stage.people[step.who], step)
            except Refusal as refusal:
                refusal.add_note(f"{self.request.subject}: {step}")
                raise

    @contextmanager
    def _at(self, when: datetime) -> Iterator[None]:
        """The mails of earlier days have long been read; those of the last hours are still news and leave."""
        self.s.info[outbox.SILENT] = when < self.stage.start - STILL_NEWS
        with at(when):
            yield

    def words(self, text: str) -> str:
        """A text with its dates."""
        return words(text, self.stage.start, moment(self.request.at, self.stage.start))

    def day(self, days: int | None) -> date | None:
        """A working day counted from the start of the demo."""
        return None if days is None else working_day(self.stage.start.astimezone(MOSCOW).date(), days)

    async def _attach(self, viewer: Viewer, attached: Files) -> list[str]:
        arrived = [await self.arriving.file(paper) for paper in attached]
        for file in arrived:
            file.uploader_id, file.created_at = viewer.id, now()
            await files.keep(self.s, viewer, file)
        return [file.id for file in arrived]

    async def _ask(self) -> None:
        r, author = self.request, self.stage.people[self.request.by]
        new = actions.NewTicket(
            self.words(r.subject), self.stage.services[r.service], self.words(r.text), r.urgency,
            await self._attach(author, r.files), self.day(r.due), r.private,
        )  # fmt: skip
        self.number = (await actions.create(self.s, author, new)).number
        self.last[PUBLIC, r.by] = 1

    async def _step(self, viewer: Viewer, step: Step) -> None:
        match step:
            case Say() | Note() | Reword() | TakeBack():
                await self._talk(viewer, step)
            case Offer() | Decide() | Pay() | Worked():
                await self._money(viewer, step)
            case _:
                await self._lead_on(viewer, step)

    async def _talk(self, viewer: Viewer, step: Say | Note | Reword | TakeBack) -> None:
        match step:
            case Say():
                quoted = self.last[PUBLIC, step.answers] if step.answers else None
                await self._say(viewer, step, PUBLIC, quoted)
            case Note():
                await self._say(viewer, step, STAFF, None)
            case Reword():
                seq = self.last[PUBLIC, step.who]
                await talk.edit(self.s, viewer, self.number, PUBLIC, seq, self.words(step.text))
            case TakeBack():
                await talk.delete(self.s, viewer, self.number, PUBLIC, self.last[PUBLIC, step.who])

    async def _say(self, viewer: Viewer, step: Say | Note, line: Line, quoted: int | None) -> None:
        self.said += 1
        said = talk.Words(
            f"{self.number}-{self.said}", self.words(step.text), await self._attach(viewer, step.files), quoted
        )
        self.last[line, step.who] = (await talk.say(self.s, viewer, self.number, line, said)).seq

    async def _money(self, viewer: Viewer, step: Offer | Decide | Pay | Worked) -> None:
        match step:
            case Offer():
                comment = self.words(step.comment) if step.comment else None
                lines = [self._line(line) for line in step.lines]
                await money.hand_in_estimate(self.s, viewer, self.number, lines, self.day(step.due), comment)
            case Decide():
                ticket = await self.s.get_one(Ticket, self.number)
                decision = "rejected" if step.rejected else "approved"
                comment = step.rejected or step.comment
                await money.decide(self.s, viewer, self.number, ticket.estimate_version or 0, decision, comment)
            case Pay():
                await money.set_payment(self.s, viewer, self.number, step.state, step.invoice)
            case Worked():
                await money.log_time(
                    self.s, viewer, self.number, step.minutes, now().date(), step.comment, step.billable
                )

    def _line(self, work: Work) -> pricing.Line:
        return pricing.Line(self.words(work.text), work.quantity, work.price * 100, unit=work.unit, vat=work.vat)

    async def _lead_on(self, viewer: Viewer, step: Claim | Assign | Add | Move | Urgency | Service | Rate) -> None:
        s, number = self.s, self.number
        match step:
            case Claim():
                await actions.claim(s, viewer, number)
            case Assign():
                await actions.assign(s, viewer, number, self.stage.people[step.to].id)
            case Add():
                await actions.add_participant(s, viewer, number, self.stage.people[step.whom].id)
            case Move():
                await moving.move(s, viewer, number, step.to, self.words(step.comment) if step.comment else None)
            case Urgency():
                await actions.change_urgency(s, viewer, number, step.to, step.comment)
            case Service():
                await actions.change_service(s, viewer, number, self.stage.services[step.to], step.comment)
            case Rate():
                await actions.rate(s, viewer, number, step.score, step.comment)
