"""Does the oracle of the cash flows say what can be told without it?"""

import math
import random
from itertools import pairwise
from typing import Any

import pytest

from . import books, returns
from .model import evaluate_cash
from .scenarios import default_facts, default_values, plausible, strained, with_cash

QUIET = {
    "CollectionLagDays_67": 0,
    "MaintenanceCapexPct_69": 0,
    "InsuranceProgrammeType_61": "Construction",
    "LiquidityFacilityMonths_60": 0,
    "SeniorOngoingFees_bps_43": 0,
    "DSCR_TriggerLevels_101": "0.50|0.40",
    "CapexMarketRate_05": 3_500_000,
    "CapexCostPrice_04": 3_500_000,
}


def evaluated(facts: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return evaluate_cash(
        default_values(**changes), default_facts(**(facts or {})), books.rulebook(), books.market()
    )


@pytest.fixture(scope="module")
def drawn() -> list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    draw = random.Random(4)
    structures = [with_cash(draw, plausible(draw)) for _ in range(12)]
    structures += [strained(draw) for _ in range(12)]
    found = [(*s, evaluate_cash(*s, books.rulebook(), books.market())) for s in structures]
    return [row for row in found if row[2]["status"] == "OK"]


def test_a_quiet_structure_pays_equity_what_the_service_leaves() -> None:
    found = evaluated(**QUIET, SeniorTenorY_39=15)
    rows = found["waterfall"]
    income, rate = found["net_income"] / 12, 5.00 / 1200
    service = found["senior_notional"] * rate / (1 - (1 + rate) ** -180)
    dsra = 6 * service
    assert found["dscr_min"] == pytest.approx(income / service, rel=1e-12)
    for row in rows:
        m = row["month"]
        left = income - (service if m <= 180 else 0.0) if m <= 300 else 0.0
        assert row["equity"] == pytest.approx(left + (dsra if m == 180 else 0.0), abs=1e-3)
    assert found["expected_wal"] == pytest.approx(found["senior_wal"], rel=1e-12)
    assert found["covenant_dscr_min"] == pytest.approx(1.30, rel=1e-12)
    assert found["trap_months"] == found["turbo_months"] == found["unpaid_max"] == 0
    assert found["uses"]["dsra"] == pytest.approx(dsra, rel=1e-12)
    assert found["uses"]["interest_during_construction"] == pytest.approx(
        found["senior_notional"] * 0.05 / 2, rel=1e-12
    )


def test_a_quarter_is_paid_together_with_three_months_interest_on_what_was_owed_at_its_start() -> (
    None
):
    level = {**QUIET, "SeniorTenorY_39": 15, "SeniorAmortType_40": "LevelPrincipal"}
    monthly = evaluated(**level)
    found = evaluated({"payment_frequency": "Quarterly"}, **level)
    senior, income = found["senior_notional"], found["net_income"] / 12
    repaid, dsra = senior / 180, found["uses"]["dsra"]
    assert dsra == pytest.approx(6 * (senior * 0.05 / 12 + repaid), rel=1e-12)
    for row in found["waterfall"]:
        m = row["month"]
        if m % 3:
            assert row["equity"] == row["paid_interest"] == row["paid_principal"] == 0
            continue
        if m > 180:
            assert row["equity"] == pytest.approx(3 * income if m <= 300 else 0, abs=1e-3)
            continue
        interest = 3 * 0.05 / 12 * (senior - (m - 3) * repaid)
        assert row["paid_interest"] == pytest.approx(interest, rel=1e-9)
        assert row["paid_principal"] == pytest.approx(3 * repaid, rel=1e-9)
        left = 3 * income - interest - 3 * repaid + (dsra if m == 180 else 0.0)
        assert row["equity"] == pytest.approx(left, abs=1e-3)
    # principal of months 1, 2, 3 comes in month 3
    assert found["expected_wal"] == pytest.approx(monthly["senior_wal"] + 1 / 12, rel=1e-9)
    same = ("senior_notional", "dscr_min", "senior_wal", "equity_capacity", "equity_cheque")
    assert {name: found[name] for name in same} == {name: monthly[name] for name in same}
    assert found["equity_irr"] < monthly["equity_irr"]


@pytest.mark.parametrize(("months", "last"), [(300, 303), (301, 305), (302, 306)])
def test_the_last_late_receipts_of_a_lease_are_paid_out_in_its_life(months: int, last: int) -> None:
    """90 days late: rent of the lease's last month comes three months after it."""
    late = QUIET | {"CollectionLagDays_67": 90, "LeaseTermYears_22": months / 12}
    found = evaluated({"payment_frequency": "Quarterly"}, **late, SeniorTenorY_39=15)
    rows = found["waterfall"]
    assert len(rows) == months + 4
    received = sum(row["received"] for row in rows)
    rent = found["gross_income"] / 12
    assert received == pytest.approx(months * rent + found["uses"]["working_capital"], rel=1e-9)
    assert max(row["month"] for row in rows if row["received"] > 0) == last
    left = {n: v for n, v in rows[-1]["accounts"].items() if n.endswith(("_late", "_owed"))}
    assert max(left.values()) <= 1e-6 and rows[-1]["accounts"]["dsra"] == 0


@pytest.mark.parametrize("frequency", ["Monthly", "Quarterly"])
def test_a_mezzanine_reserve_is_equitys_cash_until_the_loan_is_repaid(frequency: str) -> None:
    values = QUIET | {
        "SeniorTenorY_39": 15, "DSRA_Months_59": 12, "MezzTenorY_47": 10,
        "MezzAmortType_48": "Annuity", "MezzOngoingFees_bps_50": 0, "TargetDSCRMezz_45": 1.1,
    }  # fmt: skip
    facts = {"mezz": True, "mezz_reserve_months": 6, "payment_frequency": frequency}
    found, without = (
        evaluated(facts, **values),
        evaluated(facts | {"mezz_reserve_months": 0}, **values),
    )
    n = 3 if frequency == "Quarterly" else 1
    rows, bare = ([f["waterfall"][m - 1] for m in range(n, 301, n)] for f in (found, without))
    service = [r["paid_mezz_interest"] + r["paid_mezz_principal"] for r in rows]
    target = 6 / n * service[0]
    filled = 0.0
    for row, other in zip(rows, bare, strict=True):
        m = row["month"]
        filled += row["to_mezz_reserve"]
        comes_back = filled if m == 120 else 0.0
        assert row["equity"] == pytest.approx(
            other["equity"] - row["to_mezz_reserve"] + comes_back, abs=1e-3
        )
        assert row["accounts"]["mezz_reserve"] == pytest.approx(filled if m < 120 else 0, abs=1e-3)
        assert row["from_mezz_reserve"] == 0
    assert filled == pytest.approx(target, rel=0.02)
    assert found["equity_irr"] < without["equity_irr"]
    assert found["cash_coverage"] == without["cash_coverage"]  # nothing is funded at close


def test_late_receipts_are_advanced_and_come_back_after_the_lease() -> None:
    prompt = evaluated(**QUIET)
    late = evaluated(**(QUIET | {"CollectionLagDays_67": 45}))
    rent = prompt["gross_income"] / 12
    assert late["uses"]["working_capital"] == pytest.approx(1.5 * rent, rel=1e-12)
    for one, other in zip(prompt["waterfall"], late["waterfall"], strict=True):
        m = one["month"]
        back = {301: rent, 302: rent / 2}.get(m, 0.0)
        assert other["received"] - one["received"] == pytest.approx(back, abs=1e-3)
    assert late["equity_irr"] < prompt["equity_irr"]


def test_sources_meet_uses_and_the_return_discounts_to_nought(
    drawn: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]],
) -> None:
    assert len(drawn) >= 20
    paid = 0
    for values, _, found in drawn:
        sources = found["senior_notional"] + found["mezz_notional"] + found["day1_cash"]
        sources += found["equity_cheque"]
        assert sources == pytest.approx(sum(found["uses"].values()), rel=1e-12)
        components = [v for k, v in found.items() if k.startswith("day1_") and k != "day1_cash"]
        assert len(components) == 9
        assert sum(components) == pytest.approx(found["day1_cash"], rel=1e-12, abs=1e-6)
        if found["equity_irr"] is None:
            assert found["irr_status"] in ("NO_EQUITY", "none", "several")
            continue
        paid += 1
        flows, growth = found["equity_flows"], 1 + found["equity_irr"] / 100
        assert len(flows) == 12 * values["LeaseTermYears_22"] + 5 + int(
            values["ConstructionToCODMonths_23"]
        )
        discounted = [flow * growth ** (-t / 12) for t, flow in enumerate(flows)]
        assert abs(sum(discounted)) <= 1e-9 * sum(map(abs, discounted))
    assert paid >= 12


def test_cash_is_conserved_and_reserves_pass_from_month_to_month(
    drawn: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]],
) -> None:
    reserves = ("rent_free_reserve", "trapped", "dsra", "mezz_reserve")
    spent = {"from_dsra": 0, "from_trapped": 0, "from_facility": 0, "prepaid": 0, "released": 0}
    for _, _, found in drawn:
        rows = found["waterfall"]
        for before, row in pairwise(rows):
            kept = sum(row["accounts"][n] - before["accounts"][n] for n in reserves)
            went = sum(v for k, v in row.items() if k.startswith("paid_")) + row["prepaid"]
            came = row["received"] + row["from_facility"]
            assert came - went - row["equity"] == pytest.approx(kept, abs=1e-6 * abs(came) + 1e-3)
        for name in spent:
            spent[name] += any(row[name] > 1 for row in rows)
    assert all(spent.values()), f"nothing shows {spent}"


def test_the_full_set_has_the_stresses_of_gate_b_in_it(
    drawn: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]],
) -> None:
    """Two ways through the code to one figure each."""
    for values, _, found in drawn:
        played = found["scenarios"]
        assert played["rate_200"]["dscr_min"] == pytest.approx(found["dscr_rate_200"], rel=1e-12)
        assert played["combined"]["dscr_min"] == pytest.approx(found["dscr_combined"], rel=1e-12)
        if values["CPI_Scenarios_82"][0] == 0:
            assert played["cpi_1"]["dscr_min"] == pytest.approx(found["dscr_cpi_0"], rel=1e-12)
        if values["IndexationMode_18"] == "CPI_Linked":
            assert played["indexed"]["dscr_min"] == pytest.approx(found["dscr_min"], rel=1e-12)
            assert played["indexed"]["equity_irr"] == found["equity_irr"]
        assert played["delay"]["dscr_min"] == played["capex"]["dscr_min"] == found["dscr_min"]


def test_an_inflation_swap_costs_what_inflation_brings_beyond_expectations() -> None:
    base = {**QUIET, "IndexationMode_18": "CPI_Linked", "SeniorTenorY_39": 15}
    without = evaluated(**base)
    hedged = evaluated({"overlays": {"zcis_10y"}}, **base)
    high, plain = (f["scenarios"]["cpi_extra"]["equity_irr"] for f in (hedged, without))
    low, flat = (f["scenarios"]["cpi_1"]["equity_irr"] for f in (hedged, without))
    assert high < plain and low > flat
    notional, growth = 0.5 * hedged["senior_notional"], 1.02**10
    bought = (1 + (books.market()["inflation"]["breakeven_pct"][10] - 0.15) / 100) ** 10
    zero = books.market()["zero_curve"]["nodes"][10]
    assert hedged["day1_zcis_10y"] == pytest.approx(
        notional * (bought - growth) * (1 + zero / 100) ** -10 - notional * 10 / 1e4, rel=1e-12
    )


def test_a_refinanced_balloon_is_not_put_in_by_equity() -> None:
    found = evaluated(
        {"max_ltv_pct": 50.0},
        **QUIET,
        SeniorAmortType_40="Bullet",
        SeniorTenorY_39=10,
        GrossMonthlyRent_07=4_000_000,
        RefinanceSpreadAdd_bps_88=50,
    )
    stress = found["scenarios"]["refinance"]
    rate = (5.00 + 0.50) / 1200
    due = found["senior_notional"] * rate / (1 - (1 + rate) ** -180)
    assert found["equity_put_in"] > 0.8 * found["senior_notional"]
    assert stress["dscr_min"] == pytest.approx(found["net_income"] / 12 / due, rel=1e-12)
    assert stress["worst_month"] == 121
    assert stress["equity_irr"] > found["equity_irr"]
    at_the_end = evaluated(
        **QUIET, SeniorAmortType_40="Bullet", SeniorTenorY_39=10, LeaseTermYears_22=10
    )["scenarios"]["refinance"]
    assert at_the_end["dscr_min"] is None and not at_the_end["passed"]


def test_a_tenant_that_leaves_is_weighed_by_its_odds() -> None:
    found = evaluated(**QUIET, TenantDefaultProb_86=20)
    stress = found["scenarios"]["default"]
    opex = 0.25 * found["gross_income"] / 12
    service = found["net_income"] / 12 / found["dscr_min"]
    assert stress["dscr_min"] == pytest.approx(-opex / service, rel=1e-12)
    assert (stress["worst_month"], stress["months_under_1"]) == (13, 6)
    assert stress["dscr_default_weighted"] == pytest.approx(
        0.8 * found["dscr_min"] - 0.2 * opex / service, rel=1e-12
    )
    assert stress["passed"], "six months of DSRA for six months without rent"
    assert not evaluated(**QUIET, RecoveryLagMonths_87=7)["scenarios"]["default"]["passed"]


@pytest.mark.parametrize(
    ("flows", "rate"),
    [([-100.0, 0.0, 121.0], 0.10), ([0.0, -50.0, 100.0], 1.0), ([-100.0, 50.0], -0.5)],
)
def test_the_oracles_rate_discounts_to_nought(flows: list[float], rate: float) -> None:
    found, status = returns.irr(flows)
    assert status == "converged"
    assert math.isclose(found, rate, rel_tol=1e-12)
