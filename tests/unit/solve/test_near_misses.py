"""Is the change told the smallest one, does it fund the structure, and is a trade told as such?"""

from dataclasses import replace

import numpy as np
import pytest

from kernels import figures as f
from kernels import layout as x
from kernels.codes import REASON_NAMES
from kernels.rules import CAPEX_COVERAGE_FULL
from pipeline.engine import sized_figures_of_inputs
from pipeline.evaluation import evaluate
from pipeline.inputs.encode import base_of, problem_of
from pipeline.inputs.errors import Collector
from pipeline.inputs.scenarios import default_request, scenario_of
from pipeline.problem import FloatArray, Problem
from pipeline.solve.changes import NEAR_MISS_CHANGES
from pipeline.solve.near_misses import (
    NO_SOLUTION,
    NOT_REACHED,
    SOLVED,
    TRADES,
    Solved,
    failed_of,
    solve,
)
from tests.unit.solve.near import near_misses

RENT, CAPEX, COUPON, TENOR, TARGET = NEAR_MISS_CHANGES
# A plain structure: level payments, flat lease, nothing but operating costs between rent and debt.
PLAIN = {
    "GrossMonthlyRent_07": 8_500_000, "OPEX_08": 20, "LandPurchaseFees_06": 30_000_000,
    "SeniorCoupon_38": 5.5, "SeniorTenorY_39": 15, "TargetDSCRSenior_37": 1.4,
    "EquityIRRTarget_55": 12, "ConstructionToCODMonths_23": 6, "MaintenanceCapexPct_69": 0,
    "InsurancePremium_bps_62": 0, "SeniorOngoingFees_bps_43": 0, "SeniorFeesUpfront_bps_42": 0,
    "LiquidityFacilityMonths_60": 0, "Vacancy_UtilisationPct_66": 0, "MinSeniorRatingTarget_75":
    "BBB",
}  # fmt: skip


def plain() -> tuple[Problem, FloatArray]:
    scenario = scenario_of(default_request(), PLAIN, Collector("test"))
    return problem_of(scenario), base_of(scenario).reshape(-1, 1)


def worth_of_rent() -> float:
    """What 1 of monthly rent carries at close, senior debt and equity: annuities by hand."""
    net, i, v = 0.8, 0.055 / 12, 1.12 ** (-1 / 12)
    paid, lease, built = 180, 300, 6
    senior = net / 1.4 * (1 - (1 + i) ** -paid) / i

    def worth(first: int, last: int) -> float:
        """Of 1 a month in the months first + 1 … last after completion."""
        return float(v ** (built + first) * (1 - v ** (last - first)) * v / (1 - v))

    equity = net * (1 - 1 / 1.4) * worth(0, paid) + net * worth(paid, lease)
    return senior + equity + 12 * net / 0.10 * v ** (built + lease)


def test_rent_and_capex_of_a_plain_annuity_are_those_by_hand() -> None:
    problem, inputs = plain()
    found = solve(problem, inputs)
    rent, capex = found.changes[:2]
    cost = 9e6 * 100 + 30e6
    assert 0.85 < worth_of_rent() * 8.5e6 / cost < 1.0
    needed = cost / worth_of_rent()
    assert rent.value[0] == pytest.approx(needed, rel=1e-11)
    assert rent.change_pct[0] == pytest.approx(100 * (needed / 8.5e6 - 1), rel=1e-9)
    assert capex.value[0] == pytest.approx((8.5e6 * worth_of_rent() - 30e6) / 100, rel=1e-11)
    so_changed = evaluate(None, PLAIN | {"GrossMonthlyRent_07": float(rent.value[0])})
    assert so_changed["capex_coverage"] == pytest.approx(1.0, abs=1e-11)
    assert so_changed["capex_coverage"] >= 1.0


def test_capex_moves_both_prices_and_leads_by_the_one_that_is_financed() -> None:
    _, inputs = plain()
    moved = CAPEX.moved(inputs, np.array([8.1e6]))
    assert moved[x.CAPEX_MARKET_PER_MW, 0] == pytest.approx(8.1e6)
    assert moved[x.CAPEX_COST_PER_MW, 0] == pytest.approx(7.5e6 * 0.9)
    inputs[x.CAPEX_BASIS] = x.CAPEX_AT_COST
    assert CAPEX.values(inputs)[0] == 7.5e6
    moved = CAPEX.moved(inputs, np.array([8.25e6]))
    assert moved[x.CAPEX_MARKET_PER_MW, 0] == pytest.approx(9.9e6)


@pytest.mark.parametrize(("change", "grid"), [
    (TENOR, [float(years) for years in range(3, 41)]),
    (TARGET, [hundredths / 100 for hundredths in range(110, 251)]),
], ids=["tenor", "target"])  # fmt: skip
def test_a_step_is_the_nearest_of_all_steps_that_are_clean(
    change: object, grid: list[float]
) -> None:
    problem, _, inputs = near_misses("medium", 397)
    place = NEAR_MISS_CHANGES.index(change)  # type: ignore[arg-type]
    change = NEAR_MISS_CHANGES[place]
    found = solve(problem, inputs).changes[place]
    before = failed_of(sized_figures_of_inputs(problem, inputs))
    base = change.values(inputs)
    funded, new = [], []
    for step in grid:
        figures = sized_figures_of_inputs(problem, change.moved(inputs, np.full(len(base), step)))
        funded.append((figures[f.CAPEX_COVERAGE] >= 1.0) & (abs(step - base) <= change.reach))
        new.append(failed_of(figures) & ~before)
    distance = np.abs(np.array(grid)[:, np.newaxis] - base)
    clean = np.array(funded) & (np.array(new) == 0)
    for status, allowed in ((SOLVED, clean), (TRADES, np.array(funded))):
        rows = found.status == status
        nearest = np.where(allowed, distance, np.inf).min(axis=0)
        assert rows.sum() > 0
        assert np.abs(found.value - base)[rows] == pytest.approx(nearest[rows])
    assert not clean[:, found.status != SOLVED].any()
    assert not np.array(funded)[:, found.status == NOT_REACHED].any()


def test_the_solution_trades_nothing_and_passes_all_gates_where_one_change_does() -> None:
    problem, _, inputs = near_misses("medium", 397)
    found = solve(problem, inputs)
    for row, best in enumerate(found.best):
        solved = [place for place, each in enumerate(found.changes) if each.status[row] == SOLVED]
        if best == NO_SOLUTION:
            assert not solved
            continue
        assert found.changes[best].new[row] == 0
        passing = [place for place in solved if found.changes[place].failed[row] == 0]
        sizes = {place: abs(found.changes[place].change_pct[row]) for place in passing or solved}
        assert abs(found.changes[best].change_pct[row]) == min(sizes.values())
        assert best in sizes


def test_a_shorter_loan_that_funds_by_breaking_a_gate_is_told_as_a_trade() -> None:
    problem, _, inputs = near_misses("medium", 397)
    found = solve(problem, inputs)
    traded = {
        (each.change.name, REASON_NAMES[bit])
        for each in found.changes
        for row in np.flatnonzero(each.status == TRADES)
        for bit in range(len(REASON_NAMES))
        if int(each.new[row]) >> bit & 1
    }
    assert ("target_dscr", "DSCR_BELOW_MINIMUM") in traded
    assert ("tenor", "TENOR_EXCEEDS_LIMIT") in traded


def test_overlays_that_capital_does_not_see_change_no_solution() -> None:
    """The rows that are left out when equal structures are solved once."""
    problem, _, inputs = near_misses("medium", 397)
    plain_figures = sized_figures_of_inputs(problem, inputs)
    for row in (x.ZCIS_5Y_ON, x.ZCIS_10Y_ON, x.FLOOR_ON):
        other = inputs.copy()
        other[row] = 1.0 - other[row]
        figures = sized_figures_of_inputs(problem, other)
        for figure in (f.CAPEX_COVERAGE, f.GATE_A_FAILED, f.GATE_B_FAILED):
            assert (figures[figure] == plain_figures[figure]).all()
    for row in (x.TRS_ON, x.STRIP_ON):
        other = inputs.copy()
        other[row] = 1.0 - other[row]
        figures = sized_figures_of_inputs(problem, other)
        assert (figures[f.CAPEX_COVERAGE] != plain_figures[f.CAPEX_COVERAGE]).any()


def test_what_no_change_within_bounds_funds_is_not_reached() -> None:
    problem, inputs = plain()
    inputs[x.GROSS_MONTHLY_RENT] /= 3.0
    found = solve(problem, inputs)
    assert found.best[0] == NO_SOLUTION
    assert [each.status[0] for each in found.changes] == [NOT_REACHED] * 5
    assert all(np.isnan(each.value[0]) for each in found.changes)


def test_a_rulebook_that_calls_less_full_needs_less() -> None:
    problem, inputs = plain()
    limits = problem.rules.limits.copy()
    limits[CAPEX_COVERAGE_FULL] = 0.97
    lenient = replace(problem, rules=problem.rules._replace(limits=limits))
    strict, less = _rent(solve(problem, inputs).changes), _rent(solve(lenient, inputs).changes)
    assert less.value[0] == pytest.approx(0.97 * strict.value[0], rel=1e-11)


def _rent(changes: tuple[Solved, ...]) -> Solved:
    return changes[NEAR_MISS_CHANGES.index(RENT)]
