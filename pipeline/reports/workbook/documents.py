"""The pack's workbook: a contents sheet, then a sheet for each document.

A table too large to be read among others has a sheet of its own, with its head in sight. Text is
never a formula and never a link; the links there are lead to sheets of the same workbook. The
same documents give the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any, Final, TypeGuard

import xlsxwriter

from pipeline.escape import spreadsheet_cell, visible
from pipeline.reports.formats import date_text
from pipeline.reports.pack.chart_tables import tables_of
from pipeline.reports.pack.document import Block, Document, Grid, LineChart, StackedBars
from pipeline.reports.workbook.document_blocks import write_block, write_grid
from pipeline.reports.workbook.layout import FONT, READING, ROW_PIXELS, Drawer, Look, Page, Put

CONTENTS: Final = "Contents"
_MANY_ROWS: Final = 40
_MANY_COLUMNS: Final = 9
_LONGEST_NAME: Final = 31
_RESERVED: Final = frozenset(("history", ""))
_NOT_IN_NAMES: Final = re.compile(r"[\[\]:*?/\\'!]")
_A4: Final = 9
_LONGEST_HEADER: Final = 100
_OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_row_height": ROW_PIXELS,
}
# Columns are measured by the digits of this font, which is that of the cells.
_FONT: Final = {"font_name": FONT, "font_size": 10, "font_scheme": "none"}
_PAGE_WIDTH: Final = 190.0  # in digits: more makes letters too small to read on paper


def render(documents: Sequence[Document]) -> bytes:
    """The workbook of a pack's documents. Raises ValueError where there are none."""
    if not documents:
        raise ValueError("a workbook needs a document")
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {**_OPTIONS, "default_format_properties": {**_FONT}})
    first = documents[0]
    book.set_properties({
        "title": visible(first.project)[:255], "subject": visible(first.run_id)[:255],
        "author": "Atlas Forge",
        "created": first.made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0),
    })  # fmt: skip
    names = _Names()
    names.taken(CONTENTS)
    pages = [(document, _pages(document, names, book)) for document in documents]
    drawer = Drawer(book)
    for document, page in [(first, _contents(pages)), *((d, p) for d, ps in pages for p in ps)]:
        sheet = book.add_worksheet(page.name)
        _set_up(sheet, page, document, drawer.draw(sheet, page))
    book.close()
    return target.getvalue()


class _Names:
    """Sheet names that Excel takes, no two alike."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def taken(self, wanted: str) -> str:
        """The name, shortened between words and numbered where it has to be."""
        clean = " ".join(_NOT_IN_NAMES.sub(" ", visible(wanted)).split())
        if clean.casefold() in _RESERVED:
            clean = f"Sheet {clean}".strip()
        number = 1
        while True:
            after = f" ({number})" if number > 1 else ""
            name = _shortened(clean, _LONGEST_NAME - len(after)) + after
            if name.casefold() not in self._used:
                self._used.add(name.casefold())
                return name
            number += 1


def _shortened(text: str, letters: int) -> str:
    """Excel counts letters outside the basic plane twice."""
    kept, used = "", 0
    for letter in text:
        used += 2 if ord(letter) > 0xFFFF else 1
        if used > letters:
            head, _, _ = kept.rpartition(" ")
            return (head if len(head) > letters // 2 else kept).rstrip()
        kept += letter
    return kept


def _pages(document: Document, names: _Names, book: Any) -> list[Page]:
    """A document's sheet, and those of its large tables."""
    number = document.key.partition("-")[0]
    page = Page(names.taken(f"{number} {document.title}"))
    others: list[Page] = []
    _head(page, document, document.title)
    page.heads = (page.row, page.row)
    for block in document.summary:
        write_block(page, block, document.style, book)
    for section in document.sections:
        page.line(section.heading, "heading" if section.level == 1 else "heading-2")
        for block in section.blocks:
            if not _large(block, document):
                write_block(page, block, document.style, book)
                continue
            title = block.title or section.heading
            other = Page(names.taken(f"{number} {section.heading}"))
            _own_sheet(other, block, title, document, book)
            others.append(other)
            page.line(f"{title}: sheet “{other.name}”", "link", _place(other.name))
        page.gap()
    return [page, *others]


def _large(block: Block, document: Document) -> TypeGuard[Grid | LineChart | StackedBars]:
    """Whether a table, or the one under a chart, would stretch or bury what stands beside it."""
    match block:
        case Grid():
            grid = block
        case LineChart() | StackedBars():
            grid = tables_of(block, document.style)[0]
        case _:
            return False
    return len(grid.rows) > _MANY_ROWS or len(grid.columns) > _MANY_COLUMNS


def _own_sheet(
    page: Page, block: Grid | LineChart | StackedBars, title: str, document: Document, book: Any
) -> None:  # fmt: skip
    _head(page, document, title)
    if not isinstance(block, Grid):
        page.heads = (page.row, page.row)
        write_block(page, replace(block, title=""), document.style, book)
        return
    page.line(block.caption, "small")
    head = write_grid(page, replace(block, title="", caption=""), document.style)
    page.heads = (head, head + 1)


def _head(page: Page, document: Document, title: str) -> None:
    """Project, title, run and date, and the way back to the contents."""
    page.line(document.project, "kicker")
    page.line(title, "title")
    if title == document.title:
        page.line(document.subtitle, "subtitle")
    page.line(_origin(document), "small")
    page.line("Contents", "link", _place(CONTENTS))


def _origin(document: Document) -> str:
    return f"Run {document.run_id}, made {date_text(document.made_at.date(), document.style)}"


def _contents(pages: Sequence[tuple[Document, Sequence[Page]]]) -> Page:
    """What is on which sheet, with links."""
    first = pages[0][0]
    page = Page(CONTENTS)
    page.line(first.project, "kicker")
    page.line(first.title if len(pages) == 1 else "Execution pack", "title")
    page.line(first.subtitle, "subtitle")
    page.line(_origin(first), "small")
    page.gap()
    for place, head in enumerate(("Document", "Sheet")):
        page.put(place, Put(head, head, Look("head")))
    page.row += 1
    for document, sheets in pages:
        for number, sheet in enumerate(sheets):
            title = document.title if number == 0 else ""
            page.put(0, Put(title, title, Look("cell")))
            page.put(1, Put(sheet.name, sheet.name, Look("link"), READING, _place(sheet.name)))
            page.row += 1
    return page


def _place(sheet: str) -> str:
    return f"'{sheet}'!A1"


def _set_up(sheet: Any, page: Page, document: Document, width: float) -> None:
    """Frozen head, and how the sheet is printed: as wide as can be read, then on further pages."""
    if page.heads is not None:
        first, below = page.heads
        sheet.freeze_panes(below, 2 if below > first else 0)
        if below > first:
            sheet.repeat_rows(first, below - 1)
            sheet.repeat_columns(0, 1)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.5, right=0.5, top=0.7, bottom=0.6)
    sheet.fit_to_pages(max(1, round(width / _PAGE_WIDTH)), 0)
    project, run = _in_header(document.project), _in_header(document.run_id)
    sheet.set_header(f"&L&8 {project}&R&8&A")
    sheet.set_footer(f"&L&8 Run {run}&R&8&P / &N")


def _in_header(text: str) -> str:
    """Text of a page's header, in which & begins a code."""
    return spreadsheet_cell(visible(text)[:_LONGEST_HEADER]).replace("&", "&&")
