"""What a mail says: from a row of the outbox to a letter in its reader's language. The last moment before a mail
leaves is here, so rights are asked once more, and texts are read as they stand now. Digests are in
`digest_letter`."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import css_inline

from server.catalogue.model import Organisation, Service
from server.clock import now
from server.config import Settings
from server.db import Session
from server.errors import NotFound
from server.events import log
from server.events.kinds import PUBLIC
from server.notices.email import Letter
from server.notices.model import Dispatch
from server.people import queries as people
from server.people.model import User
from server.people.policy import Viewer, is_staff
from server.tickets import policy
from server.tickets.facts import participants
from server.tickets.model import Ticket
from server.tickets.policy import Facts
from server.tickets.workflow import EXECUTOR_SHOWN, STATUSES
from server.words.i18n import known, translate
from server.words.labels import LABELS
from server.words.render import render
from server.words.wording import NBSP, Wording

_INLINER = css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)
_NUMBER_SIGN = re.compile(r"(№|No\.) (?=\d)")


class Silence(Exception):
    """There is nothing to say to this person: at all, or not before `until`."""

    def __init__(self, why: str, until: datetime | None = None) -> None:
        super().__init__(why)
        self.until = until


@dataclass(frozen=True)
class Desk:
    """Where one letter is written: the row, its reader, and how that reader sees numbers and times."""

    s: Session
    row: Dispatch
    user: User
    viewer: Viewer
    settings: Settings
    words: Wording

    def at(self, moment: datetime | str) -> str:
        """A moment by the reader's clock."""
        local = Wording.moment(moment).astimezone(ZoneInfo(self.user.time_zone))
        return self.words.text(local, "full", "").replace(" ", NBSP)

    def say(self, message: str, **values: object) -> str:
        return translate(self.words.locale, message, **values)

    def link(self, path: str) -> str:
        """Links only open pages."""
        return self.settings.base_url + path


@dataclass(frozen=True)
class Open:
    """A ticket that the reader may still see."""

    ticket: Ticket
    facts: Facts
    texts: bool


async def desk(s: Session, row: Dispatch, settings: Settings) -> Desk:
    """Raises `Silence` where there is nobody to write to any more."""
    user = await s.get(User, row.user_id, populate_existing=True) if row.user_id else None
    viewer = await people.viewer(s, row.user_id) if row.user_id else None
    if user is None or viewer is None:
        raise Silence("the person is not active any more")
    if not (row.address or user.email):
        raise Silence("the person has no mail address")
    return Desk(s, row, user, viewer, settings, Wording(known(user.locale)))


def seal(d: Desk, template: str, context: dict[str, Any], **more: Any) -> Letter:
    """Renders both parts. The text part begins with the subject."""
    locale = d.words.locale
    context = context | {"links": {"home": d.settings.base_url, "profile": d.link("/profile")}}
    text = _NUMBER_SIGN.sub(rf"\1{NBSP}", render(f"mails/{template}.txt", locale, **context))
    subject, _, body = text.strip().partition("\n")
    html = render(f"mails/{template}.html", locale, subject=subject, **context)
    return Letter(
        to=d.row.address or d.user.email, name=d.user.name, locale=locale, subject=subject,
        text=re.sub(r"\n{3,}", "\n\n", body.strip()) + "\n",
        html=_INLINER.inline(_NUMBER_SIGN.sub(rf"\1{NBSP}", html)), message_id=d.row.message_id, **more,
    )  # fmt: skip


async def open_ticket(d: Desk, *, estimate_only: bool = False) -> Open:
    """The row's ticket; raises `Silence` when it has become absent for the reader."""
    ticket = await d.s.get(Ticket, d.row.ticket, populate_existing=True) if d.row.ticket else None
    if ticket is None:
        raise Silence("the ticket is gone")
    facts = ticket.facts(await participants(d.s, ticket.number))
    if not (policy.sees_estimate if estimate_only else policy.sees)(d.viewer, facts):
        raise Silence("not theirs to see any more")
    organisation = await d.s.get_one(Organisation, ticket.organisation_id)
    return Open(ticket, facts, organisation.mail_texts)


async def ticket_json(d: Desk, o: Open) -> dict[str, Any]:
    """What every mail says of its ticket; the subject only where texts are allowed in mails."""
    service = await d.s.get_one(Service, o.ticket.service_id)
    organisation = await d.s.get_one(Organisation, o.ticket.organisation_id)
    author = await d.s.get_one(User, o.ticket.author_id)
    return {
        "number": o.ticket.number, "subject": o.ticket.subject if o.texts else None, "urgency": o.ticket.urgency,
        "service": service.name, "organisation": organisation.name, "author": author.name,
        "created": d.at(o.ticket.created_at), "due": d.words.day(o.ticket.due, "day") if o.ticket.due else None,
    }  # fmt: skip


async def _event(d: Desk, o: Open) -> tuple[dict[str, Any], dict[str, str]]:
    """The event that the row tells, as it reads now, and who its author is."""
    event = await log.one(d.s, o.ticket.number, PUBLIC, int(d.row.values["seq"]))
    if event is None:
        raise NotFound
    author = await d.s.get_one(User, event.author_id)
    return (await log.wire(d.s, [event]))[0], {"name": author.name, "position": author.position}


def excerpt(text: str, limit: int, lines: int) -> str:
    """The first lines of a text."""
    kept = "\n".join(line.rstrip() for line in text.strip().split("\n")[:lines])
    if len(kept) > limit:
        kept = kept[:limit].rsplit(" ", 1)[0]
    return kept if len(kept) >= len(text.strip()) else kept.rstrip() + " …"


async def _new_ticket(d: Desk) -> Letter:
    o = await open_ticket(d)
    event, author = await _event(d, o)
    context = {
        "ticket": await ticket_json(d, o), "author": author, "at": d.at(event["at"]),
        "words": excerpt(event.get("text", ""), 2000, 30), "files": [f["name"] for f in event.get("files", [])],
        "url": d.link(f"/tickets/{o.ticket.number}"),
    }  # fmt: skip
    return seal(d, "new_ticket", context, thread=o.ticket.number)


async def _status(d: Desk) -> Letter:
    o = await open_ticket(d)
    event, author = await _event(d, o)
    to = event["to"]
    status = STATUSES[to].named(not is_staff(event["author"]["roles"]))
    hint = None if policy.sees_as_staff(d.viewer, o.facts) else LABELS["status_hint"].get(to)
    holder = await d.s.get(User, o.ticket.assignee_id) if o.ticket.assignee_id and to in EXECUTOR_SHOWN else None
    context = {
        "ticket": await ticket_json(d, o), "status": d.say(status), "hint": d.say(hint) if hint else None,
        "executor": {"name": holder.name, "position": holder.position} if holder else None,
        "author": author, "at": d.at(event["at"]), "comment": event["comment"] if o.texts else None,
        "url": d.link(f"/tickets/{o.ticket.number}#m{event['seq']}"),
    }  # fmt: skip
    return seal(d, "status", context, thread=o.ticket.number)


async def _estimate(d: Desk, o: Open, *, version: int | None, before: int) -> dict[str, Any]:
    """The estimate of that version, or the last one handed in before that event."""
    found = [
        e.data for e in await log.of_kind(d.s, o.ticket.number, "estimate")
        if (e.data["version"] == version if version else e.seq < before)
    ]  # fmt: skip
    if not found:
        raise Silence("there is no estimate to decide on")
    return dict(found[-1])


async def _approval(d: Desk) -> Letter:
    o = await open_ticket(d, estimate_only=True)
    seq = int(d.row.values["seq"])
    estimate = await _estimate(d, o, version=None, before=seq)
    url = d.link(f"/tickets/{o.ticket.number}/decision?decision=%s")
    context = {
        "ticket": await ticket_json(d, o), "amount": d.words.money(estimate["amount"]),
        "rows": [_row(d, line) for line in estimate["lines"]], "total": _hours(d, estimate["lines"]),
        "vat": d.words.vat(estimate["lines"]),
        "due": d.words.day(date.fromisoformat(estimate["due"]), "day") if estimate["due"] else None,
        "comment": estimate["comment"] if o.texts else None,
        "approve": url % "approved", "reject": url % "rejected",
    }  # fmt: skip
    return seal(d, "approval", context, thread=o.ticket.number)


def _row(d: Desk, line: dict[str, Any]) -> dict[str, str]:
    quantity = f"{d.words.number(float(line['quantity']))}{NBSP}{d.words.label('unit_short', line['unit'])}"
    return {"text": line["text"], "quantity": quantity, "sum": d.words.money(line["sum"])}


def _hours(d: Desk, lines: list[dict[str, Any]]) -> str:
    if any(line["unit"] != "hour" for line in lines):
        return ""
    hours = sum(float(line["quantity"]) for line in lines)
    return f"{d.words.number(hours)}{NBSP}{d.words.label('unit_short', 'hour')}"


async def _decision(d: Desk) -> Letter:
    o = await open_ticket(d)
    event, author = await _event(d, o)
    estimate = await _estimate(d, o, version=event["version"], before=event["seq"])
    context = {
        "ticket": await ticket_json(d, o), "decision": d.words.label("decision", event["decision"]),
        "amount": d.words.money(estimate["amount"]), "author": author, "at": d.at(event["at"]),
        "comment": event["comment"] if o.texts else None,
        "url": d.link(f"/tickets/{o.ticket.number}#m{event['seq']}"),
    }  # fmt: skip
    return seal(d, "decision", context, thread=o.ticket.number)


async def _registration(d: Desk) -> Letter:
    given = d.row.values
    days = None
    if given.get("until"):
        days = max(1, round((datetime.fromisoformat(given["until"]) - now()) / timedelta(days=1)))
    context = {
        "name": d.user.name, "login": d.user.login, "password": d.row.secret,
        "link": given.get("link") or d.link("/login"), "organisation": given.get("organisation"),
        "staff": d.viewer.staff or d.viewer.admin, "phone": given.get("phone") or "", "days": days,
    }  # fmt: skip
    return seal(d, "registration", context, notice=False)


async def _reset(d: Desk) -> Letter:
    context = {
        "name": d.user.name, "login": d.user.login, "link": d.row.secret, "until": d.at(d.row.values["until"])
    }  # fmt: skip
    return seal(d, "reset", context, notice=False)


async def _security(d: Desk) -> Letter:
    context = {
        "name": d.user.name, "login": d.user.login, "what": d.row.values.get("what"), "at": d.at(d.row.created_at)
    }  # fmt: skip
    return seal(d, "security", context, notice=False)


WRITERS = {
    "new_ticket": _new_ticket, "status": _status, "approval": _approval, "decision": _decision,
    "registration": _registration, "reset": _reset, "security": _security,
}  # fmt: skip
