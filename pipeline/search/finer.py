"""The same question with finer levers: steps between the values that a project lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import TypeGuard

from pipeline.inputs import catalogue
from pipeline.inputs.catalogue import Value, Variable
from pipeline.inputs.levers import LeverSetting
from pipeline.inputs.request import Request

# The finest part of a year that is whole months and that a decimal can write.
_QUARTERS = Decimal(4)


def finer_request(request: Request, times: int) -> Request:
    """`request` with every numeric lever in steps `times` as fine, its own values among them.

    Whole numbers stay whole and tenors take quarters of a year, so such a lever may get fewer
    steps. Levers that choose (profiles, overlays, settings of the mezzanine) stay as they are.
    """
    return replace(request, levers=tuple(_finer(lever, times) for lever in request.levers))


def _finer(lever: LeverSetting, times: int) -> LeverSetting:
    variable = catalogue.find(lever.name)
    if variable is None or variable.kind not in ("number", "integer"):
        return lever
    values = [option[lever.name] for option in lever.options]
    if not _numbers(values):
        return lever
    exact = [Decimal(str(value)) for value in values]
    dense = [exact[0]]
    for low, high in pairwise(exact):
        steps = (low + (high - low) * k / times for k in range(1, times))
        dense += [_allowed(variable, step) for step in steps]
        dense.append(high)
    kind = int if variable.kind == "integer" else float
    options: list[Mapping[str, Value]] = [
        {lever.name: kind(value)} for value in dict.fromkeys(dense)
    ]
    return replace(lever, options=tuple(options))


def _numbers(values: list[Value]) -> TypeGuard[list[int | float]]:
    return all(isinstance(value, (int, float)) for value in values)


def _allowed(variable: Variable, value: Decimal) -> Decimal:
    """`value` itself, or the nearest one that the variable may take."""
    if variable.kind == "integer":
        return value.quantize(Decimal(1), ROUND_HALF_EVEN)
    if variable.whole_months:
        return (value * _QUARTERS).quantize(Decimal(1), ROUND_HALF_EVEN) / _QUARTERS
    return value
