"""`/healthz` and `/readyz`: whether the process lives, and whether it can serve."""

from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from server import web
from server.db import AWAY
from server.migrations import is_current


async def healthz(_request: Request) -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> JSONResponse:
    """200 while the database answers and its migrations are current. Redis away is told, not counted."""
    parts = web.journal(request)
    bus = "none" if parts.settings.redis_url is None else "ok" if parts.hub.bus.healthy else "away"
    try:
        async with parts.db.reading() as s:
            await s.execute(text("SELECT 1"))
            migrated = await is_current(s)
    except AWAY as problem:
        return JSONResponse({"status": "unavailable", "database": type(problem).__name__, "redis": bus}, 503)
    ready = migrated and not parts.stopping
    body = {
        "status": "ok" if ready else "unavailable",
        "database": "ok",
        "migrations": migrated,
        "redis": bus,
    }
    return JSONResponse(body, 200 if ready else 503)


routes = [Route("/healthz", healthz), Route("/readyz", readyz)]
