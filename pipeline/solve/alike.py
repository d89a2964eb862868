"""Near misses that need the same changes, as one row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pipeline.solve.changes import NEAR_MISS_CHANGES

_TELLING: Final = ("base", "value")


def take_in(kept: dict[tuple[Any, ...], dict[str, Any]], rows: Iterable[Mapping[str, Any]]) -> None:
    """Take rows of `near_miss_table.SCHEMA` into `kept`, the first of each kind.

    Rows that need the same changes are one, with how many are `alike`: overlays seldom change what
    funds a structure, and would fill a page with the same line.
    """
    for row in rows:
        values = (row[f"{each.name}_{part}"] for each in NEAR_MISS_CHANGES for part in _TELLING)
        first = kept.setdefault((row["capex_coverage"], *values), {**row, "alike": 0})
        first["alike"] += 1
