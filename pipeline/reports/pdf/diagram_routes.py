"""Ways of arrows between boxes on a raster: along the gaps, never through a box."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Side = Literal["left", "right", "top", "bottom"]
Point = tuple[float, float]
_TRACK: Final = 7.0  # between arrows that share a gap
_PORT: Final = 13.0  # between arrows at one side of a box, at most


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
class Raster:
    """Where boxes and gaps are: areas by place; middles of the gaps between columns and rows.

    `rows[n]` is the gap above row n, `columns[n]` the one left of column n; each has one more.
    """

    areas: dict[Place, Area]
    columns: tuple[float, ...]
    rows: tuple[float, ...]


def routes(raster: Raster, pairs: Sequence[tuple[Place, Place]]) -> list[list[Point]]:
    """The corners of each arrow, from one box to the other, in the order given."""
    ways = [_way(raster, start, end) for start, end in pairs]
    ports = _ports(raster, pairs, ways)
    tracks: dict[tuple[str, int], int] = defaultdict(int)
    made: list[list[Point]] = []
    for number, way in enumerate(ways):
        first, last = ports[number, 0], ports[number, 1]
        made.append(_corners(raster, way, first, last, tracks))
    return made


class _Way(NamedTuple):
    leave: Side
    enter: Side
    row_gap: int | None = None  # the gap it runs along first
    column_gap: int | None = None
    last_row_gap: int | None = None


def _way(raster: Raster, start: Place, end: Place) -> _Way:
    """Straight where nothing is between; else along the gap of rows beside the start."""
    if start.row == end.row and not _between(raster, start, end):
        return _Way("right", "left") if start.column < end.column else _Way("left", "right")
    if start.column == end.column and not _between(raster, start, end):
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
    return _Way(leave, enter, row_gap=first, column_gap=beside, last_row_gap=last)


def _between(raster: Raster, start: Place, end: Place) -> bool:
    columns, rows = sorted((start.column, end.column)), sorted((start.row, end.row))
    return any(
        columns[0] <= place.column <= columns[1] and rows[0] <= place.row <= rows[1]
        for place in raster.areas
        if place not in (start, end)
    )


def _ports(
    raster: Raster, pairs: Sequence[tuple[Place, Place]], ways: Sequence[_Way]
) -> dict[tuple[int, int], Point]:
    """Where each arrow leaves and enters: spread over the side, in the order of the far ends."""
    at: dict[tuple[Place, Side], list[tuple[float, int, int]]] = defaultdict(list)
    for number, ((start, end), way) in enumerate(zip(pairs, ways, strict=True)):
        for which, (place, far, side) in enumerate(
            ((start, end, way.leave), (end, start, way.enter))
        ):
            upright = side in ("left", "right")
            order = float(far.row) if upright else float(far.column)
            at[place, side].append((order, number, which))
    ports: dict[tuple[int, int], Point] = {}
    for (place, side), users in at.items():
        box = raster.areas[place]
        upright = side in ("left", "right")
        length = box.high - box.low if upright else box.right - box.left
        step = min(_PORT if upright else 2 * _PORT, length / (len(users) + 1))
        for index, (_, number, which) in enumerate(sorted(users)):
            offset = (index - (len(users) - 1) / 2) * step
            ports[number, which] = _port(box, side, offset)
    return ports


def _port(box: Area, side: Side, offset: float) -> Point:
    middle_x, middle_y = (box.left + box.right) / 2, (box.low + box.high) / 2
    match side:
        case "left":
            return box.left, middle_y - offset
        case "right":
            return box.right, middle_y - offset
        case "top":
            return middle_x + offset, box.high
    return middle_x + offset, box.low


def _corners(
    raster: Raster, way: _Way, first: Point, last: Point, tracks: dict[tuple[str, int], int]
) -> list[Point]:  # fmt: skip
    if way.row_gap is None:
        return _straight(way, first, last)
    y = raster.rows[way.row_gap] + _track(tracks, "row", way.row_gap)
    if way.column_gap is None or way.last_row_gap is None:
        return [first, (first[0], y), (last[0], y), last]
    x = raster.columns[way.column_gap] + _track(tracks, "column", way.column_gap)
    low = raster.rows[way.last_row_gap] + _track(tracks, "row", way.last_row_gap)
    return [first, (first[0], y), (x, y), (x, low), (last[0], low), last]


def _straight(way: _Way, first: Point, last: Point) -> list[Point]:
    """Level or upright; a step half-way where the two sides' places differ."""
    level = way.leave in ("left", "right")
    if abs(first[1] - last[1] if level else first[0] - last[0]) < 0.5:
        return [first, last]
    if level:
        middle = (first[0] + last[0]) / 2
        return [first, (middle, first[1]), (middle, last[1]), last]
    middle = (first[1] + last[1]) / 2
    return [first, (first[0], middle), (last[0], middle), last]


def _track(tracks: dict[tuple[str, int], int], kind: str, gap: int) -> float:
    """Offsets 0, 1, -1, 2, -2 … tracks from the middle of a gap."""
    used = tracks[kind, gap]
    tracks[kind, gap] += 1
    return _TRACK * ((used + 1) // 2) * (1 if used % 2 else -1)
