"""Are the normal distribution and option prices right to the last digits?"""

import math
from decimal import Decimal, getcontext

import numpy as np
import pytest

from kernels.normal import (
    complementary_error,
    density,
    distribution,
    lognormal_option,
    normal_option,
)
from kernels.numerics import exponential, natural_log

getcontext().prec = 60
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")


def erfc_by_series(value: float) -> Decimal:
    """1 - 2/sqrt(pi) exp(-x^2) sum 2^n x^(2n+1) / (2n+1)!!, in 60 digits; good to |x| = 7."""
    x = Decimal(value)
    term = total = x
    n = 0
    while abs(term) > Decimal(10) ** -58 * abs(total):
        n += 1
        term *= 2 * x * x / (2 * n + 1)
        total += term
    return 1 - 2 / PI.sqrt() * (-x * x).exp() * total


@pytest.mark.parametrize(
    "value", [0.0, 1e-9, 0.3, 0.46875, 0.47, 0.9, 1.7, 2.5, 4.0, 4.001, 5.5, 7]
)
def test_complementary_error_is_its_series(value: float) -> None:
    for x in (value, -value):
        exact = erfc_by_series(x) if x else Decimal(1)
        assert abs(Decimal(complementary_error(x)) / exact - 1) < Decimal("1e-15")


def test_complementary_error_agrees_with_libm_everywhere() -> None:
    grid = np.concatenate([np.linspace(-7, 26, 20_001), np.linspace(0.46, 0.48, 501)])
    ours = np.array([complementary_error(x) for x in grid])
    libm = np.array([math.erfc(x) for x in grid])
    assert np.max(np.abs(ours / libm - 1)) < 2e-15


def test_distribution_is_monotone_symmetric_and_ends_at_0_and_1() -> None:
    grid = np.linspace(-39, 39, 20_001)
    ours = np.array([distribution(d) for d in grid])
    assert (np.diff(ours) >= -1e-16).all()
    other_side = np.array([distribution(-d) for d in grid])
    np.testing.assert_allclose(ours + other_side, 1.0, atol=3e-16, rtol=0)
    assert distribution(0.0) == 0.5
    assert [distribution(-np.inf), distribution(np.inf)] == [0.0, 1.0]
    assert math.isnan(distribution(np.nan))


@pytest.mark.parametrize("deviations", [0.0, 0.1, -1.0, 2.5, -8.0, 30.0])
def test_density_is_the_exponential_of_half_the_square(deviations: float) -> None:
    exact = (-(Decimal(deviations) ** 2) / 2).exp() / (2 * PI).sqrt()
    assert abs(Decimal(density(deviations)) / exact - 1) < Decimal("1e-15") * (
        1 + Decimal(deviations) ** 2
    )
    assert [density(-np.inf), density(41.0)] == [0.0, 0.0]


@pytest.mark.parametrize("value", [1e-300, 0.5, 0.70710678, 1.0, 1.05, math.pi, 1e12])
def test_logarithm_and_exponential_are_exact_to_an_ulp_or_two(value: float) -> None:
    exact = Decimal(value).ln()
    assert abs(Decimal(natural_log(value)) - exact) <= Decimal("5e-16") * max(1, abs(exact))
    small = min(value, 20.0)
    assert abs(Decimal(exponential(-small)) / Decimal(-small).exp() - 1) < Decimal("5e-16")


@pytest.mark.parametrize("stddev", [1e-4, 0.009, 0.03])
@pytest.mark.parametrize("moneyness", [-0.05, -0.0075, 0.0, 0.0075, 0.05])
def test_normal_call_less_put_is_the_forward(moneyness: float, stddev: float) -> None:
    call, put = normal_option(moneyness, stddev), normal_option(-moneyness, stddev)
    assert call - put == pytest.approx(moneyness, abs=1e-17)
    assert min(call, put) >= 0.0


@pytest.mark.parametrize("stddev", [0.0, 0.01, 0.2, 1.5])
@pytest.mark.parametrize("strike", [-0.03, 0.0, 0.05, 0.2])
def test_lognormal_call_less_put_is_the_forward(strike: float, stddev: float) -> None:
    call = lognormal_option(0.04, strike, stddev, 0.03, True)
    put = lognormal_option(0.04, strike, stddev, 0.03, False)
    assert call - put == pytest.approx(0.04 - strike, abs=1e-16)
    assert min(call, put) >= 0.0


def test_options_without_deviation_are_worth_their_intrinsic_value() -> None:
    assert [normal_option(0.01, 0.0), normal_option(-0.01, 0.0)] == [0.01, 0.0]
    assert lognormal_option(0.05, 0.04, 0.0, 0.0, True) == pytest.approx(0.01)
    assert lognormal_option(0.05, 0.04, 0.0, 0.0, False) == 0.0


def test_black_has_no_price_below_its_shift() -> None:
    assert math.isnan(lognormal_option(-0.03, 0.05, 0.2, 0.03, True))
    assert math.isnan(lognormal_option(0.03, -0.05, 0.2, 0.03, False))


def test_option_prices_are_the_integral_of_their_payoff() -> None:
    deviations, step = np.linspace(-12, 12, 200_001, retstep=True)
    weight = np.exp(-(deviations**2) / 2) / math.sqrt(2 * math.pi) * step
    normal = np.maximum(0, 0.04 + 0.009 * deviations - 0.045) @ weight
    assert normal_option(-0.005, 0.009) == pytest.approx(normal, rel=1e-8)
    rate = 0.04 * np.exp(0.2 * deviations - 0.02)
    lognormal = np.maximum(0, 0.045 - rate) @ weight
    assert lognormal_option(0.04, 0.045, 0.2, 0.0, False) == pytest.approx(lognormal, rel=1e-8)
