"""What a turn of the lists costs: not more queries and not more renderings for fifty sockets than for one."""

import json
from collections.abc import AsyncIterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import event

from server.db import Database
from server.people.policy import Viewer
from server.rooms import lists
from server.rooms.lists import Lists
from server.rooms.presence import Presence
from server.events.bus import LocalBus
from tests.cast import Cast, Person, as_viewer, ask, on_sqlite
from tests.tickets.ways import say


@dataclass(eq=False)
class Listener:
    """A socket that keeps what it is sent."""

    viewer: Viewer
    locale: str = "ru"
    seats: dict[str, Any] = field(default_factory=dict)
    frames: list[dict[str, Any]] = field(default_factory=list)

    def send(self, frame: str, *, page: bool = False) -> None:
        self.frames.append(json.loads(frame))
