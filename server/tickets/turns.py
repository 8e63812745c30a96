"""Whose turn it is and how the path looks, told from the history of statuses. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server.tickets.workflow import STATUSES

SIDES = {"executor": "staff", "client": "client", "approver": "client"}  # of others the work does not wait
WITH_APPROVAL = frozenset({"approval", "approved"})


@dataclass(frozen=True)
class Step:
    """One line of the status history; the first has no `frm`."""

    at: datetime
    frm: str | None
    to: str


def turn(steps: Sequence[Step], until: datetime, *, settled: bool = False) -> dict[str, Any]:
    """Whose move it is since when, and how long each side has had the ticket; segments add up to its age to the second.
    Once the work is accepted it ages no more: then it is the accountant's, until it is `settled`."""
    segments: list[dict[str, Any]] = []
    begun = steps[0].at
    for step, end in zip(steps, [*(s.at for s in steps[1:]), until], strict=True):
        status = STATUSES[step.to]
        if status.turn not in SIDES:
            continue
        side = SIDES[status.turn]
        seconds = _whole(begun, end) - _whole(begun, step.at)
        segments.append({"side": side, "seconds": seconds, "label": status.label})
    now = steps[-1]
    mover = STATUSES[now.to].turn
    return {
        "mover": "nobody" if mover == "accountant" and settled else mover,
        "since": now.at,
        "segments": segments,
        "staff_seconds": sum(s["seconds"] for s in segments if s["side"] == "staff"),
        "client_seconds": sum(s["seconds"] for s in segments if s["side"] == "client"),
    }


def _whole(begun: datetime, moment: datetime) -> int:
    """Whole seconds since the beginning: differences of these add up, roundings of differences don't."""
    return int((moment - begun).total_seconds())


def path(steps: Sequence[Step], status: str, waiting_from: str | None, *, approval: bool) -> list[dict[str, Any]]:
    """The happy path with what is done, where the ticket stands, and what is still to come. Waiting is put in
    where it stands;
    an end that is off the path closes the list."""
    entered = {s.to: s.at for s in steps}
    happy = [c for c, s in STATUSES.items() if s.path and (approval or c in entered or c not in WITH_APPROVAL)]
    if status in happy:
        at = happy.index(status)
        done, rest = [c for c in happy[:at] if c in entered], happy[at + 1 :]
    elif status == "waiting":
        at = happy.index(waiting_from) if waiting_from in happy else 0
        done, rest = [c for c in happy[: at + 1] if c in entered], happy[at + 1 :]
    else:
        done, rest = [c for c in happy if c in entered], []
    return [
        *(_line(c, "done", entered.get(c)) for c in done),
        _line(status, "now", entered.get(status)),
        *(_line(c, "todo", None) for c in rest),
    ]


def _line(code: str, state: str, at: datetime | None) -> dict[str, Any]:
    return {"status": code, "label": STATUSES[code].label, "state": state, "at": at}
