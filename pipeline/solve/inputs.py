"""Which input a person names, as a change to solve for; what cannot be solved for is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from kernels import layout as x
from pipeline.inputs import catalogue
from pipeline.inputs.catalogue import Variable
from pipeline.inputs.encode import rows_of
from pipeline.inputs.errors import Collector
from pipeline.problem import FloatArray
from pipeline.solve.changes import CAPEX, RENT, Change

# What is asked of every structure, and the short names of two catalogue variables.
USUAL: Final = (RENT, "opex", CAPEX, "coupon")
_SHORT: Final = {"opex": x.OPEX, "coupon": x.SENIOR_COUPON_PCT}
# A figure without a range of the catalogue's is moved to a quarter and to four times its value.
_FACTOR: Final = 4.0
_MONTHS_A_YEAR: Final = 12.0


def changes_of(names: Sequence[str], inputs: FloatArray, collector: Collector) -> list[Change]:
    """The changes that `names` stand for, of structure `inputs` (N_INPUTS, 1).

    Problems are recorded in `collector`: a name that is none, is given twice, or has no scale.
    """
    found: dict[str, Change] = {}
    for name in names:
        change = _change(name, inputs, collector)
        if change is None:
            continue
        if change.name in found:
            collector.error("--input", "is given twice", name)
        found[change.name] = change
    return list(found.values())


def _change(name: str, inputs: FloatArray, collector: Collector) -> Change | None:
    variable = catalogue.BY_NUMBER[_SHORT[name]] if name in _SHORT else catalogue.find(name)
    if name == RENT or (variable is not None and variable.number == x.GROSS_MONTHLY_RENT):
        return _by_factor(RENT, (), _rent_unit(inputs))
    if name == CAPEX:
        return _by_factor(CAPEX, (), "money/MW")
    if variable is None:
        hint = catalogue.suggest(name, USUAL)
        message = f"is neither {', '.join(USUAL)} nor a variable of the catalogue{hint}"
        collector.error("--input", message, name)
        return None
    if variable.computed or not variable.can_be_lever or variable.low is None:
        why = "is computed" if variable.computed else "is no number that can be moved"
        collector.error("--input", why, name, allowed="a numeric variable up to number 106")
        return None
    if variable.kind not in ("number", "integer"):
        collector.error("--input", "is no number", name, allowed="a numeric variable")
        return None
    return replace(_of(variable, inputs), name=name if name in _SHORT else variable.name)


def _of(variable: Variable, inputs: FloatArray) -> Change:
    assert variable.low is not None  # noqa: S101 - asked by _change
    assert variable.high is not None  # noqa: S101 - a range has two ends
    rows = tuple(row for row in rows_of(variable.name) if row != x.CURVE_TABLE)
    absolute_opex = variable.number == x.OPEX and inputs[x.OPEX_MODE, 0] == x.OPEX_ABSOLUTE
    unit = variable.unit
    if variable.number == x.OPEX:
        unit = "money/year" if absolute_opex else "%"
    if absolute_opex or variable.number == x.FX_SPOT:
        return _by_factor(variable.name, rows, unit)
    per_unit = 1.0 if variable.kind == "integer" else None
    if variable.whole_months:
        per_unit = _MONTHS_A_YEAR
    reach = variable.high - variable.low
    return Change(variable.name, rows, variable.low, variable.high, reach, False, per_unit, unit)


def _by_factor(name: str, rows: tuple[int, ...], unit: str) -> Change:
    return Change(name, rows, 0.0, np.inf, _FACTOR - 1.0, True, None, unit)


def _rent_unit(inputs: FloatArray) -> str:
    basis = int(inputs[x.RENT_BASIS, 0])
    return ("money/month", "money/kW-month", "money/kWh")[basis]
