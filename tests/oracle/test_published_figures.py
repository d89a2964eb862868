"""Do the right figures of the specification's table of slips come out, of both implementations?"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kernels.income import AS_IS, CPI_NONE, income_curves
from kernels.numerics import annuity_factor
from kernels.rules import packed_market, packed_rules

from . import books, senior
from .income import income, lease_index
from .kernel_side import input_column, kernel_figures, problem_of
from .model import evaluate
from .scenarios import default_facts, default_values

Evaluator = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]

TRACE = {"TargetDSCRSenior_37": 1.35, "SeniorCoupon_38": 5.5, "SeniorTenorY_39": 25.0}
MEZZ = TRACE | {
    "TargetDSCRSenior_37": 1.45,
    "MezzAmortType_48": "Annuity",
    "TargetDSCRMezz_45": 1.15,
    "MezzCoupon_46": 8.0,
    "MezzTenorY_47": 10.0,
}
SENIOR_PAGE = {
    "PUE_03": 1.20,
    "CapexMarketRate_05": 11_000_000,
    "GrossMonthlyRent_07": 12_000_000,
    "OPEX_08": 20.0,
    "SeniorCoupon_38": 5.5,
    "SeniorTenorY_39": 15.0,
    "SeniorAmortType_40": "Bullet",
    "TargetDSCRSenior_37": 1.50,
}
COVENANTS = {"max_ltv_pct": 70.0, "min_icr": 2.0}


def by_oracle(values: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    return evaluate(values, facts, books.rulebook(), books.market())


def by_kernels(values: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    return kernel_figures([(values, facts)], books.rulebook(), books.market())[0]


both = pytest.mark.parametrize("figures_of", [by_oracle, by_kernels], ids=["oracle", "kernels"])


@both
def test_calculation_trace(figures_of: Evaluator) -> None:
    found = figures_of(default_values(**TRACE), default_facts())
    assert found["net_it_load_mw"] == pytest.approx(76.92, abs=0.005)
    assert found["net_income"] == pytest.approx(22_500_000, rel=1e-12)
    assert found["market_costs"] == pytest.approx(920_000_000, rel=1e-12)
    assert found["internal_costs"] == pytest.approx(770_000_000, rel=1e-12)
    assert found["developer_profit"] == pytest.approx(150_000_000, rel=1e-12)
    assert found["developer_margin_pct"] == pytest.approx(16.3, abs=0.05)
    assert found["senior_notional"] == pytest.approx(226_171_173.71, abs=0.005)
    assert found["binding_constraint"] == "DSCR"
    assert found["dscr_min"] == pytest.approx(1.35, abs=1e-9)
    assert found["senior_wal"] == pytest.approx(15.314, abs=0.0005)
    assert found["wacc"] == pytest.approx(14.173, abs=0.0005)
    assert found["senior_rating"] == "AA"
    assert found["repo_eligible"] is True


def test_trace_annuity_factor() -> None:
    rate = 0.055 / 12
    assert senior.present_value([1.0] * 300, rate) == pytest.approx(162.84, abs=0.005)
    assert annuity_factor(rate, 300) == pytest.approx(162.84, abs=0.005)


def test_390_million_would_have_a_cover_of_078() -> None:
    rate, net = 0.055 / 12, 22_500_000 / 12
    payment = senior.annuity_payment(390_000_000, rate, 300)
    assert net / payment == pytest.approx(0.78, abs=0.005)
    assert net / (390_000_000 / annuity_factor(rate, 300)) == pytest.approx(0.78, abs=0.005)


@both
def test_mezzanine_example(figures_of: Evaluator) -> None:
    found = figures_of(default_values(**MEZZ), default_facts(mezz=True))
    assert found["senior_notional"] == pytest.approx(210.57e6, abs=0.005e6)
    assert found["mezz_notional"] == pytest.approx(27.80e6, abs=0.005e6)
    assert found["mezz_dscr_min"] == pytest.approx(1.15, abs=1e-9)


@both
@pytest.mark.parametrize("rent", [{}, {"per_kw_month": 120.0}], ids=["monthly", "per_kw_month"])
def test_senior_tranche_page(figures_of: Evaluator, rent: dict[str, float]) -> None:
    found = figures_of(default_values(**SENIOR_PAGE), default_facts(rent=rent, **COVENANTS))
    assert found["net_income"] == pytest.approx(115_200_000, rel=1e-12)
    assert found["senior_notional"] == pytest.approx(784_000_000, rel=1e-12)
    assert found["dscr_min"] == pytest.approx(2.672, abs=0.0005)
    assert found["icr_min"] == pytest.approx(2.672, abs=0.0005)
    assert found["senior_ltv_pct"] == pytest.approx(70.0, abs=1e-9)
    assert found["senior_rating"] == "A"
    assert found["binding_constraint"] == "LTV"
    assert found["developer_margin_pct"] == pytest.approx(31.25, rel=1e-12)
    assert found["senior_wal"] == pytest.approx(15.0, rel=1e-12)


def test_coarse_search_of_the_senior_tranche_page_stops_within_1000() -> None:
    values, facts = default_values(**SENIOR_PAGE), default_facts(**COVENANTS)
    found = evaluate(values, facts, books.rulebook(), books.market(), tight=False)
    assert 0 <= 784_000_000 - found["senior_notional"] <= 1000
    assert found["binding_constraint"] == "LTV"


INDEXED = {"IndexationMode_18": "CPI_Linked", "InflationSpot_33": 4.0, "CPI_FloorPct_63": 0.0}


def test_rent_index_is_the_cumulative_product() -> None:
    # 4 % falling by 0.2 a year to 2 %
    index = lease_index(default_values(**INDEXED), books.rulebook(), 3)
    assert index == pytest.approx([1, 1.04, 1.04 * 1.038, 1.04 * 1.038 * 1.036], rel=1e-14)


def test_kernel_income_follows_the_cumulative_product_and_the_oracle() -> None:
    values, facts = default_values(**INDEXED), default_facts()
    inputs = input_column(values, facts)[:, None]
    problem = problem_of([(values, facts)], books.rulebook(), books.market())
    rules, market = packed_rules(problem.rules), packed_market(problem.market, problem.curves)
    gross, net = np.empty((300, 1)), np.empty((300, 1))
    for which, without_indexation in ((AS_IS, False), (CPI_NONE, True)):
        # neither income has to do with the extra stress on CPI or the month of a default
        income_curves(inputs, rules, np.nan, np.nan, market, which, gross, net)
        flows = income(values, facts, books.rulebook(), books.market(), 300, without_indexation)
        assert list(gross[:, 0]) == pytest.approx(flows["gross"][1:], rel=1e-12)
        assert list(net[:, 0]) == pytest.approx(flows["net"][1:], rel=1e-12)
        third_year = 1.0 if without_indexation else 1.04 * 1.038
        assert gross[24, 0] == pytest.approx(2_500_000 * third_year, rel=1e-12)


@both
def test_capital_coverage_is_not_always_full(figures_of: Evaluator) -> None:
    found = figures_of(default_values(**TRACE), default_facts())
    assert found["capex_coverage"] < 0.85
    assert "INSUFFICIENT_CAPITAL" in found["gate_a_reasons"]


@both
def test_advance_factor_is_on_market_costs_whatever_the_capex_basis(figures_of: Evaluator) -> None:
    values = default_values(**TRACE, CapexBasis_21="CostPrice_04")
    found = figures_of(values, default_facts())
    assert found["total_cost"] == pytest.approx(770_000_000, rel=1e-12)
    assert found["senior_ltv_pct"] == pytest.approx(226_171_173.71 / 9.2e6, rel=1e-9)
