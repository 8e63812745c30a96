"""An ASGI application under the real uvicorn, inside the test's own loop, on a free loopback port."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn

from tests.parts.until import until

ENDS_WITHIN = 30


class _Server(uvicorn.Server):
    """uvicorn's own, but for its rests: it asks ten times a second whether to end, and rests again before it does.
    A thousand tests would wait for minutes."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.told = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # SIGINT belongs to pytest

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        await asyncio.sleep(0)  # those who have just left are forgotten
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)
        else:
            await self.lifespan.shutdown()


@contextlib.asynccontextmanager
async def serving(app: Any, **options: Any) -> AsyncIterator[str]:
    """Serves the application (lifespan included) and gives its address, `http://127.0.0.1:PORT`."""
    settings: dict[str, Any] = {"log_config": None, "timeout_graceful_shutdown": 2} | options
    server = _Server(uvicorn.Config(app, host="127.0.0.1", **({"port": 0} | settings)))
    task = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started or task.done(), 20, "the application starts")
        if task.done():
            await task
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        server.told.set()
        async with asyncio.timeout(ENDS_WITHIN):
            await task
