"""Structure diagram: boxes on a raster, arrows along the gaps, labels where they cover nothing.

A label that has no free place beside its arrow becomes a number, told below the diagram.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from reportlab.graphics.shapes import Circle, Drawing, Polygon
from reportlab.lib.colors import Color, HexColor, white
from reportlab.pdfbase.pdfmetrics import stringWidth

from pipeline.reports import colours
from pipeline.reports.formats import answer_text
from pipeline.reports.pack.document import Box, Diagram, Style
from pipeline.reports.pdf.charts_parts import (
    area,
    broken,
    centred_lines,
    path,
    write,
    write_lines,
)
from pipeline.reports.pdf.diagram_routes import TRACK, Area, Columns, Place, Plan, Point
from pipeline.reports.pdf.text import Run
from pipeline.reports.pdf.theme import GREY, INK, NAVY

_SIZE: Final = 7.4
_LEADING: Final = 9.0
_LABEL: Final = 6.6
_LABEL_LEADING: Final = 7.8
_BOXES: Final = 0.66  # of the width
_WIDEST: Final = 158.0
_INSET: Final = 7.0
_GAP: Final = 36.0  # between rows, at least
_EDGE: Final = 22.0  # above the first and below the last row where an arrow goes there
_ENDS: Final = 32.0  # of a gap, for the ends of its arrows
_HEAD: Final = 5.0  # length of an arrow's head
_LABEL_ROOM: Final = 96.0
_CIRCLE: Final = 5.4
_LINE: Final = GREY
_Lines = list[list[Run]]


def diagram(chart: Diagram, style: Style, width: float) -> Drawing | None:
    """Who pays whom; None without boxes."""
    if not chart.boxes:
        return None
    columns = max(box.column for box in chart.boxes) + 1
    rows = max(box.row for box in chart.boxes) + 1
    box_width = min(_WIDEST, _BOXES * width / columns)
    pitch = (width - 2 - box_width) / max(1, columns - 1)
    texts = [_box_lines(box, style, box_width - 2 * _INSET) for box in chart.boxes]
    heights = {
        Place(box.column, box.row): (len(name) + len(text)) * _LEADING + 2 * _INSET
        for box, (name, text) in zip(chart.boxes, texts, strict=True)
    }
    rooms = [max([high for place, high in heights.items() if place.row == row], default=0.0)
             for row in range(rows)]  # fmt: skip
    places = {box.name: Place(box.column, box.row) for box in chart.boxes}
    arrows = [
        each
        for each in chart.arrows
        if each.start in places and each.end in places and each.start != each.end
    ]
    across = _across(chart.boxes, box_width, pitch, width)
    ways = Plan(across, [(places[each.start], places[each.end]) for each in arrows])
    gaps = _gaps(ways.levels, rows)
    body = sum(rooms) + sum(gaps)
    areas, middles = _down(across, heights, rooms, gaps)
    lines = ways.corners(areas, middles)
    notes: list[str] = []
    labels = _labels([each.label for each in arrows], lines, areas, (width, body), notes)
    told = [broken(note, width - 16, size=_LABEL) for note in notes]
    below = sum(len(each) for each in told) * (_LABEL_LEADING + 1.5)
    drawing = Drawing(width, body + below)
    for corners in lines:
        _arrow(drawing, [(x, y + below) for x, y in corners])
    for box, (name, text) in zip(chart.boxes, texts, strict=True):
        place = areas[Place(box.column, box.row)]
        _box(drawing, box, place, name, text, below)
    for label in labels:
        _write_label(drawing, label, below)
    top = below
    for number, each in enumerate(told, 1):
        write(drawing, 0, top - 0.8 * _LABEL, f"{number}", size=_LABEL, bold=True)
        write_lines(drawing, 12, top, each, size=_LABEL, leading=_LABEL_LEADING, colour=INK)
        top -= len(each) * (_LABEL_LEADING + 1.5)
    return drawing


def _box_lines(box: Box, style: Style, room: float) -> tuple[_Lines, _Lines]:
    text = answer_text(box.text, style, notes=True)
    name = broken(box.name, room, size=_SIZE, bold=True)
    return name, broken(text, room, size=_SIZE) if text else []


def _across(
    boxes: Sequence[Box], box_width: float, pitch: float, width: float
) -> Columns:  # fmt: skip
    columns = max(box.column for box in boxes) + 1
    first = (width - box_width) / 2 if columns == 1 else 1.0
    spans = {}
    for box in boxes:
        left = first + box.column * pitch
        spans[Place(box.column, box.row)] = (left, left + box_width)
    half = (pitch - box_width) / 2
    gaps = [first + number * pitch - half for number in range(columns + 1)]
    return Columns(spans, tuple(min(max(gap, 4.0), width - 4.0) for gap in gaps), half)


def _gaps(levels: Mapping[int, int], rows: int) -> list[float]:
    """Heights of the gaps above each row and below the last, by the arrows that lie in them."""
    made = []
    for gap in range(rows + 1):
        count = levels.get(gap, 0)
        inner = 0 < gap < rows
        least = _GAP if inner else _EDGE if count else 2.0
        made.append(max(least, _ENDS + (count - 1) * TRACK))
    return made


def _down(
    across: Columns, heights: Mapping[Place, float], rooms: Sequence[float], gaps: Sequence[float]
) -> tuple[dict[Place, Area], list[float]]:  # fmt: skip
    """Areas of the boxes, each in the middle of its row's room, and the middles of the gaps."""
    centres, middles = [], []
    y = sum(rooms) + sum(gaps)
    for room, gap in zip(rooms, gaps, strict=False):
        middles.append(y - gap / 2)
        centres.append(y - gap - room / 2)
        y -= gap + room
    middles.append(y - gaps[-1] / 2)
    areas = {}
    for place, (left, right) in across.spans.items():
        half = heights[place] / 2
        areas[place] = Area(left, centres[place.row] - half, right, centres[place.row] + half)
    return areas, middles


class _Label:
    """Lines of text, or a number in a circle, at a place that covers nothing."""

    def __init__(self, lines: _Lines, place: Area, number: int = 0) -> None:
        self.lines, self.place, self.number = lines, place, number


def _labels(
    texts: Sequence[str], lines: Sequence[Sequence[Point]], areas: Mapping[Place, Area],
    size: tuple[float, float], notes: list[str],
) -> list[_Label]:  # fmt: skip
    taken = list(areas.values())
    strokes = [stroke for corners in lines for stroke in _strokes(corners)]
    page = Area(0, 0, *size)
    made: list[_Label] = []
    for text, corners in zip(texts, lines, strict=True):
        if not text:
            continue
        label = _free_label(text, corners, taken, strokes, page)
        if label is None:
            notes.append(text)
            label = _number(len(notes), corners, taken, page)
        taken.append(label.place)
        made.append(label)
    return made


def _strokes(corners: Sequence[Point]) -> list[Area]:
    made = []
    for (x1, y1), (x2, y2) in pairwise(corners):
        made.append(Area(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)))
    return made


def _free_label(
    text: str, corners: Sequence[Point], taken: Sequence[Area], strokes: Sequence[Area], page: Area
) -> _Label | None:  # fmt: skip
    for room in (_LABEL_ROOM, 0.7 * _LABEL_ROOM, 0.5 * _LABEL_ROOM):
        lines = broken(text, room, size=_LABEL)
        if any(len(line) == 0 for line in lines):
            continue
        wide = max(_width(line) for line in lines)
        high = len(lines) * _LABEL_LEADING
        for place in _candidates(corners, wide, high):
            inside = place.left >= page.left and place.right <= page.right
            inside = inside and place.low >= page.low and place.high <= page.high
            free = not any(place.meets(each, 1.2) for each in (*taken, *strokes))
            if inside and free:
                return _Label(lines, place)
    return None


def _width(line: Sequence[Run]) -> float:
    return sum(float(stringWidth(text, font, _LABEL)) for font, text in line)


def _candidates(corners: Sequence[Point], wide: float, high: float) -> Iterator[Area]:
    """Places beside the arrow, the longest stretch first, from its middle outwards."""
    stretches = sorted(
        pairwise(corners),
        key=lambda ends: -abs(ends[0][0] - ends[1][0]) - abs(ends[0][1] - ends[1][1]),
    )
    for (x1, y1), (x2, y2) in stretches:
        for share in (0.5, 0.35, 0.65, 0.2, 0.8):
            x, y = x1 + (x2 - x1) * share, y1 + (y2 - y1) * share
            if y1 == y2:
                yield Area(x - wide / 2, y + 1.6, x + wide / 2, y + 1.6 + high)
                yield Area(x - wide / 2, y - 1.6 - high, x + wide / 2, y - 1.6)
            else:
                yield Area(x + 3, y - high / 2, x + 3 + wide, y + high / 2)
                yield Area(x - 3 - wide, y - high / 2, x - 3, y + high / 2)


def _number(number: int, corners: Sequence[Point], taken: Sequence[Area], page: Area) -> _Label:
    places = []
    for (x1, y1), (x2, y2) in pairwise(corners):
        for share in (0.5, 0.3, 0.7):
            x, y = x1 + (x2 - x1) * share, y1 + (y2 - y1) * share
            places.append(Area(x - _CIRCLE, y - _CIRCLE, x + _CIRCLE, y + _CIRCLE))
    free = [
        each
        for each in places
        if each.left >= page.left and not any(each.meets(other) for other in taken)
    ]
    return _Label([], (free or places)[0], number)


def _write_label(drawing: Drawing, label: _Label, below: float) -> None:
    place = label.place
    middle, centre = (place.left + place.right) / 2, (place.low + place.high) / 2 + below
    if label.number:
        drawing.add(Circle(middle, centre, _CIRCLE, fillColor=white, strokeColor=_LINE))
        write(drawing, middle, centre - 2.3, f"{label.number}", size=_LABEL, bold=True,
              anchor="middle")  # fmt: skip
        return
    write_lines(drawing, middle, place.high + below, label.lines, size=_LABEL,
                leading=_LABEL_LEADING, anchor="middle")  # fmt: skip


def _box(
    drawing: Drawing, box: Box, place: Area, name: _Lines, text: _Lines, below: float
) -> None:  # fmt: skip
    colour = HexColor(colours.BOXES[box.kind])
    ground = HexColor(colours.mixed(colours.BOXES[box.kind], 0.08))
    low, wide, high = place.low + below, place.right - place.left, place.high - place.low
    area(drawing, place.left, low, wide, high, ground, edge=colour, edge_width=0.9, corner=2.5)
    area(drawing, place.left, low + high - 3.2, wide, 3.2, colour, corner=1.2)
    middle = (place.left + place.right) / 2
    total = (len(name) + len(text)) * _LEADING
    centre = low + (high - 3.0) / 2
    for number, lines in enumerate((name, text)):
        half = len(lines) * _LEADING / 2
        offset = total / 2 - half - (len(name) * _LEADING if number else 0.0)
        shown: Color = NAVY if number == 0 else INK
        centred_lines(drawing, middle, centre + offset, lines, size=_SIZE, leading=_LEADING,
                      colour=shown, anchor="middle")  # fmt: skip


def _arrow(drawing: Drawing, corners: Sequence[Point]) -> None:
    (x1, y1), (x2, y2) = corners[-2], corners[-1]
    angle = math.atan2(y2 - y1, x2 - x1)
    base = (x2 - _HEAD * math.cos(angle), y2 - _HEAD * math.sin(angle))
    path(drawing, [*corners[:-1], base], _LINE, width=0.9)
    across = (-0.42 * _HEAD * math.sin(angle), 0.42 * _HEAD * math.cos(angle))
    drawing.add(
        Polygon(
            [x2, y2, base[0] + across[0], base[1] + across[1], base[0] - across[0],
             base[1] - across[1]],
            fillColor=_LINE, strokeColor=None,
        )
    )  # fmt: skip
