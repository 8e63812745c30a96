"""How a digest reads: what is unread, by ticket, decisions first, then newest last; a single message is a digest of
one."""

from datetime import timedelta
from typing import Any

from server.catalogue.model import Organisation
from server.notices import digest
from server.notices.digest import Unread
from server.notices.email import Letter
from server.notices.letters import Desk, Silence, excerpt, seal
from server.people import queries as people
from server.tickets import policy
from server.tickets.workflow import STATUSES
from server.words.marks import N_

SHOWN = 5
OFTEN = {
    "at_once": N_("Сводка приходит, когда вас нет в журнале, и только о непрочитанном."),
    "quarter": N_("Сводка приходит не чаще раза в 15 минут и только о непрочитанном."),
    "hourly": N_("Сводка приходит не чаще раза в час и только о непрочитанном."),
    "daily": N_("Сводка приходит раз в день и только о непрочитанном."),
}


async def write(d: Desk) -> Letter:
    """The digest as it is true now. Raises `Silence` when everything was read meanwhile or the reader is back."""
    if again := await digest.still_away(d.s, d.user, timedelta(seconds=d.settings.digest_quiet_seconds)):
        raise Silence("the reader is there", again)
    found = sorted(await digest.unread(d.s, d.viewer), key=lambda u: not _asks(d, u))
    if not found or d.user.digest == "never":
        raise Silence("nothing unread is left")
    allowed = {u.ticket.number: await _texts(d, u) for u in found}
    items = tuple((u.ticket.number, int(e["seq"])) for u in found for e in u.events)
    if len(items) == 1 and allowed[found[0].ticket.number]:
        return seal(d, "message", await _one(d, found[0]), thread=found[0].ticket.number, items=items)
    context = {
        "count": len(items), "tickets": [_ticket(d, u, allowed[u.ticket.number]) for u in found],
        "since": d.at(min(e["at"] for u in found for e in u.events)),
        "often": d.say(OFTEN.get(d.user.digest, OFTEN["at_once"])),
        "all": d.link("/queue" if d.viewer.staff else "/tickets?view=unread"),
    }  # fmt: skip
    return seal(d, "digest", context, thread=found[0].ticket.number if len(found) == 1 else None, items=items)


async def _texts(d: Desk, u: Unread) -> bool:
    return (await d.s.get_one(Organisation, u.ticket.organisation_id)).mail_texts


def _asks(d: Desk, u: Unread) -> bool:
    """Whether the ticket waits for this reader's decision."""
    powers = d.viewer.powers(u.ticket.organisation_id)
    return bool(u.ticket.status == "approval" and powers and powers.can_approve)


def _is_their_turn(d: Desk, u: Unread) -> bool:
    turn = STATUSES[u.ticket.status].turn
    if turn == "approver":
        return _asks(d, u)
    if turn == "executor":
        return u.ticket.assignee_id == d.viewer.id
    return turn == "client" and policy.sees_as_client(d.viewer, u.facts)


async def _one(d: Desk, u: Unread) -> dict[str, Any]:
    event = u.events[0]
    author = (await people.by_ids(d.s, [event["author"]["id"]]))[event["author"]["id"]]
    return {
        "ticket": {
            "number": u.ticket.number, "subject": u.ticket.subject, "urgency": u.ticket.urgency,
            "status": d.say(STATUSES[u.ticket.status].named(u.ticket.withdrawn)),
        },
        "first": event["seq"] == 1, "author": {"name": author.name, "position": author.position},
        "at": d.at(event["at"]), "words": excerpt(event["text"] or "", 2000, 30), "files": _names(event),
        "url": _link(d, u),
    }  # fmt: skip


def _ticket(d: Desk, u: Unread, texts: bool) -> dict[str, Any]:
    shown = u.events[-SHOWN:] if texts else []
    return {
        "number": u.ticket.number, "subject": u.ticket.subject if texts else None, "urgency": u.ticket.urgency,
        "status": d.say(STATUSES[u.ticket.status].named(u.ticket.withdrawn)), "turn": _is_their_turn(d, u),
        "count": len(u.events),
        "earlier": len(u.events) - len(shown) if texts else 0,
        "messages": [
            {"author": e["author"], "words": excerpt(e["text"] or "", 400, 6), "files": _names(e)} for e in shown
        ],
        "estimate": d.words.money(u.ticket.estimate_amount) if _asks(d, u) and u.ticket.estimate_amount else None,
        "url": _link(d, u),
    }  # fmt: skip


def _names(event: dict[str, Any]) -> list[str]:
    return [f["name"] for f in event.get("files", [])]


def _link(d: Desk, u: Unread) -> str:
    """To the first message that is unread."""
    return d.link(f"/tickets/{u.ticket.number}#m{u.events[0]['seq']}")
