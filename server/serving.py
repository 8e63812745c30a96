"""Runs the application under uvicorn: one process, or several on one port."""

import asyncio
import signal
import sys
from contextlib import AsyncExitStack, closing, suppress
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.supervisors import Multiprocess

from server import opening
from server.app import create_app
from server.config import Settings, from_environment
from server.db import Database
from server.events.bus import LocalBus, RedisBus
from server.events.fanout import Fanout
from server.notices import worker
from server.rooms.buckets import Bucket
from server.rooms.protocol import MAX_FRAME, Closing

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

GRACE = 10
GOODBYE = 150.0
HEADERS_WITHIN = 15.0
PINGS_PER_SECOND = 10


class PunctualProtocol(HttpToolsProtocol):
    """uvicorn's own, which waits for the headers of a request without end: here, not longer than `HEADERS_WITHIN`.
    And an upgrade with a body, which it would never answer, is refused."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_headers()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._late is None:
            self._expect_headers()

    def on_headers_complete(self) -> None:
        self._here()
        super().on_headers_complete()

    def handle_websocket_upgrade(self) -> None:
        # What follows an upgrade is frames: a body would be taken for them, by us or by a proxy before us.
        if any(n == b"transfer-encoding" or (n == b"content-length" and v != b"0") for n, v in self.headers):
            self.send_400_response("an upgrade has no body")
        else:
            super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        self._here()
        super().connection_lost(exc)

    def _expect_headers(self) -> None:
        self._late = self.loop.call_later(HEADERS_WITHIN, self.transport.abort)

    def _here(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


class PatientProtocol(WebSocketsSansIOProtocol):
    """uvicorn's own, but for two things. The close frame doesn't wait until the peer has read all that lies before it:
    who reads too slowly finds 4408 behind it; who never reads again is cut off in the end. And pings are counted: each
    is answered, and who does not read the answers would fill our memory."""

    _cut: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._pings = Bucket(PINGS_PER_SECOND, 10 * PINGS_PER_SECOND)
        self._flooded = False

    def handle_ping(self) -> None:
        if not self._flooded and self._pings.take() > 0:
            self._flooded = True
            self.queue.put_nowait({"type": "websocket.disconnect", "code": Closing.TOO_MANY})
        if self._flooded:
            self.conn.data_to_send()  # the answers, which stay unsent
        else:
            super().handle_ping()

    async def send(self, message: "ASGISendEvent") -> None:
        if message["type"] == "websocket.close" and self.handshake_complete:
            self.writable.set()
            self._cut = self.loop.call_later(GOODBYE, self.transport.abort)
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            self.handshake_complete = True  # refused in words: or the log would call it an error of ours

    def connection_lost(self, exc: Exception | None) -> None:
        if self._cut is not None:
            self._cut.cancel()
        super().connection_lost(exc)


def application() -> object:
    """The application of one of several processes, which reads the environment itself."""
    return create_app(from_environment())


def options(settings: Settings) -> dict[str, object]:
    """Compression is off: it doubles the memory of an idle socket and costs most of the fan-out. A silent peer
    is noticed in 40 s."""
    return {
        "host": settings.host, "port": settings.port,
        "http": PunctualProtocol, "ws": PatientProtocol, "ws_max_size": MAX_FRAME, "ws_per_message_deflate": False,
        "ws_ping_interval": 20.0, "ws_ping_timeout": 20.0, "timeout_graceful_shutdown": GRACE, "server_header": False,
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": list(settings.trusted_proxies) or "127.0.0.1",
        "log_level": "warning", "access_log": False, "lifespan": "on",
    }  # fmt: skip


def serve(settings: Settings) -> int:
    """Serves until it is told to stop; the exit status. Without Redis the worker runs inside."""
    opening.require_free_port(settings)
    asyncio.run(opening.everything(settings))
    if (several := settings.web_concurrency) > 1:
        here = "server.serving:application"
        return run_several(uvicorn.Config(here, factory=True, workers=several, **options(settings)))  # type: ignore[arg-type]
    app = create_app(settings, with_worker=settings.redis_url is None)
    return run(uvicorn.Server(uvicorn.Config(app, **options(settings))))  # type: ignore[arg-type]


def run(server: uvicorn.Server) -> int:
    """The exit status. After a clean stop uvicorn raises the signal that told it to stop once more, or gives up itself
    when it can't start: neither ends us."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with suppress(KeyboardInterrupt, SystemExit):
        server.run()
    return 0 if server.started else 1


def run_several(config: uvicorn.Config) -> int:
    """The exit status: uvicorn's own is 0 also when its processes could not start."""
    with closing(config.bind_socket()) as door:
        supervisor = Multiprocess(config, [door])
        supervisor.run()
    return 1 if any((process.exitcode or 0) > 0 for process in supervisor.processes) else 0


def work(settings: Settings) -> None:
    """Runs a worker alone, until it is told to stop."""
    asyncio.run(opening.everything(settings))
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_, stop.set)
    bus = RedisBus(settings.redis_url) if settings.redis_url else LocalBus()
    db = Database(settings.database_url, Fanout(bus))
    async with AsyncExitStack() as until_the_end:
        until_the_end.push_async_callback(db.close)
        until_the_end.push_async_callback(bus.close)
        work, told = asyncio.create_task(worker.run(db, settings)), asyncio.create_task(stop.wait())
        await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
        work.cancel()
        await asyncio.wait({work})
        if not work.cancelled() and (problem := work.exception()):
            raise problem
