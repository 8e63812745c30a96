"""Who may see a ticket and do what with it. Pure, and the only place that decides it: pages, API, socket,
files, search and mail all ask here."""

from dataclasses import dataclass

from server.events.kinds import PUBLIC, STAFF, Line
from server.people.policy import Viewer
from server.tickets.workflow import Actor


@dataclass(frozen=True)
class Facts:
    """What of a ticket decides rights; `participants` are the people who were added by hand, `asked` whether
    approvers were asked."""

    number: int
    organisation_id: int
    service_id: int
    author_id: int
    assignee_id: int | None
    private: bool
    status: str
    asked: bool = False
    participants: frozenset[int] = frozenset()


def sees(viewer: Viewer, ticket: Facts) -> bool:
    """Whether the ticket exists for this person. `tickets.queries.visible` says the same in SQL; a test holds
    them together."""
    return sees_as_staff(viewer, ticket) or sees_as_client(viewer, ticket)


def sees_as_staff(viewer: Viewer, ticket: Facts) -> bool:
    """Leads and accountants see every ticket, executors those of their services and those they were given."""
    if viewer.roles & {"lead", "accountant"}:
        return True
    return "executor" in viewer.roles and (
        ticket.service_id in viewer.serves or ticket.assignee_id == viewer.id or viewer.id in ticket.participants
    )


def sees_as_client(viewer: Viewer, ticket: Facts) -> bool:
    """Own tickets and those they were added to; with powers, every one of the organisation that is not private."""
    powers = viewer.powers(ticket.organisation_id)
    if powers is None:
        return False
    if viewer.id == ticket.author_id or viewer.id in ticket.participants:
        return True
    return not ticket.private and (powers.can_approve or powers.sees_all)


def sees_line(viewer: Viewer, ticket: Facts, line: Line) -> bool:
    """The staff line exists for staff only."""
    return sees_as_staff(viewer, ticket) if line == STAFF else sees(viewer, ticket)


def sees_estimate(viewer: Viewer, ticket: Facts) -> bool:
    """An approver decides a private ticket's waiting estimate too, without seeing its chat."""
    return sees(viewer, ticket) or (approves(viewer, ticket) and ticket.status == "approval")


def sees_decision(viewer: Viewer, ticket: Facts, *, decided: bool) -> bool:
    """Approvers, who all were asked, keep seeing what was decided and by whom: also the one who comes second."""
    return sees_estimate(viewer, ticket) or (approves(viewer, ticket) and decided)


def approves(viewer: Viewer, ticket: Facts) -> bool:
    """Whether estimates of the ticket's organisation are theirs to decide."""
    powers = viewer.powers(ticket.organisation_id)
    return powers is not None and powers.can_approve


def takes_part(viewer: Viewer, ticket: Facts) -> bool:
    """Whom news of the ticket concern: author, assignee, whoever was added, approvers once they were asked;
    until somebody is assigned, those responsible for the service stand for the assignee."""
    if not sees(viewer, ticket):
        return False
    if viewer.id in (ticket.author_id, ticket.assignee_id) or viewer.id in ticket.participants:
        return True
    if approves(viewer, ticket) and ticket.asked:
        return True
    return ticket.assignee_id is None and "executor" in viewer.roles and ticket.service_id in viewer.serves


def actors(viewer: Viewer, ticket: Facts) -> frozenset[Actor]:
    """In which parts of the transition table this person may act on this ticket."""
    found: set[Actor] = set()
    powers = viewer.powers(ticket.organisation_id)
    if powers is not None and viewer.id == ticket.author_id:
        found.add("author")
    if approves(viewer, ticket) and sees_estimate(viewer, ticket):
        found.add("approver")
    if "executor" in viewer.roles and sees_as_staff(viewer, ticket):
        found.add("executor")
    if viewer.lead:
        found |= {"executor", "lead"}
    return frozenset(found)


def can_create(viewer: Viewer) -> bool:
    """A request is a client's, or written by whoever works tickets on behalf of one."""
    return viewer.client or viewer.executor


def can_write(viewer: Viewer, ticket: Facts, line: Line) -> bool:
    """Whether they may speak there while the ticket is open. An accountant reads the ticket only; an observer
    likewise."""
    if line == STAFF:
        return viewer.staff and sees_as_staff(viewer, ticket)
    if viewer.executor and sees_as_staff(viewer, ticket):
        return True
    powers = viewer.powers(ticket.organisation_id)
    if powers is None:
        return False
    if viewer.id == ticket.author_id or viewer.id in ticket.participants:
        return True
    return powers.can_approve and not ticket.private


def can_work(viewer: Viewer, ticket: Facts) -> bool:
    """Claim, estimate, log time: the executor's side."""
    return viewer.executor and sees_as_staff(viewer, ticket)


def can_assign(viewer: Viewer, ticket: Facts) -> bool:
    """A lead gives a ticket to anyone who works tickets; its assignee may hand it over."""
    return can_work(viewer, ticket) and (viewer.lead or ticket.assignee_id == viewer.id)


def can_change_service(viewer: Viewer) -> bool:
    """To where it belongs a ticket is moved by the lead."""
    return viewer.lead


def can_rate(viewer: Viewer, ticket: Facts) -> bool:
    """How it went is the author's to say."""
    return "author" in actors(viewer, ticket)


def can_bill(viewer: Viewer) -> bool:
    """Payment state and invoice number are the accountant's."""
    return "accountant" in viewer.roles


def can_add_people(viewer: Viewer, ticket: Facts) -> bool:
    """Who may write may bring a colleague in."""
    return can_write(viewer, ticket, PUBLIC)


def can_change_urgency(viewer: Viewer, ticket: Facts) -> bool:
    """The author and the lead; everybody sees old and new."""
    return bool(actors(viewer, ticket) & {"author", "lead"})
