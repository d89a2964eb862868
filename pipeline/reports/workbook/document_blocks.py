"""Blocks of a document as cells: figures as numbers, an undefined one as an empty cell and a note.

Sentences are text, with their figures as they are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from pipeline.reports import colours
from pipeline.reports.formats import answer_text, text_of
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
    Prose,
    Style,
    Tiles,
    TimePlan,
    Verdicts,
)
from pipeline.reports.workbook.document_charts import ROWS, Cells, native_chart
from pipeline.reports.workbook.layout import READING, Look, Page, Put
from pipeline.reports.workbook.number_formats import date_format, number_format

Shades = Sequence[Sequence[float | None]]
_TILES: Final = 4  # in a row
_NOTES: Final = "Notes"


def write_block(page: Page, block: Block, style: Style, book: object) -> None:
    """A block into a page's next rows, and an empty row after it."""
    match block:
        case Fields():
            _fields(page, block, style)
        case Grid():
            write_grid(page, block, style)
        case Prose():
            page.line(answer_text(block.pieces, style, notes=True), block.style)
        case Bullets():
            for number, item in enumerate(block.items, 1):
                lead = f"{number}. " if block.numbered else "•  "
                page.line(lead + answer_text(item, style, notes=True), "body")
        case Tiles():
            _tiles(page, block, style)
        case _:
            _chart(page, block, style, book)
    page.gap()


def _chart(page: Page, chart: Chart, style: Style, book: object) -> None:
    """A native chart over the cells of its table, or the table alone."""
    page.line(chart.title, "heading-3")
    shades: Shades | None = None
    if isinstance(chart, HeatMap):
        shades = [(None, *row) for row in chart.shades]
    over = page.row
    tables = tables_of(chart, style)
    first = tables[0]
    drawn = bool(first.rows) and len(first.columns) > 1
    if drawn and not isinstance(chart, (HeatMap, Diagram, TimePlan)):
        page.row += ROWS + 1
        head = page.row
        write_grid(page, first, style)
        cells = Cells(page.name, head, head + len(first.rows))
        page.charts.append((over, native_chart(book, chart, cells, style)))
    else:
        for number, table in enumerate(tables):
            if number:
                page.gap()
            write_grid(page, table, style, shades)
    page.line(chart.caption, "small")


def _fields(page: Page, block: Fields, style: Style) -> None:
    page.line(block.title, "heading-3")
    for field in block.fields:
        page.put(0, Put(field.label, field.label, Look("label")))
        puts = _answer(field, style)
        note = "; ".join(
            each
            for each in (
                field.note,
                *(v.note for v in field.values if isinstance(v, Figure) and v.value is None),
            )
            if each
        )
        tested = {text_of(v, style) for v in field.values if isinstance(v, Verdicts)}
        for place, put in enumerate(puts):
            page.put(1 + place, put)
            if put.text in tested:
                page.verdicts.append((page.row, page.row, 1 + place))
        if note:
            page.put(1 + len(puts), Put(note, note, Look("note"), READING))
        page.row += 1


def _answer(field: Field, style: Style) -> list[Put]:
    """The parts of an answer: each figure a cell of its own, texts between them joined."""
    puts: list[Put] = []
    texts: list[Cell] = []
    for value in (*field.values, None):
        if isinstance(value, str) or (isinstance(value, Figure) and isinstance(value.value, str)):
            texts.append(value)
            continue
        said = answer_text(texts, style).strip(" ,;")
        texts = []
        if said:
            puts.append(Put(said, said, Look("value")))
        if value is not None:
            puts.append(put_of(value, style, "value"))
    if len(puts) == 1 and isinstance(puts[0].value, str) and not field.note:
        only = puts[0]
        return [Put(only.value, only.text, only.look, READING)]
    return puts or [Put("", "", Look("value"))]


def put_of(
    cell: Cell, style: Style, kind: str, *, column: GridColumn | None = None,
    ground: str | None = None,
) -> Put:  # fmt: skip
    """A cell with its raw value, and the format that writes it."""
    millions = column.millions if column is not None else False
    more = column.more_digits if column is not None else 0
    right = column.right if column is not None else False
    text = text_of(cell, style, millions=millions, more_digits=more)
    match cell:
        case Blank():
            return Put(text, text, Look("blank", right=right))
        case Figure(value=None):
            return Put(None, "", Look(kind, right=right, ground=ground))
        case Figure(value=date()):
            return Put(cell.value, text, Look(kind, date_format(style), right, ground))
        case Figure(value=bool()):
            return Put(cell.value, text, Look(kind, right=right, ground=ground))
        case Figure(value=int() | float()):
            form = number_format(cell, style, millions=millions, more_digits=more)
            return Put(cell.value, text, Look(kind, form, right, ground))
    return Put(text, text, Look(kind, right=right, ground=ground))


def write_grid(page: Page, grid: Grid, style: Style, shades: Shades | None = None) -> int:
    """A table from the page's row on; the row its head is in."""
    page.line(grid.title, "heading-3")
    head = page.row
    noted = any(_note(row, grid) for row in grid.rows)
    for place, column in enumerate(grid.columns):
        page.put(place, Put(column.title, column.title, Look("head", right=column.right)))
    if noted:
        page.put(len(grid.columns), Put(_NOTES, _NOTES, Look("head")))
    page.row += 1
    for number, row in enumerate(grid.rows):
        kind = _kind(grid, number)
        for place, (cell, column) in enumerate(zip(row, grid.columns, strict=True)):
            ground = None if shades is None else colours.shade(shades[number][place])
            page.put(place, put_of(cell, style, kind, column=column, ground=ground))
        if noted:
            note = _note(row, grid)
            page.put(len(grid.columns), Put(note, note, Look("note")))
        page.row += 1
    for place in range(len(grid.columns)):
        if any(isinstance(row[place], Verdicts) for row in grid.rows):
            page.verdicts.append((head + 1, page.row - 1, place))
    page.line(grid.caption, "small")
    return head


def _kind(grid: Grid, number: int) -> str:
    first_total = len(grid.rows) - grid.totals
    if number >= first_total:
        return "first-total" if number == first_total else "total"
    return "group" if number in grid.groups and number else "cell"


def _note(row: Sequence[Cell], grid: Grid) -> str:
    """Why figures of a row are undefined, by their columns."""
    return "; ".join(
        f"{column.title}: {cell.note}" if column.title else cell.note
        for cell, column in zip(row, grid.columns, strict=True)
        if isinstance(cell, Figure) and cell.value is None and cell.note
    )


def _tiles(page: Page, block: Tiles, style: Style) -> None:
    """Headline figures, four in a row: label, figure, note."""
    for start in range(0, len(block.fields), _TILES):
        fields = block.fields[start : start + _TILES]
        notes = [
            field.note or next((v.note for v in field.values if isinstance(v, Figure)), "")
            for field in fields
        ]
        for place, field in enumerate(fields):
            page.put(place, Put(field.label, field.label, Look("tile-label")))
        page.row += 1
        for place, field in enumerate(fields):
            only = field.values[0] if len(field.values) == 1 else None
            if only is None:
                text = answer_text(field.values, style)
                page.put(place, Put(text, text, Look("tile")))
            else:
                page.put(place, put_of(only, style, "tile"))
        page.row += 1
        if any(notes):
            for place, note in enumerate(notes):
                page.put(place, Put(note, note, Look("tile-note")))
            page.row += 1
