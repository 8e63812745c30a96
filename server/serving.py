"""Runs the application under uvicorn: one process, or several on one port."""

import asyncio
import signal
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from server.app import create_app
from server.config import Settings, from_environment
from server.db import Database
from server.events.bus import LocalBus, RedisBus
from server.events.fanout import Fanout
from server.migrations import migrate
from server.notices import worker
from server.rooms.protocol import MAX_FRAME

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

GRACE = 10
GOODBYE = 150.0


class PatientProtocol(WebSocketsSansIOProtocol):
    """uvicorn's own, but for one thing: the close frame doesn't wait until the peer has read all that lies before it.
    Who reads too slowly finds 4408 behind it; who never reads again is cut off in the end."""

    _cut: asyncio.TimerHandle | None = None

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
        "ws": PatientProtocol, "ws_max_size": MAX_FRAME, "ws_per_message_deflate": False,
        "ws_ping_interval": 20.0, "ws_ping_timeout": 20.0, "timeout_graceful_shutdown": GRACE, "server_header": False,
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": list(settings.trusted_proxies) or "127.0.0.1",
        "log_level": "warning", "access_log": False, "lifespan": "on",
    }  # fmt: skip


def serve(settings: Settings) -> None:
    """Serves until it is told to stop. Without Redis the worker runs inside."""
    if settings.web_concurrency > 1:
        uvicorn.run("server.serving:application", factory=True, workers=settings.web_concurrency, **options(settings))  # type: ignore[arg-type]
        return
    app = create_app(settings, with_worker=settings.redis_url is None)
    uvicorn.run(app, **options(settings))  # type: ignore[arg-type]


def work(settings: Settings) -> None:
    """Runs a worker alone, until it is told to stop."""
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_, stop.set)
    bus = RedisBus(settings.redis_url) if settings.redis_url else LocalBus()
    db = Database(settings.database_url, Fanout(bus))
    await migrate(db)
    work, told = asyncio.create_task(worker.run(db, settings)), asyncio.create_task(stop.wait())
    await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
    work.cancel()
    await asyncio.wait({work})
    await bus.close()
    await db.close()
    if not work.cancelled() and (problem := work.exception()):
        raise problem
