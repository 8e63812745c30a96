"""Limits of sockets, kept in memory for each process. Limits on what costs money or guesses are kept in the
database instead."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from server.config import Limits


class Bucket:
    """`rate` tokens a second, at most `burst` of them; a rate of 0 means no limit."""

    __slots__ = ("at", "burst", "rate", "tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self.tokens, self.at = burst, time.monotonic()

    def take(self) -> float:
        """0 when a token was there, else the seconds until one will be."""
        if not self.rate:
            return 0.0
        moment = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (moment - self.at) * self.rate)
        self.at = moment
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / self.rate


class Doorman:
    """Counts open sockets by person and by address, and how fast each person speaks."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._sockets: Counter[int | str] = Counter()
        self._speech: dict[int, Bucket] = {}

    @contextmanager
    def admitted(self, person: int, address: str) -> Iterator[bool]:
        """Counts one socket for as long as it lives; False when it is one too many."""
        self._sockets.update((person, address))
        try:
            yield _within(self._sockets[person], self.limits.sockets_per_user) and _within(
                self._sockets[address], self.limits.sockets_per_address
            )
        finally:
            self._sockets.subtract((person, address))
            self._sockets += Counter()  # drops what fell to zero
            if person not in self._sockets:
                self._speech.pop(person, None)

    def says(self, person: int) -> float:
        """0 when this person may say one more thing now, else the seconds to wait."""
        rate, burst = self.limits.say_per_second, self.limits.say_burst
        return self._speech.setdefault(person, Bucket(rate, burst)).take()


def _within(count: int, limit: int) -> bool:
    return not limit or count <= limit
