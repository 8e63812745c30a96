"""The one table of statuses and transitions. Pure: buttons, badges, filters, help, API and actions read it; no I/O."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from server.words.marks import N_

Actor = Literal["author", "approver", "executor", "lead", "system"]
Door = Literal["status", "claim", "estimate", "approval"]
Mover = Literal["executor", "approver", "client", "accountant", "nobody"]


@dataclass(frozen=True)
class Status:
    """One row of the status table; `turn` says whose move it is while the ticket stands here. An end that either side
    can bring about is called by whoever did."""

    code: str
    label: str
    turn: Mover
    open: bool = True
    paused: bool = False
    path: bool = False
    by_client: str = ""
    by_staff: str = ""

    def named(self, withdrawn: bool | None) -> str:
        """What it is called of one ticket; `withdrawn` as the ticket has it."""
        return self.label if withdrawn is None else (self.by_client if withdrawn else self.by_staff) or self.label


@dataclass(frozen=True)
class Transition:
    """One allowed step. `via` is the only door that takes it; `back` means: only to where `waiting` was entered
    from."""

    frm: str
    to: str
    who: frozenset[Actor]
    label: str
    via: Door = "status"
    comment: bool = False
    back: bool = False
    needs: Literal["", "no_approval", "recent"] = ""

    def asks_comment(self, actors: frozenset[Actor]) -> bool:
        """A lead who cancels owes a reason; the author who withdraws does not."""
        return self.comment and not (self.to == "cancelled" and actors & CLIENT_SIDE)

    def named(self, actors: frozenset[Actor]) -> str:
        """The button's verb: a client withdraws what a lead cancels."""
        return N_("Отменить") if self.to == "cancelled" and not actors & CLIENT_SIDE else self.label


CLIENT_SIDE: frozenset[Actor] = frozenset({"author", "approver"})
STAFF_SIDE: frozenset[Actor] = frozenset({"executor", "lead"})
LEAD: frozenset[Actor] = frozenset({"lead"})

STATUSES: dict[str, Status] = {
    s.code: s
    for s in (
        Status("new", N_("Ожидает рассмотрения"), "executor", path=True),
        Status("estimating", N_("На оценке"), "executor", path=True),
        Status("approval", N_("На согласовании"), "approver", paused=True, path=True),
        Status("approved", N_("Согласовано"), "executor", path=True),
        Status("rejected", N_("Отклонено"), "executor"),
        Status("in_progress", N_("В работе"), "executor", path=True),
        Status("waiting", N_("Ожидает ответа клиента"), "client", paused=True),
        Status("review", N_("На приёмке"), "client", paused=True, path=True),
        Status("done", N_("Выполнено"), "accountant", path=True),
        Status("closed", N_("Закрыто"), "nobody", open=False),
        Status(
            "cancelled",
            N_("Отозвано или отменено"),
            "nobody",
            open=False,
            by_client=N_("Отозвано"),
            by_staff=N_("Отменено"),
        ),
    )
}

_WITHDRAWABLE = ("new", "estimating", "approval", "rejected", "waiting")
_CANCELLABLE = ("approved", "in_progress", "review", "done")

TRANSITIONS: tuple[Transition, ...] = (
    Transition("new", "estimating", STAFF_SIDE, N_("Взять"), via="claim"),
    Transition("estimating", "approval", STAFF_SIDE, N_("Отправить на согласование"), via="estimate"),
    Transition("in_progress", "approval", STAFF_SIDE, N_("Отправить на согласование"), via="estimate"),
    Transition("approval", "estimating", STAFF_SIDE, N_("Отозвать оценку")),
    Transition("approval", "approved", frozenset({"approver"}), N_("Согласовать"), via="approval"),
    Transition("approval", "rejected", frozenset({"approver"}), N_("Отклонить"), via="approval", comment=True),
    Transition("approved", "in_progress", STAFF_SIDE, N_("Начать работу")),
    Transition("estimating", "in_progress", STAFF_SIDE, N_("Начать работу"), needs="no_approval"),
    Transition("rejected", "estimating", STAFF_SIDE, N_("Вернуть на оценку")),
    Transition("estimating", "waiting", STAFF_SIDE, N_("Спросить клиента")),
    Transition("in_progress", "waiting", STAFF_SIDE, N_("Спросить клиента")),
    Transition("waiting", "estimating", STAFF_SIDE | {"system"}, N_("Продолжить"), back=True),
    Transition("waiting", "in_progress", STAFF_SIDE | {"system"}, N_("Продолжить"), back=True),
    Transition("estimating", "review", STAFF_SIDE, N_("Сдать на приёмку")),
    Transition("in_progress", "review", STAFF_SIDE, N_("Сдать на приёмку")),
    Transition("review", "done", CLIENT_SIDE, N_("Принять работу")),
    Transition("review", "in_progress", CLIENT_SIDE, N_("Вернуть в работу"), comment=True),
    Transition("done", "in_progress", CLIENT_SIDE, N_("Вернуть в работу"), needs="recent"),
    Transition("done", "closed", LEAD | {"system"}, N_("Закрыть")),
    Transition("closed", "in_progress", LEAD, N_("Открыть снова"), comment=True),
    *(Transition(frm, "cancelled", CLIENT_SIDE | LEAD, N_("Отозвать"), comment=True) for frm in _WITHDRAWABLE),
    *(Transition(frm, "cancelled", LEAD, N_("Отменить"), comment=True) for frm in _CANCELLABLE),
)

REVISABLE = frozenset({"approval", "rejected"})  # a new version of the estimate goes by way of `estimating`
BEFORE_WORK = frozenset({"new", "estimating", "approval", "approved", "rejected"})  # nothing is billable yet
ACCEPTED = frozenset({"done", "closed"})
OPEN = frozenset(code for code, s in STATUSES.items() if s.open)
EXECUTOR_SHOWN = frozenset(STATUSES) - {"new"}
SOON_DAYS = 2  # «Нужно к» counts as near from so many days before
RECENT_DAYS = 14


def moves(
    frm: str,
    actors: frozenset[Actor],
    *,
    via: Door | None = None,
    back_to: str | None = None,
    no_approval: bool = False,
) -> Iterator[Transition]:
    """Steps that somebody acting as `actors` may take now; `back_to` is where `waiting` was entered from."""
    for t in TRANSITIONS:
        if t.frm != frm or not (t.who & actors) or (via and t.via != via):
            continue
        if (t.back and t.to != back_to) or (t.needs == "no_approval" and not no_approval):
            continue
        yield t


def ever(to: str, actors: frozenset[Actor]) -> bool:
    """Whether these actors could ever take a step to `to`, by any door: the difference between 403 and 409."""
    return any(t.to == to and t.who & actors for t in TRANSITIONS)
