"""What single changes do to a figure: bars from its base, the ends written beside them."""

from __future__ import annotations

from typing import Final, NamedTuple

from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import Color, HexColor

from pipeline.reports import colours
from pipeline.reports.formats import text_of
from pipeline.reports.pack.document import Figure, Style, Tornado
from pipeline.reports.pdf.charts_parts import (
    LEADING,
    SIZE,
    Key,
    area,
    broken,
    centred_lines,
    legend,
    legend_height,
    rule,
    write,
)
from pipeline.reports.pdf.text import width_of
from pipeline.reports.pdf.theme import GREY, INK, LINE, PALE
from pipeline.reports.scales import Measure, measure_of

_ROW: Final = 17.0
_THICK: Final = 9.0
_HEAD: Final = 14.0
_GAP: Final = 4.0
_MOST_LABEL: Final = 0.36  # of the width
_DOWN: Final = HexColor(colours.ACCENT)
_UP: Final = HexColor(colours.BLUE)


class _End(NamedTuple):
    value: float
    text: str
    colour: Color


def tornado(chart: Tornado, style: Style, width: float) -> Drawing | None:
    """Bars around the base in the order given; None where base or all ends are undefined."""
    ends = [each for bar in chart.bars for each in (bar.low, bar.high) if each is not None]
    measure = measure_of([chart.base], style)
    base = measure.of(chart.base)
    values = [value for value in map(measure.of, ends) if value is not None]
    if base is None or not values:
        return None
    label_room = min(max(width_of(bar.label, SIZE) for bar in chart.bars) + 10, _MOST_LABEL * width)
    labels = [broken(bar.label, label_room - 8) for bar in chart.bars]
    rows = [max(_ROW, len(lines) * LEADING + 5) for lines in labels]
    text_room = max(width_of(text_of(each, style), SIZE) for each in [*ends, chart.base]) + 2 * _GAP
    keys = [Key("Change down", "area", _DOWN), Key("Change up", "area", _UP)]
    below = legend_height(keys, width) + 4
    height = _HEAD + sum(rows) + below
    drawing = Drawing(width, height)
    left, right = label_room + text_room, width - text_room
    low, high = min([*values, base]), max([*values, base])

    def at(value: float) -> float:
        return left + (value - low) / ((high - low) or 1.0) * (right - left)

    top = height - _HEAD
    for bar, lines, room in zip(chart.bars, labels, rows, strict=True):
        middle = top - room / 2
        rule(drawing, 0, top - room, width, top - room, PALE)
        centred_lines(drawing, 0, middle, lines)
        shown = [_end(bar.low, _DOWN, measure, style), _end(bar.high, _UP, measure, style)]
        there = [each for each in shown if each is not None]
        for each in sorted(there, key=lambda one: -abs(one.value - base)):
            start, stop = sorted((at(base), at(each.value)))
            area(drawing, start, middle - _THICK / 2, stop - start, _THICK, each.colour)
        for side, end, text in _sides(bar.low, bar.high, shown, style, base):
            outer = at(base if end is None else end.value)
            outer = min(outer, at(base)) - _GAP if side < 0 else max(outer, at(base)) + _GAP
            write(drawing, outer, middle - 2.6, text, anchor="end" if side < 0 else "start")
        top -= room
    rule(drawing, at(base), below, at(base), height - _HEAD + 2, INK, width=0.9)
    rule(drawing, 0, height - _HEAD, width, height - _HEAD, LINE)
    _write_base(drawing, f"Base {text_of(chart.base, style)}", at(base), height - 9, width)
    legend(drawing, 0, below - 2, keys, width)
    return drawing


def _end(figure: Figure | None, colour: Color, measure: Measure, style: Style) -> _End | None:
    value = None if figure is None else measure.of(figure)
    if figure is None or value is None:
        return None
    return _End(value, text_of(figure, style), colour)


def _sides(
    low: Figure | None, high: Figure | None, shown: list[_End | None], style: Style, base: float
) -> list[tuple[int, _End | None, str]]:  # fmt: skip
    """Where each end's text goes: the lower value left of the bars, the other right of them."""
    down, up = shown
    if down is not None and up is not None:
        first, second = (down, up) if down.value <= up.value else (up, down)
        return [(-1, first, first.text), (1, second, second.text)]
    places: list[tuple[int, _End | None, str]] = []
    taken = 0
    for one in shown:
        if one is not None:
            taken = -1 if one.value < base else 1
            places.append((taken, one, one.text))
    for figure, end in ((low, down), (high, up)):
        if figure is not None and end is None:
            side = -taken if taken else -1
            places.append((side, None, text_of(figure, style)))
            taken = side
    return places


def _write_base(drawing: Drawing, text: str, x: float, y: float, width: float) -> None:
    half = width_of(text, SIZE, bold=True) / 2
    x = min(max(x, half), width - half)
    write(drawing, x, y, text, bold=True, colour=GREY, anchor="middle")
