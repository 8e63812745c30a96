"""Waiting for a condition instead of sleeping."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")


@overload
async def until(condition: Callable[[], Awaitable[T]], within: float = ..., what: str = ...) -> T: ...
@overload
async def until(condition: Callable[[], T], within: float = ..., what: str = ...) -> T: ...
async def until(condition: Callable[[], T | Awaitable[T]], within: float = 5.0, what: str = "") -> T:
    """The first true value of the condition; AssertionError after `within` seconds, naming `what`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        outcome = condition()
        value = await outcome if inspect.isawaitable(outcome) else outcome
        if value:
            return value
        assert loop.time() < deadline, f"not within {within} s: {what or condition}"
        await asyncio.sleep(0.01)
