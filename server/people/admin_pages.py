"""The admin's pages of people: who there is, invited, amended, let in again. For anybody else they do not exist."""

from dataclasses import replace
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server import web
from server.catalogue import actions as catalogue
from server.catalogue.queries import organisations
from server.config import Settings
from server.db import Session
from server.errors import Conflict, Faults, Invalid, Refusal
from server.people import actions, passwords
from server.people.actions import Account
from server.people.model import User
from server.people.passwords import Password
from server.people.policy import Viewer
from server.people.queries import accounts

VIEWS = ("all", "clients", "staff", "waiting", "off")
Form = dict[str, Any]


def _of_view(view: str, person: dict[str, Any]) -> bool:
    if view == "off" or not person["active"]:
        return view == "off" and not person["active"]
    client = "client" in person["roles"]
    return bool({"all": True, "clients": client, "staff": not client, "waiting": person["waiting"]}[view])


def _found(person: dict[str, Any], q: str) -> bool:
    organisation = person["organisation"]["name"] if person["organisation"] else ""
    return q.casefold() in " ".join((person["name"], person["email"], person["login"], organisation)).casefold()


async def show_users(request: Request) -> Response:
    """People by kind, found by name; one of them, or a new one, open beside the list."""
    async with web.journal(request).db.reading() as s:
        await web.require_admin(s, request)
        return await _users_page(s, request, request.query_params.get("edit"))


async def _users_page(
    s: Session,
    request: Request,
    edit: str | None,
    code: int = 200,
    form: Form | None = None,
    errors: Form | None = None,
) -> Response:
    everybody = await accounts(s)
    card = form or _user_form(everybody, edit)
    q = request.query_params.get("q", "").strip()[:100]
    view = request.query_params.get("view", "all")
    view = view if view in VIEWS else "all"
    return web.page(
        request, "people/users.html", code, view=view, q=q, errors=errors or {},
        counts={v: sum(_of_view(v, p) for p in everybody) for v in VIEWS},
        organisations=[{"id": o.id, "name": o.name} for o in await organisations(s)],
        people=[p for p in everybody if _of_view(view, p) and _found(p, q)],
        edit=card, about=card["name"] if card else "",
    )  # fmt: skip


def _user_form(everybody: list[dict[str, Any]], edit: str | None) -> Form | None:
    if edit == "new":
        blank: Form = dict.fromkeys(("name", "login", "email", "phone", "position"), "")
        return blank | {"id": None, "roles": ["client"], "organisation_id": None, "can_approve": False,
                        "sees_all": False, "active": True, "new": ""}  # fmt: skip
    for person in everybody:
        if str(person["id"]) == edit:
            return person | {"organisation_id": person["organisation"]["id"] if person["organisation"] else None}
    return None


def _account(data: FormData) -> Account:
    texts = {n: web.field(data, n) for n in ("login", "name", "email", "phone", "position")}
    organisation = web.field(data, "organisation").strip()
    return Account(
        **texts, roles=tuple(str(role) for role in data.getlist("roles")),
        organisation=web.whole(data, "organisation") if organisation else None,
        can_approve="can_approve" in data, sees_all="sees_all" in data,
    )  # fmt: skip


def _typed(account: Account, user_id: int | None) -> Form:
    return {
        "id": user_id, "name": account.name, "login": account.login, "email": account.email, "phone": account.phone,
        "position": account.position, "roles": list(account.roles), "organisation_id": account.organisation,
        "can_approve": account.can_approve, "sees_all": account.sees_all, "active": True,
    }  # fmt: skip


async def _again(request: Request, refusal: Refusal, form: Form | None, edit: str | None = None) -> Response:
    """The card as it was typed, with what is wrong beside each field."""
    if web.wants_json(request):
        return web.problem(refusal, web.locale(request))
    errors = web.by_field(request, refusal) or {"active": web.said(refusal, web.locale(request))}
    async with web.journal(request).db.reading() as s:
        await web.around(s, request)
        return await _users_page(s, request, edit, refusal.status, form, errors)


async def add_user(request: Request) -> Response:
    """Invites: login and one-time password leave by mail."""
    journal = web.journal(request)
    async with journal.db.reading() as s:
        await web.require_admin(s, request)
    data = await web.form(request)
    account, password = _account(data), await passwords.one_time()
    try:
        async with journal.db.transaction() as s:
            user = await _invited(s, await web.require_admin(s, request), data, account, password, journal.settings)
    except (Invalid, Conflict) as refusal:
        return await _again(request, refusal, _typed(account, None) | {"new": web.field(data, "new_organisation")})
    return web.done(request, f"/admin/users?edit={user.id}", said="invited", id=user.id)


async def _invited(
    s: Session, viewer: Viewer, data: FormData, account: Account, password: Password, settings: Settings
) -> User:
    """The person, and the organisation that is new with them; what is wrong with either is said together."""
    faults = Faults()
    if (name := web.field(data, "new_organisation").strip()) and account.organisation is None:
        with faults:
            account = replace(account, organisation=await _founded(s, viewer, name))
    with faults:
        user = await actions.register(s, viewer, account, password, link=f"{settings.base_url}/login")
    faults.tell()
    return user


async def _founded(s: Session, viewer: Viewer, name: str) -> int | None:
    try:
        return (await catalogue.add_organisation(s, viewer, name)).id
    except (Invalid, Conflict) as refusal:
        raise Conflict(refusal.detail, values=refusal.values, field="organisation") from refusal


async def amend_user(request: Request) -> Response:
    """Writes the card anew."""
    async with web.journal(request).db.reading() as s:
        await web.require_admin(s, request)
    user_id, account = web.path_number(request, "id"), _account(await web.form(request))
    try:
        async with web.journal(request).db.transaction() as s:
            await actions.amend(s, await web.require_admin(s, request), user_id, account)
    except (Invalid, Conflict) as refusal:
        return await _again(request, refusal, _typed(account, user_id))
    return web.done(request, f"/admin/users?edit={user_id}", said="saved")


async def send_password(request: Request) -> Response:
    """A new one-time password by mail; the old one and every log-in end."""
    journal = web.journal(request)
    async with journal.db.reading() as s:
        await web.require_admin(s, request)
    user_id, password = web.path_number(request, "id"), await passwords.one_time()
    try:
        async with journal.db.transaction() as s:
            viewer = await web.require_admin(s, request)
            await actions.send_new_password(s, viewer, user_id, password, link=f"{journal.settings.base_url}/login")
    except Conflict as refusal:
        return await _again(request, refusal, None, str(user_id))
    return web.done(request, f"/admin/users?edit={user_id}", said="new_password")


async def set_active(request: Request) -> Response:
    """Deactivates somebody on whom nothing hangs, or lets them in again."""
    db = web.journal(request).db
    async with db.reading() as s:
        await web.require_admin(s, request)
    user_id, to = web.path_number(request, "id"), web.field(await web.form(request), "to")
    if to not in ("yes", "no"):
        raise Invalid({"to": "Выберите из списка"})
    try:
        async with db.transaction() as s:
            viewer = await web.require_admin(s, request)
            await (actions.reactivate if to == "yes" else actions.deactivate)(s, viewer, user_id)
    except Conflict as refusal:
        return await _again(request, refusal, None, str(user_id))
    return web.done(request, f"/admin/users?edit={user_id}", said="let_in" if to == "yes" else "shut_out")


routes = [
    Route("/admin/users", show_users, methods=["GET"]),
    Route("/admin/users", add_user, methods=["POST"]),
    Route("/admin/users/{id}", amend_user, methods=["POST"]),
    Route("/admin/users/{id}/password", send_password, methods=["POST"]),
    Route("/admin/users/{id}/active", set_active, methods=["POST"]),
]
