"""What hangs on a person: nobody is deactivated before open tickets, pending decisions and duties are handed over."""

from sqlalchemy import func
from sqlmodel import col, select

from server.catalogue.model import Organisation, Responsible, Service
from server.db import Session
from server.errors import Conflict
from server.people.model import Membership, User
from server.tickets.model import Ticket
from server.tickets.workflow import OPEN


async def require_nothing(s: Session, user: User) -> None:
    """Raises `Conflict` that names what to hand over first."""
    open_ = col(Ticket.status).in_(OPEN)
    mine = select(func.count()).select_from(Ticket).where(Ticket.assignee_id == user.id, open_)
    if number := (await s.exec(mine)).one():
        raise Conflict("Сначала передайте обращения: у сотрудника их %(num)d", values={"num": number})
    if name := await _only_responsible(s, user):
        raise Conflict("Сначала назначьте другого ответственного за услугу «%(name)s»", values={"name": name})
    if name := await _only_approver(s, user):
        raise Conflict("Оценки ждут согласования, а больше некому: «%(name)s»", values={"name": name})
    if "admin" in user.roles and await is_last_admin(s, user):
        raise Conflict("Это последний администратор журнала")


async def is_last_admin(s: Session, user: User) -> bool:
    """Whether nobody else could set anything up."""
    others = await s.exec(select(User).where(col(User.active), User.id != user.id))
    return not any("admin" in other.roles for other in others.all())


async def _only_responsible(s: Session, user: User) -> str | None:
    others = (
        select(Responsible.id)
        .join(User, col(User.id) == Responsible.user_id)
        .where(Responsible.service_id == Service.id, Responsible.user_id != user.id, col(User.active))
    )
    query = (
        select(Service.name)
        .join(Responsible, col(Responsible.service_id) == Service.id)
        .where(Responsible.user_id == user.id, col(Service.active), ~others.exists())
    )
    return (await s.exec(query.limit(1))).first()


async def _only_approver(s: Session, user: User) -> str | None:
    others = (
        select(Membership.id)
        .join(User, col(User.id) == Membership.user_id)
        .where(Membership.organisation_id == Organisation.id, Membership.user_id != user.id)
        .where(col(Membership.can_approve), col(User.active))
    )
    waiting = select(Ticket.number).where(Ticket.organisation_id == Organisation.id, Ticket.status == "approval")
    query = (
        select(Organisation.name)
        .join(Membership, col(Membership.organisation_id) == Organisation.id)
        .where(Membership.user_id == user.id, col(Membership.can_approve), waiting.exists(), ~others.exists())
    )
    return (await s.exec(query.limit(1))).first()
