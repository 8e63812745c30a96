"""What people do to a ticket besides talking and moving it: create, claim, assign, add people, change urgency
and service, rate."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlmodel import select

from server.catalogue.model import LegalEntity, Service
from server.clock import now, today
from server.db import Session
from server.errors import Conflict, Faults, Forbidden, Invalid, NotFound, TooMany
from server.events import log
from server.events.kinds import (
    MAX_TEXT,
    PUBLIC,
    URGENCIES,
    Assignee,
    FileRef,
    Message,
    Participant,
    Rating,
    ServiceRef,
    Urgency,
)  # fmt: skip
from server.events.kinds import Service as ServiceChange
from server.events.log import micros
from server.events.model import Event
from server.files import actions as files
from server.people import attempts
from server.people.model import User
from server.people.policy import Viewer, works_tickets
from server.people.queries import viewer as load_viewer
from server.tickets import policy
from server.tickets.meanwhile import require_as_seen
from server.tickets.model import Counter, Ticket, TicketParticipant
from server.tickets.moving import possible, take
from server.tickets.workflow import ACCEPTED, EXECUTOR_SHOWN
from server.tickets.writing import TAKEN_ID, Opened, open_ticket
from server.words import text


@dataclass(frozen=True)
class NewTicket:
    """A request as it was filled in. `author` is somebody else only when staff write on a client's behalf."""

    subject: str
    service: int
    text: str
    urgency: str = "normal"
    files: list[str] = field(default_factory=list)
    due: date | None = None
    private: bool = False
    author: int | None = None
    organisation: int | None = None
    id: str | None = None


async def create(s: Session, viewer: Viewer, new: NewTicket, *, per_minute: int = 0) -> Ticket:
    """Creates a request; its body becomes event 1. All that is wrong with the form is said at once."""
    author = await _author(s, viewer, new)
    if new.id is not None and not text.is_id(new.id):
        raise Invalid({"id": "Такое значение не принимается"})
    if new.id and (first := await log.by_client_id(s, author.id, new.id)):
        return await _created_before(s, first, new)
    subject, body, service = await checked(s, new, min(today(viewer.time_zone), today(author.time_zone)))
    organisation = _organisation(author, new.organisation)
    counter, moment = await _counter(s), now()
    if new.id and (first := await log.by_client_id(s, author.id, new.id)):  # a twin that waited for the same lock
        return await _created_before(s, first, new)
    await _limit(s, viewer, per_minute)  # under the counter's lock: many at once are counted one by one
    counter.value += 1
    ticket = Ticket(
        number=counter.value, subject=subject, urgency=new.urgency, service_id=service.id or 0,
        organisation_id=organisation, author_id=author.id, due=new.due, private=new.private, created_at=moment,
        legal_entity_id=await _only_entity(s, organisation), status_since=moment, changed=micros(moment),
        staff_changed=micros(moment),
    )  # fmt: skip
    s.add(ticket)
    await s.flush()
    taken = await files.take(s, viewer, new.files, ticket.number, PUBLIC)
    o = Opened(s, author, ticket, ticket.facts(frozenset()))
    client_id = new.id or f"ticket-{ticket.number}"
    body_event = Message(id=client_id, text=body, files=tuple(FileRef(**f) for f in taken))
    await o.record(body_event, client_id=client_id)
    await files.placed(s, new.files, 1)
    return ticket


async def _created_before(s: Session, first: Event, new: NewTicket) -> Ticket:
    """The same request sent again, after a lost answer or a second press."""
    ticket = await s.get_one(Ticket, first.ticket)
    if first.seq != 1 or (first.text or "").strip() != text.storable(new.text, "text").strip():
        raise Conflict(TAKEN_ID, reason="id")
    return ticket


def require_may_create(viewer: Viewer) -> None:
    """Refuses whoever neither asks nor asks for others."""
    if not policy.can_create(viewer):
        raise Forbidden("Обращение создаёт клиент или сотрудник от его имени")


async def _author(s: Session, viewer: Viewer, new: NewTicket) -> Viewer:
    if new.author is None or new.author == viewer.id:
        require_may_create(viewer)
        if not viewer.client:
            raise Invalid({"author": "Укажите клиента, от чьего имени обращение"})
        return viewer
    if not viewer.executor:
        raise NotFound
    author = await load_viewer(s, new.author)
    if author is None or not author.memberships:
        raise NotFound
    return author


async def checked(s: Session, new: NewTicket, first_day: date) -> tuple[str, str, Service]:
    """Subject, text and service as they will be kept; `Invalid` names everything that is wrong at once. Nothing is
    needed before the `first_day`."""
    wrong = Faults()
    with wrong:
        subject = text.line(new.subject, "subject", limit=text.SUBJECT, empty="Напишите тему: о чём обращение")
    with wrong:
        body = text.request(new.text, limit=MAX_TEXT)
    with wrong:
        if new.urgency not in URGENCIES:
            raise Invalid({"urgency": "Такой срочности нет"})
    with wrong:
        if new.due and new.due < first_day:
            raise Invalid({"due": "Этот день уже прошёл"})
    with wrong:
        service = await _offered(s, new.service, "service")
    wrong.tell()
    return subject, body, service


async def _offered(s: Session, service_id: int, field: str) -> Service:
    service = await s.get(Service, service_id)
    if service is None or not service.active:
        raise Invalid({field: "Выберите услугу из списка"})
    return service


def _organisation(author: Viewer, wanted: int | None) -> int:
    """For whom the author acts: the only membership is filled in, of several one must be named."""
    if wanted is not None and wanted not in author.memberships:
        raise NotFound
    if wanted is None and len(author.memberships) > 1:
        raise Invalid({"organisation": "Укажите, от какой организации обращение"})
    return wanted if wanted is not None else next(iter(author.memberships))


async def _limit(s: Session, viewer: Viewer, per_minute: int) -> None:
    if not per_minute:
        return
    asked = f"tickets:{viewer.id}"  # of whoever fills in the form, for themselves or for a client
    if seconds := await attempts.wait(s, asked, per_minute, timedelta(minutes=1)):
        raise TooMany("Слишком много обращений подряд. Подождите минуту и отправьте снова.", retry_after=seconds)
    await attempts.add(s, asked)


async def _counter(s: Session) -> Counter:
    """The last ticket's number, locked until the commit: whoever creates one waits here for the one before."""
    return await s.get_one(Counter, "ticket", with_for_update=True, populate_existing=True)


async def _only_entity(s: Session, organisation: int) -> int | None:
    found = (await s.exec(select(LegalEntity.id).where(LegalEntity.organisation_id == organisation))).all()
    return found[0] if len(found) == 1 else None


async def claim(s: Session, viewer: Viewer, number: int) -> Ticket:
    """An executor takes the ticket: of two at once one wins, the other learns who."""
    o = await open_ticket(s, viewer, number)
    o.require(policy.can_work(viewer, o.facts))
    o.require_open()
    if o.ticket.assignee_id == viewer.id:
        return o.ticket
    if o.ticket.assignee_id is not None:
        holder = await s.get_one(User, o.ticket.assignee_id)
        stands = {"assignee": holder.person(), "state": o.ticket.status}
        raise Conflict("Обращение уже взято: %(name)s", values={"name": holder.name}, **stands)
    await _give(o, viewer.id)
    return o.ticket


async def assign(s: Session, viewer: Viewer, number: int, user_id: int | None, *, seen: str | None = None) -> Ticket:
    """A lead gives the ticket to anyone who works tickets; its assignee may hand it over."""
    o = await open_ticket(s, viewer, number)
    o.require(policy.can_work(viewer, o.facts))
    o.require_open()
    if user_id != o.ticket.assignee_id:
        await require_as_seen(o, "assignee", seen)  # whoever hands over may no more, once somebody was quicker
    o.require(policy.can_assign(viewer, o.facts))
    if user_id is not None:
        user = await s.get(User, user_id)
        if user is None or not user.active:
            raise NotFound
        if not works_tickets(user.roles):
            raise Invalid({"user": "Исполнителем может быть сотрудник, который ведёт обращения"})
    if user_id != o.ticket.assignee_id:
        await _give(o, user_id)
    return o.ticket


async def _give(o: Opened, user_id: int | None) -> None:
    before, o.ticket.assignee_id = o.ticket.assignee_id, user_id
    o.facts = o.ticket.facts(o.facts.participants)
    await o.record(Assignee(frm=before, to=user_id))
    if o.ticket.status not in EXECUTOR_SHOWN and user_id is not None:
        await take(o, await possible(o, "estimating", "claim"))


async def add_participant(s: Session, viewer: Viewer, number: int, user_id: int) -> Ticket:
    """Brings somebody of the ticket's organisation or of the staff into the conversation."""
    o = await open_ticket(s, viewer, number)
    o.require(policy.can_add_people(viewer, o.facts))
    o.require_open()
    newcomer = await load_viewer(s, user_id)
    if newcomer is None or not (newcomer.powers(o.facts.organisation_id) or newcomer.staff):
        raise NotFound
    if user_id in o.facts.participants or user_id == o.ticket.author_id:
        return o.ticket
    s.add(TicketParticipant(ticket=number, user_id=user_id))
    o.facts = o.ticket.facts(o.facts.participants | {user_id})
    await o.record(Participant(added=user_id))
    return o.ticket


async def remove_participant(s: Session, viewer: Viewer, number: int, user_id: int) -> Ticket:
    """Takes somebody who was added out again: from this event on the ticket is absent for them."""
    o = await open_ticket(s, viewer, number)
    o.require(policy.can_add_people(viewer, o.facts) or user_id == viewer.id)
    row = await s.get(TicketParticipant, (number, user_id))
    if row is None:
        raise NotFound
    await s.delete(row)
    o.facts = o.ticket.facts(o.facts.participants - {user_id})
    await o.record(Participant(removed=user_id))
    return o.ticket


async def change_urgency(
    s: Session, viewer: Viewer, number: int, to: str, comment: str | None, *, seen: str | None = None
) -> Ticket:
    """Both sides see old and new, and why."""
    o = await open_ticket(s, viewer, number)
    o.require(policy.can_change_urgency(viewer, o.facts))
    o.require_open()
    if to not in URGENCIES:
        raise Invalid({"to": "Такой срочности нет"})
    reason = _reason(comment)
    if to == o.ticket.urgency:
        raise Conflict("Срочность уже такая", urgency=to)
    await require_as_seen(o, "urgency", seen)
    before, o.ticket.urgency = o.ticket.urgency, to
    await o.record(Urgency(frm=before, to=to, comment=reason))
    return o.ticket


async def change_service(
    s: Session, viewer: Viewer, number: int, to: int, comment: str | None, *, seen: str | None = None
) -> Ticket:
    """A lead moves the ticket to where it belongs; those responsible there see it from now on."""
    o = await open_ticket(s, viewer, number)
    o.require(policy.can_change_service(viewer))
    o.require_open()
    service = await _offered(s, to, "to")
    reason = _reason(comment)
    if to == o.ticket.service_id:
        raise Conflict("Услуга уже такая", service={"id": to, "name": service.name})
    await require_as_seen(o, "service", seen)
    before = await s.get_one(Service, o.ticket.service_id)
    o.ticket.service_id = to
    o.facts = o.ticket.facts(o.facts.participants)
    frm, after = [ServiceRef(id=one.id or 0, name=one.name) for one in (before, service)]
    await o.record(ServiceChange(frm=frm, to=after, comment=reason))
    return o.ticket


def _reason(comment: str | None) -> str:
    reason = text.comment(comment)
    if reason is None:
        raise Invalid({"comment": "Напишите, почему: это увидят обе стороны"})
    return reason


async def rate(s: Session, viewer: Viewer, number: int, score: int, comment: str | None) -> Ticket:
    """The author says once, after acceptance, how it went: 1–5."""
    o = await open_ticket(s, viewer, number)
    o.require(policy.can_rate(viewer, o.facts))
    if not 1 <= score <= 5:
        raise Invalid({"score": "Оценка от 1 до 5"})
    if o.ticket.status not in ACCEPTED or o.ticket.rating is not None:
        raise Conflict("Оценить можно один раз, после приёмки", state=o.ticket.status, rating=o.ticket.rating)
    o.ticket.rating = score
    await o.record(Rating(score=score, comment=text.comment(comment)))
    return o.ticket
