"""From estimate to payment over HTTP."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from server.api import wire
from server.api.bodies import Body, Day, Id
from server.api.endpoint import Call, Endpoint, resource
from server.events import kinds
from server.money import actions, pricing, vat
from server.money.model import Estimate
from server.tickets import gates, queries

Json = dict[str, Any]
Comment = Annotated[str, Field(max_length=2000)]
Price = Annotated[int, Field(ge=0, le=pricing.MAX_PRICE, description="kopecks")]
Minutes = Annotated[int, Field(ge=1, le=100_000)]
Vat = Literal[kinds.Vat, 0, 5, 7, 10, 22]
WORK = "Работы по обращению"


class PricedLine(Body):
    """A line of work: `quantity` × `price`, or `minutes` × `rate` (unit hour, VAT included)."""

    text: Annotated[str, Field(max_length=500)] | None = None
    unit: kinds.Unit = "hour"
    quantity: Annotated[str, Field(max_length=30)] | int | float | None = None
    price: Price | None = None
    vat: Vat = "22"
    minutes: Minutes | None = None
    rate: Price | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "PricedLine":
        by_piece = self.text is not None and self.quantity is not None and self.price is not None
        by_time = self.minutes is not None and self.rate is not None and self.unit == "hour"
        timed, pieced = (
            self.minutes is not None or self.rate is not None,
            self.quantity is not None or self.price is not None,
        )
        if (by_time and not pieced) or (by_piece and not timed):
            return self
        raise ValueError("Нужны text, quantity и price или minutes и rate")

    def line(self) -> pricing.Line:
        """As the action wants it."""
        if self.minutes is not None:
            return pricing.Line(self.text or WORK, "", self.rate or 0, self.minutes, vat=str(self.vat))
        return pricing.Line(self.text or "", str(self.quantity), self.price or 0, unit=self.unit, vat=str(self.vat))


class NewEstimate(Body):
    """Lines of work, or `minutes` and `rate` alone: one line in hours, VAT included."""

    lines: Annotated[list[PricedLine], Field(min_length=1, max_length=pricing.MAX_LINES)] | None = None
    minutes: Minutes | None = None
    rate: Price | None = None
    due: Annotated[Day | None, Field(description="not before today")] = None
    comment: Comment | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "NewEstimate":
        alone = self.minutes is not None and self.rate is not None
        timed = self.minutes is not None or self.rate is not None
        if (self.lines is not None and not timed) or (alone and self.lines is None):
            return self
        raise ValueError("Нужны строки (lines) или minutes и rate")

    def priced(self) -> list[pricing.Line]:
        """As the action wants them."""
        lines = self.lines or [PricedLine(minutes=self.minutes, rate=self.rate)]
        return [line.line() for line in lines]


class NewDecision(Body):
    """A decision about exactly one version; a rejection says why."""

    version: Id
    decision: Literal["approved", "rejected"]
    comment: Comment | None = None


class NewPayment(Body):
    """How the ticket stands with payment; `invoice` is the number in 1C: left out or null it stays as it is, empty it
    is taken away."""

    state: kinds.PaymentState
    invoice: Annotated[str, Field(max_length=100)] | None = None


class NewTime(Body):
    """Minutes worked on a day that has come and is no longer than three years ago; billable ones from `in_progress`
    on."""

    minutes: Annotated[int, Field(ge=1, le=24 * 60)]
    date: Day
    comment: Comment = ""
    billable: bool = True


async def hand_in(call: Call) -> Json:
    """Hands in a new version of the estimate, and with it the ticket to its approvers."""
    new: NewEstimate = call.body
    made = await actions.hand_in_estimate(call.s, call.viewer, call.number, new.priced(), new.due, new.comment)
    return _estimate(made)


def _estimate(e: Estimate) -> Json:
    return {
        "version": e.version, "amount": e.amount, "vat_amount": vat.amount(e.lines), "lines": e.lines,
        "due": e.due.isoformat() if e.due else None, "comment": e.comment,
    }  # fmt: skip


async def decide(call: Call) -> Json:
    """Approves or rejects one version, once; whoever comes second gets 409 with the decision."""
    d: NewDecision = call.body
    made = await actions.decide(call.s, call.viewer, call.number, d.version, d.decision, d.comment)
    await call.s.refresh(made)
    return await actions.decision_json(call.s, made)


async def pay(call: Call) -> Json:
    """Records how the ticket stands with payment: of two at once one wins, the other is told how it stands."""
    new: NewPayment = call.body
    await actions.set_payment(call.s, call.viewer, call.number, new.state, new.invoice, seen=call.seen)
    return await queries.ticket_json(call.s, call.viewer, (await queries.find(call.s, call.viewer, call.number)).ticket)


async def log_time(call: Call) -> Json:
    """Logs time; told to the staff room only."""
    t: NewTime = call.body
    made = await actions.log_time(call.s, call.viewer, call.number, t.minutes, t.date, t.comment, t.billable)
    return {
        "minutes": made.minutes, "date": made.day.isoformat(), "comment": made.comment, "billable": made.billable,
    }  # fmt: skip


_IN = "/tickets/{number}"
routes = [
    resource(
        _IN + "/estimates",
        POST=Endpoint(hand_in, gates.WORKS, NewEstimate, answer=wire.EstimateVersion, status=201),
    ),
    resource(_IN + "/approval", POST=Endpoint(decide, gates.DECIDES, NewDecision, answer=wire.Decision)),
    resource(_IN + "/payment", PUT=Endpoint(pay, gates.BILLS, NewPayment, answer=wire.Ticket)),
    resource(_IN + "/time", POST=Endpoint(log_time, gates.LOGS_TIME, NewTime, answer=wire.TimeEntry, status=201)),
]
