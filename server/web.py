"""The edge's tools: who is asking, forms, rendering, and refusals as a page or as problem+json. No rule of the
domain."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.datastructures import FormData
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from server import receiving
from server.config import Settings
from server.db import Database, Session
from server.errors import Invalid, NotFound, Refusal, Unauthorised
from server.files.storage import Storage
from server.people import actions as people
from server.people import sessions, tokens
from server.people.policy import Viewer
from server.people.queries import as_viewer
from server.rooms.protocol import MAX_FILES
from server.tickets.counts import nav
from server.words import i18n, text
from server.words.marks import N_
from server.words.render import render

if TYPE_CHECKING:
    from server.rooms.hub import Hub

log = logging.getLogger(__name__)
SAID = "journal_said"
# What a page says once after a form: the cookie names it, so nobody else's words can be put there.
SAYINGS = {
    "saved": N_("Сохранено"),
    "invited": N_("Приглашение уходит на почту"),
    "new_password": N_("Новый пароль уходит на почту"),
    "shut_out": N_("%(name)s: вход закрыт"),
    "let_in": N_("%(name)s: вход снова открыт"),
    "password_changed": N_("Пароль изменён. Войдите с ним."),
    "own_password": N_("Пароль изменён, входы на других устройствах завершены"),
}


@dataclass
class Journal:
    """What lives as long as the process; every request and socket carries it as `state.journal`."""

    settings: Settings
    db: Database
    hub: "Hub"
    storage: Storage
    ready: bool = True


@dataclass(frozen=True)
class Asking:
    """Who is asking, and by which door: `session` or `token` is the hash of what they showed. `restored`: the token is
    older than a restore of the journal (no log-in is)."""

    viewer: Viewer
    session: str | None = None
    token: str | None = None
    stale: bool = False
    restored: bool = False


def journal(conn: HTTPConnection) -> Journal:
    """The process's parts."""
    found: Journal = conn.state.journal
    return found


def cookie_name(settings: Settings) -> str:
    """`__Host-` binds the cookie to this host over https only."""
    return "__Host-journal" if settings.secure else "journal"


def bearer(conn: HTTPConnection) -> str | None:
    """The token of `Authorization: Bearer …`."""
    scheme, _, token = conn.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def by_cookie(s: Session, conn: HTTPConnection) -> Asking | None:
    """Who is asking by the session cookie; only a log-in that is through both steps counts."""
    token = conn.cookies.get(cookie_name(journal(conn).settings))
    found = await sessions.find(s, token, stage="full") if token else None
    if found is None:
        return None
    user, session = found
    return Asking(await as_viewer(s, user), session=session.id, stale=sessions.is_stale(session))


async def by_token(s: Session, conn: HTTPConnection) -> Asking | None:
    """Who is asking by a bearer token."""
    token = bearer(conn)
    found = await tokens.find(s, token) if token else None
    if found is None:
        return None
    user, row = found
    return Asking(await as_viewer(s, user), token=row.id, restored=row.restored)


async def recognise(s: Session, request: Request) -> Viewer | None:
    """The viewer behind the cookie, remembered for what the page shows around; None for a visitor."""
    asking = await by_cookie(s, request)
    if asking is None:
        return None
    if asking.session and asking.stale:
        await _touch(s, request, asking.session)
    request.state.viewer = asking.viewer
    if request.method == "GET" and not wants_json(request):
        await around(s, request)
    return asking.viewer


async def around(s: Session, request: Request) -> None:
    """Counts what a page shows around its own matter; for a form only where it is shown again."""
    request.state.nav = await nav(s, request.state.viewer)


async def _touch(s: Session, request: Request, session: str) -> None:
    """In the transaction that is open; beside a session that only reads, in one of its own."""
    if s.writes:
        await sessions.touch(s, session)
        return
    async with journal(request).db.transaction() as t:
        await sessions.touch(t, session)


async def require(s: Session, request: Request) -> Viewer:
    """The viewer behind the cookie, or `Unauthorised`, which the edge turns into the log-in page."""
    viewer = await recognise(s, request)
    if viewer is None:
        raise Unauthorised("Войдите, чтобы продолжить")
    return viewer


async def require_admin(s: Session, request: Request) -> Viewer:
    """The admin behind the cookie: for anybody else what only admins set up does not exist."""
    viewer = await require(s, request)
    people.require_admin(viewer)
    return viewer


def number(request: Request) -> int:
    """The ticket number of the path."""
    return path_number(request, "number")


def path_number(request: Request, name: str) -> int:
    """A number in the path; what is no number is absent."""
    found = text.number(request.path_params[name])
    if found is None:
        raise NotFound
    return found


def locale(conn: HTTPConnection) -> str:
    """The viewer's language, or the one the browser asks for, or the one a visitor chose."""
    viewer: Viewer | None = getattr(conn.state, "viewer", None)
    if viewer is not None:
        return viewer.locale
    return i18n.known(conn.query_params.get("lang") or conn.cookies.get("journal_locale")
                      or i18n.preferred(conn.headers.get("accept-language", "")))  # fmt: skip


def me(viewer: Viewer | None) -> dict[str, Any] | None:
    """The viewer as templates know them."""
    if viewer is None:
        return None
    organisations = [{"id": i, "name": p.organisation} for i, p in viewer.memberships.items()]
    return {
        "id": viewer.id, "name": viewer.name, "roles": sorted(viewer.roles), "position": viewer.position,
        "staff": viewer.staff or viewer.admin, "locale": viewer.locale, "time_zone": viewer.time_zone,
        "organisation": organisations[0] if organisations else None, "memberships": organisations,
        "can_approve": any(p.can_approve for p in viewer.memberships.values()),
    }  # fmt: skip


def page(request: Request, template: str, code: int = 200, /, *, about: str = "", **context: Any) -> HTMLResponse:
    """Renders a page with what every page has: who is looking, where, and what was just said (and about whom)."""
    parts = journal(request)
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    words = SAYINGS.get(request.cookies.get(SAID, ""))
    common = {
        "me": me(viewer), "nav": getattr(request.state, "nav", {}),
        "path": request.url.path, "demo": parts.settings.demo,
        "said": i18n.translate(locale(request), words, name=about) if words else None,
        "limits": {"file_mb": parts.settings.limits.file_mb}, "theme": request.cookies.get("theme"),
    }  # fmt: skip
    html = render(template, locale(request), **(common | context))
    response = HTMLResponse(html, status_code=code)
    if SAID in request.cookies:
        response.delete_cookie(SAID)
    return response


def wants_json(request: Request) -> bool:
    """Whether a script is asking and not a form."""
    return (
        request.url.path.startswith("/api/")
        or request.headers.get("x-requested-with") == "journal"
        or request.headers.get("accept", "").startswith("application/json")
    )


def done(request: Request, where: str, *, said: str = "", **answer: Any) -> Response:
    """A form was carried out: JSON for a script, else back to a page (303), which shows `said` (one of
    `SAYINGS`) once."""
    if wants_json(request):
        return JSONResponse({"ok": True, **answer})
    response = RedirectResponse(where, status_code=303)
    if said:
        response.set_cookie(SAID, said, max_age=20, httponly=True, samesite="lax")
    return response


async def asked(request: Request) -> Viewer:
    """Who is asking, known before anything of the body is read."""
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    if viewer is None:
        async with journal(request).db.reading() as s:
            viewer = await require(s, request)
    return viewer


async def form(request: Request) -> FormData:
    """The posted form of somebody who is in."""
    await asked(request)
    return await receiving.form(request)


@asynccontextmanager
async def form_with_files(request: Request) -> AsyncIterator[FormData]:
    """The posted form of somebody who is in, with the files of a message; temporary ones are gone when it is left."""
    await asked(request)
    file_mb = journal(request).settings.limits.file_mb
    most = receiving.MAX_BODY + MAX_FILES * file_mb * receiving.MB if file_mb else None
    # An empty field for files comes as a file without a name.
    data = await receiving.form_with_files(request, most, MAX_FILES + 1)
    try:
        yield data
    finally:
        await data.close()


async def body(request: Request) -> bytes:
    """The body of a page's own call, of somebody who is in."""
    await asked(request)
    return await receiving.body(request)


def field(data: FormData, name: str, default: str = "") -> str:
    """One text field; a file sent in its place is refused."""
    value = data.get(name, default)
    if not isinstance(value, str):
        raise Invalid({name: "Здесь ждали текст"})
    return value


def whole(data: FormData, name: str) -> int:
    """One field with a whole number."""
    found = text.number(field(data, name).strip())
    if found is None:
        raise Invalid({name: "Здесь ждали число"})
    return found


def said(refusal: Refusal, language: str) -> str:
    """A refusal's words in this language."""
    return i18n.translate(language, refusal.detail, **refusal.values)


def by_field(request: Request, refusal: Refusal) -> dict[str, str]:
    """What is wrong with each field, in the reader's language."""
    return {f: i18n.translate(locale(request), d, **d.values) for f, d in refusal.fields.items()}


def problem(refusal: Refusal, language: str) -> JSONResponse:
    """RFC 9457: what is wrong, field by field where it is a form, with the state as it is now."""
    body: dict[str, Any] = {
        **refusal.extra, "type": "about:blank", "title": refusal.code, "status": refusal.status,
        "detail": said(refusal, language),
    }  # fmt: skip
    if refusal.fields:
        body["errors"] = [
            {"field": f, "detail": i18n.translate(language, d, **d.values)} for f, d in refusal.fields.items()
        ]
    headers = {"retry-after": str(refusal.extra["retry_after"])} if "retry_after" in refusal.extra else None
    return JSONResponse(body, refusal.status, headers, media_type="application/problem+json")
