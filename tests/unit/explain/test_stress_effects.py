"""Do the effects of a scenario follow from the stored figures, and its years from the months?"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kernels import figures as f
from kernels import layout as x
from kernels import rules as r
from kernels import scenarios
from pipeline.columns import flat
from pipeline.explain.case import Case
from pipeline.explain.explanation import explained_case
from pipeline.inputs import load_request
from pipeline.inputs.encode import problem_of
from pipeline.space.levers import LeverSpace
from tests.run_projects import request_of, write_rough_project

Told = tuple[Case, dict[str, Any], dict[str, list[dict[str, Any]]]]
# Middle notch of each category, as docs/method.md section 13 gives them.
NOTCHES = {"AAA": 1, "AA": 3, "A": 6, "BBB": 9, "BB": 12, "B": 15}


def told_of(case: Case) -> Told:
    explanation = explained_case(case, title="")
    tables = {
        table.id: [
            dict(zip((column.name for column in table.columns), row, strict=True))
            for row in table.rows
        ]
        for section in explanation.sections
        for table in section.tables
        if section.name == "stresses"
    }
    return case, flat(case.figures[:, 0]), tables


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    """Structures of two projects; late ones have no DSRA in cash, refinanced balloons, no lease."""
    folder: Path = tmp_path_factory.mktemp("effects")
    rng = np.random.default_rng(7)
    cases = []
    for request in (request_of(folder), load_request(write_rough_project(folder))):
        problem = problem_of(request)
        space = LeverSpace(problem.levers)
        inputs = space.fill(problem.base, rng.integers(0, space.size, 24))
        inputs[x.DSRA_LETTER_OF_CREDIT, 18:] = 1.0
        inputs[x.COD_DELAY_MONTHS, 12:] = 30.0
        inputs[x.LEASE_YEARS, 21:] = 9.0
        inputs[x.SENIOR_AMORT_TYPE, 15:] = x.AMORT_BULLET
        columns = range(inputs.shape[1])
        cases += [Case(problem, np.ascontiguousarray(inputs[:, [i]]), "GBP") for i in columns]
    return [told_of(case) for case in cases if case.sound and case.senior > 0.0]


def stored(row: dict[str, Any], scenario: str, metric: str) -> Any:
    """A scenario's stored figure; the base case has columns of its own."""
    of_base = {"worst_month": "dscr_worst_month", "rating": "matrix_rating"}
    if scenario == "base":
        return row[of_base.get(metric, metric)]
    return row[f"{scenario}_{metric}"]


def test_the_least_of_all_years_is_the_stored_coverage(told: list[Told]) -> None:
    equal = 0
    for case, row, tables in told:
        for number, name in enumerate(scenarios.NAMES):
            years = [each[name] for each in tables["stresses.by_year"] if each[name] is not None]
            least = case.figure(f.FIRST_SCENARIO + number * scenarios.N_METRICS)
            assert min(years, default=None) == least, name
            if name == "base":
                assert min(years) == pytest.approx(row["dscr_min"], rel=1e-9)
            elif years:
                assert min(years) == row[f"{name}_dscr_min"]
                equal += 1
            if years:
                month = stored(row, name, "worst_month")
                worst = tables["stresses.by_year"][(month - 1) // 12]
                assert worst[name] == pytest.approx(min(years), rel=1e-8)
    assert equal > 400


def test_changes_and_migration_follow_from_the_stored_figures(told: list[Told]) -> None:
    moved, migrated = 0, set()
    for _, row, tables in told:
        for each in tables["stresses.effects"]:
            name = each["scenario"]
            for metric in ("dscr_min", "dscr_avg"):
                base, value = row[metric], stored(row, name, metric)
                change = each[f"{metric}_change_pct"]
                if value is None:
                    assert change is None
                else:
                    assert change == pytest.approx((value - base) / base * 100.0, abs=1e-7)
                    moved += abs(change) > 1e-6
            irr = [stored(row, of, "equity_irr") for of in ("base", name)]
            expected = None if None in irr else irr[1] - irr[0]
            assert each["equity_irr_change"] == expected
            rated = stored(row, name, "rating")
            if rated is None:
                assert each["migration"] is None
            else:
                assert each["migration"] == NOTCHES[row["matrix_rating"]] - NOTCHES[rated]
                migrated.add(each["migration"])
    assert moved > 200
    assert min(migrated) < 0.0 < max(migrated)


def balance(case: Case, coupon: float, month: int) -> float | None:
    """Senior owed at the start of `month` by the textbook; None for profiles it leaves out."""
    months = round(12 * case.input(x.SENIOR_TENOR_YEARS))
    rate, grace = coupon / 1200.0, round(case.input(x.SENIOR_GRACE_MONTHS))
    if case.input(x.SENIOR_AMORT_TYPE) == x.AMORT_BULLET:
        return case.senior
    if case.input(x.SENIOR_AMORT_TYPE) != x.AMORT_ANNUITY or grace:
        return None
    growth = (1 + rate) ** (month - 1)
    payment = case.senior * rate / (1 - (1 + rate) ** -months)
    return case.senior * growth - payment * (growth - 1) / rate


def test_recovery_is_value_and_reserve_over_what_is_owed(told: list[Told]) -> None:
    owed_known, under, late = 0, 0, 0
    for case, row, tables in told:
        for number, each in enumerate(tables["stresses.effects"]):
            name, month = each["scenario"], each["worst_month"]
            if month is None:
                assert each["recovery_pct"] is None
                continue
            net = case.income(scenarios.TABLE[number][0]).net[:, 0]
            lease = round(12 * case.input(x.LEASE_YEARS))
            first = month if month > lease else max(1, min(month, lease - 11))
            value = max(0.0, sum(net[first - 1 : first + 11])) / case.limit(r.EXIT_CAP_RATE_PCT)
            assert each["value"] == pytest.approx(100.0 * value)
            reserve = row["dsra_funding"]
            if name == "delay":
                cost = senior_and_mezz_interest(case) * case.input(x.COD_DELAY_MONTHS) / 12
                reserve = max(0.0, reserve - cost)
                late += cost > row["dsra_funding"]
            assert each["reserve"] == pytest.approx(reserve)
            cover = (each["value"] + each["reserve"]) / each["owed"]
            assert each["asset_cover"] == pytest.approx(cover)
            assert each["recovery_pct"] == pytest.approx(min(100.0, 100.0 * cover))
            under += each["recovery_pct"] < 100.0
            coupon = case.input(x.SENIOR_COUPON_PCT) + shock(case, number) / 100.0
            expected = balance(case, coupon, month)
            if expected is not None and name != "refinance":
                assert each["owed"] == pytest.approx(expected)
                owed_known += 1
    assert owed_known > 100 and under > 10 and late > 5


def senior_and_mezz_interest(case: Case) -> float:
    """A year's interest at closing balances."""
    return (
        case.senior * case.input(x.SENIOR_COUPON_PCT) + case.mezz * case.input(x.MEZZ_COUPON_PCT)
    ) / 100.0


def shock(case: Case, scenario: int) -> float:
    up = case.input(x.RATE_SHOCK_BPS)
    long = case.limit(r.STRESS_RATE_BPS)
    return {"rate_up": up, "rate_down": -up, "rate_200": long, "combined": long}.get(
        scenarios.NAMES[scenario], 0.0
    )


def test_a_shortfall_is_there_exactly_where_months_are_under_one(told: list[Told]) -> None:
    covered = set()
    for case, row, tables in told:
        first_service = case.senior * float(case.schedule().service[0, 0])
        for each in tables["stresses.effects"]:
            under = stored(row, each["scenario"], "months_under_1")
            if under is None:
                assert each["shortfall"] is None and each["reserves_cover_pct"] is None
                continue
            assert (each["shortfall"] > 0.0) == (under > 0)
            share = each["reserves_cover_pct"]
            assert (share is None) == (under == 0)
            if share is None or each["scenario"] == "delay":
                continue
            # cash or letter of credit, the months of both reserves stand behind the debt
            months = case.input(x.DSRA_MONTHS) + case.input(x.LIQUIDITY_MONTHS)
            expected = 100.0 * min(1.0, months * first_service / each["shortfall"])
            assert share == pytest.approx(expected)
            covered.add(share < 100.0)
    assert covered == {True, False}


def test_a_refinanced_balloon_is_owed_until_the_lease_ends(told: list[Told]) -> None:
    seen = 0
    for case, _, tables in told:
        each = tables["stresses.effects"][scenarios.REFINANCE]
        if case.input(x.SENIOR_AMORT_TYPE) != x.AMORT_BULLET or each["worst_month"] is None:
            continue
        maturity, lease = (
            round(12 * case.input(row)) for row in (x.SENIOR_TENOR_YEARS, x.LEASE_YEARS)
        )
        coupon = case.input(x.SENIOR_COUPON_PCT) + case.input(x.REFINANCE_SPREAD_BPS) / 100.0
        rate, months = coupon / 1200.0, lease - maturity
        paid = each["worst_month"] - maturity - 1
        payment = case.senior * rate / (1 - (1 + rate) ** -months)
        growth = (1 + rate) ** paid
        owed = case.senior * growth - payment * (growth - 1) / rate
        assert each["owed"] == pytest.approx(owed)
        seen += 1
    assert seen > 5
    assert any(tables["stresses.effects"][scenarios.REFINANCE]["worst_month"] is None
               for _, _, tables in told)  # fmt: skip


def test_nothing_shown_is_infinite(told: list[Told]) -> None:
    for _, _, tables in told:
        for rows in tables.values():
            for row in rows:
                assert all(math.isfinite(value) for value in row.values()
                           if isinstance(value, float))  # fmt: skip
