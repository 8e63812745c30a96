"""Whose move it is, and how long each side has had the ticket: to the second, whatever happened in between."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from server.tickets.turns import Step, path, turn
from server.tickets.workflow import STATUSES

BEGUN = datetime(2026, 11, 24, 9, 30, 0, 417_000, tzinfo=UTC)
STEPS = st.lists(st.tuples(st.sampled_from(sorted(STATUSES)), st.integers(0, 10**9)), max_size=12)


def history(moves: list[tuple[str, int]]) -> tuple[list[Step], datetime]:
    """Steps so many milliseconds apart, and a moment as long after the last."""
    moment, status, steps = BEGUN, "new", [Step(BEGUN, None, "new")]
    for to, later in moves:
        moment += timedelta(milliseconds=later)
        steps.append(Step(moment, status, to))
        status = to
    return steps, moment + timedelta(milliseconds=sum(m for _, m in moves) % 10**7)


@given(STEPS)
def test_the_segments_add_up_to_the_second(moves: list[tuple[str, int]]) -> None:
    """(Seen red: each segment rounded by itself.)"""
    steps, until = history(moves)
    ends = [*(s.at for s in steps[1:]), until]
    over = sum(
        int((end - BEGUN).total_seconds()) - int((s.at - BEGUN).total_seconds())
        for s, end in zip(steps, ends, strict=True) if STATUSES[s.to].turn in ("nobody", "accountant")
    )  # fmt: skip
    told = turn(steps, until)
    assert told["staff_seconds"] + told["client_seconds"] + over == int((until - BEGUN).total_seconds())
    assert sum(s["seconds"] for s in told["segments"]) == told["staff_seconds"] + told["client_seconds"]
    assert all(s["seconds"] >= 0 for s in told["segments"])
    assert (told["mover"], told["since"]) == (STATUSES[steps[-1].to].turn, steps[-1].at)


def test_the_time_of_each_side() -> None:
    hour = timedelta(hours=1)
    steps = [
        Step(BEGUN, None, "new"), Step(BEGUN + hour, "new", "estimating"),
        Step(BEGUN + 3 * hour, "estimating", "approval"), Step(BEGUN + 7 * hour, "approval", "approved"),
        Step(BEGUN + 8 * hour, "approved", "in_progress"),
        Step(BEGUN + 12 * hour, "in_progress", "waiting"),
    ]  # fmt: skip
    told = turn(steps, BEGUN + 20 * hour)
    assert (told["mover"], told["staff_seconds"], told["client_seconds"]) == ("client", 8 * 3600, 12 * 3600)


def test_what_is_accepted_ages_no_more_and_is_the_accountants_until_it_is_settled() -> None:
    """(Seen red: «Ход бухгалтера», and the minutes ran for the executor.)"""
    hour = timedelta(hours=1)
    steps = [Step(BEGUN, None, "new"), Step(BEGUN + hour, "new", "review"), Step(BEGUN + 3 * hour, "review", "done")]
    for settled, mover in ((False, "accountant"), (True, "nobody")):
        told = turn(steps, BEGUN + 20 * hour, settled=settled)
        assert (told["mover"], told["staff_seconds"], told["client_seconds"]) == (mover, 3600, 2 * 3600)


def test_the_path_shows_what_is_done_where_it_stands_and_what_is_to_come() -> None:
    def shown(*to: str, waiting_from: str | None = None, approval: bool = True) -> str:
        steps = [Step(BEGUN, a, b) for a, b in zip([None, *to[:-1]], to, strict=True)]
        return " ".join(
            f"{line['status']}:{line['state']}" for line in path(steps, to[-1], waiting_from, approval=approval)
        )

    assert shown("new") == (
        "new:now estimating:todo approval:todo approved:todo in_progress:todo review:todo done:todo"
    )
    assert shown("new", "estimating", "review", approval=False) == ("new:done estimating:done review:now done:todo")
    assert shown("new", "estimating", "waiting", waiting_from="estimating", approval=False) == (
        "new:done estimating:done waiting:now in_progress:todo review:todo done:todo"
    )
    assert shown("new", "estimating", "cancelled") == "new:done estimating:done cancelled:now"
