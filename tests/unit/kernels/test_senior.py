"""Does every senior profile repay in full, and is coverage what its schedule says?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import layout as x
from kernels import rules as r
from kernels import senior

PROFILES = [
    x.AMORT_ANNUITY,
    x.AMORT_SCULPTED,
    x.AMORT_BULLET,
    x.AMORT_STEP_DOWN,
    x.AMORT_LEVEL,
]


def _limits() -> np.ndarray:
    limits = np.zeros(r.N_LIMITS)
    limits[r.STEP_WEIGHT_FIRST : r.STEP_WEIGHT_THIRD + 1] = (1.2, 1.0, 0.8)
    limits[r.STRESS_RATE_BPS] = 200.0
    limits[r.QUICK_STRESS_RATE_BPS] = 100.0
    limits[r.QUICK_STRESS_YEARS] = 3.0
    limits[r.TAIL_YEARS] = 3.0
    return limits


def _walk(profile: int, coupon: float, years: int, grace: int, rent_free: int, income: np.ndarray):
    """Unit service, balance and covers of one structure, as kernels.structure asks for them."""
    inputs = np.zeros((x.N_INPUTS, 1))
    inputs[x.SENIOR_AMORT_TYPE] = profile
    inputs[x.SENIOR_COUPON_PCT] = coupon
    inputs[x.SENIOR_TENOR_YEARS] = years
    inputs[x.SENIOR_GRACE_MONTHS] = grace
    inputs[x.RENT_FREE_MONTHS] = rent_free
    limits = _limits()
    net = income.reshape(-1, 1)
    terms = np.zeros((senior.N_TERMS, 1))
    covers = np.zeros((senior.N_COVERS, 1))
    service = np.zeros(net.shape)
    balance = np.zeros(net.shape)
    senior.set_terms(inputs, np.zeros(1, np.int64), 1, net, limits, terms)
    senior.walk(terms, 1, len(income), net, net, limits, service, balance, covers)
    return service[:, 0], balance[:, 0], covers[:, 0]


@settings(max_examples=80, deadline=None)
@given(
    profile=st.sampled_from(PROFILES),
    coupon=st.floats(0.5, 12.0),
    years=st.integers(3, 30),
    grace=st.integers(0, 30),
    rent_free=st.integers(0, 24),
    growth=st.floats(-0.03, 0.05),
)
def test_a_notional_of_one_is_repaid_in_full(
    profile: int, coupon: float, years: int, grace: int, rent_free: int, growth: float
) -> None:
    months = 12 * years
    income = np.array([100.0 * (1 + growth) ** (month // 12) for month in range(480)])
    service, balance, covers = _walk(profile, coupon, years, grace, rent_free, income)
    rate = coupon / 1200.0
    paid = service[:months].copy()
    if profile == x.AMORT_BULLET:
        paid[-1] += 1.0
    present_value = float(np.sum(paid * (1.0 + rate) ** -np.arange(1.0, months + 1.0)))
    assert present_value == pytest.approx(1.0, rel=1e-9)
    assert np.all(service[months:] == 0.0) and np.all(balance[months:] == 0.0)
    tested = slice(rent_free, months)
    assert covers[senior.COVER] == np.min(income[tested] / service[tested])
    principal = -np.diff(np.append(balance[:months], 0.0))
    life = float(np.sum(principal * np.arange(1, months + 1)))
    assert covers[senior.LIFE_MONTHS] == pytest.approx(life, rel=1e-9)


def test_step_down_service_falls_by_thirds() -> None:
    service, _, _ = _walk(x.AMORT_STEP_DOWN, 6.0, 10, 0, 0, np.full(120, 1.0))
    assert service[0] / service[60] == pytest.approx(1.2)
    assert service[119] / service[60] == pytest.approx(0.8)
    assert service[39] == service[0] and service[40] == service[60]


def test_sculpted_service_keeps_one_coverage() -> None:
    income = 100.0 + 30.0 * np.sin(np.arange(120))
    service, _, covers = _walk(x.AMORT_SCULPTED, 6.0, 10, 12, 0, income)
    after_grace = income[12:] / service[12:]
    assert np.ptp(after_grace) <= 1e-9 * after_grace[0]
    assert covers[senior.COVER] == np.min(income / service)


def test_grace_as_long_as_the_tenor_leaves_no_structure() -> None:
    terms = np.zeros((senior.N_TERMS, 1))
    inputs = np.zeros((x.N_INPUTS, 1))
    inputs[x.SENIOR_TENOR_YEARS] = 3.0
    inputs[x.SENIOR_GRACE_MONTHS] = 36.0
    senior.set_terms(inputs, np.zeros(1, np.int64), 1, np.ones((36, 1)), _limits(), terms)
    assert terms[senior.MONTHS, 0] == 0.0


def test_ties_between_covenants_name_dscr_then_ltv() -> None:
    assert senior.size(100.0, 1.0, 0.01, 1.0, 100.0, 100.0, 1.0) == (100.0, 0)
    assert senior.size(100.0, 1.0, 0.02, 1.0, 50.0, 100.0, 1.0) == (50.0, 1)
    assert senior.size(100.0, 1.0, 0.05, 1.0, 50.0, 100.0, 1.0) == (20.0, 2)


def test_no_income_in_a_test_month_means_no_debt() -> None:
    assert senior.size(-3.0, -1.0, 0.01, 1.3, 100.0, np.inf, 0.0) == (0.0, 0)
