"""Line charts and stacked bars as SVG, with their legends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.reports.colours import SERIES
from pipeline.reports.formats import text_of
from pipeline.reports.html.element import Markup, element, joined
from pipeline.reports.html.svg_parts import drawing, line_at, lines_of, text_at, width_of
from pipeline.reports.pack.document import Figure, LineChart, Series, StackedBars, Style
from pipeline.reports.scales import Measure, Scale, measure_of, scale_of, tick_texts

_WIDTH: Final = 960.0
_HEIGHT: Final = 340.0
_TOP: Final = 30.0
_LETTERS: Final = 12.0  # size of the labels of an axis
_LONGEST_PLACE: Final = 150.0


@dataclass(frozen=True)
class _Area:
    """Where a chart's values stand: its frame, and the middle of each place of the axis."""

    left: float
    right: float
    bottom: float
    middles: tuple[float, ...]

    @property
    def slot(self) -> float:
        return (self.right - self.left) / max(1, len(self.middles))


def line_chart(chart: LineChart, style: Style) -> Markup | None:
    """The lines and the limits they are held against; None where no figure is defined."""
    figures = [each for series in chart.series for each in series.values]
    measure = measure_of(figures or [limit for _, limit in chart.limits], style)
    held = _defined((*figures, *(limit for _, limit in chart.limits)), measure)
    if not _defined(figures, measure):
        return None
    foot, places = _foot(chart.places)
    scale = scale_of(held, _HEIGHT - foot, _TOP)
    area = _area(scale, len(chart.places), _HEIGHT - foot, right=12.0)
    drawn = [*_frame(scale, area, measure.unit), *_places(places, area, chart.axis, foot)]
    for number, series in enumerate(chart.series):
        colour = SERIES[number % len(SERIES)]
        drawn += _line(series, area, scale, measure, colour, style)
    for name, limit in chart.limits:
        value = measure.of(limit)
        if value is not None:
            drawn += _limit(f"{name} {text_of(limit, style)}", scale.at(value), area)
    keys = [
        (series.name, SERIES[number % len(SERIES)], "dashed" if series.dashed else "line")
        for number, series in enumerate(chart.series)
    ]
    return joined(_legend(keys), drawing(_WIDTH, _HEIGHT, chart.title, *drawn))


def stacked_bars(chart: StackedBars, style: Style) -> Markup | None:
    """Bars on one another, negative ones down from zero, and lines over them.

    Lines of another unit than the bars have an axis of their own, at the right.
    """
    bars = [each for series in chart.series for each in series.values]
    lines = [each for series in chart.lines for each in series.values]
    measure, line_measure = measure_of(bars, style), measure_of(lines, style)
    if not _defined((*bars, *lines), measure):
        return None
    apart = bool(lines) and bool(bars) and lines[0].unit != bars[0].unit
    foot, places = _foot(chart.places)
    bottom = _HEIGHT - foot
    ends = [0.0]
    for place in range(len(chart.places)):
        values = _defined([series.values[place] for series in chart.series], measure)
        ends += [sum(v for v in values if v > 0), sum(v for v in values if v < 0)]
    if not apart:
        ends += _defined(lines, measure)
    scale = scale_of(ends, bottom, _TOP, from_zero=True)
    line_scale = scale
    line_values = _defined(lines, line_measure)
    if apart and line_values:
        line_scale = scale_of(line_values, bottom, _TOP, from_zero=True)
    area = _area(scale, len(chart.places), bottom, right=60.0 if apart else 12.0)
    drawn = [*_frame(scale, area, measure.unit), *_places(places, area, chart.axis, foot)]
    for place in range(len(chart.places)):
        drawn += _bar(chart, place, area, scale, measure, style)
    drawn.append(line_at(area.left, scale.at(0.0), area.right, scale.at(0.0), "zero"))
    colours = SERIES[len(chart.series) :] + SERIES
    for number, series in enumerate(chart.lines):
        drawn += _line(series, area, line_scale, line_measure, colours[number], style)
    if apart and line_values:
        drawn += _right_axis(line_scale, area, line_measure.unit)
    keys = [
        (series.name, SERIES[number % len(SERIES)], "bar")
        for number, series in enumerate(chart.series)
    ]
    keys += [
        (series.name, colours[number], "dashed" if series.dashed else "line")
        for number, series in enumerate(chart.lines)
    ]
    return joined(_legend(keys), drawing(_WIDTH, _HEIGHT, chart.title, *drawn))


def _defined(figures: Sequence[Figure], measure: Measure) -> list[float]:
    return [value for value in map(measure.of, figures) if value is not None]


def _area(scale: Scale, count: int, bottom: float, right: float) -> _Area:
    left = 14.0 + max(width_of(text, _LETTERS) for text in tick_texts(scale.ticks))
    end = _WIDTH - right
    slot = (end - left) / max(1, count)
    middles = tuple(left + slot * (number + 0.5) for number in range(count))
    return _Area(left, end, bottom, middles)


def _foot(places: Sequence[str]) -> tuple[float, list[tuple[str, bool]]]:
    """Height below the axis, and each place's label and whether it is turned."""
    slot = (_WIDTH - 90.0) / max(1, len(places))
    widest = max((width_of(place, _LETTERS) for place in places), default=0.0) + 8.0
    if widest <= slot:
        return 46.0, [(place, False) for place in places]
    if slot >= 22.0 and widest > 60.0:
        cut = [lines_of(place, _LONGEST_PLACE, _LETTERS, 1)[0] for place in places]
        depth = max(width_of(place, _LETTERS) for place in cut) * 0.64
        return 46.0 + depth, [(place, True) for place in cut]
    every = int(-(-widest // slot))
    return 46.0, [(place if n % every == 0 else "", False) for n, place in enumerate(places)]


def _frame(scale: Scale, area: _Area, unit: str) -> list[Markup]:
    drawn = [text_at(0, 14, unit, class_="axis-title")] if unit else []
    for value, text in zip(scale.ticks, tick_texts(scale.ticks), strict=True):
        y = scale.at(value)
        drawn.append(line_at(area.left, y, area.right, y, "grid"))
        drawn.append(text_at(area.left - 7, y + 4, text, anchor="end"))
    return drawn


def _right_axis(scale: Scale, area: _Area, unit: str) -> list[Markup]:
    drawn = [text_at(_WIDTH, 14, unit, anchor="end", class_="axis-title")]
    for value, text in zip(scale.ticks, tick_texts(scale.ticks), strict=True):
        drawn.append(text_at(area.right + 7, scale.at(value) + 4, text))
    return drawn


def _places(
    places: Sequence[tuple[str, bool]], area: _Area, axis: str, foot: float
) -> list[Markup]:  # fmt: skip
    drawn = [line_at(area.left, area.bottom, area.right, area.bottom, "base")]
    y = area.bottom + 17.0
    for x, (text, turned) in zip(area.middles, places, strict=True):
        if turned:
            turn = f"rotate(-40 {x:.1f} {y:.1f})"
            drawn.append(text_at(x + 4, y - 4, text, anchor="end", transform=turn))
        elif text:
            drawn.append(text_at(x, y, text, anchor="middle"))
    middle = (area.left + area.right) / 2
    drawn.append(
        text_at(middle, area.bottom + foot - 8, axis, anchor="middle", class_="axis-title")
    )
    return drawn


def _line(
    series: Series, area: _Area, scale: Scale, measure: Measure, colour: str, style: Style
) -> list[Markup]:  # fmt: skip
    """The line, broken where a figure is undefined, and a dot with its figure at each place."""
    drawn: list[Markup] = []
    runs: list[list[str]] = [[]]
    for x, figure in zip(area.middles, series.values, strict=True):
        value = measure.of(figure)
        if value is None:
            runs.append([])
            continue
        runs[-1].append(f"{x:.1f},{scale.at(value):.1f}")
        told = element("title", f"{series.name}: {text_of(figure, style)}")
        drawn.append(element("circle", told, cx=x, cy=scale.at(value), r=2.4, fill=colour))
    lines = [
        element("polyline", points=" ".join(run), stroke=colour,
                class_="dashed line" if series.dashed else "line")
        for run in runs if len(run) > 1
    ]  # fmt: skip
    return [*lines, *drawn]


def _limit(text: str, y: float, area: _Area) -> list[Markup]:
    return [
        line_at(area.left, y, area.right, y, "limit"),
        text_at(area.right - 4, y - 5, text, anchor="end", class_="limit-name"),
    ]


def _bar(
    chart: StackedBars, place: int, area: _Area, scale: Scale, measure: Measure, style: Style
) -> list[Markup]:  # fmt: skip
    up = down = 0.0
    width = min(56.0, 0.72 * area.slot)
    drawn = []
    for number, series in enumerate(chart.series):
        value = measure.of(series.values[place])
        if not value:
            continue
        start = up if value > 0 else down
        top, foot = scale.at(max(start, start + value)), scale.at(min(start, start + value))
        up, down = (up + value, down) if value > 0 else (up, down + value)
        told = f"{series.name}, {chart.places[place]}: {text_of(series.values[place], style)}"
        drawn.append(
            element("rect", element("title", told), x=area.middles[place] - width / 2, y=top,
                    width=width, height=foot - top, fill=SERIES[number % len(SERIES)])
        )  # fmt: skip
    return drawn


def _legend(keys: Sequence[tuple[str, str, str]]) -> Markup:
    return element(
        "ul", *(element("li", _key(colour, kind), element("bdi", name))
                for name, colour, kind in keys), class_="legend",
    )  # fmt: skip


def _key(colour: str, kind: str) -> Markup:
    if kind == "bar":
        mark = element("rect", x=2, y=1, width=10, height=10, fill=colour)
    else:
        mark = element("polyline", points="0,6 18,6", stroke=colour,
                       class_="dashed line" if kind == "dashed" else "line")  # fmt: skip
    return element("svg", mark, viewBox="0 0 18 12", class_="key", aria_hidden="true")
