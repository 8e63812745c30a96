"""Sets the demo's company up through the admin's own actions: clients, people with their powers, services."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlmodel import SQLModel, col, select

from server.catalogue import actions as catalogue
from server.catalogue.model import LegalEntity, Service
from server.clock import at
from server.db import Session
from server.demo.calendar import moment
from server.demo.company import CLIENTS, PEOPLE, SERVICES, Client, Person
from server.demo.story import On
from server.people import actions, passwords
from server.people.model import Membership, User
from server.people.passwords import Password
from server.people.policy import Viewer
from server.people.queries import as_viewer

# Whoever starts the demo sets it up.
OPERATOR = Viewer(0, "journal", frozenset({"admin"}))
# One for everybody: who looks at the demo remembers one password, not fourteen.
PASSWORD = "demo-zhurnal"  # noqa: S105 - printed at every start of the demo
OPENING = On(34, "09:00")


@dataclass(frozen=True)
class Stage:
    """Where the history is played: its end (the start of the demo), people as the rules know them, services by name.
    `kept` are the rows themselves: while somebody holds them, the session need not ask for them again."""

    start: datetime
    people: dict[str, Viewer]
    services: dict[str, int]
    kept: tuple[SQLModel, ...] = ()


async def set_up(s: Session, start: datetime, link: str) -> Stage:
    """Everything but the requests. `link` is where the newcomer logs in, for their mail."""
    own, once = await asyncio.gather(passwords.own(PASSWORD), passwords.one_time())
    with at(moment(OPENING, start)):
        organisations = {c.name: await _client(s, c) for c in CLIENTS}
        users = {p.login: await _person(s, p, own, organisations, link) for p in PEOPLE if not p.newcomer}
        services: dict[str, Service] = {}
        for offered in SERVICES:
            responsible = tuple(users[login].id or 0 for login in offered.responsible)
            card = catalogue.ServiceCard(
                offered.name, offered.group, offered.description, offered.approval, responsible
            )
            services[offered.name] = await catalogue.add_service(s, OPERATOR, card)
    for newcomer in (p for p in PEOPLE if p.newcomer):
        users[newcomer.login] = await _person(s, newcomer, once, organisations, link)
    return Stage(
        start,
        {login: await as_viewer(s, user) for login, user in users.items()},
        {name: service.id or 0 for name, service in services.items()},
        (*users.values(), *services.values()),
    )


async def _client(s: Session, client: Client) -> int:
    organisation = await catalogue.add_organisation(s, OPERATOR, client.name)
    await s.execute(
        update(LegalEntity)
        .where(col(LegalEntity.organisation_id) == organisation.id)
        .values(inn=client.inn, kpp=client.kpp)
    )
    assert organisation.id is not None
    return organisation.id


async def _person(s: Session, person: Person, password: Password, organisations: dict[str, int], link: str) -> User:
    organisation = organisations[person.organisation] if person.organisation else None
    account = actions.Account(
        person.login, person.name, person.roles, person.email, person.phone, person.position,
        organisation=organisation, can_approve="can_approve" in person.powers, sees_all="sees_all" in person.powers,
    )  # fmt: skip
    user = await actions.register(s, OPERATOR, account, password, link=link)
    if organisation is not None:
        member = (await s.exec(select(Membership).where(Membership.user_id == user.id))).one()
        member.billing, member.org_admin = "billing" in person.powers, "org_admin" in person.powers
    return user
