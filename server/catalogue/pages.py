"""The admin's pages: people, services and who is responsible. For anybody else they do not exist."""

from dataclasses import replace
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server import web
from server.catalogue import actions, queries
from server.catalogue.actions import ServiceCard
from server.db import Session
from server.errors import Conflict, Invalid, Refusal
from server.people import actions as people
from server.people import passwords
from server.people.actions import Account
from server.people.policy import Viewer
from server.people.queries import staff

VIEWS = ("all", "clients", "staff", "waiting", "off")
Form = dict[str, Any]


async def _admin(s: Session, request: Request) -> Viewer:
    viewer = await web.require(s, request)
    people.require_admin(viewer)
    return viewer


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
        await _admin(s, request)
        return await _users_page(s, request, request.query_params.get("edit"))


async def _users_page(
    s: Session,
    request: Request,
    edit: str | None,
    code: int = 200,
    form: Form | None = None,
    errors: Form | None = None,
) -> Response:
    everybody = await queries.accounts(s)
    q = request.query_params.get("q", "").strip()[:100]
    view = request.query_params.get("view", "all")
    view = view if view in VIEWS else "all"
    return web.page(
        request, "people/users.html", code, view=view, q=q, errors=errors or {},
        counts={v: sum(_of_view(v, p) for p in everybody) for v in VIEWS},
        organisations=[{"id": o.id, "name": o.name} for o in await queries.organisations(s)],
        people=[p for p in everybody if _of_view(view, p) and _found(p, q)],
        edit=form or _user_form(everybody, edit),
    )  # fmt: skip


def _user_form(everybody: list[dict[str, Any]], edit: str | None) -> Form | None:
    if edit == "new":
        blank: Form = dict.fromkeys(("name", "login", "email", "phone", "position"), "")
        return blank | {"id": None, "roles": ["client"], "organisation_id": None, "can_approve": False,
                        "sees_all": False, "active": True}  # fmt: skip
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


def _errors(request: Request, refusal: Refusal) -> Form:
    if isinstance(refusal, Invalid):
        return web.by_field(request, refusal)
    return {str(refusal.extra.get("field", "active")): web.said(refusal, web.locale(request))}


async def _again(request: Request, refusal: Refusal, form: Form | None, edit: str | None = None) -> Response:
    """The card as it was typed, with what is wrong beside each field."""
    if web.wants_json(request):
        return web.problem(refusal, web.locale(request))
    async with web.journal(request).db.reading() as s:
        await web.around(s, request)
        return await _users_page(s, request, edit, refusal.status, form, _errors(request, refusal))


async def add_user(request: Request) -> Response:
    """Invites: login and one-time password leave by mail."""
    journal = web.journal(request)
    async with journal.db.reading() as s:
        await _admin(s, request)
    data = await web.form(request)
    account, password = _account(data), await passwords.one_time()
    try:
        async with journal.db.transaction() as s:
            viewer = await _admin(s, request)
            if (name := web.field(data, "new_organisation").strip()) and account.organisation is None:
                account = replace(account, organisation=(await actions.add_organisation(s, viewer, name)).id)
            user = await people.register(s, viewer, account, password, link=f"{journal.settings.base_url}/login")
    except (Invalid, Conflict) as refusal:
        return await _again(request, refusal, _typed(replace(account, organisation=_chosen(data)), None))
    return web.done(request, f"/admin/users?edit={user.id}", said="invited", id=user.id)


def _chosen(data: FormData) -> int | None:
    return web.whole(data, "organisation") if web.field(data, "organisation").strip() else None


async def amend_user(request: Request) -> Response:
    """Writes the card anew."""
    async with web.journal(request).db.reading() as s:
        await _admin(s, request)
    user_id, account = web.path_number(request, "id"), _account(await web.form(request))
    try:
        async with web.journal(request).db.transaction() as s:
            await people.amend(s, await _admin(s, request), user_id, account)
    except (Invalid, Conflict) as refusal:
        return await _again(request, refusal, _typed(account, user_id))
    return web.done(request, f"/admin/users?edit={user_id}", said="saved")


async def send_password(request: Request) -> Response:
    """A new one-time password by mail; the old one and every log-in end."""
    journal = web.journal(request)
    async with journal.db.reading() as s:
        await _admin(s, request)
    user_id, password = web.path_number(request, "id"), await passwords.one_time()
    try:
        async with journal.db.transaction() as s:
            viewer = await _admin(s, request)
            await people.send_new_password(s, viewer, user_id, password, link=f"{journal.settings.base_url}/login")
    except Conflict as refusal:
        return await _again(request, refusal, None, str(user_id))
    return web.done(request, f"/admin/users?edit={user_id}", said="new_password")


async def set_active(request: Request) -> Response:
    """Deactivates somebody on whom nothing hangs, or lets them in again."""
    db = web.journal(request).db
    async with db.reading() as s:
        await _admin(s, request)
    user_id, to = web.path_number(request, "id"), web.field(await web.form(request), "to")
    if to not in ("yes", "no"):
        raise Invalid({"to": "Выберите из списка"})
    try:
        async with db.transaction() as s:
            await (people.reactivate if to == "yes" else people.deactivate)(s, await _admin(s, request), user_id)
    except Conflict as refusal:
        return await _again(request, refusal, None, str(user_id))
    return web.done(request, f"/admin/users?edit={user_id}", said="saved")


async def show_start(request: Request) -> Response:
    """The first steps, while nobody else is here."""
    settings = web.journal(request).settings
    async with web.journal(request).db.reading() as s:
        await _admin(s, request)
        there = await queries.set_up(s)
    leaving = {"mail": _leaves(settings.mail_url), "sms": _leaves(settings.sms_url)}
    # Whether a copy was ever made nobody here knows: it stays on the list.
    return web.page(request, "catalogue/first_run.html", steps=leaving | there | {"backup": False})


def _leaves(url: str | None) -> bool:
    """Whether it goes out; `file:` keeps it in DATA_DIR."""
    return bool(url) and not str(url).startswith("file:")


async def show_services(request: Request) -> Response:
    """What clients may ask for, and who answers for it."""
    async with web.journal(request).db.reading() as s:
        await _admin(s, request)
        return await _services_page(s, request, request.query_params.get("edit"))


async def _services_page(
    s: Session,
    request: Request,
    edit: str | None,
    code: int = 200,
    form: Form | None = None,
    errors: Form | None = None,
) -> Response:
    groups = await queries.service_cards(s)
    return web.page(
        request, "catalogue/services.html", code, services=groups, total=sum(len(g["items"]) for g in groups),
        staff=[u.person() for u in await staff(s, *actions.RESPONSIBLE_ROLES)],
        groups=[g["group"] for g in groups if g["group"]],
        edit=form or _service_form(groups, edit), errors=errors or {},
    )  # fmt: skip


def _service_form(groups: list[dict[str, Any]], edit: str | None) -> Form | None:
    if edit == "new":
        return {"id": None, "name": "", "group": "", "description": "", "approval": "always", "active": True,
                "responsible": []}  # fmt: skip
    for group in groups:
        item: Form
        for item in group["items"]:
            if str(item["id"]) == edit:
                return item | {"group": group["group"], "responsible": [p["id"] for p in item["responsible"]]}
    return None


async def write_service(request: Request) -> Response:
    """Adds a service, or writes one anew."""
    db = web.journal(request).db
    async with db.reading() as s:
        await _admin(s, request)
    service_id = web.path_number(request, "id") if "id" in request.path_params else None
    data = await web.form(request)
    texts = {n: web.field(data, n) for n in ("name", "group", "description")}
    people_ids = tuple(int(str(v)) for v in data.getlist("responsible") if str(v).isascii() and str(v).isdigit())
    card = ServiceCard(
        **texts, approval=web.field(data, "approval", "always"), responsible=people_ids, active="active" in data
    )
    try:
        async with db.transaction() as s:
            viewer = await _admin(s, request)
            if service_id is None:
                service_id = (await actions.add_service(s, viewer, card)).id
            else:
                await actions.amend_service(s, viewer, service_id, card)
    except (Invalid, Conflict) as refusal:
        return await _service_again(request, refusal, card, service_id)
    return web.done(request, f"/admin/services?edit={service_id}", said="saved", id=service_id)


async def _service_again(request: Request, refusal: Refusal, card: ServiceCard, service_id: int | None) -> Response:
    if web.wants_json(request):
        return web.problem(refusal, web.locale(request))
    form = {
        "id": service_id, "name": card.name, "group": card.group, "description": card.description,
        "approval": card.approval, "active": card.active, "responsible": list(card.responsible),
    }  # fmt: skip
    async with web.journal(request).db.reading() as s:
        await web.around(s, request)
        return await _services_page(s, request, None, refusal.status, form, _errors(request, refusal))


routes = [
    Route("/admin/start", show_start, methods=["GET"]),
    Route("/admin/users", show_users, methods=["GET"]),
    Route("/admin/users", add_user, methods=["POST"]),
    Route("/admin/users/{id}", amend_user, methods=["POST"]),
    Route("/admin/users/{id}/password", send_password, methods=["POST"]),
    Route("/admin/users/{id}/active", set_active, methods=["POST"]),
    Route("/admin/services", show_services, methods=["GET"]),
    Route("/admin/services", write_service, methods=["POST"]),
    Route("/admin/services/{id}", write_service, methods=["POST"]),
]
