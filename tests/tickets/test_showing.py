"""The ticket's page and what stands beside its conversation: the same context, of which the panel gathers a part."""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event

from server.clock import now
from server.db import Database, Session
from server.errors import Conflict, Forbidden, Invalid, NotFound
from server.money import actions as money
from server.people.model import Presence
from server.people.policy import Viewer
from server.tickets import actions, counts, queries, showing, talk
from server.tickets.model import Ticket
from server.tickets.talk import Words
from server.web import me
from server.words.render import environment, events_html, render, row_html
from server.words.wording import Wording
from tests.cast import LATELY, Cast, Person, as_viewer, on_sqlite
from tests.tickets.ways import WORK, at, move, say, tried

CONVERSATION = {"events", "head", "first_unread"}
NOTES = {"notes", "staff_head"}


async def gathered(db: Database, person: Person, number: int, what: str) -> tuple[dict[str, Any], int]:
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


TRIES: dict[str, Callable[[Session, Viewer, int, Cast], Awaitable[object]]] = {
    "say": lambda s, v, n, c: talk.say(s, v, n, "public", Words("try", "слово")),
    "note": lambda s, v, n, c: talk.say(s, v, n, "staff", Words("try", "слово")),
    "claim": lambda s, v, n, c: actions.claim(s, v, n),
    "assign": lambda s, v, n, c: actions.assign(s, v, n, c.gleb.id),
    "estimate": lambda s, v, n, c: money.hand_in_estimate(s, v, n, WORK),
    "revise": lambda s, v, n, c: money.hand_in_estimate(s, v, n, WORK, after=1),
    "approve": lambda s, v, n, c: money.decide(s, v, n, 1, "approved"),
    "pay": lambda s, v, n, c: money.set_payment(s, v, n, "overdue"),
    "urgency": lambda s, v, n, c: actions.change_urgency(s, v, n, "high", "срочно"),
    "service": lambda s, v, n, c: actions.change_service(s, v, n, c.network, "сеть"),
    "participants": lambda s, v, n, c: actions.add_participant(s, v, n, c.boris.id),
    "time": lambda s, v, n, c: money.log_time(s, v, n, 5, LATELY, "", billable=False),
    "rate": lambda s, v, n, c: actions.rate(s, v, n, 5, None),
}


@on_sqlite
@pytest.mark.parametrize("status", ["new", "estimating", "approval", "waiting", "done", "closed", "cancelled"])
async def test_a_button_stands_exactly_where_its_action_is_not_refused(db: Database, cast: Cast, status: str) -> None:
    """(Seen red: `approve` for every open status; `assign` for whoever works the ticket; `time` after the end.)"""
    number = await at(db, cast, status)
    for person in (cast.anna, cast.boris, cast.denis, cast.gleb, cast.lev, cast.nina):
        async with db.reading() as s:
            viewer = await as_viewer(s, person)
            with suppress(NotFound):
                seen = await queries.find(s, viewer, number)
                shown = showing.can(viewer, seen)
                for word, attempt in TRIES.items():
                    if word == "claim" and seen.ticket.assignee_id == viewer.id:
                        continue  # not refused, but there is nothing to press for
                    assert (word in shown) == await _allowed(db, cast, person, attempt, number), (person.login, word)


async def _allowed(db: Database, cast: Cast, person: Person, attempt: Any, number: int) -> bool:
    allowed = False
    async with tried(db) as s:
        try:
            await attempt(s, await as_viewer(s, person), number, cast)
            allowed = True
        except (Forbidden, NotFound, Conflict, Invalid):
            pass
    return allowed


@on_sqlite
@pytest.mark.parametrize(("who", "word"), [("anna", "Отозвано"), ("lev", "Отменено")])
async def test_a_ticket_that_was_called_off_is_named_by_who_did_it(
    db: Database, cast: Cast, who: str, word: str
) -> None:
    """In the lists, the room, the panel, for either side; the filter and the help name both. (Seen red: «Отозвано»
    wherever the page did not ask.)"""
    number = await at(db, cast, "estimating")
    await move(db, getattr(cast, who), number, "cancelled", "не нужно")
    for person in (cast.anna, cast.denis):
        page, _ = await gathered(db, person, number, "ticket_page")
        async with db.reading() as s:
            viewer = await as_viewer(s, person)
            [row] = await queries.rows(s, viewer, [await s.get_one(Ticket, number)])
        panel = render("ticket/panel.html", "ru", me=me(viewer), chosen=None, **page)
        for html in (row_html(row, "ru"), events_html(page["events"][-1], "public", "ru"), panel):
            assert word in html
            assert {"Отозвано": "Отменено", "Отменено": "Отозвано"}[word] not in html
    assert environment("ru").globals["label"]("status", "cancelled") == "Отозвано или отменено"  # type: ignore[operator]


@on_sqlite
async def test_what_was_done_is_said_when_work_is_handed_over(db: Database, cast: Cast) -> None:
    """In the conversation and above «Принять работу»; one may leave it out. (Seen red: one press, no field.)"""
    number = await at(db, cast, "in_progress")
    async with db.reading() as s:
        denis, anna = me(await as_viewer(s, cast.denis)), me(await as_viewer(s, cast.anna))
    page, _ = await gathered(db, cast.denis, number, "ticket_page")
    step = render("ticket/panel.html", "ru", me=denis, chosen=None, **page).split('name="to" value="review"')[1]
    field = step.split("</form>")[0].split("<textarea")[1].split(">")[0]
    assert 'name="comment"' in field
    assert " required" not in field
    await move(db, cast.denis, number, "review", "Обновили драйвер")
    page, _ = await gathered(db, cast.anna, number, "ticket_page")
    panel = render("ticket/panel.html", "ru", me=anna, chosen=None, **page)
    assert ">Обновили драйвер<" in panel.split('data-part="ask"')[1].split("</section>")[0]
    assert "«Обновили драйвер»" in events_html(page["events"][-1], "public", "ru")


async def test_whoever_is_elsewhere_in_the_journal_is_not_called_away(db: Database, cast: Cast) -> None:
    """«На связи» is who has a page of the journal open, as where a service is chosen; of others it is told when they
    last had. (Seen red: whoever had the queue open was «Не в сети»; then «В сети» here and «На связи» there.)"""
    number = await at(db, cast, "estimating")

    async def card(here: set[int]) -> str:
        async with db.reading() as s:
            viewer = await as_viewer(s, cast.anna)
            panel = await showing.panel(s, viewer, number, here)
            html = render("ticket/panel.html", "ru", me=me(viewer), chosen=None, **panel)
        return html.partition('data-part="executor"')[2].partition("</section>")[0]

    assert ">В сети" not in await card(set())
    assert ">На связи" in await card({cast.denis.id})
    for until in (now() + timedelta(seconds=20), now() - timedelta(seconds=20)):
        told = ">На связи" if until > now() else f'>В сети <time datetime="{until:%Y-%m-%dT}'
        async with db.transaction() as s:
            await s.merge(Presence(user_id=cast.denis.id, process="another", until=until))
        assert told in await card(set())


async def test_a_row_of_the_queue_says_how_long_it_is_open_and_when_it_is_needed(db: Database, cast: Cast) -> None:
    """An age must not look like time that is left. (Seen red: «6 мин» with a clock under «Сроки».)"""

    async def cell(number: int, due: date | None) -> str:
        async with db.transaction() as s:
            ticket = await s.get_one(Ticket, number)
            ticket.created_at, ticket.due = now() - timedelta(minutes=6), due
            [row] = await queries.rows(s, await as_viewer(s, cast.lev), [ticket])
        html = row_html(row, "ru").partition('class="c-sla"')[2].partition("</td>")[0]
        return " ".join(re.sub("<[^>]+>", " ", html).partition(">")[2].split())

    number, today = await at(db, cast, "estimating"), now().date()
    assert await cell(number, None) == "открыто 6 мин"
    assert await cell(number, today) == f"открыто 6 мин нужно к {Wording('ru').day(today, 'short')}"
    done = await at(db, cast, "done")
    assert await cell(done, today) == "открыто 6 мин", "nobody needs what is done"
    async with db.reading() as s:
        assert (await counts.nav(s, await as_viewer(s, cast.lev)))["soon"] == 1


async def test_who_answers_for_the_service_is_named_and_offered_first(db: Database, cast: Cast) -> None:
    """(Seen red: the picker named the first of two; after a change of service everybody stood in one list.)"""
    number = await at(db, cast, "new")
    async with db.reading() as s:
        viewer = await as_viewer(s, cast.lev)
        panel = render(
            "ticket/panel.html", "ru", me=me(viewer), chosen=None, **await showing.panel(s, viewer, number, set())
        )
    choice = panel.partition('name="user"')[2].partition("</select>")[0]
    groups = re.findall(r'<optgroup label="([^"]+)">(.*?)</optgroup>', choice, re.S)
    assert [(label, re.findall(r">([^<]+)</option>", people)) for label, people in groups] == [
        ("Отвечают за услугу", ["Денис Орлов"]), ("Остальные", ["Глеб Сомов", "Лев Гордеев"]),
    ]  # fmt: skip
    both = [{"id": 1, "name": "Денис Орлов", "roles": ["executor"]}, {"id": 2, "name": "Глеб Сомов", "roles": []}]
    item = {"id": 1, "name": "Кассы", "description": "", "responsible": both}
    picker = render(
        "tickets/_picker.html", "ru", services=[{"group": "", "items": [item]}], values={"service": ""}, errors={}
    )
    assert 'data-by="Отвечают: Денис Орлов, Глеб Сомов"' in picker
    assert "Денис Орлов и ещё 1" in picker
