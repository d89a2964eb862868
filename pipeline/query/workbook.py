"""Exported rows as an Excel workbook: the rows, what the columns mean, and where they are from.

Text goes into cells as text and never as a formula or a link (pipeline.escape); rows are written
to disk as they come.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

import pyarrow as pa
import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from pipeline.escape import spreadsheet_cell
from pipeline.inputs.leaves import walked
from pipeline.query.fields import Field
from pipeline.query.sinks import About

SHEETS: Final = ("structures", "dictionary", "provenance")
_LONGEST_TEXT: Final = 32_767  # Excel's limit for a cell
_NUMBER_FORMATS: Final = {"%": "0.00", "x": "0.000", "years": "0.0", "ratio": "0.0000"}
_MONEY: Final = "project currency"
_OPTIONS: Final = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


class ExcelSink:
    """A workbook of three sheets; the file is there when the `with` block ends well."""

    rows_at_once = 2_000

    def __init__(self, path: Path, about: About) -> None:
        self._about = about
        # Its scratch files lie beside the target, which has the room, and go whatever happens.
        self._scratch = TemporaryDirectory(prefix=".export.", dir=path.parent)
        self._book = xlsxwriter.Workbook(path, {**_OPTIONS, "tmpdir": self._scratch.name})
        made = datetime.fromisoformat(about.provenance["created_at"]).replace(tzinfo=None)
        self._book.set_properties({"created": made, "title": about.provenance["run_id"]})
        self._bold = self._book.add_format({"bold": True})
        self._rows, self._dictionary, self._origin = map(self._book.add_worksheet, SHEETS)
        self._written = 0
        self._head(self._rows, [field.name for field in about.fields])
        self._formats = [self._format(field) for field in about.fields]

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
            self._written += 1
            for place, (value, form) in enumerate(zip(row, self._formats, strict=True)):
                _put(self._rows, self._written, place, value, form)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        with self._scratch:
            if kind is None:
                self._finish()
            else:
                # Closing lets go of its files; what it makes of them is thrown away.
                with suppress(XlsxWriterException, OSError):
                    self._book.close()

    def _finish(self) -> None:
        self._rows.autofilter(0, 0, self._written, max(0, len(self._about.fields) - 1))
        self._fill_dictionary()
        self._fill_origin()
        try:
            self._book.close()
        except XlsxWriterException as error:
            raise OSError(f"the workbook could not be written: {error}") from error

    def _head(self, sheet: Any, names: list[str]) -> None:
        sheet.freeze_panes(1, 0)
        for place, name in enumerate(names):
            sheet.set_column(place, place, min(60, max(10, len(name) + 2)))
            sheet.write_string(0, place, spreadsheet_cell(name), self._bold)

    def _format(self, field: Field) -> Any:
        money = field.unit.startswith(_MONEY)
        pattern = "#,##0" if money else _NUMBER_FORMATS.get(field.unit, "General")
        return self._book.add_format({"num_format": pattern})

    def _fill_dictionary(self) -> None:
        lines = self._about.dictionary()
        self._head(self._dictionary, list(lines[0]))
        for number, line in enumerate(lines, 1):
            for place, value in enumerate(line.values()):
                _put(self._dictionary, number, place, value)

    def _fill_origin(self) -> None:
        self._head(self._origin, ["what", "value"])
        told = [("rows", self._written), *walked(self._about.provenance)]
        for number, (name, value) in enumerate(told, 1):
            _put(self._origin, number, 0, name)
            _put(self._origin, number, 1, value)


def _put(sheet: Any, row: int, place: int, value: Any, form: Any = None) -> None:
    """One cell; undefined leaves it empty."""
    match value:
        case None:
            return
        case bool():
            sheet.write_boolean(row, place, value, form)
        case int() | float():
            sheet.write_number(row, place, value, form)
        case _:
            text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
            sheet.write_string(row, place, spreadsheet_cell(text)[:_LONGEST_TEXT], form)
