"""The doors as a browser without JavaScript meets them, and as somebody who means harm does."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import delete, update
from sqlmodel import col, select
from websockets.asyncio.client import connect

from server.config import Settings
from server.notices.model import Dispatch
from server.people import doors
from server.people.model import Attempt, LoginSession, User
from tests.cast import Cast, log_in
from tests.house import House, journal
from tests.people.browser import browser, text
from tests.people.entrance import PASSWORD, wrong

WRONG = "не тот пароль"


pytestmark = pytest.mark.usefixtures("known")


async def test_the_first_way_in_from_the_mail_to_the_journal_and_out(house: House) -> None:
    async with browser(house) as admin, browser(house) as b:
        await admin.come_in(house.cast.pavel)
        answer = await admin.post(
            "/admin/users", name="Ольга Вершинина", login="Olga", email="olga@example.test", phone="8 912 345-67-89",
            roles="client", new_organisation="Северный Мост", position="",
        )  # fmt: skip
        assert answer.status_code == 303, text(answer)
        once = await admin.letter("mail", "registration")

        answer = await b.get("/")
        assert answer.headers["location"].startswith("/login")
        assert "+7" not in text(await b.get("/login")), "no number before the password"
        assert (await b.step_one("olga", once)).headers["location"] == "/login/code"
        assert (await b.get("/login/code")).headers["location"] == "/login/password"
        page = await b.get("/login/password")
        assert "Одноразовый пароль принят" in text(page)
        for fields, words in (
            ({"password": once, "again": once}, "не тот, что в письме"),
            ({"password": "короче", "again": "короче"}, "короче 8 знаков"),
            ({"password": "совсем свой 5", "again": "совсем свой 6"}, "не совпадают"),
            ({"password": "Вершинина", "again": "Вершинина"}, "не должен повторять"),
        ):
            answer = await b.post("/login/password", **fields)
            assert answer.status_code == 422
            assert words in text(answer)
        answer = await b.post("/login/password", password="совсем свой 5", again="совсем свой 5")
        assert answer.headers["location"] == "/login/code"

        page = await b.get("/login/code")
        assert "Получить код" in text(page)
        assert "+7 ··· ··· 67-89" in text(page).replace("\u00a0", " ")
        code = await b.ask_code()
        assert "действует 10 минут" in text(await b.get("/login/code"))
        answer = await b.post("/login/code", code=f" {code[:3]} {code[3:]} ")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert (await b.get("/profile")).status_code == 200

        inside = b.cookie
        assert (await b.get("/logout")).status_code == 200, "looking ends nothing"
        assert (await b.get("/profile")).status_code == 200
        answer = await b.post("/logout")
        assert (answer.status_code, answer.headers["location"]) == (303, "/logout")
        assert b.cookie is None
        answer = await b.get("/profile", headers={"cookie": f"journal={inside}"})
        assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_L1_L4_L5_what_can_not_be_a_login_is_422_beside_the_form(house: House) -> None:
    async with browser(house) as b:
        for fields in (
            {}, {"login": "anna"}, {"password": PASSWORD}, {"login": "  ", "password": PASSWORD},
            {"login": "anna", "password": "   "}, {"login": "an\0na", "password": PASSWORD},
            {"login": "anna", "password": "x" * 257}, {"login": "anna", "password": "x" * 1_000_000},
            {"login": "a" * 1000, "password": PASSWORD},
        ):  # fmt: skip
            answer = await b.post("/login", **fields)
            assert answer.status_code == 422, fields
            assert "<form" in answer.text
        raw = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
        for body in (
            b"login=an%ED%A0%80na&password=x",
            b"login=%FF&password=x",
            b"login[]=anna&password[]=x",
            b"&&&=&;",
        ):
            assert (await b.http.post("/login", content=body, headers=raw)).status_code in (401, 422)
        answer = await b.http.post("/login", json={"login": ["anna"], "password": ["x"]})
        assert answer.status_code == 422


async def test_L2_L3_the_page_says_the_same_of_an_unknown_login_and_counts(house: House) -> None:
    async with browser(house) as b:
        known, unknown = await b.step_one("anna", WRONG), await b.step_one("masha", WRONG)
        assert known.status_code == unknown.status_code == 401
        assert text(known) == text(unknown)
        assert "Логин или пароль не подходят. Осталось 4 попытки, потом вход закроется на 15 минут." in text(known)
        assert 'value="anna"' in known.text, "the login stays typed"
        seen = [text(await b.step_one("anna", WRONG)) for _ in range(4)]
        assert "Осталась 1 попытка" in seen[2]
        assert "Вход закрыт на 15 минут" in seen[3]
        answer = await b.step_one("anna", PASSWORD)
        assert answer.status_code == 429
        assert 890 <= int(answer.headers["retry-after"]) <= 900
        assert (await b.step_one("boris")).status_code == 303


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_L6_no_header_makes_another_address(house: House) -> None:
    async with browser(house) as b:
        statuses = []
        for n in range(8):
            headers = {"x-forwarded-for": f"198.51.100.{n}", "forwarded": f"for=198.51.100.{n}", "x-real-ip": "1.1.1.1"}
            answer = await b.http.post("/login", data={"login": "anna", "password": WRONG}, headers=headers)
            statuses.append(answer.status_code)
        assert statuses == [401] * 5 + [429] * 3
    await _right(house)
    async with house.db.reading() as s:
        assert {row.address for row in (await s.exec(select(LoginSession))).all()} == {"127.0.0.1"}


async def _right(house: House) -> None:
    async with browser(house) as b:
        headers = {"x-forwarded-for": "198.51.100.99"}
        answer = await b.http.post("/login", data={"login": "boris", "password": PASSWORD}, headers=headers)
        assert answer.status_code == 303


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_L7_the_link_carries_the_configured_address(house: House) -> None:
    async with browser(house) as b:
        headers = {"host": "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-proto": "https"}
        answer = await b.http.post("/login/forgot", data={"login": "anna"}, headers=headers)
        assert answer.status_code == 200
        assert (await b.letter("mail", "reset")).startswith(house.settings.base_url + "/login/reset/")


async def test_L8_L10_a_link_changes_the_password_once_and_lets_nobody_in(house: House) -> None:
    async with browser(house) as b, browser(house) as stranger:
        known, unknown = await b.post("/login/forgot", login="anna"), await b.post("/login/forgot", login="masha")
        assert text(known) == text(unknown)
        link = (await b.letter("mail", "reset")).removeprefix(house.settings.base_url)
        for _ in range(3):
            assert (await b.get(link)).status_code == 200, "looking uses nothing up: mail scanners look first"
        answer = await b.post(link, password="новый забор 18", again="новый забор 19")
        assert answer.status_code == 422
        answer = await b.post(link, password="новый забор 18", again="новый забор 18")
        assert answer.headers["location"] == "/login"
        assert (await b.get("/profile")).status_code == 303, "nobody is let in by it"
        for answer in (await b.get(link), await b.post(link, password="ещё один 123", again="ещё один 123")):
            assert answer.status_code == 410
            assert "Ссылка больше не действует" in text(answer)
        for token in ("null", "0", "[]", "%25", "a" * 5000):
            assert (await stranger.get(f"/login/reset/{token}")).status_code == 410
        assert (await stranger.get("/login/reset/")).status_code == 404
        assert (await b.step_one("anna", PASSWORD)).status_code == 401
        assert (await b.step_one("anna", "новый забор 18")).headers["location"] == "/login/code"


async def test_L11_the_cookie_changes_at_each_step(house: House) -> None:
    async with browser(house) as vera, browser(house) as b:
        await vera.come_in(house.cast.boris)
        planted = vera.cookie
        assert planted
        b.http.cookies.set("journal", planted, domain="127.0.0.1")
        await b.step_one("anna")
        first = b.cookie
        answer = await b.post("/login/code", code=await b.ask_code())
        second = b.cookie
        assert len({planted, first, second}) == 3
        assert answer.status_code == 303
    for old in (planted, first):
        async with browser(house) as b:
            answer = await b.get("/profile", headers={"cookie": f"journal={old}"})
            assert answer.status_code == 303
            answer = await b.get("/profile", headers={"cookie": f"journal={old}", "accept": "application/json"})
            assert answer.status_code == 401


@pytest.mark.parametrize(
    "onward",
    [
        *["//evil.example", "https:evil.example", "/\\evil.example", "javascript:alert(1)", "\\\\evil.example"],
        *[
            "https://evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "evil",
            "",
            "/%5c\\evil",
            "/logout",
            "/ /evil",
        ],
    ],
)
def test_L12_only_a_local_path_is_gone_on_to(onward: str) -> None:
    assert doors.local(onward) is None


@pytest.mark.parametrize("onward", ["/", "/tickets/42", "/tickets?view=open&q=%D1%84", "/tickets/42#m7"])
def test_L12_a_local_path_is_followed(onward: str) -> None:
    assert doors.local(onward) == onward


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_L12_after_both_steps_one_is_where_one_was_going(house: House) -> None:
    for onward, where in (("/profile", "/profile"), ("//evil.example", "/"), ("https:evil.example", "/")):
        async with browser(house) as b:
            await b.get("/login", params={"next": onward})
            assert (await b.come_in(house.cast.boris)).headers["location"] == where
            assert (await b.get("/login", params={"next": onward})).headers["location"] == where
        await _forget_budget(house)


async def _forget_budget(house: House) -> None:
    async with house.db.transaction() as s:
        await s.exec(delete(Attempt))


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_L14_another_site_can_not_post_here(house: House) -> None:
    async with browser(house) as b:
        await b.come_in(house.cast.anna)
        inside = b.cookie
        for headers in (
            {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"},
            {"origin": "null"}, {"sec-fetch-site": "cross-site", "origin": house.settings.base_url},
        ):  # fmt: skip
            for path in ("/logout", "/login", "/profile", "/login/code/send", "/login/forgot"):
                answer = await b.http.post(path, data={"login": "anna", "password": PASSWORD}, headers=headers)
                assert answer.status_code == 403
        lying = {"content-type": "text/plain", "sec-fetch-site": "cross-site"}
        answer = await b.http.post("/login", content='{"login":"anna","password":"x"}', headers=lying)
        assert answer.status_code == 403
        assert b.cookie == inside
        assert (await b.get("/profile")).status_code == 200


async def test_O1_O2_wrong_codes_are_counted_on_the_page_and_the_fifth_starts_over(house: House) -> None:
    async with browser(house) as b:
        await b.step_one("anna")
        code = await b.ask_code()
        for left in ("Осталось 4 попытки", "Осталось 3 попытки", "Осталось 2 попытки", "Осталась 1 попытка"):
            answer = await b.post("/login/code", code=wrong(code))
            assert answer.status_code == 401
            assert "Код не подходит. Проверьте последнее СМС или получите новый код." in text(answer)
            assert left in text(answer)
        answer = await b.post("/login/code", code=wrong(code))
        assert answer.status_code == 401
        assert "Начните снова" in text(answer)
        answer = await b.post("/login/code", code=code)
        assert answer.status_code == 401
        assert (await b.get("/login/code")).headers["location"] == "/login"


async def test_O3_O6_an_old_cookie_with_the_right_code_is_401(house: House) -> None:
    async with browser(house) as b, browser(house) as other:
        await b.step_one("anna")
        waiting, code = b.cookie, await b.ask_code()
        await other.step_one("anna")
        assert (await other.post("/login/code", code=code)).status_code == 401, "another tab's log-in"
        assert (await b.post("/login/code", code=code)).status_code == 303
        again = {"cookie": f"journal={waiting}"}
        async with browser(house) as late:
            answer = await late.http.post("/login/code", data={"code": code}, headers=again)
            assert answer.status_code == 401
        answer = await b.post("/login/code", code=code)
        assert answer.headers["location"] == "/", "a double click of one who is in is no harm"


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_O9_what_is_no_code_is_422_and_costs_no_try(house: House) -> None:
    async with browser(house) as b:
        await b.step_one("anna")
        code = await b.ask_code()
        for typed in ("", "12345", "１２３４５６", "1e5", "+12345", "1234567", "abcdef"):
            answer = await b.post("/login/code", code=typed)
            assert answer.status_code == 422
            assert "шесть цифр" in text(answer)
        answer = await b.http.post("/login/code", json={"code": 12345})
        assert answer.status_code == 422
        assert "Осталось 4" in text(await b.post("/login/code", code=wrong(code)))
        assert (await b.post("/login/code", code=code)).status_code == 303


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_O11_sending_again_too_soon_is_429_with_seconds(house: House) -> None:
    async with browser(house) as b:
        await b.step_one("anna")
        await b.ask_code()
        page = await b.get("/login/code")
        assert re.search(r'data-left="(59|60)"', page.text)
        answer = await b.post("/login/code/send")
        assert answer.status_code == 429
        assert 55 <= int(answer.headers["retry-after"]) <= 60
        assert "Новый код можно получить через" in text(answer)


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_O12_a_code_that_does_not_leave_is_said_to_be_late(house: House) -> None:
    async with browser(house) as b:
        await b.step_one("anna")
        await b.ask_code()  # nothing sends here: this house has no worker
        assert "ещё не ушло" not in text(await b.get("/login/code"))
        for trouble in ({"tries": 1}, {"tries": 3, "state": "dead", "secret": None}):
            async with house.db.transaction() as s:
                await s.exec(update(Dispatch).where(col(Dispatch.channel) == "sms").values(**trouble))
            page = text(await b.get("/login/code"))
            assert "СМС ещё не ушло: оператор не отвечает" in page
            assert "Номер меняет администратор" in page, "another way is offered"
        async with house.db.transaction() as s:
            await s.exec(update(Dispatch).values(state="sent"))
        assert "ещё не ушло" not in text(await b.get("/login/code"))


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_O13_the_password_alone_opens_nothing(house: House) -> None:
    async with browser(house) as b:
        await b.step_one("anna")
        cookie = {"cookie": f"journal={b.cookie}"}
        for path in (
            "/",
            "/tickets",
            "/tickets/new",
            "/tickets/1",
            "/profile",
            "/admin/users",
            "/queue",
            "/search?q=а",
        ):
            answer = await b.get(path)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/login")
        for path in ("/profile", "/tickets/new", "/tickets/1/messages", "/files"):
            answer = await b.post(path)
            assert answer.status_code in (303, 401, 422)
            assert "location" not in answer.headers or answer.headers["location"].startswith("/login")
        for path in ("/api/v1/me", "/api/v1/tickets", "/api/v1/files/" + "ab" * 16):
            assert (await b.get(path)).status_code == 401
        async with connect(house.ws, additional_headers=cookie, origin=house.settings.base_url) as socket:  # type: ignore[arg-type]
            await socket.wait_closed()
            assert socket.close_code == 4401


async def test_going_out_cuts_the_socket(house: House) -> None:
    async with browser(house) as b:
        await b.come_in(house.cast.anna)
        cookie = {"cookie": f"journal={b.cookie}"}
        async with connect(house.ws, additional_headers=cookie, origin=house.settings.base_url) as socket:  # type: ignore[arg-type]
            assert '"hello"' in str(await socket.recv())
            await b.post("/logout")
            await socket.wait_closed()
            assert socket.close_code == 4401


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_the_cookie_can_be_read_by_no_script_and_sent_by_no_other_site(house: House) -> None:
    async with browser(house) as b:
        answer = await b.step_one("anna")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("journal=")
        assert {"httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
        assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_over_https_the_cookie_is_bound_to_the_host(ground: Settings, house: House) -> None:
    secure = replace(ground, base_url="https://journal.example")
    async with journal(secure) as base, browser(replace(house, base=base)) as b:
        cookie = (await b.step_one("anna")).headers["set-cookie"]
        assert cookie.startswith("__Host-journal=")
        assert {"secure", "httponly", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
        assert "domain" not in cookie.lower()


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_a_script_gets_problems_by_field(house: House) -> None:
    async with browser(house) as b:
        b.http.headers["x-requested-with"] = "journal"
        answer = await b.post("/login", login="", password="")
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"][0]["field"] == "login"
        answer = await b.step_one("anna", WRONG)
        assert (answer.status_code, answer.json()["tries_left"]) == (401, 4)
        assert (await b.step_one("anna")).json() == {"ok": True, "next": "/login/code"}


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_the_door_speaks_english_to_who_asks_for_it(house: House) -> None:
    async with browser(house) as b:
        assert 'lang="en"' in (await b.get("/login?lang=en")).text
        assert 'lang="en"' in (await b.get("/login")).text, "and remembers"
        assert 'lang="ru"' in (await b.get("/login?lang=ru")).text


async def test_a_profile_is_kept_and_its_language_spoken(house: House) -> None:
    async with browser(house) as b:
        await b.come_in(house.cast.anna)
        page = await b.get("/profile")
        assert "Анна Лугова" in text(page)
        assert "Москва, UTC+3" in text(page), "a zone by its name, not Europe/Moscow"
        chosen = {"locale": "en", "time_zone": "Asia/Omsk", "digest": "daily", "digest_hour": "18"}
        answer = await b.post("/profile", **chosen, theme="dark")
        assert (answer.status_code, answer.headers["location"]) == (303, "/profile?saved=1")
        page = await b.get("/profile")
        assert '<html lang="en" data-theme="dark"' in page.text
        answer = await b.post("/profile", locale="en", time_zone="Mars/Olympus", digest="hourly")
        assert answer.status_code == 422
        async with house.db.reading() as s:
            user = await s.get_one(User, house.cast.anna.id)
            assert (user.locale, user.time_zone, user.digest, user.digest_hour) == ("en", "Asia/Omsk", "daily", 18)
        assert (await b.post("/profile", **(chosen | {"digest_hour": "24"}))).status_code == 422
        await b.post("/logout")
        assert 'lang="en"' in (await b.get("/logout")).text, "who reads English goes out in English"


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_a_password_is_changed_by_who_knows_it_and_other_log_ins_end(house: House) -> None:
    anna, new = house.cast.anna, "совсем другой пароль"
    async with browser(house) as b, browser(house) as other:
        await b.come_in(anna)
        token = await log_in(house.db, anna)
        other.http.cookies.set("journal", token)
        assert (await other.get("/profile")).status_code == 200
        answer = await b.post("/profile/password", current=WRONG, password=new, again="не тот")
        assert answer.status_code == 422
        assert all(words in text(answer) for words in ("Пароль не подходит", "Пароли не совпадают"))
        assert (await b.post("/profile/password", current=PASSWORD, password="1", again="1")).status_code == 422
        answer = await b.post("/profile/password", current=PASSWORD, password=new, again=new)
        assert (answer.status_code, answer.headers["location"]) == (303, "/profile")
        assert "Пароль изменён" in text(await b.get("/profile"))
        assert (await other.get("/profile")).status_code == 303
        assert (await other.step_one("anna", PASSWORD)).status_code == 401
        assert (await other.step_one("anna", new)).status_code == 303
        async with house.db.reading() as s:
            told = (await s.exec(select(Dispatch).where(Dispatch.kind == "security"))).one()
        assert (told.user_id, told.values["what"]) == (anna.id, "password_changed")
        for _ in range(5):
            await b.post("/profile/password", current=WRONG, password=new, again=new)
        answer = await b.post("/profile/password", current=new, password=PASSWORD, again=PASSWORD)
        assert answer.status_code == 429, "no more guesses than at the door"


async def test_people_who_are_in_are_not_asked_again(house: House, cast: Cast) -> None:
    async with browser(house) as b:
        await b.come_in(cast.anna)
        assert (await b.get("/login")).headers["location"] == "/"
        assert (await b.get("/login/code")).headers["location"] == "/"
