"""Does the second implementation find every solved near miss funded, with the same reasons?"""

import copy
import random

import numpy as np
import pytest

from kernels import figures as f
from kernels.codes import REASON_NAMES
from pipeline.engine import sized_figures_of_inputs
from pipeline.solve.near_misses import NOT_REACHED, Solutions, failed_of, solve
from pipeline.stages.pruning import near_miss

from . import books
from .kernel_side import Structure, input_column, problem_of
from .model import evaluate
from .scenarios import plausible

DRAWN = 4_000
CHECKED = 60


def changed(structure: Structure, name: str, value: float) -> Structure:
    """The structure with a change of pipeline.solve applied by its meaning, not by its rows."""
    values, facts = copy.deepcopy(structure)
    if name == "rent":
        rate = next((kind for kind in facts["rent"] if kind != "monthly"), None)
        if rate is None:
            values["GrossMonthlyRent_07"] = value
            facts["rent"] = {}
        else:
            facts["rent"] = {rate: value}
    elif name == "capex":
        cost, market = values["CapexCostPrice_04"], values["CapexMarketRate_05"]
        lead = cost if values["CapexBasis_21"] == "CostPrice_04" else market
        values["CapexCostPrice_04"] = cost * value / lead
        values["CapexMarketRate_05"] = market * value / lead
    else:
        variable = {
            "coupon": "SeniorCoupon_38",
            "tenor": "SeniorTenorY_39",
            "target_dscr": "TargetDSCRSenior_37",
        }[name]
        values[variable] = value
    return values, facts


@pytest.fixture(scope="module")
def solved() -> tuple[list[Structure], Solutions]:
    draw = random.Random(20261121)
    drawn = [plausible(draw) for _ in range(DRAWN)]
    problem = problem_of(drawn, books.rulebook(), books.market())
    inputs = np.stack([input_column(*each) for each in drawn], axis=1)
    figures = sized_figures_of_inputs(problem, inputs)

    near = np.flatnonzero(near_miss(failed_of(figures), figures[f.CAPEX_COVERAGE], 1.0))
    assert len(near) > 100
    return [drawn[row] for row in near], solve(problem, inputs[:, near])


def test_the_oracle_finds_the_changed_structures_funded(
    solved: tuple[list[Structure], Solutions],
) -> None:
    structures, found = solved
    seen: dict[str, int] = {}
    for each in found.changes:
        name = each.change.name
        for row in np.flatnonzero(each.status != NOT_REACHED)[:CHECKED]:
            now = changed(structures[row], name, float(each.value[row]))
            oracle = evaluate(*now, books.rulebook(), books.market())
            assert oracle["capex_coverage"] >= 1.0 - 1e-9
            reasons = oracle["gate_a_reasons"] + oracle["gate_b_reasons"]
            bits = int(each.failed[row])
            assert set(reasons) == {n for bit, n in enumerate(REASON_NAMES) if bits >> bit & 1}
            if each.change.per_unit is None and int(each.new[row]) == 0:
                short = float(each.base[row] + (each.value[row] - each.base[row]) * (1 - 1e-5))
                less = changed(structures[row], name, short)
                figures = evaluate(*less, books.rulebook(), books.market())
                trades = set(figures["gate_a_reasons"] + figures["gate_b_reasons"]) - set(reasons)
                assert figures["capex_coverage"] < 1.0 or trades
            seen[name] = seen.get(name, 0) + 1
    assert all(seen.get(each.change.name, 0) >= 20 for each in found.changes), seen
