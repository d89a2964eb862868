"""The normal distribution, and options on a normal or lognormal rate.

erfc is W. J. Cody's rational approximation in three ranges (Mathematics of Computation 23, 1969),
good to the last few bits; exponential and logarithm are those of kernels.numerics, so that every
processor gives the same bits.

Prices are per unit of annuity (discount factor x accrual), in the unit of the rate. `stddev` is
the standard deviation to expiry: normal volatility x sqrt(years), or lognormal volatility x
sqrt(years). Without any the option is worth its intrinsic value.
"""

import math

import numba
import numpy as np

from kernels.numerics import exponential, natural_log

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}

_SQRT_HALF = 0.7071067811865476
_INV_SQRT_2_PI = 0.3989422804014327
_INV_SQRT_PI = 0.5641895835477563
_MIDDLE_FROM = 0.46875
_TAIL_FROM = 4.0
_NOTHING_FROM = 27.3  # erfc is below the smallest float64

# Numerator and denominator of erf(x)/x in x^2, highest power first.
_ERF_P = (
    1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2,
    3.77485237685302021e2, 3.20937758913846947e3,
)  # fmt: skip
_ERF_Q = (
    1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
    2.84423683343917062e3,
)  # fmt: skip
# Of erfc(x) exp(x^2) in x.
_MIDDLE_P = (
    2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0,
    6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2,
    1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
)  # fmt: skip
_MIDDLE_Q = (
    1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
    1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3,
    3.43936767414372164e3, 1.23033935480374942e3,
)  # fmt: skip
# Of x^2 (1/sqrt(pi) - x erfc(x) exp(x^2)) in 1/x^2.
_TAIL_P = (
    1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
    1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4,
)  # fmt: skip
_TAIL_Q = (
    1.0, 2.56852019228982242e0, 1.87295284992346047e0, 5.27905102951428412e-1,
    6.05183413124413191e-2, 2.33520497626869185e-3,
)  # fmt: skip


@numba.njit(**_JIT)
def _quotient(numerator, denominator, at):
    """Ratio of two polynomials, coefficients highest power first."""
    above = 0.0
    for coefficient in numerator:
        above = above * at + coefficient
    below = 0.0
    for coefficient in denominator:
        below = below * at + coefficient
    return above / below


@numba.njit(**_JIT)
def complementary_error(value):
    """erfc of a float64, to a relative error of a few units in the last place."""
    size = abs(value)
    if size <= _MIDDLE_FROM:
        return 1.0 - value * _quotient(_ERF_P, _ERF_Q, value * value)
    if size >= _NOTHING_FROM:
        return 0.0 if value > 0.0 else 2.0
    if size <= _TAIL_FROM:
        scaled = _quotient(_MIDDLE_P, _MIDDLE_Q, size)
    else:
        inverse = 1.0 / (size * size)
        scaled = _INV_SQRT_PI - inverse * _quotient(_TAIL_P, _TAIL_Q, inverse)
        scaled /= size
    # x^2 in two parts, the first exact, so that the exponent loses no digits
    sixteenths = math.floor(size * 16.0) / 16.0
    rest = (size - sixteenths) * (size + sixteenths)
    tail = exponential(-sixteenths * sixteenths) * exponential(-rest) * scaled
    return tail if value > 0.0 else 2.0 - tail


@numba.njit(**_JIT)
def density(deviations):
    """Standard normal density at `deviations` (standard deviations from the mean)."""
    if abs(deviations) > 40.0:
        return 0.0
    return _INV_SQRT_2_PI * exponential(-0.5 * deviations * deviations)


@numba.njit(**_JIT)
def distribution(deviations):
    """Probability that a standard normal is at most `deviations`."""
    return 0.5 * complementary_error(-deviations * _SQRT_HALF)


@numba.njit(**_JIT)
def normal_option(intrinsic, stddev):
    """Bachelier price of an option on a normal rate.

    `intrinsic` is forward - strike for a call (caplet, payer), strike - forward for a put
    (floorlet, receiver), of either sign; `stddev` >= 0; both in the unit of the rate.
    """
    if stddev <= 0.0:
        return max(0.0, intrinsic)
    deviations = intrinsic / stddev
    price = intrinsic * distribution(deviations) + stddev * density(deviations)
    return max(0.0, price)


@numba.njit(**_JIT)
def lognormal_option(forward, strike, stddev, shift, call):
    """Black price of a call (`call` True) or put on a rate whose `forward` + `shift` is lognormal.

    forward, strike, shift [rate]; stddev >= 0 [ratio]. NaN where the shifted forward is not
    positive or the shifted strike is negative: the model has no price there.
    """
    above = forward + shift
    below = strike + shift
    if not (above > 0.0 and below >= 0.0):
        return np.nan
    sign = 1.0 if call else -1.0
    if stddev <= 0.0 or below == 0.0:
        return max(0.0, sign * (above - below))
    up = natural_log(above / below) / stddev + 0.5 * stddev
    price = above * distribution(sign * up) - below * distribution(sign * (up - stddev))
    return max(0.0, sign * price)
