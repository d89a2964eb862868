"""Is the result of compliance, the binding test and the effect of one percent what a run has?"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kernels import codes
from kernels import layout as x
from pipeline.columns import flat
from pipeline.engine import figures_of_inputs
from pipeline.evaluation import checked
from pipeline.explain.case import Case
from pipeline.explain.explanation import explained_case
from pipeline.explain.gates import gates_section
from pipeline.explain.model import Explanation, Step
from pipeline.explain.one_percent import DRIVERS
from pipeline.explain.scenario import explain_scenario
from pipeline.inputs import load_request
from pipeline.inputs.encode import problem_of
from pipeline.inputs.scenarios import default_request
from pipeline.space.levers import LeverSpace
from tests.run_projects import request_of, write_rough_project
from tests.unit.explain.formulas import worked_out

Told = tuple[Case, dict[str, Any], Explanation]


def table_of(explanation: Explanation, name: str) -> dict[Any, dict[str, Any]]:
    found = [table for section in explanation.sections for table in section.tables
             if table.id == name]  # fmt: skip
    return {
        row[0]: dict(zip((column.name for column in table.columns), row, strict=True))
        for table in found
        for row in table.rows
    }


def steps_of(explanation: Explanation) -> dict[str, Step]:
    return {step.id: step for step in explanation.steps()}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    """Structures of a sound project, most of them rejected, and of one whose rules only warn."""
    folder: Path = tmp_path_factory.mktemp("compliance")
    found = []
    for request in (request_of(folder), load_request(write_rough_project(folder))):
        problem = problem_of(request)
        space = LeverSpace(problem.levers)
        inputs = space.fill(problem.base, np.random.default_rng(3).integers(0, space.size, 20))
        inputs[x.REPO_FLAG, ::3] = 0.0
        inputs[x.WRAP_TYPE, 10:14] = 1.0
        inputs[x.WRAP_PREMIUM_BPS, 10:14] = (5.0, 12.0, 20.0, 30.0)
        inputs[x.GEO_CONCENTRATION, 5:8] = 1.0
        inputs[x.TENANT_NOTCH, 2] = 0.0
        columns = range(inputs.shape[1])
        cases = [Case(problem, np.ascontiguousarray(inputs[:, [i]]), "GBP") for i in columns]
        found += [(case, flat(case.figures[:, 0]), explained_case(case, title=""))
                  for case in cases]  # fmt: skip
    return found


def test_the_result_is_that_of_gates_and_warnings(told: list[Told]) -> None:
    results = set()
    for _, row, explanation in told:
        result = steps_of(explanation)["compliance.result"].result
        rejected = bool(row["gate_a_reasons"] or row["gate_b_reasons"])
        assert (result == "Fail") == rejected
        if row["warnings"] and not rejected:
            assert result == "Conditional"
        results.add(result)
        gates = table_of(explanation, "compliance.gates")
        assert (gates["A"]["result"] == "Fail") == bool(row["gate_a_reasons"])
        assert (gates["B"]["result"] == "Fail") == bool(row["gate_b_reasons"])
        for gate in gates.values():
            parts = [gate[name] for name in ("passed", "failed", "warned", "off")]
            assert sum(parts) == gate["tests"]
    assert {"Fail", "Conditional"} <= results


def test_rules_outside_the_gates_say_what_the_engine_decided(told: list[Told]) -> None:
    seen: dict[str, set[str]] = {}
    for case, row, explanation in told:
        tests: dict[str, list[str]] = {}
        for step in explanation.steps():
            if step.id.startswith("compliance.rk") and step.bound is not None:
                tests.setdefault(step.bound.rule, []).append(step.bound.verdict)
        for rule, verdicts in tests.items():
            seen.setdefault(rule, set()).update(verdicts)
        raised = row["warnings"]
        assert ("warn" in tests.get("RK-CONC-001", [])) == ("CONCENTRATION" in raised)
        assert ("warn" in tests["RK-CONC-002"]) == ("GEO_CONCENTRATION" in raised)
        assert ("warn" in tests.get("RK-WRAP-001", [])) == ("WRAP_COST_OUT_OF_RANGE" in raised)
        of_rule = [name for bit, name in enumerate(codes.REPO_LEG_NAMES)
                   if codes.REPO_RULE_LEGS >> bit & 1]  # fmt: skip
        failed = set(row["repo_reasons"]) & set(of_rule)
        if "RK-REPO-001" in tests and case.input(x.REPO_FLAG) == 1.0:
            assert tests["RK-REPO-001"] == (["warn"] if failed else ["pass"])
            assert (tests["RK-REPO-002"] == ["warn"]) == (row["repo_haircut_pct"] is None)
        elif "RK-REPO-001" in tests:
            assert tests["RK-REPO-001"] == tests["RK-REPO-002"] == ["off"]
    assert seen["RK-WRAP-001"] == seen["RK-CONC-002"] == {"pass", "warn"}
    assert seen["RK-REPO-001"] >= {"warn", "off"}


def test_what_binds_fails_first_or_has_least_room(told: list[Told]) -> None:
    ways = set()
    for _, row, explanation in told:
        steps = steps_of(explanation)
        binding = steps["compliance.binding"]
        step = steps[str(binding.inputs[0].origin)]
        assert step.bound is not None
        reasons = row["gate_a_reasons"] + row["gate_b_reasons"]
        ways.add(bool(reasons))
        if reasons:
            assert step.bound.binds and step.bound.reason == reasons[0]
            continue
        assert binding.result == pytest.approx(worked_out(binding))
        for other in explanation.steps():
            bound = other.bound
            if not other.id.startswith("gate_") or bound is None or bound.verdict != "pass":
                continue
            if other.rule == "GATE-A-MATH" or other.id.endswith(".grows"):
                continue  # met by construction
            if bound.headroom is not None and bound.limit:
                assert bound.headroom / abs(bound.limit) >= binding.result
    assert ways == {True, False}


def moved_by_hand(case: Case, key: str) -> np.ndarray:
    """Inputs after one percent, written out: `rent_up` is a figure or a rate, by its basis."""
    name, _, way = key.rpartition("_")
    factor = 1.01 if way == "up" else 0.99
    inputs = case.inputs.copy()
    rows = {
        "rent": [x.GROSS_MONTHLY_RENT if case.input(x.RENT_BASIS) == x.RENT_MONTHLY
                 else x.RENT_RATE],
        "capex": [x.CAPEX_COST_PER_MW, x.CAPEX_MARKET_PER_MW], "opex": [x.OPEX],
        "coupon": [x.SENIOR_COUPON_PCT], "target_dscr": [x.SENIOR_TARGET_DSCR],
        "tenor": [x.SENIOR_TENOR_YEARS], "lease": [x.LEASE_YEARS],
    }[name]  # fmt: skip
    for row in rows:
        if name in ("tenor", "lease"):
            months = round(12 * inputs[row, 0])
            step = max(1, round(months / 100))
            inputs[row] = (months + (step if way == "up" else -step)) / 12
        else:
            inputs[row] *= factor
    return inputs


def test_one_percent_is_what_the_engine_gives_for_the_changed_inputs(told: list[Told]) -> None:
    moving, keys = 0, set()
    for case, row, explanation in told[::5]:
        table = table_of(explanation, "one_percent.table")
        steps = steps_of(explanation)
        binding = steps["compliance.binding"].inputs[0]
        for key, each in table.items():
            keys.add(key)
            inputs = moved_by_hand(case, key)
            after = flat(figures_of_inputs(case.problem, inputs)[:, 0])
            for name in ("senior_notional", "dscr_min", "equity_irr", "capex_coverage"):
                if after[name] is None:
                    assert each[name] is None
                else:
                    assert each[name] == pytest.approx(after[name], rel=1e-9)
            reasons = after["gate_a_reasons"] + after["gate_b_reasons"]
            assert each["first_reason"] == (reasons[0] if reasons else None)
            if row["senior_notional"] > 0.0:
                change = (after["senior_notional"] / row["senior_notional"] - 1.0) * 100.0
                assert each["senior_notional_change_pct"] == pytest.approx(change, abs=1e-7)
            again = {step.id: step for step in gates_section(Case(case.problem, inputs, "")).steps}
            bound = again[str(binding.origin)].bound
            assert bound is not None
            assert each["headroom"] == pytest.approx(bound.headroom, abs=1e-6)
            if each["headroom"] is not None and binding.value is not None:
                assert isinstance(binding.value, float)
                change = each["headroom"] - binding.value
                assert each["headroom_change"] == pytest.approx(change, abs=1e-9)
                moving += abs(change) > 1e-6
    assert keys == {f"{driver.key}_{way}" for driver in DRIVERS for way in ("up", "down")}
    assert moving > 20


def explained(settings: dict[str, Any]) -> Explanation:
    scenario = checked(default_request(), [(None, settings)], "test")[0]
    return explain_scenario(scenario, settings)


def test_a_change_of_nothing_is_left_out() -> None:
    rent = {"GrossMonthlyRent_07": 12e6}
    without = table_of(explained({**rent, "OPEX_08": 0}), "one_percent.table")
    assert "opex_up" not in without and "rent_up" in without


def test_no_debt_and_no_structure_at_all_are_told(told: list[Told]) -> None:
    none = explained({"OPEXMode_17": "Absolute", "OPEX_08": 90e6})
    steps = steps_of(none)
    assert steps["compliance.result"].result == "Fail"
    assert not [name for name in steps if name.startswith("compliance.rk_repo")]
    assert table_of(none, "stresses.effects") == {}
    inputs = told[0][0].inputs.copy()
    inputs[x.SENIOR_GRACE_MONTHS] = 12.0 * inputs[x.SENIOR_TENOR_YEARS]
    unsound = explained_case(Case(told[0][0].problem, inputs, "GBP"), title="")
    steps = steps_of(unsound)
    assert steps["compliance.result"].result == "Fail"
    binding = steps["compliance.binding"]
    assert binding.result is None and binding.inputs[0].origin == "gate_a.math_error.sound"
    assert table_of(unsound, "one_percent.table") == {}
