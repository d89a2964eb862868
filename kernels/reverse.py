"""Senior debt the other way round: trial notionals, each with its money schedule, and bisection.

The second path of the model's section 3, held against the closed form of `kernels.senior` on a
sample of every run. It shares no formula with it: a notional is tried by rolling its balance
forward month by month in money, on a payment that comes from the definition of amortisation,

    notional = sum over repayment months j = 1 … k of payment[j] / (1 + i)^j,

with payments in proportion to 1 (annuity), the step weights, or net income (sculpted); the
discount factors are multiplied up and summed. LevelPrincipal repays notional / k a month, Bullet
nothing that is debt service. A notional stands if net income covers the target in every test
month, and LTV and ICR hold. Months count from COD, payments at month end, i = coupon / 1200.
"""

import numba
import numpy as np

from kernels import codes
from kernels import layout as x
from kernels import rules as r
from kernels.currency import fx_rate

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}

# Trials before the search ends at the latest, as the sources have it (with 1,000 units of width).
STEPS = 50

# What `size` finds, (N_FOUND, rows) float64.
STATUS, NOTIONAL, DSCR = range(3)
N_FOUND = 3


@numba.njit(**_JIT)
def _set_shape(profile, start, months, net, column, rules, shape):
    """What payments are in proportion to, into `shape` (months,), from month `start` + 1 on."""
    repaying = months - start
    for j in range(repaying):
        if profile == x.AMORT_SCULPTED:
            shape[start + j] = net[start + j, column]
        elif profile == x.AMORT_STEP_DOWN:
            shape[start + j] = rules[r.STEP_WEIGHT_FIRST + 3 * j // repaying]
        else:
            shape[start + j] = 1.0


@numba.njit(**_JIT)
def _worth(shape, start, months, rate):
    """Value of `shape` at month `start`: the discount factors multiplied up, and summed."""
    step = 1.0 / (1.0 + rate)
    factor = 1.0
    value = 0.0
    for m in range(start, months):
        factor *= step
        value += factor * shape[m]
    return value


@numba.njit(**_JIT)
def _least_dscr(
    notional, floor, profile, rate, start, months, rent_free, net, column, shape, worth
):
    """Least net income over debt service of the test months of a schedule in money.

    Ends at the first month under `floor`, which has then decided the trial.
    """
    owed = notional
    least = np.inf
    growth = 1.0 + rate
    level_principal = notional / (months - start)
    payment_unit = notional / worth
    for m in range(months):
        service = owed * rate
        if m >= start:
            if profile == x.AMORT_LEVEL:
                service += level_principal
            elif profile != x.AMORT_BULLET:
                service = payment_unit * shape[m]
        if m >= rent_free:
            income = net[m, column]
            if income < least * service:
                least = income / service
                if least < floor:
                    return least
        owed = owed * growth - service
    return least


@numba.njit(**_JIT)
def size(inputs, curve_of_row, net, rules, tolerance, claimed, found):
    """Size the senior debt of every row by bisection, and cover the notionals that are claimed.

    inputs (N_INPUTS, rows); curve_of_row (rows,) int64: the row's column in net (months, curves)
    [project currency/month], which reaches the longest tenor; rules: the packed rulebook;
    tolerance [project currency]: width at which the search ends; claimed (rows,) [project
    currency]: notionals whose coverage is asked for.

    Fills found (N_FOUND, rows): STATUS (kernels.codes OK, INVALID_STRUCTURE, NO_DEBT), NOTIONAL
    [project currency], the largest that was tried and stands, 0 if none does, NaN for an invalid
    structure; DSCR [ratio], the least of the claimed notional's own schedule, NaN where that
    notional is not above 0.
    """
    shape = np.zeros(net.shape[0])
    for row in range(inputs.shape[1]):
        column = curve_of_row[row]
        months = round(12.0 * inputs[x.SENIOR_TENOR_YEARS, row])
        rent_free = round(inputs[x.RENT_FREE_MONTHS, row])
        start = round(inputs[x.SENIOR_GRACE_MONTHS, row])
        profile = int(inputs[x.SENIOR_AMORT_TYPE, row])
        rate = inputs[x.SENIOR_COUPON_PCT, row] / 1200.0
        if profile == x.AMORT_SCULPTED:
            start = max(start, rent_free)
        found[NOTIONAL, row] = np.nan
        found[DSCR, row] = np.nan
        if max(start, rent_free) >= months:
            found[STATUS, row] = codes.INVALID_STRUCTURE
            continue
        least_income = np.inf
        tested_income = 0.0
        for m in range(rent_free, months):
            least_income = min(least_income, net[m, column])
            tested_income += net[m, column]
        if not least_income > 0.0:
            found[STATUS, row] = codes.NO_DEBT
            found[NOTIONAL, row] = 0.0
            continue
        _set_shape(profile, start, months, net, column, rules, shape)
        worth = _worth(shape, start, months, rate)
        target = inputs[x.SENIOR_TARGET_DSCR, row]
        market = inputs[x.CAPEX_MARKET_PER_MW, row] * inputs[x.GROSS_IT_LOAD_MW, row]
        market = fx_rate(inputs, row) * (market + inputs[x.LAND_FEES, row])
        low = 0.0
        high = tested_income
        bracketed = False
        for _ in range(STEPS):
            trial = (low + high) / 2.0 if bracketed else high
            stands = not 100.0 * trial > inputs[x.MAX_LTV_PCT, row] * market
            stands = stands and least_income >= inputs[x.MIN_ICR, row] * rate * trial
            stands = stands and target <= _least_dscr(
                trial, target, profile, rate, start, months, rent_free, net, column, shape, worth
            )
            if stands:
                low = trial
                if not bracketed:
                    high = 2.0 * trial
            else:
                high = trial
                bracketed = True
            if bracketed and high - low <= tolerance:
                break
        found[STATUS, row] = codes.OK if low > 0.0 else codes.NO_DEBT
        found[NOTIONAL, row] = low
        if claimed[row] > 0.0:
            found[DSCR, row] = _least_dscr(
                claimed[row],
                -np.inf,
                profile,
                rate,
                start,
                months,
                rent_free,
                net,
                column,
                shape,
                worth,
            )
