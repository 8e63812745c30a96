"""Bells of many rooms: what one room has to ask the database holds up no other."""

from redis import asyncio as aioredis
from sqlalchemy import text

from server.events import bus
from server.events.fanout import message
from tests.cast import ask, on_postgresql
from tests.house import House


@on_postgresql
async def test_a_room_that_waits_for_the_database_holds_up_no_other(house: House) -> None:
    """One has a gap to read, and the log can't be read; the next event of the other is at hand. (Seen red: the
    listener itself read the log.)"""
    cast = house.cast
    slow, quick = [await ask(house.db, cast.anna, cast.accounting) for _ in range(2)]
    redis = aioredis.Redis.from_url(house.settings.redis_url or "")
    async with house.line(cast.denis) as denis, redis:
        await denis.join(f"ticket:{slow}")
        event = (await denis.join(f"ticket:{quick}"))["events"][0] | {"seq": 2}
        async with house.db.engine.connect() as connection:
            await connection.execute(text("LOCK TABLE event IN ACCESS EXCLUSIVE MODE"))
            await redis.publish(f"{bus.PREFIX}ticket:{slow}", message({"t": "event", "seq": 9, "event": None}))
            await redis.publish(
                f"{bus.PREFIX}ticket:{quick}", message({"t": "event", "seq": 2, "event": event, "access": 0})
            )
            assert (await denis.until("event"))["room"] == f"ticket:{quick}"
