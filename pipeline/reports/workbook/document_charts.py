"""Charts of documents as native charts of Excel, over the cells that hold their figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from pipeline.reports import colours
from pipeline.reports.formats import money_symbol
from pipeline.reports.pack.chart_tables import all_money
from pipeline.reports.pack.document import Figure, LineChart, StackedBars, Style, Tornado
from pipeline.reports.scales import scale_of
from pipeline.reports.workbook.layout import ROW_PIXELS
from pipeline.reports.workbook.number_formats import money_format, number_format

_SIZE: Final = {"width": 940, "height": 370}
ROWS: Final = -(-_SIZE["height"] // ROW_PIXELS)  # under a chart
_FONT: Final = {"name": "Arial", "size": 9, "color": colours.INK}
_GRID: Final = {"visible": True, "line": {"color": "#e4e9f0", "width": 0.75}}
_AXIS_LINE: Final = {"color": colours.LINE}


@dataclass(frozen=True)
class Cells:
    """The table under a chart: its sheet, and the rows of its head and of its last line.

    The content begins in column 1 of the sheet.
    """

    sheet: str
    head: int
    last: int

    def places(self) -> list[str | int]:
        return [self.sheet, self.head + 1, 1, self.last, 1]

    def name(self, column: int) -> list[str | int]:
        return [self.sheet, self.head, column + 1]

    def values(self, column: int, first: int = 1) -> list[str | int]:
        return [self.sheet, self.head + first, column + 1, self.last, column + 1]


def native_chart(
    book: Any, chart: LineChart | StackedBars | Tornado, cells: Cells, style: Style
) -> Any:
    """The chart; its title stands above it in the sheet."""
    match chart:
        case LineChart():
            made = _lines(book, chart, cells, style)
        case StackedBars(series=()):
            lines = LineChart(chart.title, chart.axis, chart.places, chart.lines)
            made = _lines(book, lines, cells, style)
        case StackedBars():
            made = _bars(book, chart, cells, style)
        case Tornado():
            made = _tornado(book, chart, cells, style)
    made.set_title({"none": True})
    made.set_size(_SIZE)
    made.set_chartarea({"border": {"none": True}})
    made.set_legend({"position": "bottom", "font": _FONT})
    made.show_blanks_as("gap")
    return made


def _lines(book: Any, chart: LineChart, cells: Cells, style: Style) -> Any:
    made = book.add_chart({"type": "line"})
    for number, series in enumerate(chart.series):
        made.add_series(_line(cells, number + 1, number, dashed=series.dashed))
    for number in range(len(chart.limits)):
        line = _line(cells, len(chart.series) + number + 1, number, dashed=True)
        line["line"] = {"color": colours.BAD, "width": 1.25, "dash_type": "round_dot"}
        made.add_series(line)
    figures = tuple(each for series in chart.series for each in series.values)
    _axes(made, cells, figures, style, tuple(limit for _, limit in chart.limits))
    return made


def _bars(book: Any, chart: StackedBars, cells: Cells, style: Style) -> Any:
    made = book.add_chart({"type": "column", "subtype": "stacked"})
    for number in range(len(chart.series)):
        made.add_series({
            "name": cells.name(number + 1), "categories": cells.places(),
            "values": cells.values(number + 1), "gap": 45,
            "fill": {"color": colours.SERIES[number % len(colours.SERIES)]},
        })  # fmt: skip
    figures = tuple(each for series in chart.series for each in series.values)
    over = tuple(each for series in chart.lines for each in series.values)
    if over:
        lines = book.add_chart({"type": "line"})
        apart = bool(figures) and over[0].unit != figures[0].unit
        for number, series in enumerate(chart.lines):
            place = len(chart.series) + number
            line = _line(cells, place + 1, place, dashed=series.dashed)
            lines.add_series({**line, "y2_axis": apart})
        made.combine(lines)
        if apart:
            lines.set_y2_axis(_value_axis(over, style))
    _axes(made, cells, figures or over, style)
    return made


def _tornado(book: Any, chart: Tornado, cells: Cells, style: Style) -> Any:
    """Bars from the base, which stands in the table's first row, to where each change ends."""
    made = book.add_chart({"type": "bar"})
    for column, colour in ((1, colours.ACCENT), (2, colours.BLUE)):
        made.add_series({
            "name": cells.name(column),
            "categories": [cells.sheet, cells.head + 2, 1, cells.last, 1],
            "values": cells.values(column, first=2), "gap": 50, "overlap": 100,
            "fill": {"color": colour},
        })  # fmt: skip
    value_axis = _value_axis((chart.base,), style)
    if isinstance(chart.base.value, (int, float)):
        value_axis["crossing"] = chart.base.value
    made.set_y_axis({"reverse": True, "label_position": "low", "num_font": _FONT,
                     "line": {"color": colours.GREY},
                     "major_gridlines": {"visible": False}})  # fmt: skip
    ends = [end for bar in chart.bars for end in (bar.low, bar.high) if end is not None]
    made.set_x_axis({**value_axis, **_range((chart.base, *ends)), "label_position": "high"})
    return made


def _line(cells: Cells, column: int, colour: int, *, dashed: bool) -> dict[str, Any]:
    line = {"color": colours.SERIES[colour % len(colours.SERIES)], "width": 1.75}
    if dashed:
        line["dash_type"] = "dash"
    return {
        "name": cells.name(column), "categories": cells.places(), "values": cells.values(column),
        "line": line, "marker": {"type": "none"},
    }  # fmt: skip


def _axes(
    made: Any, cells: Cells, figures: tuple[Figure, ...], style: Style,
    limits: tuple[Figure, ...] | None = None,
) -> None:  # fmt: skip
    """Both axes; one of lines begins near the least of them, one of bars at zero."""
    made.set_x_axis({
        "name": cells.name(0), "name_font": {**_FONT, "bold": False}, "num_font": _FONT,
        "line": _AXIS_LINE, "label_position": "low",
    })  # fmt: skip
    near = {} if limits is None else _range((*figures, *limits))
    made.set_y_axis({**_value_axis(figures, style), **near})


def _range(figures: Iterable[Figure]) -> dict[str, float]:
    """Ends of an axis that needs no zero."""
    held = [each.value for each in figures if isinstance(each.value, (int, float))]
    if not held:
        return {}
    scale = scale_of(held, 0.0, 1.0)
    return {"min": scale.low, "max": scale.high}


def _value_axis(figures: tuple[Figure, ...], style: Style) -> dict[str, Any]:
    axis: dict[str, Any] = {
        "num_font": _FONT, "major_gridlines": _GRID, "line": {"none": True},
        "name_font": {**_FONT, "bold": False},
    }  # fmt: skip
    if all_money(figures):
        axis["name"] = f"{money_symbol(style)}m"
        axis["num_format"] = money_format(style, millions=True).replace(".00", "")
    elif figures:
        defined = [each for each in figures if each.value is not None]
        axis["num_format"] = number_format(defined[0] if defined else figures[0], style)
    return axis
