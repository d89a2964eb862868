"""Powers, roots and annuities out of + - x / only.

libm, NumPy and LLVM return different last bits of `pow`, `exp` and `log` on different processors.
Row figures must not, so every power here is by squaring and the twelfth root by a fixed number of
Newton steps. Rates are monthly decimals; payments fall at the end of a month.
"""

import numba

# Newton on y**12 = x roughly squares the error each step; from the start below, growth factors of
# 0.9 to 2 (equity targets of -10 % to 100 % a year) are exact to the last bit after six.
_ROOT_STEPS = 8


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
def annuity_factor(rate, months):
    """Present value of 1 a month for `months`, at `rate` [monthly decimal] > 0."""
    return (1.0 - 1.0 / integer_power(1.0 + rate, months)) / rate
