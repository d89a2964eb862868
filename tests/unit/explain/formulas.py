"""A step's formula worked out from the numbers it shows, as a reader with a calculator would."""

from __future__ import annotations

from typing import Any

from pipeline.explain.model import Step

_PYTHON = str.maketrans({"×": "*", "÷": "/", "−": "-"})


def worked_out(step: Step) -> float:
    """The right side of `symbol = expression` in the step's own numbers."""
    expression = step.formula.partition(" = ")[2].translate(_PYTHON).replace("^", "**")
    numbers: dict[str, Any] = {given.symbol: given.value for given in step.inputs}
    allowed = {"__builtins__": {}, "min": min, "max": max, "abs": abs}
    return float(eval(expression, allowed, numbers))  # noqa: S307 - formulas of our own


def tolerance(step: Step) -> float:
    """What rounding may leave of the largest number in the formula."""
    sizes = [abs(each.value) for each in step.inputs if isinstance(each.value, (int, float))]
    return 1e-11 * max([1.0, *sizes])
