"""Coming in and going out as pages: log-in, code, log-out. The rules are in `entering`."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server import web
from server.db import Session
from server.errors import Refusal, Unauthorised
from server.people import codes, details, entering, passwords
from server.people.doors import (
    START,
    device,
    keep,
    local,
    login_page,
    pending,
    posted,
    refused,
    speak,
    token_of,
    with_login,
)
from server.people.entering import Budget
from server.people.model import LoginSession, User
from server.people.sessions import ABSOLUTE, BETWEEN
from server.words import i18n
from server.words.marks import N_

NEXT = "journal_next"
MINUTES = int(entering.CODE_LIFE.total_seconds()) // 60
# The demo's SMS go to a page, cost nothing, and people look at it in the shoes of everybody in turn.
DEMO_BUDGET = Budget(pause=0, person=1000, number=1000, journal=10_000)
_DELAYED = N_("СМС ещё не ушло: оператор не отвечает. Подождите минуту или позвоните администратору журнала.")
_FIVE = N_("Код не подошёл пять раз. Начните снова: введите логин и пароль.")


def _budget(request: Request) -> Budget:
    return DEMO_BUDGET if web.journal(request).settings.demo else Budget()


async def show_login(request: Request) -> Response:
    """The first step. Where somebody was going is kept for after the second."""
    async with web.journal(request).db.reading() as s:
        if await web.by_cookie(s, request):
            return RedirectResponse(local(request.query_params.get("next")) or START, 303)
    response = login_page(request)
    if onward := local(request.query_params.get("next")):
        response.set_cookie(NEXT, onward.encode().hex(), max_age=1800, httponly=True, samesite="lax", path="/login")
    if (chosen := request.query_params.get("lang")) in i18n.LOCALES:
        speak(response, str(chosen))
    return response


async def log_in(request: Request) -> Response:
    """Login and password. The answer to a login nobody has is that to a wrong password, and as slow."""
    login = ""
    try:
        data = await posted(request)
        login = web.field(data, "login")
        token, left = await _first_step(request, login, web.field(data, "password"))
    except Refusal as refusal:
        return refused(request, refusal, lambda code, words: login_page(request, code, login=login, error=words))
    if token is None:
        wrong = Unauthorised(_wrong_password(web.locale(request), left), tries_left=left)
        return refused(request, wrong, lambda code, words: login_page(request, code, login=login, error=words))
    return keep(request, web.done(request, "/login/code", next="/login/code"), token, BETWEEN.total_seconds())


async def _first_step(request: Request, login: str, password: str) -> tuple[str | None, int]:
    """The token of a log-in that waits for its code, or None and how many tries are left."""
    db, where = web.journal(request).db, device(request)
    details.login(login)
    passwords.typed(password)
    async with db.reading() as s:
        claim = await entering.claim(s, login, where)
    verdict = await passwords.verdict(claim.password_hash, password)
    async with db.transaction() as s:
        if not verdict.fits:
            return None, await entering.refused(s, claim, where)
        return await entering.admit(s, claim, verdict.renewed, where, instead_of=token_of(request)), 0


def _wrong_password(locale: str, left: int) -> str:
    if left == 0:
        return i18n.translate(locale, N_("Логин или пароль не подходят. Вход закрыт на 15 минут."))
    return i18n.translate_number(
        locale,
        "Логин или пароль не подходят. Осталась %(num)d попытка, потом вход закроется на 15 минут.",
        "Логин или пароль не подходят. Осталось %(num)d попыток, потом вход закроется на 15 минут.",
        left,
    )


@with_login
async def show_code(request: Request) -> Response:
    """The second step: «Получить код», or the field for it once it is under way."""
    async with web.journal(request).db.reading() as s:
        user, session = await pending(s, request)
        if user.password_temporary:
            return RedirectResponse("/login/password", 303)
        return await _code_page(s, request, user, session)


async def _code_page(
    s: Session, request: Request, user: User, session: LoginSession, code: int = 200, error: str | None = None
) -> Response:
    settings = web.journal(request).settings
    sent = await entering.open_challenge(s, session)
    if sent and error is None and await entering.is_delayed(s, user):
        error = i18n.translate(web.locale(request), _DELAYED)
    shown = entering.sent_code(settings.secret_key, token_of(request), sent) if sent and settings.demo else ""
    return web.page(
        request, "people/code.html", code,
        login=user.login, phone=details.masked(user.phone), stage="code" if sent else "start",
        wait=await entering.wait(s, user, _budget(request)), minutes=MINUTES, error=error, code=shown,
    )  # fmt: skip


async def _code_refused(request: Request, refusal: Refusal) -> Response:
    async with web.journal(request).db.reading() as s:
        user, session = await pending(s, request)
        words = web.said(refusal, web.locale(request))
        page = await _code_page(s, request, user, session, refusal.status, words)
    return refused(request, refusal, lambda _code, _words: page)


@with_login
async def send_code(request: Request) -> Response:
    """«Получить код»."""
    parts = web.journal(request)
    try:
        async with parts.db.transaction() as s:
            user, session = await pending(s, request)
            key, token = parts.settings.secret_key, token_of(request)
            await entering.send_code(s, key, token, user, session, device(request), _budget(request))
    except Refusal as refusal:
        return await _code_refused(request, refusal)
    return web.done(request, "/login/code", wait=_budget(request).pause)


@with_login
async def enter_code(request: Request) -> Response:
    """«Войти»."""
    parts = web.journal(request)
    try:
        data = await posted(request)
        code = codes.typed(web.field(data, "code"))
        async with parts.db.transaction() as s:
            user, session = await pending(s, request)
            guess = await entering.enter(s, parts.settings.secret_key, token_of(request), user, session, code)
    except Refusal as refusal:
        return await _code_refused(request, refusal)
    if guess.token is None:
        return await _wrong_code(request, guess.left)
    onward = local(_hex(request.cookies.get(NEXT, ""))) or START
    response = keep(request, web.done(request, onward, next=onward), guess.token, ABSOLUTE.total_seconds())
    response.delete_cookie(NEXT, path="/login")
    speak(response, user.locale)
    return response


def _hex(value: str) -> str:
    try:
        return bytes.fromhex(value).decode()
    except ValueError:
        return ""


async def _wrong_code(request: Request, left: int) -> Response:
    if left == 0:
        return refused(
            request, Unauthorised(_FIVE, tries_left=0), lambda code, words: login_page(request, code, error=words)
        )
    language = web.locale(request)
    words = i18n.translate(language, N_("Код не подходит. Проверьте последнее СМС или получите новый код."))
    tries = i18n.translate_number(language, "Осталась %(num)d попытка.", "Осталось %(num)d попыток.", left)
    return await _code_refused(request, Unauthorised(f"{words} {tries}", tries_left=left))


async def log_out(request: Request) -> Response:
    """Ends this log-in and its sockets."""
    async with web.journal(request).db.transaction() as s:
        await entering.log_out(s, token_of(request))
    settings = web.journal(request).settings
    response = web.done(request, "/logout", next="/logout")
    response.delete_cookie(web.cookie_name(settings), httponly=True, samesite="lax", secure=settings.secure)
    return response


async def logged_out(request: Request) -> Response:
    """What is shown afterwards; looking at it ends nothing."""
    reason = request.query_params.get("reason")
    known = reason if reason in ("elsewhere", "ended") else "self"
    return web.page(request, "people/signed_out.html", reason=known, at=None)


routes = [
    Route("/login", show_login, methods=["GET"]),
    Route("/login", log_in, methods=["POST"]),
    Route("/login/code", show_code, methods=["GET"]),
    Route("/login/code", enter_code, methods=["POST"]),
    Route("/login/code/send", send_code, methods=["POST"]),
    Route("/logout", logged_out, methods=["GET"]),
    Route("/logout", log_out, methods=["POST"]),
]
