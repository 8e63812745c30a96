"""Live equals reloaded: after each thing that can be done to a ticket, what a connected socket was told folds into the
same timeline as a fresh replay, the API's events and the reloaded page; likewise rows and unread counts."""

import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from server.events.kinds import KINDS
from tests.cast import LATELY, Person, ask, log_in, on_both_if_long
from tests.house import House, Line
from tests.parts.http import http_client
from tests.rooms.acting import call, heard, post

Timeline = dict[int, dict[str, Any]]


def fold(events: list[dict[str, Any]]) -> Timeline:
    """What a page makes of events that come one after another: an edit or a deletion takes the place of what it names,
    and of earlier edits of it."""
    told: Timeline = {}
    for event in events:
        seq = event["seq"]
        if event["kind"] in ("edit", "delete") and not {"edited", "deleted"} & set(event):
            for old in told.values():
                if old["seq"] == event["of"] or (old["kind"] == "edit" and old.get("of") == event["of"]):
                    _replace(old, event)
        told[seq] = dict(event)
    return told


def _replace(old: dict[str, Any], by: dict[str, Any]) -> None:
    old.pop("html", None)
    if by["kind"] == "edit":
        old |= {"text": by["text"], "edited": by["seq"]}
    else:
        for gone in ("text", "files", "edited"):
            old.pop(gone, None)
        old["deleted"] = by["seq"]


def plain(told: Timeline) -> Timeline:
    """Without the rendered rows."""
    return {seq: {k: v for k, v in e.items() if k != "html"} for seq, e in told.items()}


class Watcher:
    """One person's page: every room of the ticket, the list and the inbox, from the beginning."""

    def __init__(self, house: House, who: Person, line: Line, rooms: list[str]) -> None:
        self.house = house
        self.who = who
        self.line = line
        self.rooms = rooms

    @staticmethod
    async def at(house: House, who: Person, number: int, staff: bool, stack: AsyncExitStack) -> "Watcher":
        line = await stack.enter_async_context(house.line(who))
        rooms = [f"ticket:{number}", *([f"ticket:{number}:staff"] if staff else [])]
        for room in ("queue", "inbox"):
            await line.join(room)
        for room in rooms:
            await line.join(room, after=0, html=True)
        return Watcher(house, who, line, rooms)

    def told(self, room: str) -> Timeline:
        events: list[dict[str, Any]] = []
        for frame in heard(self.line, "joined", "event", room=room):
            events += frame["events"] if frame["op"] == "joined" else [frame["event"]]
        return fold(events)

    async def knows(self, room: str, head: int) -> None:
        while max(self.told(room), default=0) < head:
            await self.line.next()

    def row(self, number: int) -> dict[str, Any] | None:
        """The ticket's row as the list shows it; None when it is gone."""
        row = None
        for frame in heard(self.line, "joined", "row", room="queue"):
            for found in frame["rows"] if frame["op"] == "joined" else [frame.get("ticket") or {}]:
                row = found if found.get("number") == number else row
            row = None if frame.get("gone") == number else row
        return row

    def unread(self) -> dict[int, int]:
        found: dict[int, int] = {}
        for frame in heard(self.line, "joined", "inbox", room="inbox"):
            if frame["op"] == "joined":
                found = {i["ticket"]: i["unread"] for i in frame["items"]}
            else:
                found[frame["ticket"]] = frame["unread"]
        return {ticket: unread for ticket, unread in found.items() if unread}


async def same(watchers: list[Watcher], number: int, what: str) -> None:
    """Compares what each watcher was told with what somebody gets who comes now."""
    for w in watchers:
        async with w.house.line(w.who) as fresh:
            for room in w.rooms:
                joined = await fresh.join(room, after=0, html=True)
                assert not joined["more"]
                await w.knows(room, joined["head"])
                replay = fold(joined["events"])
                live = w.told(room)
                assert plain(live) == plain(replay), (what, w.who.login, room)
                for seq, event in live.items():
                    if "html" in event:
                        assert event["html"] == replay[seq]["html"], (what, w.who.login, room, seq)
                path = "staff/events" if room.endswith("staff") else "events"
                api = await call(w.house, w.who, "GET", f"/tickets/{number}/{path}?after=0&limit=200")
                assert fold(api["items"]) == plain(replay), (what, room)
                assert api["head"] == joined["head"]
            await same_lists(w, fresh, number, what)


async def same_lists(w: Watcher, fresh: Line, number: int, what: str) -> None:
    rows = {r["number"]: r for r in (await fresh.join("queue"))["rows"]}
    row = rows.get(number)
    while (w.row(number) or {}).get("v") != (row or {}).get("v") or stripped(w.row(number)) != stripped(row):
        await w.line.next()  # waits in vain, and fails, when the two stay different
    unread = {i["ticket"]: i["unread"] for i in (await fresh.join("inbox"))["items"]}
    while w.unread() != unread:
        await w.line.next()
    assert what


def stripped(row: dict[str, Any] | None) -> dict[str, Any] | None:
    """A row without who looks just now: the one who compares is there too."""
    return row and {k: v for k, v in row.items() if k not in ("viewers", "typing")}


async def page_rows(house: House, who: Person, number: int) -> list[tuple[str, int, str]]:
    """(room, seq, kind) of the rows of the reloaded page."""
    cookie = {"Cookie": f"journal={await log_in(house.db, who)}"}
    async with http_client(house.base, headers=cookie) as http:
        page = await http.get(f"/tickets/{number}")
    assert page.status_code == 200
    found = re.findall(r'id="([mn])(\d+)" data-seq="\d+" data-kind="(\w+)"', page.text)
    assert "канарейка" not in page.text
    return sorted((line, int(seq), kind) for line, seq, kind in found)


async def same_page(w: Watcher, number: int) -> None:
    live = sorted(
        ("n" if room.endswith("staff") else "m", seq, e["kind"]) for room in w.rooms for seq, e in w.told(room).items()
    )
    assert await page_rows(w.house, w.who, number) == live


def story(house: House, number: int) -> list[tuple[str, Callable[[], Awaitable[Any]]]]:
    """Everything that can be done to a ticket, by those who may, in an order in which it can be done."""
    c, at = house.cast, f"/tickets/{number}"
    line = {"text": "Работа", "unit": "hour", "quantity": "1.5", "price": 320000, "vat": "22"}

    def put(who: Person, path: str, **body: Any) -> Callable[[], Awaitable[Any]]:
        return lambda: call(house, who, "PUT", at + path, body)

    def do(who: Person, path: str, **body: Any) -> Callable[[], Awaitable[Any]]:
        return lambda: post(house, who, at + path, **body)

    def patch(who: Person, path: str, text: str) -> Callable[[], Awaitable[Any]]:
        return lambda: call(house, who, "PATCH", at + path, {"text": text})

    def drop(who: Person, path: str) -> Callable[[], Awaitable[Any]]:
        return lambda: call(house, who, "DELETE", at + path)

    return [
        ("claim", do(c.denis, "/claim")),
        ("message", do(c.anna, "/messages", id="a1", text="**раз** канарейка", reply_to=1)),
        ("edit", patch(c.anna, "/messages/4", "два канарейка")),
        ("edit again", patch(c.anna, "/messages/4", "три")),
        ("answer", do(c.denis, "/messages", id="d1", text="канарейка в ответе")),
        ("delete", drop(c.denis, "/messages/7")),
        ("note", do(c.denis, "/staff/messages", id="n1", text="заметка канарейка")),
        ("edit note", patch(c.denis, "/staff/messages/1", "заметка иначе канарейка")),
        ("delete note", drop(c.lev, "/staff/messages/1")),
        ("note again", do(c.lev, "/staff/messages", id="n2", text="ещё заметка")),
        ("participant", do(c.anna, "/participants", user=c.boris.id)),
        ("participant gone", drop(c.anna, f"/participants/{c.boris.id}")),
        ("urgency", put(c.anna, "/urgency", to="high", comment="горит")),
        ("estimate", do(c.denis, "/estimates", lines=[line], comment="оценка")),
        ("rejected", do(c.boris, "/approval", version=1, decision="rejected", comment="дорого")),
        ("back to estimating", do(c.denis, "/status", to="estimating")),
        ("waiting", do(c.denis, "/status", to="waiting", comment="уточните")),
        ("returns by itself", do(c.anna, "/messages", id="a2", text="уточняю")),
        ("estimate again", do(c.denis, "/estimates", minutes=20, rate=100000)),
        ("approved", do(c.boris, "/approval", version=2, decision="approved")),
        ("in progress", do(c.denis, "/status", to="in_progress")),
        ("time", do(c.denis, "/time", minutes=30, date=f"{LATELY}", comment="работа", billable=True)),
        ("payment", put(c.nina, "/payment", state="invoiced", invoice="УТ-1")),
        ("read", do(c.anna, "/read", upto=99)),
        ("read notes", do(c.denis, "/staff/read", upto=1)),
        ("service", put(c.lev, "/service", to=c.network, comment="не туда")),
        ("service back", put(c.lev, "/service", to=c.accounting, comment="туда")),
        ("assignee", put(c.lev, "/assignee", user=c.lev.id)),
        ("nobody", put(c.lev, "/assignee", user=None)),
        ("review", do(c.denis, "/status", to="review")),
        ("returned", do(c.anna, "/status", to="in_progress", comment="не то")),
        ("review again", do(c.denis, "/status", to="review")),
        ("done", do(c.anna, "/status", to="done")),
        ("rating", do(c.anna, "/rating", score=5, comment="спасибо")),
        ("closed", do(c.lev, "/status", to="closed")),
        ("reopened", do(c.lev, "/status", to="in_progress", comment="не всё")),
        ("cancelled", do(c.lev, "/status", to="cancelled", comment="дубль")),
    ]  # fmt: skip


@on_both_if_long
async def test_live_equals_reloaded_after_each_action(two: tuple[House, House]) -> None:
    """(Seen red: earlier edits left as they were; a kind that touches no row; an event left out.)"""
    here, there = two
    cast = here.cast
    number = await ask(here.db, cast.anna, cast.accounting)
    async with AsyncExitStack() as stack:
        people = [
            (there, cast.anna, False),
            (here, cast.lev, True),
            (here, cast.boris, False),
            (there, cast.nina, True),
        ]
        watchers = [await Watcher.at(house, who, number, staff, stack) for house, who, staff in people]
        for n, (what, action) in enumerate(story(here, number)):
            await action()
            await same(watchers if n % 6 == 0 else watchers[:2], number, what)
            if n in (11, 24):
                await same_page(watchers[n % 2], number)
        await same(watchers, number, "the end")
        for watcher in watchers:
            await same_page(watcher, number)
        kinds = {e["kind"] for w in watchers for room in w.rooms for e in w.told(room).values()}
        assert kinds == set(KINDS), "nothing that can happen was left out"
