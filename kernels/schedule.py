"""Senior schedules of a block of structures, months outside and the block's columns inside.

    interest[m] = i b[m],  service[m] = interest[m] + principal[m],  b[m+1] = b[m] - principal[m]

for a notional of 1, with the payments of kernels.senior. One flat scratch buffer holds terms and
balances, slot after slot of BLOCK columns, so that the compiler runs several columns at once;
nothing in the loop over columns branches. Months count from COD, payments fall at month end.
Source: the model's sections 3 and 9.
"""

import numba
import numpy as np

from kernels import layout as x
from kernels import rules as r
from kernels.senior import level_payment, sculpting_factor
from kernels.waterfall_slots import BLOCK

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}

(
    _RATE,  # monthly decimal
    _LAST,  # month of maturity; 0 for an invalid structure
    _START,  # last month of interest only; +inf for a bullet
    _LEVEL,  # principal a month of a level-principal loan, else 0
    _PAY,  # payment at weight 1
    _SCULPT,  # payment per 1 of net income
    _FIRST_STEP,  # months after the start at which a payment steps down
    _SECOND_STEP,
    _WEIGHT_1,
    _WEIGHT_2,
    _WEIGHT_3,
    _OWED,
    _INCOME,
    _SERVICE,
    _BALANCE,
    _SHARE,
) = range(16)
_N_SLOTS = 16


@numba.njit(**_JIT)
def _set_terms(inputs, row, column, c, net, shift_bps, limits, s):
    """Terms of the loan of `row` in slot column `c`; `column` is its own of net (months, …)."""
    b = BLOCK
    months = int(12.0 * inputs[x.SENIOR_TENOR_YEARS, row] + 0.5)
    start = int(inputs[x.SENIOR_GRACE_MONTHS, row] + 0.5)
    profile = inputs[x.SENIOR_AMORT_TYPE, row]
    if profile == x.AMORT_SCULPTED:
        start = max(start, int(inputs[x.RENT_FREE_MONTHS, row] + 0.5))
    rate = max(0.01, inputs[x.SENIOR_COUPON_PCT, row] + shift_bps / 100.0) / 1200.0
    repaying = months - start
    stepped = profile == x.AMORT_STEP_DOWN
    for slot in range(_N_SLOTS):
        s[slot * b + c] = 0.0
    s[_RATE * b + c] = rate
    s[_OWED * b + c] = 1.0
    if repaying <= 0:
        return
    s[_LAST * b + c] = months
    s[_START * b + c] = np.inf if profile == x.AMORT_BULLET else start
    if profile == x.AMORT_LEVEL:
        s[_LEVEL * b + c] = 1.0 / repaying
    elif profile == x.AMORT_SCULPTED:
        s[_SCULPT * b + c] = sculpting_factor(net, column, start, months, rate)
    elif profile != x.AMORT_BULLET:
        s[_PAY * b + c] = level_payment(rate, repaying, stepped, limits)
    # thirds of the months that repay: the first months j with 3 j < k, then 3 j < 2 k
    s[_FIRST_STEP * b + c] = (repaying + 2) // 3
    s[_SECOND_STEP * b + c] = (2 * repaying + 2) // 3
    s[_WEIGHT_1 * b + c] = limits[r.STEP_WEIGHT_FIRST] if stepped else 1.0
    s[_WEIGHT_2 * b + c] = limits[r.STEP_WEIGHT_SECOND] if stepped else 1.0
    s[_WEIGHT_3 * b + c] = limits[r.STEP_WEIGHT_THIRD] if stepped else 1.0


@numba.njit(**_JIT)
def _walk_month(s, month):
    """Service, balance and share of principal of one month, for every column of `s`."""
    b = BLOCK
    for c in range(BLOCK):
        owed = s[_OWED * b + c]
        start = s[_START * b + c]
        after = month - 1.0 - start
        later = s[_WEIGHT_2 * b + c] if after < s[_SECOND_STEP * b + c] else s[_WEIGHT_3 * b + c]
        weight = s[_WEIGHT_1 * b + c] if after < s[_FIRST_STEP * b + c] else later
        interest = s[_RATE * b + c] * owed
        paid = s[_PAY * b + c] * weight + s[_SCULPT * b + c] * s[_INCOME * b + c]
        level = s[_LEVEL * b + c]
        principal = level if level > 0.0 else paid - interest
        principal = principal if month > start else 0.0
        lives = month <= s[_LAST * b + c]
        s[_SERVICE * b + c] = interest + principal if lives else 0.0
        s[_BALANCE * b + c] = owed if lives else 0.0
        s[_SHARE * b + c] = principal / owed if lives else 0.0
        s[_OWED * b + c] = owed - principal if lives else 1.0


@numba.njit(**_JIT)
def schedule(inputs, rows, net, shift_bps, limits, service, balance, share):
    """Unit schedules of a block at shifted coupons.

    rows (block,) int64: columns of inputs (N_INPUTS, …) that make the block; net (months, block)
    shapes a sculpted profile; shift_bps (block,) moves each coupon, which does not go under 1 bp.
    Fills, all (months, block): service and balance per 1 of notional, 0 after maturity, balance at
    the start of the month; share: scheduled principal over balance, 1 in the last month of an
    amortising profile.
    """
    b = BLOCK
    s = np.zeros(_N_SLOTS * BLOCK)
    for first in range(0, rows.shape[0], BLOCK):
        width = min(BLOCK, rows.shape[0] - first)
        for c in range(width):
            place = first + c
            _set_terms(inputs, rows[place], place, c, net, shift_bps[place], limits, s)
        for m in range(service.shape[0]):
            for c in range(width):
                s[_INCOME * b + c] = net[m, first + c]
            _walk_month(s, m + 1.0)
            for c in range(width):
                service[m, first + c] = s[_SERVICE * b + c]
            for c in range(width):
                balance[m, first + c] = s[_BALANCE * b + c]
            for c in range(width):
                share[m, first + c] = s[_SHARE * b + c]
        for c in range(width):
            last = int(s[_LAST * b + c])
            if last > 0 and s[_START * b + c] < np.inf:
                share[last - 1, first + c] = 1.0
