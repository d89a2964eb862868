"""Do inflation swaps, rate options and total return swaps price as QuantLib prices them?

QuantLib's sign: an inflation swap receives inflation and pays fixed, an option is its buyer's, a
total return swap receives the asset's return and pays floating and a spread.
"""

import json
import math
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kernels import dayone
from kernels import layout as x
from kernels.curve import discount_factor
from kernels.normal import lognormal_option, normal_option
from kernels.rules import N_CASH_LIMITS, N_LIMITS, CashRules, packed_cash_rules

FILE = Path(__file__).parent / "reference" / "rates.json"
CASES = {case["id"]: case for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]}
INFLATION = [case for case in CASES.values() if case["kind"] == "zcis"]
OPTIONS = [case for case in CASES.values() if case["kind"] in ("cap", "floor")]
RETURNS = [case for case in CASES.values() if case["kind"] == "trs"]
START = date(2026, 1, 15)


def named(case: dict[str, Any]) -> str:
    return str(case["id"])


def test_no_case_is_left_out() -> None:
    assert (len(INFLATION), len(OPTIONS), len(RETURNS)) == (5, 3, 2)
    assert len(CASES) == 10


@pytest.mark.parametrize("case", INFLATION, ids=named)
def test_inflation_swap_npv(case: dict[str, Any]) -> None:
    given, wanted = case["inputs"], case["outputs"]
    rate, years = 100 * given["discount_rate_annual_compounded"], given["years"]
    discount = discount_factor(rate, float(years))
    assert discount == pytest.approx(wanted["discount_factor"], rel=1e-14)
    expected = (1 + given["expected_inflation_flat"]) ** years
    struck = (1 + given["fixed_breakeven"]) ** years
    npv = dayone.zcis_receiver_npv(given["notional"], expected, struck, discount)
    exact = pytest.approx(wanted["npv_receive_inflation_pay_fixed"], rel=1e-12, abs=1e-6)
    assert npv == exact
    # the project pays inflation: what it owes at the end is worth the opposite today
    assert -dayone.zcis_settlement(given["notional"], expected, struck) * discount == exact


@pytest.mark.parametrize("case", INFLATION, ids=named)
def test_day_one_value_is_the_npv_of_a_dealer_who_receives_inflation(case: dict[str, Any]) -> None:
    given, wanted = case["inputs"], case["outputs"]
    years = given["years"]
    struck_pct = 100 * given["fixed_breakeven"]
    inputs = np.zeros((x.N_INPUTS, 1))
    inputs[x.SENIOR_TENOR_YEARS] = 20
    inputs[x.ZCIS_NOTIONAL_PCT] = 50
    inputs[x.INFLATION_SPOT_PCT] = struck_pct  # flat: the long-run rate is the same
    term = x.ZCIS_IMPLIED_5Y_PCT if years == 5 else x.ZCIS_IMPLIED_10Y_PCT
    inputs[term] = 100 * given["expected_inflation_flat"] + 0.15
    inputs[x.CPI_BASIS_BPS] = 15
    inputs[x.COUNTERPARTY_5Y_RATING] = inputs[x.COUNTERPARTY_10Y_RATING] = x.RATING_AA
    inputs[x.CSA_TYPE] = 1
    charges = np.zeros((3, 7))
    charges[1, x.RATING_AA] = 20
    upfront, of_ratings = np.zeros(2), np.zeros(7)
    cash = packed_cash_rules(
        CashRules(
            np.zeros(N_CASH_LIMITS), *(np.zeros(3),) * 2, upfront, charges, *(of_ratings,) * 2
        )
    )
    rate = 100 * given["discount_rate_annual_compounded"]
    discounts = np.array([discount_factor(rate, t / 12) for t in range(121)])
    value = dayone.zcis_value(
        inputs, 0, years, 2 * given["notional"], discounts, np.full(N_LIMITS, struck_pct), cash
    )
    charge = given["notional"] * 20 / 10_000
    npv = wanted["npv_receive_inflation_pay_fixed"]
    assert value + charge == pytest.approx(npv, rel=1e-12, abs=1e-6)


@pytest.mark.parametrize("case", OPTIONS, ids=named)
def test_every_optionlet(case: dict[str, Any]) -> None:
    given, wanted = case["inputs"], case["outputs"]
    rows = zip(
        wanted["optionlet_forwards"],
        wanted["optionlet_stddev"],
        wanted["optionlet_df"],
        wanted["periods"],
        strict=True,
    )
    prices = []
    for forward, stddev, discount, period in rows:
        if given["vol_model"] == "bachelier":
            unit = normal_option(given["strike"] - forward, stddev)
        else:
            unit = lognormal_option(forward, given["strike"], stddev, given["shift"], True)
        prices.append(unit * given["notional"] * period["accrual_act360"] * discount)
    assert len(prices) == 2 * given["years"]
    # a tail price is a small difference of two large terms: absolute to 1e-14 of the notional
    bound = 1e-14 * given["notional"]
    assert prices == pytest.approx(wanted["optionlet_prices"], rel=1e-13, abs=bound)
    assert sum(prices) == pytest.approx(wanted["npv"], rel=1e-13)


def quarters(years: int) -> list[date]:
    """START and each quarter's end, business day or not."""
    ends = []
    for months in range(0, 12 * years + 1, 3):
        over, month = divmod(START.month - 1 + months, 12)
        ends.append(date(START.year + over, month + 1, START.day))
    return ends


def total_return_swap(given: dict[str, Any]) -> dict[str, float]:
    """Legs under flat continuous curves: return paid at the end, floating and spread quarterly."""
    dates = quarters(given["years"])
    rate, dividend = given["flat_cont_rate_act365"], given["dividend_yield"]
    times = [(day - START).days / 365 for day in dates]
    factors = [math.exp(-rate * time) for time in times]
    accruals = [(b - a).days / 360 for a, b in pairwise(dates)]
    annuity = sum(a * d for a, d in zip(accruals, factors[1:], strict=True))
    equity = given["notional"] * (math.exp(-dividend * times[-1]) - factors[-1])
    floating = given["notional"] * (1 - factors[-1])
    return {
        "equity_leg": equity,
        "rate_leg": -floating - given["spread"] * given["notional"] * annuity,
        "npv": equity - floating - given["spread"] * given["notional"] * annuity,
        "fair_margin": (equity - floating) / (given["notional"] * annuity),
    }


@pytest.mark.parametrize("case", RETURNS, ids=named)
def test_total_return_swap_of_the_reference(case: dict[str, Any]) -> None:
    """Our own swap is the rulebook's upfront rate; this holds the sign of paying a fee for it."""
    found = total_return_swap(case["inputs"])
    for name, figure in found.items():
        assert figure == pytest.approx(case["outputs"][name], rel=1e-12, abs=1e-12), name
    assert found["npv"] < 0 < case["inputs"]["spread"]
