"""Ways of arrows between boxes on a raster: along the gaps, never through a box.

Ways are planned over columns first: how many arrows lie under one another in a gap between rows
tells how high it has to be. Then the heights are known, and the corners with them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Side = Literal["left", "right", "top", "bottom"]
Point = tuple[float, float]
TRACK: Final = 12.5  # between arrows that share a gap: room for a label of one line
_COLUMN_TRACK: Final = 6.0
_PORT_DOWN: Final = 12.0  # between arrows at an upright side of a box, at most
_PORT_ACROSS: Final = 26.0  # and at a level one
_LEVEL: Final = ("left", "right")


class Area(NamedTuple):
    """A rectangle from its lower left to its upper right corner."""

    left: float
    low: float
    right: float
    high: float

    def meets(self, other: Area, room: float = 0.0) -> bool:
        """Whether they overlap, or come nearer than `room`."""
        return (
            self.left < other.right + room
            and other.left < self.right + room
            and self.low < other.high + room
            and other.low < self.high + room
        )


class Place(NamedTuple):
    """A box's column and row."""

    column: int
    row: int


@dataclass(frozen=True)
class Columns:
    """Where boxes begin and end across, and the middles of the gaps left of each column.

    `gaps` has one more for what is right of the last; `half_gap` is half the width of one.
    """

    spans: Mapping[Place, tuple[float, float]]
    gaps: tuple[float, ...]
    half_gap: float


class _Way(NamedTuple):
    """The sides of the boxes it begins and ends at, and the gaps it runs along between them."""

    leave: Side
    enter: Side
    row_gap: int | None = None
    column_gap: int | None = None
    last_row_gap: int | None = None


class _Stretch(NamedTuple):
    """A level stretch in a gap between rows: across at its upper and at its lower end."""

    gap: int
    upper: float
    lower: float
    turns_back: bool


class Plan:
    """The ways of arrows as far as they are known before the heights are."""

    def __init__(self, columns: Columns, pairs: Sequence[tuple[Place, Place]]) -> None:
        self._columns = columns
        self._pairs = pairs
        self._ways = [_way(columns, start, end) for start, end in pairs]
        self._offsets, self._users = _offsets(columns, pairs, self._ways)
        self._across = self._column_tracks()
        self._levels = _levels(self._stretches())

    @property
    def levels(self) -> dict[int, int]:
        """How many arrows lie under one another in each gap above a row, by the row's number."""
        counts: dict[int, int] = defaultdict(int)
        for (_, _, gap), level in self._levels.items():
            counts[gap] = max(counts[gap], level + 1)
        return counts

    def corners(
        self, areas: Mapping[Place, Area], gaps: Sequence[float]
    ) -> list[list[Point]]:  # fmt: skip
        """The corners of each arrow; `gaps` are the middles of the gaps above each row."""
        return [self._corners(number, areas, gaps) for number in range(len(self._pairs))]

    def _x(self, number: int, which: int) -> float:
        """Where an arrow's end stands on an upper or lower side."""
        left, right = self._columns.spans[self._pairs[number][which]]
        return (left + right) / 2 + self._offsets[number, which]

    def _column_tracks(self) -> dict[int, float]:
        used: dict[int, int] = defaultdict(int)
        found: dict[int, float] = {}
        for number, way in enumerate(self._ways):
            if way.column_gap is not None:
                count = used[way.column_gap]
                used[way.column_gap] += 1
                most = max(0.0, self._columns.half_gap - _COLUMN_TRACK / 2)
                shift = min(_COLUMN_TRACK * ((count + 1) // 2), most) * (1 if count % 2 else -1)
                found[number] = self._columns.gaps[way.column_gap] + shift
        return found

    def _stretches(self) -> dict[tuple[int, int, int], _Stretch]:
        """Level stretches by arrow, place in it, and gap."""
        made: dict[tuple[int, int, int], _Stretch] = {}
        for number, way in enumerate(self._ways):
            if way.row_gap is None:
                continue
            first, last = self._x(number, 0), self._x(number, 1)
            down = way.leave == "bottom"
            back = way.leave == way.enter
            turn = self._across.get(number, last)
            ends = (first, turn) if down else (turn, first)
            made[number, 0, way.row_gap] = _Stretch(way.row_gap, *ends, back)
            if way.last_row_gap is not None:
                ends = (turn, last) if down else (last, turn)
                made[number, 1, way.last_row_gap] = _Stretch(way.last_row_gap, *ends, False)
        return made

    def _corners(
        self, number: int, areas: Mapping[Place, Area], gaps: Sequence[float]
    ) -> list[Point]:  # fmt: skip
        way = self._ways[number]
        first, last = self._port(number, 0, areas), self._port(number, 1, areas)
        if way.row_gap is None:
            return self._straight(number, first, last, areas)
        y = self._height(number, 0, way.row_gap, gaps)
        if way.last_row_gap is None:
            return [first, (first[0], y), (last[0], y), last]
        x = self._across[number]
        end_y = self._height(number, 1, way.last_row_gap, gaps)
        return [first, (first[0], y), (x, y), (x, end_y), (last[0], end_y), last]

    def _height(self, number: int, place: int, gap: int, gaps: Sequence[float]) -> float:
        count = self.levels[gap]
        return gaps[gap] + ((count - 1) / 2 - self._levels[number, place, gap]) * TRACK

    def _port(self, number: int, which: int, areas: Mapping[Place, Area]) -> Point:
        way = self._ways[number]
        place = self._pairs[number][which]
        box, side = areas[place], way.enter if which else way.leave
        offset = self._offsets[number, which]
        if side in _LEVEL:
            step = min(_PORT_DOWN, (box.high - box.low) / (self._users[place, side] + 1))
            y = (box.low + box.high) / 2 - offset * step
            return (box.left if side == "left" else box.right), y
        x = (box.left + box.right) / 2 + offset
        return x, box.high if side == "top" else box.low

    def _straight(
        self, number: int, first: Point, last: Point, areas: Mapping[Place, Area]
    ) -> list[Point]:  # fmt: skip
        """In one line with the end that shares its side with more arrows."""
        way = self._ways[number]
        start, end = self._pairs[number]
        crowded = self._users[start, way.leave] >= self._users[end, way.enter]
        kept, box = (first, areas[end]) if crowded else (last, areas[start])
        if way.leave in _LEVEL:
            y = min(max(kept[1], box.low + 3), box.high - 3)
            return [(first[0], y), (last[0], y)]
        x = min(max(kept[0], box.left + 3), box.right - 3)
        return [(x, first[1]), (x, last[1])]


def _way(columns: Columns, start: Place, end: Place) -> _Way:
    """Straight where nothing is between; else along the gap of rows beside the start."""
    if start.row == end.row and not _between(columns, start, end):
        return _Way("right", "left") if start.column < end.column else _Way("left", "right")
    if start.column == end.column and not _between(columns, start, end):
        return _Way("bottom", "top") if start.row < end.row else _Way("top", "bottom")
    if start.row == end.row:
        return _Way("top", "top", row_gap=start.row)
    down = start.row < end.row
    leave: Side = "bottom" if down else "top"
    enter: Side = "top" if down else "bottom"
    first = start.row + 1 if down else start.row
    last = end.row if down else end.row + 1
    if first == last:
        return _Way(leave, enter, row_gap=first)
    beside = end.column + (1 if start.column > end.column else 0)
    if start.column == end.column:
        last_column = end.column == len(columns.gaps) - 2
        beside = end.column if last_column and end.column else end.column + 1
    return _Way(leave, enter, row_gap=first, column_gap=beside, last_row_gap=last)


def _between(columns: Columns, start: Place, end: Place) -> bool:
    across, down = sorted((start.column, end.column)), sorted((start.row, end.row))
    return any(
        across[0] <= place.column <= across[1] and down[0] <= place.row <= down[1]
        for place in columns.spans
        if place not in (start, end)
    )


def _offsets(
    columns: Columns, pairs: Sequence[tuple[Place, Place]], ways: Sequence[_Way]
) -> tuple[dict[tuple[int, int], float], dict[tuple[Place, Side], int]]:  # fmt: skip
    """How far from the middle of its side each end is, in the order of the far ends.

    In points on upper and lower sides; in steps, whose length the box's height gives, on others.
    """
    at: dict[tuple[Place, Side], list[tuple[float, int, int]]] = defaultdict(list)
    for number, ((start, end), way) in enumerate(zip(pairs, ways, strict=True)):
        for which, (place, far, side) in enumerate(
            ((start, end, way.leave), (end, start, way.enter))
        ):
            order = float(far.row if side in _LEVEL else far.column)
            at[place, side].append((order, number, which))
    offsets: dict[tuple[int, int], float] = {}
    for (place, side), users in at.items():
        left, right = columns.spans[place]
        step = 1.0
        if side not in _LEVEL:
            step = min(_PORT_ACROSS, (right - left) / (len(users) + 1))
        for index, (_, number, which) in enumerate(sorted(users)):
            offsets[number, which] = (index - (len(users) - 1) / 2) * step
    return offsets, {key: len(users) for key, users in at.items()}


def _levels(
    stretches: Mapping[tuple[int, int, int], _Stretch],
) -> dict[tuple[int, int, int], int]:
    """How far down each lies in its gap; those that share no place across share a level.

    In this order those of one direction do not cross: the further an arrow has to go, the lower.
    """

    def order(item: tuple[tuple[int, int, int], _Stretch]) -> tuple[int, int, float]:
        stretch = item[1]
        if stretch.turns_back:
            return (stretch.gap, 0, -abs(stretch.upper - stretch.lower))
        leftward = stretch.lower < stretch.upper
        return (stretch.gap, 1, stretch.upper if leftward else -stretch.upper)

    levels: dict[tuple[int, int, int], int] = {}
    for key, stretch in sorted(stretches.items(), key=lambda item: (order(item), item[0])):
        low, high = sorted((stretch.upper, stretch.lower))
        above = [-1]
        for other, level in levels.items():
            if other[2] == key[2]:
                start, end = sorted((stretches[other].upper, stretches[other].lower))
                if low <= end + TRACK and start <= high + TRACK:
                    above.append(level)
        levels[key] = max(above) + 1
    return levels
