"""The handshake (W) and what is no frame at all (C3–C10): who may open a socket, and with which code one ends."""

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from server import serving as serving_module
from server.app import create_app
from server.people import sessions
from server.people.model import User
from server.people.sessions import Device
from server.rooms import protocol
from server.serving import options
from tests.cast import Person, ask, log_in, on_sqlite
from tests.house import House, Line, journal
from tests.parts.serve import serving
from tests.rooms.raw import Raw

pytestmark = on_sqlite
OURS = "http://localhost:8000"


async def opened(house: House, headers: dict[str, str], origins: tuple[str, ...] = (), **more: Any) -> int:
    """What a handshake ends with: an HTTP status, a close code, or 0 for a `hello`."""
    sent = [*headers.items(), *(("Origin", o) for o in origins)]
    try:
        async with connect(house.ws, additional_headers=sent, **more) as found:
            return 0 if json.loads(await found.recv())["op"] == "hello" else -1
    except InvalidStatus as refusal:
        return refusal.response.status_code
    except ConnectionClosed as end:
        return int(end.rcvd.code) if end.rcvd else -1


def bearer(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}


STRANGE = [
    "null", "http://evil.test", "http://localhost:8000.evil.test", "https://localhost:8000", "http://localhost:8001",
    "http://localhost", "http://localhost:8000/", "http://localhost.:8000", "http://LOCALHOST:8000", "http://127.0.0.1:8000",
    "", " ",
]  # fmt: skip


async def test_W1_W2_W3_the_origin_of_a_cookies_socket_is_ours_and_one(house: House) -> None:
    """Refused before the upgrade. (Seen red: `_origin_fits` true without an Origin; compared by its beginning.)"""
    cookie = {"Cookie": f"journal={await log_in(house.db, house.cast.anna)}"}
    assert await opened(house, cookie, (OURS,)) == 0
    assert await opened(house, cookie) == 403
    for strange in STRANGE:
        assert await opened(house, cookie, (strange,)) == 403, strange
    for two in ((OURS, OURS), (OURS, "http://evil.test"), ("http://evil.test", OURS)):
        assert await opened(house, cookie, two) in (400, 403)


async def test_W1_an_origin_may_be_missing_with_a_token_but_not_be_wrong(house: House) -> None:
    anna = bearer(house.cast.anna)
    assert await opened(house, anna) == 0
    assert await opened(house, anna, (OURS,)) == 0
    for strange in STRANGE:
        assert await opened(house, anna, (strange,)) == 403, strange


async def test_the_demo_is_open_by_the_names_of_loopback(house: House) -> None:
    async with journal(replace(house.settings, demo=True, port=4711)) as base:
        demo = House(base, house.cast, house.db, house.settings)
        for origin in ("http://localhost:4711", "http://127.0.0.1:4711", OURS):
            assert await opened(demo, bearer(house.cast.anna), (origin,)) == 0
        assert await opened(demo, bearer(house.cast.anna), ("http://localhost:4712",)) == 403


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"Authorization": "Bearer "}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer " + "x" * 5000}, {"Cookie": "journal="}, {"Cookie": "journal=wrong"},
        {"Cookie": "__Host-journal=wrong"}, {"Cookie": "journal=" + "x" * 5000},
    ],
)  # fmt: skip
async def test_W6_without_a_log_in_it_closes_with_4401(headers: dict[str, str], house: House) -> None:
    """Accepted first, so that a page learns why. (Seen red: closed with another code.)"""
    assert await opened(house, headers, (OURS,)) == 4401


async def test_W7_a_log_in_between_its_two_steps_opens_nothing(house: House) -> None:
    """(Seen red: any stage.)"""
    async with house.db.transaction() as s:
        user = await s.get_one(User, house.cast.anna.id)
        cookie = await sessions.begin(s, user, sessions.PASSWORD, Device())
    assert await opened(house, {"Cookie": f"journal={cookie}"}, (OURS,)) == 4401


async def test_W8_a_cookie_of_somebody_deactivated_or_without_a_role(house: House) -> None:
    cookie = await log_in(house.db, house.cast.vera)
    async with house.db.transaction() as s:
        (await s.get_one(User, house.cast.vera.id)).roles = []
    assert await opened(house, {"Cookie": f"journal={cookie}"}, (OURS,)) == 4403
    async with house.db.transaction() as s:
        (await s.get_one(User, house.cast.vera.id)).active = False
    assert await opened(house, {"Cookie": f"journal={cookie}"}, (OURS,)) == 4401


async def test_W17_in_production_only_wss_is_served(house: House) -> None:
    """TLS ends at a proxy that is trusted to say so; anybody else saying so is not believed. (Seen red: the scheme not
    looked at.)"""
    anna = bearer(house.cast.anna)
    for trusted, forwarded, answer in (((), False, 403), ((), True, 403), (("127.0.0.1",), False, 403),
                                       (("127.0.0.1",), True, 0), (("10.0.0.1",), True, 403)):  # fmt: skip
        settings = replace(house.settings, base_url="https://journal.test", trusted_proxies=trusted)
        served: dict[str, Any] = {
            k: v for k, v in options(settings).items() if k.startswith(("http", "ws", "proxy", "forwarded"))
        }
        async with serving(create_app(settings), **served) as base:
            far = House(base, house.cast, house.db, settings)
            said = {"X-Forwarded-Proto": "https"} if forwarded else {}
            assert await opened(far, anna | said, ("https://journal.test",)) == answer


async def test_W18_what_stands_in_the_address_opens_nothing(house: House) -> None:
    token = house.cast.anna.token
    for query in (f"?token={token}", f"?access_token={token}", f"?journal={token}", f"?authorization=Bearer%20{token}"):
        async with connect(house.ws + query, origin=Origin(OURS)) as found:
            assert await Line(found).closed() == 4401


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [([], None), (["journal.v1"], "journal.v1"), (["chat", "journal.v1"], "journal.v1"), (["chat"], None)],
)
async def test_the_subprotocol_is_chosen_when_offered(offered: list[str], chosen: str | None, house: House) -> None:
    names = [Subprotocol(name) for name in offered] or None
    async with connect(house.ws, additional_headers=bearer(house.cast.anna), subprotocols=names) as found:
        assert found.subprotocol == chosen
        assert json.loads(await found.recv())["op"] == "hello"


async def test_C5_a_client_of_another_version_is_told_to_reload(house: House) -> None:
    assert await opened(house, bearer(house.cast.anna), subprotocols=[Subprotocol("journal.v0")]) == 4409
    assert await opened(house, bearer(house.cast.anna), subprotocols=[Subprotocol("journal.v2")]) == 4409


async def test_W10_offers_of_compression_are_passed_over(house: House) -> None:
    """(Seen red: compression on.)"""
    async with connect(house.ws, additional_headers=bearer(house.cast.anna), compression="deflate") as found:
        assert json.loads(await found.recv())["op"] == "hello"
        assert found.protocol.extensions == []


async def test_W9_what_is_no_handshake_is_an_http_answer(house: House) -> None:
    for line, leave, more, statuses in (
        ("GET /ws HTTP/1.1", "Sec-WebSocket-Key", [], {"400"}),
        ("GET /ws HTTP/1.1", "Sec-WebSocket-Version", ["Sec-WebSocket-Version: 8"], {"400", "426"}),
        ("GET /ws HTTP/1.1", "Upgrade", [], {"404", "426", "400"}),
        ("POST /ws HTTP/1.1", "", ["Content-Length: 0"], {"400", "404", "405", "426"}),
        ("GET /ws HTTP/1.1", "", ["Content-Length: 5", "Transfer-Encoding: chunked"], {"400"}),
    ):  # fmt: skip
        raw = await Raw.to(house)
        answer = await raw.handshake(house.cast.anna, *more, line=line, leave=leave)
        assert answer.split()[1] in statuses, (line, leave, answer)
        raw.writer.close()


async def test_W16_an_upgrade_with_a_body_is_400(house: House) -> None:
    """What follows would be taken for frames, here or at a proxy. (Seen red: the headers not looked at.)"""
    for more in (["Content-Length: 5"], ["Transfer-Encoding: chunked"], ["Content-Length: 0", "Content-Length: 5"],
                 ["Content-Length: 5", "Transfer-Encoding: chunked"]):  # fmt: skip
        raw = await Raw.to(house)
        assert (await raw.handshake(house.cast.anna, *more)).split()[1] == "400", more
        raw.writer.close()


async def test_W13_slow_handshakes_are_timed_out_and_others_connect(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five hundred that send nothing, or a byte now and then. (Seen red: uvicorn's own, which waits without end.)"""
    monkeypatch.setattr(serving_module, "HEADERS_WITHIN", 1.0)
    raws = [await Raw.to(house) for _ in range(250)]
    for raw in raws[::2]:
        raw.writer.write(b"GET /ws HT")
    async with house.line(house.cast.anna) as anna:
        assert (await anna.join("queue"))["op"] == "joined"
        for raw in raws[::2]:
            raw.writer.write(b"T")
        async with asyncio.timeout(15):
            for raw in raws:
                with suppress(ConnectionResetError):
                    assert await raw.reader.read() == b""
        assert (await anna.join("inbox"))["op"] == "joined", "who is in is not timed"
    for raw in raws:
        raw.writer.close()


async def test_C22_a_flood_of_pings_ends_with_4429(house: House) -> None:
    """(Seen red: each answered, whether the answers are read or not.)"""
    raw = await raw_socket(house)
    for _ in range(1000):
        raw.frame(9, b"x" * 125)
    assert await raw.code() == 4429
    raw.writer.close()


async def raw_socket(house: House) -> Raw:
    raw = await Raw.to(house)
    assert " 101 " in await raw.handshake(house.cast.anna)
    return raw


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"opcode": 1, "data": b"{}", "masked": False}, 1002),
        ({"opcode": 1, "data": b"{}", "reserved": 4}, 1002),
        ({"opcode": 1, "data": b"{}", "reserved": 1}, 1002),
        ({"opcode": 3, "data": b"{}"}, 1002),
        ({"opcode": 0, "data": b"{}"}, 1002),
        ({"opcode": 9, "data": b"x" * 126}, 1002),
        ({"opcode": 2, "data": b"{}"}, 1003),
        ({"opcode": 1, "data": b"\xff\xfe\xfd"}, 1007),
        ({"opcode": 1, "data": '{"op":"жж"}'.encode()[:-3]}, 1007),
        ({"opcode": 1, "data": b" " * (256 * 1024 + 1)}, 1009),
    ],
)
async def test_W14_C6_C7_C8_frames_against_the_rfc(frame: dict[str, Any], code: int, house: House) -> None:
    """(Seen red: bytes taken for text; a larger limit.)"""
    raw = await raw_socket(house)
    raw.frame(**frame)
    assert await raw.code() == code
    raw.writer.close()


async def test_C9_C10_fragments_count_together(house: House) -> None:
    """Ten thousand of them, or one that never ends: no more than one frame's size is ever kept."""
    raw = await raw_socket(house)
    raw.frame(1, b" " * 100, fin=False)
    for _ in range(9_999):
        raw.frame(0, b" " * 100, fin=False)
    assert await raw.code() == 1009
    raw.writer.close()


async def test_a_frame_of_the_greatest_size_is_read(house: House) -> None:
    async with house.line(house.cast.anna) as anna:
        await anna.connection.send(json.dumps({"op": "join", "room": "queue"}).ljust(protocol.MAX_FRAME))
        assert (await anna.next())["op"] == "joined"


async def test_C3_the_third_frame_that_cannot_be_read_ends_the_socket(house: House) -> None:
    async with house.line(house.cast.anna) as anna:
        for n, text in enumerate(("не JSON", '{"op":"say"', '{"op":"say","op":"say"}')):
            await anna.connection.send(text)
            error = await anna.next()
            assert (error["op"], error["code"]) == ("error", "malformed")
            if n == 1:
                assert (await anna.join("inbox"))["op"] == "joined"
        assert await anna.closed() == 4400


async def test_C4_nothing_a_client_sends_is_an_error_of_ours(house: House) -> None:
    """Numbers without end, lone surrogates, NUL, ids of any kind: each has its code. (Seen red: `seen` not clamped; a
    lone surrogate repeated; NUL in an id let through to the database.)"""
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    room = f"ticket:{number}"
    big = int("9" * 200)
    say = {"op": "say", "room": room, "id": "a", "text": "да"}
    frames: list[tuple[dict[str, Any], str]] = [
        (say | {"seen": big, "id": "s1"}, ""), (say | {"seen": 2**31, "id": "s2"}, ""),
        (say | {"reply_to": big}, "invalid"), (say | {"text": "a\0b"}, "invalid"), (say | {"id": "a\0b"}, "malformed"),
        (say | {"files": ["нет"]}, "malformed"), (say | {"files": ["absent"]}, "not_found"),
        ({"op": "read", "room": room, "upto": big}, ""), ({"op": "join", "room": room, "after": big}, ""),
        ({"op": "shout", "room": "\ud800", "id": "\udfff"}, "unknown_op"),
        ({"op": "join", "room": "ticket:" + "9" * 50}, "not_found"), ({"op": "leave", "room": "\x7f"}, ""),
    ]  # fmt: skip
    for who in (house.cast.denis, house.cast.anna):
        async with house.line(who) as line:
            for frame, code in frames:
                await line.connection.send(json.dumps(frame))
                if code in ("malformed", "invalid", "not_found", "unknown_op"):
                    assert (await line.until("error"))["code"] == code, frame
            assert (await line.join("inbox"))["op"] == "joined"
            assert line.connection.close_code is None
