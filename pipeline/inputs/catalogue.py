"""The 116 variables: look-ups over the one table of `catalogue_table`.

Canonical names end in the catalogue number. Names with a pound sign have an ASCII alias. The
order of `allowed` is the order of the codes in `kernels.layout`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from pipeline.inputs.catalogue_table import TABLE, Kind, Value, Variable
from pipeline.inputs.errors import suggestion

__all__ = [
    "BY_NAME",
    "BY_NUMBER",
    "GRANULARITY_DEFAULT",
    "VARIABLES",
    "Kind",
    "Value",
    "Variable",
    "find",
    "granularity_step",
    "lever_step",
    "settable",
    "suggest",
]

VARIABLES: tuple[Variable, ...] = TABLE
BY_NUMBER: MappingProxyType[int, Variable] = MappingProxyType({v.number: v for v in VARIABLES})
BY_NAME: MappingProxyType[str, Variable] = MappingProxyType(
    {v.name: v for v in VARIABLES} | {v.alias: v for v in VARIABLES if v.alias}
)
GRANULARITY_DEFAULT = MappingProxyType(
    {
        "dscr_step": 0.05,
        "coupon_step_pct": 0.25,
        "bps_step": 25.0,
        "tenor_step_years": 1.0,
    }
)
_NUMBER_AT_END = re.compile(r"_?(\d{1,3})$")


def find(name: str) -> Variable | None:
    """The variable of a canonical name or its ASCII alias."""
    return BY_NAME.get(name)


def suggest(name: str, extra: tuple[str, ...] = ()) -> str:
    """`, did you mean X?` for a name nobody knows: by its number, else by its spelling."""
    number = _NUMBER_AT_END.search(name)
    by_number = BY_NUMBER.get(int(number[1])) if number and name.isascii() else None
    if by_number is not None:
        return f", did you mean {by_number.name}?"
    short = {v.name.rpartition("_")[0]: v.name for v in VARIABLES}
    hint = suggestion(name, (*BY_NAME, *extra, *short))
    for stem, full in short.items():
        if hint == f", did you mean {stem}?":
            return f", did you mean {full}?"
    return hint


def granularity_step(variable: Variable, granularity: Mapping[str, float]) -> str | None:
    """Decimal text of the lever step, `granularity` being PermutationGranularity_107."""
    if variable.step is not None and variable.step in granularity:
        return f"{granularity[variable.step]:.12g}"
    return variable.step


def lever_step(variable: Variable) -> str | None:
    """Decimal text of the default lever step; None for what cannot be a Range."""
    return granularity_step(variable, GRANULARITY_DEFAULT)


def settable() -> tuple[Variable, ...]:
    """Every variable that an input may set, in catalogue order."""
    return tuple(v for v in VARIABLES if not v.computed)
