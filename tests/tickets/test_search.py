"""Search (S): in any form of the words, over what the caller may see, and nothing that was taken back."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text
from sqlalchemy.event import listen, remove

from server.events.model import Event
from server.people.model import User
from server.search.morphology import terms_of
from server.tickets import search
from tests.api.conftest import Company, api
from tests.cast import as_viewer

__all__ = ["api"]  # the fixture


async def found(api: Company, q: str, who: str = "anna") -> list[int]:
    items = (await getattr(api, who).get("/tickets", q=q))["items"]
    return [item["number"] for item in items]


async def test_words_are_found_in_every_form_in_subjects_messages_and_names_of_files(api: Company) -> None:
    file = (await api.anna.upload(b"1", "акт сверки.txt"))["id"]
    number = await api.ask(subject="Жёлтый ценник", text="В базе 1С ошибка массива", files=[file])
    await api.ask(subject="Другое", text="Совсем иное")
    await api.denis.post(f"/tickets/{number}/messages", {"id": "d", "text": "Позвоните после звонка из банка"}, 201)
    for q in (
        "желтого", "ЦЕННИКИ", "ошибок", "массивы", "1C", "1с", "звонки", "банк звонок", "ценник массив", "актов сверки",
        "бан\u00adку", str(number), f"№ {number}", f"№{number}", f"#{number}",
    ):  # fmt: skip
        assert await found(api, q) == [number], q
    assert await found(api, "банк ценник") == []  # not in one message
    assert await found(api, "ценник иное") == []


async def test_S1_too_little_and_too_much_is_said(api: Company) -> None:
    for q in ("", " ", "я", "%", "я" * 201, "я" * 10_000, f"я{' ' * 300}я"):
        answer = await api.anna.call("GET", "/tickets", 422, params={"q": q})
        assert answer.json()["errors"][0]["field"] == "q"


async def test_S2_S3_T16_signs_are_literal_and_never_an_error(api: Company) -> None:
    await api.ask()
    for q in (
        "%%", "__", "**", "\\\\", "''", '""', "::", "&&", "!!", "((", "))", "NEAR(", "NEAR(a b)", "a AND", "OR b",
        "NOT c", '"a', "a*", "a:b", "^a", "{a b}", "-a", "a -b", "(a+)+$", "' OR 1=1 --", "a\0b", "\U0001f600!", "<->",
        "a | b", "!a & b:*", "reali%", "реализа_ия", "<b>", "«в»",
    ):  # fmt: skip
        assert await found(api, q) == [], q


async def test_S6_the_staff_line_is_for_staff_who_see_that_ticket(api: Company) -> None:
    number = await api.ask()
    await api.denis.post(f"/tickets/{number}/staff/messages", {"id": "n", "text": "Капризный барсук"}, 201)
    for who, expected in {
        "anna": [], "boris": [], "vera": [], "gleb": [], "pavel": [],
        "denis": [number], "lev": [number], "nina": [number],
    }.items():  # fmt: skip
        assert await found(api, "барсуки", who) == expected, who


async def test_a_client_who_is_executor_too_finds_no_notes_of_tickets_they_see_as_a_client(
    api: Company,
) -> None:
    async with api.house.db.transaction() as s:
        (await s.get_one(User, api.house.cast.anna.id)).roles = ["client", "executor"]
    number = await api.ask()
    await api.denis.post(f"/tickets/{number}/staff/messages", {"id": "n", "text": "Капризный барсук"}, 201)
    assert await found(api, "барсук") == []
    assert await found(api, "реализация") == [number]


async def test_private_and_foreign_tickets_are_not_found(api: Company) -> None:
    private = await api.ask(subject="Оклад директора", private=True)
    shared = await api.ask(subject="Оклад кассира")
    assert await found(api, "оклады") == [shared, private]
    assert await found(api, "оклады", "boris") == [shared]
    assert await found(api, "оклады", "vera") == []
    assert await found(api, str(private), "boris") == []
    assert await found(api, str(private), "anna") == [private]


async def test_what_was_changed_or_deleted_leaves_the_index_at_once(api: Company) -> None:
    at = f"/tickets/{await api.ask()}/messages"
    seq = (await api.anna.post(at, {"id": "a", "text": "Тайный пеликан"}, 201))["seq"]
    assert len(await found(api, "пеликаны")) == 1
    await api.anna.call("PATCH", f"{at}/{seq}", 200, json={"text": "Явный фламинго"})
    assert (await found(api, "пеликан"), len(await found(api, "фламинго"))) == ([], 1)
    await api.anna.call("DELETE", f"{at}/{seq}", 200)
    assert await found(api, "фламинго") == []
    async with api.house.db.reading() as s:
        rows = (await s.execute(text("SELECT terms FROM search_text"))).scalars().all()
    assert not any(terms_of("пеликан фламинго") & set(row.split()) for row in rows)


async def test_what_was_not_committed_is_not_found(api: Company) -> None:
    await api.ask(subject="Удачный заход", text="x" * 20)
    problem = {"subject": "Неудачный пингвин", "service": api.house.cast.network, "text": "Текст", "files": ["0" * 32]}
    await api.anna.post("/tickets", problem, 404)
    assert await found(api, "пингвин") == []


async def test_hits_tell_where_the_words_stand(api: Company) -> None:
    cast = api.house.cast
    file = (await api.anna.upload(b"1", "накладная.txt"))["id"]
    number = await api.ask(subject="Про сканер", text="Не видит штрихкод", files=[file])
    await api.denis.post(f"/tickets/{number}/staff/messages", {"id": "n", "text": "Барсук виноват"}, 201)
    async with api.house.db.reading() as s:
        denis = await as_viewer(s, cast.denis)
        for q, where, words in (
            ("сканеры", "subject", ""), ("штрихкоды", "message", "Не видит штрихкод"), (str(number), "subject", ""),
            ("барсуки", "note", "Барсук виноват"), ("накладные", "file", "накладная.txt"),
        ):  # fmt: skip
            [hit] = await search.hits(s, denis, search.asked(q))
            assert (hit["where"], hit["text"], hit["ticket"]["number"]) == (where, words, number)
            assert await search.count(s, denis, search.asked(q)) == 1
        assert await search.hits(s, await as_viewer(s, cast.vera), search.asked("сканер")) == []


async def test_of_many_messages_that_hold_the_words_only_the_newest_is_read(api: Company) -> None:
    """(Seen red: all of them loaded to show one.)"""
    number = await api.ask(subject="Сканер")
    for place in range(5):
        await api.anna.post(f"/tickets/{number}/messages", {"id": f"m{place}", "text": f"Пеликан {place}"}, 201)
    loaded: list[Event] = []

    def count(row: Event, *_more: object) -> None:
        loaded.append(row)

    listen(Event, "load", count)
    try:
        async with api.house.db.reading() as s:
            [hit] = await search.hits(s, await as_viewer(s, api.house.cast.anna), search.asked("пеликаны"))
    finally:
        remove(Event, "load", count)
    assert (hit["text"], len(loaded)) == ("Пеликан 4", 1)


async def test_S9_many_searches_at_once_are_all_answered(api: Company) -> None:
    number = await api.ask()
    answers = await asyncio.gather(*(found(api, "реализация ошибка") for _ in range(60)))
    assert answers == [[number]] * 60


async def test_S9_who_waits_too_long_for_a_search_is_told_when_to_come_back(
    api: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await api.ask()
    monkeypatch.setattr(search, "PATIENCE", 0.05)
    async with AsyncExitStack() as held:
        for _ in range(search.AT_ONCE):
            await held.enter_async_context(search.turn())
        answer = await api.anna.call("GET", "/tickets", 429, params={"q": "реализация"})
        assert int(answer.headers["retry-after"]) > 0
        assert (await api.anna.get("/tickets"))["items"]
    assert await found(api, "реализация") == [number]
