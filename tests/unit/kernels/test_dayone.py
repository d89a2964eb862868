"""Is each part of the day-one value what its formula says, with the right sign?"""

import math
from collections.abc import Callable

import numpy as np
import pytest

from kernels import codes, dayone
from kernels import layout as x
from kernels import rules as r
from kernels.rules import CashRules

DISCOUNTS = 1.04 ** (-np.arange(400) / 12)
UNITS = np.linspace(0.0, 0.03, 400)
Row = Callable[..., np.ndarray]
BASE = {
    x.SENIOR_TENOR_YEARS: 20,
    x.LEASE_YEARS: 25,
    x.SENIOR_COUPON_PCT: 5.5,
    x.SPREAD_AAA_BPS: 70,
    x.SPREAD_AA_BPS: 90,
    x.SPREAD_A_BPS: 120,
    x.SPREAD_BBB_BPS: 180,
    x.SENIOR_RATING_TARGET: x.RATING_A,
    x.INFLATION_SPOT_PCT: 4.0,
    x.INFLATION_FWD_TERM: 0,  # to the long run in 5 years
    x.ZCIS_NOTIONAL_PCT: 50,
    x.ZCIS_IMPLIED_5Y_PCT: 3.2,
    x.ZCIS_IMPLIED_10Y_PCT: 3.0,
    x.CPI_BASIS_BPS: 15,
    x.COUNTERPARTY_5Y_RATING: x.RATING_AA,
    x.COUNTERPARTY_10Y_RATING: x.RATING_AA,
    x.INDEXATION_MODE: x.INDEX_CPI,
    x.STRUCTURING_FEES: 2e6,
}


@pytest.fixture
def row() -> Row:
    def make(**changes: float) -> np.ndarray:
        inputs = np.zeros((x.N_INPUTS, 1))
        for place, value in BASE.items():
            inputs[place] = value
        for name, value in changes.items():
            inputs[getattr(x, name)] = value
        return inputs

    return make


@pytest.fixture(scope="module")
def cash() -> np.ndarray:
    """Terms of the day-one value, as the kernels read them."""
    limits = np.full(r.N_CASH_LIMITS, np.nan)
    for place, value in {
        r.WRAP_VALUE_YEARS_MAX: 15,
        r.RATE_OPTION_OFFSET_BPS: 75,
        r.RATE_OPTION_YEARS: 7,
        r.TRS_MAX_STRUCTURE_PCT: 25,
        r.TRS_TERM_YEARS: 5,
        r.STRIP_SHARE_PCT: 20,
        r.STRIP_AFTER_YEARS: 15,
        r.STRIP_AFTER_YEARS_LONG: 20,
        r.STRIP_LONG_LEASE_YEARS: 25,
    }.items():
        limits[place] = value
    charges = np.arange(21.0).reshape(3, 7)
    low = np.array([np.nan, 500.0, 300.0, np.nan, np.nan, np.nan, np.nan])
    three = np.zeros(3)
    terms = CashRules(limits, three, three, np.array([2.0, 1.5]), charges, low, np.zeros(7))
    return r.packed_cash_rules(terms)


@pytest.mark.parametrize(
    ("matrix", "wrapped", "saved_bps"),
    [(x.RATING_BBB, x.RATING_AA, 90), (x.RATING_B, x.RATING_AAA, 430), (x.RATING_A, x.RATING_A, 0)],
)
def test_wrap_saves_its_spread_over_the_life(
    row: Row, cash: np.ndarray, matrix: int, wrapped: int, saved_bps: float
) -> None:
    inputs = row(WRAP_TYPE=x.WRAP_SENIOR)
    exact = saved_bps / 1e4 * 1e8
    assert dayone.wrap_value(inputs, 0, matrix, wrapped, 1e8, 9.5, cash) == pytest.approx(
        exact * 9.5
    )
    assert dayone.wrap_value(inputs, 0, matrix, wrapped, 1e8, 18.0, cash) == pytest.approx(
        exact * 15
    )
    assert dayone.wrap_value(row(), 0, matrix, wrapped, 1e8, 9.5, cash) == 0.0


@pytest.mark.parametrize(("years", "implied"), [(5, 3.2), (10, 3.0)])
def test_inflation_swap_pays_the_breakeven_over_expectations(
    row: Row, cash: np.ndarray, years: int, implied: float
) -> None:
    long_run = np.full(r.N_LIMITS, 2.0)
    cpi = [2 + 2 * max(0, 1 - y / 5) for y in range(years)]
    struck = math.prod(1 + rate / 100 for rate in cpi)
    bought = (1 + (implied - 0.15) / 100) ** years
    notional = 0.5 * 3e8
    exact = notional * (bought - struck) * 1.04**-years - notional * 12 / 1e4
    inputs = row(CSA_TYPE=1)
    value = dayone.zcis_value(inputs, 0, years, 3e8, DISCOUNTS, long_run, cash)
    assert value == pytest.approx(exact, rel=1e-12)
    idle = row(SENIOR_TENOR_YEARS=years - 1 / 12)
    assert dayone.zcis_value(idle, 0, years, 3e8, DISCOUNTS, long_run, cash) == 0.0


def test_more_inflation_than_struck_costs_the_project() -> None:
    assert dayone.zcis_settlement(1e8, 1.2, 1.1) == pytest.approx(-1e7)
    assert dayone.zcis_settlement(1e8, 1.0, 1.1) == pytest.approx(1e7)
    assert dayone.zcis_settlement(1e8, 1.1, 1.1) == 0.0


def test_rate_option_is_the_strip_on_the_scheduled_balance(cash: np.ndarray) -> None:
    balance = np.linspace(1.0, 0.0, 241)[:240].reshape(-1, 1)
    months = dayone.rate_option_months(240, cash)
    assert months == 84
    exact = 1e8 / 12 * balance[:84, 0] @ UNITS[13:97]
    values = {
        option: dayone.rate_option_value(option, balance, 0, 1e8, months, 12, UNITS, UNITS)
        for option in range(3)
    }
    assert values[x.OPTION_FLOOR] == pytest.approx(exact, rel=1e-12)
    assert values[x.OPTION_CAP] == -values[x.OPTION_FLOOR]
    assert values[x.OPTION_COLLAR] == 0.0
    assert dayone.rate_option_months(60, cash) == 60


@pytest.mark.parametrize(
    ("option", "shock", "a_year_bps"),
    [
        (x.OPTION_FLOOR, -100, -25),
        (x.OPTION_FLOOR, 200, 0),
        (x.OPTION_FLOOR, -75, 0),
        (x.OPTION_CAP, 200, 125),
        (x.OPTION_CAP, -200, 0),
        (x.OPTION_COLLAR, 100, 25),
        (x.OPTION_COLLAR, -100, -25),
        (x.OPTION_COLLAR, 0, 0),
    ],
)
def test_rate_option_settles_beyond_its_strike(
    cash: np.ndarray, option: int, shock: float, a_year_bps: float
) -> None:
    settlement = dayone.rate_option_settlement(option, float(shock), cash)
    assert settlement == pytest.approx(a_year_bps / 1e4 / 12, rel=1e-14)


@pytest.mark.parametrize(
    ("share", "equity", "notional"), [(5, 4e7, 2e6), (80, 4e7, 2.5e7), (80, -4e7, 0.0)]
)
def test_total_return_swap_is_bounded_by_the_structure(
    row: Row, cash: np.ndarray, share: float, equity: float, notional: float
) -> None:
    inputs = row(TRS_EQUITY_PCT=share, TRS_FEE_PCT=3, TRS_MARGINING=x.TRS_QUARTERLY)
    assert dayone.trs_notional(inputs, 0, equity, 1e8, cash) == notional
    assert dayone.trs_value(inputs, 0, notional, cash) == pytest.approx(0.015 * notional)
    assert dayone.trs_value(row(), 0, notional, cash) == pytest.approx(0.02 * notional)
    assert dayone.trs_fee(inputs, 0, equity, 1e8, cash) == 0.0
    inputs[x.TRS_ON] = 1.0
    fee = dayone.trs_fee(inputs, 0, equity, 1e8, cash)
    assert 60 * fee == pytest.approx(5 * 0.03 * notional)
    short = row(TRS_EQUITY_PCT=share, SENIOR_TENOR_YEARS=4)
    assert dayone.trs_notional(short, 0, equity, 1e8, cash) == 0.0


def test_strip_sells_a_fifth_of_late_distributions_before_tax(cash: np.ndarray) -> None:
    assert [dayone.strip_first_month(years, cash) for years in (10, 25, 25.5)] == [181, 181, 241]
    assert dayone.strip_sold(900.0, 100.0, cash) == pytest.approx(200.0)
    assert dayone.strip_sold(-900.0, 100.0, cash) == 0.0


def test_currency_swap_costs_its_spread_on_the_hedged_share(row: Row) -> None:
    foreign = {"CURRENCY": x.EUR, "LOCAL_CURRENCY": x.GBP, "CCY_SWAP_COST_BPS": 60}
    cost = dayone.currency_swap_value
    for policy, share in ((x.FX_HEDGED, 1.0), (x.FX_MIXED, 0.5), (x.FX_LOCAL, 0.0)):
        inputs = row(**foreign, CCY_SWAP_YEARS=10, CURRENCY_POLICY=policy)
        assert cost(inputs, 0, 1e8) == pytest.approx(-share * 6e5)
        assert math.copysign(1, cost(inputs, 0, 1e8)) == (-1 if share else 1)
    assert cost(row(**foreign, CCY_SWAP_YEARS=0, CURRENCY_POLICY=x.FX_HEDGED), 0, 1e8) == 0.0
    assert cost(row(**foreign, CCY_SWAP_YEARS=25, CURRENCY_POLICY=x.FX_HEDGED), 0, 1e8) == 0.0


def test_rebate_and_uplift_are_shares_of_fees_and_debt(row: Row) -> None:
    inputs = row(FEE_REBATE_PCT=25, ADVANCE_UPLIFT_PCT=2, FX_SPOT=1.2, LOCAL_CURRENCY=x.EUR)
    assert dayone.fee_rebate(inputs, 0) == pytest.approx(0.25 * 2e6 * 1.2)
    assert dayone.advance_uplift(inputs, 0, 1e8) == pytest.approx(2e6)


def test_call_is_a_receiver_swaption_on_the_remaining_schedule(row: Row, cash: np.ndarray) -> None:
    balance = np.linspace(1.0, 0.0, 241)[:240].reshape(-1, 1)
    inputs = row(CALL_YEARS=5)
    left = np.arange(61, 241)
    here, before = DISCOUNTS[12 + left], DISCOUNTS[11 + left]
    annuity = balance[left - 1, 0] @ here / 12
    forward = balance[left - 1, 0] @ (before - here) / annuity
    strike, stddev = 0.055 - 0.012, 0.0085 * math.sqrt(6)
    d = (strike - forward) / stddev
    below = 0.5 * math.erfc(-d / math.sqrt(2))
    density = math.exp(-d * d / 2) / math.sqrt(2 * math.pi)
    exact = 1e8 * annuity * ((strike - forward) * below + stddev * density)
    found = dayone.call_value(inputs, 0, balance, 0, 1e8, 240, 12, DISCOUNTS, 0.0085, cash)
    assert found == pytest.approx(exact, rel=1e-11)
    for years in (0.0, 20.0):
        none = row(CALL_YEARS=years)
        assert dayone.call_value(none, 0, balance, 0, 1e8, 240, 12, DISCOUNTS, 0.0085, cash) == 0.0


@pytest.mark.parametrize(
    ("changes", "raised"),
    [
        ({}, []),
        ({"ZCIS_5Y_ON": 1, "ZCIS_10Y_ON": 1}, []),
        ({"ZCIS_10Y_ON": 1, "INDEXATION_MODE": x.INDEX_FLAT}, ["INFLATION_UNHEDGED"]),
        ({"ZCIS_5Y_ON": 1, "ZCIS_10Y_ON": 1, "ZCIS_NOTIONAL_PCT": 51}, ["OVERHEDGED"]),
        ({"ZCIS_10Y_ON": 1, "SENIOR_TENOR_YEARS": 8}, ["OVERLAY_IDLE"]),
        ({"ZCIS_5Y_ON": 1, "SENIOR_TENOR_YEARS": 8}, []),
        ({"TRS_ON": 1, "SENIOR_TENOR_YEARS": 4}, ["OVERLAY_IDLE"]),
        (
            {"LOCAL_CURRENCY": x.EUR, "CURRENCY_POLICY": x.FX_HEDGED, "CCY_SWAP_YEARS": 21},
            ["OVERLAY_IDLE"],
        ),
        ({"CCY_SWAP_YEARS": 21}, []),
    ],
)
def test_warnings_name_what_is_wrong_with_the_overlays(
    row: Row, cash: np.ndarray, changes: dict[str, float], raised: list[str]
) -> None:
    mask = dayone.overlay_warnings(row(**changes), 0, cash)
    names = [name for bit, name in enumerate(codes.WARNING_NAMES) if mask >> bit & 1]
    assert names == raised


def test_full_coverage_without_reserves_is_a_warning() -> None:
    bit = 1 << codes.WARN_RESERVES_UNFUNDED
    assert dayone.reserves_warning(1.0, 0.99, 1.0) == bit
    assert dayone.reserves_warning(1.0 - 1e-12, 0.99, 1.0) == bit
    assert dayone.reserves_warning(1.1, 1.0, 1.0) == 0
    assert dayone.reserves_warning(0.99, 0.9, 1.0) == 0
