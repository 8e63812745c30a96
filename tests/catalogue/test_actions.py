"""Organisations, services, members and duties: set up by an admin, and news for whom they concern."""

import pytest
from sqlmodel import select

from server.catalogue import actions, queries
from server.catalogue.actions import ServiceCard
from server.catalogue.model import LegalEntity, Organisation, Responsible, Service
from server.db import Database
from server.errors import Conflict, Invalid, NotFound
from server.events.access import AccessChanged, Counted
from server.people.model import User
from server.people.queries import accounts
from tests.cast import Cast, News, as_viewer, ask


async def test_an_organisation_comes_with_a_legal_entity_of_its_name(db: Database, cast: Cast) -> None:
    async with db.transaction() as s:
        new = await actions.add_organisation(s, await as_viewer(s, cast.pavel), "  Северный   Мост ")
    async with db.reading() as s:
        entities = (await s.exec(select(LegalEntity).where(LegalEntity.organisation_id == new.id))).all()
    assert [e.name for e in entities] == ["Северный Мост"]


async def test_a_name_is_given_once(db: Database, cast: Cast) -> None:
    with pytest.raises(Conflict):
        async with db.transaction() as s:
            await actions.add_organisation(s, await as_viewer(s, cast.pavel), "Ромашка")
    with pytest.raises(Conflict):
        async with db.transaction() as s:
            await actions.add_service(s, await as_viewer(s, cast.pavel), ServiceCard("Сеть и доступы"))
    for name in ("", "  ", "x" * 201):
        with pytest.raises(Invalid):
            async with db.transaction() as s:
                await actions.add_organisation(s, await as_viewer(s, cast.pavel), name)


async def test_nobody_but_an_admin_sets_anything_up(db: Database, cast: Cast) -> None:
    for person in (cast.anna, cast.boris, cast.denis, cast.lev, cast.nina, cast.vera):
        async with db.reading() as s:
            viewer = await as_viewer(s, person)
            user, organisation = await s.get_one(User, person.id), await s.get_one(Organisation, cast.romashka)
            service = await s.get_one(Service, cast.network)
            for attempt in (
                actions.add_organisation(s, viewer, "Новая"),
                actions.add_service(s, viewer, ServiceCard("Новая")),
                actions.amend_service(s, viewer, cast.network, ServiceCard("Новая")),
                actions.set_responsible(s, viewer, service, [person.id]),
                actions.add_member(s, viewer, user, organisation, can_approve=True),
            ):
                with pytest.raises(NotFound):
                    await attempt


async def test_who_becomes_responsible_sees_the_tickets_and_who_ceases_does_not(db: Database, cast: Cast) -> None:
    news = News(db)
    async with db.transaction() as s:
        service = await s.get_one(Service, cast.network)
        await actions.set_responsible(s, await as_viewer(s, cast.pavel), service, [cast.denis.id])
    assert set(news.items) == {AccessChanged(cast.denis.id), AccessChanged(cast.gleb.id), Counted(1)}
    async with db.reading() as s:
        assert cast.network in (await as_viewer(s, cast.denis)).serves
        assert cast.network not in (await as_viewer(s, cast.gleb)).serves
    news.items.clear()
    async with db.transaction() as s:
        service = await s.get_one(Service, cast.network)
        await actions.set_responsible(s, await as_viewer(s, cast.pavel), service, [cast.denis.id])
    assert news.items == []


async def test_only_executors_and_leads_answer_for_a_service(db: Database, cast: Cast) -> None:
    for person in (cast.anna, cast.nina, cast.pavel):
        async with db.reading() as s:
            admin, service = await as_viewer(s, cast.pavel), await s.get_one(Service, cast.network)
            with pytest.raises(Invalid):
                await actions.set_responsible(s, admin, service, [person.id])
    async with db.reading() as s:
        held = (await s.exec(select(Responsible).where(Responsible.service_id == cast.network))).all()
    assert [r.user_id for r in held] == [cast.gleb.id]


async def test_a_client_may_serve_a_second_organisation_with_powers_of_its_own(db: Database, cast: Cast) -> None:
    news = News(db)
    async with db.transaction() as s:
        user, lyutik = await s.get_one(User, cast.anna.id), await s.get_one(Organisation, cast.lyutik)
        await actions.add_member(s, await as_viewer(s, cast.pavel), user, lyutik, can_approve=True)
    assert AccessChanged(cast.anna.id) in news.items
    async with db.reading() as s:
        found = (await as_viewer(s, cast.anna)).memberships
    assert {i: p.can_approve for i, p in found.items()} == {cast.romashka: False, cast.lyutik: True}
    async with db.reading() as s:
        user, lyutik = await s.get_one(User, cast.denis.id), await s.get_one(Organisation, cast.lyutik)
        with pytest.raises(Invalid):
            await actions.add_member(s, await as_viewer(s, cast.pavel), user, lyutik)


async def test_a_hidden_service_is_not_offered_any_more(db: Database, cast: Cast) -> None:
    async with db.transaction() as s:
        card = ServiceCard("Сеть и доступы", "ИТ", responsible=(cast.gleb.id,), active=False)
        await actions.amend_service(s, await as_viewer(s, cast.pavel), cast.network, card)
    async with db.reading() as s:
        offered = await queries.services_json(s)
        assert [v["name"] for v in offered] == ["1С:Бухгалтерия"]
        assert [p["name"] for p in offered[0]["responsible"]] == ["Денис Орлов"]
        groups = await queries.service_cards(s)
    assert {(i["name"], i["active"]) for g in groups for i in g["items"]} == {
        ("1С:Бухгалтерия", True), ("Сеть и доступы", False),
    }  # fmt: skip


async def test_the_admin_s_lists_count_open_tickets_and_name_organisations(db: Database, cast: Cast) -> None:
    await ask(db, cast.anna, cast.accounting)
    async with db.reading() as s:
        groups = await queries.service_cards(s)
        people = {p["login"]: p for p in await accounts(s)}
    assert {i["name"]: i["open"] for g in groups for i in g["items"]} == {"1С:Бухгалтерия": 1, "Сеть и доступы": 0}
    assert people["boris"]["organisation"] == {"id": cast.romashka, "name": "Ромашка"}
    assert people["boris"]["can_approve"]
    assert people["denis"]["organisation"] is None
