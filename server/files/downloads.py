"""Files at the edge: taken in from a form, given out as downloads that can't act in the browser, and as previews."""

import logging
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from server import web
from server.errors import NotFound, Refusal
from server.files import kinds, names, previews, uploads
from server.files.model import File
from server.files.storage import Storage

log = logging.getLogger(__name__)

# Even where a browser is talked into showing it, nothing in it runs or loads.
HARMLESS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox; default-src 'none'",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "private, no-cache",
}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.A)


async def download(request: Request, storage: Storage, file: File) -> Response:
    """The file, a range of it (206), nothing new (304), or 416 for a range that is none."""
    tag = f'"{file.sha256}"'
    headers = HARMLESS | {"etag": tag, "accept-ranges": "bytes", "content-disposition": names.disposition(file.name)}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    asked = request.headers.get("range", "")
    if not asked.startswith("bytes=") or request.headers.get("if-range", tag) != tag:
        return await _answer(request, storage, file, 0, file.size, 200, headers)
    span = _span(asked, file.size)
    if span is None:
        return Response(status_code=416, headers=headers | {"content-range": f"bytes */{file.size}"})
    headers["content-range"] = f"bytes {span[0]}-{span[1] - 1}/{file.size}"
    return await _answer(request, storage, file, *span, 206, headers)


async def _answer(
    request: Request, storage: Storage, file: File, start: int, end: int, status: int, headers: dict[str, str]
) -> Response:
    headers |= {"content-length": str(end - start)}
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=file.type)
    try:
        chunks = await storage.open(file.id, start, end)
    except FileNotFoundError:
        log.error("files: the bytes of %s are missing", file.id)
        raise NotFound("Такого файла нет или он вам не открыт") from None
    # Not `media_type`: Starlette would add a charset that nobody knows.
    return StreamingResponse(chunks, status, headers | {"content-type": file.type})


def _span(asked: str, size: int) -> tuple[int, int] | None:
    """First and past-the-last byte of the one range asked for; several, reversed and out of reach are None."""
    found = _RANGE.fullmatch(asked.replace(" ", ""))
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        return (max(size - int(last), 0), size) if int(last) else None
    start, end = int(first), min(int(last) + 1 if last else size, size)
    return (start, end) if start < end else None


async def preview(request: Request, storage: Storage, file: File) -> Response:
    """A picture's small likeness, drawn anew once and kept; `NotFound` where there is nothing to draw."""
    headers = HARMLESS | {"etag": f'"{file.sha256}-preview"', "content-disposition": "inline"}
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    drawn = await storage.read(f"{file.id}.preview") or await _drawn(storage, file)
    return Response(drawn, headers=headers, media_type="image/webp")


async def _drawn(storage: Storage, file: File) -> bytes:
    original = await storage.read(file.id) if file.type in kinds.PREVIEWED and file.width else None
    drawn = await previews.draw(original) if original else None
    if drawn is None:
        raise NotFound("У этого файла нет картинки для просмотра")
    await storage.put(f"{file.id}.preview", drawn)
    return drawn


async def received(request: Request, viewer: int) -> File:
    """Takes the request's form in and keeps the file's bytes; its row is still to be written."""
    parts = web.journal(request)
    declared = request.headers.get("content-length", "")
    upload = await uploads.receive(
        request.stream(),
        request.headers.get("content-type", ""),
        int(declared) if declared.isdecimal() else None,
        parts.settings.limits.file_mb,
        parts.storage.new_place(),
    )
    return await _accepted(parts, upload, viewer)


async def attached(request: Request, viewer: int, part: UploadFile) -> File:
    """Keeps the bytes of a file that came with the other fields of a page's form; its row is still to be written."""
    parts = web.journal(request)
    upload = await uploads.copy(
        _pieces(part), part.filename or "", parts.settings.limits.file_mb, parts.storage.new_place()
    )
    return await _accepted(parts, upload, viewer)


@asynccontextmanager
async def parts_of(request: Request, viewer: int, data: FormData) -> AsyncIterator[list[File]]:
    """All files that came with a form, as a browser without a script sends them, around the transaction that writes
    their rows. One that is refused refuses the form."""
    files: list[File] = []
    async with kept_or_removed(web.journal(request).storage, files):
        for part in data.getlist("upload"):
            if isinstance(part, UploadFile) and part.filename:
                files.append(await attached(request, viewer, part))
        yield files


def ids_of(data: FormData) -> list[str]:
    """Ids of files that were uploaded before the form was sent."""
    return [v for v in data.getlist("files") if isinstance(v, str) and v]


async def _accepted(parts: web.Journal, upload: uploads.Upload, viewer: int) -> File:
    try:
        return await uploads.accept(upload, parts.storage, viewer)
    finally:
        upload.path.unlink(missing_ok=True)


async def _pieces(part: UploadFile) -> AsyncIterator[bytes]:
    while piece := await part.read(64 * 1024):
        yield piece


@asynccontextmanager
async def kept_or_removed(storage: Storage, files: Sequence[File]) -> AsyncIterator[None]:
    """Around the transaction that writes the rows: refused, the bytes go again. Whatever else goes wrong may go wrong
    after the commit, with the rows in their place: bytes that really have none are left to `uploads.sweep`."""
    try:
        yield
    except Refusal:
        for file in files:
            await storage.delete(file.id)
        raise
