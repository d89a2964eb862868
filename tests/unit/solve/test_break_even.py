"""Are break-even values where the verdict turns, on either side, with both sides as proof?"""

from collections.abc import Sequence

import numpy as np
import pytest

from kernels import codes
from kernels import figures as f
from kernels import layout as x
from pipeline.engine import figures_of_inputs, sized_figures_of_inputs
from pipeline.evaluation import evaluate
from pipeline.inputs import InputErrors
from pipeline.inputs.encode import base_of, problem_of
from pipeline.inputs.errors import Collector
from pipeline.inputs.filters import parsed
from pipeline.inputs.scenarios import default_request, scenario_of
from pipeline.problem import FloatArray, Problem
from pipeline.solve.break_even import (
    BreakEven,
    Condition,
    break_evens,
    keeps_figure,
    keeps_tier,
    passes_filters,
    passes_gates,
    passes_test,
)
from pipeline.solve.inputs import USUAL, changes_of
from pipeline.solve.near_misses import failed_of

# Passes both gates and is Bronze; every usual input can lose it on some side.
SOUND = {
    "GrossMonthlyRent_07": 10_500_000, "SeniorCoupon_38": 5.5, "SeniorTenorY_39": 12,
    "TargetDSCRSenior_37": 1.45, "EquityIRRTarget_55": 12, "MinSeniorRatingTarget_75": "BBB",
    "HardFilters_111": ["DSCR>=1.40"],
}  # fmt: skip


def structure(**more: object) -> tuple[Problem, FloatArray]:
    collector = Collector("test")
    scenario = scenario_of(default_request(), SOUND | more, collector)
    collector.stop_if_any()
    return problem_of(scenario), base_of(scenario).reshape(-1, 1)


def solved(
    condition: Condition | None = None, names: Sequence[str] = USUAL, **more: object
) -> tuple[bool, dict[str, BreakEven]]:
    problem, inputs = structure(**more)
    collector = Collector("test")
    changes = changes_of(names, inputs, collector)
    collector.stop_if_any()
    holds, found = break_evens(problem, inputs, condition or passes_gates(), changes)
    return holds, {each.change.name: each for each in found}


def test_the_verdict_turns_between_the_two_values_of_every_crossing() -> None:
    problem, inputs = structure()
    holds, found = solved()
    assert holds
    crossings = 0
    for each in found.values():
        for side in (each.under, each.over):
            if side.last is None or side.first is None:
                continue
            crossings += 1
            ends = np.array([side.last, side.first])
            moved = each.change.moved(np.repeat(inputs, 2, axis=1), ends)
            failed = failed_of(sized_figures_of_inputs(problem, moved))
            assert failed[0] == 0
            assert failed[1] != 0
            assert abs(side.first - side.last) <= 1e-9 * abs(side.last)
            assert abs(side.last - each.base) < abs(side.first - each.base)
            assert side.changed[0] in codes.REASON_NAMES
            assert side.outside is not None
            assert (
                side.changed[0] in side.outside["gate_a_reasons"] + side.outside["gate_b_reasons"]
            )
    assert crossings >= 6


def test_the_coupon_band_is_where_arithmetic_puts_it() -> None:
    """The benchmark is the zero rate at the anchor and the spread; 200 bps either way."""
    base = evaluate(None, SOUND)
    assert base["gate_a_reasons"] == []
    holds, found = solved(passes_test("COUPON_OUT_OF_MARKET"), ["coupon"])
    assert holds
    under, over = found["coupon"].under, found["coupon"].over
    assert over.last - under.last == pytest.approx(4.0, abs=1e-7)
    assert over.changed[0] == "COUPON_OUT_OF_MARKET"


def test_nothing_near_the_base_crosses_unseen() -> None:
    """A dense scan between the base and each crossing finds no other verdict."""
    problem, inputs = structure()
    found = solved()[1]
    for each in found.values():
        for side in (each.under, each.over):
            end = side.limit if side.last is None else side.last
            values = np.linspace(each.base, end, 400)
            moved = each.change.moved(np.repeat(inputs, len(values), axis=1), values)
            assert (failed_of(sized_figures_of_inputs(problem, moved)) == 0).all()


def test_a_structure_that_fails_is_told_what_it_takes() -> None:
    holds, found = solved(GrossMonthlyRent_07=5_000_000)
    assert not holds
    rent = found["rent"].over
    assert rent.last < rent.first
    assert any(each.startswith("no ") for each in rent.changed)
    assert evaluate(None, SOUND | {"GrossMonthlyRent_07": rent.first})["gate_a_reasons"] == []
    assert evaluate(None, SOUND | {"GrossMonthlyRent_07": rent.last})["gate_a_reasons"] != []


def test_stepped_inputs_cross_between_neighbouring_steps() -> None:
    _, found = solved(None, ["SeniorTenorY_39", "DSRA_Months_59", "SeniorGracePeriod_41"])
    tenor = found["SeniorTenorY_39"].over
    assert (tenor.first - tenor.last) * 12 == pytest.approx(1.0)
    # Neither gate looks at the reserve.
    assert found["DSRA_Months_59"].over.last is None
    assert found["DSRA_Months_59"].over.limit == 12.0


def test_a_tier_is_kept_to_where_the_full_figures_lose_it() -> None:
    more = {"GrossMonthlyRent_07": 11_300_000}
    problem, inputs = structure(**more)
    base = figures_of_inputs(problem, inputs)
    tier = codes.TIER_NAMES[int(base[f.TIER, 0])]
    assert tier == "Silver"
    names = ["rent", "EquityIRRTarget_55", "BaseCurveShift_bps_28"]
    holds, found = solved(keeps_tier(base), names, **more)
    assert holds
    rent = found["rent"].under
    assert (rent.inside["viability_tier"], rent.outside["viability_tier"]) == ("Silver", "Bronze")
    assert rent.changed == ("full_coverage >= 100 % fails", "viability_tier Silver -> Bronze")
    assert rent.outside["full_coverage"] < 1.0 <= rent.inside["full_coverage"] + 1e-9
    outside = evaluate(None, SOUND | {"GrossMonthlyRent_07": rent.first})
    assert outside["viability_tier"] == "Bronze"


def test_a_curve_shift_takes_the_day_one_value_of_the_shifted_curve() -> None:
    """The plan has tables of its own shifts only."""
    more = {"zcis_10y": True, "IndexationMode_18": "CPI_Linked", "ZCiS_ImpliedRate_93": 3.0}
    shifted = evaluate(None, SOUND | more | {"BaseCurveShift_bps_28": 40})["day1_cash"]
    plain = evaluate(None, SOUND | more)["day1_cash"]
    assert abs(shifted - plain) > 1_000
    between = f"Day1Cash>={(shifted + plain) / 2}"
    _, found = solved(keeps_figure(between, *parsed(between)), ["BaseCurveShift_bps_28"], **more)
    side = found["BaseCurveShift_bps_28"].over
    assert 0 < side.last < 40
    assert side.inside["day1_cash"] == pytest.approx((shifted + plain) / 2, rel=1e-6)


def test_filters_and_floors_of_figures() -> None:
    holds, found = solved(passes_filters(), ["TargetDSCRSenior_37"])
    assert holds
    assert found["TargetDSCRSenior_37"].under.last == pytest.approx(1.40, abs=1e-8)
    told = found["TargetDSCRSenior_37"].under.changed
    assert told == ("dscr_min >= 1.4 fails", "viable yes -> no")
    text = "SeniorWAL<=8"
    holds, found = solved(keeps_figure(text, *parsed(text)), ["SeniorTenorY_39"])
    assert holds
    assert found["SeniorTenorY_39"].over.changed[0] == "SeniorWAL<=8 fails"


def test_rent_leads_by_the_figure_the_project_gives() -> None:
    _, inputs = structure()
    inputs[x.RENT_BASIS], inputs[x.RENT_RATE] = x.RENT_PER_KWH, 0.12
    (change,) = changes_of(["GrossMonthlyRent_07"], inputs, Collector("test"))
    assert (change.name, change.unit, change.values(inputs)[0]) == ("rent", "money/kWh", 0.12)
    assert change.moved(inputs, np.array([0.13]))[x.RENT_RATE, 0] == 0.13


def test_absolute_costs_move_by_a_factor_and_percent_by_its_range() -> None:
    _, inputs = structure()
    (percent,) = changes_of(["opex"], inputs, Collector("test"))
    assert (percent.unit, *(end[0] for end in percent.bounds(inputs))) == ("%", 0.0, 80.0)
    inputs[x.OPEX_MODE], inputs[x.OPEX] = x.OPEX_ABSOLUTE, 2e6
    (money,) = changes_of(["opex"], inputs, Collector("test"))
    assert (money.unit, *(end[0] for end in money.bounds(inputs))) == ("money/year", 5e5, 8e6)


def test_every_numeric_variable_can_be_named_and_nothing_else() -> None:
    from pipeline.inputs import catalogue

    _, inputs = structure()
    for variable in catalogue.VARIABLES:
        collector = Collector("test")
        found = changes_of([variable.name], inputs, collector)
        numeric = variable.kind in ("number", "integer") and not variable.computed
        assert bool(found) == (numeric and variable.number < 107), variable.name
        assert bool(collector.errors) != bool(found)


def test_what_cannot_be_named_is_told_at_once() -> None:
    _, inputs = structure()
    collector = Collector("break-even")
    changes_of(["rnt", "SeniorAmortType_40", "NetIncome_11", "rent", "rent"], inputs, collector)
    with pytest.raises(InputErrors) as told:
        collector.stop_if_any()
    assert [error.value for error in told.value.errors] == [
        '"rnt"', '"SeniorAmortType_40"', '"NetIncome_11"', '"rent"',
    ]  # fmt: skip
