"""`/healthz`, `/readyz`, `/metrics`: whether the process lives, whether it can serve, and how much it carries."""

import secrets

from sqlalchemy import func, text
from sqlmodel import select
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from server import web
from server.db import AWAY
from server.errors import NotFound
from server.migrations import is_current
from server.notices.model import Dispatch


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
    ready = migrated and parts.ready
    body = {
        "status": "ok" if ready else "unavailable",
        "database": "ok",
        "migrations": migrated,
        "redis": bus,
    }
    return JSONResponse(body, 200 if ready else 503)


async def metrics(request: Request) -> Response:
    """Gauges of this process and of the outbox, for whoever holds METRICS_TOKEN; for everybody else there is no
    such page."""
    parts = web.journal(request)
    wanted = parts.settings.metrics_token
    if not wanted or not secrets.compare_digest((web.bearer(request) or "").encode(), wanted.encode()):
        raise NotFound
    async with parts.db.reading() as s:
        counted = await s.exec(select(Dispatch.state, func.count()).group_by(Dispatch.state))
        outbox = [(f'journal_dispatches{{state="{state}"}}', number) for state, number in counted.all()]
    gauges = [
        ("journal_sockets", len(parts.hub.connections)),
        ("journal_rooms", len(parts.hub.rooms)),
        ("journal_bus_healthy", int(parts.hub.bus.healthy)),
        *outbox,
    ]
    return PlainTextResponse("".join(f"{name} {number}\n" for name, number in gauges))


routes = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
