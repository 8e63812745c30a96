"""Who can log in."""

import pytest

from server.db import Database
from tests.cast import Cast
from tests.people.entrance import give_password


@pytest.fixture
async def known(db: Database, cast: Cast) -> None:
    """Some of the cast have a password."""
    await give_password(db, cast.anna, cast.boris, cast.denis, cast.vera, cast.pavel)
