"""G9, C1: Vera of another organisation, tried at every frame. What is not hers is answered like what never was, and of
what happens there not a byte reaches her."""

import json
from typing import Any

import pytest

from server.people import tokens
from server.people.model import User
from server.rooms.protocol import FRAMES
from tests.cast import Person, ask, on_sqlite
from tests.house import House
from tests.rooms.acting import call
from tests.rooms.test_live import story
from tests.tickets.ways import add_person

TRIES: dict[str, list[dict[str, Any]]] = {
    "join": [{}, {"after": 0}, {"after": 10**9}, {"html": True}],
    "leave": [{}],
    "say": [
        {"id": "v1", "text": "пустите"},
        {"id": "v2", "text": " "},
        {"id": "v3", "text": "x", "reply_to": 1, "seen": 0},
    ],
    "read": [{"upto": 1}],
    "typing": [{}],
}


def test_every_frame_is_tried() -> None:
    assert set(TRIES) == set(FRAMES)


@on_sqlite
@pytest.mark.parametrize("op", TRIES)
async def test_C1_G9_what_is_not_hers_is_answered_like_what_never_was(op: str, house: House) -> None:
    """Vera, a colleague of Anna's without powers, an executor of another service, an admin. (Seen red: `forbidden` for
    what exists.)"""
    cast = house.cast
    ira = await add_person(house.db, "ira", cast.romashka)
    number = await ask(house.db, cast.anna, cast.accounting, subject="канарейка")
    for who in (cast.vera, await with_token(house, ira), cast.gleb, cast.pavel):
        async with house.line(who) as line:
            for more in TRIES[op]:
                answers = []
                for room in (f"ticket:{number}", f"ticket:{number}:staff", "ticket:999999", "ticket:999999:staff"):
                    await line.send(op=op, room=room, **more)
                    if op == "leave":
                        await line.join("inbox")  # leaving is not answered, wherever one is not
                        answers.append("")
                        continue
                    error = await line.until("error")
                    assert error.pop("room") == room
                    answers.append(json.dumps(error, sort_keys=True))
                assert len(set(answers)) == 1, (who.login, answers)
                assert op == "leave" or json.loads(answers[0])["code"] in ("not_found",)
            assert "канарейка" not in json.dumps(line.frames, ensure_ascii=False)
    async with house.line(cast.anna) as anna:
        assert len((await anna.join(f"ticket:{number}"))["events"]) == 1, "no effect there"


async def with_token(house: House, person: Person) -> Person:
    """The same person, with a token of their own."""
    async with house.db.transaction() as s:
        token = await tokens.add(s, await s.get_one(User, person.id))
    return Person(person.id, person.login, person.name, token)


async def test_G9_of_all_that_happens_to_a_ticket_a_stranger_hears_nothing(two: tuple[House, House]) -> None:
    """She is in every room she may be in, in both processes. (Seen red: rows sent to every queue.)"""
    here, there = two
    cast = here.cast
    number = await ask(here.db, cast.anna, cast.accounting)
    hers = await ask(here.db, cast.vera, cast.network)
    async with here.line(cast.vera) as one, there.line(cast.vera) as two_:
        for line in (one, two_):
            for room in ("queue", "inbox", f"ticket:{hers}"):
                assert (await line.join(room, html=True))["op"] == "joined"
        for _, action in story(here, number):
            await action()
        await call(here, cast.vera, "POST", f"/tickets/{hers}/messages", {"id": "v", "text": "конец"})
        for line in (one, two_):
            await line.got("event")
            await line.got("row")
            found = [f for f in line.frames if f["op"] not in ("hello", "head")]
            assert [f["op"] for f in found].count("row") == 1
            text = json.dumps(found, ensure_ascii=False)
            assert {f.get("room") for f in found} == {"queue", "inbox", f"ticket:{hers}"}
            for word in ("Ромашка", "Анна", "Борис", "канарейка", "Работа", "УТ-1", "Денис", f'"number": {number},'):
                assert word not in text, word
