"""The admin's pages work as plain forms, keep what was typed, and do not exist for anybody else."""

import re

import pytest
from sqlalchemy import delete
from sqlmodel import select

from server.catalogue.model import Responsible, Service
from server.people.model import Membership, User
from tests.house import House
from tests.people.browser import Browser, browser, text
from tests.people.entrance import give_password

pytestmark = pytest.mark.parametrize("server", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
async def known(house: House) -> None:
    c = house.cast
    await give_password(house.db, c.anna, c.boris, c.denis, c.lev, c.nina, c.vera, c.pavel)


OLGA = {
    "name": "Ольга Вершинина", "login": "olga", "email": "olga@example.test", "phone": "+7 912 345-67-89",
    "position": "Бухгалтер", "roles": "client", "new_organisation": "",
}  # fmt: skip


async def test_for_everybody_else_these_pages_do_not_exist(house: House) -> None:
    c = house.cast
    for person in (c.anna, c.boris, c.denis, c.lev, c.nina, c.vera):
        async with browser(house) as b:
            await b.come_in(person)
            nowhere = text(await b.get("/admin/nowhere"))
            for path in ("/admin/users", "/admin/services", f"/admin/users?edit={c.anna.id}"):
                answer = await b.get(path)
                assert answer.status_code == 404
                assert text(answer) == nowhere
            for path in (
                "/admin/users", f"/admin/users/{c.anna.id}", f"/admin/users/{c.anna.id}/password",
                f"/admin/users/{c.anna.id}/active", "/admin/services", f"/admin/services/{c.network}",
            ):  # fmt: skip
                answer = await b.post(path, **OLGA, to="no")
                assert answer.status_code == 404
    async with browser(house) as b:
        assert (await b.get("/admin/users")).headers["location"].startswith("/login")
        assert (await b.post("/admin/users", **OLGA)).headers["location"].startswith("/login")
    async with house.db.reading() as s:
        assert (await s.exec(select(User).where(User.login == "olga"))).first() is None


async def _admin(b: Browser) -> None:
    await b.come_in(b.house.cast.pavel)


async def test_people_are_listed_found_and_opened(house: House) -> None:
    async with browser(house) as b:
        await _admin(b)
        page = text(await b.get("/admin/users"))
        assert all(p in page for p in ("Анна Лугова", "Ромашка", "Денис Орлов", "исполнитель"))
        found = text(await b.get("/admin/users", params={"q": "лютик"}))
        assert "Вера Климова" in found
        assert "Анна Лугова" not in found
        assert "Анна Лугова" not in text(await b.get("/admin/users?view=staff"))
        card = await b.get(f"/admin/users?edit={house.cast.boris.id}")
        assert 'value="boris@example.test"' in card.text
        for odd in ("?view=nothing", "?edit=999", "?edit=x", "?q=" + "ы" * 500):
            assert (await b.get("/admin/users" + odd)).status_code == 200


async def test_a_client_is_invited_into_an_organisation_that_is_there(house: House) -> None:
    async with browser(house) as b:
        await _admin(b)
        answer = await b.post("/admin/users", **OLGA, organisation=str(house.cast.romashka), can_approve="yes")
        assert answer.status_code == 303, text(answer)
        assert "Приглашение уходит на почту" in text(await b.get(answer.headers["location"]))
        async with house.db.reading() as s:
            user = (await s.exec(select(User).where(User.login == "olga"))).one()
            member = (await s.exec(select(Membership).where(Membership.user_id == user.id))).one()
        assert (member.organisation_id, member.can_approve, member.sees_all) == (house.cast.romashka, True, False)
        assert "ждёт первого входа" in text(await b.get("/admin/users"))


async def test_a_faulty_invitation_keeps_what_was_typed(house: House) -> None:
    async with browser(house) as b:
        await _admin(b)
        for fields, status, words in (
            ({"phone": "123"}, 422, "Проверьте номер телефона"),
            ({"email": "нет"}, 422, "Проверьте адрес почты"),
            ({"login": "ANNA"}, 409, "«anna» уже занят"),
            ({"new_organisation": "Ромашка", "organisation": ""}, 422, "«Ромашка» уже есть"),
        ):
            answer = await b.post("/admin/users", **({"organisation": str(house.cast.romashka)} | OLGA | fields))
            assert answer.status_code == status
            assert words in text(answer)
            assert 'value="Ольга Вершинина"' in answer.text
        async with house.db.reading() as s:
            assert (await s.exec(select(User).where(User.login == "olga"))).first() is None


async def test_everything_that_is_wrong_with_an_invitation_is_said_at_once(house: House) -> None:
    """The form's own defaults make a client of no organisation: refused like a wrong number, and along with it.
    (Seen red: the client was registered, and found every door to a new request closed.)"""
    async with browser(house) as b:
        await _admin(b)
        assert "Нет: сотрудник" not in text(await b.get("/admin/users?edit=new")), "a client is none of ours"
        answer = await b.post("/admin/users", **OLGA, organisation="")
        assert (answer.status_code, "Укажите организацию клиента" in text(answer)) == (422, True)
        wrong = {"phone": "123", "email": "нет", "login": "ANNA", "name": "", "new_organisation": "Ромашка"}
        answer = await b.post("/admin/users", **(OLGA | wrong))
        assert answer.status_code == 422
        for words in ("номер телефона", "адрес почты", "«anna» уже занят", "Введите имя", "«Ромашка» уже есть"):
            assert words in text(answer)
        assert answer.text.count('value="Ромашка"') == 1
        amended = await b.post(f"/admin/users/{house.cast.anna.id}", **(OLGA | {"login": "anna"}), organisation="")
        assert (amended.status_code, "Укажите организацию клиента" in text(amended)) == (422, True)


async def test_a_card_is_amended_a_password_sent_a_person_deactivated(house: House) -> None:
    anna = house.cast.anna
    async with browser(house) as b, browser(house) as hers:
        await hers.come_in(anna)
        await _admin(b)
        fields = OLGA | {"login": "anna", "name": "Анна Луговая", "organisation": str(house.cast.romashka)}
        assert (await b.post(f"/admin/users/{anna.id}", **fields, sees_all="yes")).status_code == 303
        assert "Анна Луговая" in text(await b.get("/admin/users"))
        assert (await hers.get("/profile")).status_code == 200
        card = (await b.get(f"/admin/users?edit={anna.id}")).text
        asked = re.findall(r"<details.*?</details>", card, re.S)
        assert [re.findall(r'form="([a-z-]+)"', one) for one in asked] == [["send-password"], ["set-active"]]
        assert "вход закроется сразу" in asked[1], "it says first what it does (seen red: one click)"
        assert (await b.post(f"/admin/users/{anna.id}/password")).status_code == 303
        assert (await hers.get("/profile")).status_code == 303, "every log-in ends with the old password"
        assert await b.letter("mail", "registration")
        assert (await b.post(f"/admin/users/{anna.id}/active", to="maybe")).status_code == 422
        answer = await b.post(f"/admin/users/{anna.id}/active", to="no")
        assert "Анна Луговая: вход закрыт" in text(await b.get(answer.headers["location"]))
        assert "Анна Луговая" in text(await b.get("/admin/users?view=off"))
        assert (await b.post(f"/admin/users/{anna.id}/active", to="yes")).status_code == 303
        answer = await b.post(f"/admin/users/{house.cast.pavel.id}/active", to="no")
        assert answer.status_code == 409
        assert "последний администратор" in text(answer)
        for path in ("/admin/users/999", "/admin/users/x", "/admin/users/9999999999"):
            assert (await b.post(path, **OLGA)).status_code == 404


async def test_a_service_is_added_amended_and_hidden(house: House) -> None:
    async with browser(house) as b:
        await _admin(b)
        fields = {"name": "Кассы", "group": "ИТ", "description": "ОФД и маркировка", "approval": "never"}
        answer = await b.post("/admin/services", **fields, responsible=str(house.cast.gleb.id), active="yes")
        assert answer.status_code == 303, text(answer)
        absurd = await b.post("/admin/services", **(fields | {"name": "Чековая лента"}), responsible="9" * 5000)
        assert absurd.status_code == 303, "no number of a person is none of theirs (seen red: 500)"
        page = await b.get(answer.headers["location"])
        assert all(w in text(page) for w in ("Кассы", "не нужно, абонемент", "Глеб Сомов"))
        assert "<option selected>ИТ</option>" in page.text
        answer = await b.post("/admin/services", **(fields | {"name": "Принтеры", "group": "", "new_group": "ит "}))
        assert "<option selected>ИТ</option>" in (await b.get(answer.headers["location"])).text, "one group, not two"
        answer = await b.post("/admin/services", **(fields | {"name": "Сеть и доступы", "new_group": "Железо"}))
        assert answer.status_code == 409
        assert 'value="Железо"' in answer.text
        assert 'value="ОФД и маркировка"' in answer.text
        answer = await b.post(
            f"/admin/services/{house.cast.network}", **(fields | {"name": "Сеть", "approval": "sometimes"})
        )
        assert answer.status_code == 422
        answer = await b.post(f"/admin/services/{house.cast.network}", **(fields | {"name": "Сеть"}))
        assert answer.status_code == 303
        async with house.db.reading() as s:
            network = await s.get_one(Service, house.cast.network)
            held = (await s.exec(select(Responsible).where(Responsible.service_id == network.id))).all()
        assert (network.name, network.active, held) == ("Сеть", False, [])
        assert "нет ответственного" not in text(await b.get("/admin/services"))


async def test_an_empty_journal_shows_its_admin_what_to_do_first(house: House) -> None:
    """While there is no service or no organisation; later it is a page like any other."""
    async with browser(house) as b:
        await _admin(b)
        assert (await b.get("/")).headers["location"] == "/admin/users"
        assert "Журнал запущен" in text(await b.get("/admin/start"))
        async with house.db.transaction() as s:
            for table in (Responsible, Service):
                await s.execute(delete(table))
        answer = await b.get("/")
        assert (answer.status_code, answer.headers["location"]) == (303, "/admin/start")
        page = await b.get("/admin/start")
        assert "Осталось 4 шага" in text(page)
        assert 'href="/admin/services"' in page.text
    async with browser(house) as b:
        await b.come_in(house.cast.anna)
        assert (await b.get("/")).headers["location"] == "/tickets"
        assert (await b.get("/admin/start")).status_code == 404
