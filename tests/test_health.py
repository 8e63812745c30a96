"""What the operator's tools ask: does it live, can it serve, how much does it carry."""

from dataclasses import replace

from server.config import Settings
from server.db import Database
from tests.cast import Cast
from tests.house import House, journal
from tests.parts.http import http_client
from tests.parts.until import until

TOKEN = "a token of the operator"


async def test_a_ready_journal_says_so_and_names_the_state_of_redis(house: House) -> None:
    async with http_client(house.base) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).status_code == 200
        wanted = "none" if house.settings.sqlite else "ok"

        async def told() -> bool:
            return bool((await client.get("/readyz")).json()["redis"] == wanted)

        assert await until(told, what="the bus connects by itself")


async def test_metrics_are_absent_without_a_token_and_for_a_wrong_one(
    ground: Settings, db: Database, cast: Cast
) -> None:
    async with journal(replace(ground, metrics_token=TOKEN)) as base, http_client(base) as client:
        assert (await client.get("/metrics")).status_code == 404
        wrong = {"authorization": f"Bearer {cast.pavel.token}"}
        assert (await client.get("/metrics", headers=wrong)).status_code == 404
        answer = await client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert "journal_sockets 0" in answer.text
    async with journal(ground) as base, http_client(base) as client:
        unset = await client.get("/metrics", headers={"authorization": "Bearer x"})
    assert unset.status_code == 404
