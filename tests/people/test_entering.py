"""Login and password: counted, locked, never telling who exists; a log-in gets a token of its own at each step."""

import asyncio

import pytest
from sqlmodel import select

from server import clock
from server.db import Database
from server.errors import TooMany, Unauthorised
from server.people import entering, sessions, tokens
from server.people.model import Attempt, LoginSession, User
from server.people.sessions import Device
from tests.cast import Cast
from tests.people.entrance import (
    OFFICE,
    PASSWORD,
    begin,
    between,
    come_in,
    is_inside,
    later,
    step_one,
)

WRONG = "не тот пароль"


pytestmark = pytest.mark.usefixtures("known")


async def test_L2_L3_an_unknown_login_is_answered_like_a_wrong_password(db: Database) -> None:
    known = [await step_one(db, "anna", WRONG) for _ in range(5)]
    unknown = [await step_one(db, "nobody at all", WRONG) for _ in range(5)]
    assert known == unknown == [4, 3, 2, 1, 0]
    for login in ("anna", "nobody at all"):
        with pytest.raises(TooMany) as refusal:
            await step_one(db, login, WRONG)
        assert 890 <= refusal.value.extra["retry_after"] <= 900


async def test_L6_the_login_is_locked_whatever_address_the_tries_come_from(db: Database) -> None:
    for n in range(5):
        await step_one(db, "anna", WRONG, Device(f"198.51.100.{n}"))
    for n in range(5, 100):
        with pytest.raises(TooMany):
            await step_one(db, "anna", WRONG, Device(f"198.51.100.{n}"))
    with pytest.raises(TooMany):
        await step_one(db, "anna", PASSWORD)
    assert isinstance(await step_one(db, "boris"), str), "other accounts are free"
    with later(minutes=14, seconds=50), pytest.raises(TooMany):
        await step_one(db, "anna", PASSWORD)
    with later(minutes=15, seconds=1):
        assert isinstance(await step_one(db, "anna"), str), "after the wait the right password works"


async def test_L6_five_tries_count_only_within_fifteen_minutes(db: Database) -> None:
    for _ in range(4):
        await step_one(db, "anna", WRONG)
    with later(minutes=16):
        assert await step_one(db, "anna", WRONG) == 4


async def test_the_right_password_starts_the_count_anew(db: Database) -> None:
    for _ in range(4):
        await step_one(db, "anna", WRONG)
    await begin(db, "anna")
    assert await step_one(db, "anna", WRONG) == 4


async def test_an_address_that_tries_many_logins_is_locked_too(db: Database) -> None:
    for n in range(entering.TRIES_OF_ADDRESS):
        async with db.transaction() as s:
            await entering.refused(s, entering.Claim(f"login {n}"), OFFICE)
    with pytest.raises(TooMany):
        await step_one(db, "boris")
    assert isinstance(await step_one(db, "boris", device=Device("198.51.100.9")), str)
    assert isinstance(await step_one(db, "anna", device=Device("127.0.0.1")), str)


async def test_of_many_guesses_at_once_five_are_looked_at(db: Database) -> None:
    async with db.reading() as s:
        early = await entering.claim(s, "anna", OFFICE)
    found = await asyncio.gather(*(step_one(db, "anna", WRONG) for _ in range(15)), return_exceptions=True)
    assert sorted(f for f in found if isinstance(f, int)) == [0, 1, 2, 3, 4]
    assert sum(isinstance(f, TooMany) for f in found) == 10
    with pytest.raises(TooMany):  # a right one that was under way when the fifth was counted
        async with db.transaction() as s:
            await entering.admit(s, early, None, OFFICE)


async def test_L13_fifty_right_logins_at_once_are_fifty_sessions(db: Database) -> None:
    logins = ["anna", "boris", "vera"] * 17
    tokens = await asyncio.gather(*(begin(db, login) for login in logins[:50]))
    assert len(set(tokens)) == 50
    async with db.reading() as s:
        assert len((await s.exec(select(LoginSession))).all()) == 50


async def test_what_people_type_into_the_login_field_is_not_kept(db: Database) -> None:
    await step_one(db, "мой тайный пароль", WRONG)
    async with db.reading() as s:
        keys = [a.key for a in (await s.exec(select(Attempt))).all()]
    assert keys
    assert not any("тайный" in key for key in keys)


async def test_L5_a_login_is_found_however_it_is_typed(db: Database) -> None:
    assert isinstance(await step_one(db, "  ANNA "), str)


async def test_an_inactive_person_is_nobody(db: Database, cast: Cast) -> None:
    async with db.transaction() as s:
        (await s.get_one(User, cast.anna.id)).active = False
    assert await step_one(db, "anna") == 4


async def test_a_person_without_a_password_is_nobody(db: Database) -> None:
    assert await step_one(db, "gleb", "") == 4
    assert await step_one(db, "gleb", PASSWORD) == 3


async def test_a_password_that_changed_meanwhile_admits_nobody(db: Database, cast: Cast) -> None:
    async with db.reading() as s:
        claim = await entering.claim(s, "anna", OFFICE)
    async with db.transaction() as s:
        (await s.get_one(User, cast.anna.id)).auth_version += 1
    with pytest.raises(Unauthorised):
        async with db.transaction() as s:
            await entering.admit(s, claim, None, OFFICE)


async def test_a_one_time_password_lives_three_days(db: Database, cast: Cast) -> None:
    async with db.transaction() as s:
        user = await s.get_one(User, cast.anna.id)
        user.password_temporary, user.password_until = True, clock.now()
    with pytest.raises(Unauthorised, match="Срок пароля из письма вышел"):
        await step_one(db, "anna")


async def test_L11_the_token_is_a_new_one_at_each_step_and_the_old_one_opens_nothing(db: Database, cast: Cast) -> None:
    planted = await come_in(db, cast.vera)
    async with db.reading() as s:
        claim = await entering.claim(s, "anna", OFFICE)
    async with db.transaction() as s:
        first = await entering.admit(s, claim, None, OFFICE, instead_of=planted)
    assert not await is_inside(db, planted)
    user, session = await between(db, first)
    async with db.transaction() as s:
        second = await sessions.begin(s, user, "full", OFFICE)
    assert len({planted, first, second, session.id}) == 4


async def test_O13_a_login_that_waits_for_its_code_opens_nothing(db: Database) -> None:
    token = await begin(db, "anna")
    assert not await is_inside(db, token)


async def test_only_hashes_of_tokens_are_kept(db: Database, cast: Cast) -> None:
    token = await come_in(db, cast.anna)
    async with db.reading() as s:
        (row,) = (await s.exec(select(LoginSession))).all()
    assert token not in row.model_dump_json()


async def test_a_session_ends_after_fourteen_idle_days_and_after_thirty_in_any_case(db: Database, cast: Cast) -> None:
    token = await come_in(db, cast.anna)
    with later(days=13):
        assert await is_inside(db, token)
        async with db.transaction() as s:
            await sessions.touch(s, sessions.mark(token))
    with later(days=26):
        assert await is_inside(db, token)
        async with db.transaction() as s:
            await sessions.touch(s, sessions.mark(token))
    with later(days=31):
        assert not await is_inside(db, token)
    idle = await come_in(db, cast.boris)
    with later(days=14, seconds=1):
        assert not await is_inside(db, idle)


async def test_half_an_hour_between_the_steps_is_all_there_is(db: Database) -> None:
    token = await begin(db, "anna")
    with later(minutes=31):
        async with db.reading() as s:
            assert await sessions.find(s, token, stage="password") is None


async def test_L9_no_other_token_is_anybody_s(db: Database, cast: Cast) -> None:
    await come_in(db, cast.anna)
    async with db.reading() as s:
        for token in (None, "", "null", "0", "[]", "%", "a" * 10_240, "\udcff", "' OR 1=1 --"):
            assert await sessions.find(s, token) is None
            assert await sessions.find(s, token, stage="password") is None
            assert await tokens.find(s, token) is None
