"""Mezzanine debt: sized on the cash the senior leaves under a coverage target of its own.

    K = min over its test months of N[m] / target - senior service[m]
    Annuity M = K a(j, n),  Bullet M = K / j,  PIKWindow M = K a(j, n-w) (1+j)^-w

with a(j, n) the annuity factor, j = coupon / 1200, w the months in which interest capitalises.
Test months are rent free < m <= n, after the window when there is one. Source: the model's
section 4. Senior service is 0 after senior maturity and never holds the balloon.
"""

import numba
import numpy as np

from kernels import layout as x
from kernels import rules as r
from kernels.numerics import annuity_factor, integer_power

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}

# Terms of one block's rows, (N_TERMS, block) float64.
(
    MONTHS,  # n; 0 when there is no mezzanine
    WINDOW,  # w, months of capitalised interest; 0 without a window
    RATE,  # j, monthly decimal
    PAY,  # level payment per 1 of notional; 0 for a bullet
    BULLET,
    TEST_FROM,  # last month before the tests begin
    NOTIONAL,  # M, money
    COVER,  # least N / (senior + mezz service) over the test months
) = range(8)
N_TERMS = 8


@numba.njit(**_JIT)
def unit_notional(kind, months, window, rate):
    """Notional that a payment capacity of 1 a month carries."""
    if kind == x.MEZZ_BULLET:
        return 1.0 / rate
    if kind == x.MEZZ_PIK:
        return annuity_factor(rate, months - window) / integer_power(1.0 + rate, window)
    return annuity_factor(rate, months)


@numba.njit(**_JIT)
def size(inputs, row, c, net, senior_service, senior, total_cost, limits, terms):
    """Size the mezzanine of `row` and fill column `c` of `terms` (N_TERMS, block).

    net, senior_service (months, block): net income [money] and senior service per 1 of
    notional; senior, total_cost [money]. Returns False when the structure is unsound (the PIK
    window leaves no month to repay).
    """
    for term in range(N_TERMS):
        terms[term, c] = 0.0
    terms[COVER, c] = np.nan
    if inputs[x.MEZZ_ON, row] != 1.0:
        return True
    months = int(12.0 * inputs[x.MEZZ_TENOR_YEARS, row] + 0.5)
    rate = inputs[x.MEZZ_COUPON_PCT, row] / 1200.0
    kind = inputs[x.MEZZ_AMORT_TYPE, row]
    window = int(limits[r.PIK_MONTHS] + 0.5) if kind == x.MEZZ_PIK else 0
    if window >= months:
        return False
    test_from = max(int(inputs[x.RENT_FREE_MONTHS, row] + 0.5), window)
    target = inputs[x.MEZZ_TARGET_DSCR, row]
    capacity = np.inf
    for month in range(test_from + 1, months + 1):
        capacity = min(capacity, net[month - 1, c] / target - senior * senior_service[month - 1, c])
    if test_from >= months:
        return True
    if capacity <= limits[r.MEZZ_MIN_CAPACITY_RATIO] * net[test_from, c]:
        return True
    notional = capacity * unit_notional(kind, months, window, rate)
    most = limits[r.MEZZ_MAX_SHARE_OF_REST] * max(0.0, total_cost - senior)
    notional = min(notional, most)
    if notional < limits[r.MEZZ_MIN_NOTIONAL]:
        return True
    terms[MONTHS, c] = months
    terms[WINDOW, c] = window
    terms[RATE, c] = rate
    terms[TEST_FROM, c] = test_from
    terms[NOTIONAL, c] = notional
    if kind == x.MEZZ_BULLET:
        terms[BULLET, c] = 1.0
    elif kind == x.MEZZ_PIK:
        grown = integer_power(1.0 + rate, window)
        terms[PAY, c] = grown / annuity_factor(rate, months - window)
    else:
        terms[PAY, c] = 1.0 / annuity_factor(rate, months)
    return True


@numba.njit(**_JIT)
def walk(terms, c, net, senior_service, senior, service, balance, interest):
    """Schedule and coverage of the sized mezzanine in column `c` of the block.

    Fills service, balance, interest (months, block) [money]: cash debt service without the
    balloon, balance at the start of the month, interest accrued (capitalised or paid); and
    terms[COVER, c]. Returns the months walked; beyond them nothing is written.
    """
    months = int(terms[MONTHS, c])
    notional = terms[NOTIONAL, c]
    owed = notional
    cover = np.inf
    for month in range(1, months + 1):
        m = month - 1
        accrued = terms[RATE, c] * owed
        balance[m, c] = owed
        interest[m, c] = accrued
        if month <= terms[WINDOW, c]:
            paid = 0.0
            owed += accrued
        elif terms[BULLET, c] == 1.0:
            paid = accrued
        else:
            paid = notional * terms[PAY, c]
            owed -= paid - accrued
        service[m, c] = paid
        if month > terms[TEST_FROM, c]:
            cover = min(cover, net[m, c] / (senior * senior_service[m, c] + paid))
    if months > 0:
        terms[COVER, c] = cover
    return months
