"""A process that is told to stop stops cleanly: systemd and shells see status 0, nobody a traceback."""

import signal
import socket
from collections.abc import Iterator

import pytest
import uvicorn

from server import serving
from tests.parts.process import free_port


class _Told(uvicorn.Server):
    """Hears the signal as soon as it serves."""

    def __init__(self, port: int, told: signal.Signals) -> None:
        super().__init__(uvicorn.Config(_nothing, port=port, lifespan="off", log_level="critical"))
        self.told = told

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        signal.raise_signal(self.told)


async def _nothing(_scope: object, _receive: object, _send: object) -> None:
    """Nobody calls."""


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """What is done with signals belongs to pytest again."""
    before = {one: signal.getsignal(one) for one in signal.valid_signals()}
    yield
    for one, handler in before.items():
        if handler is not signal.getsignal(one):
            signal.signal(one, handler)


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_clean_stop_is_status_zero(told: signal.Signals) -> None:
    assert serving.run(_Told(free_port(), told)) == 0


def test_one_that_cannot_start_is_status_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert serving.run(_Told(taken.getsockname()[1], signal.SIGTERM)) == 1


@pytest.mark.parametrize(("app", "status"), [("stopping", 0), ("breaking", 1)])
def test_several_end_as_one_would(app: str, status: int) -> None:
    config = uvicorn.Config(f"tests.parts.start:{app}", workers=2, port=free_port(), lifespan="on", log_level=60)
    assert serving.run_several(config) == status
