"""What people do over HTTP while others listen on sockets, and what a socket has heard."""

from typing import Any

from sqlmodel import select

from server.clock import now
from server.people.model import Presence
from tests.cast import Person
from tests.house import House, Line
from tests.parts.http import http_client


async def call(house: House, person: Person, method: str, path: str, json: Any = None) -> Any:
    """One call of the API as this person; the answer's body. Anything but success fails the test."""
    headers = {"Authorization": f"Bearer {person.token}"}
    async with http_client(house.base, headers=headers) as http:
        answer = await http.request(method, "/api/v1" + path, json=json)
    assert answer.is_success, f"{person.login} {method} {path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


async def post(house: House, person: Person, path: str, **body: Any) -> Any:
    return await call(house, person, "POST", path, body)


async def present(house: House, person: Person) -> bool:
    """Whether some process says in the database that this person is there."""
    async with house.db.reading() as s:
        return bool((await s.exec(select(Presence).where(Presence.user_id == person.id, Presence.until > now()))).all())


async def absent(house: House, person: Person) -> bool:
    return not await present(house, person)


def heard(line: Line, *ops: str, room: str | None = None) -> list[dict[str, Any]]:
    """The frames of these kinds that came so far."""
    return [f for f in line.frames if (not ops or f["op"] in ops) and (room is None or f.get("room") == room)]


def seqs(frame: dict[str, Any]) -> list[int]:
    """The numbers of the events of a `joined`."""
    return [e["seq"] for e in frame["events"]]
