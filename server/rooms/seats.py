"""One socket in one room, and what is sent to it."""

from typing import Any, Protocol

from server.events.kinds import Line
from server.people.policy import Viewer
from server.rooms.protocol import encode
from server.words.render import rendered


class Connection(Protocol):
    """One socket as rooms know it. `send` never waits: it queues, and closes the socket when too much is waiting; a
    `page` is the answer to a join and may be long. `rights`: how many changes of people's rights there had been when
    its viewer was read; `restored`: it came by a token that is older than a restore; `entered`: of which rooms it was
    told."""

    viewer: Viewer
    rights: int
    session: str | None
    token: str | None
    restored: bool
    seats: dict[str, "Seat"]
    entered: set[str]

    @property
    def locale(self) -> str: ...
    def send(self, frame: str, *, page: bool = False) -> None: ...
    async def end(self, code: int) -> None: ...


class Prepared:
    """One event made ready for many sockets: each form of its frame is encoded once for all of them."""

    def __init__(self, room: str, line: Line, event: dict[str, Any]) -> None:
        self.room = room
        self.line = line
        self.event = event
        self._frames: dict[str | None, str] = {}

    @property
    def seq(self) -> int:
        return int(self.event["seq"])

    def frame(self, locale: str | None) -> str:
        """The `event` frame; with a locale, with its rendered row."""
        if locale not in self._frames:
            body = {"op": "event", "room": self.room, "event": rendered(self.event, self.line, locale)}
            self._frames[locale] = encode(body)
        return self._frames[locale]


class Seat:
    """One socket in one room: what it has seen, and what waits while it is still joining. `staff`: it may know what all
    of the staff do here; `present`: others were told that it is here."""

    __slots__ = ("connection", "html", "live", "pending", "present", "seen", "staff")

    def __init__(self, connection: Connection, html: bool) -> None:
        self.connection = connection
        self.html = html
        self.seen = 0
        self.live = False
        self.pending: list[Prepared] | None = []
        self.staff = False
        self.present = False

    @property
    def locale(self) -> str | None:
        return self.connection.locale if self.html else None

    def offer(self, event: Prepared) -> None:
        """Sends the next event; repeats are dropped. The room offers without gaps, so there is nothing else to do."""
        if self.pending is not None:
            self.pending.append(event)
        elif self.live and event.seq > self.seen:
            self.seen = event.seq
            self.connection.send(event.frame(self.locale))
