"""Coming in: log-in and password, then a code by SMS; and going out. Each function is one transaction's work; what must
be counted even when it fails (a wrong password, a wrong code) is an answer here, not an exception: so it is kept."""

import logging
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, update
from sqlmodel import col, select

from server.clock import now
from server.db import Session
from server.errors import Conflict, Forbidden, TooMany, Unauthorised, Unavailable
from server.notices.model import Dispatch
from server.people import attempts, codes, details, sessions
from server.people.model import Challenge, LoginSession, User
from server.people.queries import by_login
from server.people.sessions import FULL, PASSWORD, Device

log = logging.getLogger(__name__)

TRIES, LOCKED = 5, timedelta(minutes=15)
TRIES_OF_ADDRESS = 100
GUESSES, CODE_LIFE = 5, timedelta(minutes=10)
GUESSES_A_DAY = 20
HOUR = timedelta(hours=1)
SLOW = timedelta(seconds=20)
JOURNAL = "sms:journal"


@dataclass(frozen=True)
class Budget:
    """How many SMS may leave: one within `pause` seconds for each person, and so many an hour for each person, number
    and address, and for the whole journal."""

    pause: int = 60
    person: int = 5
    number: int = 3
    address: int = 20
    journal: int = 500


@dataclass(frozen=True)
class Claim:
    """Who somebody says they are: what is needed to check it, outside of any transaction."""

    login: str
    user_id: int | None = None
    password_hash: str | None = None
    auth_version: int = 0


@dataclass(frozen=True)
class Guess:
    """The answer to a typed code: a token for the whole journal, or how many tries are left."""

    token: str | None
    left: int


async def claim(s: Session, login: str, device: Device) -> Claim:
    """The first half of step one. Raises `TooMany` while this login or address is locked, known or not."""
    login = details.login(login)
    await _refuse_locked(s, login, device)
    user = await by_login(s, login)
    if user is None or not user.active:
        return Claim(login)
    return Claim(login, user.id, user.password_hash, user.auth_version)


async def _refuse_locked(s: Session, login: str, device: Device) -> None:
    left = await attempts.locked(s, attempts.of_login(login), TRIES, LOCKED)
    if key := attempts.of_address("login", device.address):
        left = max(left, await attempts.wait(s, key, TRIES_OF_ADDRESS, LOCKED))
    if left:
        raise TooMany("Слишком много попыток. Вход откроется через %(seconds)d с.", retry_after=left)


async def refused(s: Session, claim: Claim, device: Device) -> int:
    """The password did not fit: counted, and the tries that are left."""
    key = attempts.of_login(claim.login)
    await attempts.hold(s, key)
    await _refuse_locked(s, claim.login, device)
    await attempts.add(s, key, *filter(None, [attempts.of_address("login", device.address)]))
    left = max(0, TRIES - await attempts.count(s, key, LOCKED))
    log.info("login refused: %s from %s, %d left", key, device.address, left)
    return left


async def admit(s: Session, claim: Claim, renewed: str | None, device: Device, *, instead_of: str | None = None) -> str:
    """The password fitted: a log-in that still needs the code, with a token of its own (never one the browser brought:
    that one, `instead_of`, ends). Raises `TooMany` if the tries ran out meanwhile: of a thousand guesses at once, five
    are looked at."""
    key = attempts.of_login(claim.login)
    await attempts.hold(s, key)
    await _refuse_locked(s, claim.login, device)
    user = await s.get_one(User, claim.user_id)
    if not user.active or user.auth_version != claim.auth_version:
        raise Unauthorised("Войдите ещё раз: пароль только что изменился")
    if user.password_temporary and user.password_until and user.password_until <= now():
        raise Unauthorised("Срок пароля из письма вышел. Попросите новый: «Не помню пароль».")
    await attempts.forget(s, key)
    if renewed:
        user.password_hash = renewed
    if instead_of:
        await sessions.end(s, sessions.mark(instead_of))
    return await sessions.begin(s, user, PASSWORD, device)


async def open_challenge(s: Session, session: LoginSession) -> Challenge | None:
    """The code that was sent for this log-in, while it can still be entered."""
    query = select(Challenge).where(Challenge.session_id == session.id, *_can_be_entered())
    return (await s.exec(query)).first()


def _can_be_entered() -> tuple[ColumnElement[bool], ...]:
    return (
        col(Challenge.used_at).is_(None),
        col(Challenge.attempts) < GUESSES,
        col(Challenge.expires_at) > now(),
    )


async def wait(s: Session, user: User, budget: Budget) -> int:
    """Seconds until the next code may be asked for, as far as the person's own pause goes."""
    return await attempts.wait(s, f"sms:user:{user.id}", 1, timedelta(seconds=budget.pause)) if budget.pause else 0


async def send_code(
    s: Session, key: str, token: str, user: User, session: LoginSession, device: Device, budget: Budget
) -> None:
    """«Получить код». Within one log-in the same code goes out again: a late SMS still fits, tries and life stay as
    they were; a new log-in makes a new code and kills the old one. Raises `TooMany` beyond the budget."""
    if user.password_temporary:
        raise Forbidden("Сначала придумайте свой пароль")
    if not details.gets_sms(user.phone):
        raise Conflict(
            "В журнале нет вашего мобильного номера. Позвоните администратору: код придёт, когда он его укажет."
        )
    await _spend(s, user, device, budget)
    challenge = await open_challenge(s, session)
    if challenge is None:
        challenge, code = await _new_challenge(s, key, token, user, session)
    else:
        code = codes.unseal(key, token, challenge.nonce, challenge.sealed)
    challenge.sent, challenge.sent_at = challenge.sent + 1, now()
    s.add(
        Dispatch(
            channel="sms",
            kind="code",
            user_id=user.id,
            address=user.phone,
            secret=codes.sms(code, user.locale),
            until=challenge.expires_at,
            message_id=f"code.{user.id}.{secrets.token_hex(8)}",
        )
    )


async def _new_challenge(s: Session, key: str, token: str, user: User, session: LoginSession) -> tuple[Challenge, str]:
    assert user.id is not None
    await s.exec(delete(Challenge).where(col(Challenge.user_id) == user.id))
    code, nonce = codes.new(), secrets.token_hex(16)
    challenge = Challenge(
        session_id=session.id, user_id=user.id, code_hmac=codes.digest(key, token, code), nonce=nonce,
        sealed=codes.seal(key, token, nonce, code), expires_at=now() + CODE_LIFE,
    )  # fmt: skip
    s.add(challenge)
    return challenge, code


async def _spend(s: Session, user: User, device: Device, budget: Budget) -> None:
    """Takes one SMS out of every budget it counts in, or refuses."""
    whole = JOURNAL
    hourly = _own_budget(user.id or 0, user.phone, budget)
    if address := attempts.of_address("sms:address", device.address):
        hourly[address] = budget.address
    await attempts.hold(s, whole, *hourly)
    left = [await attempts.wait(s, key, most, HOUR) for key, most in hourly.items()]
    left.append(await wait(s, user, budget))
    left.append(await attempts.wait(s, f"guess:{user.id}", GUESSES_A_DAY, attempts.LONGEST))
    if seconds := max(left):
        raise TooMany("Новый код можно получить через %(seconds)d с.", retry_after=seconds)
    if await attempts.wait(s, whole, budget.journal, HOUR):
        log.error("SMS: the budget of %d an hour is spent", budget.journal)
        raise Unavailable("Сейчас коды не отправляются. Попробуйте позже или позвоните администратору.")
    await attempts.add(s, whole, *hourly)


def _own_budget(user_id: int, phone: str, budget: Budget) -> dict[str, int]:
    return {f"sms:user:{user_id}": budget.person, f"sms:number:{phone}": budget.number}


async def spend_again(s: Session, user_id: int, phone: str, budget: Budget) -> bool:
    """One more call to the gateway for an SMS that may have left already comes out of the same budgets; False when
    they are spent."""
    hourly = _own_budget(user_id, phone, budget) | {JOURNAL: budget.journal}
    await attempts.hold(s, *hourly)
    if any([await attempts.wait(s, key, most, HOUR) for key, most in hourly.items()]):
        return False
    await attempts.add(s, *hourly)
    return True


async def is_delayed(s: Session, user: User) -> bool:
    """Whether the last SMS to this person has met with trouble: the page says so instead of "sent"."""
    query = select(Dispatch).where(Dispatch.user_id == user.id, Dispatch.channel == "sms", Dispatch.kind == "code")
    last = (await s.exec(query.order_by(col(Dispatch.id).desc()).limit(1))).first()
    if last is None or last.state == "sent":
        return False
    return last.tries > 0 or last.state == "dead" or now() - last.created_at > SLOW


def sent_code(key: str, token: str, challenge: Challenge) -> str:
    """What was sent, for the demo's log-in page alone, where there is no phone to read it from."""
    return codes.unseal(key, token, challenge.nonce, challenge.sealed)


async def enter(s: Session, key: str, token: str, user: User, session: LoginSession, code: str) -> Guess:
    """«Войти». The try is counted by the statement that finds the challenge, so fifty at once are five; the row stays
    locked until the end, so one success is all there is. A right code ends this log-in and begins a new one with a new
    token; after the fifth wrong one it is over and starts from the password again."""
    counted = (
        update(Challenge)
        .where(col(Challenge.session_id) == session.id, *_can_be_entered())
        .values(attempts=Challenge.attempts + 1)
        .returning(col(Challenge.id), col(Challenge.code_hmac), col(Challenge.attempts))
        .execution_options(synchronize_session=False)
    )
    found = (await s.exec(counted)).first()
    if found is None:
        raise Unauthorised("Код больше не действует. Получите новый.", reason="expired")
    challenge, digest, tries = found
    if not codes.same(digest, codes.digest(key, token, code)):
        return await _wrong(s, user, session, tries)
    await s.exec(update(Challenge).where(col(Challenge.id) == challenge).values(used_at=now()))
    await sessions.end(s, session.id)
    return Guess(await sessions.begin(s, user, FULL, Device(session.address, session.agent)), 0)


async def _wrong(s: Session, user: User, session: LoginSession, tries: int) -> Guess:
    await attempts.add(s, f"guess:{user.id}")
    left = GUESSES - tries
    log.info("code refused: user %s, %d left", user.id, left)
    if left == 0:
        await sessions.end(s, session.id)
    return Guess(None, left)


async def log_out(s: Session, token: str) -> None:
    """Ends this log-in, at whatever stage, and cuts its sockets."""
    await sessions.end(s, sessions.mark(token))
