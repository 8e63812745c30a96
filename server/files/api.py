"""Files over HTTP: an upload waits for a ticket or message that names it; who sees where it stands may download it."""

import hashlib
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server import web
from server.api import wire
from server.api.endpoint import Audience, Call, Endpoint, Read, resource
from server.db import Session
from server.files import actions, downloads, queries
from server.files.model import File
from server.people.policy import Viewer


async def _gate(s: Session, viewer: Viewer, request: Request) -> None:
    await queries.find(s, viewer, request.path_params["id"])


async def _take(request: Request, viewer: Viewer) -> Read:
    file = await downloads.received(request, viewer.id)
    return Read(file, hashlib.sha256(f"{file.name}|{file.sha256}".encode()).hexdigest())


async def _drop(request: Request, file: File) -> None:
    await web.journal(request).storage.delete(file.id)


async def upload(call: Call) -> dict[str, Any]:
    """Takes one file in (multipart form, part `file`). It is the uploader's until a ticket or message takes it."""
    return await actions.keep(call.s, call.viewer, call.body)


async def download(call: Call) -> Response:
    """The file, always as a download; one byte range at a time."""
    file = await queries.find(call.s, call.viewer, call.request.path_params["id"])
    return await downloads.download(call.request, call.journal.storage, file)


READS = Audience("the uploader while it waits, then who sees the room it stands in", _gate)

routes = [
    resource(
        "/files",
        POST=Endpoint(upload, Audience("whoever has a token"), answer=wire.File, status=201, takes=_take, drops=_drop),
    ),
    resource("/files/{id}", GET=Endpoint(download, READS)),
]
