"""Draws a book as an Excel file, by XlsxWriter. Equal books give equal bytes.

Text is always written as text: nothing that a file or a person brought in becomes a formula, a
link or a number. Formulas carry the values they have, for readers that do not recompute.
"""

from __future__ import annotations

import io
import math
from typing import Any, Final

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from pipeline.escape import visible
from pipeline.reports.workbook.book import FACTOR, Book, Cell, Sheet, letters
from pipeline.reports.workbook.subject import Subject

_NAVY, _LINE, _GREY, _PALE = "#0B2341", "#C9D3E0", "#5C6B7D", "#E9EEF5"
_FONT: Final = "Calibri"
_FORMATS: Final = {
    "money": "#,##0.00;[Red]-#,##0.00", "%": '0.0000" %"', "x": '0.0000"x"', "years": '0.00" y"',
    "months": "0", "month": "0", "year": "0", "quarter": "0", "bps": '0.##" bps"',
    "decimal": "0.00000000", "ratio": "0.0000%", "MW": "#,##0.00", "MWh": "#,##0.00",
    "days": "0", FACTOR: "0.000000", "gap": "0.00E+00",
}  # fmt: skip
_KINDS: Final[dict[str, dict[str, Any]]] = {
    "title": {"bold": True, "font_size": 16, "font_color": _NAVY},
    "lead": {"font_size": 10, "font_color": _GREY},
    "group": {"bold": True, "font_color": _NAVY, "bg_color": _PALE, "bottom": 1,
              "bottom_color": _LINE},
    "head": {"bold": True, "font_color": "#FFFFFF", "bg_color": _NAVY, "text_wrap": True,
             "align": "center"},
    "unit": {"font_color": _GREY, "italic": True, "font_size": 9, "indent": 1},
    "label": {},
    "text": {},
    "note": {"font_color": _GREY, "font_size": 9, "indent": 1},
    "input": {"font_color": "#0000FF", "bg_color": "#FFFBE6"},
    "formula": {"font_color": "#000000"},
    "recorded": {"font_color": "#6B7480"},
    "fact": {"font_color": "#6B7480"},
    "check": {"bold": True, "align": "center"},
}  # fmt: skip
_NUMERIC: Final = frozenset(("input", "formula", "recorded", "fact", "label", "check"))
_GOOD: Final = ("OK", "ALL CHECKS PASS")
_BAD: Final = ("FAIL", "CHANGED", "INVALID")
_WIDTH: Final = 9.0  # of a column that has none of its own
_BROAD: Final = 1.12  # a line breaks between words, before it is full
_A4: Final = 9
_A_PAGE_HOLDS: Final = 230.0  # characters across, still to be read


class _Page(Worksheet):  # type: ignore[misc]
    """A worksheet that takes formulas as they are.

    XlsxWriter looks each one through for some thirty functions of newer spreadsheets, which is two
    thirds of its time here; the model calls none of them.
    """

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        return formula.removeprefix("=")


class _Formats:
    """Formats of the file, each made once."""

    def __init__(self, workbook: Any) -> None:
        self.workbook = workbook
        self.made: dict[tuple[str, str, bool, bool], Any] = {}

    def of(self, cell: Cell, wrapped: bool) -> Any:
        number = isinstance(cell.content, (int, float)) and cell.kind in _NUMERIC
        key = (cell.kind, cell.unit if number else "", wrapped, number)
        if key not in self.made:
            settings = {
                "font_name": _FONT,
                "font_size": 10,
                "valign": "vcenter",
                **_KINDS[cell.kind],
            }
            if wrapped:
                settings["text_wrap"] = True
            if number:
                settings["num_format"] = _number_format(cell)
            elif cell.kind in ("input", "formula", "recorded", "fact"):
                settings["align"] = "right" if not wrapped else "left"
            self.made[key] = self.workbook.add_format(settings)
        return self.made[key]


def _number_format(cell: Cell) -> str:
    unit = cell.unit.split("/")[0]
    if unit in ("money", "local currency", "project currency"):
        return _FORMATS["money"]
    if cell.unit in _FORMATS:
        return _FORMATS[cell.unit]
    whole = isinstance(cell.content, int) or float(cell.content or 0).is_integer()
    return "General" if whole else "0.000000"


def written(book: Book, subject: Subject) -> bytes:
    """The file's bytes."""
    target = io.BytesIO()
    workbook = xlsxwriter.Workbook(
        target,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    workbook.set_properties(
        {
            "title": visible(f"Model of permutation {subject.permutation_id}"),
            "subject": visible(str(subject.manifest["project"]["title"])),
            "author": "Atlas Forge",
            "created": subject.made_at.replace(tzinfo=None),
        }
    )
    workbook.set_calc_mode("auto")
    formats = _Formats(workbook)
    held = workbook.add_format({"font_color": "#1B6B3A", "bg_color": "#DDF3E4"})
    failed = workbook.add_format({"font_color": "#A32020", "bg_color": "#FBE3E3"})
    for sheet in book.sheets:
        _draw(workbook.add_worksheet(sheet.name, _Page), sheet, formats, subject, (held, failed))
    for name, cell in book.names.items():
        where = f"'{cell.sheet.name}'!${letters(cell.column)}${cell.row + 1}"
        workbook.define_name(name, f"={where}")
    workbook.close()
    return target.getvalue()


def _draw(
    page: Any, sheet: Sheet, formats: _Formats, subject: Subject, verdicts: tuple[Any, Any]
) -> None:
    page.hide_gridlines(2)
    page.set_tab_color(sheet.colour)
    for column, width in sheet.widths.items():
        page.set_column(column, column, width)
    for (row, column), cell in sheet.cells.items():
        _put(page, row, column, cell, formats.of(cell, column in sheet.wrapped))
    _colour_checks(page, sheet, *verdicts)
    _set_heights(page, sheet)
    if sheet.frozen != (0, 0):
        page.freeze_panes(*sheet.frozen)
    if sheet.landscape:
        page.set_landscape()
    page.set_paper(_A4)
    page.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    wide = sum(sheet.widths.values())
    page.fit_to_pages(max(1, math.ceil(wide / _A_PAGE_HOLDS)), 0)
    if wide > _A_PAGE_HOLDS:
        page.repeat_columns(0, 1)
    if sheet.repeated is not None:
        page.repeat_rows(*sheet.repeated)
    page.set_header("&L&9Atlas Forge&R&9&A")
    run = visible(str(subject.manifest["run_id"])).replace("&", "&&")
    page.set_footer(f"&L&8{run}, permutation {subject.permutation_id}&R&8&P / &N")


def _put(page: Any, row: int, column: int, cell: Cell, look: Any) -> None:
    content = cell.content
    if cell.formula:
        page.write_formula(row, column, f"={cell.formula}", look, content)
    elif content is None:
        page.write_blank(row, column, None, look)
    elif isinstance(content, bool):
        page.write_boolean(row, column, content, look)
    elif isinstance(content, (int, float)):
        page.write_number(row, column, content, look)
    else:
        page.write_string(row, column, visible(content), look)
    if cell.choices and cell.kind == "input":
        page.data_validation(row, column, row, column,
                             {"validate": "list", "source": list(cell.choices)})  # fmt: skip


def _colour_checks(page: Any, sheet: Sheet, held: Any, failed: Any) -> None:
    """Green where a check holds, red where it says that something fails or was changed."""
    columns: dict[int, list[int]] = {}
    for (row, column), cell in sheet.cells.items():
        if cell.kind == "check":
            columns.setdefault(column, []).append(row)
    for column, rows in columns.items():
        for words, look in ((_GOOD, held), (_BAD, failed)):
            for word in words:
                page.conditional_format(
                    min(rows), column, max(rows), column,
                    {"type": "text", "criteria": "containing", "value": word, "format": look},
                )  # fmt: skip


def _set_heights(page: Any, sheet: Sheet) -> None:
    """Rows high enough for a title, a head of several lines, or a text that wraps."""
    lines: dict[int, int] = {}
    for (row, column), cell in sheet.cells.items():
        if isinstance(cell.content, str) and (column in sheet.wrapped or cell.kind == "head"):
            width = sheet.widths.get(column, _WIDTH)
            needed = math.ceil(len(cell.content) * _BROAD / width)
            lines[row] = max(lines.get(row, 1), needed)
    page.set_row(0, 26)
    for row, count in sorted(lines.items()):
        if count > 1 and row > 0:
            page.set_row(row, 13.5 * count)
