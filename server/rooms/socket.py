"""`/ws`: who may open it, and what each frame does. Frames are read by `protocol`, carried out by actions,
answered here."""

import asyncio
from contextlib import suppress

from starlette.responses import PlainTextResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from server import web
from server.clock import now
from server.config import Limits
from server.db import AWAY, Session
from server.errors import Forbidden, Malformed, NotFound, Refusal, TooMany, Unavailable
from server.events import access
from server.events.kinds import MAX_TEXT
from server.events.log import instant
from server.people.policy import Viewer
from server.people.queries import viewer as load_viewer
from server.rooms import protocol
from server.rooms.buckets import Bucket
from server.rooms.connection import Connection
from server.rooms.protocol import INBOX, QUEUE, Closing, Frame, Join, Leave, Read, Say, Typing, encode, ticket_room
from server.rooms.watch import vouch, vouch_no_more
from server.tickets import talk

UNREADABLE_AT_MOST = 3
FRAMES_PER_SECOND, SECONDS_AT_ONCE = 200, 2.0
MAX_ROOMS = 1000
TYPING_EVERY = 3.0


async def socket(websocket: WebSocket) -> None:
    """One socket's life: origin and encryption before the upgrade; who it is right after it; then frames until one side
    ends."""
    journal = web.journal(websocket)
    if not _origin_fits(websocket, journal.settings.origins):
        await websocket.send_denial_response(PlainTextResponse("origin", 403))
        return
    if journal.settings.secure and websocket.url.scheme != "wss":
        await websocket.send_denial_response(PlainTextResponse("wss only (behind a proxy: TRUSTED_PROXIES)", 403))
        return
    asking, rights, refused = await _who(websocket, journal)
    offered = websocket.scope.get("subprotocols", [])
    await websocket.accept(protocol.SUBPROTOCOL if protocol.SUBPROTOCOL in offered else None)
    if asking is None or refused:
        await websocket.close(refused)
        return
    viewer = asking.viewer
    connection = Connection(
        websocket, viewer, rights, session=asking.session, token=asking.token, restored=asking.restored
    )
    address = websocket.client.host if websocket.client else ""
    with journal.hub.doorman.admitted(viewer.id, address) as allowed:
        if not allowed:
            await websocket.close(Closing.TOO_MANY)
            return
        await asyncio.sleep(journal.hub.doorman.knocks(viewer.id))
        await _Conversation(connection, journal).run()


async def _who(websocket: WebSocket, journal: web.Journal) -> tuple[web.Asking | None, int, int]:
    """Who is asking, with how many changes of rights taken account of; and the code to close with at once, so that a
    page knows why."""
    ours = [p for p in websocket.scope.get("subprotocols", []) if p.startswith("journal.")]
    if ours and protocol.SUBPROTOCOL not in ours:
        return None, 0, Closing.TOO_OLD
    try:
        async with journal.db.reading() as s:
            rights = await access.counted(s)  # before the viewer: a change in between is looked up once more
            asking = await (web.by_token if web.bearer(websocket) else web.by_cookie)(s, websocket)
    except AWAY as problem:
        journal.db.complain("socket", problem)
        return None, 0, Closing.OVERLOADED
    if asking is None:
        return None, 0, Closing.LOG_IN_AGAIN
    return asking, rights, 0 if asking.viewer.belongs else Closing.NO_ACCESS


def _origin_fits(websocket: WebSocket, origins: frozenset[str]) -> bool:
    sent = websocket.headers.getlist("origin")
    if not sent:
        return web.bearer(websocket) is not None
    return len(sent) == 1 and sent[0] in origins


class _Conversation:
    """Reads frames one after another and answers each; writing is the connection's own task."""

    def __init__(self, connection: Connection, journal: web.Journal) -> None:
        self.c = connection
        self.journal = journal
        self.hub = journal.hub
        self.unreadable = 0
        self.frames = _frames(journal.settings.limits)
        self.typed_at: dict[str, float] = {}

    async def run(self) -> None:
        """Until the peer leaves or the connection is ended; then everything it held is given back."""
        here = self._is_here()
        self.hub.connections.add(self.c)
        self._hello()
        try:
            await self.c.close(await self._until_the_end(here))
        finally:
            if not self._is_here():
                with suppress(*AWAY):
                    # Lost, it only makes the person count as present for some seconds more.
                    await vouch_no_more(self.hub, self.c.viewer.id)

    def _is_here(self) -> bool:
        """Whether another socket of this person is open."""
        return any(c.viewer.id == self.c.viewer.id for c in self.hub.connections)

    async def _until_the_end(self, here: bool) -> int:
        """The code to close with. Whoever is `here` already is vouched for."""
        writer = asyncio.create_task(self.c.write())
        reader = asyncio.create_task(self._read())
        ended = asyncio.create_task(self.c.ended())
        try:
            if not here:
                with suppress(*AWAY):  # the next beat says it again
                    await vouch(self.hub, {self.c.viewer.id})
            done, _ = await asyncio.wait({writer, reader, ended}, return_when=asyncio.FIRST_COMPLETED)
            code = self.c.code or (reader.result() if reader in done and not reader.exception() else Closing.FAILED)
            _raise_unless_gone(writer, reader)
        finally:
            for task in (writer, reader, ended):
                task.cancel()
            await asyncio.gather(writer, reader, ended, return_exceptions=True)
            await self._give_back()
        return code

    def _hello(self) -> None:
        limits = self.hub.limits
        self.c.send(encode({
            "op": "hello", "user": self.c.viewer.person(), "time": instant(now()),
            "epoch": self.hub.epoch,
            "limits": {
                "text": MAX_TEXT, "frame": protocol.MAX_FRAME, "files": protocol.MAX_FILES,
                "file_mb": limits.file_mb, "say_per_second": limits.say_per_second, "say_burst": limits.say_burst,
                "sockets_per_user": limits.sockets_per_user, "sockets_per_address": limits.sockets_per_address,
                "tickets_per_minute": limits.tickets_per_minute,
            },
        }))  # fmt: skip

    async def _read(self) -> int:
        """Handles frames until the socket ends; the code to close with."""
        while True:
            message = await self.c.socket.receive()
            if message["type"] == "websocket.disconnect":
                return int(message.get("code") or 1000)
            raw = message.get("text")
            if raw is None:
                return Closing.BINARY
            if self.frames.take() > 0:
                return Closing.TOO_MANY
            if await self._handle(raw):
                return Closing.BAD_FRAMES
            if len(self.c.seats) > MAX_ROOMS:
                return Closing.TOO_MANY
            # Who sends the next frame before this one was carried out must not gain by our slowness.
            self.frames.skip()

    async def _handle(self, raw: str) -> bool:
        """Carries out one frame; True when the peer has sent too much that can't be read."""
        answers: dict[str, object] = {}
        try:
            frame = protocol.parse(raw)
            answers["room"] = frame.room
            if isinstance(frame, Say):
                answers["id"] = frame.id
            await self._do(frame)
        except Refusal as refusal:
            self._refuse(refusal, answers)
            if isinstance(refusal, Malformed):
                self.unreadable += 1
        except AWAY as problem:
            self.journal.db.complain("socket", problem)
            self._refuse(Unavailable("Журнал сейчас не может сохранить это. Попробуйте через минуту."), answers)
        return self.unreadable >= UNREADABLE_AT_MOST

    def _refuse(self, refusal: Refusal, answers: dict[str, object]) -> None:
        body = {"op": "error", "code": refusal.code, "detail": web.said(refusal, self.c.locale)}
        self.c.send(encode(body | refusal.extra | answers))

    async def _do(self, frame: Frame) -> None:
        if isinstance(frame, Join):
            await self._join(frame)
        elif isinstance(frame, Leave):
            await self._leave(frame)
        elif isinstance(frame, Say):
            await self._say(frame)
        elif isinstance(frame, Read):
            await self._mark(frame)
        elif isinstance(frame, Typing):
            await self._typing(frame)

    async def _join(self, frame: Join) -> None:
        await self.c.drained()
        if frame.room == QUEUE:
            await self.hub.lists.enter_queue(self.c, frame.html)
        elif frame.room == INBOX:
            await self.hub.lists.enter_inbox(self.c)
        else:
            await self.hub.enter(self.c, frame)

    async def _leave(self, frame: Leave) -> None:
        if frame.room in (QUEUE, INBOX):
            self.hub.lists.leave(self.c, frame.room)
        else:
            await self.hub.leave(self.c, frame.room)

    async def _say(self, frame: Say) -> None:
        place = ticket_room(frame.room)
        self._limit()
        words = talk.Words(frame.id, frame.text, frame.files, frame.reply_to, frame.seen, frame.anyway)
        async with self.journal.db.transaction() as s:
            event = await talk.say(s, await self._fresh(s), place.ticket, place.line, words)
        self.c.send(encode(
            {"op": "ack", "id": frame.id, "room": frame.room, "seq": event.seq, "at": instant(event.at)}
        ))  # fmt: skip

    def _limit(self) -> None:
        if (wait := self.hub.doorman.says(self.c.viewer.id)) > 0:
            raise TooMany("Слишком много сообщений подряд. Подождите %(seconds)d с.", retry_after=int(wait) + 1)

    async def _mark(self, frame: Read) -> None:
        place = ticket_room(frame.room)
        async with self.journal.db.transaction() as s:
            await talk.read(s, await self._fresh(s), place.ticket, place.line, frame.upto)

    async def _fresh(self, s: Session) -> Viewer:
        """The writer's rights as they are now, not as they were when the socket was opened."""
        viewer = await load_viewer(s, self.c.viewer.id)
        if viewer is None:
            await self.c.end(Closing.LOG_IN_AGAIN)
            raise NotFound
        return viewer

    async def _typing(self, frame: Typing) -> None:
        place = ticket_room(frame.room)
        if frame.room not in self.c.seats:
            await self.hub.check(self.c.viewer, place)
            raise Forbidden("Сначала войдите в комнату")
        moment = asyncio.get_running_loop().time()
        if moment - self.typed_at.get(frame.room, -TYPING_EVERY) >= TYPING_EVERY:
            self.typed_at[frame.room] = moment
            await self.hub.typing(self.c.viewer, place, frame.room)

    async def _give_back(self) -> None:
        self.hub.connections.discard(self.c)
        self.hub.lists.leave(self.c)
        for name in tuple(self.c.seats):
            await self.hub.leave(self.c, name)


def _frames(limits: Limits) -> Bucket:
    """How fast frames of any kind may come: well above what may be said, none where saying has no limit."""
    rate = max(FRAMES_PER_SECOND, 4 * limits.say_per_second) if limits.say_per_second else 0
    return Bucket(rate, rate * SECONDS_AT_ONCE)


def _raise_unless_gone(*tasks: "asyncio.Task[int] | asyncio.Task[None]") -> None:
    """A peer that vanished while we wrote is no error; anything else is."""
    for task in tasks:
        problem = task.exception() if task.done() and not task.cancelled() else None
        if problem is not None and not isinstance(problem, WebSocketDisconnect):
            raise problem


routes = [WebSocketRoute("/ws", socket)]
