"""What people do to their own account: choose a password, ask for a link when it is forgotten, set preferences."""

import logging
import secrets
from datetime import timedelta
from zoneinfo import available_timezones

from sqlalchemy import delete, update
from sqlmodel import col, select

from server.clock import now
from server.db import Session
from server.errors import Conflict, Gone, Invalid, TooMany
from server.events import access
from server.notices.model import Dispatch
from server.people import attempts, details, sessions
from server.people.actions import locked
from server.people.entering import Claim
from server.people.model import Challenge, LoginSession, MailLink, User
from server.people.passwords import Password
from server.people.policy import Viewer
from server.people.queries import by_login
from server.people.sessions import Device, mark, new_token
from server.words.i18n import LOCALES
from server.words.labels import DIGEST

log = logging.getLogger(__name__)
RESET, LINK_LIFE = "reset", timedelta(hours=1)
LINKS_OF_LOGIN, LINKS_OF_ADDRESS, HOUR = 3, 20, timedelta(hours=1)
_STALE = "Ссылка больше не действует: по ней уже меняли пароль, или прошёл час"


async def choose_password(s: Session, user_id: int, password: Password, *, keep: str | None = None) -> None:
    """The person's own password. Their other log-ins end and links in mails die; `keep` is the log-in that asks."""
    user = await locked(s, user_id)
    user.password_hash, user.password_temporary, user.password_until = password.hash, False, None
    user.auth_version += 1
    await sessions.end_all(s, user, but=keep)
    await s.exec(delete(Challenge).where(col(Challenge.user_id) == user_id))
    await s.exec(
        update(MailLink).where(col(MailLink.user_id) == user_id, col(MailLink.used_at).is_(None)).values(used_at=now())
    )
    await s.exec(update(LoginSession).where(col(LoginSession.id) == keep).values(auth_version=user.auth_version))
    log.info("password of user %s changed by themselves", user_id)


async def forgot(s: Session, login: str, device: Device, *, base_url: str) -> None:
    """Mails a one-time link, if there is such a person with an address. Says nothing and limits alike either way."""
    login = details.login(login)
    limits = {"link:" + attempts.of_login(login): LINKS_OF_LOGIN}
    if address := attempts.of_address("link", device.address):
        limits[address] = LINKS_OF_ADDRESS
    await attempts.hold(s, *limits)
    if left := max([await attempts.wait(s, key, most, HOUR) for key, most in limits.items()]):
        raise TooMany("Ссылку можно попросить снова через %(seconds)d с.", retry_after=left)
    await attempts.add(s, *limits)
    user = await by_login(s, login)
    if user is not None and user.active and user.email:
        _mail_link(s, user, base_url)


def _mail_link(s: Session, user: User, base_url: str) -> None:
    assert user.id is not None
    token, until = new_token(), now() + LINK_LIFE
    s.add(MailLink(id=mark(token), user_id=user.id, purpose=RESET, expires_at=until))
    s.add(
        Dispatch(
            channel="mail",
            kind=RESET,
            user_id=user.id,
            address=user.email,
            secret=f"{base_url}/login/reset/{token}",
            values={"until": until.isoformat()},
            until=until,
            message_id=f"{RESET}.{user.id}.{secrets.token_hex(8)}",
        )
    )


async def behind_link(s: Session, token: str) -> User:
    """Whose password a link would change; uses nothing up. Raises `Gone`, in the same words whatever is wrong."""
    query = (
        select(User)
        .join(MailLink, col(MailLink.user_id) == User.id)
        .where(MailLink.id == mark(token[:200]), MailLink.purpose == RESET, col(User.active))
        .where(col(MailLink.used_at).is_(None), MailLink.expires_at > now())
    )
    user = (await s.exec(query)).one_or_none()
    if user is None:
        raise Gone(_STALE)
    return user


async def reset(s: Session, token: str, password: Password) -> None:
    """Uses the link up and sets the password. Nobody is logged in by it: password and code are asked for as ever."""
    used = (
        update(MailLink)
        .where(col(MailLink.id) == mark(token[:200]), col(MailLink.purpose) == RESET)
        .where(col(MailLink.used_at).is_(None), col(MailLink.expires_at) > now())
        .values(used_at=now())
        .returning(col(MailLink.user_id))
    )
    user_id = (await s.exec(used)).scalar_one_or_none()
    if user_id is None or not (await locked(s, user_id)).active:
        raise Gone(_STALE)
    await choose_password(s, user_id, password)


async def change_password(s: Session, claim: Claim, password: Password, *, keep: str) -> None:
    """Another own password in place of one that was just proved (`claim`). The person is told by mail."""
    assert claim.user_id is not None
    user = await locked(s, claim.user_id)
    if user.auth_version != claim.auth_version:
        raise Conflict("Пароль только что изменился")
    await attempts.forget(s, attempts.of_login(user.login))
    await choose_password(s, claim.user_id, password, keep=keep)
    if user.email:
        s.add(
            Dispatch(
                channel="mail",
                kind="security",
                user_id=user.id,
                values={"what": "password_changed"},
                message_id=f"security.{user.id}.{secrets.token_hex(8)}",
            )
        )


async def prefer(s: Session, viewer: Viewer, *, locale: str, time_zone: str, digest: str, digest_hour: int) -> None:
    """The language, the zone mails are written in, and how often (daily: at which hour) to write about what is
    unread."""
    for field, value, known in (
        ("locale", locale, LOCALES), ("time_zone", time_zone, available_timezones()), ("digest", digest, DIGEST),
        ("digest_hour", digest_hour, range(24)),
    ):  # fmt: skip
        if value not in known:
            raise Invalid({field: "Выберите из списка"})
    user = await locked(s, viewer.id)
    user.locale, user.time_zone, user.digest, user.digest_hour = locale, time_zone, digest, digest_hour
    access.changed(s, user)  # open sockets speak the new language
