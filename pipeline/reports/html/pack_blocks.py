"""Blocks of a pack's document as HTML; drawings come with their figures in a table."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.reports.formats import UNDEFINED, parts_of, text_of
from pipeline.reports.html.element import Markup, element, joined
from pipeline.reports.html.svg_pictures import diagram, time_plan, tornado
from pipeline.reports.html.svg_series import line_chart, stacked_bars
from pipeline.reports.pack.chart_tables import tables_of
from pipeline.reports.pack.document import (
    Blank,
    Block,
    Bullets,
    Cell,
    Chart,
    Diagram,
    Field,
    Fields,
    Figure,
    Grid,
    GridColumn,
    HeatMap,
    LineChart,
    Prose,
    StackedBars,
    Style,
    Tiles,
    TimePlan,
    Tornado,
    Verdicts,
)
from pipeline.reports.pack.undefined import undefined_notes

SHADES = 10  # steps of a heat map's colours, each way
_EMPTY = "There are no figures to draw."


def block_html(block: Block, style: Style) -> Markup:
    """A block, ready for its section."""
    match block:
        case Fields():
            return _fields(block, style)
        case Grid():
            return grid_html(block, style)
        case Prose():
            return element("p", _answer(block.pieces, style), class_=block.style)
        case Bullets():
            items = (element("li", _answer(item, style)) for item in block.items)
            return element("ol" if block.numbered else "ul", *items, class_="items")
        case Tiles():
            tiles = (_field(field, style) for field in block.fields)
            return element("dl", *tiles, class_="tiles")
        case HeatMap():
            return _figure(block, _heat_map(block, style), style, told=True)
        case _:
            return _figure(block, _drawn(block, style), style, told=False)


def _drawn(
    chart: LineChart | StackedBars | Tornado | Diagram | TimePlan, style: Style
) -> Markup | None:  # fmt: skip
    match chart:
        case LineChart():
            return line_chart(chart, style)
        case StackedBars():
            return stacked_bars(chart, style)
        case Tornado():
            return tornado(chart, style)
        case Diagram():
            return diagram(chart, style)
        case TimePlan():
            return time_plan(chart, style)


def _figure(chart: Chart, drawn: Markup | None, style: Style, *, told: bool) -> Markup:
    """A drawing with its title and caption; its table where the drawing does not tell all."""
    parts = [element("figcaption", chart.title, class_="title", dir="auto")]
    if drawn is None:
        parts.append(element("p", _EMPTY, class_="small"))
    else:
        parts.append(element("div", drawn, class_="scroll", tabindex="0"))
        if isinstance(chart, TimePlan):
            parts.append(_path_key())
    if chart.caption:
        parts.append(element("p", chart.caption, class_="small"))
    if not told:
        tables = (grid_html(table, style) for table in tables_of(chart, style))
        parts.append(element("details", element("summary", "The figures of the chart"), *tables))
    return element("figure", *parts, class_="chart")


def _path_key() -> Markup:
    keys = (("critical", "Critical path"), ("task", "Other tasks"))
    return element(
        "ul",
        *(
            element(
                "li",
                element("svg", element("rect", x=0, y=2, width=18, height=8, rx=2, class_=kind),
                        viewBox="0 0 18 12", class_="key", aria_hidden="true"),
                name,
            )
            for kind, name in keys
        ),
        class_="legend",
    )  # fmt: skip


def _fields(block: Fields, style: Style) -> Markup:
    rows = (_field(field, style) for field in block.fields)
    listed = element("dl", *rows, class_="fields wide" if block.wide else "fields compact")
    if not block.title:
        return listed
    return joined(element("h4", block.title, dir="auto"), listed)


def _field(field: Field, style: Style) -> Markup:
    parts = [
        element("dt", field.label, dir="auto"),
        element("dd", _answer(field.values, style) if field.values else UNDEFINED),
    ]
    if field.note:
        parts.append(element("dd", field.note, class_="note", dir="auto"))
    return element("div", *parts)


def _answer(cells: Sequence[Cell], style: Style) -> Markup:
    return joined(*(_shown(cell, text) for cell, text in parts_of(cells, style, notes=True)))


def _shown(cell: Cell, text: str) -> Markup:
    """A cell by its kind; names stand apart, so that their direction turns nothing beside them."""
    match cell:
        case Blank():
            lead = " " if text.startswith(" ") else ""
            return joined(lead, element("span", text.strip(), class_="blank"))
        case Verdicts():
            lead = " " if text.startswith(" ") else ""
            return joined(lead, element("span", text.strip(), class_=f"verdict {cell.verdict}"))
        case Figure(unit="text", value=str()):
            lead = " " if text.startswith(" ") else ""
            return joined(lead, element("bdi", text.removeprefix(" ")))
    return joined(text)


def grid_html(grid: Grid, style: Style) -> Markup:
    """A table in a box of its own, in which it moves sideways where the page is narrow."""
    head = (
        element("th", column.title, scope="col", class_="right" if column.right else None)
        for column in grid.columns
    )
    body = [
        element(
            "tr",
            *(
                _cell(cell, column, style)
                for cell, column in zip(row, grid.columns, strict=True)
            ),
            class_=_row_class(grid, number),
        )
        for number, row in enumerate(grid.rows)
    ]  # fmt: skip
    if not body:
        body = [element("tr", element("td", UNDEFINED, colspan=len(grid.columns)))]
    table = element(
        "table",
        element("thead", element("tr", *head)),
        element("tbody", *body),
        class_="many" if len(grid.columns) > 9 else None,
    )
    parts = [element("h4", grid.title, dir="auto")] if grid.title else []
    parts.append(element("div", table, class_="scroll", tabindex="0"))
    told = undefined_notes(grid)
    if grid.caption:
        parts.append(element("p", grid.caption, class_="small", dir="auto"))
    if told:
        parts.append(element("p", told, class_="small"))
    return joined(*parts)


def _row_class(grid: Grid, number: int) -> str | None:
    if number >= len(grid.rows) - grid.totals:
        return "total first" if number == len(grid.rows) - grid.totals else "total"
    return "group" if number in grid.groups and number else None


def _cell(cell: Cell, column: GridColumn, style: Style) -> Markup:
    text = text_of(cell, style, millions=column.millions, more_digits=column.more_digits)
    lines = joined(_shown(cell, text)) if "\n" not in text else _broken(text)
    plain = isinstance(cell, str) or (isinstance(cell, Figure) and isinstance(cell.value, str))
    return element(
        "td",
        lines,
        class_="right" if column.right else None,
        dir="auto" if plain and not column.right else None,
    )


def _broken(text: str) -> Markup:
    lines = text.split("\n")
    parts: list[str] = [lines[0]]
    for line in lines[1:]:
        parts += [element("br"), line]
    return joined(*parts)


def _heat_map(chart: HeatMap, style: Style) -> Markup | None:
    if not chart.rows or not chart.columns:
        return None
    head = (element("th", name, scope="col", class_="right") for name in ("", *chart.columns))
    rows = (
        element(
            "tr",
            element("th", name, scope="row", dir="auto"),
            *(
                element("td", _shown(cell, text_of(cell, style)), class_=_shade(shade))
                for cell, shade in zip(cells, shades, strict=True)
            ),
        )
        for name, cells, shades in zip(chart.rows, chart.cells, chart.shades, strict=True)
    )
    return element(
        "table", element("thead", element("tr", *head)), element("tbody", *rows), class_="heat"
    )


def _shade(shade: float | None) -> str:
    if shade is None:
        return "right"
    step = round(SHADES * max(-1.0, min(1.0, shade)))
    return f"right shade{'-bad' if step < 0 else '-good'}-{abs(step)}" if step else "right"
