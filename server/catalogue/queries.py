"""Reading what is set up: organisations by name, services in groups with who is responsible."""

from collections import defaultdict
from typing import Any

from sqlmodel import col, select

from server.catalogue.model import Organisation, Responsible, Service
from server.db import Session
from server.errors import Invalid
from server.people.model import User


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
