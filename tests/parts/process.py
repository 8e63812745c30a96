"""A program the suite starts: waited for, stopped, killed or frozen; it never outlives the suite."""

import asyncio
import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

from tests.parts.until import until

Ready = Callable[[], bool | Awaitable[bool]]


# Below those that the system itself hands out (to the other process of the suite, say, between our look and our use);
# each process of the suite begins elsewhere.
_PORTS = itertools.cycle(random.SystemRandom().sample(range(12_000, 32_000), 2_000))


def free_port() -> int:
    """A TCP port that is free on loopback, and that nobody is handed by chance before it is used."""
    for port in _PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


async def answers(port: int) -> bool:
    """Whether somebody listens on the loopback port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


class Process:
    """One program; `start` again after `stop` or `kill` runs the same command anew.

    `user` (for root only) runs it as that account; `farewell` is the signal it takes as "finish and go".
    """

    def __init__(
        self,
        command: list[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        farewell: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.command = command
        self.log = log
        self.env = env
        self.user = user
        self.farewell = farewell
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        return self._running is not None and self._running.poll() is None

    @property
    def pid(self) -> int:
        assert self._running is not None, "not started"
        return self._running.pid

    @property
    def returncode(self) -> int | None:
        return self._running.poll() if self._running else None

    async def start(self, ready: Ready | None = None, within: float = 60.0) -> None:
        """Runs the command and waits until it is ready; AssertionError with its log when it is not."""
        assert not self.alive, "already started"
        with self.log.open("ab") as log:
            # Not in a thread: the kernel's "parent died" is about the thread that forked.
            self._running = subprocess.Popen(  # noqa: ASYNC220
                [*_dies_with_us(), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.env,
                cwd="/" if self.user else None,
                user=self.user,
                extra_groups=[] if self.user else None,
                start_new_session=True,  # Ctrl+C is for the suite, which then stops its programs itself
            )
        if ready is None:
            return
        try:
            await until(lambda: not self.alive or ready(), within, f"{self.command[0]} ready")
            assert self.alive, f"{self.command[0]} ended with {self.returncode}"
        except AssertionError as error:
            await self.kill()
            raise AssertionError(f"{error}\n{self.log_tail()}") from None

    async def stop(self, within: float = 15.0) -> int:
        """Asks it to finish, kills it when it does not; its exit code."""
        return await self._end(self.farewell, within)

    async def kill(self) -> int:
        """What a power cut or the out-of-memory killer does."""
        return await self._end(signal.SIGKILL, 15.0)

    def freeze(self) -> None:
        """It keeps its port and answers nobody, until `thaw`."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def log_tail(self, size: int = 4000) -> str:
        return self.log.read_text(errors="replace")[-size:] if self.log.exists() else ""

    async def _end(self, by: signal.Signals, within: float) -> int:
        running = self._running
        if running is None:
            return 0
        if running.poll() is None:
            running.send_signal(by)
            running.send_signal(signal.SIGCONT)  # a frozen one hears nothing else
        try:
            return await asyncio.to_thread(running.wait, within)
        except subprocess.TimeoutExpired:
            running.kill()
            return await asyncio.to_thread(running.wait)


def _dies_with_us() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
