"""Accounts: registered with a mail, amended, reset by a one-time link, ended whole."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from server import clock
from server.db import Database, Session
from server.errors import Conflict, Gone, Invalid, NotFound, Refusal, TooMany
from server.events.access import AccessChanged, SessionEnded
from server.notices.model import Dispatch
from server.people import account, actions, entering, passwords, sessions, tokens
from server.people.actions import Account
from server.people.model import LoginSession, MailLink, Membership, User
from server.people.sessions import Device
from server.tickets.actions import claim
from tests.cast import Cast, News, Person, as_viewer, ask
from tests.people.entrance import (
    OFFICE,
    PASSWORD,
    begin,
    come_in,
    give_password,
    is_inside,
    later,
    ready,
    send,
    step_one,
)

LINK = "https://journal.example"
OLGA = Account("Olga", "Ольга Вершинина", ("client",), "olga@example.test", "8 912 345-67-89", "Бухгалтер")


async def _register(
    db: Database, cast: Cast, new: Account, password: passwords.Password, by: Person | None = None
) -> User:
    async with db.transaction() as s:
        return await actions.register(s, await as_viewer(s, by or cast.pavel), new, password, link=LINK)


async def _mail(db: Database, kind: str) -> Dispatch:
    async with db.reading() as s:
        query = select(Dispatch).where(Dispatch.channel == "mail", Dispatch.kind == kind)
        return (await s.exec(query.order_by(col(Dispatch.id).desc()))).all()[0]


async def test_a_registered_person_gets_a_one_time_password_by_mail(db: Database, cast: Cast) -> None:
    first = await passwords.one_time()
    user = await _register(db, cast, replace(OLGA, organisation=cast.romashka), first)
    assert (user.login, user.phone, user.password_temporary) == ("olga", "+79123456789", True)
    mail = await _mail(db, "registration")
    assert (mail.address, mail.secret, mail.user_id) == ("olga@example.test", first.once, user.id)
    assert {"login": "olga", "name": "Ольга Вершинина", "link": LINK, "phone": "67-89"}.items() <= mail.values.items()
    assert mail.until is not None
    assert timedelta(days=2, hours=23) < mail.until - clock.now() <= timedelta(days=3)
    assert first.once
    assert isinstance(await step_one(db, "olga", first.once), str)


async def test_a_client_is_registered_into_an_organisation_with_powers(db: Database, cast: Cast) -> None:
    approver = replace(OLGA, organisation=cast.romashka, can_approve=True)
    user = await _register(db, cast, approver, await ready())
    async with db.reading() as s:
        member = (await s.exec(select(Membership).where(Membership.user_id == user.id))).one()
    assert (member.organisation_id, member.can_approve) == (cast.romashka, True)


async def test_an_own_password_sends_no_mail_and_asks_for_no_change(db: Database, cast: Cast) -> None:
    user = await _register(db, cast, Account("ivan", "Иван", ("lead",)), await ready())
    assert not user.password_temporary
    async with db.reading() as s:
        assert not (await s.exec(select(Dispatch))).all()


async def test_nobody_but_an_admin_registers_anybody(db: Database, cast: Cast) -> None:
    for person in (cast.anna, cast.boris, cast.denis, cast.lev, cast.nina, cast.vera):
        with pytest.raises(NotFound):
            await _register(db, cast, OLGA, await ready(), person)


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("login", ""), ("login", "a b"), ("name", "  "), ("roles", ()), ("roles", ("boss",))],
        *[("email", "нет"), ("email", ""), ("phone", "123"), ("phone", ""), ("organisation", 999)],
    ],
)
async def test_a_faulty_account_is_refused_by_field_and_nothing_is_kept(
    db: Database, cast: Cast, field: str, value: Any
) -> None:
    faulty = vars(OLGA) | {"organisation": cast.romashka, field: value}
    with pytest.raises(Invalid) as refusal:
        await _register(db, cast, Account(**faulty), passwords.Password("hash", "Lipa-7204-Reka"))
    assert list(refusal.value.fields) == [field]
    async with db.reading() as s:
        assert (await s.exec(select(User).where(User.login == "olga"))).first() is None


async def test_a_client_belongs_to_an_organisation(db: Database, cast: Cast) -> None:
    with pytest.raises(Invalid, match="Укажите организацию"):
        await _register(db, cast, replace(OLGA, organisation=None), await ready())


async def test_a_login_is_given_once_in_whatever_case(db: Database, cast: Cast) -> None:
    with pytest.raises(Conflict):
        await _register(db, cast, Account("ANNA", "Анна", ("lead",)), await ready())


async def test_L10_a_reset_ends_every_login_and_the_code_is_still_asked_for(db: Database, cast: Cast) -> None:
    await give_password(db, cast.anna)
    inside, waiting = await come_in(db, cast.anna), await begin(db, "anna")
    news = News(db)
    new, link = await passwords.own("совсем другой пароль"), await _link(db, "anna")
    async with db.transaction() as s:
        await account.reset(s, link, new)
    assert not await is_inside(db, inside)
    ended = {n.session for n in news.items if isinstance(n, SessionEnded)}
    assert ended == {sessions.mark(inside)}, "nobody waits with an open socket for their code"
    async with db.reading() as s:
        assert await s.get(LoginSession, sessions.mark(waiting)) is None
    assert isinstance(await step_one(db, "anna", PASSWORD), int)
    token = await step_one(db, "anna", "совсем другой пароль")
    assert isinstance(token, str)
    assert not await is_inside(db, token)


async def _link(db: Database, login: str, device: Device = OFFICE) -> str:
    async with db.transaction() as s:
        await account.forgot(s, login, device, base_url=LINK)
    mail = await _mail(db, "reset")
    assert mail.secret
    assert mail.secret.startswith(f"{LINK}/login/reset/")
    return mail.secret.rsplit("/", 1)[1]


async def _use(db: Database, token: str) -> None:
    async with db.transaction() as s:
        await account.reset(s, token, await ready())


async def test_L8_a_link_works_once_for_an_hour_and_dies_with_a_changed_password(db: Database, cast: Cast) -> None:
    used, old, superseded = [await _link(db, "anna") for _ in range(3)]
    said = set()
    with later(minutes=61), pytest.raises(Gone) as refusal:
        await _use(db, old)
    said.add(refusal.value.detail)
    await _use(db, used)
    for token in (used, superseded):
        with pytest.raises(Gone) as refusal:
            await _use(db, token)
        said.add(refusal.value.detail)
    boris = await _link(db, "boris")
    async with db.transaction() as s:
        await account.choose_password(s, cast.boris.id, await ready())
    with pytest.raises(Gone) as refusal:
        await _use(db, boris)
    said.add(refusal.value.detail)
    assert len(said) == 1, "the same text in each case"


async def test_L9_no_other_link_is_anybody_s(db: Database, cast: Cast) -> None:
    await _link(db, "anna")
    async with db.reading() as s:
        kept = (await s.exec(select(MailLink))).one().id
        for token in ("", "null", "0", "[]", "%", "a" * 10_240, kept):
            with pytest.raises(Gone):
                await account.behind_link(s, token)


async def test_a_forgotten_password_tells_nobody_who_exists(db: Database, cast: Cast) -> None:
    for login in ("anna", "nobody"):
        for _ in range(account.LINKS_OF_LOGIN):
            async with db.transaction() as s:
                await account.forgot(s, login, OFFICE, base_url=LINK)
        with pytest.raises(TooMany):
            async with db.transaction() as s:
                await account.forgot(s, login, OFFICE, base_url=LINK)
    async with db.reading() as s:
        assert len((await s.exec(select(MailLink))).all()) == account.LINKS_OF_LOGIN


async def test_an_own_password_keeps_this_login_and_ends_the_others(db: Database, cast: Cast) -> None:
    await give_password(db, cast.anna)
    here, elsewhere = await come_in(db, cast.anna), await come_in(db, cast.anna)
    async with db.transaction() as s:
        await account.choose_password(s, cast.anna.id, await ready(), keep=sessions.mark(here))
    assert await is_inside(db, here)
    assert not await is_inside(db, elsewhere)


async def test_a_deactivated_person_loses_every_door(db: Database, cast: Cast) -> None:
    await give_password(db, cast.anna)
    inside = await come_in(db, cast.anna)
    news = News(db)
    async with db.transaction() as s:
        await actions.deactivate(s, await as_viewer(s, cast.pavel), cast.anna.id)
    assert not await is_inside(db, inside)
    assert {SessionEnded(sessions.mark(inside)), AccessChanged(cast.anna.id)} <= set(news.items)
    async with db.reading() as s:
        assert await tokens.find(s, cast.anna.token) is None
        assert not (await s.exec(select(LoginSession))).all()
    async with db.transaction() as s:
        await actions.reactivate(s, await as_viewer(s, cast.pavel), cast.anna.id)
    assert not await is_inside(db, inside), "a log-in that ended stays ended"
    assert isinstance(await step_one(db, "anna"), str)


async def _refused(db: Database, cast: Cast, person: Person) -> Refusal:
    with pytest.raises(Conflict) as refusal:
        async with db.transaction() as s:
            await actions.deactivate(s, await as_viewer(s, cast.pavel), person.id)
    return refusal.value


async def test_nobody_is_deactivated_while_something_hangs_on_them(db: Database, cast: Cast) -> None:
    assert "услугу" in (await _refused(db, cast, cast.gleb)).detail  # alone responsible for the network
    number = await ask(db, cast.anna, cast.accounting)
    async with db.transaction() as s:
        await claim(s, await as_viewer(s, cast.denis), number)
    assert "передайте обращения" in (await _refused(db, cast, cast.denis)).detail
    assert "последний администратор" in (await _refused(db, cast, cast.pavel)).detail


async def test_changed_roles_and_powers_are_news(db: Database, cast: Cast) -> None:
    news = News(db)
    async with db.transaction() as s:
        before = (await s.get_one(User, cast.anna.id)).access_version
        amended = Account(
            "anna",
            "Анна Лугова",
            ("client",),
            "anna@example.test",
            "+79000000000",
            organisation=cast.romashka,
            sees_all=True,
        )
        await actions.amend(s, await as_viewer(s, cast.pavel), cast.anna.id, amended)
    assert AccessChanged(cast.anna.id) in news.items
    async with db.reading() as s:
        viewer = await as_viewer(s, cast.anna)
        assert viewer.memberships[cast.romashka].sees_all
        assert (await s.get_one(User, cast.anna.id)).access_version > before


async def test_who_served_one_organisation_moves_to_another(db: Database, cast: Cast) -> None:
    async with db.transaction() as s:
        admin, user = await as_viewer(s, cast.pavel), await s.get_one(User, cast.anna.id)
        await actions.set_membership(s, admin, user, cast.lyutik, can_approve=True)
    async with db.reading() as s:
        assert list((await as_viewer(s, cast.anna)).memberships) == [cast.lyutik]


async def test_a_new_password_from_the_admin_ends_the_old_one(db: Database, cast: Cast) -> None:
    await give_password(db, cast.anna)
    inside, first = await come_in(db, cast.anna), await passwords.one_time()
    async with db.transaction() as s:
        await actions.send_new_password(s, await as_viewer(s, cast.pavel), cast.anna.id, first, link=LINK)
    assert not await is_inside(db, inside)
    assert (await _mail(db, "registration")).secret == first.once
    assert isinstance(await step_one(db, "anna", PASSWORD), int)


async def test_preferences_come_from_lists(db: Database, cast: Cast) -> None:
    async def prefer(s: Session, **wanted: Any) -> None:
        wanted = dict[str, Any](locale="en", time_zone="Asia/Omsk", digest="hourly", digest_hour=8) | wanted
        await account.prefer(s, await as_viewer(s, cast.anna), **wanted)

    async with db.transaction() as s:
        await prefer(s)
        user = await s.get_one(User, cast.anna.id)
        assert (user.locale, user.time_zone, user.digest) == ("en", "Asia/Omsk", "hourly")
    for field, value in (("locale", "de"), ("time_zone", "../etc/passwd"), ("digest", "always"), ("digest_hour", 24)):
        with pytest.raises(Invalid) as refusal:
            async with db.transaction() as s:
                await prefer(s, **{field: value})
        assert list(refusal.value.fields) == [field]


async def test_a_token_lives_a_year_and_only_its_hash_is_kept(db: Database, cast: Cast) -> None:
    async with db.reading() as s:
        found = await tokens.find(s, cast.anna.token)
        assert found is not None
        assert cast.anna.token not in found[1].model_dump_json()
    with later(days=364):
        async with db.reading() as s:
            assert await tokens.find(s, cast.anna.token)
    with later(days=366):
        async with db.reading() as s:
            assert await tokens.find(s, cast.anna.token) is None


async def test_a_code_under_way_dies_with_a_reset(db: Database, cast: Cast) -> None:
    await give_password(db, cast.anna)
    token = await begin(db, "anna")
    await send(db, token)
    await _use(db, await _link(db, "anna"))
    async with db.reading() as s:
        assert await sessions.find(s, token, stage="password") is None
    assert timedelta(minutes=10) == entering.CODE_LIFE


async def test_whoever_is_let_in_again_finds_no_old_token_or_link_working(db: Database, cast: Cast) -> None:
    link = await _link(db, "anna")
    async with db.transaction() as s:
        admin = await as_viewer(s, cast.pavel)
        await actions.deactivate(s, admin, cast.anna.id)
        await actions.reactivate(s, admin, cast.anna.id)
    async with db.reading() as s:
        assert await tokens.find(s, cast.anna.token) is None
        with pytest.raises(Gone):
            await account.behind_link(s, link)
