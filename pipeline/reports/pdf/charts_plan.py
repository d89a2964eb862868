"""Tasks as bars over time, with those marked where a day lost is a day lost for the closing."""

from __future__ import annotations

from collections.abc import Sequence
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
    """The plan in as many drawings as its tasks need; none where no task has a date."""
    days = [
        each.value
        for task in chart.milestones
        for each in (task.start, task.end)
        if isinstance(each.value, date)
    ]
    if not days:
        return []
    tasks = chart.milestones
    return [
        _drawn(tasks[start : start + _MOST_ROWS], min(days), max(days), style, width)
        for start in range(0, len(tasks), _MOST_ROWS)
    ]


def _drawn(
    tasks: Sequence[Milestone], first: date, last: date, style: Style, width: float
) -> Drawing:  # fmt: skip
    spans = [f"{text_of(task.start, style)} – {text_of(task.end, style)}" for task in tasks]
    dates_room = max(width_of(text, SIZE) for text in spans) + 12
    names_room = _NAMES * width
    names = [broken(task.name, names_room - 8, bold=task.critical) for task in tasks]
    rows = [max(_ROW, len(lines) * LEADING + 4) for lines in names]
    below = legend_height(_KEYS, width) + 5
    height = _HEAD + sum(rows) + below
    drawing = Drawing(width, height)
    left, right = names_room + dates_room, width - 4
    days = max(1, (last - first).days + 1)

    def at(day: date, after: int = 0) -> float:
        return left + ((day - first).days + after) / days * (right - left)

    for day, text in _marks(first, last, (right - left) / days):
        rule(drawing, at(day), below, at(day), height - _HEAD, PALE, width=0.7)
        half = width_of(text, SIZE) / 2
        write(drawing, min(max(at(day), left + half), width - half), height - 9, text,
              colour=GREY, anchor="middle")  # fmt: skip
    top = height - _HEAD
    rule(drawing, 0, top, width, top, LINE)
    for task, lines, span, room in zip(tasks, names, spans, rows, strict=True):
        middle = top - room / 2
        centred_lines(drawing, 0, middle, lines, colour=NAVY if task.critical else INK)
        write(drawing, names_room, middle - 2.6, span, colour=GREY)
        if _day(task.start) and _day(task.end):
            _bar(drawing, at(_day(task.start) or first), at(_day(task.end) or last, 1), middle,
                 task)  # fmt: skip
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


def _day(figure: Figure) -> date | None:
    return figure.value if isinstance(figure.value, date) else None


def _marks(first: date, last: date, day_width: float) -> list[tuple[date, str]]:
    """Mondays or first days of months as far apart as their names need."""
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
