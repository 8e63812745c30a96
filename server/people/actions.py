"""What an admin does to an account: register, amend, send a new password, deactivate. A person's own password and
preferences are in `account`, coming in and going out in `entering`. News of changed access leaves with the commit."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import delete
from sqlmodel import col, select

from server.catalogue.model import Organisation
from server.clock import now
from server.db import Session
from server.errors import Conflict, Faults, Invalid, NotFound
from server.events import access
from server.notices.model import Dispatch
from server.people import details, handover, sessions
from server.people.model import ApiToken, Challenge, MailLink, Membership, User
from server.people.passwords import Password
from server.people.policy import Viewer
from server.people.queries import by_login

log = logging.getLogger(__name__)
ONE_TIME_LIFE = timedelta(days=3)


@dataclass(frozen=True)
class Account:
    """What an admin says about a person; `organisation` and the powers in it are a client's."""

    login: str
    name: str
    roles: tuple[str, ...]
    email: str = ""
    phone: str = ""
    position: str = ""
    locale: str = "ru"
    organisation: int | None = None
    can_approve: bool = False
    sees_all: bool = False


def require_admin(viewer: Viewer) -> None:
    """What is set up by admins does not exist for anybody else."""
    if not viewer.admin:
        raise NotFound


async def register(s: Session, viewer: Viewer, account: Account, password: Password, *, link: str) -> User:
    """A new person. A one-time password goes out by mail with login and `link` (the log-in page) and asks to be
    replaced; an own password is theirs: no mail, no change asked for. Raises `Invalid` by field, `Conflict` when the
    login is taken."""
    require_admin(viewer)
    checked = await _checked(s, account, mailed=password.once is not None)
    user = User(
        login=checked.login, name=checked.name, email=checked.email, phone=checked.phone, roles=list(checked.roles),
        position=checked.position, locale=checked.locale, created_at=now(),
    )  # fmt: skip
    s.add(user)
    await s.flush()
    if checked.organisation is not None:
        await set_membership(s, viewer, user, checked.organisation, checked.can_approve, checked.sees_all)
    await _give_password(s, user, password, link)
    log.info("user %s registered by %s", user.id, viewer.id)
    return user


async def _checked(s: Session, account: Account, *, mailed: bool, of: User | None = None) -> Account:
    """The account as it will be kept; refuses everything that is wrong with it at once."""
    checks: dict[str, Callable[[Any], Any]] = {
        "login": details.new_login, "name": details.name, "roles": lambda roles: tuple(details.roles(roles)),
        "email": details.email, "phone": details.phone, "position": details.position,
    }  # fmt: skip
    faults, good = Faults(), dict[str, Any]()
    for field, check in checks.items():
        value = getattr(account, field)
        if value or mailed or field not in ("email", "phone"):
            with faults:
                good[field] = check(value)
    with faults:
        await _require_free(s, good.get("login", ""), of)
    with faults:
        await _require_place(s, account, good.get("roles", ()))
    faults.tell()
    return replace(account, **good)


async def _require_free(s: Session, login: str, of: User | None) -> None:
    namesake = await by_login(s, login) if login else None
    if namesake is not None and namesake is not of:
        raise Conflict("Логин «%(login)s» уже занят", values={"login": login}, field="login")


async def _require_place(s: Session, account: Account, roles: tuple[str, ...]) -> None:
    if account.organisation is not None and await s.get(Organisation, account.organisation) is None:
        raise Invalid({"organisation": "Такой организации нет"})
    if not roles:
        return
    if "client" not in roles and (account.organisation is not None or account.can_approve):
        raise Invalid({"roles": "Организация и согласование бывают только у клиента"})
    if "client" in roles and account.organisation is None:
        raise Invalid({"organisation": "Укажите организацию клиента: без неё он не создаст ни одного обращения"})


async def _give_password(s: Session, user: User, password: Password, link: str) -> None:
    user.password_hash = password.hash
    user.password_temporary = password.once is not None
    user.password_until = now() + ONE_TIME_LIFE if password.once else None
    if password.once and user.password_until:
        s.add(
            Dispatch(
                channel="mail",
                kind="registration",
                user_id=user.id,
                address=user.email,
                secret=password.once,
                values={
                    "login": user.login,
                    "name": user.name,
                    "link": link,
                    "phone": details.tail(user.phone),
                    "organisation": await _organisation_name(s, user),
                    "until": user.password_until.isoformat(),
                },
                until=user.password_until,
                message_id=f"registration.{user.id}.{secrets.token_hex(8)}",
            )
        )


async def _organisation_name(s: Session, user: User) -> str | None:
    query = select(Organisation.name).join(Membership, col(Membership.organisation_id) == Organisation.id)
    return (await s.exec(query.where(Membership.user_id == user.id).order_by(col(Membership.id)))).first()


async def amend(s: Session, viewer: Viewer, user_id: int, account: Account) -> User:
    """Writes an account anew. Changed roles or powers reach open pages at once; a changed phone kills a code sent."""
    require_admin(viewer)
    user = await locked(s, user_id)
    checked = await _checked(s, account, mailed=False, of=user)
    if "admin" in user.roles and "admin" not in checked.roles and await handover.is_last_admin(s, user):
        raise Conflict("Это последний администратор журнала", field="roles")
    if checked.phone != user.phone:
        await change_phone(s, viewer, user, checked.phone)
    user.login, user.name, user.email = checked.login, checked.name, checked.email
    user.position, user.roles = checked.position, list(checked.roles)
    if checked.organisation is not None:
        await set_membership(s, viewer, user, checked.organisation, checked.can_approve, checked.sees_all)
    access.changed(s, user)
    log.info("user %s amended by %s", user.id, viewer.id)
    return user


async def change_phone(s: Session, viewer: Viewer, user: User, phone: str) -> None:
    """A new number for codes: what was sent to the old one is worth nothing any more."""
    user.phone = phone
    await s.exec(delete(Challenge).where(col(Challenge.user_id) == user.id))
    log.info("phone of user %s changed by %s", user.id, viewer.id)


async def set_membership(
    s: Session, viewer: Viewer, user: User, organisation_id: int, can_approve: bool, sees_all: bool = False
) -> None:
    """A person serves an organisation, with these powers. Who served one other organisation only has moved."""
    require_admin(viewer)
    held = (await s.exec(select(Membership).where(Membership.user_id == user.id))).all()
    member = next((m for m in held if m.organisation_id == organisation_id), None)
    if member is None:
        for other in held if len(held) == 1 else ():
            await s.delete(other)
        assert user.id is not None
        member = Membership(user_id=user.id, organisation_id=organisation_id)
    member.can_approve, member.sees_all = can_approve, sees_all
    s.add(member)
    await s.flush()
    access.changed(s, user)


async def send_new_password(s: Session, viewer: Viewer, user_id: int, password: Password, *, link: str) -> None:
    """A new one-time password by mail; the old password and every log-in end here."""
    require_admin(viewer)
    user = await locked(s, user_id)
    if not user.email:
        raise Conflict("У пользователя нет почты: укажите её, чтобы выслать пароль", field="email")
    user.auth_version += 1
    await sessions.end_all(s, user)
    await _give_password(s, user, password, link)
    log.info("new password for user %s sent by %s", user.id, viewer.id)


async def deactivate(s: Session, viewer: Viewer, user_id: int) -> None:
    """Ends every log-in, token and socket of a person on whom nothing hangs any more; `Conflict` names what does."""
    require_admin(viewer)
    user = await locked(s, user_id)
    if not user.active:
        return
    await handover.require_nothing(s, user)
    user.active = False
    user.auth_version += 1
    await sessions.end_all(s, user)
    for ended in (ApiToken, MailLink):  # let in again, the person does not find old keys working
        await s.exec(delete(ended).where(col(ended.user_id) == user_id))
    access.changed(s, user)
    log.info("user %s deactivated by %s", user.id, viewer.id)


async def reactivate(s: Session, viewer: Viewer, user_id: int) -> None:
    """Lets a person in again, with the password they had; tokens and links have ended."""
    require_admin(viewer)
    user = await locked(s, user_id)
    user.active = True
    access.changed(s, user)
    log.info("user %s reactivated by %s", user.id, viewer.id)


async def locked(s: Session, user_id: int) -> User:
    """The person's row, nobody else's until the end of the transaction."""
    query = select(User).where(User.id == user_id).with_for_update()
    user = (await s.exec(query, execution_options={"populate_existing": True})).one_or_none()
    if user is None:
        raise NotFound
    return user


JOURNAL = "the journal"  # no login that is given out holds a space


async def the_journal(s: Session) -> Viewer:
    """The journal as the author of what it does by itself: a person without roles whom nobody can log in as."""
    row = await by_login(s, JOURNAL)
    if row is None:
        row = User(login=JOURNAL, name="Журнал", active=False, created_at=now())
        s.add(row)
        await s.flush()
    assert row.id is not None
    return Viewer(row.id, row.name, frozenset())
