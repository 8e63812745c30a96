"""Reading people: who is asking (`viewer`), PERSONs by id, who holds a role."""

from collections.abc import Iterable

from sqlmodel import col, select

from server.catalogue.model import Organisation, Responsible
from server.db import Session
from server.people.model import Membership, User
from server.people.policy import Powers, Viewer


async def viewer(s: Session, user_id: int) -> Viewer | None:
    """Everything that decides what an active person may see; None for the deactivated and the absent."""
    user = await s.get(User, user_id, populate_existing=True)
    if user is None or not user.active:
        return None
    return await as_viewer(s, user)


async def as_viewer(s: Session, user: User) -> Viewer:
    """The same for a row that is at hand."""
    assert user.id is not None
    rows = await s.exec(
        select(Membership, Organisation.name)
        .join(Organisation, col(Organisation.id) == Membership.organisation_id)
        .where(Membership.user_id == user.id)
    )
    memberships = {
        m.organisation_id: Powers(name, m.can_approve, m.sees_all, m.billing, m.org_admin)
        for m, name in rows.all()
    }
    serves = await s.exec(select(Responsible.service_id).where(Responsible.user_id == user.id))
    return Viewer(
        user.id, user.name, frozenset(user.roles), user.locale, user.time_zone, memberships, frozenset(serves.all())
    )


async def by_ids(s: Session, ids: Iterable[int]) -> dict[int, User]:
    """People by id, those that exist."""
    rows = await s.exec(select(User).where(col(User.id).in_(set(ids))))
    return {u.id: u for u in rows.all() if u.id is not None}


async def by_login(s: Session, login: str) -> User | None:
    """The person with this login, in its one normal form."""
    return (await s.exec(select(User).where(User.login == login))).one_or_none()


async def staff(s: Session, *roles: str) -> list[User]:
    """Active people who hold one of these roles, by name. There are tens of them, not thousands."""
    rows = await s.exec(select(User).where(col(User.active)).order_by(User.name))
    return [u for u in rows.all() if set(u.roles) & set(roles)]


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
