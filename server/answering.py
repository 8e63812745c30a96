"""Refusals and failures as answers over HTTP: a page for people, problem+json for programs."""

from contextlib import suppress
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from server import web
from server.db import AWAY
from server.errors import NotFound, Refusal, Unauthorised, Unavailable, WrongWay
from server.words import i18n
from server.words.render import render


async def on_refusal(request: Request, exc: Exception) -> Response:
    """The one translator of refusals over HTTP."""
    assert isinstance(exc, Refusal)
    if web.wants_json(request):
        return web.problem(exc, web.locale(request))
    if isinstance(exc, Unauthorised):
        return RedirectResponse(_login_of(request), 303)
    return web.page(
        request, "error.html", exc.status, status=exc.status, detail=web.said(exc, web.locale(request)), incident=None
    )


def _login_of(request: Request) -> str:
    """The log-in that leads on to what was asked for: a mail's link holds the choice in its query."""
    if request.method != "GET":
        return "/login"
    url = request.url
    return "/login?" + urlencode({"next": f"{url.path}?{url.query}" if url.query else url.path}, safe="/")


async def on_http(request: Request, exc: Exception) -> Response:
    """The framework's own refusals (no such route, wrong method) in our words."""
    assert isinstance(exc, HTTPException)
    refusal = NotFound() if exc.status_code == 404 else WrongWay(exc.status_code)
    if exc.status_code == 404:
        await _look_around(request)
    response = await on_refusal(request, refusal)
    response.headers.update(exc.headers or {})
    return response


async def _look_around(request: Request) -> None:
    # "No such page" looks the same as "not yours": for whoever is in, with what is around every page of theirs.
    if not web.wants_json(request):
        with suppress(*AWAY):
            async with web.journal(request).db.reading() as s:
                await web.recognise(s, request)


async def on_database(request: Request, exc: Exception) -> Response:
    """The database is away: nothing was written, and that is what is said."""
    web.journal(request).db.complain("page", exc)
    return await on_refusal(request, Unavailable("Журнал сейчас не может сохранить это. Попробуйте через минуту."))


async def on_crash(request: Request, exc: Exception) -> Response:
    """What nobody foresaw: logged whole by the server, told plainly to the person."""
    if web.wants_json(request):
        return JSONResponse(
            {"type": "about:blank", "title": "failed", "status": 500},
            500,
            media_type="application/problem+json",
        )
    # Drawn from nothing the browser sent but its language: a cookie that breaks a page must not break this one too.
    language = i18n.preferred(request.headers.get("accept-language", ""))
    return HTMLResponse(render("error.html", language, status=500, detail=None, incident=None), 500)


async def on_gone(_request: Request, _exc: Exception) -> Response:
    """Whoever was sending has left: nobody is there to be told."""
    return Response(status_code=400)
