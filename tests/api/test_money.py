"""Estimates, decisions, payment and time over HTTP (reliability.md A)."""

import asyncio
from typing import Any

from tests.api.conftest import Company
from tests.cast import LATELY


async def waiting(api: Company) -> str:
    """A ticket whose estimate waits for Boris."""
    at = f"/tickets/{await api.ask()}"
    await api.denis.post(f"{at}/claim", expect=200)
    await api.denis.post(f"{at}/estimates", {"minutes": 90, "rate": 300000}, 201)
    return at


async def test_an_estimate_by_time_is_one_line_in_hours(api: Company) -> None:
    at = f"/tickets/{await api.ask()}"
    await api.denis.post(f"{at}/claim", expect=200)
    made = await api.denis.post(f"{at}/estimates", {"minutes": 20, "rate": 100000, "comment": "Треть часа"}, 201)
    assert (made["amount"], made["lines"][0]["unit"], made["comment"]) == (33333, "hour", "Треть часа")
    ticket = await api.anna.get(at)
    assert (ticket["status"], ticket["estimate"]) == ("approval", {"version": 1, "amount": 33333})


async def test_lines_are_rounded_half_up_each(api: Company) -> None:
    at = f"/tickets/{await api.ask()}"
    await api.denis.post(f"{at}/claim", expect=200)
    lines = [
        {"text": "Пол копейки вверх", "unit": "piece", "quantity": "0.5", "price": 1, "vat": "without"},
        {"text": "Ещё", "unit": "month", "quantity": 2, "price": 150, "vat": 22},
        {"minutes": 30, "rate": 333},
    ]
    made = await api.denis.post(f"{at}/estimates", {"lines": lines}, 201)
    assert [line["sum"] for line in made["lines"]] == [1, 300, 167]
    assert (made["amount"], made["vat_amount"]) == (468, 54 + 30)


async def test_A10_bad_numbers_in_an_estimate(api: Company) -> None:
    at = f"/tickets/{await api.ask()}"
    await api.denis.post(f"{at}/claim", expect=200)
    right = {"text": "Работа", "unit": "hour", "quantity": "1", "price": 100, "vat": "22"}
    bad: dict[str, tuple[Any, ...]] = {
        "quantity": ("1e9", "-1", "NaN", "0", "", "１２", 10**15, -2, True, [1], "1" * 31),
        "price": (-1, "100", 10**15, 1.5, True, None),
        "unit": ("day", 1),
        "vat": ("18", 18, None, True),
        "text": ("", " ", 5, "x" * 501),
    }
    for field, values in bad.items():
        for value in values:
            named = await api.denis.wrong(f"{at}/estimates", {"lines": [right | {field: value}]})
            assert named & {f"lines.0.{field}", "lines.0"}, (field, value, named)
    both = {"minutes": 5, "rate": 1, "lines": [right]}
    bodies: list[Any] = [{}, {"lines": []}, {"lines": [right] * 101}, {"minutes": 5}, both]
    for body in bodies:
        await api.denis.wrong(f"{at}/estimates", body)
    extra = await api.denis.wrong(f"{at}/estimates", {"lines": [right | {"sum": 5}], "amount": 7})
    assert extra == {"lines.0.sum", "amount"}


async def test_A1_A2_of_many_decisions_one_stands(api: Company) -> None:
    at = await waiting(api)
    yes, no = {"version": 1, "decision": "approved"}, {"version": 1, "decision": "rejected", "comment": "Дорого"}
    answers = await asyncio.gather(*(api.boris.call("POST", f"{at}/approval", json=body) for body in [yes, no] * 10))
    assert sorted(a.status_code for a in answers) == [200] + [409] * 19
    stands = next(a.json() for a in answers if a.status_code == 200)
    for refused in (a.json() for a in answers if a.status_code == 409):
        assert (refused["decision"], refused["decided_by"]) == (stands["decision"], stands["decided_by"])
    events = (await api.anna.get(f"{at}/events"))["items"]
    assert [e["kind"] for e in events].count("approval") == 1


async def test_A12_a_lost_answer_is_given_again_by_its_key(api: Company) -> None:
    at = await waiting(api)
    body = {"version": 1, "decision": "approved"}
    answers = await asyncio.gather(*(api.boris.post(f"{at}/approval", body, 200, key="a-12") for _ in range(10)))
    assert len({str(a) for a in answers}) == 1
    await api.boris.post(f"{at}/approval", body | {"decision": "rejected", "comment": "Нет"}, 409, key="a-12")


async def test_A3_A5_A6_who_may_decide_and_what_may_be_said(api: Company) -> None:
    at = await waiting(api)
    body = {"version": 1, "decision": "approved"}
    for who in (api.anna, api.denis, api.nina):
        await who.post(f"{at}/approval", body, 403)
    await api.vera.post(f"{at}/approval", body, 404)
    assert await api.boris.wrong(f"{at}/approval", body | {"amount": 1, "decided_by": 2, "state": "x"}) == {
        "amount", "decided_by", "state",
    }  # fmt: skip
    assert await api.boris.wrong(f"{at}/approval", {"version": 1, "decision": "rejected"}) == {"comment"}
    for decision in ("yes", "", None, True, 1):
        assert await api.boris.wrong(f"{at}/approval", {"version": 1, "decision": decision}) == {"decision"}


async def test_A7_a_version_that_was_replaced_is_409_with_the_new_one(api: Company) -> None:
    at = await waiting(api)
    await api.denis.post(f"{at}/status", {"to": "estimating"}, 200)
    await api.denis.post(f"{at}/estimates", {"minutes": 60, "rate": 300000}, 201)
    problem = await api.boris.post(f"{at}/approval", {"version": 1, "decision": "approved"}, 409)
    assert problem["version"] in (1, 2)
    await api.boris.post(f"{at}/approval", {"version": 2, "decision": "approved"}, 200)


async def test_a_private_tickets_estimate_is_decided_without_its_chat(api: Company) -> None:
    at = f"/tickets/{await api.ask(private=True)}"
    await api.boris.post(f"{at}/approval", {"version": 1, "decision": "approved"}, 404)
    await api.denis.post(f"{at}/claim", expect=200)
    await api.denis.post(f"{at}/estimates", {"minutes": 60, "rate": 300000}, 201)
    for hidden in (at, f"{at}/events"):  # with its numbers and times the ticket would tell of the chat
        await api.boris.get(hidden, 404)
    assert (await api.boris.get("/tickets"))["items"] == []
    body = {"version": 1, "decision": "approved"}
    first = await api.boris.post(f"{at}/approval", body, 200, key="p")
    assert await api.boris.post(f"{at}/approval", body, 200, key="p") == first


async def test_payment_is_the_accountants(api: Company) -> None:
    at = f"/tickets/{await api.ask()}"
    await api.denis.put(f"{at}/payment", {"state": "paid"}, 403)
    await api.anna.put(f"{at}/payment", {}, 403)
    ticket = await api.nina.put(f"{at}/payment", {"state": "invoiced", "invoice": "УТ-1"})
    assert ticket["payment"] == {"state": "invoiced", "invoice": "УТ-1"}
    await api.nina.put(f"{at}/payment", {"state": "invoiced"}, 409)
    assert (await api.nina.put(f"{at}/payment", {"state": "paid", "invoice": ""}))["payment"]["invoice"] is None
    assert await api.nina.wrong(f"{at}/payment", {"state": "lost", "invoice": 5}, "PUT") == {"state", "invoice"}


async def test_time_goes_to_the_staff_room_only(api: Company) -> None:
    at = f"/tickets/{await api.ask()}"
    body = {"minutes": 15, "date": f"{LATELY}", "comment": "Разбор", "billable": False}
    assert await api.denis.post(f"{at}/time", body, 201) == body
    await api.denis.post(f"{at}/time", body | {"billable": True}, 409)
    await api.anna.post(f"{at}/time", body, 403)
    assert await api.denis.wrong(f"{at}/time", {"minutes": 0, "date": "вчера", "comment": 1}) == {
        "minutes", "date", "comment",
    }  # fmt: skip
    assert (await api.anna.get(at))["head"] == 1
