"""One open socket: its outgoing queue, its seats, its end. A slow reader fills only its own queue and is closed."""

import asyncio
from collections import deque
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from server.people.policy import Viewer
from server.rooms.protocol import Closing
from server.rooms.seats import Seat
from server.words import i18n

WAITING_LIMIT = 256 * 1024
CLOSE_WITHIN = 2.0


class Connection:
    """`send` queues and never waits; one writer task sends. More than 256 KB waiting closes the socket with 4408."""

    def __init__(
        self, socket: WebSocket, viewer: Viewer, rights: int, *, session: str | None, token: str | None, restored: bool
    ) -> None:
        self.socket = socket
        self.viewer = viewer
        self.rights = rights
        self.session = session
        self.token = token
        self.restored = restored
        self.seats: dict[str, Seat] = {}
        self.entered: set[str] = set()
        self.code: int | None = None
        self._waiting: deque[tuple[str, int]] = deque()
        self._size = 0
        self._bell = asyncio.Event()
        self._drained = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def locale(self) -> str:
        """The language its viewer reads now."""
        return i18n.known(self.viewer.locale)

    def send(self, frame: str, *, page: bool = False) -> None:
        """Queues a frame. The frame being written doesn't count, nor does a `page`: it was asked for, and `drained`
        keeps a second one from being asked for before it has left."""
        if self.code is not None:
            return
        size = 0 if page else len(frame) if frame.isascii() else len(frame.encode())
        self._waiting.append((frame, size))
        self._size += size
        if self._size > WAITING_LIMIT:
            self._end_now(Closing.TOO_SLOW)
        self._drained.clear()
        self._bell.set()

    def _end_now(self, code: int) -> None:
        self.code = code
        self._waiting.clear()
        self._size = 0
        self._bell.set()
        self._ended.set()

    async def drained(self) -> None:
        """Waits until nothing waits here."""
        if self._waiting:
            await self._drained.wait()

    async def end(self, code: int) -> None:
        """Closes with this code; what was queued is not sent any more."""
        if self.code is None:
            self._end_now(code)

    async def ended(self) -> int:
        """Waits until somebody ended this socket from our side; the close code."""
        await self._ended.wait()
        assert self.code is not None
        return self.code

    async def write(self) -> None:
        """The writer task: sends what is queued, in order, until the socket ends."""
        while self.code is None:
            while self._waiting:
                frame, size = self._waiting.popleft()
                self._size -= size
                await self.socket.send_text(frame)
            self._drained.set()
            await self._bell.wait()
            self._bell.clear()

    async def close(self, code: int) -> None:
        """Says goodbye; a peer who doesn't read is not waited for."""
        if self.socket.application_state is WebSocketState.CONNECTED:
            with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
                async with asyncio.timeout(CLOSE_WITHIN):
                    await self.socket.close(code)
