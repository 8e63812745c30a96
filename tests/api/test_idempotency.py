"""`Idempotency-Key` (A12, T4): one transaction, one answer; the key belongs to a person, a method and a path."""

import asyncio
from datetime import timedelta

from sqlmodel import select

from server.clock import now
from server.tickets.model import IdempotentAnswer
from tests.api.conftest import Company


async def test_the_first_answer_is_given_again_as_it_was(api: Company) -> None:
    at = f"/tickets/{await api.ask()}"
    first = await api.denis.post(f"{at}/claim", expect=200, key="k")
    await api.denis.post(f"{at}/status", {"to": "waiting"}, 200)
    assert await api.denis.post(f"{at}/claim", expect=200, key="k") == first
    assert (await api.denis.get(at))["status"] == "waiting"


async def test_a_key_is_a_persons_for_one_path(api: Company) -> None:
    one, other = await api.ask(), await api.ask()
    body = {"to": "cancelled", "comment": "Не нужно"}
    await api.anna.post(f"/tickets/{one}/status", body, 200, key="k")
    assert (await api.anna.post(f"/tickets/{other}/status", body, 200, key="k"))["number"] == other
    await api.lev.post(f"/tickets/{one}/status", body, 409, key="k")


async def test_what_was_refused_leaves_the_key_free(api: Company) -> None:
    at = f"/tickets/{await api.ask()}"
    body = {"id": "m", "text": ""}
    await api.anna.post(f"{at}/messages", body, 422, key="k")
    await api.anna.post(f"{at}/messages", body | {"text": "Слово"}, 201, key="k")
    await api.anna.post(f"{at}/messages", body | {"text": "Иное"}, 409, key="k")


async def test_the_order_of_keys_in_json_is_no_other_body(api: Company) -> None:
    at = f"/tickets/{await api.ask()}/messages"
    for raw in (b'{"id":"m","text":"\xd1\x8f"}', b' {"text": "\\u044f", "id": "m"} '):
        headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
        assert (await api.anna.call("POST", at, 201, content=raw, headers=headers)).json() == {"seq": 2}


async def test_twins_at_once_wait_for_the_first_one(api: Company) -> None:
    at = f"/tickets/{await api.ask()}/rating"
    await api.denis.post(at.replace("rating", "claim"), expect=200)
    await api.denis.post(at.replace("rating", "status"), {"to": "review"}, 200)
    await api.anna.post(at.replace("rating", "status"), {"to": "done"}, 200)
    answers = await asyncio.gather(
        *(api.anna.call("POST", at, json={"score": 5}, headers={"Idempotency-Key": "k"}) for _ in range(15))
    )
    assert {a.status_code for a in answers} == {200}
    assert len({a.content for a in answers}) == 1


async def test_a_day_later_the_key_is_free_again(api: Company) -> None:
    first = await api.ask()
    body = {"subject": "Тема", "service": api.house.cast.accounting, "text": "Текст"}
    made = await api.anna.post("/tickets", body, 201, key="k")
    assert await api.anna.post("/tickets", body, 201, key="k") == made
    async with api.house.db.transaction() as s:
        for row in (await s.exec(select(IdempotentAnswer))).all():
            row.at = now() - timedelta(hours=24, seconds=1)
    again = await api.anna.post("/tickets", body | {"text": "Другой"}, 201, key="k")
    assert (made["number"], again["number"]) == (first + 1, first + 2)


async def test_a_key_that_is_none_is_422(api: Company) -> None:
    for key in ("", "x" * 201, "a\tb"):
        answer = await api.anna.call("POST", "/tickets", 422, json={}, headers={"Idempotency-Key": key})
        assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


async def test_an_answer_is_not_given_to_whoever_is_not_let_in_any_more(api: Company) -> None:
    """A dead token gets 401 whatever it knows."""
    at = f"/tickets/{await api.ask()}/read"
    await api.anna.post(at, {"upto": 1}, 200, key="k")
    await api.nobody.call("POST", at, 401, json={"upto": 1}, headers={"Idempotency-Key": "k"})
