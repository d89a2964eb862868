"""Are the months shown those of the run: cash, totals, covenants and returns, to the last bit?"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from kernels import figures as f
from kernels import irr, scenarios
from kernels import layout as x
from kernels import waterfall as w
from kernels.numerics import integer_power
from pipeline.explain import waterfall
from pipeline.explain.case import Case
from pipeline.explain.cash_periods import (
    LIFE,
    SOURCES,
    USES,
    by_quarter,
    cash_by_year,
    over_life,
)
from pipeline.explain.explanation import explained
from pipeline.explain.waterfall import Recording, between, by_year, record, table
from pipeline.inputs import load_request
from pipeline.inputs.encode import problem_of
from pipeline.problem import Problem
from pipeline.space.levers import LeverSpace
from tests.run_projects import write_rough_project

B = w.BLOCK
FEES = ("ongoing_fee", "wrap_premium", "facility_fee")
TOTALS = {
    f.TRAP_MONTHS: w.TRAP_MONTHS, f.TURBO_MONTHS: w.TURBO_MONTHS, f.UNPAID_MAX: w.UNPAID_MOST,
    f.EQUITY_PUT_IN: w.PUT_IN, f.DSRA_DRAWN: w.DSRA_DRAWS, f.FACILITY_DRAWN: w.FACILITY_DRAWS,
}  # fmt: skip


@pytest.fixture(scope="module")
def rough(tmp_path_factory: pytest.TempPathFactory) -> Problem:
    return problem_of(load_request(write_rough_project(tmp_path_factory.mktemp("rough"))))


@pytest.fixture(scope="module")
def cases(rough: Problem) -> list[Case]:
    """Structures in trouble and out of it, of a project whose rules reject nothing."""
    space = LeverSpace(rough.levers)
    ids = np.random.default_rng(11).integers(0, space.size, 16)
    inputs = space.fill(rough.base, ids)
    inputs[x.QUARTERLY_PAYMENT, 12:] = 1.0
    inputs[x.MEZZ_RESERVE_MONTHS, 12:] = 6.0
    return [Case(rough, np.ascontiguousarray(inputs[:, [i]]), "GBP") for i in range(len(ids))]


def solved(case: Case, recording: Recording, factor: np.ndarray) -> float:
    """Yearly return of a recording in percent, from the engine's first guess `factor` (B,)."""
    flows = np.repeat(recording.flows.reshape(-1, 1), B, axis=1)
    flows[case.months_of(x.LEASE_YEARS) - 1] += recording.exit_value
    rate, status = np.full(B, np.nan), np.zeros(B)
    delay, outlay = np.full(B, recording.delay), np.full(B, recording.outlay)
    irr.irr_of_outlay(flows, 1, len(flows), delay, outlay, factor, rate, status)
    if status[0] != irr.CONVERGED:
        return float("nan")
    return float(100.0 * (integer_power(1.0 + rate[0], 12) - 1.0))


def test_totals_and_covenants_are_those_of_the_run(cases: list[Case]) -> None:
    tested = 0
    for case in cases:
        recording = record(case, scenarios.BASE)
        for figure, slot in TOTALS.items():
            assert recording.slots[-1, slot] == case.number(figure)
        ratios = recording.slots[:, w.COVENANT_DSCR]
        ratios = ratios[~np.isnan(ratios)]
        if len(ratios) and case.senior > 0.0:
            assert ratios.min() == case.number(f.COVENANT_DSCR_MIN)
            tested += 1
        assert np.abs(recording.slots[:, w.IMBALANCE]).max() < 1e-6
    assert tested > 5
    assert any(case.number(f.UNPAID_MAX) > 0.0 for case in cases)
    assert any(case.number(f.TRAP_MONTHS) > 0.0 for case in cases)


def test_returns_of_every_scenario_come_out_of_its_months(cases: list[Case]) -> None:
    for case in (*cases[:6], *cases[-2:]):
        factor = np.ones(B)
        base = solved(case, record(case, scenarios.BASE), factor)
        assert base == pytest.approx(case.figures[f.EQUITY_IRR, 0], rel=0, abs=0, nan_ok=True)
        for number, name in enumerate(scenarios.NAMES):
            metric = f.FIRST_SCENARIO + number * scenarios.N_METRICS + scenarios.EQUITY_IRR
            found = solved(case, record(case, number), factor.copy())
            stored = case.figures[metric, 0]
            assert found == stored or (np.isnan(found) and np.isnan(stored)), name


def rows_of(case: Case, scenario: int = scenarios.BASE) -> Iterator[dict[str, object]]:
    shown = table(record(case, scenario), scenario)
    names = [column.name for column in shown.columns]
    return (dict(zip(names, row, strict=True)) for row in shown.rows)


def test_what_is_paid_is_no_more_than_what_is_due(cases: list[Case]) -> None:
    late = False
    for row in rows_of(max(cases[:12], key=lambda case: case.number(f.UNPAID_MAX))):
        for step in ("operating", "fees", "interest", "swap"):
            due, paid = row[f"{step}_due"], row[f"{step}_paid"]
            assert isinstance(due, float) and isinstance(paid, float)
            assert paid <= due + 1e-6
            late = late or paid < due - 1.0
        assert row["trap_trigger"] == 1.2
    assert late


def test_months_and_years_are_cut_and_added_up(cases: list[Case]) -> None:
    months = table(record(cases[0], scenarios.BASE), scenarios.BASE)
    assert [row[0] for row in between(months, 13, 15).rows] == [13, 14, 15]
    years = by_year(months)
    equity = [column.name for column in months.columns].index("equity")
    told = [column.name for column in years.columns].index("equity")
    total = sum(float(row[equity] or 0.0) for row in months.rows)
    assert sum(float(row[told] or 0.0) for row in years.rows) == pytest.approx(total)
    assert [row[0] for row in years.rows] == list(range(1, len(years.rows) + 1))
    assert waterfall.COLUMNS[0].name == "month"


def test_an_unsound_structure_says_so_and_has_no_figures(rough: Problem) -> None:
    inputs = rough.base.copy()
    inputs[x.SENIOR_GRACE_MONTHS] = 12.0 * inputs[x.SENIOR_TENOR_YEARS]
    found = explained(rough, inputs, title="Unsound", currency="GBP")
    steps = {step.id: step for step in found.steps()}
    assert steps["senior.sound"].result == "INVALID_STRUCTURE"
    bound = steps["gate_a.math_error.sound"].bound
    assert bound is not None and (bound.verdict, bound.binds) == ("fail", True)
    by_name = {section.name: section for section in found.sections}
    assert not by_name["waterfall"].tables
    assert not by_name["capital"].steps


def test_every_year_spends_what_it_gets(cases: list[Case]) -> None:
    """Cash received, drawn and put in is paid, kept in reserves or equity's, by year and in all."""
    drawn = False
    for case in cases:
        recording = record(case, scenarios.BASE)
        months = table(recording, scenarios.BASE)
        cash = cash_by_year(months)
        names = [column.name for column in cash.columns]
        rows: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in cash.rows]
        for row in rows:
            came = sum(float(row[name] or 0.0) for name, _, _ in SOURCES)
            went = sum(float(row[name] or 0.0) for name, _, _ in USES)
            went += float(row["to_reserves"] or 0.0) + float(row["distributed"] or 0.0)
            assert came == pytest.approx(went, rel=1e-9, abs=1e-3)
        for name in ("received", "interest", "principal", "distributed", "to_reserves"):
            assert sum(row[name] for row in rows[:-1]) == pytest.approx(rows[-1][name], abs=1e-3)
        assert rows[-1]["year"] == LIFE
        assert rows[-1]["interest"] == pytest.approx(recording.slots[-1, w.INTEREST_PAID])
        assert rows[-1]["trapped"] == (case.number(f.TRAP_MONTHS) > 0.0)
        assert rows[-1]["prepaying"] == (case.number(f.TURBO_MONTHS) > 0.0)
        drawn = drawn or rows[-1]["facility"] > 0.0
    assert drawn


def test_fees_are_told_apart_and_add_up(cases: list[Case]) -> None:
    wrapped = 0
    for case in cases:
        recording = record(case, scenarios.BASE)
        for row, slots in zip(rows_of(case), recording.slots, strict=True):
            parts = [float(str(row[name])) for name in FEES]
            assert sum(parts) == pytest.approx(slots[w.FEES_ALL], abs=1e-6)
            assert min(parts) >= -1e-6
            wrapped += parts[1] > 0.0
        first = next(rows_of(case))
        if case.input(x.QUARTERLY_PAYMENT) == 0.0 and case.senior > 0.0:
            yearly = case.input(x.SENIOR_ONGOING_FEE_BPS) / 10_000.0 * case.senior
            assert first["ongoing_fee"] == pytest.approx(yearly / 12.0)
    assert wrapped


def test_quarters_and_the_life_add_up(cases: list[Case]) -> None:
    months = table(record(cases[0], scenarios.BASE), scenarios.BASE)
    quarters, life = by_quarter(months), over_life(months)
    names = [column.name for column in months.columns]
    assert len(quarters.rows) == -(-len(months.rows) // 3)
    for name in ("interest_paid", "principal_paid", "equity"):
        total = sum(float(row[names.index(name)] or 0.0) for row in months.rows)
        assert sum(float(row[names.index(name)] or 0.0) for row in quarters.rows) == (
            pytest.approx(total)
        )
        place = [column.name for column in life.columns].index(name)
        assert life.rows[0][place] == pytest.approx(total)
    place = names.index("senior_balance")
    assert quarters.rows[1][place] == months.rows[5][place]
