"""Passwords: argon2id in threads, the rules for a new one, one-time passwords that people can read aloud."""

import asyncio
import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from server.errors import Invalid, Unavailable

SHORTEST, LONGEST = 8, 256
AT_ONCE, WAITING = 2, 100
# OWASP's figures for argon2id (46 MiB, one lane) with a second pass: about 80 ms of one core.
HASHER = PasswordHasher(time_cost=2, memory_cost=47104, parallelism=1)
T = TypeVar("T")


def _step_back() -> None:
    # A burst of log-ins must not slow the chat down: hashing threads yield to the event loop's (Linux only).
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


_threads = ThreadPoolExecutor(AT_ONCE, "password", initializer=_step_back)
_queue = threading.Semaphore(AT_ONCE + WAITING)


async def _in_thread(work: Callable[[], T]) -> T:
    """At most two hashes at a time, each with 46 MiB; a bounded queue before them, then "try again"."""
    if not _queue.acquire(blocking=False):
        raise Unavailable("Сейчас входит слишком много людей. Попробуйте через минуту.")
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work)
    finally:
        _queue.release()


@dataclass(frozen=True)
class Password:
    """A password as the database keeps it; `once` is its text where it is a one-time password to be mailed."""

    hash: str
    once: str | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether a password fits, and its new hash where the parameters have grown since."""

    fits: bool
    renewed: str | None = None


async def own(password: str) -> Password:
    """A person's own password, made ready to keep. Hash before the transaction: nobody waits for it with a lock."""
    return Password(await _in_thread(lambda: HASHER.hash(password)))


async def one_time() -> Password:
    """A new one-time password."""
    text = readable()
    return Password((await own(text)).hash, text)


async def verdict(password_hash: str | None, password: str) -> Verdict:
    """Costs the same whether there is such a person or not: nobody learns logins by the clock."""
    return await _in_thread(lambda: _verdict(password_hash, password))


def _verdict(password_hash: str | None, password: str) -> Verdict:
    stand_in = _nobody()
    try:
        HASHER.verify(password_hash or stand_in, password)
    except (VerificationError, InvalidHashError):
        return Verdict(False)
    if password_hash is None:
        return Verdict(False)
    return Verdict(True, HASHER.hash(password) if HASHER.check_needs_rehash(password_hash) else None)


@cache
def _nobody() -> str:
    """The hash that stands in for a person who does not exist: of the same cost as any new one."""
    return HASHER.hash(secrets.token_urlsafe(16))


def typed(password: str) -> str:
    """A password as typed at the door: refused only if it can't be one, before any hashing."""
    if not password.strip():
        raise Invalid({"password": "Введите пароль"})
    if len(password) > LONGEST:
        raise Invalid({"password": "Пароль длиннее %(limit)d знаков"}, values={"limit": LONGEST})
    if any("\ud800" <= c <= "\udfff" for c in password):
        raise Invalid({"password": "Пароль содержит знаки, которые нельзя сохранить"})
    return password


def long_enough(password: str) -> str:
    """The least that any password must be."""
    if len(typed(password)) < SHORTEST:
        raise Invalid({"password": "Пароль короче %(limit)d знаков"}, values={"limit": SHORTEST})
    return password


def chosen(password: str, *about: str) -> str:
    """A new own password: 8–256 characters of any kind, not a worn-out one, not the name or login (`about`)."""
    plain = long_enough(password).casefold()
    if len(set(plain)) < 4 or plain.strip("0123456789!.,") in WORN:
        raise Invalid({"password": "Такой пароль подбирают первым. Придумайте другой."})
    if any(part and plain in part.casefold() for part in about):
        raise Invalid({"password": "Пароль не должен повторять логин, имя или почту"})
    return password


# What guessing starts with; digits at the ends are tried along with each.
_WORN = """
password passw0rd qwerty qwertyui qwertyuiop qwe123qwe 1q2w3e4r 1qaz2wsx zaq12wsx asdfghjk asdfghjkl zxcvbnm iloveyou
welcome letmein administrator admin football baseball superman trustno changeme parol parolparol ytrewq rewqtyui
йцукен йцукенг йцукенгш йцукенгшщз фывапролд пароль парольпароль привет приветпривет администратор бухгалтер
бухгалтерия журнал journal зимазима летолето
"""
WORN = frozenset({"", *_WORN.split()})

_CONSONANTS, _VOWELS = "bdgklmnrtvz", "aeiou"
_RUDE = frozenset({"kaka", "muda", "mude", "mudi", "mudo", "dura", "duri", "dure", "niga", "debi", "gadi", "gada"})


def readable() -> str:
    """Like `Lipa-7204-Reka`: 36 bits, which a throttle of five tries and three days of life make plenty."""
    return f"{_word()}-{secrets.randbelow(10_000):04d}-{_word()}"


def _word() -> str:
    while True:
        word = "".join(secrets.choice(letters) for letters in (_CONSONANTS, _VOWELS) * 2)
        if word not in _RUDE:
            return word.capitalize()
