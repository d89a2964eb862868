"""A sheet of a document while it is filled: what stands in its cells, then widths and heights.

Widths follow from everything on the sheet, and heights from the widths; so cells are collected
first and drawn when the sheet is complete. Nothing that is written is cut.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, Final

from pipeline.escape import spreadsheet_cell, visible
from pipeline.reports import colours
from pipeline.reports.pack.document import Value

READING: Final = 0  # merged over the columns a line of text is read across
FONT: Final = "Arial"
ROW_PIXELS: Final = 17  # of a row of that font in which nothing else is
_SPACER: Final = 1.6
_LEAST, _MOST = 11.0, 46.0  # widths in letters
_LONGEST_LABEL: Final = 30.0
_READING_WIDTH: Final = 104.0
_LEAST_COLUMNS: Final = 4
_POINTS_A_LINE: Final = 1.32  # of the size of the letters
_LONGEST_TEXT: Final = 32_767  # Excel's limit for a cell
_TALLEST: Final = 409.0  # Excel's limit for a row, in points
_LAST_NARROW: Final = 0x2E7F  # East Asian letters come after
_EXACT: Final = 10**15  # whole numbers from here on lose digits in Excel
_LOOKS: Final[dict[str, dict[str, Any]]] = {
    "kicker": {"font_color": colours.ACCENT, "bold": True, "font_size": 9},
    "title": {"font_color": colours.NAVY, "bold": True, "font_size": 18},
    "subtitle": {"font_color": colours.GREY, "font_size": 11},
    "heading": {"font_color": colours.NAVY, "bold": True, "font_size": 14, "bottom": 2,
                "bottom_color": colours.NAVY},
    "heading-2": {"font_color": colours.NAVY, "bold": True, "font_size": 12},
    "heading-3": {"font_color": colours.BLUE, "bold": True, "font_size": 10},
    "head": {"font_color": "#ffffff", "bg_color": colours.NAVY, "bold": True, "font_size": 9,
             "valign": "bottom"},
    "body": {"font_color": colours.INK},
    "lead": {"font_color": colours.NAVY, "font_size": 11},
    "small": {"font_color": colours.GREY, "font_size": 9},
    "note": {"font_color": colours.GREY, "font_size": 9, "bottom": 1, "bottom_color": colours.LINE},
    "label": {"font_color": colours.GREY, "bottom": 1, "bottom_color": colours.LINE},
    "value": {"font_color": colours.INK, "bottom": 1, "bottom_color": colours.LINE,
              "align": "left"},
    "cell": {"font_color": colours.INK, "bottom": 1, "bottom_color": colours.LINE},
    "total": {"font_color": colours.INK, "bold": True, "bg_color": colours.PALE, "bottom": 1,
              "bottom_color": colours.LINE},
    "first-total": {"font_color": colours.INK, "bold": True, "bg_color": colours.PALE, "top": 2,
                    "top_color": colours.NAVY, "bottom": 1, "bottom_color": colours.LINE},
    "group": {"font_color": colours.INK, "top": 1, "top_color": colours.GREY, "bottom": 1,
              "bottom_color": colours.LINE},
    "tile-label": {"font_color": colours.GREY, "font_size": 9, "bg_color": colours.PALE},
    "tile": {"font_color": colours.NAVY, "bold": True, "font_size": 13, "align": "left",
             "bg_color": colours.PALE},
    "tile-note": {"font_color": colours.GREY, "font_size": 8, "bg_color": colours.PALE},
    "blank": {"font_color": "#6d5417", "bg_color": colours.PALE_ACCENT, "bottom": 3,
              "bottom_color": colours.ACCENT},
    "link": {"font_color": colours.BLUE, "underline": 1},
}  # fmt: skip

_INDENTED: Final = frozenset(("head", "cell", "group", "total", "first-total", "blank", "note"))


@dataclass(frozen=True)
class Look:
    """How a cell looks: its kind, the format of its number, its side, a ground of its own."""

    kind: str = "body"
    number: str = ""
    right: bool = False
    ground: str | None = None

    @property
    def size(self) -> float:
        return float(_LOOKS[self.kind].get("font_size", 10))

    @property
    def properties(self) -> dict[str, Any]:
        """As XlsxWriter takes them."""
        made = {"font_name": FONT, "font_size": 10, "valign": "top", **_LOOKS[self.kind]}
        made["text_wrap"] = not self.number
        if self.number:
            made["num_format"] = self.number
        if self.right:
            made["align"] = "right"
        elif self.kind in _INDENTED:
            made |= {"align": "left", "indent": 1}  # apart from the figure before it
        if self.ground is not None:
            made["bg_color"] = self.ground
        return made


@dataclass(frozen=True)
class Put:
    """A cell's content, the text that a reader sees, and how many columns it takes.

    `across` READING merges it over the reading width; `link` leads to another sheet.
    """

    value: Value
    text: str
    look: Look
    across: int = 1
    link: str = ""


@dataclass
class Page:
    """The cells of a sheet by (row, column), both from 0; column 0 is left free."""

    name: str
    cells: dict[tuple[int, int], Put] = field(default_factory=dict)
    row: int = 0
    heads: tuple[int, int] | None = None  # rows that stay in sight and are printed on every page
    verdicts: list[tuple[int, int, int]] = field(default_factory=list)  # first, last row, column
    charts: list[tuple[int, Any]] = field(default_factory=list)

    def put(self, column: int, put: Put) -> None:
        """Into the row at hand; column 0 is the first of the content."""
        self.cells[self.row, column + 1] = put

    def line(self, text: str, kind: str, link: str = "") -> None:
        """A line of text over the reading width, and on to the next row."""
        if text:
            self.put(0, Put(text, text, Look(kind), READING, link))
            self.row += 1

    def gap(self) -> None:
        """An empty row."""
        self.row += 1


class Drawer:
    """Draws pages into a workbook; formats are made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[Look, Any] = {}

    def format(self, look: Look) -> Any:
        """The workbook's format of a look."""
        if look not in self._made:
            self._made[look] = self._book.add_format(look.properties)
        return self._made[look]

    def draw(self, sheet: Any, page: Page) -> float:
        """All cells, then widths and heights, then charts over their rows; the whole width."""
        widths = _widths(page)
        reading = _reading_columns(widths)
        sheet.hide_gridlines(2)
        for column, width in widths.items():
            sheet.set_column(column, column, width)
        for (row, column), put in page.cells.items():
            self._cell(sheet, row, column, put, reading)
        self._rule(sheet, page, reading)
        for row, height in _heights(page, widths, reading).items():
            sheet.set_row(row, height)
        for row, chart in page.charts:
            sheet.insert_chart(row, 1, chart, {"object_position": 2})
        self._colour_verdicts(sheet, page)
        return sum(widths.values())

    def _cell(self, sheet: Any, row: int, column: int, put: Put, reading: int) -> None:
        look = self.format(put.look)
        last = _last_column(column, put, reading)
        if last > column:
            sheet.merge_range(row, column, row, last, "", look)
        value = put.value
        if put.link:
            text = spreadsheet_cell(put.text)
            sheet.write_url(row, column, f"internal:{put.link}", look, text)
        elif value is None or value == "":
            sheet.write_blank(row, column, None, look)
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value, look)
        elif isinstance(value, date):
            sheet.write_datetime(row, column, value, look)
        elif isinstance(value, str) or (abs(value) >= _EXACT and isinstance(value, int)):
            first, *others = put.text.split("\n")
            text = "\n".join((spreadsheet_cell(first), *map(visible, others)))
            sheet.write_string(row, column, text[:_LONGEST_TEXT], look)
        else:
            sheet.write_number(row, column, value, look)

    def _rule(self, sheet: Any, page: Page, reading: int) -> None:
        """Lines under labelled values run on to the end of the reading width."""
        ends: dict[int, int] = {}
        for (row, column), put in page.cells.items():
            ends[row] = max(ends.get(row, 0), _last_column(column, put, reading))
        for (row, _), put in page.cells.items():
            if put.look.kind == "label":
                for column in range(ends[row] + 1, reading + 1):
                    sheet.write_blank(row, column, None, self.format(Look("value")))

    def _colour_verdicts(self, sheet: Any, page: Page) -> None:
        rules = (("Pass", colours.GOOD, colours.PALE_GOOD), ("Fail", colours.BAD, colours.PALE_BAD),
                 ("Warning", colours.WARN, colours.PALE_WARN))  # fmt: skip
        looks = [
            (word, self._book.add_format({"font_color": letters, "bg_color": ground, "bold": True}))
            for word, letters, ground in rules
            if page.verdicts
        ]
        for first, last, column in page.verdicts:
            for word, look in looks:
                sheet.conditional_format(first, column + 1, last, column + 1, {
                    "type": "cell", "criteria": "==", "value": f'"{word}"', "format": look,
                })  # fmt: skip


def _last_column(column: int, put: Put, reading: int) -> int:
    if put.across == READING:
        return max(column, reading)
    return column + put.across - 1


def _widths(page: Page) -> dict[int, float]:
    """Of each column: its longest figure or word, and of its texts as much as is reasonable."""
    widths: dict[int, float] = {0: _SPACER}
    for (_, column), put in page.cells.items():
        width = widths.get(column, _LEAST)
        if put.across == 1:
            scale = put.look.size / 10 * (1.08 if put.look.kind in ("tile", "head") else 1.0)
            words = put.text.replace("\n", " ").split(" ")
            word = max(map(_wide, words))
            if put.look.kind == "head":
                whole = word
            elif put.look.number:
                whole = word = _wide(put.text)
            else:
                whole = max(map(_wide, put.text.split("\n")))
            room = 3.0 if put.look.kind in _INDENTED else 2.0
            most = _LONGEST_LABEL if put.look.kind in ("label", "tile-label") else _MOST
            width = max(width, min(most, whole * scale + room), min(60.0, word * scale + room))
        widths[column] = width
    for column in range(1, _LEAST_COLUMNS + 1):
        widths.setdefault(column, _LEAST)
    return widths


def _wide(text: str) -> float:
    """About how wide a text is, in the digits that Excel measures columns by."""
    return sum(map(_letter, text))


@cache
def _letter(letter: str) -> float:
    if ord(letter) > _LAST_NARROW:
        return 2.0
    if letter in " .,:;'|!ijlft()[]-/":
        return 0.5
    if letter in "mwMW%@&":
        return 1.55
    return 1.25 if letter.isupper() else 1.05 if letter.isdigit() else 0.95


def _reading_columns(widths: dict[int, float]) -> int:
    """The last column that text is merged to."""
    total, last = 0.0, 0
    for column in range(1, max(widths) + 1):
        width = widths.get(column, _LEAST)
        if total + width > _READING_WIDTH and column > _LEAST_COLUMNS:
            break
        total, last = total + width, column
    return last


def _heights(page: Page, widths: dict[int, float], reading: int) -> dict[int, float]:
    heights: dict[int, float] = {}
    for (row, column), put in page.cells.items():
        last = _last_column(column, put, reading)
        width = sum(widths.get(each, _LEAST) for each in range(column, last + 1)) - 1
        letters = max(4.0, width * 10 / put.look.size)
        lines = 1
        if not put.look.number:
            lines = sum(_lines(part, letters) for part in put.text.split("\n"))
        height = min(_TALLEST, lines * put.look.size * _POINTS_A_LINE + 3)
        heights[row] = max(heights.get(row, 15.0), round(height, 2))
    return heights


def _lines(text: str, letters: float) -> int:
    """Lines of a text that breaks between words, and within those that are too long."""
    lines, used = 1, 0.0
    for word in text.split(" "):
        long = _wide(word)
        if used and used + 1 + long > letters:
            lines, used = lines + 1, 0.0
        if long > letters:
            more = math.ceil(long / letters) - 1
            lines, long = lines + more, long - more * letters
        used += long + (1 if used else 0)
    return lines
