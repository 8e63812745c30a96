"""From estimate to payment: hand in, decide, record payment, log time. Sums are kopecks."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import col, select

from server.clock import now, today
from server.db import Session
from server.errors import Conflict, Faults, Invalid, NotFound
from server.events import log
from server.events.kinds import BY_INVOICE, PAYMENT_STATES, SETTLED, STAFF, Approval, EstimateLine, Payment, Time
from server.events.kinds import Estimate as EstimateEvent
from server.money.model import Estimate, TimeEntry
from server.money.pricing import Line, priced
from server.money.queries import is_decided
from server.people.model import User
from server.people.policy import Viewer
from server.tickets import policy
from server.tickets.meanwhile import require_as_seen
from server.tickets.moving import approval_not_needed, possible, take
from server.tickets.workflow import BEFORE_WORK, REVISABLE
from server.tickets.writing import Opened, open_ticket
from server.words import text

OLDEST_ENTRY = timedelta(days=3 * 366)  # what was worked longer ago nobody can claim any more


async def hand_in_estimate(
    s: Session,
    viewer: Viewer,
    number: int,
    lines: list[Line],
    due: date | None = None,
    comment: str | None = None,
    *,
    after: int | None = None,
) -> Estimate:
    """A new version of the estimate. It goes to the approver; where the rule asks for no approval, work may
    begin at once. It may come `after` the version its author has before them, to take its place: one that waits or was
    rejected is recalled in the same step, until then it can be decided on."""
    o = await open_ticket(s, viewer, number)
    o.require(policy.can_work(viewer, o.facts))
    wrong = Faults()
    with wrong:
        if due and due < today(viewer.time_zone):
            raise Invalid({"due": "Этот день уже прошёл"})
    with wrong:
        found = priced(lines)
    with wrong:
        comment = text.comment(comment)
    wrong.tell()
    if after is not None:
        await _make_way(o, after)
    step = await possible(o, "approval", "estimate")
    estimate = await _keep(o, found, due, comment)
    await o.record(
        EstimateEvent(
            version=estimate.version, lines=tuple(found), amount=estimate.amount,
            due=due.isoformat() if due else None, comment=estimate.comment,
        )
    )  # fmt: skip
    if await approval_not_needed(o):
        _owe(o, estimate)
    else:
        await take(o, step)
    return estimate


async def _make_way(o: Opened, after: int) -> None:
    if after != o.ticket.estimate_version:
        raise Conflict(
            "Оценку уже изменили, сейчас версия %(n)s. Начните с неё.",
            values={"n": o.ticket.estimate_version},
            version=o.ticket.estimate_version,
            state=o.ticket.status,
        )
    if o.ticket.status in REVISABLE:
        await take(o, await possible(o, "estimating", "status"), passing=True)


async def _keep(o: Opened, lines: list[EstimateLine], due: date | None, comment: str | None) -> Estimate:
    version = (o.ticket.estimate_version or 0) + 1
    amount = sum(line.sum for line in lines)
    estimate = Estimate(
        ticket=o.ticket.number, version=version, lines=[line.model_dump() for line in lines], amount=amount,
        due=due, comment=comment, author_id=o.viewer.id, created_at=now(),
    )  # fmt: skip
    o.s.add(estimate)
    o.ticket.estimate_version, o.ticket.estimate_amount = version, amount
    return estimate


async def decide(
    s: Session, viewer: Viewer, number: int, version: int, decision: str, comment: str | None = None
) -> Estimate:
    """An approver says yes or no to exactly one version, once. Who comes second learns who decided and how."""
    o = await _open_for_decision(s, viewer, number)
    o.require(policy.approves(viewer, o.facts))
    if decision not in ("approved", "rejected"):
        raise Invalid({"decision": "Согласовать или отклонить"})
    comment = text.comment(comment)
    if decision == "rejected" and comment is None:
        raise Invalid({"comment": "Напишите, почему отклоняете: исполнитель увидит это в переписке"})
    estimate = await _waiting(o, version)
    step = await possible(o, decision, "approval")
    await _decide_once(o, estimate, decision, comment)
    if decision == "approved":
        _owe(o, estimate)
    await o.record(Approval(version=version, decision=decision, comment=comment))
    await take(o, step, comment)
    return estimate


async def _open_for_decision(s: Session, viewer: Viewer, number: int) -> Opened:
    """An approver decides a private ticket's estimate without seeing its chat. Whether it is decided is read under the
    lock: the second press of a button waits there for the first."""
    o = await open_ticket(s, viewer, number, may=lambda v, f: policy.sees(v, f) or policy.approves(v, f))
    if not policy.sees_decision(viewer, o.facts, decided=await is_decided(s, number)):
        raise NotFound
    return o


async def _waiting(o: Opened, version: int) -> Estimate:
    query = select(Estimate).where(Estimate.ticket == o.ticket.number, Estimate.version == version)
    estimate = (await o.s.exec(query)).one_or_none()
    if estimate is None:
        raise Invalid({"version": "Такой версии оценки нет"})
    if estimate.decision != "waiting":
        raise Conflict("Решение по этой оценке уже принято", **await decision_json(o.s, estimate))
    if o.ticket.status != "approval" or version != o.ticket.estimate_version:
        raise Conflict(
            _why_not(o, version), values={"n": version}, state=o.ticket.status, version=o.ticket.estimate_version
        )
    return estimate


def _why_not(o: Opened, version: int) -> str:
    if version != o.ticket.estimate_version:
        return "Оценка изменилась. Согласовать версию %(n)s больше нельзя."
    if o.ticket.status == "estimating":
        return "Оценка отозвана. Согласовать версию %(n)s больше нельзя."
    return "Эта оценка больше не ждёт решения"


async def decision_json(s: Session, estimate: Estimate) -> dict[str, Any]:
    """A decision as it stands, for whoever comes second."""
    decider = await s.get(User, estimate.decided_by) if estimate.decided_by else None
    return {
        "version": estimate.version, "decision": estimate.decision, "comment": estimate.decision_comment,
        "decided_by": decider.person() if decider else None,
    }  # fmt: skip


async def _decide_once(o: Opened, estimate: Estimate, decision: str, comment: str | None) -> None:
    # The ticket's lock already keeps deciders apart; the condition makes a second decision impossible even without it.
    done = await o.s.execute(
        update(Estimate)
        .where(col(Estimate.id) == estimate.id, col(Estimate.decision) == "waiting")
        .values(decision=decision, decided_by=o.viewer.id, decided_at=now(), decision_comment=comment)
        .returning(col(Estimate.id))
    )
    if done.one_or_none() is None:
        raise Conflict("Решение по этой оценке уже принято", version=estimate.version)


def _owe(o: Opened, estimate: Estimate) -> None:
    """What was agreed on is to be invoiced, unless an invoice is under way already: the accountant adds it there."""
    if estimate.amount and o.ticket.payment_state in SETTLED:
        o.ticket.payment_state, o.ticket.invoice = "to_invoice", None


async def set_payment(
    s: Session,
    viewer: Viewer,
    number: int,
    state: str,
    invoice: str | None = None,
    *,
    seen: str | None = None,
    numbered: bool = False,
) -> None:
    """The accountant records how the ticket stands with payment, and the invoice's number in 1C: None keeps the one
    there is, an empty one takes it away. `numbered`: what speaks of an invoice has to name it; a person is asked for
    the number, a program may bring it later."""
    o = await open_ticket(s, viewer, number)
    o.require(policy.can_bill(viewer))
    if state not in PAYMENT_STATES:
        raise Invalid({"state": "Такого состояния оплаты нет"})
    wanted = (state, o.ticket.invoice if invoice is None else _number_1c(invoice))
    if numbered and state in BY_INVOICE and wanted[1] is None:
        raise Invalid({"invoice": "Укажите номер счёта"})
    if wanted != (o.ticket.payment_state, o.ticket.invoice):
        await require_as_seen(o, "payment", seen)
    elif await _said(o) == state:
        raise Conflict("Состояние оплаты уже такое", payment={"state": state, "invoice": o.ticket.invoice})
    o.ticket.payment_state, o.ticket.invoice = wanted
    await o.record(Payment(state=state, invoice=o.ticket.invoice))


def _number_1c(invoice: str) -> str | None:
    given = text.aside(invoice, "invoice", limit=text.INVOICE)
    return None if text.is_blank(given) else given


async def _said(o: Opened) -> str:
    """What an accountant said of it last; what followed from an approval by itself may still be said."""
    told = await log.latest(o.s, o.ticket.number, "payment")
    return str(told.data["state"]) if told else "not_needed"


def _require_worked(viewer: Viewer, day: date) -> None:
    now_there = today(viewer.time_zone)
    if day > now_there:
        raise Invalid({"date": "Этот день ещё не наступил"})
    if day < now_there - OLDEST_ENTRY:
        raise Invalid({"date": "Это больше трёх лет назад. Проверьте год."})


async def log_time(
    s: Session, viewer: Viewer, number: int, minutes: int, day: date, comment: str, billable: bool = True
) -> TimeEntry:
    """Minutes worked, told to the staff room only, while the ticket is open. Billable time begins with
    `in_progress`."""
    o = await open_ticket(s, viewer, number)
    o.require(policy.can_work(viewer, o.facts))
    o.require_open()
    if not 1 <= minutes <= 24 * 60:
        raise Invalid({"minutes": "От 1 минуты до 24 часов"})
    _require_worked(viewer, day)
    what = text.comment(comment) or ""
    if billable and (o.ticket.waiting_from or o.ticket.status) in BEFORE_WORK:
        raise Conflict("Платное время учитывают с начала работы", state=o.ticket.status)
    entry = TimeEntry(ticket=number, user_id=viewer.id, minutes=minutes, day=day, comment=what, billable=billable)
    s.add(entry)
    await o.record(Time(minutes=minutes, date=day.isoformat(), comment=what, billable=billable), line=STAFF)
    return entry
