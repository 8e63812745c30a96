"""A real HTTP gateway for SMS on loopback: POST JSON {"to", "text"}; it fails or is slow when told to."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.parts.serve import serving
from tests.parts.until import until


@dataclass(frozen=True)
class Sms:
    to: str
    text: str

    @property
    def code(self) -> str:
        """The first number in the text."""
        found = re.search(r"\d+", self.text)
        assert found, f"no code in {self.text!r}"
        return found[0]


@dataclass
class SmsGateway:
    """`messages` got 2xx; `status` is its answer; `hold` keeps answers back until `release`."""

    url: str = ""
    messages: list[Sms] = field(default_factory=list)
    refused: int = 0
    holding: int = 0
    status: int = 200
    _open: asyncio.Event = field(default_factory=asyncio.Event)

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    def reset(self) -> None:
        self.messages.clear()
        self.refused = 0
        self.status = 200
        self.release()

    def to(self, phone: str) -> list[Sms]:
        return [message for message in self.messages if message.to == phone]

    async def wait(self, phone: str, count: int = 1, within: float = 20.0) -> list[Sms]:
        """The messages to the phone, once there are `count` of them."""
        await until(lambda: len(self.to(phone)) >= count, within, f"{count} SMS to {phone}")
        return self.to(phone)

    async def wait_refused(self, count: int = 1, within: float = 20.0) -> None:
        await until(lambda: self.refused >= count, within, f"{count} refused SMS")

    async def take(self, request: Request) -> JSONResponse:
        body = await request.json()
        sms = Sms(to=body["to"], text=body["text"])
        self.holding += 1
        await self._open.wait()
        self.holding -= 1
        if self.status < 300:
            self.messages.append(sms)
        else:
            self.refused += 1
        return JSONResponse({}, status_code=self.status)


@pytest.fixture(scope="session")
async def sms_gateway() -> AsyncIterator[SmsGateway]:
    """One address for the whole session, so that an application may be configured once."""
    gateway = SmsGateway()
    gateway.release()
    app = Starlette(routes=[Route("/send", gateway.take, methods=["POST"])])
    async with serving(app) as address:
        gateway.url = f"{address}/send"
        yield gateway
        gateway.release()


@pytest.fixture
async def sms(sms_gateway: SmsGateway) -> AsyncIterator[SmsGateway]:
    """The session's gateway without messages and obliging again."""
    sms_gateway.reset()
    yield sms_gateway
    sms_gateway.reset()
