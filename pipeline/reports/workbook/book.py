"""A workbook as plain values: sheets of cells, each with its content, look and, if live, formula.

Sheets are filled from top to bottom. A cell is computed when it is put down, so a formula may only
name what stands before it; the columns of a table are computed row by row, each from those before
it and from the rows above. The writer draws this and computes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from pipeline.reports.workbook.expression import Node, Operand, Place, Reader, Scalar, Value, node

Kind = Literal[
    "title", "lead", "group", "head", "label", "text", "note", "input", "formula",
    "recorded", "fact", "check", "unit",
]  # fmt: skip
Content = Scalar | None
FACTOR: Final = "factor"  # unit of a plain number with decimals, in a cell's format only

# Form sheets: label, value, unit, name, what it is and where it comes from.
LABEL, VALUE, UNIT, NAME, SOURCE = range(5)
_FORM_HEADS: Final = ("Item", "Value", "Unit", "Name", "How it comes about, or where from")
_FORM_WIDTHS: Final = (64.0, 20.0, 22.0, 30.0, 84.0)


@dataclass(frozen=True)
class Cell:
    """Content is what is shown; `formula` is what a spreadsheet recomputes it by, "" if nothing."""

    content: Content
    kind: Kind
    unit: str = ""
    formula: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Meaning:
    """An entry of the data dictionary."""

    sheet: str
    column: str
    title: str
    unit: str
    kind: Kind
    text: str


@dataclass
class Sheet:
    """A sheet that is being filled; `cells` by (row, column), both from 0."""

    name: str
    title: str
    colour: str
    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)
    widths: dict[int, float] = field(default_factory=dict)
    frozen: tuple[int, int] = (0, 0)
    repeated: tuple[int, int] | None = None
    landscape: bool = True
    wrapped: set[int] = field(default_factory=set)

    def put(self, row: int, column: int, content: Content, kind: Kind, unit: str = "") -> None:
        """Plain content."""
        self.cells[row, column] = Cell(content, kind, unit)


def letters(column: int) -> str:
    """A, B … Z, AA of a column from 0."""
    name = ""
    column += 1
    while column:
        column, place = divmod(column - 1, 26)
        name = chr(65 + place) + name
    return name


class Named(Node):
    """A cell with a name of its own; its value is settled when it is put down."""

    def __init__(self, name: str, sheet: Sheet, row: int, column: int, value: Scalar) -> None:
        self.name, self.sheet, self.row, self.column, self.value = name, sheet, row, column, value

    def text(self, at: int, home: Place) -> str:
        return self.name

    def reader(self) -> Reader:
        value = self.value
        return lambda at: value


@dataclass
class Book:
    """Sheets in order, names of cells, and what every column means."""

    sheets: list[Sheet] = field(default_factory=list)
    names: dict[str, Named] = field(default_factory=dict)
    meanings: list[Meaning] = field(default_factory=list)

    def sheet(self, name: str, title: str, colour: str) -> Sheet:
        """A new sheet at the end."""
        sheet = Sheet(name, title, colour)
        sheet.put(0, 0, title, "title")
        self.sheets.append(sheet)
        return sheet

    def named(self, name: str, sheet: Sheet, row: int, column: int, value: Scalar) -> Named:
        """Give a cell its name. Raises ValueError where the name is taken."""
        if name in self.names:
            raise ValueError(f"{name} stands twice")
        self.names[name] = Named(name, sheet, row, column, value)
        return self.names[name]

    def __getitem__(self, name: str) -> Named:
        return self.names[name]


class Form:
    """Fills a sheet with labelled, named cells, one below another."""

    def __init__(self, book: Book, sheet: Sheet, lead: str, row: int = 1) -> None:
        self.book, self.sheet, self.row = book, sheet, row
        sheet.put(row, 0, lead, "lead")
        self.row += 2
        for column, (head, width) in enumerate(zip(_FORM_HEADS, _FORM_WIDTHS, strict=True)):
            sheet.widths[column] = width
            sheet.put(self.row, column, head, "head")
            book.meanings.append(Meaning(sheet.name, letters(column), head, "", "text",
                                         _FORM_MEANINGS[column]))  # fmt: skip
        sheet.frozen = (self.row + 1, 1)
        sheet.repeated = (self.row, self.row)
        sheet.wrapped.add(SOURCE)
        self.row += 1

    def heading(self, text: str) -> None:
        """A heading over what follows."""
        self.row += 1
        for column in range(len(_FORM_HEADS)):
            self.sheet.put(self.row, column, text if column == 0 else None, "group")
        self.row += 1

    def value(
        self, name: str, label: str, value: Scalar, unit: str, source: str, kind: Kind = "input",
        choices: tuple[str, ...] = (),
    ) -> Named:  # fmt: skip
        """A plain value under a name."""
        return self._put(name, label, Cell(value, kind, unit, choices=choices), source)

    def formula(
        self,
        name: str,
        label: str,
        formula: Operand,
        unit: str,
        source: str,
    ) -> Named:
        """A formula under a name, computed now."""
        tree = node(formula)
        content = scalar(tree.reader()(0))
        return self._put(
            name, label, Cell(content, "formula", unit, tree.text(0, self.sheet)), source
        )  # fmt: skip

    def _put(self, name: str, label: str, cell: Cell, source: str) -> Named:
        row, sheet = self.row, self.sheet
        sheet.put(row, LABEL, label, "label")
        sheet.cells[row, VALUE] = cell
        sheet.put(row, UNIT, cell.unit, "unit")
        sheet.put(row, NAME, name, "note")
        sheet.put(row, SOURCE, source, "note")
        self.row += 1
        if cell.content is None:
            raise ValueError(f"{name} has no value")
        return self.book.named(name, sheet, row, VALUE, cell.content)


_FORM_MEANINGS: Final = (
    "what the line is",
    "blue: an input to change; black: a formula; grey: recorded by the engine",
    "unit of the value",
    "the cell's name, by which formulas call it",
    "the rule of the calculation, or the file the value comes from",
)


def scalar(value: Value) -> Scalar:
    """A single value, numbers of NumPy as plain ones."""
    if isinstance(value, list):
        raise TypeError("a range is no value of a cell")
    return value


class Column(Node):
    """A column of a table; as a formula it is the cell of the same row."""

    def __init__(self, table: Table, spec: Spec, place: int) -> None:
        self.table, self.spec, self.place = table, spec, place
        self.values: list[Scalar] = []

    def text(self, at: int, home: Place) -> str:
        return self.cell(at, home)

    def cell(self, at: int, home: Place, fixed: str = "") -> str:
        """Address of row `at`."""
        sheet = self.table.sheet
        prefix = "" if sheet is home else f"{sheet.name}!"
        return f"{prefix}{fixed}{letters(self.place)}{fixed}{self.table.first_row + at + 1}"

    def reader(self) -> Reader:
        values = self.values
        return lambda at: values[at]

    def shifted(self, by: int) -> Node:
        """The cell `by` rows above; the caller sees to it that there is one."""
        return Shifted(self, by)

    @property
    def before(self) -> Node:
        """The cell above."""
        return Shifted(self, 1)

    def fixed(self, at: int) -> Node:
        """The cell of one row, from wherever it is called."""
        return Fixed(self, at)

    @property
    def all(self) -> Node:
        """The column as a range, an opening row left out."""
        return Range(self)


class Shifted(Node):
    """A cell of a column some rows above."""

    def __init__(self, column: Column, by: int) -> None:
        self.column, self.by = column, by

    def text(self, at: int, home: Place) -> str:
        return self.column.cell(at - self.by, home)

    def reader(self) -> Reader:
        values, by = self.column.values, self.by
        return lambda at: values[at - by]


class Fixed(Node):
    """One cell of a column."""

    def __init__(self, column: Column, row: int) -> None:
        self.column, self.row = column, row

    def text(self, at: int, home: Place) -> str:
        return self.column.cell(self.row, home, "$")

    def reader(self) -> Reader:
        values, row = self.column.values, self.row
        return lambda at: values[row]


class Range(Node):
    """A whole column."""

    def __init__(self, column: Column) -> None:
        self.column = column

    def text(self, at: int, home: Place) -> str:
        table = self.column.table
        first = self.column.cell(1 if table.opens else 0, home, "$")
        last = self.column.cell(table.rows - 1, table.sheet, "$")
        return f"{first}:{last}"

    def reader(self) -> Reader:
        column = self.column

        def read(at: int) -> Value:
            return column.values[1:] if column.table.opens else list(column.values)

        return read


@dataclass(frozen=True)
class Spec:
    """A column: `make` gives its formula, or `recorded` its values; `opening` its first row's.

    `source` says in the dictionary where it is computed. `lead` rows at the top hold `early`
    instead, where a formula that looks further up has nothing to look at.
    """

    key: str
    title: str
    unit: str
    meaning: str
    make: Callable[[Table], Operand] | None = None
    recorded: Sequence[Content] = ()
    opening: Operand | None = None
    kind: Kind = "formula"
    group: str = ""
    lead: int = 0
    early: Operand = 0
    width: float = 14.0


class Table:
    """Columns over months, years or ratings; with `opens`, row 0 is as things stand at the start.

    Columns are added in batches. Those of a batch may name one another's rows above, and columns
    of the same batch that stand before them.
    """

    def __init__(
        self, book: Book, sheet: Sheet, rows: int, *, top: int, opens: bool = False
    ) -> None:  # fmt: skip
        self.book, self.sheet, self.opens = book, sheet, opens
        self.rows = rows + 1 if opens else rows
        self.top = top  # the row of groups; heads and units follow
        self.first_row = top + 3
        self.columns: dict[str, Column] = {}
        self.groups: list[str] = []
        sheet.frozen = (self.first_row, 2)
        sheet.repeated = (top, top + 2)

    def __getitem__(self, key: str) -> Column:
        return self.columns[key]

    def add(self, specs: Sequence[Spec]) -> None:
        """Add columns at the right and compute them row by row."""
        batch = []
        for spec in specs:
            if spec.key in self.columns:
                raise ValueError(f"column {spec.key} stands twice")
            column = Column(self, spec, len(self.columns))
            self.columns[spec.key] = column
            batch.append(column)
        trees = [self._tree(column) for column in batch]
        readers = [None if tree is None else tree.reader() for tree in trees]
        openings = [
            None if each.spec.opening is None else node(each.spec.opening) for each in batch
        ]
        early = [node(each.spec.early) for each in batch]
        for at in range(self.rows):
            for place, column in enumerate(batch):
                self._fill(column, at, trees[place], readers[place], openings[place], early[place])
        for column in batch:
            self._settle_unit(column)
            self._head(column)

    def _settle_unit(self, column: Column) -> None:
        """Numbers without a unit are shown alike all down a column."""
        numbers = [value for value in column.values if isinstance(value, (int, float))]
        if column.spec.unit or all(float(number).is_integer() for number in numbers):
            return
        for at in range(self.rows):
            place = (self.first_row + at, column.place)
            self.sheet.cells[place] = replace(self.sheet.cells[place], unit=FACTOR)

    def _tree(self, column: Column) -> Node | None:
        return None if column.spec.make is None else node(column.spec.make(self))

    def _fill(
        self, column: Column, at: int, tree: Node | None, reader: Reader | None,
        opening: Node | None, early: Node,
    ) -> None:  # fmt: skip
        spec, sheet = column.spec, self.sheet
        if self.opens and at == 0:
            tree = opening
            reader = None if opening is None else opening.reader()
        elif at < spec.lead + (1 if self.opens else 0):
            tree, reader = early, early.reader()
        place = (self.first_row + at, column.place)
        if tree is not None and reader is not None:
            content = scalar(reader(at))
            column.values.append(content)
            sheet.cells[place] = Cell(content, spec.kind, spec.unit, tree.text(at, sheet))
            return
        told = None
        if spec.recorded and not (self.opens and at == 0):
            told = spec.recorded[at - 1 if self.opens else at]
        column.values.append("" if told is None else told)
        sheet.cells[place] = Cell(told, spec.kind, spec.unit)

    def _head(self, column: Column) -> None:
        spec, sheet, place = column.spec, self.sheet, column.place
        self.groups.append(spec.group)
        goes_on = self.groups[-2:] == [spec.group] * 2
        sheet.put(self.top, place, None if goes_on else spec.group, "group")
        sheet.put(self.top + 1, place, spec.title, "head")
        sheet.put(self.top + 2, place, spec.unit, "unit")
        sheet.widths[place] = spec.width
        self.book.meanings.append(
            Meaning(sheet.name, letters(place), spec.title, spec.unit, spec.kind, spec.meaning)
        )
