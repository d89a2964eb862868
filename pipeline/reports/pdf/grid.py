"""Tables of documents and heat maps: widths that hold every number whole, rows never cut.

A column's least width holds its longest figure and the longest word of its text, up to a limit
beyond which a word is broken. Where the least widths do not fit, letters get smaller; then the page
is turned; then columns go under one another, the first repeated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, Final

from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Table, TableStyle

from pipeline.reports import colours
from pipeline.reports.formats import UNDEFINED, text_of
from pipeline.reports.pack.document import (
    Blank,
    Cell,
    Figure,
    Grid,
    GridColumn,
    HeatMap,
    Style,
    Verdicts,
)
from pipeline.reports.pdf import theme
from pipeline.reports.pdf.blocks import paragraph
from pipeline.reports.pdf.fonts import BOLD, REGULAR
from pipeline.reports.pdf.text import is_plain, width_of

_SIZES: Final = (7.8, 7.4, 7.0, 6.6, 6.2, 5.8, 5.4)
LEAST_UPRIGHT: Final = 6.2  # smaller letters than these turn the page first
_HEAD_SMALLER: Final = 0.9  # points
_LONGEST_WORD: Final = 72.0  # points at the largest size; longer words are broken
_SIDE: Final = 3.5  # padding of a cell at either side
_APART: Final = 6.0  # more, where text follows figures that are set to the right
_ABOVE, _BELOW = 2.8, 3.6
_ROUNDING: Final = 0.6
_KEPT: Final = 8192  # lengths that are remembered
_STEPS: Final = 50  # of the search for widths: to less than a millionth of a point
Command = tuple[Any, ...]


@dataclass(frozen=True)
class _Content:
    """A cell as it is written: `whole` may not be broken over lines."""

    text: str
    whole: bool
    verdict: str = ""
    blank: bool = False


@dataclass(frozen=True)
class _Sheet:
    """A table or a heat map, with its texts."""

    columns: tuple[GridColumn, ...]
    rows: tuple[tuple[_Content, ...], ...]
    totals: int
    groups: tuple[int, ...]
    shades: tuple[tuple[float | None, ...], ...] = ()  # of all columns but the first


def least_size(grid: Grid, style: Style, width: float) -> float | None:
    """The size of letters in which a table fits a width; None where none does."""
    return _size_of(_sheet(grid, style), width)


def is_unbroken(grid: Grid, style: Style, width: float) -> bool:
    """Whether a table fits a width in its largest letters with each cell on one line."""
    return sum(_natural(_sheet(grid, style), _SIZES[0])) <= width


def tables(grid: Grid, style: Style, width: float, height: float) -> list[Table]:
    """A table, in several parts where its columns do not fit side by side."""
    return [_table(part, width, height) for part in _parts(_sheet(grid, style), width)]


def least_heat_size(chart: HeatMap, style: Style, width: float) -> float | None:
    """The same of a heat map."""
    return _size_of(_heat_sheet(chart, style), width)


def heat_tables(chart: HeatMap, style: Style, width: float, height: float) -> list[Table]:
    """A heat map: figures in shaded cells."""
    return [_table(part, width, height) for part in _parts(_heat_sheet(chart, style), width)]


def _heat_sheet(chart: HeatMap, style: Style) -> _Sheet:
    columns = (GridColumn("", 1.8, right=False), *(GridColumn(each) for each in chart.columns))
    rows: list[tuple[Cell, ...]] = []
    for name, cells in zip(chart.rows, chart.cells, strict=True):
        rows.append((name, *cells))
    return replace(_sheet(Grid(columns, tuple(rows)), style), shades=chart.shades)


def _sheet(grid: Grid, style: Style) -> _Sheet:
    rows = tuple(
        tuple(_content(cell, column, style) for cell, column in zip(row, grid.columns, strict=True))
        for row in grid.rows
    )
    if not rows:
        nothing = _Content(UNDEFINED, whole=True)
        rows = ((nothing, *(_Content("", whole=True) for _ in grid.columns[1:])),)
    return _Sheet(grid.columns, rows, grid.totals, grid.groups)


def _content(cell: Cell, column: GridColumn, style: Style) -> _Content:
    text = text_of(cell, style, millions=column.millions, more_digits=column.more_digits)
    match cell:
        case Verdicts():
            return _Content(text, whole=True, verdict=cell.verdict)
        case Blank():
            return _Content(text, whole=False, blank=True)
        case Figure():
            return _Content(text, whole=not isinstance(cell.value, str))
    return _Content(text, whole=False)


# -- widths ---------------------------------------------------------------------------------------
def _size_of(sheet: _Sheet, width: float) -> float | None:
    return next((size for size in _SIZES if sum(_least(sheet, size)) <= width), None)


def _least(sheet: _Sheet, size: float) -> list[float]:
    """Least width of each column, in letters of `size`."""
    limit = _LONGEST_WORD * size / _SIZES[0]
    widths = []
    for place, column in enumerate(sheet.columns):
        needed = [min(limit, _longest_word(column.title, size - _HEAD_SMALLER, bold=True))]
        for number, row in enumerate(sheet.rows):
            content = row[place]
            bold = bool(content.verdict) or _is_total(sheet, number)
            if content.whole:
                needed.append(_length(content.text, bold) * size)
            else:
                needed.append(min(limit, _longest_word(content.text, size, bold=bold)))
        widths.append(max(needed) + _padding(sheet, place) + _ROUNDING)
    return widths


def _padding(sheet: _Sheet, place: int) -> float:
    """White at both sides of a column's cells together."""
    columns = sheet.columns
    apart = place > 0 and columns[place - 1].right and not columns[place].right
    return 2 * _SIDE + (_APART if apart else 0.0)


def _natural(sheet: _Sheet, size: float) -> list[float]:
    """Width of each column in which nothing is broken."""
    widths = []
    for place, column in enumerate(sheet.columns):
        needed = [_longest_word(column.title, size - _HEAD_SMALLER, bold=True)]
        for number, row in enumerate(sheet.rows):
            content = row[place]
            bold = bool(content.verdict) or _is_total(sheet, number)
            needed += [_length(line, bold) * size for line in content.text.split("\n")]
        widths.append(max(needed) + _padding(sheet, place) + _ROUNDING)
    return widths


def _widths(sheet: _Sheet, size: float, width: float) -> list[float]:
    """Widths by weight, none under its least, none over what it can use while others need more."""
    least, most = _least(sheet, size), _natural(sheet, size)
    most = [max(pair) for pair in zip(least, most, strict=True)]
    weights = [max(column.weight, 0.01) for column in sheet.columns]
    left = width - sum(most)
    if left >= 0.0:
        return [
            each + left * weight / sum(weights) for each, weight in zip(most, weights, strict=True)
        ]

    def at(share: float) -> list[float]:
        return [
            min(max(weight * share, low), high)
            for weight, low, high in zip(weights, least, most, strict=True)
        ]

    low, high = 0.0, max(each / weight for each, weight in zip(most, weights, strict=True))
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(at(middle)) <= width else (low, middle)
    return at(low)


@lru_cache(_KEPT)
def _length(text: str, bold: bool) -> float:
    """Length of one line in letters of one point."""
    return width_of(text, 1.0, bold=bold)


def _longest_word(text: str, size: float, *, bold: bool) -> float:
    return max((_length(word, bold) * size for word in _words(text)), default=0.0)


def _words(text: str) -> list[str]:
    """What may stand on a line of its own; a no-break space holds words together."""
    return text.replace("\n", " ").split(" ")


def _parts(sheet: _Sheet, width: float) -> list[_Sheet]:
    """The table whole, or in parts of as many columns as fit, each with the first column."""
    if _size_of(sheet, width) is not None or len(sheet.columns) < 3:
        return [sheet]
    least = _least(sheet, _SIZES[-1])
    parts = _filled(least, width)
    even = math.ceil((len(sheet.columns) - 1) / len(parts))
    evened = [
        [0, *range(start, min(start + even, len(least)))] for start in range(1, len(least), even)
    ]
    if all(sum(least[place] for place in places) <= width for places in evened):
        parts = evened
    return [_with_columns(sheet, places) for places in parts]


def _filled(least: Sequence[float], width: float) -> list[list[int]]:
    """As many columns as fit in each part."""
    parts: list[list[int]] = []
    room = -1.0
    for place in range(1, len(least)):
        if least[place] > room:
            parts.append([0])
            room = width - least[0]
        parts[-1].append(place)
        room -= least[place]
    return parts


def _with_columns(sheet: _Sheet, places: Sequence[int]) -> _Sheet:
    return replace(
        sheet,
        columns=tuple(sheet.columns[place] for place in places),
        rows=tuple(tuple(row[place] for place in places) for row in sheet.rows),
        shades=tuple(tuple(row[place - 1] for place in places[1:]) for row in sheet.shades),
    )


# -- drawing --------------------------------------------------------------------------------------
def _table(sheet: _Sheet, width: float, height: float) -> Table:
    size = _size_of(sheet, width) or _SIZES[-1]
    widths = _widths(sheet, size, width)
    commands = _base_commands(sheet, size)
    heat = bool(sheet.shades)
    rows: list[list[Any]] = [
        [
            paragraph(column.title, _head_style(size, column.right, heat and place > 0))
            for place, column in enumerate(sheet.columns)
        ]
    ]
    for number, row in enumerate(sheet.rows):
        bold = _is_total(sheet, number)
        cells: list[Any] = []
        for place, content in enumerate(row):
            at = (place, number + 1)
            room = widths[place] - _padding(sheet, place)
            right = sheet.columns[place].right
            cells.append(_set(content, size, room, right, bold, heat and place > 0))
            commands += _cell_commands(content, at, bold)
        rows.append(cells)
    for number, shades in enumerate(sheet.shades):
        for place, value in enumerate(shades):
            ground = colours.shade(value)
            if ground is not None:
                at = (place + 1, number + 1)
                commands.append(("BACKGROUND", at, at, HexColor(ground)))
    table = Table(rows, colWidths=widths, repeatRows=1)
    table.setStyle(TableStyle(commands))
    table.wrap(width, height)
    if max(table._rowHeights) > height - table._rowHeights[0]:
        table.splitInRow = 1  # a cell longer than a page, which no table needs
    return table


def _base_commands(sheet: _Sheet, size: float) -> list[Command]:
    last = len(sheet.rows)
    commands: list[Command] = [
        ("BACKGROUND", (0, 0), (-1, 0), theme.NAVY),
        ("FONT", (0, 1), (-1, -1), REGULAR, size, size * 1.24),
        ("TEXTCOLOR", (0, 1), (-1, -1), theme.INK),
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
        ("VALIGN", (0, 1), (-1, -1), "MIDDLE"),
        ("RIGHTPADDING", (0, 0), (-1, -1), _SIDE),
        ("TOPPADDING", (0, 0), (-1, -1), _ABOVE),
        ("BOTTOMPADDING", (0, 0), (-1, -1), _BELOW),
    ]
    for place, column in enumerate(sheet.columns):
        where = "CENTER" if sheet.shades and place else "RIGHT" if column.right else "LEFT"
        commands.append(("ALIGN", (place, 0), (place, -1), where))
        left = _padding(sheet, place) - _SIDE
        commands.append(("LEFTPADDING", (place, 0), (place, -1), left))
    if sheet.shades:
        commands.append(("INNERGRID", (1, 1), (-1, -1), 1.0, white))
    if last and not sheet.shades:
        commands.append(("ROWBACKGROUNDS", (0, 1), (-1, -1), [white, theme.PALE]))
    if last:
        commands.append(("LINEBELOW", (0, 1), (-1, -1), 0.3, theme.LINE))
    for row in sheet.groups:
        if 0 < row < last:
            commands.append(("LINEABOVE", (0, row + 1), (-1, row + 1), 0.9, theme.NAVY))
    if last > 3:  # a last row or a total never stands alone on a page
        commands.append(("NOSPLIT", (0, max(2, last - max(sheet.totals, 1))), (-1, last)))
    if 0 < sheet.totals <= last:
        first = last - sheet.totals + 1
        commands.append(("LINEABOVE", (0, first), (-1, first), 0.9, theme.NAVY))
    return commands


def _cell_commands(content: _Content, at: tuple[int, int], bold: bool) -> list[Command]:
    commands: list[Command] = []
    if bold or content.verdict:
        commands.append(("FONTNAME", at, at, BOLD))
    if content.verdict:
        commands.append(("TEXTCOLOR", at, at, theme.VERDICT_COLOURS[content.verdict]))
    if content.blank:
        commands.append(("BACKGROUND", at, at, theme.BLANK_GROUND))
        commands.append(("TEXTCOLOR", at, at, theme.BLANK_INK))
    return commands


def _set(
    content: _Content, size: float, room: float, right: bool, bold: bool, centred: bool
) -> Any:  # fmt: skip
    """Plain text where it fits one line, which is fast; a paragraph where it does not."""
    heavy = bold or bool(content.verdict)
    if is_plain(content.text) and _length(content.text, heavy) * size <= room:
        return content.text
    colour = theme.BLANK_INK if content.blank else theme.INK
    if content.verdict:
        colour = theme.VERDICT_COLOURS[content.verdict]
    return paragraph(content.text, _cell_style(size, right, heavy, centred, colour.hexval()))


@cache
def _cell_style(
    size: float, right: bool, bold: bool, centred: bool, colour: str
) -> ParagraphStyle:  # fmt: skip
    return ParagraphStyle(
        "grid-cell", theme.CELL, fontName=BOLD if bold else REGULAR, fontSize=size,
        leading=size * 1.24, textColor=_colour(colour),
        alignment=TA_CENTER if centred else TA_RIGHT if right else 0,
    )  # fmt: skip


def _colour(hexadecimal: str) -> Color:
    return HexColor(int(hexadecimal, 16))


@cache
def _head_style(size: float, right: bool, centred: bool) -> ParagraphStyle:
    small = size - _HEAD_SMALLER
    return ParagraphStyle(
        "grid-head", theme.HEAD, fontSize=small, leading=small * 1.22,
        alignment=TA_CENTER if centred else TA_RIGHT if right else 0,
    )  # fmt: skip


def _is_total(sheet: _Sheet, row: int) -> bool:
    return row >= len(sheet.rows) - sheet.totals
