"""A person's own things as pages: first own password, forgotten password, preferences. The rules are in `account`."""

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server import web
from server.errors import Conflict, Faults, Invalid, Refusal, TooMany
from server.people import account, details, entering, passwords
from server.people.doors import device, pending, posted, refused, speak, with_login
from server.people.entering import Claim
from server.people.model import User

# Russia's own zones come first; anybody else's is on the list by itself once it is chosen.
ZONES = (
    *("Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Krasnoyarsk"),
    *("Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan", "Asia/Kamchatka", "UTC"),
)
THEMES = ("light", "dark")


@with_login
async def show_own_password(request: Request) -> Response:
    """The first log-in: the password of the mail is to be replaced."""
    async with web.journal(request).db.reading() as s:
        user, _session = await pending(s, request)
    if not user.password_temporary:
        return RedirectResponse("/login/code", 303)
    return _own_password_page(request, user, 200, {})


def _own_password_page(request: Request, user: User, code: int, errors: dict[str, str]) -> Response:
    return web.page(request, "people/password.html", code, name=user.name, minimum=passwords.SHORTEST, errors=errors)


@with_login
async def choose_own_password(request: Request) -> Response:
    """Sets it; the code comes next."""
    db = web.journal(request).db
    async with db.reading() as s:
        user, _session = await pending(s, request)
    if not user.password_temporary:
        return web.done(request, "/login/code")
    try:
        data = await posted(request)
        chosen = await _new_password(web.field(data, "password"), web.field(data, "again"), user)
        async with db.transaction() as s:
            user, session = await pending(s, request)
            await account.choose_password(s, session.user_id, chosen, keep=session.id)
    except Invalid as refusal:
        errors = web.by_field(request, refusal)
        return refused(request, refusal, lambda code, _words: _own_password_page(request, user, code, errors))
    return web.done(request, "/login/code")


async def _new_password(password: str, again: str, user: User) -> passwords.Password:
    """A new password that was typed twice, ready to keep."""
    passwords.chosen(password, user.login, user.name, user.email)
    if password != again:
        raise Invalid({"again": "Пароли не совпадают"})
    if user.password_temporary and (await passwords.verdict(user.password_hash, password)).fits:
        raise Invalid({"password": "Придумайте свой пароль, не тот, что в письме"})
    return await passwords.own(password)


async def show_forgot(request: Request) -> Response:
    return _forgot_page(request)


def _forgot_page(
    request: Request, code: int = 200, *, login: str = "", sent: bool = False, error: str | None = None
) -> Response:
    return web.page(request, "people/forgot.html", code, login=login, sent=sent, error=error)


async def forgot(request: Request) -> Response:
    """The same words whether there is such a person or not."""
    login = ""
    try:
        data = await posted(request)
        login = web.field(data, "login")
        async with web.journal(request).db.transaction() as s:
            await account.forgot(s, login, device(request), base_url=web.journal(request).settings.base_url)
    except Refusal as refusal:
        return refused(request, refusal, lambda code, words: _forgot_page(request, code, login=login, error=words))
    return web.done(request, "/login") if web.wants_json(request) else _forgot_page(request, login=login, sent=True)


def _reset_page(request: Request, code: int, login: str | None, errors: dict[str, str]) -> Response:
    return web.page(
        request, "people/reset.html", code, token=request.path_params["token"], stale=login is None, login=login,
        minimum=passwords.SHORTEST, errors=errors,
    )  # fmt: skip


async def reset(request: Request) -> Response:
    """GET shows the form and uses nothing up; POST uses the link up. Nobody comes in by it without the code."""
    token, db = request.path_params["token"], web.journal(request).db
    login: str | None = None
    try:
        async with db.reading() as s:
            user = await account.behind_link(s, token)
        login = user.login
        if request.method == "GET":
            return _reset_page(request, 200, login, {})
        data = await posted(request)
        chosen = await _new_password(web.field(data, "password"), web.field(data, "again"), user)
        async with db.transaction() as s:
            await account.reset(s, token, chosen)
    except Refusal as refusal:
        errors = web.by_field(request, refusal) if isinstance(refusal, Invalid) else {}
        shown = login if errors else None
        return refused(request, refusal, lambda code, _words: _reset_page(request, code, shown, errors))
    return web.done(request, "/login", said="password_changed")


async def show_profile(request: Request) -> Response:
    """Who I am here, and what I prefer."""
    async with web.journal(request).db.reading() as s:
        viewer = await web.require(s, request)
        user = await s.get_one(User, viewer.id)
    return _profile_page(request, user, 200, {})


def _profile_page(request: Request, user: User, code: int, errors: dict[str, str], **chosen: Any) -> Response:
    profile = {
        "login": user.login, "email": user.email, "phone": details.masked(user.phone), "locale": user.locale,
        "time_zone": user.time_zone, "digest": user.digest, "digest_hour": user.digest_hour,
    } | chosen  # fmt: skip
    return web.page(
        request, "people/profile.html", code, profile=profile, zones=[*ZONES, *({user.time_zone} - set(ZONES))],
        errors=errors, minimum=passwords.SHORTEST, saved="saved" in request.query_params,
    )  # fmt: skip


async def prefer(request: Request) -> Response:
    """Saves language, zone and digest; the theme is this device's own and stays in a cookie."""
    viewer, data = await web.asked(request), await web.form(request)
    db = web.journal(request).db
    async with db.reading() as s:
        user = await s.get_one(User, viewer.id)
    chosen: dict[str, Any] = {n: web.field(data, n, getattr(user, n)) for n in ("locale", "time_zone", "digest")}
    chosen["digest_hour"] = web.whole(data, "digest_hour") if "digest_hour" in data else user.digest_hour
    try:
        async with db.transaction() as s:
            await account.prefer(s, viewer, **chosen)
    except Invalid as refusal:
        errors = web.by_field(request, refusal)
        async with db.reading() as s:
            await web.around(s, request)
        return refused(request, refusal, lambda code, _words: _profile_page(request, user, code, errors, **chosen))
    response = web.done(request, "/profile?saved=1")
    speak(response, chosen["locale"])
    if "theme" in data:
        theme = web.field(data, "theme")
        response.set_cookie("theme", theme if theme in THEMES else "", max_age=31_536_000, samesite="lax")
    return response


async def change_password(request: Request) -> Response:
    """A new password for who knows the one that stands; log-ins on other devices end."""
    viewer, data, db = await web.asked(request), await web.form(request), web.journal(request).db
    async with db.reading() as s:
        user, asking = await s.get_one(User, viewer.id), await web.by_cookie(s, request)
    try:
        claim, chosen = await _changed(request, user, data)
        async with db.transaction() as s:
            await account.change_password(s, claim, chosen, keep=(asking and asking.session) or "")
    except (Invalid, Conflict, TooMany) as refusal:
        errors = web.by_field(request, refusal) or {"current": web.said(refusal, web.locale(request))}
        async with db.reading() as s:
            await web.around(s, request)
        return refused(request, refusal, lambda code, _words: _profile_page(request, user, code, errors))
    return web.done(request, "/profile", said="own_password")


async def _changed(request: Request, user: User, data: FormData) -> tuple[Claim, passwords.Password]:
    """Whose password it is and the new one; what is wrong with either is said together. A wrong one counts as at
    the door."""
    db, where, faults = web.journal(request).db, device(request), Faults()
    async with db.reading() as s:
        claim = await entering.claim(s, user.login, where)
    with faults:
        verdict = await passwords.verdict(claim.password_hash, passwords.typed(web.field(data, "current")))
        if not verdict.fits:
            async with db.transaction() as s:
                await entering.refused(s, claim, where)
            raise Invalid({"current": "Пароль не подходит"})
    with faults:
        chosen = await _new_password(web.field(data, "password"), web.field(data, "again"), user)
    faults.tell()
    return claim, chosen


routes = [
    Route("/login/password", show_own_password, methods=["GET"]),
    Route("/login/password", choose_own_password, methods=["POST"]),
    Route("/login/forgot", show_forgot, methods=["GET"]),
    Route("/login/forgot", forgot, methods=["POST"]),
    Route("/login/reset/{token}", reset, methods=["GET", "POST"]),
    Route("/profile", show_profile, methods=["GET"]),
    Route("/profile", prefer, methods=["POST"]),
    Route("/profile/password", change_password, methods=["POST"]),
]
