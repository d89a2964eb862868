"""Line charts and stacked bars: figures over the places of an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from reportlab.graphics.shapes import Drawing, Group
from reportlab.lib.colors import HexColor, white

from pipeline.reports import colours
from pipeline.reports.formats import text_of
from pipeline.reports.pack.document import Figure, LineChart, Series, StackedBars, Style
from pipeline.reports.pdf.charts_parts import (
    LEADING,
    SIZE,
    Key,
    area,
    broken,
    dashes_of,
    dot,
    legend,
    legend_height,
    path,
    rule,
    series_colour,
    write,
    write_lines,
)
from pipeline.reports.pdf.text import Run, width_of
from pipeline.reports.pdf.theme import GREY, LINE, PALE
from pipeline.reports.scales import Measure, Scale, measure_of, scale_of, tick_texts

_PLOT: Final = 140.0  # height of the field that lines and bars are drawn in
_UNIT_ROW: Final = 15.0
_TOP_ROW: Final = 6.0  # where no unit stands above the field
_AXIS_ROW: Final = 12.0
_GAP: Final = 5.0
_LONG_PLACE: Final = 9  # letters; places up to it, such as years, may be left out in between
_MOST_LINES: Final = 3
_TILT: Final = 38.0  # degrees
_LONGEST_TILTED: Final = 110.0
_BAR: Final = 0.64  # of the room of its place
_LIMIT: Final = HexColor(colours.BAD)
_LIMIT_DASHES: Final = (4.0, 2.0)
_TICK_UNITS: Final = {"x": "x", "%": "\u00a0%"}  # short enough to stand at each step


@dataclass(frozen=True)
class _Axis:
    """The places of an axis as they are written: every `step`-th, in lines or tilted."""

    lines: tuple[list[list[Run]], ...]
    step: int
    tilted: bool
    height: float
    left: float  # what the first one needs to the left of the field


@dataclass(frozen=True)
class _Field:
    """Where the figures of a chart stand."""

    left: float
    right: float
    bottom: float
    middles: tuple[float, ...]

    @property
    def slot(self) -> float:
        return (self.right - self.left) / max(1, len(self.middles))


def line_chart(chart: LineChart, style: Style, width: float) -> Drawing | None:
    """The lines and the limits they are held against; None where no figure is defined."""
    figures = [each for series in chart.series for each in series.values]
    measure = measure_of(figures, style)
    limits = [(name, limit, measure.of(limit)) for name, limit in chart.limits]
    values = _defined(figures, measure)
    if not values:
        return None
    held = [*values, *(value for _, _, value in limits if value is not None)]
    keys = _keys(chart.series, 0, bars=False)
    keys += [
        Key(f"{name} {text_of(limit, style)}", "line", _LIMIT, _LIMIT_DASHES)
        for name, limit, _ in limits
    ]
    drawing, scale, field, _ = _frame(
        chart.places, chart.axis, held, [], measure, None, keys, width
    )
    for name, _, value in limits:
        if value is not None:
            y = scale.at(value)
            rule(drawing, field.left, y, field.right, y, _LIMIT, width=0.9, dashes=_LIMIT_DASHES)
            write(drawing, field.right, y + 2.2, name, size=6.4, colour=_LIMIT, anchor="end")
    for number, series in enumerate(chart.series):
        _line(drawing, series, number, field, scale, measure)
    return drawing


def stacked_bars(chart: StackedBars, style: Style, width: float) -> Drawing | None:
    """Bars on one another, negative ones down from zero, and lines over them.

    Lines of another unit than the bars have an axis of their own, at the right.
    """
    bars = [each for series in chart.series for each in series.values]
    over = [each for series in chart.lines for each in series.values]
    measure, line_measure = measure_of(bars or over, style), measure_of(over or bars, style)
    if not _defined([*bars, *over], measure):
        return None
    apart = bool(over) and bool(bars) and over[0].unit != bars[0].unit
    tops = _stack_ends(chart, measure)
    lines = _defined(over, line_measure)
    keys = _keys(chart.series, 0, bars=True) + _keys(chart.lines, len(chart.series), bars=False)
    if apart:
        count = len(chart.series)
        keys[count:] = [key._replace(name=f"{key.name} (right)") for key in keys[count:]]
    drawing, scale, field, right = _frame(
        chart.places, chart.axis, [*tops, 0.0, *([] if apart else lines)], lines if apart else [],
        measure, line_measure, keys, width,
    )  # fmt: skip
    for place, middle in enumerate(field.middles):
        _stack(drawing, chart.series, place, middle, field, scale, measure)
    rule(drawing, field.left, scale.at(0.0), field.right, scale.at(0.0), GREY, width=0.8)
    for number, series in enumerate(chart.lines, len(chart.series)):
        shown = right if apart and right is not None else scale
        _line(drawing, series, number, field, shown, line_measure, haloed=True)
    return drawing


def _keys(series: Sequence[Series], first: int, *, bars: bool) -> list[Key]:
    kind: Literal["line", "area"] = "area" if bars else "line"
    return [
        Key(each.name, kind, series_colour(number), dashes_of(number, each.dashed))
        for number, each in enumerate(series, first)
    ]


def _ticks(values: Sequence[float], unit: str) -> tuple[str, ...]:
    """Steps of an axis as they are written."""
    after = _TICK_UNITS.get(unit, "")
    return tuple(f"{text}{after}" for text in tick_texts(scale_of(values, 0.0, 1.0).ticks))


def _defined(figures: Sequence[Figure], measure: Measure) -> list[float]:
    return [value for value in map(measure.of, figures) if value is not None]


def _stack_ends(chart: StackedBars, measure: Measure) -> list[float]:
    ends: list[float] = []
    for place in range(len(chart.places)):
        parts = _defined([series.values[place] for series in chart.series], measure)
        ends.append(sum(part for part in parts if part > 0))
        ends.append(sum(part for part in parts if part < 0))
    return ends


def _frame(
    places: Sequence[str], axis_name: str, values: Sequence[float], right_values: Sequence[float],
    measure: Measure, right_measure: Measure | None, keys: Sequence[Key], width: float,
) -> tuple[Drawing, Scale, _Field, Scale | None]:  # fmt: skip
    """A drawing with axes, grid, names of places and a legend: what figures are drawn into."""
    ticks = _ticks(values, measure.unit)
    left = max(width_of(text, SIZE) for text in ticks) + _GAP + 1
    right_room = 2.0
    right_ticks: tuple[str, ...] = ()
    if right_values and right_measure is not None:
        right_ticks = _ticks(right_values, right_measure.unit)
        right_room = max(width_of(text, SIZE) for text in right_ticks) + _GAP + 1
    axis = _axis_of(places, (width - left - right_room) / max(1, len(places)))
    left = max(left, axis.left)
    below = legend_height(keys, width) + _GAP
    bottom = below + (_AXIS_ROW if axis_name else 0.0) + axis.height
    units = [measure.unit, right_measure.unit if right_ticks and right_measure else ""]
    told = any(unit and unit not in _TICK_UNITS for unit in units)
    height = bottom + _PLOT + (_UNIT_ROW if told else _TOP_ROW)
    drawing = Drawing(width, height)
    slot = (width - left - right_room) / max(1, len(places))
    middles = tuple(left + (number + 0.5) * slot for number in range(len(places)))
    field = _Field(left, width - right_room, bottom, middles)
    scale = scale_of(values, bottom, bottom + _PLOT)
    for value, text in zip(scale.ticks, ticks, strict=True):
        y = scale.at(value)
        rule(drawing, left, y, field.right, y, LINE if value == 0.0 else PALE, width=0.7)
        write(drawing, left - _GAP, y - 2.6, text, colour=GREY, anchor="end")
    if measure.unit not in _TICK_UNITS:
        write(drawing, 0, height - 8, measure.unit, colour=GREY)
    right = None
    if right_values and right_measure is not None:
        right = scale_of(right_values, bottom, bottom + _PLOT)
        for value, text in zip(right.ticks, right_ticks, strict=True):
            write(drawing, field.right + _GAP, right.at(value) - 2.6, text, colour=GREY)
        if right_measure.unit not in _TICK_UNITS:
            write(drawing, width, height - 8, right_measure.unit, colour=GREY, anchor="end")
    rule(drawing, left, bottom, field.right, bottom, LINE, width=0.8)
    _write_places(drawing, axis, field)
    if axis_name:
        write(drawing, (left + field.right) / 2, below + 2.5, axis_name, colour=GREY,
              anchor="middle")  # fmt: skip
    legend(drawing, 0, below - _GAP, keys, width)
    return drawing, scale, field, right


def _axis_of(places: Sequence[str], slot: float) -> _Axis:
    """Places in one line, in several, every so many, or tilted, whichever can be read."""
    widest = max((width_of(place, SIZE) for place in places), default=0.0)
    single = tuple(broken(place, max(widest, 1.0) + 1) for place in places)
    one = LEADING + 4
    if widest + 3 <= slot:
        return _Axis(single, 1, tilted=False, height=one, left=0.0)
    if all(len(place) <= _LONG_PLACE for place in places):
        return _Axis(single, math.ceil((widest + 6) / slot), tilted=False, height=one, left=0.0)
    word = max(width_of(part, SIZE) for place in places for part in place.split() or [""])
    lines = tuple(broken(place, slot - 3) for place in places) if word + 3 <= slot else ()
    most = max(map(len, lines), default=_MOST_LINES + 1)
    if most <= _MOST_LINES:
        return _Axis(lines, 1, tilted=False, height=LEADING * most + 4, left=0.0)
    lines = tuple(broken(place, _LONGEST_TILTED) for place in places)
    length = min(widest, _LONGEST_TILTED)
    angle = math.radians(_TILT)
    extra = LEADING * (max(map(len, lines)) - 1)
    return _Axis(
        lines, 1, tilted=True, height=length * math.sin(angle) + LEADING + extra + 2,
        left=max(0.0, length * math.cos(angle) + extra - slot / 2),
    )  # fmt: skip


def _write_places(drawing: Drawing, axis: _Axis, field: _Field) -> None:
    for number, (middle, lines) in enumerate(zip(field.middles, axis.lines, strict=True)):
        if number % axis.step:
            continue
        if not axis.tilted:
            write_lines(drawing, middle, field.bottom - 3, lines, colour=GREY, anchor="middle")
            continue
        turned = Group()
        angle = math.radians(_TILT)
        turned.transform = (
            math.cos(angle), math.sin(angle), -math.sin(angle), math.cos(angle), middle,
            field.bottom - 4,
        )  # fmt: skip
        write_lines(turned, 0, 0, lines, colour=GREY, anchor="end")
        drawing.add(turned)


def _line(
    drawing: Drawing, series: Series, number: int, field: _Field, scale: Scale, measure: Measure,
    *, haloed: bool = False,
) -> None:  # fmt: skip
    """A line through the defined figures, with a gap where one is undefined."""
    colour = series_colour(number)
    pieces: list[list[tuple[float, float]]] = [[]]
    for middle, figure in zip(field.middles, series.values, strict=True):
        value = measure.of(figure)
        if value is not None:
            pieces[-1].append((middle, scale.at(value)))
        elif pieces[-1]:
            pieces.append([])
    for points in filter(None, pieces):
        if haloed and len(points) > 1:
            path(drawing, points, white, width=3.0)
        path(drawing, points, colour, dashes=dashes_of(number, series.dashed))
        if haloed:
            for x, y in points:
                dot(drawing, x, y, colour)


def _stack(
    drawing: Drawing, series: Sequence[Series], place: int, middle: float, field: _Field,
    scale: Scale, measure: Measure,
) -> None:  # fmt: skip
    thick = field.slot * _BAR
    up = down = 0.0
    for number, each in enumerate(series):
        value = measure.of(each.values[place])
        if value is None or value == 0.0:
            continue
        start = up if value > 0 else down
        low, high = sorted((scale.at(start), scale.at(start + value)))
        area(drawing, middle - thick / 2, low, thick, high - low, series_colour(number),
             edge=white, edge_width=0.25)  # fmt: skip
        if value > 0:
            up += value
        else:
            down += value
