"""A ticket's rooms over HTTP: the same log, the same rules as on the socket (reliability.md C)."""

import asyncio

from tests.api.conftest import Company


async def test_G1_C12_the_same_words_under_the_same_id_are_said_once(api: Company) -> None:
    at = f"/tickets/{await api.ask()}/messages"
    body = {"id": "6f1c", "text": "Здравствуйте"}
    answers = await asyncio.gather(*(api.anna.post(at, body, 201) for _ in range(10)))
    assert answers == [{"seq": 2}] * 10
    problem = await api.anna.post(at, body | {"text": "Другое"}, 409)
    assert problem["reason"] == "id"
    assert await api.boris.post(at, body, 201) == {"seq": 3}


async def test_G1_what_the_socket_said_is_known_over_http(api: Company) -> None:
    number = await api.ask()
    async with api.house.line(api.house.cast.anna) as line:
        await line.join(f"ticket:{number}")
        ack = await line.say(f"ticket:{number}", "6f1c", "Здравствуйте")
        answer = await api.anna.post(f"/tickets/{number}/messages", {"id": "6f1c", "text": "Здравствуйте"}, 201)
        assert answer["seq"] == ack["seq"]
        await api.denis.post(f"/tickets/{number}/messages", {"id": "d", "text": "Слушаю"}, 201)
        said = await line.until("event")
        while said["event"].get("text") != "Слушаю":
            said = await line.until("event")
        assert said["event"]["seq"] == ack["seq"] + 1


async def test_C11_C14_empty_words_and_bad_ids(api: Company) -> None:
    at = f"/tickets/{await api.ask()}/messages"
    for text in ("", " \n", "\u200b\u202e"):
        assert await api.anna.wrong(at, {"id": "a", "text": text}) == {"text"}
    assert await api.anna.wrong(at, {"text": "a"}) == {"id"}
    for id_ in ("", "x" * 65, 5, None, "a\0"):
        assert await api.anna.wrong(at, {"id": id_, "text": "a"}) == {"id"}
    assert await api.anna.wrong(at, {"id": "a", "text": "я" * 20_001}) == {"text"}
    assert await api.anna.wrong(at, {"id": "a", "text": "a", "reply_to": 99}) == {"reply_to"}
    await api.anna.post(at, {"id": "a", "text": "я" * 20_000}, 201)


async def test_pages_of_the_log_join_without_gap_or_double(api: Company) -> None:
    at = f"/tickets/{await api.ask()}"
    for i in range(70):
        await api.anna.post(f"{at}/messages", {"id": f"m{i}", "text": f"{i}"}, 201)
    newest = await api.anna.get(f"{at}/events")
    assert ([e["seq"] for e in newest["items"]], newest["head"]) == (list(range(22, 72)), 71)
    seqs: list[int] = []
    while page := (await api.anna.get(f"{at}/events", after=seqs[-1] if seqs else 0, limit=30))["items"]:
        seqs += [e["seq"] for e in page]
    assert seqs == list(range(1, 72))
    before = await api.anna.get(f"{at}/events", before=22, limit=10)
    assert [e["seq"] for e in before["items"]] == list(range(12, 22))
    assert [e["seq"] for e in (await api.anna.get(f"{at}/events", after=5, before=9))["items"]] == [6, 7, 8]
    assert (await api.anna.get(f"{at}/events", after=10**8))["items"] == []


async def test_S4_bad_parameters_of_the_log_are_422(api: Company) -> None:
    at = f"/tickets/{await api.ask()}/events"
    for query in (
        "limit=201", "limit=0", "limit=-1", "limit=1000000000", "limit=x", "after=-1", "after=1e3", "after=",
        "after=1&after=2", "offset=5", "html=1", "after=99999999999999999999", "after=%D9%A1", "limit=1_0",
    ):  # fmt: skip
        answer = await api.anna.call("GET", f"{at}?{query}", 422)
        assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


async def test_C20_editing_and_deleting(api: Company) -> None:
    number = await api.ask()
    at = f"/tickets/{number}"
    seq = (await api.anna.post(f"{at}/messages", {"id": "a", "text": "Опечтка"}, 201))["seq"]
    await api.anna.call("PATCH", f"{at}/messages/1", 403, json={"text": "Иначе"})
    await api.boris.call("PATCH", f"{at}/messages/{seq}", 403, json={"text": 5})
    await api.anna.call("PATCH", f"{at}/messages/{seq}", 422, json={"text": " "})
    await api.anna.call("PATCH", f"{at}/messages/99", 404, json={})
    edited = (await api.anna.call("PATCH", f"{at}/messages/{seq}", 200, json={"text": "Опечатка"})).json()
    events = (await api.anna.get(f"{at}/events"))["items"]
    assert (events[1]["text"], events[1]["edited"]) == ("Опечатка", edited["seq"])
    deleted = (await api.lev.call("DELETE", f"{at}/messages/{seq}", 200)).json()
    await api.anna.call("DELETE", f"{at}/messages/{seq}", 409)
    events = (await api.anna.get(f"{at}/events"))["items"]
    assert "text" not in events[1]
    assert events[1]["deleted"] == deleted["seq"]
    assert "Опечатка" not in str(events)


async def test_notes_have_numbers_of_their_own(api: Company) -> None:
    number = await api.ask()
    at = f"/tickets/{number}"
    assert await api.denis.post(f"{at}/staff/messages", {"id": "n1", "text": "Заметка"}, 201) == {"seq": 1}
    assert await api.nina.post(f"{at}/staff/messages", {"id": "n2", "text": "Счёт?"}, 201) == {"seq": 2}
    assert await api.anna.post(f"{at}/messages", {"id": "m", "text": "Ау"}, 201) == {"seq": 2}
    seen = await api.denis.get(at)
    assert (seen["head"], seen["staff_head"], seen["staff_unread"]) == (2, 2, 1)
    assert await api.denis.post(f"{at}/staff/read", {"upto": 2}, 200) == {"upto": 2}
    await api.denis.call("PATCH", f"{at}/staff/messages/1", 200, json={"text": "Правка"})
    await api.denis.call("DELETE", f"{at}/staff/messages/2", 403)
    await api.lev.call("DELETE", f"{at}/staff/messages/2", 200)
    assert "Заметка" not in str(await api.lev.get(f"{at}/staff/events"))


async def test_C17_the_read_mark_only_grows_and_ends_at_the_head(api: Company) -> None:
    at = f"/tickets/{await api.ask()}"
    assert (await api.boris.get(at))["unread"] == 1
    assert await api.boris.post(f"{at}/read", {"upto": 10**6}, 200) == {"upto": 1}
    assert await api.boris.post(f"{at}/read", {"upto": 0}, 200) == {"upto": 1}
    assert (await api.boris.get(at))["unread"] == 0
    assert await api.boris.wrong(f"{at}/read", {"upto": -1}) == {"upto"}
    assert await api.boris.wrong(f"{at}/read", {"upto": "1"}) == {"upto"}


async def test_seen_a_colleague_who_answered_meanwhile(api: Company) -> None:
    at = f"/tickets/{await api.ask()}/messages"
    await api.lev.post(at, {"id": "l", "text": "Уже отвечаю"}, 201)
    body = {"id": "d", "text": "Отвечаю", "seen": 1}
    problem = await api.denis.post(at, body, 409)
    assert (problem["reason"], problem["events"][0]["text"]) == ("seen", "Уже отвечаю")
    await api.denis.post(at, body | {"anyway": True}, 201)


async def test_C2_writing_ends_with_the_ticket(api: Company) -> None:
    number = await api.ask()
    await api.anna.post(f"/tickets/{number}/status", {"to": "cancelled"}, 200)
    problem = await api.anna.post(f"/tickets/{number}/messages", {"id": "m", "text": "Ещё"}, 403)
    assert problem["state"] == "cancelled"
