"""G8, G11: access ends at once. Sockets of an ended log-in close within a second, with Redis or without; whoever lost
the right to a room hears nothing that was said after it."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select
from websockets.asyncio.client import connect

from server.clock import now
from server.db import Session
from server.events import access
from server.people import account, passwords, sessions
from server.people import actions as people
from server.people.model import ApiToken, LoginSession, Membership, User
from server.people.queries import as_viewer as as_viewer_of
from server.rooms import watch
from server.tickets import actions
from tests.cast import Person, as_viewer, ask, log_in, on_postgresql, on_sqlite
from tests.house import PATIENCE, House, Line
from tests.parts.redis import RedisServer
from tests.rooms.acting import call, heard, post
from tests.rooms.test_recovery import STEPS, wait_at

WITHIN = PATIENCE  # a second is promised: see the test marked `long`; this is for a busy machine


@asynccontextmanager
async def browser(house: House, cookie: str) -> AsyncIterator[Line]:
    """A socket as a page opens it."""
    headers = {"Cookie": f"journal={cookie}"}
    origin: Any = house.settings.base_url
    async with connect(house.ws, additional_headers=headers, origin=origin, max_queue=None) as found:
        line = Line(found)
        assert (await line.next())["op"] == "hello"
        yield line


async def _log_out(s: Session, cookie: str, _user: User) -> None:
    await sessions.end(s, sessions.mark(cookie))


async def _log_out_everywhere(s: Session, _cookie: str, user: User) -> None:
    await sessions.end_all(s, user)


async def _new_password(s: Session, _cookie: str, user: User) -> None:
    assert user.id is not None
    await account.choose_password(s, user.id, passwords.Password("новый хэш"))


async def _deactivate(s: Session, _cookie: str, user: User) -> None:
    assert user.id is not None
    admin = (await s.exec(select(User).where(User.login == "pavel"))).one()
    await people.deactivate(s, await as_viewer_of(s, admin), user.id)


async def _expire(s: Session, cookie: str, _user: User) -> None:
    (await s.get_one(LoginSession, sessions.mark(cookie))).expires_at = now() - timedelta(seconds=1)


ENDS: dict[str, Callable[[Session, str, User], Awaitable[None]]] = {
    "log-out": _log_out, "log-out everywhere": _log_out_everywhere, "another password": _new_password,
    "deactivation": _deactivate, "the end of its life": _expire,
}  # fmt: skip


@on_sqlite
@pytest.mark.parametrize("how", ENDS)
async def test_G8_W6_an_ended_log_in_closes_its_sockets(how: str, house: House) -> None:
    """Nobody rang: the process looks by itself. Others stay. (Seen red: `Rights.look` away; sessions not looked at;
    `auth_version` not compared.)"""
    cookie = await log_in(house.db, house.cast.vera)
    async with browser(house, cookie) as vera, house.line(house.cast.anna) as anna:
        async with house.db.transaction() as s:
            await ENDS[how](s, cookie, await s.get_one(User, house.cast.vera.id))
        assert await vera.closed(within=WITHIN) == 4401
        assert (await anna.join("queue"))["op"] == "joined"
    async with connect(house.ws, additional_headers={"Cookie": f"journal={cookie}"}, origin=origin(house)) as again:
        assert await Line(again).closed() == 4401


def others_there(joined: dict[str, Any], me: Person) -> list[Any]:
    """Who is in the room besides the one who asks."""
    return [p["name"] for p in joined["people"] if p["online"] and p["id"] != me.id]


def origin(house: House) -> Any:
    return house.settings.base_url


@on_sqlite
async def test_G8_a_token_ends_with_its_person_or_its_year(house: House) -> None:
    for person, end in ((house.cast.vera, "person"), (house.cast.gleb, "year")):
        async with house.line(person) as line:
            async with house.db.transaction() as s:
                if end == "person":
                    (await s.get_one(User, person.id)).active = False
                else:
                    found = (await s.exec(select(ApiToken).where(ApiToken.user_id == person.id))).one()
                    found.expires_at = now()
            assert await line.closed(within=WITHIN) == 4401


@on_postgresql
@pytest.mark.parametrize("redis", ["up", "down"])
async def test_G8_in_every_process_with_redis_and_without(
    redis: str, two: tuple[House, House], redis_server: RedisServer
) -> None:
    here, there = two
    cookie = await log_in(here.db, here.cast.vera)
    async with browser(here, cookie) as one, browser(there, cookie) as two_, here.line(here.cast.vera) as token:
        if redis == "down":
            await redis_server.kill()
        async with here.db.transaction() as s:
            await people.deactivate(s, await as_viewer(s, here.cast.pavel), here.cast.vera.id)
        closed = await asyncio.gather(*(line.closed(within=WITHIN) for line in (one, two_, token)))
        assert closed == [4401, 4401, 4401]


@pytest.mark.long
@on_postgresql
@pytest.mark.parametrize("redis", ["up", "down"])
async def test_G8_it_takes_less_than_a_second(redis: str, two: tuple[House, House], redis_server: RedisServer) -> None:
    here, there = two
    if redis == "down":
        await redis_server.kill()
    took = []
    for _ in range(5):
        cookie = await log_in(here.db, here.cast.vera)
        async with browser(there, cookie) as vera:
            async with here.db.transaction() as s:
                await sessions.end(s, sessions.mark(cookie))
            begun = time.monotonic()
            assert await vera.closed() == 4401
            took.append(time.monotonic() - begun)
    assert statistics.median(took) < 1


def test_G8_nobody_waits_longer_than_half_a_second_to_be_looked_at() -> None:
    """What the promised second is made of; measured it is above."""
    assert watch.ACCESS_EVERY <= 0.5


@on_sqlite
async def test_G8_no_frame_is_carried_out_after_the_end(house: House) -> None:
    """Not even in the half second before the process looks. (Seen red: the rights of when the socket was opened.)"""
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    room = f"ticket:{number}"
    async with house.line(house.cast.boris) as boris:
        await boris.join(room)
        async with house.db.transaction() as s:
            (await s.get_one(User, house.cast.boris.id)).active = False
        await boris.send(op="say", room=room, id="b", text="успею")
        assert await boris.closed(within=WITHIN) == 4401
        assert heard(boris, "ack") == []
    async with house.line(house.cast.anna) as anna:
        assert len((await anna.join(room))["events"]) == 1


@on_sqlite
async def test_G8_a_power_that_was_taken_away_empties_rooms_and_rows(house: House) -> None:
    """The socket stays: Boris is still a client, only of nothing he could see here. (Seen red: rooms not rechecked
    after the viewer was loaded anew; `access_version` not compared.)"""
    number = await ask(house.db, house.cast.anna, house.cast.accounting)
    room = f"ticket:{number}"
    async with house.line(house.cast.boris) as boris, house.line(house.cast.anna) as anna:
        await boris.join(room)
        await boris.join("queue")
        async with house.db.transaction() as s:
            (
                await s.exec(select(Membership).where(Membership.user_id == house.cast.boris.id))
            ).one().can_approve = False
            access.changed(s, await s.get_one(User, house.cast.boris.id))
        await boris.until("reset", within=WITHIN, room=room)
        assert (await boris.got("row", within=WITHIN))["gone"] == number
        await anna.say(room, "a", "без Бориса")
        refused = await boris.join(room, after=1)
        assert refused["code"] == "not_found"
        assert heard(boris, "event") == []
        async with house.db.transaction() as s:
            (await s.exec(select(Membership).where(Membership.user_id == house.cast.boris.id))).one().can_approve = True
            access.changed(s, await s.get_one(User, house.cast.boris.id))
        async with asyncio.timeout(WITHIN):
            while (await boris.join(room, after=1))["op"] != "joined":
                await boris.send(op="leave", room=room)


async def test_G11_nothing_committed_after_the_removal_comes(two: tuple[House, House]) -> None:
    """Words and removals race in two processes; the log says in which order they came. (Seen red: `shifts_access` of
    Participant false.)"""
    here, there = two
    cast = here.cast
    number = await ask(here.db, cast.anna, cast.accounting)
    room = f"ticket:{number}"
    for n in range(8):
        await post(here, cast.anna, f"/tickets/{number}/participants", user=cast.gleb.id)
        async with here.line(cast.gleb) as gleb, there.line(cast.lev) as lev, here.line(cast.denis) as denis:
            joined = await gleb.join(room)
            await asyncio.gather(
                *(lev.say(room, f"l{n}-{i}", "слово") for i in range(1)), denis.say(room, f"d{n}", "слово"),
                call(there, cast.anna, "DELETE", f"/tickets/{number}/participants/{cast.gleb.id}"),
                denis_again(here, room, n),
            )  # fmt: skip
            await lev.say(room, f"after{n}", "после")
            await gleb.got("reset", within=WITHIN)
            assert (await gleb.join(room))["code"] == "not_found"
            log = await call(here, cast.anna, "GET", f"/tickets/{number}/events?limit=200&after={joined['head']}")
            removed = next(e["seq"] for e in log["items"] if e["kind"] == "participant")
            assert [s for s in gleb.seqs(room) if s >= removed] == []


async def denis_again(house: House, room: str, n: int) -> None:
    async with house.line(house.cast.denis) as denis:
        await denis.say(room, f"again{n}", "ещё слово")


@pytest.mark.usefixtures("no_polls")
@pytest.mark.parametrize("step", STEPS)
async def test_G11_whoever_is_shown_out_while_joining_gets_the_reset_and_nothing_else(
    step: str, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a page after the reset nor a broken socket, and nobody counts them as present. (Seen red: the seat not
    looked at after the page was read.)"""
    cast = house.cast
    number = await ask(house.db, cast.anna, cast.accounting)
    await post(house, cast.anna, f"/tickets/{number}/participants", user=cast.gleb.id)
    room = f"ticket:{number}"

    async def remove() -> None:
        await call(house, cast.anna, "DELETE", f"/tickets/{number}/participants/{cast.gleb.id}")
        await post(house, cast.anna, f"/tickets/{number}/messages", id="secret", text="без Глеба")

    async with house.line(cast.gleb) as gleb:
        wait_at(monkeypatch, step, remove)
        await gleb.send(op="join", room=room)
        while not heard(gleb, "reset", "error", room=room):
            await gleb.next()
        assert (await gleb.join("inbox"))["op"] == "joined", "the socket lives"
        after = gleb.frames[gleb.frames.index(heard(gleb, "reset", "error", room=room)[0]) + 1 :]
        assert [f.get("code") for f in after if f.get("room") == room] in ([], ["not_found"])
        assert "без Глеба" not in str(gleb.frames)
    async with house.line(cast.lev) as lev:
        assert others_there(await lev.join(room), cast.lev) == []


@on_sqlite
async def test_presence_ends_when_somebody_is_shown_out(house: House) -> None:
    """(Seen red: presence left to the closing of the socket.)"""
    cast = house.cast
    number = await ask(house.db, cast.anna, cast.accounting)
    async with house.db.transaction() as s:
        await actions.add_participant(s, await as_viewer(s, cast.anna), number, cast.gleb.id)
    room = f"ticket:{number}"
    async with house.line(cast.gleb) as gleb, house.line(cast.lev) as lev:
        await lev.join(room)
        await gleb.join(room)
        await call(house, cast.anna, "DELETE", f"/tickets/{number}/participants/{cast.gleb.id}")
        told = await lev.until("presence", online=False)
        assert told["user"]["id"] == cast.gleb.id
        await lev.join(room, after=10**9)
        await lev.got("reset")
        async with house.line(cast.denis) as denis:
            joined = await denis.join(room)
            assert others_there(joined, cast.denis) == [], "who was told to forget the room is not in it"
