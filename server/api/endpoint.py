"""The API's edge, the same for every call: bearer → may they see it → may they do it → body → one transaction with
one action → JSON. A call is a row (`Endpoint`) that the router runs and the description (`server.openapi`) reads."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from server import receiving, web
from server.api import idempotency
from server.api.bodies import Body, Query, parameters, parse, wrong
from server.db import Session
from server.errors import Invalid, Refusal, Unauthorised, UnsupportedType, WrongWay
from server.people.policy import Viewer

Gate = Callable[[Session, Viewer, Request], Awaitable[str | None]]


async def everybody(_s: Session, _viewer: Viewer, _request: Request) -> None:
    """A gate that lets through whoever has a token."""


@dataclass(frozen=True)
class Audience:
    """Who may make a call: in words for the description, and as the gate that raises `NotFound` or `Forbidden`. A gate
    gives back how that stands which the call changes."""

    words: str
    gate: Gate = everybody


@dataclass(frozen=True)
class Call:
    """One call on its way: what a handler works with. For a reading call `s` only reads; `seen` is what the gate of a
    writing one saw: whoever was quicker has changed it since."""

    request: Request
    s: Session
    viewer: Viewer
    body: Any = None
    query: Any = None
    seen: str | None = None

    @property
    def number(self) -> int:
        return web.number(self.request)

    @property
    def journal(self) -> web.Journal:
        return web.journal(self.request)


@dataclass(frozen=True)
class Read:
    """A body as it was understood; `mark`, a SHA-256 in hex, tells two bodies apart."""

    value: Any
    mark: str


Handler = Callable[[Call], Awaitable[Any]]
MoreWrong = Callable[[Session, Viewer, dict[str, Any]], Awaitable[dict[str, str]]]


@dataclass(frozen=True)
class Endpoint:
    """One method of one path. `more_wrong` finds what else is wrong with a body, so that everything is said at once;
    `turn` is waited for before a connection is taken; `takes` reads a body that is no JSON, `drops` undoes that when
    the call is refused or an earlier answer stands."""

    handler: Handler
    audience: Audience
    body: type[Body] | None = None
    query: type[Query] | None = None
    answer: type[BaseModel] | None = None
    status: int = 200
    more_wrong: MoreWrong | None = None
    turn: Callable[[Request], AbstractAsyncContextManager[None]] = lambda _request: nullcontext()
    takes: Callable[[Request, Viewer], Awaitable[Read]] | None = None
    drops: Callable[[Request, Any], Awaitable[None]] | None = None

    async def read(self, request: Request) -> Response:
        """A call that changes nothing."""
        async with self.turn(request), web.journal(request).db.reading() as s:
            viewer = await _viewer(s, request)
            await self.audience.gate(s, viewer, request)
            query = parameters(request.query_params.multi_items(), self.query) if self.query else None
            answer = await self.handler(Call(request, s, viewer, query=query))
        return answer if isinstance(answer, Response) else JSONResponse(answer, self.status)

    async def write(self, request: Request) -> Response:
        """A call that changes something: one transaction, or the answer it gave the first time."""
        db = web.journal(request).db
        async with db.reading(one_moment=True) as s:  # a twin that commits just now is seen by both questions or none
            viewer = await _viewer(s, request)
            key, seen = _key(request, viewer), None
            if not await idempotency.answered(s, key):
                seen = await self.audience.gate(s, viewer, request)
        read = await self._read_body(request, viewer)
        try:
            async with db.transaction() as s:
                viewer = await _viewer(s, request)  # the body took its time: rights are read again
                if key and (first := await idempotency.begin(s, key, read.mark)):
                    if self.drops:
                        await self.drops(request, read.value)
                    return Response(first.answer, first.status, media_type="application/json")
                response = await self._done(Call(request, s, viewer, body=read.value, seen=seen), key)
        except Refusal:  # whatever else is raised may come after the commit: then what was read belongs to a row
            if self.drops:
                await self.drops(request, read.value)
            raise
        return response

    async def _done(self, call: Call, key: idempotency.Key | None) -> Response:
        answer = await self.handler(call)
        if answer is None:
            return Response(status_code=204)
        response = JSONResponse(answer, self.status)
        if key:
            await idempotency.keep(call.s, key, self.status, bytes(response.body).decode())
        return response

    async def _read_body(self, request: Request, viewer: Viewer) -> Read:
        if self.takes:
            return await self.takes(request, viewer)
        if self.body is None:
            return Read(None, "")
        raw = parse(await _received(request))
        try:
            value = self.body.model_validate(raw)
        except ValidationError as problem:
            raise Invalid(wrong(problem) | await self._more_wrong(request, viewer, raw, wrong(problem))) from None
        return Read(value, hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest())

    async def _more_wrong(
        self, request: Request, viewer: Viewer, raw: dict[str, Any], found: dict[str, str]
    ) -> dict[str, str]:
        if self.more_wrong is None:
            return {}
        async with web.journal(request).db.reading() as s:
            return await self.more_wrong(s, viewer, {k: v for k, v in raw.items() if k not in found})


class Resource:
    """The calls of one path, by method."""

    def __init__(self, calls: dict[str, Endpoint]) -> None:
        self.calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            response = await self._answer(request)
        except Refusal as refusal:
            response = web.problem(refusal, web.locale(request))
            if refusal.status == 401:
                response.headers["www-authenticate"] = "Bearer"
        except ClientDisconnect:  # nobody is left to be told
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        call = self.calls.get(method)
        if call is None:
            response = web.problem(WrongWay(405), web.locale(request))
            response.headers["allow"] = ", ".join(self.calls)
            return response
        return await (call.read(request) if method == "GET" else call.write(request))


def resource(path: str, **calls: Endpoint) -> Route:
    """A path under /api/v1 with its calls, named by method."""
    return Route("/api/v1" + path, Resource(calls))


async def _viewer(s: Session, request: Request) -> Viewer:
    asking = await web.by_token(s, request)
    if asking is None:
        raise Unauthorised("Нужен ключ доступа: Authorization: Bearer …")
    request.state.viewer = asking.viewer
    return asking.viewer


def _key(request: Request, viewer: Viewer) -> idempotency.Key | None:
    if request.method != "POST":
        return None
    path = request.scope["raw_path"].decode("latin-1")  # as it was sent: printable, whatever it stands for
    return idempotency.key(viewer.id, "POST", path, request.headers.get("idempotency-key"))


async def _received(request: Request) -> bytes:
    data = await receiving.body(request)
    type_ = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if data and type_ != "application/json" and not type_.endswith("+json"):
        raise UnsupportedType("Здесь ждали application/json")
    return data
