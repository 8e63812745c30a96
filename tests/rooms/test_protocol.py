"""Frames as they are read: everything that can be wrong with one has its code, and the answer says which frame it is
about."""

import json
from typing import Any

import pytest

from server.errors import Invalid, Malformed, NotFound, Refusal, TooLarge, UnknownOp
from server.rooms.protocol import Join, Leave, Read, Say, TicketRoom, Typing, encode, parse, ticket_room

SAY = {"op": "say", "room": "ticket:1", "id": "a", "text": "да"}


def refused(frame: Any) -> Refusal:
    """What a frame is refused with."""
    with pytest.raises(Refusal) as refusal:
        parse(frame if isinstance(frame, str) else json.dumps(frame))
    return refusal.value


@pytest.mark.parametrize(
    ("frame", "read"),
    [
        ({"op": "join", "room": "ticket:1"}, Join(op="join", room="ticket:1")),
        ({"op": "join", "room": "queue", "after": 0, "html": True}, Join(op="join", room="queue", after=0, html=True)),
        ({"op": "join", "room": "ticket:1", "after": 10**18}, Join(op="join", room="ticket:1", after=10**18)),
        ({"op": "leave", "room": "inbox"}, Leave(op="leave", room="inbox")),
        (SAY, Say(op="say", room="ticket:1", id="a", text="да")),
        (
            SAY | {"files": ["f1"], "reply_to": 3, "seen": 17, "anyway": True},
            Say(op="say", room="ticket:1", id="a", text="да", files=["f1"], reply_to=3, seen=17, anyway=True),
        ),
        ({"op": "read", "room": "ticket:1", "upto": 0}, Read(op="read", room="ticket:1", upto=0)),
        ({"op": "typing", "room": "ticket:1"}, Typing(op="typing", room="ticket:1")),
    ],
)
def test_a_frame_is_read(frame: dict[str, Any], read: Any) -> None:
    assert parse(json.dumps(frame)) == read


@pytest.mark.parametrize(
    "raw",
    [
        "", "привет", "{", '{"op":"say"', "null", "[]", '"say"', "5", "[" * 10_000, '{"a":' * 10_000,
        '{"op":"join","room":"ticket:1","after":1e400}', '{"op":"join","room":"ticket:1","after":NaN}',
        '{"op":"join","room":"ticket:1","after":-Infinity}', '{"op":"join","op":"say","room":"ticket:1"}',
        '{"op":"read","room":"ticket:1","upto":1,"upto":2}',
        '{"op":"read","room":"ticket:1","upto":' + "9" * 5000 + "}",
    ],
)  # fmt: skip
def test_C3_C4_what_is_no_frame_is_malformed(raw: str) -> None:
    """(Seen red: repeated keys taken; RecursionError let through.)"""
    assert isinstance(refused(raw), Malformed)


@pytest.mark.parametrize("op", [None, 5, "", "SAY", "shout", ["say"], {"op": "say"}, "__class__"])
def test_C5_an_unknown_op(op: Any) -> None:
    found = refused({"op": op, "room": "ticket:1", "id": "a"})
    assert isinstance(found, UnknownOp)
    assert found.extra == {"room": "ticket:1", "id": "a"}


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"room": 5}, Malformed), ({"room": ""}, Malformed), ({"room": "x" * 65}, Malformed),
        ({"room": None}, Malformed), ({"id": 5}, Malformed), ({"id": ""}, Malformed), ({"id": "x" * 10_000}, Malformed),
        ({"id": "a\0"}, Malformed), ({"id": None}, Malformed), ({"id": "\ud800"}, Malformed), ({"text": 5}, Malformed),
        ({"text": None}, Malformed), ({"text": "x" * 20_001}, TooLarge), ({"text": "\ud800"}, Malformed),
        ({"files": "f1"}, Malformed), ({"files": [5]}, Malformed), ({"files": ["a\0"]}, Malformed),
        ({"files": ["f"] * 21}, Invalid), ({"reply_to": "1"}, Malformed), ({"reply_to": 0}, Invalid),
        ({"reply_to": 1.0}, Malformed), ({"reply_to": True}, Malformed), ({"seen": -1}, Invalid),
        ({"seen": "1"}, Malformed), ({"anyway": 1}, Malformed),
    ],
)  # fmt: skip
def test_C4_C14_wrong_values_of_a_say(wrong: dict[str, Any], kind: type[Refusal]) -> None:
    found = refused(SAY | wrong)
    assert type(found) is kind
    encode({"op": "error", **found.extra}).encode()  # the answer can be written


@pytest.mark.parametrize("field", ["seq", "author", "created_at", "line", "at", "kind", "is_internal", "user"])
def test_C15_a_client_writes_no_seq_no_author_no_line(field: str) -> None:
    """(Seen red: unknown fields ignored.)"""
    found = refused(SAY | {field: 1})
    assert isinstance(found, Invalid)
    assert found.extra == {"field": field, "room": "ticket:1", "id": "a"}


@pytest.mark.parametrize(("after", "kind"), [(-1, Invalid), ("1", Malformed), (1.5, Malformed), (False, Malformed)])
def test_C16_after_is_a_number_from_nought(after: Any, kind: type[Refusal]) -> None:
    assert type(refused({"op": "join", "room": "ticket:1", "after": after})) is kind


def test_an_answer_repeats_only_what_can_be_written() -> None:
    """(Seen red: a lone surrogate repeated, which no socket can send.)"""
    for room in ("\ud800", "x" * 20_000, 5):
        found = refused({"op": "shout", "room": room, "id": "a"})
        assert found.extra == {"id": "a"}
    found = refused(SAY | {"\udfff" * 1000: 1})
    encode(found.extra).encode()
    assert len(encode(found.extra)) < 200


def test_an_answer_repeats_room_and_id_however_wrong_they_are() -> None:
    """Or nobody knows which frame it answers. (Seen red: none longer than 64 signs.)"""
    for long in ("x" * 65, "ж" * 1000, "\0" * 16_384):
        found = refused(SAY | {"id": long, "room": long})
        assert (found.extra["room"], found.extra["id"]) == (long, long)
        assert len(encode({"op": "error", **found.extra}).encode()) < 256 * 1024


@pytest.mark.parametrize(("name", "room"), [("ticket:42", TicketRoom(42, "public")),
                                            ("ticket:42:staff", TicketRoom(42, "staff"))])  # fmt: skip
def test_rooms_have_names(name: str, room: TicketRoom) -> None:
    assert ticket_room(name) == room


@pytest.mark.parametrize(
    "name",
    [
        "ticket", "ticket:", "ticket:x", "ticket:-1", "ticket:1.0", "ticket:+1", "ticket:01", "ticket: 1",
        "ticket:1:public", "ticket:1:staff:", "ticket:1:", "Ticket:1", "queue", "inbox", "staff", "ticket:١",
        "ticket:9999999999", "",
    ],
)  # fmt: skip
def test_any_other_name_is_no_room(name: str) -> None:
    with pytest.raises(NotFound):
        ticket_room(name)
