"""Limits of sockets, kept in memory for each process. Limits on what costs money or guesses are kept in the
database instead."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from server.config import Limits

KNOCKS_PER_SECOND = 20
KEPT = 1000


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

    def skip(self) -> None:
        """The time since the last `take` does not count: it was ours."""
        self.at = time.monotonic()

    def is_full(self) -> bool:
        """Whether nothing was taken lately."""
        return self.tokens + (time.monotonic() - self.at) * self.rate >= self.burst

    def owe(self) -> float:
        """Takes a token that may not be there yet: the seconds until it will be."""
        wait = self.take()
        if wait:
            self.tokens -= 1
        return wait


class Buckets:
    """One for each person, however often they come and go. Among many, those that have become full again are let go."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self._of: dict[int, Bucket] = {}
        self._most = KEPT

    def of(self, person: int) -> Bucket:
        if len(self._of) > self._most:
            self._of = {p: b for p, b in self._of.items() if not b.is_full()}
            self._most = max(KEPT, 2 * len(self._of))
        return self._of.setdefault(person, Bucket(self.rate, self.burst))


class Doorman:
    """Counts open sockets by person and by address, and how fast each person speaks."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._sockets: Counter[int | str] = Counter()
        self._speech = Buckets(limits.say_per_second, limits.say_burst)
        # None waits where there is no limit on the number of sockets.
        knocks = KNOCKS_PER_SECOND if limits.sockets_per_user else 0
        self._knocks = Buckets(knocks, 4 * limits.sockets_per_user)

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

    def knocks(self, person: int) -> float:
        """The seconds after which this person's newest socket is answered: at once, unless they keep coming back."""
        return self._knocks.of(person).owe()

    def says(self, person: int) -> float:
        """0 when this person may say one more thing now, else the seconds to wait."""
        return self._speech.of(person).take()


def _within(count: int, limit: int) -> bool:
    return not limit or count <= limit
