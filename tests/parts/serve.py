"""An ASGI application under the real uvicorn, inside the test's own loop, on a free loopback port."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn

from tests.parts.until import until


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # SIGINT belongs to pytest


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
        await asyncio.wait([task], timeout=15)
