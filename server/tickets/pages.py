"""The pages of requests: the client's list, the queue, the form of a new one, the room, search. Reading goes
straight to `queries`."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from server import web
from server.catalogue.queries import is_empty, services_by_group
from server.db import Session
from server.errors import Invalid, NotFound, Refusal
from server.events import log
from server.events.kinds import MAX_TEXT, PUBLIC, STAFF
from server.files import downloads
from server.money.queries import decidable
from server.people.policy import Viewer
from server.people.queries import clients, online
from server.tickets import actions, drafts, groups, queries, showing
from server.tickets import search as finding
from server.words import i18n, text
from server.words.labels import URGENCY_HINT
from server.words.markdown import markdown
from server.words.render import rendered

OLDER = 50
Gather = Callable[[Session, Viewer, int, set[int]], Awaitable[dict[str, Any]]]


async def home(request: Request) -> Response:
    """Where each person begins: staff at the queue, clients at their list, an admin at the people, or at the
    first steps while the journal is empty."""
    async with web.journal(request).db.reading() as s:
        viewer = await web.require(s, request)
        if viewer.admin and await is_empty(s):
            return RedirectResponse("/admin/start", 303)
    where = "/queue" if viewer.staff else "/admin/users" if viewer.admin and not viewer.memberships else "/tickets"
    return RedirectResponse(where, 303)


async def requests(request: Request) -> Response:
    """«Обращение клиента»: own requests, and with powers those of the organisation."""
    async with web.journal(request).db.reading() as s:
        viewer = await web.require(s, request)
        if viewer.staff:
            return RedirectResponse("/queue", 303)
        context = await groups.client_list(s, viewer, request.query_params)
    return web.page(request, "tickets/requests.html", **context)


async def queue(request: Request) -> Response:
    """The live queue of the staff."""
    parts = web.journal(request)
    async with parts.db.reading() as s:
        viewer = await web.require(s, request)
        if not viewer.staff:
            return RedirectResponse("/tickets", 303)
        presence = parts.hub.presence
        context = await groups.staff_queue(s, viewer, request.query_params, presence.looking, presence.typing)
    return web.page(request, "tickets/queue.html", **context)


async def search(request: Request) -> Response:
    """What holds the words, among what this person may see."""
    async with finding.turn(), web.journal(request).db.reading() as s:
        viewer = await web.require(s, request)
        context = await groups.found(s, viewer, request.query_params.get("q", ""))
    return web.page(request, "tickets/search.html", **context)


async def new(request: Request) -> Response:
    """The form of a new request, filled in from the draft, or from another request («Создать на его основе»)."""
    async with web.journal(request).db.reading() as s:
        viewer = await web.require(s, request)
        values = await _started(s, viewer, request.query_params.get("from", ""))
        context = await _form(request, s, viewer, values, {})
    return web.page(request, "tickets/create.html", **context)


async def create(request: Request) -> Response:
    """Sends the form. A refusal shows it again with everything that was typed and what is wrong with each field."""
    parts = web.journal(request)
    viewer = await web.asked(request)
    async with web.form_with_files(request) as data:
        try:
            async with downloads.parts_of(request, viewer.id, data) as files, parts.db.transaction() as s:
                s.add_all(files)
                named = downloads.ids_of(data) + [f.id for f in files]
                wanted = _wanted(data, named, request.headers.get("idempotency-key"))
                asking, per_minute = await web.require(s, request), parts.settings.limits.tickets_per_minute
                ticket = await actions.create(s, asking, wanted, per_minute=per_minute)
                await drafts.drop(s, asking, "new")
        except Refusal as refusal:
            return await _again(request, viewer, data, refusal)
    return web.done(request, f"/tickets/{ticket.number}", number=ticket.number, location=f"/tickets/{ticket.number}")


async def _again(request: Request, viewer: Viewer, data: FormData, refusal: Refusal) -> Response:
    if web.wants_json(request):
        raise refusal
    errors = web.by_field(request, refusal) or {"text": web.said(refusal, web.locale(request))}
    async with web.journal(request).db.reading() as s:
        await web.around(s, request)
        values = _values(data) | {"files": await drafts.files_json(s, viewer, downloads.ids_of(data))}
        context = await _form(request, s, viewer, values, errors)
    return web.page(request, "tickets/create.html", refusal.status, **context)


def _wanted(data: FormData, files: list[str], key: str | None) -> actions.NewTicket:
    author = web.field(data, "author").strip()
    raw_due = web.field(data, "due").strip()
    try:
        due = date.fromisoformat(raw_due) if raw_due else None
    except ValueError:
        raise Invalid({"due": "Дата в виде 24.11.2026"}) from None
    return actions.NewTicket(
        subject=web.field(data, "subject"), service=text.number(web.field(data, "service").strip()) or 0,
        text=web.field(data, "text"), urgency=web.field(data, "urgency", "normal"), files=files, due=due,
        private=bool(web.field(data, "private")), author=web.whole(data, "author") if author else None,
        id=key or None,
    )  # fmt: skip


def _values(data: FormData) -> dict[str, Any]:
    names = ("subject", "urgency", "service", "text", "due", "author")
    return {n: web.field(data, n) for n in names} | {"private": bool(data.get("private"))}


EMPTY: dict[str, Any] = {
    "subject": "", "urgency": "normal", "service": "", "text": "", "due": "", "author": "", "private": False,
    "files": [],
}  # fmt: skip


async def _started(s: Session, viewer: Viewer, origin: str) -> dict[str, Any]:
    if (number := text.number(origin)) is not None:
        seen = await queries.find(s, viewer, number)
        first = (await log.wire(s, [e for e in [await log.one(s, seen.ticket.number, PUBLIC, 1)] if e]))[0]
        t = seen.ticket
        return EMPTY | {"subject": t.subject, "urgency": t.urgency, "service": t.service_id, "text": first["text"]}
    saved = await drafts.draft(s, viewer, "new") or {}
    return EMPTY | {k: v for k, v in saved.items() if k in EMPTY}


async def _form(
    request: Request, s: Session, viewer: Viewer, values: dict[str, Any], errors: dict[str, str]
) -> dict[str, Any]:
    actions.require_may_create(viewer)
    return {
        "services": await services_by_group(s, await online(s)),
        "values": values,
        "errors": errors,
        "draft_at": await drafts.saved_at(s, viewer, "new"),
        "clients": await clients(s) if viewer.executor else [],
        "urgencies": [{"code": code, "hint": hint} for code, hint in URGENCY_HINT.items()],
    }


async def room(request: Request) -> Response:
    """The ticket's page: the conversation and all beside it. Who may only decide on its estimate is led there."""
    try:
        return await _room(request, "ticket/page.html", showing.ticket_page)
    except NotFound:
        async with web.journal(request).db.reading() as s:
            await decidable(s, await web.require(s, request), web.number(request))
        return RedirectResponse(f"/tickets/{web.number(request)}/decision", 303)


async def panel(request: Request) -> Response:
    """What stands around the conversation, anew: fetched after an event that changed it."""
    return await _room(request, "ticket/panel.html", showing.panel)


async def _room(request: Request, template: str, gather: Gather) -> HTMLResponse:
    parts, number = web.journal(request), web.number(request)
    async with parts.db.reading() as s:
        viewer = await web.require(s, request)
        context = await gather(s, viewer, number, parts.hub.presence.online(number))
    language = web.locale(request)
    for move in context["moves"]:
        move["label"] = i18n.translate(language, move["label"])
    # A mail's link opens the decision with the choice made ready; it decides nothing.
    return web.page(request, template, chosen=request.query_params.get("decision"), **context)


async def older(request: Request) -> Response:
    """Events before a number, rendered: what scrolling up brings."""
    number = web.number(request)
    line = STAFF if request.query_params.get("line") == "staff" else PUBLIC
    before = text.number(request.query_params.get("before", ""))
    if before is None:
        raise Invalid({"before": "Здесь ждали число"})
    async with web.journal(request).db.reading() as s:
        viewer = await web.require(s, request)
        await queries.find(s, viewer, number, line)
        events = await log.wire(s, await log.newest(s, number, line, OLDER, before=before))
    return JSONResponse({"items": [rendered(e, line, web.locale(request)) for e in events]})


async def preview(request: Request) -> Response:
    """A text as it will look in the room."""
    data = await web.form(request)
    typed = text.message(web.field(data, "text"), limit=MAX_TEXT, may_be_empty=True)
    return JSONResponse({"html": str(markdown(typed))})


async def draft(request: Request) -> Response:
    """What the page's script kept of a text being written."""
    async with web.journal(request).db.reading() as s:
        viewer = await web.require(s, request)
        place = await drafts.place(s, viewer, request.path_params["place"])
        return JSONResponse(await drafts.draft(s, viewer, place) or {})


async def save_draft(request: Request) -> Response:
    """Keeps what is being written."""
    raw = await web.body(request)
    async with web.journal(request).db.transaction() as s:
        viewer = await web.require(s, request)
        place = await drafts.place(s, viewer, request.path_params["place"])
        return JSONResponse(await drafts.save(s, viewer, place, drafts.read(raw)))


async def drop_draft(request: Request) -> Response:
    """Nothing is being written there any more."""
    async with web.journal(request).db.transaction() as s:
        viewer = await web.require(s, request)
        await drafts.drop(s, viewer, await drafts.place(s, viewer, request.path_params["place"]))
    return Response(status_code=204)


routes = [
    Route("/", home),
    Route("/drafts/{place}", draft),
    Route("/drafts/{place}", save_draft, methods=["PUT"]),
    Route("/drafts/{place}", drop_draft, methods=["DELETE"]),
    Route("/tickets", requests),
    Route("/tickets/new", new),
    Route("/tickets/new", create, methods=["POST"]),
    Route("/queue", queue),
    Route("/search", search),
    Route("/preview", preview, methods=["POST"]),
    Route("/tickets/{number}", room),
    Route("/tickets/{number}/panel", panel),
    Route("/tickets/{number}/events", older),
]
