"""The help page's picture is the table of transitions and nothing else."""

import re
from typing import Any

import pytest

from server.tickets import diagram
from server.tickets.workflow import STATUSES, TRANSITIONS


@pytest.fixture(scope="module")
def picture() -> dict[str, Any]:
    return diagram.diagram()


def test_every_status_has_one_box_and_no_two_share_a_place(picture: dict[str, Any]) -> None:
    assert sorted(box["code"] for box in picture["boxes"]) == sorted(STATUSES)
    assert len({(box["x"], box["y"]) for box in picture["boxes"]}) == len(STATUSES)
    for box in picture["boxes"]:
        assert 0 <= box["x"] <= picture["width"] - picture["w"]
        assert 0 <= box["y"] <= picture["height"] - picture["h"]


def test_every_step_is_an_arrow_except_where_almost_everything_leads(picture: dict[str, Any]) -> None:
    drawn = {(arrow["frm"], arrow["to"]) for arrow in picture["arrows"]}
    steps = {(t.frm, t.to) for t in TRANSITIONS}
    assert drawn <= steps
    assert {to for _, to in steps - drawn} == {"cancelled"}


def test_the_usual_way_is_solid(picture: dict[str, Any]) -> None:
    solid = [(arrow["frm"], arrow["to"]) for arrow in picture["arrows"] if arrow["main"]]
    assert solid == list(zip(diagram.main_path(), diagram.main_path()[1:], strict=False)) or set(solid) == set(
        zip(diagram.main_path(), diagram.main_path()[1:], strict=False)
    )


def test_arrows_run_straight_and_no_two_lie_on_each_other(picture: dict[str, Any]) -> None:
    lanes: list[tuple[str, int, range]] = []
    for arrow in picture["arrows"]:
        assert re.fullmatch(r"M-?\d+ \d+([HV]-?\d+)+", arrow["d"])
        for lane in _lanes(arrow["d"]):
            for other in lanes:
                same = lane[0] == other[0] and lane[1] == other[1]
                assert not (same and set(lane[2][1:-1]) & set(other[2][1:-1])), (arrow, other)
        lanes += _lanes(arrow["d"])


def _lanes(d: str) -> list[tuple[str, int, range]]:
    """The horizontal pieces of a path: where they run and from where to where."""
    x, y = map(int, re.match(r"M(-?\d+) (\d+)", d).groups())  # type: ignore[union-attr]
    found = []
    for way, raw in re.findall(r"([HV])(-?\d+)", d):
        if way == "H":
            found.append(("H", y, range(min(x, int(raw)), max(x, int(raw)) + 1)))
            x = int(raw)
        else:
            y = int(raw)
    return found


def test_what_leads_on_is_listed_once_for_each_label() -> None:
    labels = [(t.label, t.to) for t in diagram.onward("waiting")]
    assert len(labels) == len(set(labels))
    assert {t.to for t in diagram.onward("waiting")} == {t.to for t in TRANSITIONS if t.frm == "waiting"}
