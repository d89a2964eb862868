"""An explanation as plain frozen values: sections of steps and tables.

A step is a formula with its numbers, a result and where it comes from; renderers draw this and
compute nothing. Units are those of the column dictionary (`project currency`, `x`, `%`, …),
`decimal` for rates as fractions, and "" for names and plain numbers. None is a figure that a
structure does not have; `note` says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Value = str | int | float | bool | None
Verdict = Literal["pass", "fail", "warn", "off"]
Side = Literal[">=", "<=", "="]

MONEY = "project currency"
MONEY_A_MONTH = "project currency/month"
MONEY_A_YEAR = "project currency/year"


@dataclass(frozen=True)
class Given:
    """A number of a formula: its symbol there, what it is, and where it was set or computed.

    `origin` is a catalogue name, a rule key, a step id, or "" for what the text says itself.
    """

    symbol: str
    label: str
    value: Value
    unit: str = ""
    origin: str = ""


@dataclass(frozen=True)
class Bound:
    """A test: `actual` against `limit`; `headroom` is by how much it passes, negative if it fails.

    `reason` is what the gates record where it fails, "" for a test of no gate; `action` what the
    rulebook does then. `binds` marks the first failing reason of the structure.
    """

    rule: str
    side: Side
    actual: float | None
    limit: float | None
    headroom: float | None
    verdict: Verdict
    reason: str = ""
    action: str = ""
    binds: bool = False


@dataclass(frozen=True)
class Step:
    """One calculation. `formula` reads `symbol = expression` in the symbols of `inputs`.

    `closed`: the expression gives the result from the numbers shown; otherwise it runs over months
    that only a table shows. `column` names the stored column that holds the result.
    """

    id: str
    title: str
    formula: str
    inputs: tuple[Given, ...]
    result: Value
    unit: str
    source: str
    rule: str = ""
    column: str = ""
    note: str = ""
    closed: bool = True
    bound: Bound | None = None


@dataclass(frozen=True)
class TableColumn:
    """A column of a table."""

    name: str
    title: str
    unit: str


@dataclass(frozen=True)
class Table:
    """Rows over months, years, ratings or scenarios; each row has one value a column."""

    id: str
    title: str
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[Value, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """What belongs together, under a name the command line knows."""

    name: str
    title: str
    steps: tuple[Step, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Setting:
    """A lever's value in this structure."""

    name: str
    value: Value


@dataclass(frozen=True)
class Comparison:
    """The row that the run stored, beside the one computed now: `differing` names columns."""

    file: str
    equal: bool
    differing: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """A structure explained. `facts` say which structure this is and how it ended.

    `stored` is None where there is no stored row; `notes` say why.
    """

    title: str
    currency: str
    facts: tuple[Setting, ...]
    settings: tuple[Setting, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
    stored: Comparison | None = None

    def steps(self) -> Iterator[Step]:
        """All steps, in order."""
        for section in self.sections:
            yield from section.steps
