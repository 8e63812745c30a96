"""Passwords: what may be one, what hashing costs and how much of it goes on at once."""

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from typing import Literal

import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters

from server.errors import Invalid, Unavailable
from server.people import passwords

REAL = passwords.HASHER


@pytest.fixture(autouse=True)
def real_cost(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Here a hash costs what it costs in the journal."""
    monkeypatch.setattr(passwords, "HASHER", REAL)
    passwords._nobody.cache_clear()
    yield
    passwords._nobody.cache_clear()


@pytest.mark.parametrize("length", [8, 64, 128, 256])
async def test_L4_long_passwords_work(length: int) -> None:
    password = ("Ёж и яблоко " * 30)[:length]
    kept = await passwords.own(passwords.chosen(password))
    assert (await passwords.verdict(kept.hash, passwords.typed(password))).fits
    assert not (await passwords.verdict(kept.hash, password[:-1])).fits


@pytest.mark.parametrize("password", ["x" * 1_000_000, "a" * 257, "", "   ", "a\ud800bcdefgh"])
def test_L4_what_can_not_be_a_password_is_refused_before_hashing(password: str) -> None:
    with pytest.raises(Invalid) as refusal:
        passwords.typed(password)
    assert list(refusal.value.fields) == ["password"]


@pytest.mark.parametrize(
    "password",
    [
        "1234567",
        "12345678",
        "qwertyui",
        "Пароль123",
        "ЙЦУКЕНГШ",
        "password!",
        "aaaaaaaaa",
        "abababab",
        "Anna Lugova",
        "vershinina",
    ],
)
def test_a_password_that_is_guessed_first_is_not_taken(password: str) -> None:
    with pytest.raises(Invalid):
        passwords.chosen(password, "vershinina", "Anna Lugova", "anna@example.test")


def test_any_characters_will_do_when_there_are_enough() -> None:
    for password in ("correct horse", "четыре ёлки", "        8 spaces", "🔑🔑🚪 ключи"):
        assert passwords.chosen(password) == password


async def test_L5_a_password_is_compared_as_typed() -> None:
    kept = await passwords.own("Cafe\u0301 Noir ")
    assert (await passwords.verdict(kept.hash, "Cafe\u0301 Noir ")).fits
    for other in ("Caf\u00e9 Noir ", "cafe\u0301 Noir ", "Cafe\u0301 Noir"):
        assert not (await passwords.verdict(kept.hash, other)).fits


async def test_an_old_hash_is_renewed_when_it_fits() -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("мой пароль")
    verdict = await passwords.verdict(old, "мой пароль")
    assert verdict.renewed
    assert verdict.renewed.startswith("$argon2id$v=19$m=47104,t=2,p=1$")
    assert (await passwords.verdict(verdict.renewed, "мой пароль")).renewed is None
    assert (await passwords.verdict(old, "не мой")).renewed is None


async def test_a_broken_hash_fits_nothing() -> None:
    for broken in ("", "not a hash", "$argon2id$v=19$m=47104"):
        assert not (await passwords.verdict(broken, "")).fits


class Counted(PasswordHasher):
    """Notes of each comparison what the hash is made to cost, and the processor's time it took."""

    def __init__(self) -> None:
        super().__init__(REAL.time_cost, REAL.memory_cost, REAL.parallelism)
        self.asked: list[tuple[Parameters, float]] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        began = time.thread_time()
        try:
            return super().verify(hash, password)
        finally:
            self.asked.append((extract_parameters(str(hash)), time.thread_time() - began))


async def test_L3_nobody_costs_as_much_as_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """One comparison each, with a hash of the same cost. (Seen red: no comparison for nobody; a stand-in of half the
    passes.)"""
    counted = Counted()
    monkeypatch.setattr(passwords, "HASHER", counted)
    kept = (await passwords.own("какой-то пароль")).hash
    for who in (kept, None) * 3:
        assert not (await passwords.verdict(who, "неверный пароль")).fits
    assert len(counted.asked) == 6
    assert all(cost == counted.asked[0][0] for cost, _ in counted.asked)
    somebody, nobody = (min(took for _, took in counted.asked[i::2]) for i in (0, 1))
    assert 0.4 < nobody / somebody < 2.5


async def test_at_most_two_hashes_at_a_time_and_a_bounded_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    now, most, gate = 0, 0, threading.Event()

    def work() -> None:
        nonlocal now, most
        now, most = now + 1, max(most, now + 1)
        gate.wait(10)
        now -= 1

    waiting = [asyncio.ensure_future(passwords._in_thread(work)) for _ in range(passwords.AT_ONCE + passwords.WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await passwords._in_thread(work)
    gate.set()
    await asyncio.gather(*waiting)
    assert most <= passwords.AT_ONCE
    assert (await passwords.own("снова свободно")).hash


def test_one_time_passwords_can_be_read_aloud_and_differ() -> None:
    found = {passwords.readable() for _ in range(2000)}
    assert len(found) == 2000
    assert all(re.fullmatch(r"[A-Z][a-z]{3}-\d{4}-[A-Z][a-z]{3}", p) for p in found)
    assert all(passwords.chosen(p) for p in found)
