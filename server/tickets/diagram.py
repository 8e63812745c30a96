"""The help page's picture of the workflow, laid out from the table of transitions. Pure: no markup."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from server.tickets.workflow import STATUSES, TRANSITIONS, Transition

COLUMNS = 4
WIDTH, HEIGHT = 156, 40
STEP_X, STEP_Y = 182, 108
LANE, PORT = 11, 15
EVERYWHERE = 4

Cell = tuple[int, int]


@dataclass(frozen=True)
class Edge:
    """All the ways from one status to another, drawn as one arrow."""

    frm: str
    to: str
    main: bool


def diagram() -> dict[str, Any]:
    """Boxes {code, x, y, client} and arrows {d, main, frm, to} in one system of `width` × `height`."""
    cells = layout()
    rows = max(row for row, _ in cells.values()) + 1
    arrows = Router(cells).draw(edges(cells))
    boxes = [
        {"code": code, "x": _x(cell), "y": _y(cell), "client": STATUSES[code].turn in ("client", "approver")}
        for code, cell in cells.items()
    ]
    width, height = (COLUMNS - 1) * STEP_X + WIDTH + 2, (rows - 1) * STEP_Y + HEIGHT + 16
    return {"width": width, "height": height, "w": WIDTH, "h": HEIGHT, "boxes": boxes, "arrows": arrows}


def sources(code: str) -> list[str]:
    """Where a status is entered from, in the table's order."""
    return list(dict.fromkeys(t.frm for t in TRANSITIONS if t.to == code))


def anywhere(code: str) -> bool:
    """Whether almost everything leads here without being on the way: told in words, not with arrows."""
    return not STATUSES[code].path and len(sources(code)) > EVERYWHERE


def main_path() -> list[str]:
    """The statuses of the usual way, and those that end it."""
    path = [code for code, status in STATUSES.items() if status.path]
    return path + [code for code in STATUSES if sources(code) == path[-1:] and not STATUSES[code].open]


def layout() -> dict[str, Cell]:
    """The path runs to the right and turns back; what ends it goes on; the rest stands beside its source."""
    cells: dict[str, Cell] = {}
    for place, code in enumerate(main_path()):
        row, column = divmod(place, COLUMNS)
        cells[code] = (row + 1, COLUMNS - 1 - column if row % 2 else column)
    for code in STATUSES:
        if code not in cells:
            cells[code] = _beside(code, cells)
    return cells


def _beside(code: str, cells: dict[str, Cell]) -> Cell:
    if anywhere(code):
        wanted = (0, 0)
    else:
        row, column = max(cells[source] for source in sources(code) if source in cells)
        wanted = (0 if row == 1 else row + 1, column)
    while wanted in cells.values():
        wanted = (wanted[0], (wanted[1] - 1) % COLUMNS)
    return wanted


def edges(cells: dict[str, Cell]) -> list[Edge]:
    """One for each pair of statuses; of those that lead where almost everything leads, only the nearest."""
    order = main_path()
    pairs = dict.fromkeys((t.frm, t.to) for t in TRANSITIONS)
    following = set(zip(order, [*order[1:], ""], strict=True))
    return [
        Edge(frm, to, (frm, to) in following)
        for frm, to in pairs
        if not anywhere(to) or _distance(cells[frm], cells[to]) == 1
    ]


def _distance(a: Cell, b: Cell) -> int:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _x(cell: Cell) -> int:
    return 1 + cell[1] * STEP_X


def _y(cell: Cell) -> int:
    return 8 + cell[0] * STEP_Y


class Router:
    """Straight arrows between neighbours, the others through lanes between the rows, each with its own."""

    def __init__(self, cells: dict[str, Cell]) -> None:
        self.cells = cells
        self.lanes: dict[int, int] = defaultdict(int)
        self.ports: dict[tuple[str, str], int] = defaultdict(int)
        self.gaps: dict[int, int] = defaultdict(int)

    def draw(self, wanted: list[Edge]) -> list[dict[str, Any]]:
        """Neighbours first: they keep the middles of the boxes' sides."""
        pairs = {(e.frm, e.to) for e in wanted}
        ordered = sorted(wanted, key=lambda e: _distance(self.cells[e.frm], self.cells[e.to]))
        return [{"d": self.path(e, (e.to, e.frm) in pairs), "main": e.main, "frm": e.frm, "to": e.to} for e in ordered]

    def path(self, e: Edge, both: bool) -> str:
        """SVG path data of one arrow."""
        a, b = self.cells[e.frm], self.cells[e.to]
        if _distance(a, b) == 1:
            return self.straight(a, b, 8 if both else 0)
        return self.same_row(e, a, b) if a[0] == b[0] else self.across(e, a, b)

    def straight(self, a: Cell, b: Cell, aside: int) -> str:
        """Between neighbours; a pair of opposite arrows keeps apart."""
        if a[0] == b[0]:
            y = _y(a) + HEIGHT // 2 + (aside if a[1] > b[1] else -aside)
            return f"M{_x(a) + (WIDTH if b[1] > a[1] else 0)} {y}H{_x(b) + (0 if b[1] > a[1] else WIDTH)}"
        x = _x(a) + WIDTH // 2 + (PORT if a[0] > b[0] else -PORT) * bool(aside)
        self.reserve(a, b, 2 if aside else 0)
        return f"M{x} {_y(a) + (HEIGHT if b[0] > a[0] else 0)}V{_y(b) + (0 if b[0] > a[0] else HEIGHT)}"

    def reserve(self, a: Cell, b: Cell, places: int) -> None:
        """The ports that a pair of straight arrows takes on the facing sides of two boxes."""
        upper, lower = sorted((a, b))
        for code, cell in self.cells.items():
            if cell in (upper, lower):
                side = "below" if cell == upper else "above"
                self.ports[code, side] = max(self.ports[code, side], places)

    def same_row(self, e: Edge, a: Cell, b: Cell) -> str:
        """Below the row, and up again."""
        lane = self.lane(a[0])
        below = _y(a) + HEIGHT
        return f"M{self.port(e.frm, 'below')} {below}V{lane}H{self.port(e.to, 'below')}V{below}"

    def across(self, e: Edge, a: Cell, b: Cell) -> str:
        """Through the lane beside each row; past a row in between by the gap left of the target's column."""
        down = b[0] > a[0]
        start, end = _y(a) + (HEIGHT if down else 0), _y(b) + (0 if down else HEIGHT)
        out = self.port(e.frm, "below" if down else "above")
        into = self.port(e.to, "above" if down else "below")
        first = self.lane(a[0] if down else a[0] - 1)
        if abs(a[0] - b[0]) == 1:
            return f"M{out} {start}V{first}H{into}V{end}"
        column = max(a[1], b[1])
        self.gaps[column] += 1
        gap = column * STEP_X - (STEP_X - WIDTH) // 2 - 9 + 7 * self.gaps[column]
        last = self.lane(b[0] - 1 if down else b[0])
        return f"M{out} {start}V{first}H{gap}V{last}H{into}V{end}"

    def lane(self, under_row: int) -> int:
        """The next free height between a row and the one below it."""
        self.lanes[under_row] += 1
        return 8 + under_row * STEP_Y + HEIGHT + 6 + LANE * self.lanes[under_row]

    def port(self, code: str, side: str) -> int:
        """The next free place on a box's upper or lower side, from the middle outwards."""
        self.ports[code, side] += 1
        n = self.ports[code, side]
        aside = (n + 1) // 2 * PORT * (1 if n % 2 else -1)
        return _x(self.cells[code]) + WIDTH // 2 + aside


def onward(code: str) -> list[Transition]:
    """The steps that lead on from a status, one for each label and door."""
    seen: dict[tuple[str, str], Transition] = {}
    for t in TRANSITIONS:
        if t.frm == code:
            seen.setdefault((t.label, t.to), t)
    return list(seen.values())
