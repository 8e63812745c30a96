"""A ticket opened for change: locked, its rights read again under the lock, and what follows from each event.
Actions build on it."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import bindparam
from sqlmodel import select

from server.db import Session
from server.errors import Forbidden, NotFound
from server.events import log
from server.events.kinds import PUBLIC, Kind, Line, Message
from server.events.model import Event
from server.notices import outbox
from server.people.policy import Viewer
from server.search import index
from server.tickets import policy, reading
from server.tickets.facts import participants
from server.tickets.model import Ticket
from server.tickets.policy import Facts
from server.tickets.workflow import OPEN, Actor

LAST_WORDS = 160
TAKEN_ID = "Под этим id уже отправлено другое сообщение"
OVER = "Обращение завершено, добавить к нему ничего нельзя"


@dataclass
class Opened:
    """One ticket inside one transaction, together with who is acting on it."""

    s: Session
    viewer: Viewer
    ticket: Ticket
    facts: Facts

    @property
    def actors(self) -> frozenset[Actor]:
        return policy.actors(self.viewer, self.facts)

    def require(self, allowed: bool) -> None:
        """Refuses what is theirs to see but not to do."""
        if not allowed:
            raise Forbidden("На это у вас нет прав", state=self.ticket.status)

    def require_open(self) -> None:
        """Writing ends at `closed` and `cancelled`."""
        if self.ticket.status not in OPEN:
            raise Forbidden(OVER, state=self.ticket.status)

    async def record(
        self, kind: Kind, *, line: Line = PUBLIC, client_id: str | None = None, passing: bool = False
    ) -> Event:
        """Writes one event and what every event entails: last words, the author's own cursor, notices. What is only
        `passing`, on the way to what the same action does next, is mailed to nobody."""
        event = await log.append(
            self.s, self.ticket, kind, self.viewer.id,
            line=line, client_id=client_id, also=self._last_words(kind) if line == PUBLIC else {},
        )  # fmt: skip
        await index.said(self.s, event, self.ticket.subject)
        if not self.s.info.get(outbox.SILENT):
            await reading.wrote(self.s, event)
        self.facts = self.ticket.facts(self.facts.participants)
        if not passing:
            await outbox.enqueue(self.s, self.ticket, self.facts, kind, event)
        return event

    def _last_words(self, kind: Kind) -> dict[str, object]:
        """What the ticket's row shows of the last message."""
        if not isinstance(kind, Message):
            return {}
        return {"last_author_id": self.viewer.id, "last_words": first_words(kind.text)}


def first_words(said: str) -> str:
    """What of a message the ticket's row shows."""
    return " ".join(said.split())[:LAST_WORDS]


async def open_ticket(
    s: Session,
    viewer: Viewer,
    number: int,
    line: Line = PUBLIC,
    *,
    may: Callable[[Viewer, Facts], bool] | None = None,
) -> Opened:
    """Locks a ticket that this person may see on that line (or that `may` lets them act on); `NotFound`
    otherwise, whatever the reason."""
    ticket = (await s.exec(_LOCKED, params={"number": number})).one_or_none()
    if ticket is None:
        raise NotFound
    facts = ticket.facts(await participants(s, number))
    if not (may(viewer, facts) if may else policy.sees_line(viewer, facts, line)):
        raise NotFound
    return Opened(s, viewer, ticket, facts)


# Made once: every change begins with it.
_LOCKED = (
    select(Ticket)
    .where(Ticket.number == bindparam("number"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
