"""The forms of the ticket page: one post is one transaction with one action. They work without a script, and
answer it in JSON."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import date

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server import web
from server.db import Session
from server.errors import Invalid, Refusal
from server.events.kinds import PUBLIC, STAFF, Line
from server.files import downloads
from server.money import actions as money
from server.money import pricing
from server.people.policy import Viewer
from server.tickets import actions, moving, talk
from server.tickets.again import again

Form = Callable[[Session, Viewer, int, FormData], Awaitable[object]]


def form(action: Form, said: str = "") -> Callable[[Request], Awaitable[Response]]:
    """The one shape of these posts: who asks, what was typed, one transaction, back to the ticket."""

    async def handle(request: Request) -> Response:
        number = web.number(request)
        data = await web.form(request)
        try:
            async with web.journal(request).db.transaction() as s:
                await action(s, await web.require(s, request), number, data)
        except Refusal as refusal:
            return await again(request, data, refusal)
        return web.done(request, f"/tickets/{number}", said=said)

    return handle


def words(data: FormData, files: list[str]) -> talk.Words:
    """What the composer sends; without a script there is no id, so one is made here."""
    reply = web.field(data, "reply_to").strip()
    return talk.Words(
        id=web.field(data, "id") or str(uuid.uuid4()), text=web.field(data, "text"), files=files,
        reply_to=web.whole(data, "reply_to") if reply else None,
    )  # fmt: skip


def saying(line: Line) -> Callable[[Request], Awaitable[Response]]:
    """A message in the public room, or a note in the staff's."""

    async def handle(request: Request) -> Response:
        number, viewer, db = web.number(request), await web.asked(request), web.journal(request).db
        async with web.form_with_files(request) as data:
            try:
                async with downloads.parts_of(request, viewer.id, data) as files, db.transaction() as s:
                    s.add_all(files)
                    said = words(data, downloads.ids_of(data) + [f.id for f in files])
                    event = await talk.say(s, await web.require(s, request), number, line, said)
            except Refusal as refusal:
                return await again(request, data, refusal)
        return web.done(request, f"/tickets/{number}#m{event.seq}", seq=event.seq)

    return handle


def rewriting(line: Line, *, delete: bool) -> Callable[[Request], Awaitable[Response]]:
    """Editing or deleting a message of one's own."""

    async def handle(request: Request) -> Response:
        number, seq = web.number(request), web.path_number(request, "seq")
        data = await web.form(request)
        try:
            async with web.journal(request).db.transaction() as s:
                viewer = await web.require(s, request)
                if delete:
                    await talk.delete(s, viewer, number, line, seq)
                else:
                    await talk.edit(s, viewer, number, line, seq, web.field(data, "text"))
        except Refusal as refusal:
            return await again(request, data, refusal)
        return web.done(request, f"/tickets/{number}#m{seq}")

    return handle


def _given(data: FormData, name: str) -> str | None:
    """None for a field that is not there: an empty one says something too. `seen`, which forms carry hidden, is how
    what they change stood when they were drawn."""
    return web.field(data, name) if name in data else None


async def _status(s: Session, viewer: Viewer, number: int, data: FormData) -> None:
    await moving.move(s, viewer, number, web.field(data, "to"), web.field(data, "comment") or None)


async def _claim(s: Session, viewer: Viewer, number: int, _data: FormData) -> None:
    await actions.claim(s, viewer, number)


async def _assignee(s: Session, viewer: Viewer, number: int, data: FormData) -> None:
    await actions.assign(s, viewer, number, web.whole(data, "user"), seen=_given(data, "seen"))


async def _participants(s: Session, viewer: Viewer, number: int, data: FormData) -> None:
    await actions.add_participant(s, viewer, number, web.whole(data, "user"))


async def _urgency(s: Session, viewer: Viewer, number: int, data: FormData) -> None:
    to, comment = web.field(data, "to"), web.field(data, "comment")
    await actions.change_urgency(s, viewer, number, to, comment, seen=_given(data, "seen"))


async def _service(s: Session, viewer: Viewer, number: int, data: FormData) -> None:
    to, comment = web.whole(data, "to"), web.field(data, "comment")
    await actions.change_service(s, viewer, number, to, comment, seen=_given(data, "seen"))


async def _rating(s: Session, viewer: Viewer, number: int, data: FormData) -> None:
    await actions.rate(s, viewer, number, web.whole(data, "score"), web.field(data, "comment"))


async def _payment(s: Session, viewer: Viewer, number: int, data: FormData) -> None:
    state, invoice = web.field(data, "state"), _given(data, "invoice")
    await money.set_payment(s, viewer, number, state, invoice, seen=_given(data, "seen"), numbered=True)


async def _time(s: Session, viewer: Viewer, number: int, data: FormData) -> None:
    day = _day(data, "date")
    if day is None:
        raise Invalid({"date": "Укажите день"})
    comment, billable = web.field(data, "comment"), bool(web.field(data, "billable"))
    await money.log_time(s, viewer, number, web.whole(data, "minutes"), day, comment, billable)


async def _estimate(s: Session, viewer: Viewer, number: int, data: FormData) -> None:
    due, comment = _day(data, "due"), web.field(data, "comment")
    after = web.whole(data, "after") if "after" in data else None
    await money.hand_in_estimate(s, viewer, number, lines(data), due, comment, after=after)


def lines(data: FormData) -> list[pricing.Line]:
    """The lines of the estimate form; empty ones are left out. Prices are typed in roubles, one rate holds for all."""
    columns = [
        [v if isinstance(v, str) else "" for v in data.getlist(f"line_{name}")]
        for name in ("text", "quantity", "price", "unit")
    ]
    if len({len(c) for c in columns}) > 1:
        raise Invalid({"lines": "Строки оценки пришли не целиком. Обновите страницу и отправьте снова."})
    rows = [row for row in zip(*columns, strict=True) if any(cell.strip() for cell in row[:3])]
    vat = web.field(data, "vat")
    return [
        pricing.Line(text=what, quantity=quantity, price=price, unit=unit, vat=vat)
        for what, quantity, price, unit in rows
    ]


def _day(data: FormData, name: str) -> date | None:
    raw = web.field(data, name).strip()
    try:
        return date.fromisoformat(raw) if raw else None
    except ValueError:
        raise Invalid({name: "Дата в виде 24.11.2026"}) from None


def _post(path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
    return Route("/tickets/{number}/" + path, endpoint, methods=["POST"])


routes = [
    _post("messages", saying(PUBLIC)),
    _post("notes", saying(STAFF)),
    _post("messages/{seq}/edit", rewriting(PUBLIC, delete=False)),
    _post("messages/{seq}/delete", rewriting(PUBLIC, delete=True)),
    _post("notes/{seq}/edit", rewriting(STAFF, delete=False)),
    _post("notes/{seq}/delete", rewriting(STAFF, delete=True)),
    _post("status", form(_status)),
    _post("claim", form(_claim)),
    _post("assignee", form(_assignee)),
    _post("participants", form(_participants)),
    _post("urgency", form(_urgency)),
    _post("service", form(_service)),
    _post("rating", form(_rating)),
    _post("payment", form(_payment)),
    _post("time", form(_time)),
    _post("estimates", form(_estimate)),
]
