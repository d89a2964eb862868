"""Tornado, structure diagram and time plan as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import Final

from babel.dates import format_date

from pipeline.reports.colours import BOXES
from pipeline.reports.formats import answer_text, text_of
from pipeline.reports.html.element import Markup, element
from pipeline.reports.html.svg_parts import (
    drawing,
    line_at,
    lines_of,
    stacked_text,
    text_at,
    width_of,
)
from pipeline.reports.pack.document import (
    Arrow,
    Box,
    Diagram,
    Figure,
    Milestone,
    Style,
    TimePlan,
    Tornado,
)
from pipeline.reports.scales import Measure, measure_of, scale_of, tick_texts

_WIDTH: Final = 960.0
_LABELS: Final = 270.0  # room for the names at the left
_LETTERS: Final = 12.5
_LEADING: Final = 15.0
_BOX_WIDTH: Final = 196.0
_BOX_LETTERS: Final = 11.5
_GAP_ACROSS: Final = 128.0
_GAP_DOWN: Final = 66.0
_HEAD: Final = 8.0  # length of an arrow's head


def tornado(chart: Tornado, style: Style) -> Markup | None:
    """Bars from the base to where each change ends; None where the base is undefined."""
    measure = measure_of([chart.base], style)
    base = measure.of(chart.base)
    if base is None or not chart.bars:
        return None
    both = [_end(each, measure) for bar in chart.bars for each in (bar.low, bar.high)]
    ends = [value for value in both if value is not None]
    room = 84.0  # for the figures at the ends of the bars
    scale = scale_of([base, *ends], _LABELS + room, _WIDTH - room)
    names = [lines_of(bar.label, _LABELS - 14, _LETTERS, 3) for bar in chart.bars]
    heights = [max(30.0, 12 + _LEADING * len(lines)) for lines in names]
    top = 34.0
    bottom = top + sum(heights) + 4
    drawn = [
        text_at(scale.at(base), 16, f"Base {text_of(chart.base, style)}", anchor="middle",
                class_="strong"),
    ]  # fmt: skip
    for value, text in zip(scale.ticks, tick_texts(scale.ticks), strict=True):
        drawn.append(line_at(scale.at(value), top - 6, scale.at(value), bottom, "grid"))
        drawn.append(text_at(scale.at(value), bottom + 17, text, anchor="middle"))
    y = top
    for bar, lines, height in zip(chart.bars, names, heights, strict=True):
        foot = y + height / 2 - (len(lines) - 1) * _LEADING / 2 + 4
        drawn += stacked_text(0, foot, lines, _LEADING)
        for figure, other, kind in ((bar.low, bar.high, "down"), (bar.high, bar.low, "up")):
            end = _end(figure, measure)
            if figure is None or end is None:
                continue
            left = _goes_left(end, base, _end(other, measure), kind)
            x, start = scale.at(end), scale.at(base)
            told = element("title", f"{bar.label}: {text_of(figure, style)}")
            drawn.append(
                element("rect", told, x=min(x, start), y=y + 6, width=max(abs(x - start), 0.8),
                        height=height - 12, class_=kind)
            )  # fmt: skip
            drawn.append(
                text_at(x + (-6 if left else 6), y + height / 2 + 4, text_of(figure, style),
                        anchor="end" if left else "start")
            )  # fmt: skip
        y += height
    drawn.append(line_at(scale.at(base), top - 10, scale.at(base), bottom, "zero"))
    if measure.unit:
        drawn.append(text_at(_WIDTH, bottom + 17, measure.unit, anchor="end", class_="axis-title"))
    return drawing(_WIDTH, bottom + 26, chart.title, *drawn)


def _end(figure: Figure | None, measure: Measure) -> float | None:
    return None if figure is None else measure.of(figure)


def _goes_left(value: float, base: float, other: float | None, kind: str) -> bool:
    """Which side an end's figure stands on; two ends on one side take a side each."""
    if value == base:
        return kind == "down" if other is None or other == base else other > base
    if other is not None and (value - base) * (other - base) > 0 and abs(value) != abs(other):
        nearer = abs(value - base) < abs(other - base)
        return (value < base) != nearer
    return value < base


def time_plan(chart: TimePlan, style: Style) -> Markup | None:
    """Tasks as bars over months, or over days where they have no dates; None without either."""
    spans = [span for each in chart.milestones if (span := _days(each)) is not None]
    if not spans:
        return None
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    dated = any(isinstance(each.start.value, date) for each in chart.milestones)
    dates, left = 176.0, _LABELS + 8
    right = _WIDTH - dates
    day = (right - left) / max(1, last - first + 1)
    names = [lines_of(each.name, _LABELS - 10, _LETTERS, 2) for each in chart.milestones]
    heights = [12 + _LEADING * len(lines) for lines in names]
    top = 30.0
    bottom = top + sum(heights)
    drawn: list[Markup] = []
    room = (right - left) / 58.0
    for number, name in _months(first, last, room) if dated else _every(first, last, room):
        x = left + (number - first) * day
        drawn.append(line_at(x, top - 8, x, bottom, "grid"))
        drawn.append(text_at(x + 3, top - 12, name, class_="axis-title"))
    y = top
    for each, lines, height in zip(chart.milestones, names, heights, strict=True):
        drawn.append(line_at(0, y, _WIDTH, y, "grid"))
        drawn += stacked_text(
            0, y + height / 2 - (len(lines) - 1) * _LEADING / 2 + 4, lines, _LEADING,
            class_="strong" if each.critical else None,
        )  # fmt: skip
        told = f"{text_of(each.start, style)} – {text_of(each.end, style)}"
        drawn.append(text_at(_WIDTH, y + height / 2 + 4, told, anchor="end"))
        drawn += _task(each, first, left, day, y, height)
        y += height
    return drawing(_WIDTH, bottom + 6, chart.title, *drawn)


def _days(each: Milestone) -> tuple[int, int] | None:
    """First and last day of a task by number: of dates their ordinals."""
    days = [
        day.toordinal() if isinstance(day, date) else day
        for day in (each.start.value, each.end.value)
        if isinstance(day, (date, int))
    ]
    return (days[0], days[1]) if len(days) > 1 else None


def _task(
    each: Milestone, first: int, left: float, day: float, y: float, height: float
) -> list[Markup]:  # fmt: skip
    span = _days(each)
    if span is None:
        return []
    x, long = left + (span[0] - first) * day, (span[1] - span[0] + 1) * day
    kind = "critical" if each.critical else "task"
    return [
        element("rect", element("title", each.name), x=x, y=y + height / 2 - 6,
                width=max(long, 3.0), height=12, rx=2, class_=kind)
    ]  # fmt: skip


def _months(first: int, last: int, most: float) -> list[tuple[int, str]]:
    """First days of months within the plan with their names, as many as there is room for."""
    months = []
    begin, end = date.fromordinal(first), date.fromordinal(last)
    year, month = begin.year, begin.month
    while (year, month) <= (end.year, end.month):
        if (day := date(year, month, 1)) >= begin:
            months.append((day.toordinal(), format_date(day, "MMM yyyy", locale="en_US")))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return months[:: max(1, math.ceil(len(months) / max(1.0, most)))]


def _every(first: int, last: int, most: float) -> list[tuple[int, str]]:
    """Every so many tens of days, counted from the start T."""
    step = 10 * max(1, math.ceil((last - first + 1) / 10 / max(1.0, most)))
    return [(day, f"T+{day}") for day in range(first, last + 1, step)]


def diagram(chart: Diagram, style: Style) -> Markup | None:
    """Boxes in their raster and arrows between them; None where there are no boxes."""
    if not chart.boxes:
        return None
    texts = {box.name: _box_lines(box, style) for box in chart.boxes}
    columns = sorted({box.column for box in chart.boxes})
    rows = sorted({box.row for box in chart.boxes})
    tall = {
        row: max(
            22.0 + _LEADING * sum(map(len, texts[box.name]))
            for box in chart.boxes
            if box.row == row
        )
        for row in rows
    }  # fmt: skip
    lefts = {each: 2 + n * (_BOX_WIDTH + _GAP_ACROSS) for n, each in enumerate(columns)}
    tops, y = {}, 4.0
    for row in rows:
        tops[row] = y
        y += tall[row] + _GAP_DOWN
    places = {
        box.name: (lefts[box.column], tops[box.row], _BOX_WIDTH, tall[box.row])
        for box in chart.boxes
    }
    width = max(lefts.values()) + _BOX_WIDTH + 2
    arrows = _arrows(
        [each for each in chart.arrows if each.start in places and each.end in places], places
    )
    boxes = [mark for box in chart.boxes for mark in _box(box, places[box.name], texts[box.name])]
    height = y - _GAP_DOWN + 6
    return drawing(max(width, _WIDTH), height, chart.title, *arrows[0], *boxes, *arrows[1])


def _box_lines(box: Box, style: Style) -> tuple[list[str], list[str]]:
    room = _BOX_WIDTH - 24
    name = lines_of(box.name, room * 0.94, _LETTERS)
    text = answer_text(box.text, style)
    return name, lines_of(text, room, _BOX_LETTERS) if text else []


def _box(
    box: Box, place: tuple[float, float, float, float], lines: tuple[list[str], list[str]]
) -> list[Markup]:  # fmt: skip
    x, y, wide, high = place
    name, text = lines
    foot = y + (high - _LEADING * (len(name) + len(text))) / 2 + 12
    return [
        element("rect", x=x, y=y, width=wide, height=high, rx=4, class_="box",
                stroke=BOXES[box.kind]),
        element("rect", x=x, y=y, width=6, height=high, rx=2, fill=BOXES[box.kind]),
        *stacked_text(x + wide / 2 + 3, foot, name, _LEADING, anchor="middle", class_="strong"),
        *stacked_text(x + wide / 2 + 3, foot + _LEADING * len(name), text, _LEADING,
                      anchor="middle", class_="box-text"),
    ]  # fmt: skip


def _arrows(
    arrows: Sequence[Arrow], places: dict[str, tuple[float, float, float, float]]
) -> tuple[list[Markup], list[Markup]]:
    """Lines with their heads, and labels, which lie over everything."""
    pairs: dict[tuple[str, str], int] = {}
    for arrow in arrows:
        pair = (min(arrow.start, arrow.end), max(arrow.start, arrow.end))
        pairs[pair] = pairs.get(pair, 0) + 1
    seen: dict[tuple[str, str], int] = {}
    lines: list[Markup] = []
    labels: list[Markup] = []
    for arrow in arrows:
        pair = (min(arrow.start, arrow.end), max(arrow.start, arrow.end))
        number = seen.get(pair, 0)
        seen[pair] = number + 1
        # arrows between the same two boxes run side by side
        aside = 44.0 * (number - (pairs[pair] - 1) / 2)
        start, end = _ends(places[arrow.start], places[arrow.end], aside)
        lines += _arrow(start, end)
        beside = 0 if pairs[pair] == 1 else -1 if aside < 0 else 1
        labels += _arrow_label(arrow.label, start, end, number, beside)
    return lines, labels


def _ends(
    start: tuple[float, float, float, float], end: tuple[float, float, float, float], aside: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where an arrow leaves one box and reaches the other: sides that face each other."""
    x1, y1 = start[0] + start[2] / 2, start[1] + start[3] / 2
    x2, y2 = end[0] + end[2] / 2, end[1] + end[3] / 2
    if y1 == y2:
        side = 1 if x2 > x1 else -1
        shift = max(-start[3] / 2 + 10, min(start[3] / 2 - 10, aside * 0.6))
        return (x1 + side * start[2] / 2, y1 + shift), (x2 - side * end[2] / 2, y2 + shift)
    side = 1 if y2 > y1 else -1
    lean = max(-60.0, min(60.0, (x2 - x1) * 0.16))
    return (
        (x1 + aside + lean, y1 + side * start[3] / 2),
        (x2 + aside - lean, y2 - side * end[3] / 2),
    )


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> list[Markup]:
    (x1, y1), (x2, y2) = start, end
    long = math.hypot(x2 - x1, y2 - y1) or 1.0
    dx, dy = (x2 - x1) / long, (y2 - y1) / long
    foot_x, foot_y = x2 - dx * _HEAD, y2 - dy * _HEAD
    half = _HEAD * 0.45
    points = " ".join(
        f"{x:.1f},{y:.1f}"
        for x, y in (
            (x2, y2), (foot_x - dy * half, foot_y + dx * half),
            (foot_x + dy * half, foot_y - dx * half),
        )
    )  # fmt: skip
    return [
        line_at(x1, y1, foot_x, foot_y, "flow"),
        element("polygon", points=points, class_="flow-head"),
    ]


def _arrow_label(
    label: str, start: tuple[float, float], end: tuple[float, float], number: int, beside: int
) -> tuple[Markup, ...]:
    """On the arrow; of two side by side each has its own beside it, on its outer side."""
    (x1, y1), (x2, y2) = start, end
    level = abs(y1 - y2) < 1
    lines = lines_of(label, _GAP_ACROSS - 16 if level else 150.0, _BOX_LETTERS, 3)
    # labels of two arrows side by side stand at different heights
    share = 0.5 if level else (0.42, 0.66, 0.54)[number % 3]
    x, y = x1 + (x2 - x1) * share, y1 + (y2 - y1) * share
    lift = -6.0 - 13.0 * (len(lines) - 1) if level else 4.0 - 6.5 * (len(lines) - 1)
    wide = max(width_of(line, _BOX_LETTERS) for line in lines) * 0.94
    if beside and not level:
        anchor = "end" if beside < 0 else "start"
        return stacked_text(
            x + 7 * beside, y + lift, lines, 13.0, anchor=anchor, class_="flow-name"
        )  # fmt: skip
    back = element(
        "rect", x=x - wide / 2 - 3, y=y + lift - 11, width=wide + 6, height=13.0 * len(lines) + 2,
        class_="flow-ground",
    )  # fmt: skip
    texts = stacked_text(x, y + lift, lines, 13.0, anchor="middle", class_="flow-name")
    return texts if level else (back, *texts)
