"""Are powers, roots and annuities exact enough to build on?"""

from decimal import Decimal, getcontext

import pytest

from kernels.numerics import annuity_factor, integer_power, twelfth_root

getcontext().prec = 50


@pytest.mark.parametrize("growth", [0.9, 1.0, 1.05, 1.155, 1.17, 1.4, 2.0])
def test_twelfth_root_is_right_to_the_last_bits(growth: float) -> None:
    exact = Decimal(growth) ** (Decimal(1) / Decimal(12))
    assert abs(Decimal(twelfth_root(growth)) - exact) <= Decimal(2) ** -52 * exact


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 12, 59, 300, 480])
def test_integer_power_matches_decimal_arithmetic(exponent: int) -> None:
    base = 1.0 + 0.055 / 12
    exact = float(Decimal(base) ** exponent)
    assert integer_power(base, exponent) == pytest.approx(exact, rel=1e-14)


def test_annuity_factor_is_the_sum_of_discount_factors() -> None:
    rate = 0.06 / 12
    explicit = sum((1 + rate) ** -month for month in range(1, 181))
    assert annuity_factor(rate, 180) == pytest.approx(explicit, rel=1e-13)
