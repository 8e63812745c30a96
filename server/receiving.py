"""Bodies as they come in: counted while they are read, and not waited for without end. Who may send one is asked
before."""

import asyncio

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.types import Message

from server.errors import TimedOut, TooLarge

MB = 1024 * 1024
MAX_BODY = 8 * MB  # a megabyte of letters, each escaped as \uXXXX, must still be told the limit of its field
MAX_SECONDS = 30.0
IDLE = 30.0  # files take the time they take, as long as something comes


async def body(request: Request, most: int = MAX_BODY) -> bytes:
    """The whole body; `TooLarge` as soon as it is known to be."""
    try:
        async with asyncio.timeout(MAX_SECONDS):
            return await _counted(request, most).body()
    except TimeoutError:
        raise _late() from None


async def form(request: Request, most: int = MAX_BODY) -> FormData:
    """A form of typed fields; more of them than any form of ours has, and files, are refused before they are kept."""
    try:
        async with asyncio.timeout(MAX_SECONDS):
            return await _parsed(_counted(request, most), max_files=0)
    except TimeoutError:
        raise _late() from None


async def form_with_files(request: Request, most: int | None, max_files: int) -> FormData:
    """A form with files, which wait in temporary ones: whoever asks for it closes it. `most` None is no limit."""
    return await _parsed(_counted(request, most), max_files=max_files)


async def _parsed(request: Request, max_files: int) -> FormData:
    return await request.form(max_files=max_files, max_fields=300, max_part_size=MAX_BODY)


def _counted(request: Request, most: int | None) -> Request:
    """The request, whose body ends in a refusal where it grows beyond `most` or stops coming."""
    declared, taken = request.headers.get("content-length", ""), 0
    if most is not None and declared.isdecimal() and int(declared) > most:
        raise _too_large(most)

    async def receive() -> Message:
        nonlocal taken
        try:
            async with asyncio.timeout(IDLE):
                message = await request.receive()
        except TimeoutError:
            raise _late() from None
        taken += len(message.get("body", b""))
        if most is not None and taken > most:
            raise _too_large(most)
        return message

    return Request(request.scope, receive)


def _too_large(most: int) -> TooLarge:
    return TooLarge("Тело запроса больше %(limit)d МБ", values={"limit": max(1, most // MB)})


def _late() -> TimedOut:
    return TimedOut("Запрос пришёл не целиком. Отправьте его ещё раз.")
