"""An Excel file recomputed by the `formulas` library, cell by cell, from nothing but its text.

The library compiles a formula in milliseconds, and a model has tens of thousands that differ in
their row alone. So each is put as a template whose references are variables, templates are compiled
once, and cells are computed in the order in which they need one another. Values that the file keeps
beside its formulas are never looked at.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import Any, ClassVar

import numpy as np
import openpyxl
from openpyxl.utils import range_boundaries

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import formulas

_TOKEN = re.compile(
    r'("(?:[^"]|"")*")'  # a text
    r"|((?:[A-Za-z_]\w*!)?\$?[A-Z]{1,3}\$?\d+(?::\$?[A-Z]{1,3}\$?\d+)?(?![\w(]))"  # cells
    r"|([A-Za-z_]\w*)(?![\w(!])"  # a name
)
Address = tuple[str, int, int]


class Spreadsheet:
    """A file's sheets; `put` changes an input, `value` recomputes a cell."""

    _compiled: ClassVar[dict[str, Any]] = {}  # by template, for every file
    _parser = formulas.Parser()

    def __init__(self, data: bytes) -> None:
        book = openpyxl.load_workbook(io.BytesIO(data))
        self.cells: dict[Address, Any] = {
            (sheet.title, cell.row, cell.column): cell.value
            for sheet in book
            for row in sheet.iter_rows()
            for cell in row
            if cell.value is not None
        }
        self.names = {
            name: self._address(defined.attr_text.replace("'", ""), "")
            for name, defined in book.defined_names.items()
        }
        self.found: dict[Address, Any] = {}
        self._parsed: dict[Address, tuple[str, list[Any]]] = {}

    def put(self, name: str, value: object) -> None:
        """Change a named cell; everything is computed anew."""
        self.cells[self.names[name]] = value
        self.found.clear()

    def named(self, name: str) -> Any:
        """A named cell's value."""
        return self.value(self.names[name])

    def formulas(self) -> list[Address]:
        """Cells that hold a formula."""
        return [place for place, content in self.cells.items() if _is_formula(content)]

    def value(self, place: Address) -> Any:
        """A cell's value, computed with all that it needs."""
        waiting = [place]
        while waiting:
            here = waiting[-1]
            content = self.cells.get(here)
            if here in self.found or not _is_formula(content):
                self.found.setdefault(here, content)
                waiting.pop()
                continue
            template, references = self._template(here, content)
            missing = [
                each
                for cells in references
                for each in (cells if isinstance(cells, list) else [cells])
                if each not in self.found
            ]
            if missing:
                waiting.extend(missing)
                continue
            self.found[here] = self._computed(template, references)
            waiting.pop()
        return self.found[place]

    def _computed(self, template: str, references: list[Any]) -> Any:
        if template not in self._compiled:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._compiled[template] = self._parser.ast(template)[1].compile()
        function = self._compiled[template]
        given = [self._given(references[int(name[3:])]) for name in function.inputs]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _plain(function(*given))

    def _given(self, cells: Any) -> Any:
        if isinstance(cells, list):
            column = np.empty((len(cells), 1), dtype=object)
            column[:, 0] = [self.found[each] for each in cells]
            return column
        value = self.found[cells]
        return 0 if value is None else value

    def _template(self, here: Address, content: str) -> tuple[str, list[Any]]:
        """The formula with variables in place of its references, and the cells they stand for."""
        if here in self._parsed:
            return self._parsed[here]
        places: dict[str, int] = {}

        def swapped(match: re.Match[str]) -> str:
            text, cells, name = match.groups()
            if text is not None or (name is not None and name not in self.names):
                return match[0]
            token = cells or name
            return f"IN_{places.setdefault(token, len(places))}"

        template = _TOKEN.sub(swapped, content)
        references = [
            self.names[token] if token in self.names else self._address(token, here[0])
            for token in places
        ]
        self._parsed[here] = (template, references)
        return self._parsed[here]

    def _address(self, token: str, home: str) -> Any:
        sheet, _, cells = token.rpartition("!")
        left, top, right, bottom = range_boundaries(cells.replace("$", ""))
        sheet = sheet or home
        if ":" not in cells:
            return (sheet, top, left)
        return [(sheet, row, column) for row in range(top, bottom + 1)
                for column in range(left, right + 1)]  # fmt: skip


def _is_formula(content: object) -> bool:
    return isinstance(content, str) and content.startswith("=")


def _plain(value: Any) -> Any:
    """A result of the library as a plain number, text or truth value."""
    while isinstance(value, np.ndarray):
        value = value.ravel()[0]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, float, np.number)):
        return float(value)
    return str(value)
