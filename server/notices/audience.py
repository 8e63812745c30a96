"""Who is told of an event by mail, and which mail it is. Pure: rows are written by `outbox`, what is unread goes out
by `digest`."""

from collections.abc import Iterable

from server.events.kinds import Approval, Kind, Message, StatusChange
from server.people.policy import Viewer
from server.tickets import policy
from server.tickets.policy import Facts

DECISIONS = frozenset({"approved", "rejected"})


def tells(kind: Kind, seq: int) -> bool:
    """Whether a public event of this kind and number is mailed to anybody at once; spares the many messages any
    look-up."""
    return isinstance(kind, StatusChange | Approval) or (isinstance(kind, Message) and seq == 1)


def concerns_leads(kind: Kind) -> bool:
    """Whether leads may be among those told: a decision, or a new ticket that nobody is responsible for."""
    return not isinstance(kind, StatusChange) or kind.to in DECISIONS


def mails(kind: Kind, seq: int, by: int, ticket: Facts, people: Iterable[Viewer]) -> dict[int, str]:
    """Person → kind of mail, for one event of the public line. One happening is one mail to each person, and none to
    who did it."""
    people = list(people)
    others = [p for p in people if p.id != by]
    match kind:
        case Message() if seq == 1:
            return dict.fromkeys(_receivers_of_new(ticket, people) - {by}, "new_ticket")
        case StatusChange(frm="waiting", to=to) if to != "cancelled" and not _is_staff(by, people):
            return {}  # the client's answer brought it back: the answer itself is the news
        case StatusChange(to="approval"):
            asked = {p.id for p in others if _may_decide(p, ticket)}
            return _status(ticket, [p for p in others if p.id not in asked]) | dict.fromkeys(asked, "approval")
        case StatusChange(to=to) if to in DECISIONS:
            told = _told_of_decision(ticket, others)
            return _status(ticket, [p for p in others if p.id not in told])
        case StatusChange():
            return _status(ticket, others)
        case Approval():
            return dict.fromkeys(_told_of_decision(ticket, others), "decision")
    return {}


def _receivers_of_new(ticket: Facts, people: list[Viewer]) -> set[int]:
    """Those responsible for the service; where nobody is, the leads."""
    responsible = {p.id for p in people if p.staff and ticket.service_id in p.serves}
    return responsible or {p.id for p in people if p.lead}


def _is_staff(by: int, people: list[Viewer]) -> bool:
    return any(p.id == by and p.staff for p in people)


def _may_decide(person: Viewer, ticket: Facts) -> bool:
    powers = person.powers(ticket.organisation_id)
    return bool(powers and powers.can_approve and policy.sees_estimate(person, ticket))


def _told_of_decision(ticket: Facts, people: list[Viewer]) -> set[int]:
    return {p.id for p in people if p.lead or p.id == ticket.assignee_id}


def _status(ticket: Facts, people: list[Viewer]) -> dict[int, str]:
    return {p.id: "status" for p in people if policy.takes_part(p, ticket)}
