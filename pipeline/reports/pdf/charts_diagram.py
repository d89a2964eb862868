"""Structure diagram: boxes on a raster, arrows along the gaps, labels where they cover nothing.

A label that has no free place beside its arrow becomes a number, told below the diagram.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
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
from pipeline.reports.pdf.diagram_routes import Area, Place, Point, Raster, routes
from pipeline.reports.pdf.text import Run
from pipeline.reports.pdf.theme import GREY, INK, NAVY

_SIZE: Final = 7.4
_LEADING: Final = 9.0
_LABEL: Final = 6.6
_LABEL_LEADING: Final = 7.8
_BOXES: Final = 0.66  # of the width
_WIDEST: Final = 158.0
_INSET: Final = 7.0
_GAP: Final = 46.0  # between rows
_EDGE: Final = 22.0  # above the first and below the last row
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
    heights = [0.0] * rows
    for box, (name, text) in zip(chart.boxes, texts, strict=True):
        needed = (len(name) + len(text)) * _LEADING + 2 * _INSET
        heights[box.row] = max(heights[box.row], needed)
    notes: list[str] = []
    body = sum(heights) + _GAP * (rows - 1) + 2 * _EDGE
    raster = _raster(chart.boxes, heights, box_width, pitch, body, width)
    places = {box.name: Place(box.column, box.row) for box in chart.boxes}
    arrows = [each for each in chart.arrows if each.start in places and each.end in places]
    lines = routes(raster, [(places[each.start], places[each.end]) for each in arrows])
    labels = _labels([each.label for each in arrows], lines, raster, (width, body), notes)
    told = [broken(note, width - 16, size=_LABEL) for note in notes]
    below = sum(len(each) for each in told) * (_LABEL_LEADING + 1.5)
    drawing = Drawing(width, body + below)
    for corners in lines:
        _arrow(drawing, [(x, y + below) for x, y in corners])
    for box, (name, text) in zip(chart.boxes, texts, strict=True):
        place = raster.areas[Place(box.column, box.row)]
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
    text = answer_text(box.text, style)
    name = broken(box.name, room, size=_SIZE, bold=True)
    return name, broken(text, room, size=_SIZE) if text else []


def _raster(
    boxes: Sequence[Box], heights: Sequence[float], box_width: float, pitch: float, body: float,
    width: float,
) -> Raster:  # fmt: skip
    tops = [body - _EDGE]
    for height in heights:
        tops.append(tops[-1] - height - _GAP)
    areas: dict[Place, Area] = {}
    alone = max(box.column for box in boxes) == 0
    for box in boxes:
        left = (width - box_width) / 2 if alone else 1 + box.column * pitch
        top = tops[box.row]
        areas[Place(box.column, box.row)] = Area(
            left, top - heights[box.row], left + box_width, top
        )
    half = (pitch - box_width) / 2
    columns = max(box.column for box in boxes) + 2
    gaps = tuple(1 + number * pitch - half for number in range(columns))
    gaps = (max(gaps[0], 3.0), *gaps[1:-1], min(gaps[-1], width - 3.0))
    rows = (tops[0] + _EDGE / 2, *(top + _GAP / 2 for top in tops[1:-1]), _EDGE / 2)
    return Raster(areas, gaps, rows)


class _Label:
    """Lines of text, or a number in a circle, at a place that covers nothing."""

    def __init__(self, lines: _Lines, place: Area, number: int = 0) -> None:
        self.lines, self.place, self.number = lines, place, number


def _labels(
    texts: Sequence[str], lines: Sequence[Sequence[Point]], raster: Raster,
    size: tuple[float, float], notes: list[str],
) -> list[_Label]:  # fmt: skip
    taken = list(raster.areas.values())
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
