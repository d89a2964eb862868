"""The figures of a chart as tables: for renderers that do not draw, and beside those that do."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.reports.formats import money_symbol
from pipeline.reports.pack.document import (
    Cell,
    Chart,
    Diagram,
    Figure,
    Grid,
    GridColumn,
    HeatMap,
    LineChart,
    Series,
    StackedBars,
    Style,
    TimePlan,
    Tornado,
)

_MOST_UPRIGHT = 8  # columns that a page has room for


def tables_of(chart: Chart, style: Style) -> tuple[Grid, ...]:
    """A chart's figures: one table, or two for a diagram (who is in it, and who pays whom).

    The first column of a line chart or of bars is the axis, then come series, lines, limits.
    """
    match chart:
        case LineChart():
            limits = tuple(
                Series(name, (figure,) * len(chart.places)) for name, figure in chart.limits
            )
            return (_over_places(chart.axis, chart.places, (*chart.series, *limits), style),)
        case StackedBars():
            return (_over_places(chart.axis, chart.places, (*chart.series, *chart.lines), style),)
        case HeatMap():
            columns = (_text(""), *(GridColumn(name) for name in chart.columns))
            rows: list[tuple[Cell, ...]] = []
            for name, cells in zip(chart.rows, chart.cells, strict=True):
                rows.append((name, *cells))
            return (Grid(columns, tuple(rows), landscape=len(columns) > _MOST_UPRIGHT),)
        case Tornado():
            return (_tornado(chart),)
        case Diagram():
            return _diagram(chart)
        case TimePlan():
            return (_time_plan(chart),)


def all_money(figures: Sequence[Figure]) -> bool:
    """Whether figures are amounts, which tables and axes of charts have in millions."""
    return bool(figures) and all(figure.unit == "money" for figure in figures)


def _over_places(
    axis: str, places: Sequence[str], series: Sequence[Series], style: Style
) -> Grid:  # fmt: skip
    columns = [_text(axis)]
    for each in series:
        millions = all_money(each.values)
        title = f"{each.name}, {money_symbol(style)}m" if millions else each.name
        columns.append(GridColumn(title, millions=millions))
    rows: list[tuple[Cell, ...]] = []
    for number, place in enumerate(places):
        rows.append((place, *(each.values[number] for each in series)))
    return Grid(tuple(columns), tuple(rows), landscape=len(columns) > _MOST_UPRIGHT)


def _tornado(chart: Tornado) -> Grid:
    rows: list[tuple[Cell, ...]] = [("Base", chart.base, chart.base)]
    rows += [
        (bar.label, "" if bar.low is None else bar.low, "" if bar.high is None else bar.high)
        for bar in chart.bars
    ]
    columns = (_text("Change", 2.4), GridColumn("Down"), GridColumn("Up"))
    return Grid(columns, tuple(rows), groups=(1,))


def _diagram(chart: Diagram) -> tuple[Grid, ...]:
    widest = max((len(box.text) for box in chart.boxes), default=0)
    boxes: tuple[tuple[Cell, ...], ...] = tuple(
        (box.name, box.kind.capitalize(), *box.text, *("",) * (widest - len(box.text)))
        for box in chart.boxes
    )
    heads = (_text("Party", 1.4), _text("Kind", 0.8), *(_text("", 1.2) for _ in range(widest)))
    flows = tuple((arrow.start, arrow.label, arrow.end) for arrow in chart.arrows)
    return (
        Grid(heads, boxes),
        Grid((_text("From", 1.2), _text("Flow", 1.6), _text("To", 1.2)), flows),
    )


def _time_plan(chart: TimePlan) -> Grid:
    rows = tuple(
        (each.name, each.start, each.end, "Critical" if each.critical else "")
        for each in chart.milestones
    )
    columns = (_text("Task", 2.6), GridColumn("Start"), GridColumn("End"), _text("Path", 0.8))
    return Grid(columns, rows)


def _text(title: str, weight: float = 1.0) -> GridColumn:
    return GridColumn(title, weight, right=False)
