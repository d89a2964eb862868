"""Tasks as bars over time, with those marked where a day lost is a day lost for the closing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from babel.dates import format_date
from reportlab.graphics.shapes import Drawing, Polygon
from reportlab.lib.colors import HexColor

from pipeline.reports import colours
from pipeline.reports.formats import text_of
from pipeline.reports.pack.document import Figure, Milestone, Style, TimePlan
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
from pipeline.reports.pdf.theme import GREY, INK, LINE, NAVY, PALE
from pipeline.reports.scales import scale_of

_ROW: Final = 15.5
_THICK: Final = 7.5
_HEAD: Final = 15.0
_NAMES: Final = 0.34  # of the width
_LABEL: Final = 42.0  # least distance of two dates on the axis
_MOST_ROWS: Final = 34  # of one drawing, so that it fits a page
_CRITICAL: Final = HexColor(colours.BAD)
_OTHER: Final = HexColor(colours.mixed(colours.BLUE, 0.55))
_KEYS: Final = (
    Key("Critical: a day lost here is a day lost for the closing", "area", _CRITICAL),
    Key("Has float", "area", _OTHER),
)
_STEPS_DAYS: Final = (7, 14)
_STEPS_MONTHS: Final = (1, 2, 3, 6, 12, 24, 60)


def time_plan(chart: TimePlan, style: Style, width: float) -> list[Drawing]:
    """The plan in as many drawings as its tasks need; none where no task has its days.

    Days are dates or, where the deal has none yet, numbers of days after its start.
    """
    days = [
        day
        for task in chart.milestones
        for day in (_day(task.start), _day(task.end))
        if day is not None
    ]
    dated = any(isinstance(day, date) for day in days)
    numbers = [_number(day) for day in days if isinstance(day, date) == dated]
    if not numbers:
        return []
    span = _Span(min(numbers), max(numbers), dated)
    tasks = chart.milestones
    return [
        _drawn(tasks[start : start + _MOST_ROWS], span, style, width)
        for start in range(0, len(tasks), _MOST_ROWS)
    ]


def _drawn(
    tasks: Sequence[Milestone], span: _Span, style: Style, width: float
) -> Drawing:  # fmt: skip
    times = [f"{text_of(task.start, style)} – {text_of(task.end, style)}" for task in tasks]
    dates_room = max(width_of(text, SIZE) for text in times) + 12
    names_room = _NAMES * width
    names = [broken(task.name, names_room - 8, bold=task.critical) for task in tasks]
    rows = [max(_ROW, len(lines) * LEADING + 4) for lines in names]
    below = legend_height(_KEYS, width) + 5
    height = _HEAD + sum(rows) + below
    drawing = Drawing(width, height)
    left, right = names_room + dates_room, width - 4
    days = span.last - span.first + 1

    def at(day: float) -> float:
        return left + (day - span.first) / days * (right - left)

    for day, text in span.marks((right - left) / days):
        rule(drawing, at(day), below, at(day), height - _HEAD, PALE, width=0.7)
        half = width_of(text, SIZE) / 2
        write(drawing, min(max(at(day), left + half), width - half), height - 9, text,
              colour=GREY, anchor="middle")  # fmt: skip
    top = height - _HEAD
    rule(drawing, 0, top, width, top, LINE)
    for task, lines, time, room in zip(tasks, names, times, rows, strict=True):
        middle = top - room / 2
        centred_lines(drawing, 0, middle, lines, colour=NAVY if task.critical else INK)
        write(drawing, names_room, middle - 2.6, time, colour=GREY)
        start, end = _day(task.start), _day(task.end)
        if start is not None and end is not None and span.holds(start, end):
            _bar(drawing, at(_number(start)), at(_number(end) + 1), middle, task)
        rule(drawing, 0, top - room, width, top - room, PALE)
        top -= room
    legend(drawing, 0, below - 3, _KEYS, width)
    return drawing


def _bar(drawing: Drawing, start: float, end: float, middle: float, task: Milestone) -> None:
    colour = _CRITICAL if task.critical else _OTHER
    if task.start.value == task.end.value:
        x, half = (start + end) / 2, _THICK / 2 + 0.5
        corners = [x - half, middle, x, middle + half, x + half, middle, x, middle - half]
        drawing.add(Polygon(corners, fillColor=colour, strokeColor=None))
        return
    area(drawing, start, middle - _THICK / 2, max(end - start, 1.0), _THICK, colour)


def _day(figure: Figure) -> date | int | float | None:
    """A date, or a number of days; None for what is neither."""
    value = figure.value
    return None if isinstance(value, (bool, str)) else value


def _number(day: date | float) -> float:
    return float(day.toordinal()) if isinstance(day, date) else float(day)


@dataclass(frozen=True)
class _Span:
    """From the first day to the last, as numbers; `dated` where these are dates."""

    first: float
    last: float
    dated: bool

    def holds(self, *days: date | float) -> bool:
        """Whether these are days of its kind."""
        return all(isinstance(day, date) == self.dated for day in days)

    def marks(self, day_width: float) -> list[tuple[float, str]]:
        """Days to mark, as far apart as their names need."""
        if self.dated:
            first, last = (date.fromordinal(int(day)) for day in (self.first, self.last))
            found = _dates(first, last, day_width)
            return [(float(day.toordinal()), text) for day, text in found]
        ticks = scale_of([self.first, self.last], 0.0, 1.0).ticks
        return [(tick, f"{tick:,.10g}") for tick in ticks if self.first <= tick <= self.last + 1]


def _dates(first: date, last: date, day_width: float) -> list[tuple[date, str]]:
    """Mondays or first days of months."""
    for step in _STEPS_DAYS:
        if step * day_width >= _LABEL:
            day = first + timedelta(days=-first.weekday() % 7)
            count = (last - day).days // step + 1
            days = [day + timedelta(days=step * number) for number in range(count)]
            return [(each, str(format_date(each, "d MMM", locale="en_US"))) for each in days]
    months = next(
        (step for step in _STEPS_MONTHS if 30 * step * day_width >= _LABEL), _STEPS_MONTHS[-1]
    )
    start = first.year * 12 + first.month - 1 + (1 if first.day > 1 else 0)
    end = last.year * 12 + last.month - 1
    firsts = [date(number // 12, number % 12 + 1, 1) for number in range(start, end + 1, months)]
    return [(each, str(format_date(each, "MMM yyyy", locale="en_US"))) for each in firsts]
