"""The page on which an approver decides: a mail's links open it. Of a private ticket it is all that approvers see."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from server import web
from server.errors import Conflict, Invalid, Refusal
from server.money import actions as money
from server.money.queries import decision_page


async def show(request: Request) -> HTMLResponse:
    """Subject, lines and sum. A mail's link makes a choice ready; it decides nothing."""
    return await _page(request, request.query_params.get("decision", ""))


async def decide(request: Request) -> Response:
    """Approves or rejects, and shows how it stands now: also to whom a colleague was quicker than."""
    data = await web.form(request)
    number, decision = web.number(request), web.field(data, "decision")
    try:
        async with web.journal(request).db.transaction() as s:
            viewer, version = await web.require(s, request), web.whole(data, "version")
            await money.decide(s, viewer, number, version, decision, web.field(data, "comment"))
    except (Conflict, Invalid) as refusal:
        if web.wants_json(request):
            raise
        return await _page(request, decision, refusal, web.field(data, "comment"))
    return web.done(request, f"/tickets/{number}/decision")


async def _page(request: Request, chosen: str, refusal: Refusal | None = None, typed: str = "") -> HTMLResponse:
    async with web.journal(request).db.reading() as s:
        viewer = await web.require(s, request)
        await web.around(s, request)  # also of what a script fetches: what else waits is counted there
        context = await decision_page(s, viewer, web.number(request))
    errors = web.by_field(request, refusal) if isinstance(refusal, Invalid) else {}
    missed = web.said(refusal, web.locale(request)) if isinstance(refusal, Conflict) else ""
    status = refusal.status if refusal else 200
    return web.page(
        request, "ticket/decision.html", status, chosen=chosen, errors=errors, typed=typed, missed=missed, **context
    )


routes = [
    Route("/tickets/{number}/decision", show),
    Route("/tickets/{number}/decision", decide, methods=["POST"]),
]
