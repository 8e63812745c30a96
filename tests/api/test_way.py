"""The manual's whole way over HTTP, from a request to a rated, paid one."""

from tests.api.conftest import Company
from tests.cast import LATELY


async def test_the_whole_way(api: Company) -> None:
    number = await api.ask(urgency="high", due="2099-12-01")
    at = f"/tickets/{number}"
    ticket = await api.denis.post(f"{at}/claim", expect=200)
    assert (ticket["status"], ticket["assignee"]["name"]) == ("estimating", "Денис Орлов")
    line = {"text": "Правка", "unit": "hour", "quantity": "1,5", "price": 300000, "vat": 22}
    made = await api.denis.post(f"{at}/estimates", {"lines": [line], "due": "2099-11-30"}, 201)
    assert (made["version"], made["amount"]) == (1, 450000)
    decision = await api.boris.post(f"{at}/approval", {"version": 1, "decision": "approved"}, 200)
    assert decision["decided_by"]["name"] == "Борис Нестеров"
    await api.denis.post(f"{at}/status", {"to": "in_progress"}, 200)
    await api.denis.post(f"{at}/time", {"minutes": 90, "date": f"{LATELY}", "comment": "Правка", "billable": True}, 201)
    await api.denis.post(f"{at}/messages", {"id": "m-1", "text": "Готово, проверьте"}, 201)
    await api.denis.post(f"{at}/status", {"to": "review"}, 200)
    await api.anna.post(f"{at}/status", {"to": "done"}, 200)
    await api.anna.post(f"{at}/rating", {"score": 5, "comment": "Спасибо"}, 200)
    ticket = await api.nina.put(f"{at}/payment", {"state": "invoiced", "invoice": "УТ-118"})
    assert ticket["payment"] == {"state": "invoiced", "invoice": "УТ-118"}
    events = (await api.anna.get(f"{at}/events"))["items"]
    assert [e["kind"] for e in events] == [
        "message", "assignee", "status", "estimate", "status", "approval", "status", "status", "message", "status",
        "status", "rating", "payment",
    ]  # fmt: skip
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    assert [e["kind"] for e in (await api.denis.get(f"{at}/staff/events"))["items"]] == ["time"]
