"""How one version of an estimate differs from the one before it, line by line. Pure."""

from collections.abc import Sequence
from typing import Any

Line = dict[str, Any]


def changes(before: Sequence[Line], after: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines of `after` as they stand, each with what it `was`, then those that are gone. The same work is what is
    worded the same."""
    left = list(before)
    rows = []
    for line in after:
        was = next((one for one in left if _same_work(one, line)), None)
        if was is not None:
            left.remove(was)
        rows.append({"mark": "add" if was is None else "same" if was == line else "chg", "line": line, "was": was})
    return rows + [{"mark": "gone", "line": None, "was": was} for was in left]


def _same_work(one: Line, other: Line) -> bool:
    return " ".join(one["text"].casefold().split()) == " ".join(other["text"].casefold().split())
