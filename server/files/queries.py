"""Who may open a file: its uploader while it waits, then whoever may see the line it stands on. Others find nothing."""

from server.db import Session
from server.errors import NotFound
from server.events.kinds import PUBLIC, STAFF
from server.files.model import File
from server.people.policy import Viewer
from server.tickets.queries import find as find_ticket

_HEX = frozenset("0123456789abcdef")
_ABSENT = "Такого файла нет или он вам не открыт"


async def find(s: Session, viewer: Viewer, file_id: str) -> File:
    """The file, if this person may open it; `NotFound` otherwise, whatever the reason."""
    is_id = len(file_id) == 32 and set(file_id) <= _HEX
    file = await s.get(File, file_id, populate_existing=True) if is_id else None
    if file is None or file.line not in (None, PUBLIC, STAFF):  # a deleted message's files are gone with it
        raise NotFound(_ABSENT)
    if file.ticket is None:
        if file.uploader_id != viewer.id:
            raise NotFound(_ABSENT)
        return file
    try:
        await find_ticket(s, viewer, file.ticket, STAFF if file.line == STAFF else PUBLIC)
    except NotFound:
        raise NotFound(_ABSENT) from None
    return file
