"""Do the kernels and the plain second implementation agree on every figure of the cash flows?"""

import math
import random
from typing import Any

import pytest

from . import books
from .kernel_side import Structure, kernel_figures
from .model import evaluate_cash
from .scenarios import anywhere, plausible, strained, with_cash

RELATIVE = 1e-9
EACH = 25  # structures of each kind; each is eighteen plain waterfalls


BESIDE = ("scenarios", "waterfall", "uses", "equity_flows")


def flat(found: dict[str, Any]) -> dict[str, Any]:
    """The oracle's figures under one name each: those of a scenario are led by its name."""
    result = {k: v for k, v in found.items() if k not in BESIDE}
    for scenario, told in found.get("scenarios", {}).items():
        special = ("capex_coverage_stressed", "dscr_default_weighted")
        result |= {
            name if name in special else f"{scenario}_{name}": figure
            for name, figure in told.items()
        }
    return result


# Money that may be nought but for rounding: held to the project's cost.
MONEY = ("unpaid_max", "equity_put_in", "dsra_drawn", "facility_drawn", "day1_", "call_value",
         "equity_cheque")  # fmt: skip


def agree(name: str, mine: Any, theirs: Any, cost: float) -> bool:
    if isinstance(mine, bool) or isinstance(theirs, bool):
        return mine is not None and theirs is not None and bool(mine) == bool(theirs)
    if isinstance(mine, int | float) and isinstance(theirs, int | float):
        loose = 1e-8 if "irr" in name else 1e-12
        loose = RELATIVE * cost if name.startswith(MONEY) else loose
        return math.isclose(mine, theirs, rel_tol=RELATIVE, abs_tol=loose)
    if isinstance(mine, list):
        return isinstance(theirs, list) and sorted(mine) == sorted(theirs)
    return mine == theirs


def differences(structure: Structure, kernel: dict[str, Any]) -> list[str]:
    """What the two say differently; every figure of the kernels has to be one of the oracle's."""
    plain = flat(evaluate_cash(*structure, books.rulebook(), books.market()))
    unsound = plain["status"] == "INVALID_STRUCTURE"
    told = []
    for name, theirs in kernel.items():
        if name not in plain and not unsound:
            told.append(f"{name} is not a figure of the oracle")
            continue
        mine = plain.get(name)
        if not agree(name, mine, theirs, plain["total_cost"]):
            told.append(f"{name}: oracle {mine!r}, kernel {theirs!r}")
    return told


@pytest.mark.parametrize(
    "make",
    [
        lambda draw: with_cash(draw, anywhere(draw)),
        lambda draw: with_cash(draw, plausible(draw)),
        strained,
    ],
    ids=["anywhere", "plausible", "strained"],
)
def test_every_figure_of_the_cash_flows_agrees(make: Any) -> None:
    draw = random.Random(20260130)
    structures = [make(draw) for _ in range(EACH)]
    found = kernel_figures(structures, books.rulebook(), books.market())
    told = [
        f"structure {number}: {difference}"
        for number, (structure, kernel) in enumerate(zip(structures, found, strict=True))
        for difference in differences(structure, kernel)
    ]
    assert not told, f"{len(told)} differences, the first:\n" + "\n".join(told[:20])
