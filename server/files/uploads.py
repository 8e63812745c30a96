"""A file on its way in: read piece by piece to a temporary name, measured, recognised, and only then kept under a row.

Order against power cuts and kills: temporary name → fsync → rename → row. What is left half-way is swept."""

import asyncio
import errno
import hashlib
import os
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from server.clock import now
from server.db import Database
from server.errors import Invalid, NoRoom, TimedOut, TooLarge, UnsupportedType
from server.files import actions, kinds, names, previews
from server.files.kinds import HEAD
from server.files.model import File
from server.files.storage import Storage

IDLE = 30.0
SLOWEST = 1024  # bytes a second, reckoned from the thirtieth second on
MB = 1024 * 1024
AROUND = 64 * 1024  # what the form adds around the file
_STOPPED = "Файл перестал приходить. Отправьте его ещё раз."
_TORN = "Файл пришёл не целиком. Отправьте его ещё раз."


@dataclass
class Upload:
    """A file that has arrived whole at its temporary place; the one who receives it unlinks it or has it kept."""

    path: Path
    name: str = ""
    size: int = 0
    head: bytes = b""
    sha256: str = ""


@dataclass
class _Form:
    """The one form that is taken: a single part `file`. The parser's callbacks collect; writing is done outside."""

    name: str | None = None
    whole: bool = False
    pieces: list[bytes] = field(default_factory=list)
    _header: dict[str, bytes] = field(default_factory=dict)
    _field: bytes = b""
    _value: bytes = b""

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._grow("_field", data[start:end]),
            "on_header_value": lambda data, start, end: self._grow("_value", data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._named,
            "on_part_data": lambda data, start, end: self.pieces.append(data[start:end]),
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if self.name is not None:
            raise Invalid({"file": "По одному файлу за раз"})
        self._header.clear()

    def _grow(self, which: str, data: bytes) -> None:
        setattr(self, which, getattr(self, which) + data)

    def _header_end(self) -> None:
        self._header[self._field.decode("latin-1").lower()] = self._value
        self._field = self._value = b""

    def _named(self) -> None:
        _, options = parse_options_header(self._header.get("content-disposition", b""))
        part = options.get(b"name", b"").decode("utf-8", "replace")
        if part != "file":
            raise Invalid({part or "file": "Такого поля нет"})
        if b"filename" not in options:
            raise Invalid({"file": "Здесь ждали файл"})
        self.name = options[b"filename"].decode("utf-8", "replace")

    def _end(self) -> None:
        self.whole = True


def boundary(content_type: str) -> bytes:
    """The boundary of a multipart form; `UnsupportedType` for everything else."""
    kind, options = parse_options_header(content_type.encode("latin-1", "replace"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise UnsupportedType("Здесь ждали форму с файлом (multipart/form-data)")
    return options[b"boundary"]


async def receive(
    chunks: AsyncIterator[bytes], content_type: str, declared: int | None, limit_mb: int, place: Path
) -> Upload:
    """Reads the form to the end and leaves its file at `place`; on any refusal nothing is left there.
    `limit_mb` 0 means no limit; `declared` is the length of the whole body where the client said it."""
    divider = boundary(content_type)
    limit = limit_mb * MB + AROUND
    if limit_mb and declared is not None and declared > 2 * limit:
        raise _too_large(limit_mb)  # not worth reading on to be polite
    try:
        with _Target(place, limit_mb) as target:
            return await _read(_paced(chunks), divider, target)
    except (TooLarge, Invalid):
        await _drain(chunks, limit)
        raise


async def copy(chunks: AsyncIterator[bytes], name: str, limit_mb: int, place: Path) -> Upload:
    """Measures a file that is here already and leaves it at `place`; on any refusal nothing is left there."""
    with _Target(place, limit_mb) as target:
        async for chunk in chunks:
            await target.add(chunk)
        return await target.settled(name)


class _Target:
    """The temporary file being written; whatever goes wrong inside, it is gone afterwards."""

    def __init__(self, place: Path, limit_mb: int) -> None:
        self.limit_mb = limit_mb
        self.upload = Upload(place)
        self.taken = 0
        self._digest = hashlib.sha256()
        self._file: BinaryIO

    def __enter__(self) -> "_Target":
        self._file = self.upload.path.open("wb")
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, _trace: object) -> None:
        self._file.close()
        if kind is None:
            return
        self.upload.path.unlink(missing_ok=True)
        if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise NoRoom("На сервере кончилось место для файлов. Сообщение можно отправить без файла.") from problem

    def count(self, octets: int) -> None:
        """What came over the wire, the form around the file included."""
        self.taken += octets
        if self.limit_mb and self.taken > self.limit_mb * MB + AROUND:
            raise _too_large(self.limit_mb)

    async def add(self, data: bytes) -> None:
        self.upload.size += len(data)
        self.upload.head += data[: HEAD - len(self.upload.head)]
        if self.limit_mb and self.upload.size > self.limit_mb * MB:
            raise _too_large(self.limit_mb)
        if data:
            await asyncio.to_thread(self._write, data)

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)

    async def settled(self, name: str) -> Upload:
        """Everything is on the disk, by this name and digest."""
        if not self.upload.size:
            raise Invalid({"file": "Файл пустой"})
        await asyncio.to_thread(self._settle)
        self.upload.name, self.upload.sha256 = name, self._digest.hexdigest()
        return self.upload

    def _settle(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())


def _too_large(limit_mb: int) -> TooLarge:
    return TooLarge("Файл больше %(limit)d МБ. Сожмите его или разделите.", values={"limit": limit_mb}, field="file")


async def _read(chunks: AsyncIterator[bytes], divider: bytes, target: _Target) -> Upload:
    form = _Form()
    parser = MultipartParser(divider, form.callbacks())  # type: ignore[arg-type]
    async for chunk in chunks:
        target.count(len(chunk))
        try:
            parser.write(chunk)
        except FormParserError:
            raise Invalid({"file": _TORN}) from None
        data = b"".join(form.pieces)
        form.pieces.clear()
        await target.add(data)
    if not form.whole or form.name is None:
        raise Invalid({"file": _TORN if form.name is not None else "Приложите файл"})
    return await target.settled(form.name)


async def _paced(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The chunks as they come, but whoever sends nothing for half a minute, or only drips, is cut off."""
    begun, taken = time.monotonic(), 0
    while True:
        try:
            async with asyncio.timeout(IDLE):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise TimedOut(_STOPPED) from None
        taken += len(chunk)
        if taken < (time.monotonic() - begun - IDLE) * SLOWEST:
            raise TimedOut(_STOPPED)
        yield chunk


async def _drain(chunks: AsyncIterator[bytes], most: int) -> None:
    """Reads on for a while after a refusal: a client that is still sending would see a cut line, not the answer."""
    read = 0
    try:
        async with asyncio.timeout(10):
            async for chunk in chunks:
                read += len(chunk)
                if read > most:
                    return
    except TimeoutError:
        return


async def accept(upload: Upload, storage: Storage, uploader: int) -> File:
    """Recognises what has arrived and keeps its bytes; the row that is given back is not in the database yet."""
    name = names.clean(upload.name)
    type_ = kinds.served_type(name, upload.head)
    size = await previews.dimensions(upload.path) if type_ in kinds.PREVIEWED else None
    if size and size[0] * size[1] > previews.MOST_PIXELS:
        raise Invalid({"file": "Картинка слишком велика: %(width)d × %(height)d точек"},
                      values={"width": size[0], "height": size[1]})  # fmt: skip
    file = File(
        id=secrets.token_hex(16), name=name, size=upload.size, type=type_, sha256=upload.sha256,
        uploader_id=uploader, width=size[0] if size else None, height=size[1] if size else None,
    )  # fmt: skip
    await storage.keep(file.id, upload.path)
    return file


async def sweep(db: Database, storage: Storage) -> int:
    """Removes uploads nobody took within a day, what a kill left half-way, bytes without a row. Safe at any time."""
    async with db.transaction() as s:
        gone = await actions.forget_unreferenced(s)
    old = now() - actions.UNREFERENCED
    kept = [name async for name in storage.kept_before(old)]
    async with db.reading() as s:
        for start in range(0, len(kept), 500):
            some = kept[start : start + 500]
            known = await actions.known(s, [name.partition(".")[0] for name in some])
            gone += [name for name in some if name.partition(".")[0] not in known]
    for name in gone:
        await storage.delete(name)
    for path in storage.abandoned_before(old):
        path.unlink(missing_ok=True)
    return len(set(gone))
