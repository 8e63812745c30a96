"""The parts themselves: each starts, works, and can be made to fail."""

import asyncio
import os
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import asyncpg
import httpx2
import pytest
from redis import asyncio as aioredis
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.parts import find_chromium as finder
from tests.parts.chromium import Windows
from tests.parts.http import http_client
from tests.parts.postgres import Postgres, _installed, own_postgres
from tests.parts.redis import RedisServer
from tests.parts.sms import SmsGateway
from tests.parts.smtp import SmtpServer
from tests.parts.until import until


async def test_until_gives_the_first_true_value_or_says_what_it_waited_for() -> None:
    answers = iter([None, 0, "готово"])
    assert await until(lambda: next(answers)) == "готово"
    with pytest.raises(AssertionError, match="луна"):
        await until(lambda: False, 0.02, "луна")


async def test_redis_delivers_to_a_subscriber(redis_url: str) -> None:
    async with aioredis.Redis.from_url(redis_url, decode_responses=True) as client, client.pubsub() as pubsub:
        await pubsub.subscribe("ticket:7")
        await client.publish("ticket:7", "42")
        seen = [message["data"] async for message in _first(pubsub, 2)]
    assert seen == [1, "42"]


async def _first(pubsub: PubSub, count: int) -> AsyncIterator[dict[str, Any]]:
    async for message in pubsub.listen():
        yield message
        count -= 1
        if not count:
            return


async def test_redis_can_be_killed_and_comes_back_at_the_same_address(redis_server: RedisServer) -> None:
    await redis_server.kill()
    with pytest.raises((OSError, RedisConnectionError)):
        async with aioredis.Redis.from_url(redis_server.url) as client:
            await client.ping()
    await redis_server.start()
    assert await redis_server.answers()


async def test_a_frozen_redis_answers_nobody_until_thawed(redis_server: RedisServer) -> None:
    redis_server.process.freeze()
    assert not await redis_server.answers()
    redis_server.process.thaw()
    assert await redis_server.answers()


async def test_postgres_folds_cyrillic_and_stems_russian(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        assert await connection.fetchval("SELECT lower('ПРИНТЕР Ё')") == "принтер ё"
        assert await connection.fetchval("SELECT 'Срочно: ПРИНТЕР' ILIKE '%принтер%'")
        query = "SELECT to_tsvector('russian', 'Сломались принтеры') @@ to_tsquery('russian', 'принтер')"
        assert await connection.fetchval(query)
    finally:
        await connection.close()


async def test_a_database_from_a_template_has_what_was_prepared_once(postgres: Postgres) -> None:
    prepared = []

    async def prepare(url: str) -> None:
        prepared.append(url)
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE ticket (number int); INSERT INTO ticket VALUES (1284)")
        await connection.close()

    for _ in range(2):
        await postgres.template("self-test", prepare)
        url = await postgres.create("self-test")
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("DELETE FROM ticket RETURNING number") == 1284
        await connection.close()
        await postgres.drop(url)
    assert len(prepared) == 1


async def test_what_postgres_committed_survives_a_kill(postgres: Postgres, postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("CREATE TABLE said (seq int); INSERT INTO said VALUES (1)")
    await postgres.kill()
    await until(connection.is_closed, what="the connection is cut")
    await postgres.start()
    again = await asyncpg.connect(postgres_url)
    assert await again.fetchval("SELECT seq FROM said") == 1
    await again.close()


@pytest.mark.skipif(os.getuid() != 0, reason="only root starts it as somebody else")
async def test_postgres_starts_from_a_folder_closed_to_its_account(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = _installed().parents[1]
    for name in [package.name, f"{package.name}.libs"]:
        (closed / name).symlink_to(package.with_name(name))
    server = await own_postgres(closed / package.name / _installed().relative_to(package))
    try:
        assert await server.answers()
        assert not server.process.command[0].startswith(str(closed))
    finally:
        await server.close()


async def test_smtp_keeps_a_cyrillic_letter(smtp: SmtpServer) -> None:
    await _post(smtp, "anna@romashka.test")
    [letter] = await smtp.wait("anna@romashka.test")
    assert letter.subject == "Ответ по обращению № 7"
    assert letter.text == "Принтер починили\n"
    assert "<b>починили</b>" in letter.html


async def test_smtp_refuses_holds_and_hangs_up_on_demand(smtp: SmtpServer) -> None:
    smtp.data_answer = "451 4.3.0 Try later"
    with pytest.raises(aiosmtplib.SMTPDataError, match="Try later"):
        await _post(smtp, "anna@romashka.test")
    smtp.reset()
    smtp.recipient_answer = "550 5.1.1 No such person"
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await _post(smtp, "anna@romashka.test")
    assert not smtp.letters
    smtp.reset()
    smtp.hang_up = True
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await _post(smtp, "anna@romashka.test")
    assert len(smtp.letters) == 1
    smtp.reset()
    smtp.hold()
    post = asyncio.create_task(_post(smtp, "anna@romashka.test"))
    await until(lambda: smtp.holding == 1, what="the letter waits for its answer")
    assert not smtp.letters
    smtp.release()
    await post
    assert len(smtp.letters) == 1


async def _post(smtp: SmtpServer, address: str) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "journal@example.test", address
    message["Subject"] = "Ответ по обращению № 7"
    message.set_content("Принтер починили")
    message.add_alternative("<p>Принтер <b>починили</b></p>", subtype="html")
    await aiosmtplib.send(message, hostname="127.0.0.1", port=smtp.port)


async def test_the_sms_gateway_takes_json_and_knows_the_code(sms: SmsGateway) -> None:
    async with http_client() as client:
        sms.status = 503
        assert (await client.post(sms.url, json=_message())).status_code == 503
        await sms.wait_refused()
        sms.status = 200
        assert (await client.post(sms.url, json=_message())).status_code == 200
        [message] = await sms.wait("+79123456789")
        assert message.code == "482913"
        sms.hold()
        with pytest.raises(httpx2.ReadTimeout):
            await client.post(sms.url, json=_message(), timeout=httpx2.Timeout(20, read=0.2))


def _message() -> dict[str, str]:
    return {"to": "+79123456789", "text": "482913 – код для входа в «Журнал обращений»"}


@pytest.mark.browser
async def test_each_person_has_a_window_of_their_own(windows: Windows) -> None:
    anna = await windows.open("Анна", dark=True, narrow=True)
    boris = await windows.open("Борис")
    for window in [anna, boris]:
        await window.page.set_content('<meta name="viewport" content="width=device-width">')
    query = "() => [matchMedia('(prefers-color-scheme: dark)').matches, innerWidth, navigator.language]"
    assert await anna.page.evaluate(query) == [True, 390, "ru-RU"]
    assert await boris.page.evaluate(query) == [False, 1280, "ru-RU"]


@pytest.mark.browser
async def test_cyrillic_is_drawn_with_real_letters(windows: Windows) -> None:
    """Without a font every letter is the same box."""
    page = (await windows.open("Анна")).page
    await page.set_content("<canvas width=60 height=40></canvas>")
    draw = """letter => {
        const canvas = document.querySelector("canvas"), ink = canvas.getContext("2d");
        ink.clearRect(0, 0, 60, 40); ink.font = "30px sans-serif"; ink.fillText(letter, 5, 30);
        return canvas.toDataURL();
    }"""
    pictures = {await page.evaluate(draw, letter) for letter in ["Ж", "Щ", "ё", "№", "\U0010fffe"]}
    assert len(pictures) == 5


@pytest.mark.browser
async def test_a_fault_in_a_window_is_not_overlooked(windows: Windows) -> None:
    anna = await windows.open("Анна")
    script = "console.error('раз'); setTimeout(() => { throw new Error('два') })"
    await anna.page.set_content(f"<script>{script}</script>")
    await until(lambda: len(anna.faults) == 2, what="both faults are noted")
    anna.expect_fault("раз")
    assert len(anna.unexpected) == 1
    anna.expect_fault("два")
    closing = Windows(windows.browser)
    vera = await closing.open("Вера")
    vera.faults.append("три")
    with pytest.raises(AssertionError, match="три"):
        await closing.close()


@pytest.mark.browser
async def test_the_browser_reaches_loopback_only(windows: Windows) -> None:
    page = (await windows.open("Анна")).page
    with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
        await page.goto("http://example.com/")


def test_a_wrong_chromium_path_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM_PATH", "/nowhere/chromium")
    with pytest.raises(AssertionError, match="/nowhere/chromium"):
        finder.find_chromium()
