"""Do the curve tables discount and price as their formulas say, at any month and shift?"""

import math

import numpy as np
import pytest

from kernels import layout as x
from kernels import rules as r
from kernels.curve import TABLE_MONTHS, discount_factor, fill_tables, zero_rate_pct
from kernels.rules import CashRules, Yields

TERMS = np.array([1.0, 5.0, 10.0, 30.0])
ZEROS = np.array([3.0, 4.0, 3.5, 4.5])
SHIFTS = np.array([0.0, -150.0, 75.0])
SPREADS = np.array([np.nan, 5.0, 5.0, 4.5, 4.0, 3.5, 3.0])


@pytest.fixture(scope="module")
def tables() -> dict[str, np.ndarray]:
    limits = np.full(r.N_CASH_LIMITS, np.nan)
    limits[r.RATE_OPTION_OFFSET_BPS] = 75
    three, seven = np.zeros(3), np.zeros(7)
    cash = CashRules(limits, three, three, np.zeros(2), np.zeros((3, 7)), seven, SPREADS)
    shape = (3, TABLE_MONTHS)
    made = {name: np.empty(shape) for name in ("df", "floor_unit", "cap_unit")}
    made["strip_df"] = np.empty((3, x.N_RATINGS, TABLE_MONTHS))
    fill_tables(Yields(TERMS, ZEROS, SHIFTS, np.array([85.0])), cash, **made)
    return made


@pytest.mark.parametrize(
    ("years", "rate"), [(0, 3.0), (1, 3.0), (3, 3.5), (5, 4.0), (7.5, 3.75), (30, 4.5), (45, 4.5)]
)
def test_zero_rates_are_linear_between_nodes_and_flat_outside(years: float, rate: float) -> None:
    assert zero_rate_pct(TERMS, ZEROS, 0.0, float(years)) == rate
    assert zero_rate_pct(TERMS, ZEROS, -25.0, float(years)) == rate - 0.25


@pytest.mark.parametrize("years", [0.0, 1 / 12, 0.5, 1.0, 7.25, 40.0])
@pytest.mark.parametrize("rate", [-2.0, 0.0, 3.75, 12.0])
def test_discount_factor_compounds_yearly(rate: float, years: float) -> None:
    exact = math.pow(1 + rate / 100, -years)
    assert discount_factor(rate, years) == pytest.approx(exact, rel=2e-15)


def test_each_shift_has_its_discount_factors(tables: dict[str, np.ndarray]) -> None:
    years = np.arange(TABLE_MONTHS) / 12
    zeros = np.interp(years, TERMS, ZEROS)
    for table, shift in enumerate(SHIFTS):
        exact = (1 + (zeros + shift / 100) / 100) ** -years
        np.testing.assert_allclose(tables["df"][table], exact, rtol=1e-14)
        for rating in range(x.RATING_B, x.N_RATINGS):
            exact = (1 + (zeros + shift / 100 + SPREADS[rating]) / 100) ** -years
            np.testing.assert_allclose(tables["strip_df"][table, rating], exact, rtol=1e-14)


@pytest.mark.parametrize("t", [2, 13, 84, 500])
def test_floorlet_is_the_bachelier_price_at_the_forward_less_the_offset(
    tables: dict[str, np.ndarray], t: int
) -> None:
    for table in range(3):
        df = tables["df"][table]
        forward = 12 * (df[t - 1] / df[t] - 1)
        strike = forward - 0.0075
        stddev = 0.0085 * math.sqrt((t - 1) / 12)
        d = (forward - strike) / stddev
        below = 0.5 * math.erfc(d / math.sqrt(2))
        density = math.exp(-d * d / 2) / math.sqrt(2 * math.pi)
        exact = df[t] * ((strike - forward) * below + stddev * density)
        assert tables["floor_unit"][table, t] == pytest.approx(exact, rel=1e-11)
        assert tables["cap_unit"][table, t] == tables["floor_unit"][table, t]


def test_an_option_fixed_today_out_of_the_money_is_worth_nothing(
    tables: dict[str, np.ndarray],
) -> None:
    assert not tables["floor_unit"][:, :2].any()
    assert (tables["floor_unit"][:, 2:] > 0).all()
