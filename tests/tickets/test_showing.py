"""The ticket's page and what stands beside its conversation: the same context, of which the panel gathers a part."""

from sqlalchemy import event as sqlalchemy_event

from server.db import Database
from server.render import render
from server.tickets import showing
from server.web import me
from tests.cast import Cast, Person, as_viewer, on_sqlite
from tests.tickets.ways import at, say

CONVERSATION = {"events", "head", "first_unread"}
NOTES = {"notes", "staff_head"}


async def gathered(db: Database, person: Person, number: int, what: str) -> tuple[dict[str, object], int]:
    """A context, and how many statements it took."""
    statements: list[str] = []

    def count(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    async with db.reading() as s:
        viewer = await as_viewer(s, person)
        sqlalchemy_event.listen(db.engine.sync_engine, "before_cursor_execute", count)
        try:
            return await getattr(showing, what)(s, viewer, number, set()), len(statements)
        finally:
            sqlalchemy_event.remove(db.engine.sync_engine, "before_cursor_execute", count)


@on_sqlite
async def test_the_panel_leaves_the_conversation_out_and_is_whole_without_it(db: Database, cast: Cast) -> None:
    number = await at(db, cast, "approval")
    await say(db, cast.denis, number, "заметка", "staff")
    for person, without in ((cast.boris, CONVERSATION), (cast.denis, CONVERSATION | NOTES)):
        page, dear = await gathered(db, person, number, "ticket_page")
        panel, cheap = await gathered(db, person, number, "panel")
        assert page.keys() - panel.keys() == without
        assert all(page[k] == v for k, v in panel.items())
        assert cheap < dear
        async with db.reading() as s:
            viewer = me(await as_viewer(s, person))
        assert render("ticket/panel.html", "ru", me=viewer, chosen=None, **panel).count("data-live=") >= 6
