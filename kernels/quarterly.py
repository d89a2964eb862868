"""Quarterly payment: three months' cash meets three months' dues in months 3, 6, 9, …

    interest = 3 i x balance at the quarter's start
    principal = [1 - (1 - p1) (1 - p2) (1 - p3)] x the same

with p the scheduled principal of a month over its balance. Receipts, costs, income and settlements
of the quarter are summed, and kernels.waterfall pays them as one month whose rates and charges are
three months' and whose reserves hold a third as many payments. Between payment dates nothing flows
and accounts stand still. A loan or a capitalisation window that ends within a quarter runs to its
payment date; insurance, depreciation and swap fees are charged for the months they cover.

Source: the model's section 8, "quarterly payment on request". Columns of a block may differ in how
often they pay: one that does not pay in a month is set back to what it was before it.
"""

import numba
import numpy as np

from kernels import layout as x
from kernels import mezz_reserve
from kernels import waterfall as w

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}
BLOCK = w.BLOCK
QUARTER = 3.0
_ENDS = (w.MATURITY, w.MEZZ_MATURITY, w.MEZZ_WINDOW, w.TRS_MONTHS)
_A_MONTH = (
    w.COUPON, w.SENIOR_FEE, w.WRAP_ON_MEZZ, w.HEDGE, w.MEZZ_COUPON, w.MEZZ_FEE, w.REINVESTMENT,
    w.FACILITY_FEE, w.FACILITY_RATE,
)  # fmt: skip
_IN_PAYMENTS = (w.DSRA_MONTHS, w.MEZZ_RESERVE_MONTHS)
_SUMMED = (w.CASH_IN, w.COSTS, w.NET, w.GROSS, w.SWAP)
_SHARES = (w.SENIOR_SHARE, w.MEZZ_SHARE)
_FIRST_STREAM, _N_STREAMS = w.CASH_IN, w.SWAP + 1 - w.CASH_IN
_OF_PERIOD, _OF_MONTH = range(2)  # streams
_PAID_TO, _COVERED = range(2)  # last payment date; months that this month's payments cover, or 0


@numba.njit(**_JIT)
def payment_months(inputs, row):
    """Months between payment dates of `row` of `inputs` (N_INPUTS, rows)."""
    return QUARTER if inputs[x.QUARTERLY_PAYMENT, row] == 1.0 else 1.0


@numba.njit(**_JIT)
def payment_date(month, period):
    """First payment date not before `month`, both from COD; dates are `period` months apart."""
    return period * np.ceil(month / period)


@numba.njit(**_JIT)
def opened(s, used):
    """Begin a block's life: puts the ends of quarterly terms in `s` on payment dates.

    Returns the calendar that `pay_month` keeps: monthly terms (slots x BLOCK,), streams of the
    running period and of the month (2, streams, BLOCK), dates (2, BLOCK) and room for a copy of
    `s`; empty arrays where it is not `used`.
    """
    b = BLOCK
    if not used:
        return np.empty(0), np.empty((0, 0, 0)), np.empty((0, 0)), np.empty(0)
    terms = s[: w.FIRST_ACCOUNT * b].copy()
    streams = np.zeros((2, _N_STREAMS, BLOCK))
    for c in range(BLOCK):
        _clear(streams, c)
        period = s[w.PAYMENT_MONTHS * b + c]
        if period > 1.0:
            for slot in _ENDS:
                s[slot * b + c] = payment_date(s[slot * b + c], period)
    return terms, streams, np.zeros((2, BLOCK)), np.empty_like(s)


@numba.njit(**_JIT)
def closed(s, calendar):
    """Put the terms in `s` back as they were before `opened`."""
    terms = calendar[0]
    s[: len(terms)] = terms


@numba.njit(**_JIT)
def _clear(streams, c):
    for slot in _SUMMED:
        streams[_OF_PERIOD, slot - _FIRST_STREAM, c] = 0.0
    for slot in _SHARES:
        streams[_OF_PERIOD, slot - _FIRST_STREAM, c] = 1.0  # what is left of the balance


@numba.njit(**_JIT)
def pay_month(s, calendar, month, year_end, test, first_test_month, recorded):
    """`pay_month` and, if `recorded`, `add_up` of kernels.waterfall, by each column's calendar.

    Arguments as there, the single month's streams in `s`, where they stay; `calendar` as from
    `opened`. A column without a payment date in `month` has nought in every slot of what was due
    and paid.
    """
    b = BLOCK
    terms, streams, dates, before = calendar
    due, waiting = False, False
    for c in range(BLOCK):
        for place in range(_N_STREAMS):
            streams[_OF_MONTH, place, c] = s[(_FIRST_STREAM + place) * b + c]
        dates[_COVERED, c] = _gather(s, c, calendar, month)
        due = due or dates[_COVERED, c] > 0.0
        waiting = waiting or dates[_COVERED, c] == 0.0
    if due:
        if waiting:
            before[:] = s
        w.pay_month(s, month, year_end, test, first_test_month, mezz_reserve.is_asked_for(s))
        if recorded:
            w.add_up(s, month)
    for c in range(BLOCK):
        for place in range(_N_STREAMS):
            s[(_FIRST_STREAM + place) * b + c] = streams[_OF_MONTH, place, c]
        covered = dates[_COVERED, c]
        if covered == 0.0:
            if due:
                for slot in range(w.FIRST_ACCOUNT, w.N_SLOTS):
                    s[slot * b + c] = before[slot * b + c]
            for slot in range(w.FIRST_FLOW, w.FIRST_TOTAL):
                s[slot * b + c] = 0.0
            s[w.COVENANT_DSCR * b + c] = np.nan
        elif recorded and month <= terms[w.LEASE * b + c] + w.LATE_MONTHS:
            # a payment date in trap or turbo counts the months that it pays for
            s[w.TRAP_MONTHS * b + c] += (covered - 1.0) * s[w.TRAP_ON * b + c]
            s[w.TURBO_MONTHS * b + c] += (covered - 1.0) * s[w.TURBO_NOW * b + c]


@numba.njit(**_JIT)
def _gather(s, c, calendar, month):
    """Months that column `c` pays for in `month`, its period's terms and streams put into `s`."""
    b = BLOCK
    terms, streams, dates, _ = calendar
    period = terms[w.PAYMENT_MONTHS * b + c]
    if not period > 1.0:
        return 1.0
    for slot in _SUMMED:
        streams[_OF_PERIOD, slot - _FIRST_STREAM, c] += s[slot * b + c]
    for slot in _SHARES:
        streams[_OF_PERIOD, slot - _FIRST_STREAM, c] *= 1.0 - s[slot * b + c]
    lease = terms[w.LEASE * b + c]
    paid_to = dates[_PAID_TO, c]
    covered = month - paid_to
    # Receipts are 90 days late at most: the last come in month lease + 3, and lease + 4 holds
    # nothing of its own. What a quarter across the life's end would pay later is paid in it.
    ends_early = month == lease + w.LATE_MONTHS and covered > 1.0
    if month % period != 0.0 and not ends_early:
        return 0.0
    for slot in _A_MONTH:
        s[slot * b + c] = covered * terms[slot * b + c]
    for slot in _IN_PAYMENTS:
        s[slot * b + c] = terms[slot * b + c] / covered
    leased = max(0.0, min(month, lease) - paid_to)
    # the kernel's own tests of the lease's end hold in the quarter that it falls in
    s[w.LEASE * b + c] = month if paid_to < lease <= month else lease
    s[w.INSURANCE * b + c] = leased * terms[w.INSURANCE * b + c]
    s[w.DEPRECIATION * b + c] = leased * terms[w.DEPRECIATION * b + c]
    swapped = max(0.0, min(month, terms[w.TRS_MONTHS * b + c]) - paid_to)
    s[w.TRS_FEE * b + c] = swapped * terms[w.TRS_FEE * b + c]
    for slot in _SUMMED:
        s[slot * b + c] = streams[_OF_PERIOD, slot - _FIRST_STREAM, c]
    for slot in _SHARES:
        s[slot * b + c] = 1.0 - streams[_OF_PERIOD, slot - _FIRST_STREAM, c]
    _clear(streams, c)
    dates[_PAID_TO, c] = month
    return covered
