"""What happens to files in the database: an upload waits for a message, a message takes it, a deleted message withdraws it."""

from typing import Any

from sqlalchemy import update
from sqlmodel import col, select

from server.db import Session
from server.errors import Conflict, NotFound
from server.files.model import File
from server.people.policy import Viewer


async def take(s: Session, viewer: Viewer, ids: list[str], ticket: int, line: str) -> list[dict[str, Any]]:
    """Gives the uploader's own waiting files to a ticket, in the order named; foreign ones are absent, taken ones conflict."""
    if not ids:
        return []
    rows = await s.exec(select(File).where(col(File.id).in_(ids)).with_for_update())
    found = {f.id: f for f in rows.all() if f.uploader_id == viewer.id}
    if set(ids) - set(found) or len(set(ids)) != len(ids):
        raise NotFound("Файла нет: приложите его ещё раз")
    for f in found.values():
        if f.ticket is not None:
            raise Conflict("Файл уже приложен к другому сообщению", file=f.id)
        f.ticket, f.line = ticket, line
    return [{"id": f.id, "name": f.name, "size": f.size, "type": f.type} for f in (found[i] for i in ids)]


async def placed(s: Session, ids: list[str], seq: int) -> None:
    """Remembers which message holds the files."""
    if ids:
        await s.execute(update(File).where(col(File.id).in_(ids)).values(seq=seq))


async def withdraw(s: Session, ticket: int, line: str, seq: int) -> None:
    """A deleted message's files can't be opened any more."""
    await s.execute(
        update(File).where(col(File.ticket) == ticket, col(File.line) == line, col(File.seq) == seq).values(line="gone")
    )
