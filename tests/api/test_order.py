"""In which order the API answers, and in which form: 401, 404, 403, 422, 409; 413, 415, 405."""

import asyncio
import json
from typing import Any

import pytest

from server import receiving
from server.files import uploads
from server.people.model import User
from tests.api.conftest import Company
from tests.cast import log_in


async def test_no_token_is_401_before_anything_else(api: Company) -> None:
    number = await api.ask()
    for method, path in (
        ("GET", "/me"), ("GET", f"/tickets/{number}"), ("GET", "/tickets/999"), ("GET", "/tickets/abc"),
        ("POST", "/tickets"), ("POST", f"/tickets/{number}/claim"), ("PUT", "/drafts/new"), ("GET", "/files/x"),
    ):  # fmt: skip
        answer = await api.nobody.call(method, path, 401, content=b"{")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_an_empty_or_invented_token_is_nobody(api: Company) -> None:
    """Empty must never mean everybody."""
    for header in ("Bearer", "Bearer x", "Basic YTpi", "bearer 0", "Bearer null", "Bearer " + "x" * 5000):
        await api.nobody.call("GET", "/me", 401, headers={"Authorization": header})


async def test_a_cookie_alone_is_401(api: Company) -> None:
    token = await log_in(api.house.db, api.house.cast.anna)
    await api.nobody.call("GET", "/me", 401, headers={"Cookie": f"journal={token}"})


async def test_a_token_ends_with_its_person(api: Company) -> None:
    await api.anna.get("/me")
    async with api.house.db.transaction() as s:
        (await s.get_one(User, api.house.cast.anna.id)).active = False
    await api.anna.call("GET", "/me", 401)


async def test_404_comes_before_403_before_422_before_409(api: Company) -> None:
    number = await api.ask()
    at = f"/tickets/{number}"
    bad: dict[str, Any] = {"to": 5}
    await api.vera.put(f"{at}/urgency", bad, 404)
    await api.denis.put(f"{at}/urgency", bad, 403)
    await api.anna.put(f"{at}/urgency", bad, 422)
    await api.anna.put(f"{at}/urgency", {"to": "normal", "comment": "Так"}, 409)
    await api.gleb.post(f"{at}/claim", expect=404)
    await api.anna.post(f"{at}/claim", expect=403)
    await api.nina.post(f"{at}/messages", {"id": 1}, 403)
    await api.denis.post(f"{at}/approval", {}, 403)
    await api.boris.post(f"{at}/approval", {}, 422)


async def test_403_of_a_ticket_that_is_over_comes_before_422(api: Company) -> None:
    number = await api.ask()
    at = f"/tickets/{number}"
    await api.anna.post(f"{at}/status", {"to": "cancelled", "comment": "Уже не нужно"}, 200)
    await api.anna.put(f"{at}/urgency", {"to": 5}, 403)
    await api.lev.put(f"{at}/service", {}, 403)
    await api.lev.put(f"{at}/assignee", {}, 403)
    await api.anna.post(f"{at}/participants", {}, 403)


async def test_409_holds_the_state_as_it_is_now(api: Company) -> None:
    number = await api.ask()
    await api.denis.post(f"/tickets/{number}/claim", expect=200)
    problem = await api.lev.post(f"/tickets/{number}/claim", expect=409)
    assert problem["assignee"]["id"] == api.house.cast.denis.id
    assert problem["state"] == "estimating"
    problem = await api.denis.post(f"/tickets/{number}/status", {"to": "estimating"}, 409)
    assert problem["state"] == "estimating"


NO_OBJECTS = [
    b"{", b"[]", b"1", b'"x"', b"null", b'{"to":"high","to":"low","comment":"a"}', b'{"to":NaN}', b'{"to":1e999}',
    b'{"a":' * 10_000, b"[" * 100_000, b'{"to":' + b"9" * 5000 + b"}", b"\xff\xfe\x00", b'{"\\ud800":1}',
]  # fmt: skip


async def test_what_is_no_plain_json_object_is_422(api: Company) -> None:
    number = await api.ask()
    for raw in NO_OBJECTS:
        answer = await api.anna.call(
            "PUT", f"/tickets/{number}/urgency", 422, content=raw, headers={"Content-Type": "application/json"}
        )
        assert answer.json()["errors"], raw[:40]


async def test_a_body_of_another_type_is_415(api: Company) -> None:
    """L14: text/plain that is JSON inside."""
    number = await api.ask()
    body = json.dumps({"to": "high", "comment": "Так"}).encode()
    for type_ in ("text/plain", "application/x-www-form-urlencoded", ""):
        await api.anna.call("PUT", f"/tickets/{number}/urgency", 415, content=body, headers={"Content-Type": type_})
    await api.anna.call("POST", "/files", 415, json={"file": "x"})


async def test_a_body_beyond_the_limit_is_413(api: Company) -> None:
    body = b'{"text":"' + b"a" * (8 * 1024 * 1024) + b'"}'
    await api.anna.call("PUT", "/drafts/new", 413, content=body, headers={"Content-Type": "application/json"})


async def test_another_method_is_405_with_those_that_are(api: Company) -> None:
    answer = await api.anna.call("DELETE", "/tickets", 405)
    assert answer.headers["allow"] == "GET, POST"
    await api.anna.call("PUT", "/me", 405)


async def test_an_unknown_path_is_a_problem_too(api: Company) -> None:
    for path in ("/tickets/1/nothing", "/nothing", "/tickets/0x1", "/tickets/-1", "/tickets/1e2", "/tickets/१"):
        await api.anna.call("GET", path, 404)


async def test_words_come_in_the_readers_language(api: Company) -> None:
    russian = (await api.nobody.call("GET", "/me", 401)).json()
    english = (await api.nobody.call("GET", "/me", 401, headers={"Accept-Language": "en"})).json()
    assert russian["detail"].startswith("Нужен ключ")
    assert english["detail"] != russian["detail"]


async def test_me_and_services(api: Company) -> None:
    me = await api.boris.get("/me")
    assert me["memberships"] == [
        {
            "organisation": {"id": api.house.cast.romashka, "name": "Ромашка"}, "can_approve": True,
            "sees_all": False, "billing": False, "org_admin": False,
        }
    ]  # fmt: skip
    assert (me["locale"], me["time_zone"]) == ("ru", "Europe/Moscow")
    services = (await api.anna.get("/services"))["items"]
    assert [(v["name"], [p["name"] for p in v["responsible"]]) for v in services] == [
        ("1С:Бухгалтерия", ["Денис Орлов"]), ("Сеть и доступы", ["Глеб Сомов"]),
    ]  # fmt: skip


async def test_head_answers_like_get_without_a_body(api: Company) -> None:
    answer = await api.anna.http.head("/api/v1/me")
    assert answer.status_code == 200
    assert answer.content == b""


async def test_a_stranger_is_answered_before_the_body_is_read(api: Company) -> None:
    number = await api.ask()
    host, port = api.house.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST /api/v1/tickets/{number}/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {api.house.cast.vera.token}\r\nContent-Length: 1000000\r\n\r\n{{".encode()
    )
    async with asyncio.timeout(15):
        assert b" 404 " in await reader.readline()
    writer.close()


async def test_a_body_that_stops_coming_is_408(api: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "MAX_SECONDS", 0.1)
    monkeypatch.setattr(uploads, "IDLE", 0.1)
    host, port = api.house.base.removeprefix("http://").split(":")
    for path, type_ in (("/drafts/new", "application/json"), ("/files", "multipart/form-data; boundary=x")):
        reader, writer = await asyncio.open_connection(host, int(port))
        method = "PUT" if "drafts" in path else "POST"
        writer.write(
            f"{method} /api/v1{path} HTTP/1.1\r\nHost: x\r\nContent-Type: {type_}\r\n"
            f"Authorization: Bearer {api.house.cast.anna.token}\r\nContent-Length: 1000\r\n\r\n--x".encode()
        )
        async with asyncio.timeout(15):
            assert b" 408 " in await reader.readline(), path
        writer.close()
