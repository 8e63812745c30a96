"""G23: a journal that was restored from a copy shows nobody what no longer exists as if it did."""

from pathlib import Path

from server.config import Settings
from server.db import Database
from server.keeping import backup, restore
from tests.cast import Cast, ask
from tests.house import House, journal
from tests.rooms.acting import seqs


async def test_G23_after_a_restore_the_epoch_has_grown_and_numbers_beyond_the_head_mean_reset(
    ground: Settings, db: Database, cast: Cast, tmp_path: Path
) -> None:
    """(Seen red: the epoch raised and told to nobody.)"""
    number = await ask(db, cast.anna, cast.accounting)
    room, copy = f"ticket:{number}", tmp_path / "copy.tar.gz"
    await backup(db, ground, copy)
    async with journal(ground) as base, House(base, cast, db, ground).line(cast.anna) as anna:
        before = anna.frames[0]["epoch"]
        assert (await anna.say(room, "lost", "сказано после копии"))["seq"] == 2
    await db.close()
    again = Database(ground.database_url)
    await restore(again, ground, copy)
    async with journal(ground) as base, House(base, cast, again, ground).line(cast.anna) as anna:
        assert anna.frames[0]["epoch"] > before
        assert (await anna.join(room, after=2))["op"] == "reset"
        assert seqs(await anna.join(room)) == [1]
        await anna.say(room, "new", "другое под тем же номером")
    async with journal(ground) as base:
        house = House(base, cast, again, ground)
        async with house.line(cast.anna) as anna:
            told = "a token of that time knows 2 otherwise: it begins anew, once"
            assert (await anna.join(room, after=2))["op"] == "reset", told
            assert seqs(await anna.join(room, after=0)) == [1, 2]
            assert seqs(await anna.join(room, after=1)) == [2], told
            assert (await anna.join(room, after=1, epoch=before))["op"] == "reset"
        async with house.line(cast.anna) as anna:
            assert seqs(await anna.join(room, after=1, epoch=anna.frames[0]["epoch"])) == [2], "it knows of the restore"
    await again.close()
