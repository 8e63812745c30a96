"""What the pages at the door share: who is between the two steps, the cookie, where to go on, a refusal on its page."""

import re
from collections.abc import Awaitable, Callable

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server import receiving, web
from server.db import Session
from server.errors import Invalid, Refusal, TooLarge, Unauthorised
from server.people import sessions
from server.people.model import LoginSession, User
from server.people.passwords import LONGEST
from server.people.sessions import PASSWORD, Device
from server.words.marks import N_

START = "/"
LONGEST_FORM = 64 * 1024
Door = Callable[[Request], Awaitable[Response]]
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
_AGAIN = N_("Вход не завершён или закончился. Введите логин и пароль.")


def local(path: str | None) -> str | None:
    """A path of this journal to go on to, or None: nothing a browser could read as another site's address."""
    return path if path and len(path) <= 300 and _LOCAL.fullmatch(path) and not path.startswith("/log") else None


def device(request: Request) -> Device:
    """Where the request comes from; behind a proxy that `TRUSTED_PROXIES` names, the address it passes on."""
    return Device(request.client.host if request.client else "", request.headers.get("user-agent", ""))


async def posted(request: Request) -> FormData:
    """The form of a door, where nobody is known yet. One that is longer than any of them has too long a password."""
    try:
        return await receiving.form(request, LONGEST_FORM)
    except TooLarge:
        raise Invalid({"password": "Пароль длиннее %(limit)d знаков"}, values={"limit": LONGEST}) from None


def token_of(request: Request) -> str:
    return request.cookies.get(web.cookie_name(web.journal(request).settings), "")


def keep(request: Request, response: Response, token: str, seconds: float) -> Response:
    settings = web.journal(request).settings
    response.set_cookie(
        web.cookie_name(settings), token, max_age=int(seconds), httponly=True, samesite="lax", secure=settings.secure
    )
    return response


def speak(response: Response, locale: str) -> None:
    """The language this browser is spoken to in while nobody is in."""
    response.set_cookie("journal_locale", locale, max_age=31_536_000, samesite="lax")


async def pending(s: Session, request: Request) -> tuple[User, LoginSession]:
    """Who is between the two steps; raises `Unauthorised` when nobody is."""
    found = await sessions.find(s, token_of(request), stage=PASSWORD)
    if found is None:
        raise Unauthorised(_AGAIN)
    return found


def login_page(request: Request, code: int = 200, *, login: str = "", error: str | None = None) -> Response:
    return web.page(request, "people/login.html", code, login=login, error=error)


def refused(request: Request, refusal: Refusal, page: Callable[[int, str], Response]) -> Response:
    """The same page with its status and the reason on it, or problem+json for a script."""
    language = web.locale(request)
    if web.wants_json(request):
        return web.problem(refusal, language)
    response = page(refusal.status, web.said(refusal, language))
    if "retry_after" in refusal.extra:
        response.headers["retry-after"] = str(refusal.extra["retry_after"])
    return response


def with_login(door: Door) -> Door:
    """A door between the steps: whoever is not there comes to the log-in, or straight in if both are behind them."""

    async def wrapped(request: Request) -> Response:
        try:
            return await door(request)
        except Unauthorised as refusal:
            async with web.journal(request).db.reading() as s:
                inside = await web.by_cookie(s, request)
            if inside or (request.method == "GET" and not web.wants_json(request)):
                return RedirectResponse(START if inside else "/login", 303)
            return refused(request, refusal, lambda _code, words: login_page(request, 401, error=words))

    return wrapped
