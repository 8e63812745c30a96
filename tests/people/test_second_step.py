"""The code by SMS: five guesses, one success, ten minutes, one log-in, and a budget of SMS."""

import asyncio
import logging
import re
from collections.abc import Awaitable
from contextlib import suppress

import pytest
from sqlmodel import select

from server.db import Database
from server.errors import Conflict, Forbidden, TooMany, Unauthorised, Unavailable
from server.people import actions, entering
from server.people.entering import Budget, Guess
from server.people.model import Challenge, LoginSession, User
from server.people.sessions import Device
from tests.cast import SECRET, Cast, as_viewer
from tests.people.entrance import (
    OFFICE,
    begin,
    between,
    enter,
    is_inside,
    later,
    send,
    sent,
    wrong,
)

STRICT = Budget()


pytestmark = pytest.mark.usefixtures("known")


async def test_the_right_code_opens_the_journal(db: Database) -> None:
    token = await begin(db, "anna")
    guess = await enter(db, token, await send(db, token))
    assert guess.token
    assert await is_inside(db, guess.token)


async def test_O1_a_wrong_code_is_counted_and_says_how_many_are_left(db: Database) -> None:
    token = await begin(db, "anna")
    code = await send(db, token)
    assert await enter(db, token, wrong(code)) == Guess(None, 4)
    assert await enter(db, token, wrong(code)) == Guess(None, 3)
    assert (await enter(db, token, code)).token


async def test_O2_after_five_wrong_codes_the_login_is_over_even_for_the_right_one(db: Database) -> None:
    token = await begin(db, "anna")
    code = await send(db, token)
    user, session = await between(db, token)
    assert [(await enter(db, token, wrong(code))).left for _ in range(5)] == [4, 3, 2, 1, 0]
    with pytest.raises(Unauthorised):
        async with db.transaction() as s:
            await entering.enter(s, SECRET, token, user, session, code)
    async with db.reading() as s:
        assert not (await s.exec(select(LoginSession))).all()


async def test_O3_a_code_works_once(db: Database) -> None:
    token = await begin(db, "anna")
    code = await send(db, token)
    user, session = await between(db, token)
    assert (await enter(db, token, code)).token
    with pytest.raises(Unauthorised):
        async with db.transaction() as s:
            await entering.enter(s, SECRET, token, user, session, code)


async def _at_once(db: Database, token: str, *guesses: str) -> list[Guess | BaseException]:
    user, session = await between(db, token)

    async def one(code: str) -> Guess:
        async with db.transaction() as s:
            return await entering.enter(s, SECRET, token, user, session, code)

    return await asyncio.gather(*(one(code) for code in guesses), return_exceptions=True)


async def test_O4_the_right_code_fifty_times_at_once_is_one_session(db: Database) -> None:
    token = await begin(db, "anna")
    found = await _at_once(db, token, *[await send(db, token)] * 50)
    assert sum(isinstance(f, Guess) for f in found) == 1
    assert all(isinstance(f, Guess | Unauthorised) for f in found)
    async with db.reading() as s:
        assert [row.stage for row in (await s.exec(select(LoginSession))).all()] == ["full"]


async def test_O5_of_fifty_guesses_at_once_five_are_compared(db: Database) -> None:
    token = await begin(db, "anna")
    code = await send(db, token)
    found = await _at_once(db, token, *[f"{(int(code) + n) % 1_000_000:06d}" for n in range(1, 51)])
    assert sorted(f.left for f in found if isinstance(f, Guess)) == [0, 1, 2, 3, 4]
    assert sum(isinstance(f, Unauthorised) for f in found) == 45


async def test_O6_a_code_belongs_to_its_tab(db: Database) -> None:
    tab_a = await begin(db, "anna")
    code_a = await send(db, tab_a)
    tab_b = await begin(db, "anna")
    await send(db, tab_b)
    if code_a != (await sent(db))[-1].split()[0]:
        assert (await enter(db, tab_b, code_a)).token is None
    with pytest.raises(Unauthorised):  # and a new log-in's code kills the old one
        await enter(db, tab_a, code_a)


async def test_O7_another_person_s_code_counts_against_this_login_only(db: Database) -> None:
    anna, vera = await begin(db, "anna"), await begin(db, "vera")
    _annas, veras = await send(db, anna), await send(db, vera)
    assert await enter(db, anna, veras) == Guess(None, 4)
    assert (await enter(db, vera, veras)).token


async def test_O8_a_code_lives_ten_minutes_and_a_new_one_may_be_had(db: Database) -> None:
    token = await begin(db, "anna")
    code = await send(db, token)
    with later(minutes=9, seconds=59):
        await between(db, token)
        async with db.reading() as s:
            assert await entering.open_challenge(s, (await between(db, token))[1])
    with later(minutes=10, seconds=1):
        with pytest.raises(Unauthorised) as refusal:
            await enter(db, token, code)
        assert refusal.value.extra == {"reason": "expired"}
        new = await send(db, token)
        assert (await enter(db, token, new)).token


async def test_O10_sending_again_sends_the_same_code_and_prolongs_nothing(db: Database) -> None:
    token = await begin(db, "anna")
    code = await send(db, token)
    await enter(db, token, wrong(code))
    async with db.reading() as s:
        before = (await s.exec(select(Challenge))).one()
    with later(minutes=3):
        assert await send(db, token) == code
    async with db.reading() as s:
        after = (await s.exec(select(Challenge))).one()
    assert (after.expires_at, after.attempts, after.sent) == (before.expires_at, 1, 2)
    assert (await enter(db, token, code)).token


async def test_O10_a_new_login_makes_a_new_code_and_kills_the_old(db: Database) -> None:
    first = await begin(db, "anna")
    old = await send(db, first)
    second = await begin(db, "anna")
    new = await send(db, second)
    async with db.reading() as s:
        assert len((await s.exec(select(Challenge))).all()) == 1
    with pytest.raises(Unauthorised):
        await enter(db, first, old)
    assert (await enter(db, second, new)).token


async def test_O11_G14_sending_again_a_hundred_times_stays_within_the_budget(db: Database, cast: Cast) -> None:
    token = await begin(db, "anna")
    await send(db, token, budget=STRICT)
    with pytest.raises(TooMany) as refusal:
        await send(db, token, budget=STRICT)
    assert 59 <= refusal.value.extra["retry_after"] <= 60
    for n in range(100):
        with later(seconds=61 + n * 5):
            await _try(send(db, token, budget=STRICT))
    assert len(await sent(db)) == STRICT.number
    with later(minutes=20):
        vera = await begin(db, "vera")
        await send(db, vera, budget=STRICT)  # nobody else is touched


async def _try(sending: Awaitable[str]) -> None:
    with suppress(TooMany):
        await sending


async def test_G14_a_changed_number_does_not_widen_a_person_s_budget(db: Database, cast: Cast) -> None:
    for n in range(10):
        async with db.transaction() as s:
            (await s.get_one(User, cast.anna.id)).phone = f"+7900111000{n}"
        with later(minutes=2 * n):
            await _try(send(db, await begin(db, "anna"), budget=STRICT))
    assert len(await sent(db)) == STRICT.person


async def test_G14_an_address_has_a_budget_and_loopback_is_no_address(db: Database, cast: Cast) -> None:
    budget = Budget(pause=0, person=100, number=100, address=4)
    token = await begin(db, "anna")
    for _ in range(4):
        await send(db, token, budget=budget)
    with pytest.raises(TooMany):
        await send(db, token, budget=budget)
    await send(db, token, Device("198.51.100.1"), budget)
    for _ in range(6):
        await send(db, token, Device("127.0.0.1"), budget)


async def test_G14_the_whole_journal_has_a_budget_and_says_so_loudly(
    db: Database, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    budget = Budget(pause=0, person=100, number=100, address=100, journal=3)
    token = await begin(db, "anna")
    for _ in range(3):
        await send(db, token, budget=budget)
    with pytest.raises(Unavailable), caplog.at_level(logging.ERROR):
        await send(db, token, budget=budget)
    assert "budget" in caplog.text


async def test_G14_requests_at_once_send_one(db: Database) -> None:
    token = await begin(db, "anna")
    user, session = await between(db, token)

    async def one() -> None:
        async with db.transaction() as s:
            await entering.send_code(s, SECRET, token, user, session, OFFICE, STRICT)

    found = await asyncio.gather(*(one() for _ in range(20)), return_exceptions=True)
    assert sum(f is None for f in found) == 1
    assert len(await sent(db)) == 1


async def test_G13_guesses_are_counted_over_all_logins_of_a_day(db: Database) -> None:
    for _ in range(4):
        token = await begin(db, "anna")
        code = await send(db, token, budget=Budget(0, 100, 100))
        for _ in range(5):
            await enter(db, token, wrong(code))
    token = await begin(db, "anna")
    with pytest.raises(TooMany):
        await send(db, token, budget=Budget(0, 100, 100))
    with later(hours=24, seconds=1):  # a cool-down, not for ever
        await send(db, await begin(db, "anna"), budget=Budget(0, 100, 100))


async def test_O14_a_changed_phone_kills_the_code_that_was_sent(
    db: Database, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    token = await begin(db, "anna")
    code = await send(db, token)
    with caplog.at_level(logging.INFO):
        async with db.transaction() as s:
            admin, user = await as_viewer(s, cast.pavel), await s.get_one(User, cast.anna.id)
            await actions.change_phone(s, admin, user, "+79001112233")
    assert f"phone of user {cast.anna.id} changed by {cast.pavel.id}" in caplog.text
    with pytest.raises(Unauthorised):
        await enter(db, token, code)


async def test_no_sms_goes_anywhere_but_to_a_russian_mobile(db: Database, cast: Cast) -> None:
    for phone in ("", "+74951234567", "+77012345678"):
        async with db.transaction() as s:
            (await s.get_one(User, cast.anna.id)).phone = phone
        with pytest.raises(Conflict):
            await send(db, await begin(db, "anna"))
    assert not await sent(db)


async def test_no_code_before_the_own_password(db: Database, cast: Cast) -> None:
    async with db.transaction() as s:
        (await s.get_one(User, cast.anna.id)).password_temporary = True
    with pytest.raises(Forbidden):
        await send(db, await begin(db, "anna"))


async def test_neither_code_nor_password_is_in_the_tables_or_the_log(
    db: Database, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        token = await begin(db, "anna")
        code = await send(db, token)
        await enter(db, token, wrong(code))
        async with db.reading() as s:
            challenge, session = (await s.exec(select(Challenge))).one(), (await s.exec(select(LoginSession))).one()
        await enter(db, token, code)
    ours = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("server."))
    kept = challenge.model_dump_json() + session.model_dump_json()
    assert not re.search(rf"\b{code}\b|{re.escape(token)}|зелёный забор", kept + ours)
