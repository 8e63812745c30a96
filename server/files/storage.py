"""Where the bytes of files lie: a folder in DATA_DIR or an S3 bucket. Knows ids and bytes, no people and no rights."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import obstore
from obstore.store import LocalStore, ObjectStore, from_url

from server.config import Settings

CHUNK = 64 * 1024


class Storage:
    """Files by id. Whatever the store, an upload is first written whole to `incoming` on this machine."""

    def __init__(self, settings: Settings) -> None:
        self._folder = None if settings.files_url else settings.data_dir / "files"
        self.incoming = settings.data_dir / "incoming"
        self.incoming.mkdir(parents=True, exist_ok=True)
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
        self._store: ObjectStore = LocalStore(self._folder) if self._folder else from_url(settings.files_url or "")

    def new_place(self) -> Path:
        """A temporary name for an upload that is coming in."""
        return self.incoming / secrets.token_hex(16)

    async def keep(self, file_id: str, source: Path) -> None:
        """Takes over a file that was written and synced: after this it is there whole, also after a power cut."""
        if self._folder is None:
            await obstore.put_async(self._store, _key(file_id), source)
            await asyncio.to_thread(source.unlink)
        else:
            await asyncio.to_thread(_move, source, self._folder / _key(file_id))

    async def put(self, file_id: str, data: bytes) -> None:
        """Keeps something that can be made again (a preview)."""
        await obstore.put_async(self._store, _key(file_id), data)

    async def read(self, file_id: str) -> bytes | None:
        """The whole of something small; None when it is not there."""
        try:
            found = await obstore.get_async(self._store, _key(file_id))
        except FileNotFoundError:
            return None
        return bytes(await found.bytes_async())

    async def open(self, file_id: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes `start` to before `end`; `FileNotFoundError` when they are not there."""
        found = await obstore.get_async(self._store, _key(file_id), options={"range": (start, end)})
        return _chunks(found)

    async def delete(self, file_id: str) -> None:
        """Removes it, if it is there."""
        with suppress(FileNotFoundError):
            await obstore.delete_async(self._store, _key(file_id))

    async def kept_before(self, moment: datetime) -> AsyncIterator[str]:
        """Ids (and names of previews) that were kept before a moment."""
        async for page in obstore.list(self._store):
            for item in page:
                if item["last_modified"] < moment:
                    yield item["path"].rsplit("/", 1)[-1]

    def abandoned_before(self, moment: datetime) -> list[Path]:
        """Uploads that stopped half-way, left behind by a killed process."""
        limit = moment.timestamp()
        return [path for path in self.incoming.iterdir() if path.stat().st_mtime < limit]


async def _chunks(found: "obstore.GetResult") -> AsyncIterator[bytes]:
    async for chunk in found.stream(min_chunk_size=CHUNK):
        yield bytes(chunk)


def _key(file_id: str) -> str:
    return f"{file_id[:2]}/{file_id}"


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    source.rename(target)
    for folder in (target.parent, target.parent.parent):  # the new name itself must survive a power cut
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
