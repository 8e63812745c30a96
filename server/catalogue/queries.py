"""Reading what is set up: organisations by name, services in groups with who is responsible."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func
from sqlmodel import col, select

from server.catalogue.model import Organisation, Responsible, Service
from server.clock import now
from server.db import Session
from server.errors import Invalid
from server.events.log import instant
from server.people.model import Membership, User
from server.people.queries import last_seen
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


async def responsible(s: Session) -> dict[int, list[User]]:
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
    people = await responsible(s)
    return [
        {"id": v.id, "name": v.name, "group": v.group, "description": v.description,
         "responsible": [u.person() for u in people.get(v.id or 0, ())]}
        for v in await services(s)
    ]  # fmt: skip


async def services_by_group(s: Session, online: Collection[int] = ()) -> list[dict[str, Any]]:
    """The same in groups, with what the form of a new request shows of the people."""
    people = await responsible(s)
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for v in await services(s):
        cards = [u.person() | {"position": u.position, "online": u.id in online} for u in people.get(v.id or 0, ())]
        item = {"id": v.id, "name": v.name, "description": v.description, "responsible": cards}
        groups[v.group].append(item)
    return [{"group": group, "items": items} for group, items in groups.items()]


async def service_cards(s: Session) -> list[dict[str, Any]]:
    """The admin's list: every service in its group, with who answers for it and how many open tickets it has."""
    people = await responsible(s)
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


async def accounts(s: Session) -> list[dict[str, Any]]:
    """The admin's list of people, by name: where they belong, whether they have been here, when they were last."""
    served = await _memberships(s)
    seen, moment = await last_seen(s), now()
    users = (await s.exec(select(User).order_by(User.name))).all()
    return [_account(u, served.get(u.id or 0, []), seen.get(u.id or 0), moment) for u in users]


async def _memberships(s: Session) -> dict[int, list[tuple[Membership, str]]]:
    query = select(Membership, Organisation.name).join(Organisation, col(Organisation.id) == Membership.organisation_id)
    found: dict[int, list[tuple[Membership, str]]] = defaultdict(list)
    for member, name in (await s.exec(query.order_by(col(Membership.id)))).all():
        found[member.user_id].append((member, name))
    return found


def _account(
    user: User, served: list[tuple[Membership, str]], seen: datetime | None, moment: datetime
) -> dict[str, Any]:
    member, name = served[0] if served else (None, "")
    return {
        "id": user.id, "name": user.name, "email": user.email, "roles": list(user.roles), "login": user.login,
        "phone": user.phone, "position": user.position, "active": user.active, "waiting": user.password_temporary,
        "organisation": {"id": member.organisation_id, "name": name} if member else None,
        "can_approve": any(m.can_approve for m, _ in served), "sees_all": any(m.sees_all for m, _ in served),
        "online": seen is not None and seen > moment, "seen_at": instant(seen) if seen else None,
    }  # fmt: skip
