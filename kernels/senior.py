"""Senior debt: unit schedule of each profile, coverage of that schedule, sizing.

Debt service is linear in the notional, so each profile is walked once for a notional of 1:

    u[m] = unit debt service,   b[m] = unit balance at the start of month m
    cover = min over T of N[m] / u[m],   T = {rent free < m <= n}
    S = min(cover / target, max LTV x market cost, min over T of N[m] / (min ICR x i))

and every coverage of the sized debt is the unit coverage over S. Source: the model's sections 3
and 9; months count from COD, payments at month end, i = coupon / 1200. Profiles: Annuity and
StepDown pay c w[j] after grace (w = 1, or 1.2 / 1.0 / 0.8 by thirds); LevelPrincipal repays 1/k a
month; Bullet pays interest and repays at n, which is not debt service; Sculpted pays
N[m] / PVN with PVN = sum N[m] (1+i)^-(m-g'), so the target cancels out of its shape.
"""

import numba
import numpy as np

from kernels import layout as x
from kernels import rules as r
from kernels.numerics import integer_power

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}

# Covenants this close (relative) bind together; the first named in the order DSCR, LTV, ICR wins.
TIE = 1e-12

# Terms of one block's rows, (N_TERMS, block) float64.
(
    MONTHS,  # n, months from COD to maturity; 0 for an invalid structure
    START,  # months of interest only: grace, or max(grace, rent free) when sculpted
    RENT_FREE,
    RATE,  # i, monthly decimal
    LEVEL_PAY,  # payment at weight 1: annuity and step-down
    LEVEL_PRINCIPAL,  # 1/k: level principal
    SCULPT,  # 1/PVN: sculpted
    RATE_LONG,  # i under the long rate shock (RK-DSCR-002), and the payments that go with it
    LEVEL_PAY_LONG,
    SCULPT_LONG,
    RATE_QUICK,  # i under the quick rate shock
    LEVEL_PAY_QUICK,
    SCULPT_QUICK,
    STEPS,  # 1 when the payment steps down by thirds
    BULLET,
) = range(15)
N_TERMS = 15

# What a walk over the unit schedule finds, (N_COVERS, block) float64; all for a notional of 1.
(
    LEAST_INCOME,
    COVER,
    COVER_SUM,
    COVER_TAIL,
    INTEREST_COVER,
    COVER_CPI_0,
    COVER_RATE,
    COVER_COMBINED,
    COVER_CPI_0_EARLY,
    COVER_QUICK_EARLY,
    LIFE_MONTHS,  # sum of principal x month
    PEAK,  # highest balance
) = range(12)
N_COVERS = 12


@numba.njit(**_JIT)
def step_weight(month_after_start, months, limits):
    """Step-down weight of month j = 0 … k-1: thirds of the k repayment months."""
    if 3 * month_after_start < months:
        return limits[r.STEP_WEIGHT_FIRST]
    if 3 * month_after_start < 2 * months:
        return limits[r.STEP_WEIGHT_SECOND]
    return limits[r.STEP_WEIGHT_THIRD]


@numba.njit(**_JIT)
def level_payment(rate, months, stepped, limits):
    """Payment at weight 1 that repays a notional of 1 over `months` at `rate` (monthly)."""
    growth = 1.0 + rate
    at_end = 1.0 / integer_power(growth, months)
    if not stepped:
        return rate / (1.0 - at_end)
    first = (months + 2) // 3
    second = (2 * months + 2) // 3
    after_first = 1.0 / integer_power(growth, first)
    after_second = 1.0 / integer_power(growth, second)
    weighted = limits[r.STEP_WEIGHT_FIRST] * (1.0 - after_first)
    weighted += limits[r.STEP_WEIGHT_SECOND] * (after_first - after_second)
    weighted += limits[r.STEP_WEIGHT_THIRD] * (after_second - at_end)
    return rate / weighted


@numba.njit(**_JIT)
def sculpting_factor(net, column, start, months, rate):
    """1 / PV at month `start` of net income in months start+1 … `months`; 0 if that is not > 0."""
    value = 0.0
    discount = 1.0
    step = 1.0 / (1.0 + rate)
    for month in range(start + 1, months + 1):
        discount *= step
        value += net[month - 1, column] * discount
    return 1.0 / value if value > 0.0 else 0.0


@numba.njit(**_JIT)
def set_terms(inputs, rows, width, net, limits, terms):
    """Fill `terms` (N_TERMS, block) for the first `width` of `rows` (block,) int64.

    inputs (N_INPUTS, …) has `rows` among its columns; net (months, block) is the block's net
    income. A row whose grace or sculpting start leaves no month to repay gets MONTHS = 0.
    """
    for c in range(width):
        row = rows[c]
        months = int(12.0 * inputs[x.SENIOR_TENOR_YEARS, row] + 0.5)
        start = int(inputs[x.SENIOR_GRACE_MONTHS, row] + 0.5)
        rent_free = int(inputs[x.RENT_FREE_MONTHS, row] + 0.5)
        profile = inputs[x.SENIOR_AMORT_TYPE, row]
        if profile == x.AMORT_SCULPTED:
            start = max(start, rent_free)
        if start >= months or rent_free >= months:
            months = 0
        coupon = inputs[x.SENIOR_COUPON_PCT, row]
        terms[MONTHS, c] = months
        terms[START, c] = start
        terms[RENT_FREE, c] = rent_free
        terms[RATE, c] = coupon / 1200.0
        terms[RATE_LONG, c] = (coupon + limits[r.STRESS_RATE_BPS] / 100.0) / 1200.0
        terms[RATE_QUICK, c] = (coupon + limits[r.QUICK_STRESS_RATE_BPS] / 100.0) / 1200.0
        terms[STEPS, c] = 1.0 if profile == x.AMORT_STEP_DOWN else 0.0
        terms[BULLET, c] = 1.0 if profile == x.AMORT_BULLET else 0.0
        level = profile == x.AMORT_LEVEL and months > 0
        terms[LEVEL_PRINCIPAL, c] = 1.0 / (months - start) if level else 0.0
        pays = (profile == x.AMORT_ANNUITY or profile == x.AMORT_STEP_DOWN) and months > 0
        sculpts = profile == x.AMORT_SCULPTED and months > 0
        for rate, pay, sculpt in (
            (RATE, LEVEL_PAY, SCULPT),
            (RATE_LONG, LEVEL_PAY_LONG, SCULPT_LONG),
            (RATE_QUICK, LEVEL_PAY_QUICK, SCULPT_QUICK),
        ):
            terms[pay, c] = 0.0
            terms[sculpt, c] = 0.0
            if pays:
                terms[pay, c] = level_payment(
                    terms[rate, c], months - start, profile == x.AMORT_STEP_DOWN, limits
                )
            if sculpts:
                terms[sculpt, c] = sculpting_factor(net, c, start, months, terms[rate, c])


@numba.njit(**_JIT)
def walk(terms, width, reach, net, net_cpi_0, limits, service, balance, covers):
    """Walk the unit schedules of a block month by month.

    terms (N_TERMS, block) of which `width` rows are in use; `reach` months are walked, at least
    the longest tenor; net, net_cpi_0 (months, block) [money/month]. Fills service, balance
    (months, block) [per 1 of notional; 0 after maturity; balance at the start of the month] and
    covers (N_COVERS, block).
    """
    for c in range(width):
        covers[LEAST_INCOME : COVER_QUICK_EARLY + 1, c] = np.inf
        covers[COVER_SUM, c] = 0.0
        covers[LIFE_MONTHS, c] = 0.0
        covers[PEAK, c] = 1.0
    early_months = 12.0 * limits[r.QUICK_STRESS_YEARS]
    tail_months = 12.0 * limits[r.TAIL_YEARS]
    owed = np.ones(width)
    for month in range(1, reach + 1):
        m = month - 1
        for c in range(width):
            months = terms[MONTHS, c]
            if month > months:
                service[m, c] = 0.0
                balance[m, c] = 0.0
                continue
            start = terms[START, c]
            income = net[m, c]
            opening = owed[c]
            interest = terms[RATE, c] * opening
            paid = interest
            paid_long = terms[RATE_LONG, c] * opening
            paid_quick = terms[RATE_QUICK, c] * opening
            if month > start and terms[BULLET, c] == 0.0:
                weight = 1.0
                if terms[STEPS, c] == 1.0:
                    weight = step_weight(month - 1 - start, months - start, limits)
                principal = terms[LEVEL_PRINCIPAL, c]
                if principal > 0.0:
                    paid += principal
                    paid_long += principal
                    paid_quick += principal
                else:
                    paid = terms[LEVEL_PAY, c] * weight + terms[SCULPT, c] * income
                    paid_long = terms[LEVEL_PAY_LONG, c] * weight + terms[SCULPT_LONG, c] * income
                    paid_quick = (
                        terms[LEVEL_PAY_QUICK, c] * weight + terms[SCULPT_QUICK, c] * income
                    )
            repaid = paid - interest
            service[m, c] = paid
            balance[m, c] = opening
            closing = opening - repaid
            owed[c] = closing
            covers[PEAK, c] = max(covers[PEAK, c], closing)
            covers[LIFE_MONTHS, c] += (repaid if month < months else opening) * month
            if month <= terms[RENT_FREE, c]:
                continue
            unindexed = net_cpi_0[m, c]
            cover = income / paid
            cover_cpi_0 = unindexed / paid
            covers[LEAST_INCOME, c] = min(covers[LEAST_INCOME, c], income)
            covers[COVER, c] = min(covers[COVER, c], cover)
            covers[COVER_SUM, c] += cover
            covers[INTEREST_COVER, c] = min(covers[INTEREST_COVER, c], income / interest)
            covers[COVER_CPI_0, c] = min(covers[COVER_CPI_0, c], cover_cpi_0)
            covers[COVER_RATE, c] = min(covers[COVER_RATE, c], income / paid_long)
            covers[COVER_COMBINED, c] = min(covers[COVER_COMBINED, c], unindexed / paid_long)
            if month > months - tail_months:
                covers[COVER_TAIL, c] = min(covers[COVER_TAIL, c], cover)
            if month <= early_months:
                covers[COVER_CPI_0_EARLY, c] = min(covers[COVER_CPI_0_EARLY, c], cover_cpi_0)
                covers[COVER_QUICK_EARLY, c] = min(
                    covers[COVER_QUICK_EARLY, c], income / paid_quick
                )


@numba.njit(**_JIT)
def size(cover, least_income, rate, target, market_cost, max_ltv_pct, min_icr):
    """Largest notional that every covenant lets, and which one binds (ties: DSCR, LTV, ICR).

    cover, least_income [money]: unit cover and least net income over the test months; rate
    [monthly decimal]; max_ltv_pct [%] +inf for none; min_icr [x] 0 for none. Returns
    (notional [money] >= 0, 0 DSCR | 1 LTV | 2 ICR). No income in a test month means no debt.
    """
    if not least_income > 0.0:
        return 0.0, 0
    notional = cover / target
    binding = 0
    if max_ltv_pct < np.inf:
        by_ltv = max_ltv_pct / 100.0 * market_cost
        if by_ltv < notional * (1.0 - TIE):
            notional = by_ltv
            binding = 1
    if min_icr > 0.0:
        by_icr = least_income / (min_icr * rate)
        if by_icr < notional * (1.0 - TIE):
            notional = by_icr
            binding = 2
    return max(0.0, notional), binding
