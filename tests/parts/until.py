"""Waiting for a condition instead of sleeping, and times that are promised."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")


@overload
async def until(condition: Callable[[], Awaitable[T]], within: float = ..., what: str = ...) -> T: ...
@overload
async def until(condition: Callable[[], T], within: float = ..., what: str = ...) -> T: ...
async def until(condition: Callable[[], T | Awaitable[T]], within: float = 15.0, what: str = "") -> T:
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


async def in_time(act: Callable[[], Awaitable[object]], limit: float, tries: int = 5) -> None:
    """Asserts that the act takes less than `limit` seconds at least once in a few tries: a busy machine is slow now and
    then, what broke a promise is slow each time."""
    loop = asyncio.get_running_loop()
    took: list[float] = []
    while len(took) < tries:
        begun = loop.time()
        await act()
        took.append(loop.time() - begun)
        if took[-1] < limit:
            return
    raise AssertionError(f"each time {limit} s or more: {took}")
