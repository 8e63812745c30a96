"""The admin's pages of what may be asked for: services, who is responsible, and the first steps. For anybody else
they do not exist."""

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
from server.people.policy import WORKING_ROLES
from server.people.queries import staff
from server.words import text

Form = dict[str, Any]


async def show_start(request: Request) -> Response:
    """The first steps, while nobody else is here."""
    settings = web.journal(request).settings
    async with web.journal(request).db.reading() as s:
        await web.require_admin(s, request)
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
        await web.require_admin(s, request)
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
        staff=[u.person() for u in await staff(s, *WORKING_ROLES)],
        groups=[g["group"] for g in groups if g["group"]],
        edit=form or _service_form(groups, edit), errors=errors or {},
    )  # fmt: skip


def _service_form(groups: list[dict[str, Any]], edit: str | None) -> Form | None:
    if edit == "new":
        blank: Form = dict.fromkeys(("name", "group", "new_group", "description"), "")
        return blank | {"id": None, "approval": "always", "active": True, "responsible": []}
    for group in groups:
        item: Form
        for item in group["items"]:
            if str(item["id"]) == edit:
                responsible = [p["id"] for p in item["responsible"]]
                return item | {"group": group["group"], "new_group": "", "responsible": responsible}
    return None


async def write_service(request: Request) -> Response:
    """Adds a service, or writes one anew."""
    db = web.journal(request).db
    async with db.reading() as s:
        await web.require_admin(s, request)
    service_id = web.path_number(request, "id") if "id" in request.path_params else None
    data = await web.form(request)
    card = _card(data)
    try:
        async with db.transaction() as s:
            viewer = await web.require_admin(s, request)
            if service_id is None:
                service_id = (await actions.add_service(s, viewer, card)).id
            else:
                await actions.amend_service(s, viewer, service_id, card)
    except (Invalid, Conflict) as refusal:
        return await _service_again(request, refusal, _typed(data, card, service_id))
    return web.done(request, f"/admin/services?edit={service_id}", said="saved", id=service_id)


def _card(data: FormData) -> ServiceCard:
    return ServiceCard(
        web.field(data, "name"), web.field(data, "new_group").strip() or web.field(data, "group"),
        web.field(data, "description"), web.field(data, "approval", "always"),
        tuple(n for v in data.getlist("responsible") if isinstance(v, str) and (n := text.number(v)) is not None),
        active="active" in data,
    )  # fmt: skip


def _typed(data: FormData, card: ServiceCard, service_id: int | None) -> Form:
    return {
        "id": service_id, "name": card.name, "group": web.field(data, "group"), "description": card.description,
        "new_group": web.field(data, "new_group"), "approval": card.approval, "active": card.active,
        "responsible": list(card.responsible),
    }  # fmt: skip


async def _service_again(request: Request, refusal: Refusal, form: Form) -> Response:
    if web.wants_json(request):
        return web.problem(refusal, web.locale(request))
    async with web.journal(request).db.reading() as s:
        await web.around(s, request)
        return await _services_page(s, request, None, refusal.status, form, web.by_field(request, refusal))


routes = [
    Route("/admin/start", show_start, methods=["GET"]),
    Route("/admin/services", show_services, methods=["GET"]),
    Route("/admin/services", write_service, methods=["POST"]),
    Route("/admin/services/{id}", write_service, methods=["POST"]),
]
