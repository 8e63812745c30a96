"""Reading what is set up: organisations by name, services in groups with who is responsible."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import exists, func
from sqlmodel import col, select

from server.catalogue.model import Organisation, Responsible, Service
from server.db import Session
from server.errors import Invalid
from server.people.model import Membership, User
from server.tickets.model import Ticket
from server.tickets.workflow import OPEN


async def organisation(s: Session, name: str) -> Organisation:
    """The organisation of that name; `Invalid` names it when there is none."""
    found = (await s.exec(select(Organisation).where(Organisation.name == name.strip()))).one_or_none()
    if found is None:
        raise Invalid({"organisation": "Организации «%(name)s» нет"}, values={"name": name})
    return found


async def organisations(s: Session) -> list[Organisation]:
    """All of them, by name."""
    return list((await s.exec(select(Organisation).order_by(Organisation.name))).all())


async def services(s: Session, *, active: bool = True) -> list[Service]:
    """In the order they are shown: by group, then name."""
    query = select(Service).order_by(col(Service.group), col(Service.name))
    return list((await s.exec(query.where(col(Service.active)) if active else query)).all())


async def is_empty(s: Session) -> bool:
    """Whether nobody could ask for anything yet: no service, or nobody to ask for one."""
    query = select(exists(select(Service.id)), exists(select(Organisation.id)))
    return not all((await s.exec(query)).one())


async def set_up(s: Session) -> dict[str, bool]:
    """What is there already of what the first clients need."""
    answered = select(Responsible.id).join(Service, col(Service.id) == Responsible.service_id)
    query = select(exists(answered.where(col(Service.active))), exists(select(Membership.id)))
    services, client = (await s.exec(query)).one()
    return {"services": services, "client": client}


async def responsible_by_service(s: Session) -> dict[int, list[User]]:
    """Active people by the service they are responsible for."""
    query = (
        select(Responsible.service_id, User)
        .join(User, col(User.id) == Responsible.user_id)
        .where(col(User.active))
        .order_by(User.name)
    )
    found: dict[int, list[User]] = defaultdict(list)
    for service_id, user in (await s.exec(query)).all():
        found[service_id].append(user)
    return found


async def services_json(s: Session) -> list[dict[str, Any]]:
    """`GET /services`: every service a client may choose, with the people who answer for it."""
    people = await responsible_by_service(s)
    return [
        {"id": v.id, "name": v.name, "group": v.group, "description": v.description,
         "responsible": [u.person() for u in people.get(v.id or 0, ())]}
        for v in await services(s)
    ]  # fmt: skip


async def services_by_group(s: Session, online: Collection[int] = ()) -> list[dict[str, Any]]:
    """Every service a client may choose, in groups, with what the form of a new request shows of the people."""
    people = await responsible_by_service(s)
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for v in await services(s):
        cards = [u.person() | {"position": u.position, "online": u.id in online} for u in people.get(v.id or 0, ())]
        item = {"id": v.id, "name": v.name, "description": v.description, "responsible": cards}
        groups[v.group].append(item)
    return [{"group": group, "items": items} for group, items in groups.items()]


async def service_cards(s: Session) -> list[dict[str, Any]]:
    """The admin's list: every service in its group, with who answers for it and how many open tickets it has."""
    people = await responsible_by_service(s)
    count = select(Ticket.service_id, func.count()).where(col(Ticket.status).in_(OPEN)).group_by(col(Ticket.service_id))
    open_ = dict((await s.exec(count)).all())
    groups: dict[str, list[dict[str, Any]]] = {}
    for v in await services(s, active=False):
        assert v.id is not None
        card = {
            "id": v.id, "name": v.name, "description": v.description, "approval": v.approval, "active": v.active,
            "responsible": [u.person() for u in people.get(v.id, ())], "open": open_.get(v.id, 0),
        }  # fmt: skip
        groups.setdefault(v.group, []).append(card)
    return [{"group": group, "items": items} for group, items in groups.items()]
