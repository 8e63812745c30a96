"""What happens to files in the database: an upload waits, a message takes it, a deleted message withdraws it."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, update
from sqlmodel import col, select

from server.clock import now
from server.db import Session
from server.errors import Conflict, Invalid, NoRoom, NotFound, Wrong
from server.files.model import File
from server.people.policy import Viewer
from server.rooms.protocol import MAX_FILES
from server.tickets.model import Draft
from server.words import text

MOST_WAITING = 100
UNREFERENCED = timedelta(hours=24)
_GONE = "Файла нет: приложите его ещё раз"


async def keep(s: Session, viewer: Viewer, file: File) -> dict[str, Any]:
    """Puts down an upload whose bytes are kept already; it waits for a message and is its uploader's until then."""
    waiting = select(func.count()).where(File.uploader_id == viewer.id, col(File.ticket).is_(None))
    if (await s.exec(waiting)).one() >= MOST_WAITING:
        raise NoRoom("Слишком много файлов ждут отправки. Отправьте сообщение с ними или подождите сутки.")
    s.add(file)
    await s.flush()
    return file_json(file)


def file_json(file: File) -> dict[str, Any]:
    """A file as events and answers name it."""
    return {"id": file.id, "name": file.name, "size": file.size, "type": file.type}


async def take(s: Session, viewer: Viewer, ids: list[str], ticket: int, line: str) -> list[dict[str, Any]]:
    """Gives the uploader's own waiting files to a ticket, in order; foreign ones are absent, taken ones conflict."""
    if not ids:
        return []
    if len(ids) > MAX_FILES:
        raise Invalid({"files": Wrong("Не больше %(max_length)d", max_length=MAX_FILES)})
    if not all(text.is_id(i) for i in ids):
        raise NotFound(_GONE)
    rows = await s.exec(select(File).where(col(File.id).in_(ids)).with_for_update())
    found = {f.id: f for f in rows.all() if f.uploader_id == viewer.id}
    if set(ids) - set(found) or len(set(ids)) != len(ids):
        raise NotFound(_GONE)
    for f in found.values():
        if f.ticket is not None:
            raise Conflict("Файл уже приложен к другому сообщению", file=f.id)
        f.ticket, f.line = ticket, line
    return [file_json(found[i]) for i in ids]


async def placed(s: Session, ids: list[str], seq: int) -> None:
    """Remembers which message holds the files."""
    if ids:
        await s.execute(update(File).where(col(File.id).in_(ids)).values(seq=seq))


async def withdraw(s: Session, ticket: int, line: str, seq: int) -> None:
    """A deleted message's files can't be opened any more."""
    await s.execute(
        update(File).where(col(File.ticket) == ticket, col(File.line) == line, col(File.seq) == seq).values(line="gone")
    )


async def forget_unreferenced(s: Session) -> list[str]:
    """Deletes rows of uploads that nothing took within a day and no draft of a month names; gives ids whose bytes go
    after the commit. A message that takes such a file at this moment wins: the locked row is looked at again."""
    old = now() - UNREFERENCED
    drafts = await s.exec(select(Draft.value).where(col(Draft.at) > now() - timedelta(days=30)))
    listed = [f for value in drafts.all() for f in value.get("files", ())]
    named = {f["id"] if isinstance(f, dict) else f for f in listed}
    gone = await s.execute(
        delete(File)
        .where(col(File.ticket).is_(None), col(File.created_at) < old, col(File.id).not_in(named))
        .returning(col(File.id))
        .execution_options(synchronize_session=False)
    )
    return list(gone.scalars())


async def known(s: Session, ids: list[str]) -> set[str]:
    """Those of these ids that have a row."""
    rows = await s.exec(select(File.id).where(col(File.id).in_(ids)))
    return set(rows.all())
