"""The pages' doors to files: upload from a form being written, download, preview. Cookie and CSRF check, no tokens."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server import web
from server.files import actions, downloads, queries
from server.files.model import File


async def upload(request: Request) -> Response:
    """Keeps a file that waits for its message."""
    parts = web.journal(request)
    async with parts.db.reading() as s:
        viewer = await web.require(s, request)
    file = await downloads.received(request, viewer.id)
    async with downloads.kept_or_removed(parts.storage, [file]), parts.db.transaction() as s:
        answer = await actions.keep(s, viewer, file)
    return JSONResponse(answer, 201)


async def download(request: Request) -> Response:
    """Gives a file to whoever may see where it stands."""
    return await downloads.download(request, web.journal(request).storage, await _found(request))


async def preview(request: Request) -> Response:
    """A small likeness of a picture."""
    return await downloads.preview(request, web.journal(request).storage, await _found(request))


async def _found(request: Request) -> File:
    async with web.journal(request).db.reading() as s:
        return await queries.find(s, await web.require(s, request), request.path_params["id"])


routes = [
    Route("/files", upload, methods=["POST"]),
    Route("/files/{id}", download),
    Route("/files/{id}/preview", preview),
]
