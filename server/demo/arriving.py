"""The files of the history on their way into the storage: made and written in a thread of their own, through the same
receipt as any upload, while the first requests are being played."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future
from datetime import datetime
from threading import Thread

from server.demo import papers
from server.demo.calendar import moment, words
from server.demo.story import Attachment, Note, Request, Say
from server.files import uploads
from server.files.model import File
from server.files.storage import Storage

LIMIT_MB = 50
NOBODY = 0


class Arriving:
    """Files by what they are made from. Whose they are is known when they are attached."""

    def __init__(self, storage: Storage, requests: list[Request], start: datetime) -> None:
        self.storage = storage
        self.start = start
        self._first = {p: moment(r.at, start) for r in requests for p in _attached(r)}
        self._files: dict[Attachment, Future[File]] = {paper: Future() for paper in self._first}
        Thread(target=lambda: asyncio.run(self._all()), name="papers", daemon=True).start()

    async def file(self, paper: Attachment) -> File:
        """The file, as soon as it is there; its row is not in the database yet."""
        return await asyncio.wrap_future(self._files[paper])

    async def _all(self) -> None:
        for paper, arrived in self._files.items():
            try:
                arrived.set_result(await self._receive(paper))
            except BaseException as problem:
                arrived.set_exception(problem)

    async def _receive(self, paper: Attachment) -> File:
        data = papers.made(paper, lambda text: words(text, self.start, self._first[paper]))
        name, place = words(paper.name, self.start, self._first[paper]), self.storage.new_place()
        return await uploads.accept(await uploads.copy(_whole(data), name, LIMIT_MB, place), self.storage, NOBODY)


def _attached(request: Request) -> list[Attachment]:
    said = [p for step in request.steps if isinstance(step, Say | Note) for p in step.files]
    return [*request.files, *said]


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    yield data
