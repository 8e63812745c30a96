"""What people have begun to write: by place (`new` or a ticket's number), seen by nobody else, gone when sent."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from sqlmodel import col, select

from server.api import bodies
from server.api.bodies import Body
from server.clock import now
from server.db import Session
from server.errors import Invalid, NotFound
from server.events.kinds import MAX_TEXT, FileRef
from server.events.log import instant
from server.files.actions import file_json
from server.files.model import File
from server.people.policy import Viewer
from server.tickets.model import Draft
from server.tickets.queries import find
from server.words import text

NEW = "new"
Long = Annotated[str, Field(max_length=5 * MAX_TEXT)]  # what is too long to be sent is not lost either
Short = Annotated[str, Field(max_length=1000)]


class Begun(Body):
    """A request or a message half-written: nothing has to be right yet. `other`: the text of the mode not shown."""

    text: Long = ""
    other: Long = ""
    mode: Literal["reply", "note"] = "reply"
    reply_to: int | None = None
    subject: Short = ""
    urgency: Short = ""
    service: Short | int | None = None
    due: Short | None = None
    private: bool = False
    author: Short | int | None = None
    organisation: Short | int | None = None
    files: Annotated[list[Short | FileRef], Field(max_length=20)] = Field(default_factory=list)
    at: Short | None = None


def read(raw: bytes) -> Begun:
    """A draft as a page sends it; `Invalid` by field."""
    try:
        return Begun.model_validate(bodies.parse(raw))
    except ValidationError as problem:
        raise Invalid(bodies.wrong(problem)) from None


async def place(s: Session, viewer: Viewer, raw: str) -> str:
    """The place of a draft as it is kept; `NotFound` for a ticket that is not there for this person."""
    if raw == NEW:
        return NEW
    if (number := text.number(raw)) is None:
        raise NotFound
    return str((await find(s, viewer, number)).ticket.number)


async def draft(s: Session, viewer: Viewer, place: str) -> dict[str, Any] | None:
    """What was begun there, with `at`, the moment it was saved."""
    row = await s.get(Draft, (viewer.id, place), populate_existing=True)
    return {**row.value, "at": instant(row.at)} if row else None


async def saved_at(s: Session, viewer: Viewer, place: str) -> datetime | None:
    """When it was last saved."""
    row = await s.get(Draft, (viewer.id, place))
    return row.at if row else None


async def save(s: Session, viewer: Viewer, place: str, begun: Begun) -> dict[str, Any]:
    """Puts this in the place of what was there."""
    value = begun.model_dump(mode="json", exclude_unset=True, exclude={"at"})
    row = await s.get(Draft, (viewer.id, place), with_for_update=True) or Draft(user_id=viewer.id, place=place)
    row.value, row.at = value, now()
    s.add(row)
    await s.flush()
    return {**value, "at": instant(row.at)}


async def drop(s: Session, viewer: Viewer, place: str) -> None:
    """Nothing is being written there any more."""
    if row := await s.get(Draft, (viewer.id, place)):
        await s.delete(row)
        await s.flush()


async def files_json(s: Session, viewer: Viewer, ids: list[str]) -> list[dict[str, Any]]:
    """Which of these uploads still wait for this person's message, in the order named."""
    named = [i for i in ids if text.is_id(i)]
    rows = await s.exec(
        select(File).where(col(File.id).in_(named), File.uploader_id == viewer.id, col(File.ticket).is_(None))
    )
    found = {file.id: file_json(file) for file in rows.all()}
    return [found[i] for i in dict.fromkeys(ids) if i in found]
