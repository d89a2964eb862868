"""Powers, roots, logarithms, exponentials and annuities out of + - x / only.

libm, NumPy and LLVM return different last bits of `pow`, `exp` and `log` on different processors.
Row figures must not, so every power here is by squaring, the twelfth root by a fixed number of
Newton steps, logarithm and exponential by their series after exact scaling by powers of 2. Rates
are monthly decimals; payments fall at the end of a month.
"""

import math

import numba

# Newton on y**12 = x roughly squares the error each step; from the start below, growth factors of
# 0.9 to 2 (equity targets of -10 % to 100 % a year) are exact to the last bit after six.
_ROOT_STEPS = 8
_LN2_HIGH = 6.93147180369123816490e-01  # ln 2 in two parts, so that k ln 2 loses nothing
_LN2_LOW = 1.90821492927058770002e-10


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def integer_power(base, exponent):
    """`base` [any] to a whole `exponent` >= 0, by squaring."""
    result = 1.0
    while exponent > 0:
        if exponent & 1:
            result *= base
        base *= base
        exponent >>= 1
    return result


@numba.njit(cache=True, nogil=True, error_model="numpy")
def twelfth_root(growth):
    """Monthly growth factor of a yearly one, for `growth` [ratio] > 0."""
    root = 1.0 + (growth - 1.0) / 12.0
    for _ in range(_ROOT_STEPS):
        root -= (root * integer_power(root, 11) - growth) / (12.0 * integer_power(root, 11))
    return root


@numba.njit(cache=True, nogil=True, error_model="numpy")
def natural_log(value):
    """ln of a positive float64 to within an ulp or two, by the series of artanh."""
    fraction, exponent = math.frexp(value)
    if fraction < 0.7071067811865476:
        fraction *= 2.0
        exponent -= 1
    s = (fraction - 1.0) / (fraction + 1.0)
    square = s * s
    total = 0.0
    for odd in range(23, 0, -2):
        total = total * square + 1.0 / odd
    return exponent * _LN2_HIGH + (2.0 * s * total + exponent * _LN2_LOW)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def exponential(value):
    """e to a `value` of at most a few hundred, by its series after taking out powers of 2."""
    doublings = math.floor(value / _LN2_HIGH + 0.5)
    rest = (value - doublings * _LN2_HIGH) - doublings * _LN2_LOW
    total = 1.0
    for order in range(16, 0, -1):
        total = 1.0 + total * rest / order
    return math.ldexp(total, int(doublings))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def annuity_factor(rate, months):
    """Present value of 1 a month for `months`, at `rate` [monthly decimal] > 0."""
    return (1.0 - 1.0 / integer_power(1.0 + rate, months)) / rate
