"""The API's list: filters, orders, pages by cursors that can't be changed or borrowed (S4, S8)."""

import itertools
from typing import Any

from tests.api.conftest import Company, api

__all__ = ["api"]  # the fixture


async def numbers(api: Company, who: str = "lev", **asked: object) -> list[int]:
    return [item["number"] for item in (await getattr(api, who).get("/tickets", **asked))["items"]]


async def several(api: Company) -> list[int]:
    """Six tickets of different urgency, term and service."""
    cast = api.house.cast
    made = []
    for i, (urgency, due) in enumerate(
        itertools.product(("low", "high", "normal"), ("2099-12-03", None)),
    ):
        more = {"urgency": urgency, "subject": f"Обращение {i}", "text": "Текст"} | ({"due": due} if due else {})
        made.append(await api.ask(service=cast.accounting if i % 2 else cast.network, **more))
    return made


async def test_every_order_pages_without_gap_or_double(api: Company) -> None:
    made = await several(api)
    orders = ("number", "-number", "created_at", "-created_at", "last", "-last", "due", "-due", "urgency", "-urgency")
    for sort in orders:
        whole = await numbers(api, sort=sort)
        assert sorted(whole) == made
        paged: list[int] = []
        cursor: dict[str, Any] = {}
        while True:
            page = await api.lev.get("/tickets", **({"sort": sort, "limit": 1 if paged else 2} | cursor))
            paged += [item["number"] for item in page["items"]]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert paged == whole, sort
    assert await numbers(api) == made[::-1]
    assert await numbers(api, sort="urgency") == [made[2], made[3], made[4], made[5], made[0], made[1]]
    assert await numbers(api, sort="due") == [made[0], made[2], made[4], made[1], made[3], made[5]]


async def test_filters_narrow(api: Company) -> None:
    made, cast = await several(api), api.house.cast
    await api.denis.post(f"/tickets/{made[1]}/claim", expect=200)
    assert await numbers(api, status="estimating") == [made[1]]
    assert await numbers(api, status="estimating,new", sort="number") == made
    assert await numbers(api, assignee=cast.denis.id) == [made[1]]
    assert await numbers(api, "denis", assignee="me") == [made[1]]
    assert await numbers(api, assignee="none", service=cast.accounting, sort="number") == [made[3], made[5]]
    assert await numbers(api, urgency="high,low", service=cast.network, sort="number") == [made[0], made[2]]
    assert await numbers(api, organisation=cast.lyutik) == []
    await api.nina.put(f"/tickets/{made[2]}/payment", {"state": "to_invoice"})
    assert await numbers(api, "nina", payment="to_invoice,overdue") == [made[2]]
    assert await numbers(api, "denis", sort="number") == [made[1], made[3], made[5]]
    assert await numbers(api, "anna", assignee="me") == []
    assert await numbers(api, q="обращение 33") == []
    assert await numbers(api, q="обращения 3") == [made[3]]


async def test_unread_is_what_others_wrote(api: Company) -> None:
    made = await several(api)
    assert await numbers(api, "anna", unread="true") == []
    await api.denis.post(f"/tickets/{made[1]}/messages", {"id": "d", "text": "Вопрос"}, 201)
    await api.denis.post(f"/tickets/{made[3]}/staff/messages", {"id": "n", "text": "Заметка"}, 201)
    assert await numbers(api, "anna", unread="true") == [made[1]]
    assert made[1] not in await numbers(api, "anna", unread="false")
    await api.anna.post(f"/tickets/{made[1]}/read", {"upto": 2}, 200)
    assert await numbers(api, "anna", unread="true") == []


async def test_S4_bad_parameters_are_422(api: Company) -> None:
    for query in (
        "sort=password", "sort=", "limit=-1", "limit=0", "limit=101", "limit=1000000000", "offset=1000000000000",
        "limit=5&limit=6", "status=x", "status=new,x", "status=", "status=new&status=done", "urgency=1", "service=x",
        "service=-1", "assignee=you", "assignee=", "unread=maybe", "unread=1", "organisation=1e3", "private=true",
        "q=ab&q=cd", "payment=lost",
    ):  # fmt: skip
        answer = await api.lev.call("GET", f"/tickets?{query}", 422)
        assert [e["field"] for e in answer.json()["errors"]] == [query.partition("=")[0]]


async def test_S8_a_changed_or_borrowed_cursor_is_400(api: Company) -> None:
    await several(api)
    cursor = (await api.lev.get("/tickets", limit=2))["next"]
    await api.lev.get("/tickets", limit=3, cursor=cursor)
    flipped = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    for bad in (flipped, cursor[:-4], cursor + "AAAA", cursor[4:], "x", "AAAA", "=", "%", "ы", "A" * 1000):
        await api.lev.get("/tickets", 400, cursor=bad)
    await api.nina.get("/tickets", 400, cursor=cursor)
    await api.lev.get("/tickets", 400, cursor=cursor, sort="number")
    await api.lev.get("/tickets", 400, cursor=cursor, status="new")
    await api.lev.get("/tickets", 422, cursor="A" * 1001)


async def test_a_page_of_tickets_tells_clients_nothing_of_notes(api: Company) -> None:
    """G10: order and versions are computed from the public line."""
    first, second = await api.ask(), await api.ask()
    before = await api.anna.get("/tickets", sort="-last")
    await api.denis.post(f"/tickets/{first}/staff/messages", {"id": "n", "text": "Заметка"}, 201)
    assert await api.anna.get("/tickets", sort="-last") == before
    assert [item["number"] for item in before["items"]] == [second, first]
