"""Wires settings, database, bus, routes and middleware together. No handler, no query, no rule."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from server import answering, health, help, offline, web
from server.api import contract, manual
from server.catalogue import pages as catalogue_pages
from server.config import Settings, beside
from server.db import AWAY, Database
from server.errors import Refusal
from server.events.bus import Bus, LocalBus, RedisBus
from server.events.fanout import Fanout
from server.files import pages as file_pages
from server.files.storage import Storage
from server.guard import SameSite, SecurityHeaders
from server.migrations import migrate
from server.notices import worker
from server.people import admin_pages, own_pages
from server.people import pages as people_pages
from server.rooms import socket
from server.rooms.hub import Hub
from server.rooms.watch import watch
from server.tickets import decision
from server.tickets import forms as ticket_forms
from server.tickets import pages as ticket_pages

log = logging.getLogger(__name__)
Lifespan = Callable[[Starlette], AbstractAsyncContextManager[Mapping[str, web.Journal]]]


def doors() -> list[BaseRoute]:
    """Every door of the house."""
    return [
        *health.routes,
        *socket.routes,
        *contract.routes,
        *manual.routes,
        *people_pages.routes,
        *own_pages.routes,
        *admin_pages.routes,
        *ticket_pages.routes,
        *ticket_forms.routes,
        *decision.routes,
        *file_pages.routes,
        *catalogue_pages.routes,
        *help.routes,
        *offline.routes,
        Mount("/static", StaticFiles(directory=beside("static")), name="static"),
    ]


def create_app(settings: Settings, *, with_worker: bool = False, more: Sequence[BaseRoute] = ()) -> Starlette:
    """The application of one process; with the worker inside where there is no other process for it. `more` is what
    whoever starts it adds of their own."""
    return _Guarded(
        settings,
        routes=[*doors(), *more],
        middleware=[Middleware(SameSite, settings=settings)],
        exception_handlers={
            Refusal: answering.on_refusal,
            HTTPException: answering.on_http,
            ClientDisconnect: answering.on_gone,
            **dict.fromkeys(AWAY, answering.on_database),
            Exception: answering.on_crash,
        },
        lifespan=_lifespan(settings, with_worker),
    )


class _Guarded(Starlette):
    """Starlette's own middleware can't stand outside its answer to a crash; the headers do."""

    def __init__(self, settings: Settings, **parts: Any) -> None:
        super().__init__(**parts)
        self.settings = settings

    def build_middleware_stack(self) -> ASGIApp:
        return SecurityHeaders(super().build_middleware_stack(), self.settings)


def _lifespan(settings: Settings, with_worker: bool) -> Lifespan:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[dict[str, web.Journal]]:
        async with AsyncExitStack() as until_the_end:
            bus: Bus = RedisBus(settings.redis_url) if settings.redis_url else LocalBus()
            bell = asyncio.Event()
            db = Database(settings.database_url, Fanout(bus, bell.set))
            until_the_end.push_async_callback(db.close)
            until_the_end.push_async_callback(bus.close)
            await migrate(db)  # nothing to do after `serve`; any other server may start this application too
            hub = Hub(db, bus, settings.limits)
            journal = web.Journal(settings, db, hub, Storage(settings))
            until_the_end.push_async_callback(hub.stop)
            for part in [watch(hub)] + ([worker.run(db, settings, bell)] if with_worker else []):
                task = asyncio.create_task(_told(journal, part))
                until_the_end.push_async_callback(_ended, task)
            await hub.start()
            yield {"journal": journal}
            journal.ready = False

    return lifespan


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


async def _told(journal: web.Journal, part: Coroutine[None, None, None]) -> None:
    """A part that breaks is told in full, and `/readyz` says so: a process that only looks alive is worse than
    a dead one."""
    try:
        await part
    except Exception:
        log.critical("a part of this process has broken; restart it", exc_info=True)
        journal.ready = False
