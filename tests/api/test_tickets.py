"""Creating a ticket and acting on it over HTTP: bad forms (reliability.md T), rights, races."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.api.client import client
from tests.api.conftest import Company
from tests.cast import Cast
from tests.house import House, journal


def form(cast: Cast, **more: Any) -> dict[str, Any]:
    return {"subject": "Не печатает", "service": cast.network, "text": "Принтер молчит"} | more


async def test_T1_all_empty_fields_are_named_at_once(api: Company) -> None:
    cast = api.house.cast
    assert await api.anna.wrong("/tickets", {}) == {"subject", "service", "text"}
    assert await api.anna.wrong("/tickets", form(cast, subject="  ", text="\u200b \n")) == {"subject", "text"}
    everything = {"subject": "", "service": 999, "text": "", "urgency": "x", "due": "27.11.2026", "id": 7}
    assert await api.anna.wrong("/tickets", everything) == {"subject", "service", "text", "urgency", "due", "id"}
    assert (await api.anna.get("/tickets"))["items"] == []


async def test_T2_too_long_is_said_with_its_limit(api: Company) -> None:
    body = form(api.house.cast, subject="я" * 10_000, text="я" * 1_000_000)
    problem = await api.anna.post("/tickets", body, 422)
    details = {e["field"]: e["detail"] for e in problem["errors"]}
    assert "200" in details["subject"]
    assert "20 000" in details["text"]


async def test_T3_odd_signs_are_kept_and_what_cannot_be_kept_is_refused(api: Company) -> None:
    odd = "😀 \u202eоткат\u202c a" + "\u0301" * 1000
    ticket = await api.anna.post("/tickets", form(api.house.cast, text=odd, subject="😀"), 201)
    event = (await api.anna.get(f"/tickets/{ticket['number']}/events"))["items"][0]
    assert (event["text"], ticket["subject"]) == (odd, "😀")
    assert await api.anna.wrong("/tickets", form(api.house.cast, subject="a\0b", text="a\0b")) == {"subject", "text"}
    raw = b'{"subject":"a\\ud800","service":1,"text":"\\udfffb","files":["\\u0000"]}'
    answer = await api.anna.call("POST", "/tickets", 422, content=raw, headers={"Content-Type": "application/json"})
    assert {e["field"] for e in answer.json()["errors"]} == {"subject", "text", "files.0"}


async def test_T4_one_key_twenty_times_at_once_is_one_ticket(api: Company) -> None:
    body = form(api.house.cast)
    answers = await asyncio.gather(*(api.anna.post("/tickets", body, 201, key="k-1") for _ in range(20)))
    assert len({a["number"] for a in answers}) == 1
    assert len((await api.anna.get("/tickets"))["items"]) == 1
    await api.anna.post("/tickets", body | {"text": "Другое"}, 409, key="k-1")
    other = await api.boris.post("/tickets", body, 201, key="k-1")
    assert other["number"] != answers[0]["number"]


TEXTS: list[Any] = [{"$ne": 1}, [], True, 5, None]


async def test_T5_values_of_another_kind_are_refused(api: Company) -> None:
    cast = api.house.cast
    for text in TEXTS:
        assert await api.anna.wrong("/tickets", form(cast, subject=text, text=text)) == {"subject", "text"}
    for service in ("1", 1.0, True, [1], None, -1, 0, 2**40, 10**30):
        assert await api.anna.wrong("/tickets", form(cast, service=service)) == {"service"}
    for private in ("true", 1, None):
        assert await api.anna.wrong("/tickets", form(cast, private=private)) == {"private"}
    for due in ("tomorrow", 5, "2026-02-30", "2026-11-27T00:00:00", "٢٠٢٦-11-27", "2020-01-01"):
        assert await api.anna.wrong("/tickets", form(cast, due=due)) == {"due"}
    assert await api.anna.wrong("/tickets", form(cast, due="2020-01-01", private=1)) == {"due", "private"}
    assert await api.anna.wrong("/tickets", form(cast, files="x")) == {"files"}
    assert await api.anna.wrong("/tickets", form(cast, files=[f"{i:032x}" for i in range(21)])) == {"files"}


async def test_T6_a_status_the_role_may_not_set_is_403_an_unknown_one_422(api: Company) -> None:
    number = await api.ask()
    await api.anna.post(f"/tickets/{number}/status", {"to": "estimating"}, 403)
    assert await api.anna.wrong(f"/tickets/{number}/status", {"to": "paid"}) == {"to"}
    await api.nina.post(f"/tickets/{number}/status", {"to": "closed"}, 403)


async def test_T7_foreign_ids_are_absent_ids(api: Company) -> None:
    cast = api.house.cast
    number = await api.ask()
    foreign = await api.vera.upload(b"hello", "a.txt")
    for body in (
        form(cast, author=cast.boris.id), form(cast, author=cast.vera.id), form(cast, author=99999),
        form(cast, organisation=cast.lyutik), form(cast, organisation=99999),
        form(cast, files=[foreign["id"]]), form(cast, files=["0" * 32]),
    ):  # fmt: skip
        await api.anna.post("/tickets", body, 404)
    one, other = [
        await api.anna.call("POST", f"/tickets/{number}/participants", 404, json={"user": u})
        for u in (cast.vera.id, 99999)
    ]
    assert one.content == other.content
    assert len((await api.anna.get("/tickets"))["items"]) == 1


async def test_T8_fields_that_are_the_servers_own_are_refused_and_never_stored(api: Company) -> None:
    own = ("id", "number", "org_id", "author_id", "created_at", "status", "is_internal", "approved", "head", "assignee")
    extra = dict.fromkeys(own, 1)
    assert await api.anna.wrong("/tickets", form(api.house.cast) | extra) == set(own)
    number = await api.ask()
    for path, body in (
        (f"/tickets/{number}/messages", {"id": "m", "text": "a", "seq": 9, "author": 1, "line": "staff", "at": "x"}),
        (f"/tickets/{number}/status", {"to": "cancelled", "from": "done", "by": 1}),
    ):
        extra_fields = set(body) - {"id", "text", "to"}
        assert await api.anna.wrong(path, body) == extra_fields


async def test_a_flood_of_fields_is_answered_shortly(api: Company) -> None:
    for flood in ({f"f{i}": i for i in range(100_000)}, form(api.house.cast, files=[1] * 500_000)):
        answer = await api.anna.call("POST", "/tickets", 422, json=flood)
        assert len(answer.content) < 1000


async def test_T10_T16_signs_of_other_languages_are_literal(api: Company) -> None:
    text = "{{7*7}} ${7*7} %s %(x)s {0.__class__} ' OR 1=1 -- % _ \\ <script>"
    ticket = await api.anna.post("/tickets", form(api.house.cast, subject=text, text=text), 201)
    assert ticket["subject"] == text
    assert (await api.anna.get(f"/tickets/{ticket['number']}/events"))["items"][0]["text"] == text


@pytest.fixture
async def strict_house(house: House) -> Any:
    limits = replace(house.settings.limits, tickets_per_minute=5, say_per_second=1, say_burst=3)
    settings = replace(house.settings, limits=limits)
    async with journal(settings) as base:
        yield replace(house, base=base, settings=settings)


async def test_T15_more_tickets_than_allowed_are_429_and_numbers_do_not_repeat(strict_house: House) -> None:
    async with client(strict_house, strict_house.cast.anna) as anna:
        body = form(strict_house.cast)
        answers = await asyncio.gather(*(anna.call("POST", "/tickets", json=body) for _ in range(20)))
    made = [a.json()["number"] for a in answers if a.status_code == 201]
    assert sorted(made) == list(range(1, 6))
    refused = [a for a in answers if a.status_code == 429]
    assert len(refused) == 15
    assert all(int(a.headers["retry-after"]) > 0 for a in refused)


async def test_words_over_http_have_the_sockets_limit(strict_house: House) -> None:
    async with client(strict_house, strict_house.cast.anna) as anna:
        number = (await anna.post("/tickets", form(strict_house.cast), 201))["number"]
        answers = [
            await anna.call("POST", f"/tickets/{number}/messages", json={"id": f"m{i}", "text": "а"}) for i in range(6)
        ]
    assert [a.status_code for a in answers[:3]] == [201] * 3
    assert 429 in [a.status_code for a in answers[3:]]


async def test_staff_write_on_behalf_of_a_client_only(api: Company) -> None:
    cast = api.house.cast
    ticket = await api.denis.post("/tickets", form(cast, author=cast.anna.id), 201)
    assert (ticket["author"]["id"], ticket["organisation"]["id"]) == (cast.anna.id, cast.romashka)
    assert await api.lev.wrong("/tickets", form(cast)) == {"author"}
    await api.nina.post("/tickets", form(cast, author=cast.anna.id), 403)
    await api.pavel.post("/tickets", {}, 403)


async def test_of_two_who_claim_at_once_one_wins(api: Company) -> None:
    number = await api.ask()
    answers = await asyncio.gather(
        *(who.call("POST", f"/tickets/{number}/claim") for who in (api.denis, api.lev) for _ in range(5))
    )
    holders = {a.json()["assignee"]["name"] for a in answers}
    assert len(holders) == 1
    assert sorted({a.status_code for a in answers}) == [200, 409]
    events = (await api.anna.get(f"/tickets/{number}/events"))["items"]
    assert [e["kind"] for e in events] == ["message", "assignee", "status"]


async def test_the_assignee_is_hidden_from_clients_while_new_and_then_shown(api: Company) -> None:
    number = await api.ask()
    assert (await api.anna.get(f"/tickets/{number}"))["assignee"] is None
    ticket = await api.lev.put(f"/tickets/{number}/assignee", {"user": api.house.cast.denis.id})
    assert ticket["assignee"]["name"] == "Денис Орлов"
    assert (await api.anna.get(f"/tickets/{number}"))["assignee"]["name"] == "Денис Орлов"
    assert await api.lev.wrong(f"/tickets/{number}/assignee", {}, "PUT") == {"user"}
    assert await api.lev.wrong(f"/tickets/{number}/assignee", {"user": api.house.cast.anna.id}, "PUT") == {"user"}


async def test_an_executor_who_hands_over_out_of_sight_still_gets_an_answer(api: Company) -> None:
    cast = api.house.cast
    number = await api.ask(service=cast.network)
    await api.lev.put(f"/tickets/{number}/assignee", {"user": cast.denis.id})
    ticket = await api.denis.put(f"/tickets/{number}/assignee", {"user": cast.gleb.id})
    assert ticket["assignee"]["id"] == cast.gleb.id
    await api.denis.get(f"/tickets/{number}", 404)


async def test_participants_come_and_go(api: Company) -> None:
    cast = api.house.cast
    number = await api.ask(service=cast.network, private=True)
    at = f"/tickets/{number}"
    await api.boris.get(at, 404)
    await api.anna.post(f"{at}/participants", {"user": cast.boris.id}, 200)
    await api.boris.post(f"{at}/messages", {"id": "b-1", "text": "Вижу"}, 201)
    await api.anna.call("DELETE", f"{at}/participants/{cast.boris.id}", 204)
    await api.boris.get(at, 404)
    await api.anna.call("DELETE", f"{at}/participants/{cast.boris.id}", 404)


async def test_urgency_and_service_change_with_a_reason(api: Company) -> None:
    cast = api.house.cast
    number = await api.ask()
    at = f"/tickets/{number}"
    assert await api.anna.wrong(f"{at}/urgency", {"to": "high", "comment": " "}, "PUT") == {"comment"}
    await api.anna.put(f"{at}/urgency", {"to": "high", "comment": "Встали"})
    await api.denis.put(f"{at}/service", {"to": cast.network, "comment": "Сеть"}, 403)
    ticket = await api.lev.put(f"{at}/service", {"to": cast.network, "comment": "Сеть"})
    assert (ticket["urgency"], ticket["service"]["id"]) == ("high", cast.network)
    await api.denis.get(at, 404)
    kinds = [e for e in (await api.anna.get(f"{at}/events"))["items"] if e["kind"] in ("urgency", "service")]
    assert (kinds[0]["from"], kinds[0]["comment"]) == ("normal", "Встали")
    assert kinds[1]["to"] == {"id": cast.network, "name": "Сеть и доступы"}


async def test_drafts_are_their_writers_own(api: Company) -> None:
    number = await api.ask()
    for place in ("new", str(number)):
        await api.anna.get(f"/drafts/{place}", 404)
        saved = await api.anna.put(f"/drafts/{place}", {"text": "Начало", "subject": "Т", "files": []})
        assert (await api.anna.get(f"/drafts/{place}")) == saved
        await api.boris.get(f"/drafts/{place}", 404)
        await api.anna.call("DELETE", f"/drafts/{place}", 204)
        await api.anna.get(f"/drafts/{place}", 404)
    assert await api.anna.wrong("/drafts/new", {"text": 5, "nonsense": 1}, "PUT") == {"text", "nonsense"}
    await api.anna.put("/drafts/elsewhere", {"text": ""}, 404)


async def test_a_rating_is_given_once(api: Company) -> None:
    number = await api.ask()
    at = f"/tickets/{number}"
    await api.anna.post(f"{at}/rating", {"score": 5}, 409)
    await api.denis.post(f"{at}/claim", expect=200)
    await api.denis.post(f"{at}/status", {"to": "review"}, 200)
    await api.anna.post(f"{at}/status", {"to": "done"}, 200)
    assert await api.anna.wrong(f"{at}/rating", {"score": 6}) == {"score"}
    assert (await api.anna.post(f"{at}/rating", {"score": 4}, 200))["rating"] == 4
    assert (await api.anna.post(f"{at}/rating", {"score": 5}, 409))["rating"] == 4
    await api.denis.post(f"{at}/rating", {"score": 5}, 403)
