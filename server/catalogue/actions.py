"""What an admin sets up: organisations, services, who is responsible, who serves an organisation."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import col, select

from server.catalogue.model import LegalEntity, Organisation, Responsible, Service
from server.db import Session
from server.errors import Conflict, Invalid, NotFound
from server.events import access
from server.people.actions import require_admin
from server.people.model import Membership, User
from server.people.policy import Viewer, works_tickets
from server.people.queries import by_ids
from server.words import text

log = logging.getLogger(__name__)
APPROVAL = ("always", "never")


@dataclass(frozen=True)
class ServiceCard:
    """What an admin says about a service; `responsible` are people's ids."""

    name: str
    group: str = ""
    description: str = ""
    approval: str = "always"
    responsible: tuple[int, ...] = ()
    active: bool = True


async def add_organisation(s: Session, viewer: Viewer, name: str) -> Organisation:
    """A new client, with one legal entity of its name."""
    require_admin(viewer)
    name = text.line(name, "name", limit=text.NAME, empty="Введите название организации")
    if (await s.exec(select(Organisation.id).where(Organisation.name == name))).first() is not None:
        raise Conflict("Организация «%(name)s» уже есть", values={"name": name}, field="name")
    organisation = Organisation(name=name)
    s.add(organisation)
    await s.flush()
    assert organisation.id is not None
    s.add(LegalEntity(organisation_id=organisation.id, name=name))
    return organisation


async def add_member(
    s: Session,
    viewer: Viewer,
    user: User,
    organisation: Organisation,
    *,
    can_approve: bool = False,
    sees_all: bool = False,
) -> Membership:
    """One more organisation that a client serves; powers are of this membership alone. Repeating it sets the powers."""
    require_admin(viewer)
    if "client" not in user.roles:
        raise Invalid({"roles": "Организация и согласование бывают только у клиента"})
    query = select(Membership).where(Membership.user_id == user.id, Membership.organisation_id == organisation.id)
    member = (await s.exec(query)).one_or_none()
    if member is None:
        assert user.id is not None
        assert organisation.id is not None
        member = Membership(user_id=user.id, organisation_id=organisation.id)
    member.can_approve, member.sees_all = can_approve, sees_all
    s.add(member)
    await s.flush()
    access.changed(s, user)
    return member


async def add_service(s: Session, viewer: Viewer, card: ServiceCard) -> Service:
    """A new thing clients may ask for."""
    require_admin(viewer)
    service = Service(name="")
    await _write(s, service, card)
    await set_responsible(s, viewer, service, card.responsible)
    return service


async def amend_service(s: Session, viewer: Viewer, service_id: int, card: ServiceCard) -> Service:
    """Writes a service anew; hidden (`active` false) it stays in old tickets and can't be chosen for new ones."""
    require_admin(viewer)
    service = await s.get(Service, service_id)
    if service is None:
        raise NotFound
    await _write(s, service, card)
    await set_responsible(s, viewer, service, card.responsible)
    return service


async def _write(s: Session, service: Service, card: ServiceCard) -> None:
    name = text.line(card.name, "name", limit=text.NAME, empty="Введите название услуги")
    namesake = (await s.exec(select(Service).where(Service.name == name))).one_or_none()
    if namesake is not None and namesake is not service:
        raise Conflict("Услуга «%(name)s» уже есть", values={"name": name}, field="name")
    if card.approval not in APPROVAL:
        raise Invalid({"approval": "Выберите из списка"})
    service.name, service.approval, service.active = name, card.approval, card.active
    service.group = await _group(s, service, card.group)
    service.description = text.aside(card.description, "description", limit=text.DESCRIPTION)
    s.add(service)
    await s.flush()


async def _group(s: Session, service: Service, typed: str) -> str:
    """A group that differs only in case from one that is there is that one."""
    group = text.aside(typed, "group", limit=text.GROUP)
    for known in (await s.exec(select(Service.group).where(col(Service.id) != service.id).distinct())).all():
        if known.casefold() == group.casefold():
            return known
    return group


async def set_responsible(s: Session, viewer: Viewer, service: Service, people: Iterable[int]) -> None:
    """Who is told of a service's new tickets and sees its queue, from now on: executors and leads."""
    require_admin(viewer)
    wanted = await by_ids(s, people)
    for user in wanted.values():
        if not user.active or not works_tickets(user.roles):
            raise Invalid({"responsible": "Ответственным может быть исполнитель или руководитель: %(name)s"},
                          values={"name": user.name})  # fmt: skip
    assert service.id is not None
    query = select(Responsible).where(Responsible.service_id == service.id).with_for_update()
    held = {r.user_id: r for r in (await s.exec(query)).all()}
    for gone in held.keys() - wanted.keys():
        await s.delete(held[gone])
    s.add_all([Responsible(service_id=service.id, user_id=new) for new in wanted.keys() - held.keys()])
    await s.flush()
    access.changed(s, *(await by_ids(s, held.keys() ^ wanted.keys())).values())
    log.info("service %s: responsible %s, set by %s", service.id, sorted(wanted), viewer.id)
