"""Reading people: who is asking (`viewer`), PERSONs by id, who holds a role."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, func, or_, union_all
from sqlmodel import col, select

from server.catalogue.model import Organisation, Responsible
from server.clock import now
from server.db import Session
from server.errors import Invalid
from server.events.log import instant
from server.people import details
from server.people.model import LoginSession, Membership, Presence, User
from server.people.policy import Powers, Viewer


async def viewer(s: Session, user_id: int) -> Viewer | None:
    """Everything that decides what an active person may see; None for the deactivated and the absent."""
    user = await s.get(User, user_id, populate_existing=True)
    if user is None or not user.active:
        return None
    return await as_viewer(s, user)


async def as_viewer(s: Session, user: User) -> Viewer:
    """Everything that decides what the person of this row may see, active or not."""
    return (await _as_viewers(s, [user]))[0]


async def viewers(s: Session, ids: Iterable[int]) -> list[Viewer]:
    """Everything that decides what each of them may see who is active; three queries, however many they are."""
    return await _as_viewers(s, [u for u in (await by_ids(s, ids)).values() if u.active])


async def _as_viewers(s: Session, users: Sequence[User]) -> list[Viewer]:
    memberships: dict[int, dict[int, Powers]] = {u.id: {} for u in users if u.id is not None}
    rows = await s.exec(
        select(Membership, Organisation.name)
        .join(Organisation, col(Organisation.id) == Membership.organisation_id)
        .where(col(Membership.user_id).in_(memberships))
    )
    for m, name in rows.all():
        powers = Powers(name, m.can_approve, m.sees_all, m.billing, m.org_admin)
        memberships[m.user_id][m.organisation_id] = powers
    serves: dict[int, set[int]] = {user_id: set() for user_id in memberships}
    for r in (await s.exec(select(Responsible).where(col(Responsible.user_id).in_(serves)))).all():
        serves[r.user_id].add(r.service_id)
    return [_viewer(u, memberships[u.id], frozenset(serves[u.id])) for u in users if u.id is not None]


def _viewer(user: User, memberships: dict[int, Powers], serves: frozenset[int]) -> Viewer:
    assert user.id is not None
    roles = frozenset(user.roles)
    return Viewer(
        user.id, user.name, roles, user.locale, user.time_zone, memberships, serves, user.access_version, user.position
    )


async def by_ids(s: Session, ids: Iterable[int]) -> dict[int, User]:
    """People by id, those that exist."""
    rows = await s.exec(select(User).where(col(User.id).in_(set(ids))))
    return {u.id: u for u in rows.all() if u.id is not None}


async def by_login(s: Session, login: str) -> User | None:
    """The person with this login, in its one normal form."""
    return (await s.exec(select(User).where(User.login == login))).one_or_none()


async def known(s: Session, login: str) -> User:
    """The person with a login that somebody typed; `Invalid` names it when there is nobody."""
    user = await by_login(s, details.login(login))
    if user is None:
        raise Invalid({"login": "Логина «%(login)s» нет"}, values={"login": login})
    return user


async def staff(s: Session, *roles: str) -> list[User]:
    """Active people who hold one of these roles, by name."""
    written = cast(col(User.roles), String)
    held = or_(*(written.contains(f'"{role}"') for role in roles))
    return list((await s.exec(select(User).where(col(User.active), held).order_by(User.name))).all())


async def approvers(s: Session, organisation_id: int) -> list[User]:
    """Active people who may approve for this organisation."""
    rows = await s.exec(
        select(User)
        .join(Membership, col(Membership.user_id) == User.id)
        .where(Membership.organisation_id == organisation_id, col(Membership.can_approve), col(User.active))
        .order_by(User.name)
    )
    return list(rows.all())


async def responsible(s: Session, service_id: int) -> list[User]:
    """Active people responsible for a service."""
    rows = await s.exec(
        select(User)
        .join(Responsible, col(Responsible.user_id) == User.id)
        .where(Responsible.service_id == service_id, col(User.active))
        .order_by(User.name)
    )
    return list(rows.all())


async def members(s: Session, organisation_id: int) -> list[User]:
    """Active people of an organisation, by name."""
    rows = await s.exec(
        select(User)
        .join(Membership, col(Membership.user_id) == User.id)
        .where(Membership.organisation_id == organisation_id, col(User.active))
        .order_by(User.name)
    )
    return list(rows.all())


async def clients(s: Session) -> list[dict[str, Any]]:
    """Active people of all organisations, on whose behalf the staff may write: id, name, organisation's name."""
    rows = await s.exec(
        select(User, Organisation.name)
        .join(Membership, col(Membership.user_id) == User.id)
        .join(Organisation, col(Organisation.id) == Membership.organisation_id)
        .where(col(User.active))
        .order_by(Organisation.name, User.name)
    )
    return [{"id": u.id, "name": u.name, "organisation": name} for u, name in rows.all()]


async def last_seen(s: Session, person: int | None = None) -> dict[int, datetime]:
    """Until when each, or this person, is known to have been here, on whichever page of the journal; while a page is
    open, that moment is still to come."""
    here = union_all(
        select(col(Presence.user_id).label("user_id"), col(Presence.until).label("at")),
        select(col(LoginSession.user_id), col(LoginSession.seen_at)).where(LoginSession.stage == "full"),
    ).subquery()
    query = select(here.c.user_id, func.max(here.c.at).label("until")).group_by(here.c.user_id)
    found = await s.execute(query if person is None else query.where(here.c.user_id == person))
    return {row.user_id: row.until for row in found}


async def online(s: Session) -> set[int]:
    """Who has a page of the journal open."""
    return set((await s.exec(select(Presence.user_id).where(Presence.until > now()).distinct())).all())


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
