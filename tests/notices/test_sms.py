"""SMS leave once, in time, over any gateway, within the budget; what they say is told to nobody else."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from server.clock import now
from server.config import Settings
from server.db import Database
from server.notices import sms as channel
from server.notices.model import Dispatch
from server.notices.outcome import Refused, Unknown
from server.people import attempts
from server.people.entering import Budget
from tests.cast import Cast
from tests.notices.office import comes_true, later, quiet_outbox, rows, tried, working
from tests.parts.serve import serving
from tests.parts.sms import SmsGateway
from tests.parts.until import until

PHONE = "+79000000000"
TEXT = "482067 – код для входа"


async def put_down(db: Database, cast: Cast, *, life: float = 600, key: str = "code-1") -> None:
    """A code as people/entering puts it down, counted in the budgets."""
    async with db.transaction() as s:
        until_ = (now() + timedelta(seconds=life)).isoformat()
        s.add(
            Dispatch(
                channel="sms", kind="code", user_id=cast.anna.id, address=PHONE, secret=TEXT,
                values={"until": until_}, message_id=key,
            )
        )  # fmt: skip
        await attempts.add(s, "sms:journal", f"sms:user:{cast.anna.id}", f"sms:number:{PHONE}")


async def test_a_code_leaves_at_once_and_is_wiped(
    db: Database, cast: Cast, settings: Settings, sms: SmsGateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with working(db, replace(settings, sms_url=sms.url)):
        await put_down(db, cast)
        (message,) = await sms.wait(PHONE)
        await quiet_outbox(db)
    assert message.text == TEXT
    (row,) = await rows(db)
    assert (row.state, row.secret) == ("sent", None)
    assert "482067" not in caplog.text


async def test_a_code_past_its_life_is_never_sent(
    db: Database, cast: Cast, settings: Settings, sms: SmsGateway
) -> None:
    await put_down(db, cast, life=-1)
    async with working(db, replace(settings, sms_url=sms.url)):
        await quiet_outbox(db)
    (row,) = await rows(db)
    assert (row.state, row.secret, sms.messages) == ("dead", None, [])


async def test_a_refused_code_is_tried_again_but_not_after_its_life(
    db: Database, cast: Cast, settings: Settings, sms: SmsGateway
) -> None:
    sms.status = 503
    await put_down(db, cast)
    async with working(db, replace(settings, sms_url=sms.url)):
        await sms.wait_refused()
        await tried(db, 1)
    sms.status = 200
    with later(seconds=30):
        async with working(db, replace(settings, sms_url=sms.url)):
            await sms.wait(PHONE)
    assert len(sms.messages) == 1
    await put_down(db, cast, key="code-2")
    with later(seconds=700):
        async with working(db, replace(settings, sms_url=sms.url)):
            await quiet_outbox(db)
    assert len(sms.messages) == 1


async def test_G14_a_gateway_that_fails_after_sending_costs_no_more_than_the_budget(
    db: Database, cast: Cast, settings: Settings, sms: SmsGateway
) -> None:
    sms.status = 500
    for key in ("code-1", "code-2"):
        await put_down(db, cast, life=3600, key=key)
    for minutes in range(0, 20, 5):  # each worker lives later than the pauses, within the hour that the budget counts
        with later(minutes=minutes):
            async with working(db, replace(settings, sms_url=sms.url)):
                await comes_true(partial(_nothing_due, db), "calls made or given up")
    assert 2 < sms.refused <= Budget().number
    assert {(row.state, row.secret) for row in await rows(db)} == {("dead", None)}


async def _nothing_due(db: Database) -> bool:
    return all(r.state == "dead" or (r.leased_until is None and r.due_at > now()) for r in await rows(db))


@asynccontextmanager
async def recording(answer: Response) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """A gateway that keeps whole requests and gives one answer."""
    calls: list[dict[str, Any]] = []

    async def take(request: Request) -> Response:
        body = await request.body()
        calls.append({"path": request.url.path, "auth": request.headers.get("authorization"), "body": body.decode()})
        return answer

    async with serving(Starlette(routes=[Route("/{rest:path}", take, methods=["POST"])])) as address:
        yield address.removeprefix("http://"), calls


async def deliver(settings: Settings, url: str) -> None:
    gateway = channel.gateway(replace(settings, sms_url=url))
    try:
        await gateway.send(PHONE, TEXT)
    finally:
        await gateway.close()


SMSRU_OK = {"status": "OK", "sms": {"79000000000": {"status": "OK"}}}
DIALECTS = [
    ("http://{host}/any?key=1", {}, "/any", ['"to":"+79000000000"', '"text":"482067']),
    (
        "smsc://firm:s%3Aecret@{host}?sender=Firm", {"id": 1}, "/rest/send/",
        ['"login":"firm"', '"psw":"s:ecret"', '"mes":', '"sender":"Firm"'],
    ),
    (
        "smsru://KEY@{host}?from=Firm", SMSRU_OK, "/sms/send",
        ["api_id=KEY", "to=79000000000", "from=Firm"],
    ),
    (
        "exolve://TOKEN@{host}?number=79001112233", {"message_id": "1"}, "/messaging/v1/SendSMS",
        ['"destination":"79000000000"', '"number":"79001112233"'],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("url", "answer", "path", "holds"), DIALECTS)
async def test_every_gateway_is_spoken_to_in_its_own_way(
    settings: Settings, url: str, answer: dict[str, Any], path: str, holds: list[str]
) -> None:
    async with recording(JSONResponse(answer)) as (host, calls):
        await deliver(settings, url.format(host=host))
    (call,) = calls
    assert call["path"] == path
    assert all(part in call["body"].replace('": ', '":') for part in holds), call
    assert call["auth"] == ("Bearer TOKEN" if url.startswith("exolve") else None)


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("smsc://firm:secret@{host}", {"error": "no money", "error_code": 3}),
        ("smsru://KEY@{host}", {"status": "ERROR", "status_code": 201}),
        ("smsru://KEY@{host}", {"status": "OK", "sms": {"79": {"status": "ERROR", "status_code": 207}}}),
    ],
)
async def test_a_refusal_inside_a_good_answer_is_a_refusal(
    settings: Settings, url: str, answer: dict[str, Any]
) -> None:
    async with recording(JSONResponse(answer)) as (host, _):
        with pytest.raises(Refused):
            await deliver(settings, url.format(host=host))


async def test_a_redirect_carries_the_code_nowhere(settings: Settings) -> None:
    async with (
        recording(JSONResponse({})) as (elsewhere, stolen),
        recording(RedirectResponse(f"http://{elsewhere}/", 307)) as (host, _),
    ):
        with pytest.raises(Refused):
            await deliver(settings, f"http://{host}/")
    assert stolen == []


async def test_a_gateway_that_does_not_answer_in_time_leaves_it_unknown(
    settings: Settings, sms: SmsGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "WITHIN", 0.3)
    sms.hold()
    with pytest.raises(Unknown):
        await deliver(settings, sms.url)
    sms.release()
    await until(lambda: sms.holding == 0)


async def test_codes_kept_in_files_can_be_read_by_the_demo(settings: Settings) -> None:
    await deliver(settings, "file:")
    (kept,) = (settings.data_dir / "sms").iterdir()
    assert TEXT in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0
