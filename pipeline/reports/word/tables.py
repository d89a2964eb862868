"""Tables in Word: grids with repeated heads, labelled values, tiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph

from pipeline.reports import colours
from pipeline.reports.formats import UNDEFINED, text_of
from pipeline.reports.pack.document import Cell, Field, Fields, Figure, Grid, Style, Tiles
from pipeline.reports.word.runs import styled, turn, turned, write_cell, write_cells, write_text
from pipeline.reports.word.styles import TABLE

Shades = Sequence[Sequence[float | None]]
_TOGETHER: Final = 8  # tables of so few rows stay on one page
_MANY: Final = 9  # columns from which letters are smaller
_LETTERS: Final = 8.5  # points
_MM_PER_POINT: Final = 25.4 / 72
_PADDING_MM: Final = 3.2
_WIDEST_WORD: Final = 24  # letters that may stay together
_LONGEST_LINE: Final = 60  # letters of a text that ask for room
_BAND: Final = "#f6f8fb"
_TILES: Final = 4  # in a row


def write_grid(
    word: WordDocument, grid: Grid, style: Style, width_mm: float, shades: Shades | None = None
) -> None:
    """A table; its head is repeated on every page and no row is cut by a page's end."""
    texts = [
        [
            text_of(cell, style, millions=column.millions, more_digits=column.more_digits)
            for cell, column in zip(row, grid.columns, strict=True)
        ]
        for row in grid.rows
    ]
    columns = len(grid.columns)
    points = _LETTERS if columns <= _MANY else max(5.5, _LETTERS - 0.28 * (columns - _MANY))
    size = Pt(points) if columns > _MANY else None
    table = _table(word, 1 + (len(grid.rows) or 1), _lengths(grid, texts, points, width_mm))
    head = table.rows[0]
    _flag(head, "w:tblHeader")
    for column, cell in zip(grid.columns, head.cells, strict=True):
        paragraph = cell.paragraphs[0]
        styled(paragraph, "Table Head")
        paragraph.paragraph_format.keep_with_next = True
        if column.right:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        write_text(paragraph, column.title)
        _shade(cell, colours.NAVY)
        _resize(paragraph, size)
    if not grid.rows:
        _plain(table.rows[1].cells[0], UNDEFINED, "Table Text")
    first_total = len(grid.rows) - grid.totals
    for number, row in enumerate(grid.rows):
        cells = table.rows[number + 1].cells
        for place, (value, column) in enumerate(zip(row, grid.columns, strict=True)):
            paragraph = cells[place].paragraphs[0]
            styled(paragraph, "Table Figure" if column.right else "Table Text")
            text = texts[number][place]
            write_cell(paragraph, value, text)
            if not column.right and turned(text):
                turn(paragraph)
            _resize(paragraph, size)
            if len(grid.rows) <= _TOGETHER and number < len(grid.rows) - 1:
                paragraph.paragraph_format.keep_with_next = True
            if number >= first_total:
                for run in paragraph.runs:
                    run.bold = True
                _shade(cells[place], colours.PALE)
            elif shades is not None:
                _shade(cells[place], colours.shade(shades[number][place]))
            elif number % 2:
                _shade(cells[place], _BAND)
            if number == first_total or (number in grid.groups and number):
                _rule_above(cells[place], colours.NAVY if number == first_total else colours.GREY)


def write_fields(word: WordDocument, block: Fields, style: Style, width_mm: float) -> None:
    """Labels and values: a line each, or two in a line where they are compact."""
    if block.wide:
        table = _table(word, len(block.fields), _shared((0.32, 0.68), width_mm))
        for row, field in zip(table.rows, block.fields, strict=True):
            _field(row.cells[0], row.cells[1], field, style)
        return
    half = (len(block.fields) + 1) // 2
    table = _table(word, half, _shared((0.22, 0.28, 0.22, 0.28), width_mm))
    for number, field in enumerate(block.fields):
        cells = table.rows[number % half].cells
        place = 2 * (number // half)
        _field(cells[place], cells[place + 1], field, style)


def write_tiles(word: WordDocument, block: Tiles, style: Style, width_mm: float) -> None:
    """Headline figures, four in a row."""
    across = min(_TILES, len(block.fields))
    lines = -(-len(block.fields) // across)
    table = _table(word, lines, _shared((1.0,) * across, width_mm))
    for number, field in enumerate(block.fields):
        cell = table.rows[number // across].cells[number % across]
        _shade(cell, colours.PALE)
        _plain(cell, field.label, "Table Label")
        paragraph = styled(cell.add_paragraph(), "Tile Figure")
        write_cells(paragraph, field.values, style, notes=False)
        note = field.note or next(
            (each.note for each in field.values if isinstance(each, Figure) and each.note), ""
        )
        if note:
            write_text(styled(cell.add_paragraph(), "Table Note"), note)


def _field(label: _Cell, value: _Cell, field: Field, style: Style) -> None:
    _plain(label, field.label, "Table Label")
    paragraph = value.paragraphs[0]
    styled(paragraph, "Table Text")
    cells: Sequence[Cell] = field.values or (UNDEFINED,)
    write_cells(paragraph, cells, style)
    if field.note:
        write_text(styled(value.add_paragraph(), "Table Note"), field.note)


def _plain(cell: _Cell, text: str, style: str) -> None:
    paragraph = cell.paragraphs[0]
    styled(paragraph, style)
    write_text(paragraph, text)


def _shared(weights: Sequence[float], width_mm: float) -> list[float]:
    return [width_mm * weight / sum(weights) for weight in weights]


def _lengths(
    grid: Grid, texts: Sequence[Sequence[str]], points: float, width_mm: float
) -> list[float]:  # fmt: skip
    """Widths in millimetres, none so narrow that a figure or a word breaks.

    What is left is shared half by the columns' weights and half by how long their texts are; where
    there is not enough, widths are in proportion to the needs.
    """
    letter = 0.57 * points * _MM_PER_POINT
    needs, wishes = [], []
    for place, column in enumerate(grid.columns):
        said = [column.title, *(row[place] for row in texts)]
        words = [word for text in said for word in (text.split(" ") if text else [""])]
        needs.append(min(_WIDEST_WORD, max(map(len, words))) * letter + _PADDING_MM)
        whole = min(_LONGEST_LINE, max(map(len, said))) * letter + _PADDING_MM
        wishes.append(max(0.0, whole - needs[-1]))
    left = width_mm - sum(needs)
    if left <= 0:
        return _shared(needs, width_mm)
    weights = [column.weight for column in grid.columns]
    by_weight = _shared(weights, left)
    by_wish = _shared(wishes, left) if any(wishes) else by_weight
    return [
        need + (one + other) / 2
        for need, one, other in zip(needs, by_weight, by_wish, strict=True)
    ]  # fmt: skip


def _table(word: WordDocument, rows: int, lengths_mm: Sequence[float]) -> Table:
    """An empty table in our style, its widths fixed so that no program guesses them."""
    table: Table = word.add_table(rows, len(lengths_mm), style=TABLE)
    table.autofit = False
    layout = table._tbl.tblPr
    for old in layout.findall(qn("w:tblW")):
        layout.remove(old)
    wide = OxmlElement("w:tblW")
    wide.set(qn("w:w"), str(round(Mm(sum(lengths_mm)).twips)))
    wide.set(qn("w:type"), "dxa")
    indent = OxmlElement("w:tblInd")  # letters stand under those of the paragraphs
    indent.set(qn("w:w"), "80")
    indent.set(qn("w:type"), "dxa")
    layout.insert_element_before(indent, "w:tblBorders", "w:shd", "w:tblLayout", "w:tblCellMar",
                                 "w:tblLook")  # fmt: skip
    layout.insert_element_before(wide, "w:jc", "w:tblCellSpacing", "w:tblInd", "w:tblBorders",
                                 "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook")  # fmt: skip
    lengths = [Mm(length) for length in lengths_mm]
    for column, length in zip(table.columns, lengths, strict=True):
        column.width = length
    for row in table.rows:
        _flag(row, "w:cantSplit")
        for cell, length in zip(row.cells, lengths, strict=True):
            cell.width = length
    return table


def _flag(row: _Row, tag: str) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement(tag))


def _shade(cell: _Cell, colour: str | None) -> None:
    if colour is None:
        return
    fill = colour.lstrip("#").upper()
    _cell_property(cell, f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{fill}"/>')


def _rule_above(cell: _Cell, colour: str) -> None:
    _cell_property(
        cell,
        f'<w:tcBorders {nsdecls("w")}><w:top w:val="single" w:sz="8" w:space="0" '
        f'w:color="{colour.lstrip("#")}"/></w:tcBorders>',
    )


def _cell_property(cell: _Cell, xml: str) -> None:
    """Borders stand before shading, as the schema has it."""
    properties = cell._tc.get_or_add_tcPr()
    made = parse_xml(xml)
    shading = properties.find(qn("w:shd"))
    if made.tag == qn("w:tcBorders") and shading is not None:
        shading.addprevious(made)
    else:
        properties.append(made)


def _resize(paragraph: Paragraph, size: Pt | None) -> None:
    if size is not None:
        for run in paragraph.runs:
            run.font.size = size
