"""Labelled values of a report and the units they are shown in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.columns import BY_NAME, MERGE_COLUMNS

Unit = Literal[
    "text", "flag", "count", "money", "percent", "times", "years", "score", "seconds", "megawatts"
]  # fmt: skip
Value = str | int | float | bool | None

_UNITS: dict[str, Unit] = {
    "%": "percent",
    "x": "times",
    "years": "years",
    "months": "count",
    "month": "count",
    "MW": "megawatts",
    "": "text",
    "ratio": "percent",
    "0-100": "score",
    "points": "score",
    "project currency": "money",
    "project currency/year": "money",
}


@dataclass(frozen=True)
class Fact:
    """A labelled value; a null one carries its status."""

    label: str
    value: Value
    unit: Unit = "text"
    status: str | None = None


def unit_of(name: str) -> Unit:
    """Unit a column is shown in; coverage of capital is stored as a ratio and shown in percent."""
    if name in ("rank", "permutation_id"):
        return "count"
    column = BY_NAME[name]
    return "flag" if column.kind == "flag" else _UNITS[column.unit]


def shown(name: str, value: Value) -> Value:
    """A column's value in the unit it is shown in."""
    ratio = name in BY_NAME and BY_NAME[name].unit == "ratio"
    return 100.0 * value if ratio and isinstance(value, (int, float)) else value


def facts_of(row: Mapping[str, Any], names: Sequence[tuple[str, str]]) -> tuple[Fact, ...]:
    """Columns of a ranked row as facts, `names` being (column, label)."""
    return tuple(
        Fact(label, shown(name, row.get(name)), unit_of(name), row.get(f"{name}_status"))
        for name, label in names
    )


def levers_of(row: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Lever columns of a ranked row: whatever is neither a figure, its status nor the key."""
    known = {*MERGE_COLUMNS, "permutation_id", *BY_NAME}
    known |= {f"{name}_status" for name in known}
    return tuple(
        Fact(name, value, "flag" if isinstance(value, bool) else "text")
        for name, value in row.items()
        if name not in known
    )
