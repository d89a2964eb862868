"""One scenario of a block's cash: terms and accounts set, the waterfall run, coverage measured.

The life of a structure is `months` months from COD, four more than the longest lease, so that rent
collected late still arrives. Source: the model's sections 5, 8 and 9.
"""

import numba
import numpy as np

from kernels import figures as f
from kernels import layout as x
from kernels import mezz_reserve, mezzanine, quarterly
from kernels import rules as r
from kernels import waterfall as w
from kernels.currency import fx_rate, hedged_share
from kernels.returns import BPS_A_MONTH

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}
BLOCK = w.BLOCK
LATE_MONTHS = w.LATE_MONTHS
TOLERANCE = 1e-9


@numba.njit(**_JIT)
def receipts(inputs, gross, base_gross, cash):
    """Cash received of each income curve, and the working capital that pre-funds its lag.

    inputs (N_INPUTS, curves); gross (months, curves) [money]. Fills cash (months, curves): rent of
    month m comes `CollectionLagDays_67` later, in two parts, and the gap of the base case's first
    months (base_gross) is put in from working capital, whatever the scenario. Returns that working
    capital (curves,) [money].
    """
    months, curves = gross.shape
    working_capital = np.zeros(curves)
    for curve in range(curves):
        lag = inputs[x.COLLECTION_LAG_DAYS, curve]
        whole = int(lag // 30.0)
        part = lag / 30.0 - whole
        rent_free = int(inputs[x.RENT_FREE_MONTHS, curve] + 0.5)
        lease = int(12.0 * inputs[x.LEASE_YEARS, curve] + 0.5)
        funded = min(lease, rent_free + whole + 1) if lag > 0.0 else 0
        for m in range(months):
            on_time = gross[m - whole, curve] if m >= whole else 0.0
            late = gross[m - whole - 1, curve] if m >= whole + 1 else 0.0
            received = (1.0 - part) * on_time + part * late
            if m >= rent_free and m < funded:
                base_on_time = base_gross[m - whole, curve] if m >= whole else 0.0
                base_late = base_gross[m - whole - 1, curve] if m >= whole + 1 else 0.0
                gap = base_gross[m, curve] - ((1.0 - part) * base_on_time + part * base_late)
                working_capital[curve] += gap
                received += gap
            cash[m, curve] = received
    return working_capital


@numba.njit(**_JIT)
def set_terms(inputs, row, slot, c, s, senior_rate, mezz_terms, costs, rules, cash_rules):
    """Fill column `c` of the waterfall's terms for `row` of `inputs` (N_INPUTS, rows).

    senior_rate [monthly decimal]; mezz_terms (N_TERMS, block), of which column `slot`; costs =
    (market, internal, total, first service, trs fee a month) [money].
    """
    b = BLOCK
    market_cost, internal_cost, total_cost, first_service, trs_fee = costs
    bullet = inputs[x.SENIOR_AMORT_TYPE, row] == x.AMORT_BULLET
    wrap = inputs[x.WRAP_TYPE, row]
    premium = inputs[x.WRAP_PREMIUM_BPS, row] * BPS_A_MONTH if wrap != x.WRAP_NONE else 0.0
    lease_months = np.floor(12.0 * inputs[x.LEASE_YEARS, row] + 0.5)
    taxed = inputs[x.TAX_ON, row] == 1.0
    letter = inputs[x.DSRA_LETTER_OF_CREDIT, row] == 1.0
    dsra_months = inputs[x.DSRA_MONTHS, row]
    trap_rule = int(inputs[x.CASH_TRAP_RULE, row])
    switch = inputs[x.AMORT_SWITCH_RULE, row]
    use = inputs[x.EXCESS_SPREAD_USE, row]
    land = inputs[x.LAND_FEES, row] * fx_rate(inputs, row)

    s[w.COUPON * b + c] = senior_rate
    s[w.MATURITY * b + c] = np.floor(12.0 * inputs[x.SENIOR_TENOR_YEARS, row] + 0.5)
    s[w.BALLOON * b + c] = 1.0 if bullet else 0.0
    s[w.SENIOR_FEE * b + c] = inputs[x.SENIOR_ONGOING_FEE_BPS, row] * BPS_A_MONTH + premium
    s[w.WRAP_ON_MEZZ * b + c] = premium if wrap == x.WRAP_WHOLE_STACK else 0.0
    s[w.HEDGE * b + c] = inputs[x.FX_HEDGE_COST_BPS, row] * BPS_A_MONTH * hedged_share(inputs, row)
    s[w.FEES_SHARED * b + c] = inputs[x.FEES_PRIORITY_MODE, row]
    s[w.MEZZ_COUPON * b + c] = mezz_terms[mezzanine.RATE, slot]
    s[w.MEZZ_MATURITY * b + c] = mezz_terms[mezzanine.MONTHS, slot]
    s[w.MEZZ_WINDOW * b + c] = mezz_terms[mezzanine.WINDOW, slot]
    s[w.MEZZ_BALLOON * b + c] = mezz_terms[mezzanine.BULLET, slot]
    s[w.MEZZ_FEE * b + c] = inputs[x.MEZZ_ONGOING_FEE_BPS, row] * BPS_A_MONTH
    pro_rata = inputs[x.INTERCREDITOR_STYLE, row] == x.STYLE_PRO_RATA
    s[w.MEZZ_NEEDS_CURRENT * b + c] = 0.0 if pro_rata else 1.0
    triggered = inputs[x.INTERCREDITOR_STYLE, row] == x.STYLE_OC_TRIGGERED
    s[w.MEZZ_NEEDS_COVER * b + c] = 1.0 if triggered else 0.0
    insured = inputs[x.INSURANCE_TYPE, row] != x.INSURE_CONSTRUCTION
    insurance = inputs[x.INSURANCE_PREMIUM_BPS, row] * BPS_A_MONTH * internal_cost
    s[w.INSURANCE * b + c] = insurance if insured else 0.0
    s[w.MAINTENANCE * b + c] = inputs[x.MAINTENANCE_CAPEX_PCT, row] / 100.0
    s[w.LEASE * b + c] = lease_months
    rate = rules[r.TAX_RATE_PCT + int(inputs[x.JURISDICTION, row])] / 100.0
    s[w.TAX_RATE * b + c] = rate if taxed else 0.0
    s[w.DEPRECIATION * b + c] = (total_cost - land) / lease_months
    reinvested = cash_rules[r.REINVESTMENT_PCT + int(inputs[x.REINVESTMENT_OPTION, row])]
    s[w.REINVESTMENT * b + c] = reinvested / 1200.0
    s[w.DSRA_MONTHS * b + c] = 0.0 if letter else dsra_months
    backed = inputs[x.LIQUIDITY_MONTHS, row] + (dsra_months if letter else 0.0)
    s[w.FACILITY * b + c] = backed * first_service
    s[w.FACILITY_FEE * b + c] = cash_rules[r.LIQUIDITY_FEE_BPS] * BPS_A_MONTH
    s[w.FACILITY_RATE * b + c] = senior_rate
    s[w.RESERVE_FIRST * b + c] = inputs[x.PRIORITY_OF_PAYMENTS, row]
    s[w.TRAP_BELOW * b + c] = inputs[x.TRAP_TRIGGER_DSCR, row]
    turbo = inputs[x.TURBO_TRIGGER_DSCR, row]
    turbo_from = np.inf
    if switch == x.SWITCH_BY_TIME:
        turbo = -np.inf
        turbo_from = 12.0 * cash_rules[r.TURBO_TIME_BASED_YEAR] + 1.0
    s[w.TURBO_BELOW * b + c] = turbo
    s[w.TURBO_FROM * b + c] = turbo_from
    s[w.TRAP_SHARE * b + c] = cash_rules[r.TRAP_SHARE + trap_rule]
    s[w.TRAP_AHEAD_OF_MEZZ * b + c] = 1.0 if trap_rule == x.TRAP_MEZZ else 0.0
    s[w.EXCESS_PAYS_DOWN * b + c] = 1.0 if use == x.EXCESS_PAY_DOWN else 0.0
    clean = cash_rules[r.RELEASE_CLEAN_TESTS]
    s[w.CLEAN_TESTS * b + c] = 1.0 if use == x.EXCESS_TO_EQUITY else clean
    s[w.OC_FLOOR * b + c] = inputs[x.OC_TEST_PCT, row] / 100.0
    s[w.VALUE * b + c] = market_cost
    penalty = inputs[x.PREPAYMENT_PENALTY_PCT, row] / 100.0
    s[w.PENALTY * b + c] = penalty
    s[w.PREPAID_PER_CASH * b + c] = 1.0 / (1.0 + penalty)
    s[w.TRS_FEE * b + c] = trs_fee
    s[w.TRS_MONTHS * b + c] = 12.0 * cash_rules[r.TRS_TERM_YEARS]
    s[w.MEZZ_RESERVE_MONTHS * b + c] = inputs[x.MEZZ_RESERVE_MONTHS, row]
    s[w.PAYMENT_MONTHS * b + c] = quarterly.payment_months(inputs, row)


@numba.njit(**_JIT)
def set_turbo_on_downgrade(inputs, row, c, s, out, rules, cash_rules):
    """RatingDowngrade: turbo under the coverage of a rating some notches below the closing one.

    The row's closing rating is in `out` (N_FIGURES, rows); without debt nothing can turbo.
    """
    closing = out[f.SENIOR_RATING, row]
    if inputs[x.AMORT_SWITCH_RULE, row] != x.SWITCH_ON_DOWNGRADE or np.isnan(closing):
        return
    shift = rules[r.MATRIX_SHIFT + int(inputs[x.HAIRCUT_RULE_SET, row])]
    lowered = max(x.RATING_B, int(closing) - int(cash_rules[r.TURBO_DOWNGRADE_NOTCHES]))
    s[w.TURBO_BELOW * BLOCK + c] = rules[r.MATRIX_DSCR + lowered] + shift


@numba.njit(**_JIT)
def open_accounts(c, s, senior, mezz, dsra, drawn, rent_free_reserve):
    """Set the accounts of column `c` as they stand at COD and clear its totals; all [money]."""
    b = BLOCK
    for slot in range(w.SENIOR_OWED, w.N_SLOTS):
        s[slot * b + c] = 0.0
    s[w.SENIOR_OWED * b + c] = senior
    s[w.MEZZ_OWED * b + c] = mezz
    s[w.DSRA * b + c] = dsra
    s[w.FACILITY_DRAWN * b + c] = drawn
    s[w.RENT_FREE_RESERVE * b + c] = rent_free_reserve
    s[w.COVENANT_MIN * b + c] = np.inf


@numba.njit(**_JIT)
def run(
    s, curve_of_row, rows, cash, gross, net, share, mezz_share, swap, limits, history, flows, tax,
    owed, recorded,
):  # fmt: skip
    """Run the waterfall of a block from COD to the last late receipt.

    s: terms and accounts set, see kernels.waterfall. curve_of_row gives the income curve of the
    block's `rows` (BLOCK,) int64; cash, gross, net (months, curves) [money]; share, mezz_share
    (months, BLOCK) scheduled principal over balance; swap (months, BLOCK) [money to the project];
    limits CashRules.limits; history (2, months + 1, BLOCK) scratch; `recorded` adds up the
    totals in `s`. Fills flows and tax (months, BLOCK) [money], equity's cash and the tax that fell
    due, nought in a month without payment date, and owed (BLOCK,), debt that the last late receipts
    leave, less a mezzanine reserve still held.
    """
    b = BLOCK
    window = int(limits[r.COVENANT_WINDOW_MONTHS])
    interval = int(limits[r.COVENANT_TEST_INTERVAL_MONTHS])
    first_test = limits[r.COVENANT_FIRST_TEST_MONTH]
    first_curve = curve_of_row[rows[0]]
    shared, by_quarter, free = True, False, False
    for c in range(b):
        shared = shared and curve_of_row[rows[c]] == first_curve
        by_quarter = by_quarter or s[w.PAYMENT_MONTHS * b + c] > 1.0
    ends = s[w.LEASE * b : (w.LEASE + 1) * b] + LATE_MONTHS
    calendar = quarterly.opened(s, by_quarter)
    reserved = mezz_reserve.is_asked_for(s)
    history[:, 0, :] = 0.0
    for m in range(flows.shape[0]):
        before = max(0, m + 1 - window)
        if shared:
            cash_now = cash[m, first_curve]
            gross_now = gross[m, first_curve]
            net_now = net[m, first_curve]
            for c in range(b):
                s[w.CASH_IN * b + c] = cash_now
                s[w.COSTS * b + c] = gross_now - net_now
                s[w.NET * b + c] = net_now
                s[w.GROSS * b + c] = gross_now
        else:
            for c in range(b):
                curve = curve_of_row[rows[c]]
                s[w.CASH_IN * b + c] = cash[m, curve]
                s[w.COSTS * b + c] = gross[m, curve] - net[m, curve]
                s[w.NET * b + c] = net[m, curve]
                s[w.GROSS * b + c] = gross[m, curve]
        for c in range(b):
            s[w.SWAP * b + c] = swap[m, c]
        if not free:
            for c in range(b):
                s[w.SENIOR_SHARE * b + c] = share[m, c]
                s[w.MEZZ_SHARE * b + c] = mezz_share[m, c]
            for c in range(b):
                s[w.INCOME_BEFORE * b + c] = history[0, before, c]
                s[w.SERVICE_BEFORE * b + c] = history[1, before, c]
        year_end = 1.0 if (m + 1) % 12 == 0 else 0.0
        test = 1.0 if (m + 1) % interval == 0 else 0.0
        if not by_quarter and (m + 1) % 12 == 1:
            free = free or w.debt_is_gone(s, m + 1.0)
        if by_quarter:
            quarterly.pay_month(s, calendar, m + 1.0, year_end, test, first_test, recorded)
        elif free:
            w.pay_debt_free_month(s, m + 1.0, year_end)
            if recorded:
                w.add_up_debt_free(s, m + 1.0)
        else:
            w.pay_month(s, m + 1.0, year_end, test, first_test, reserved)
            if recorded:
                w.add_up(s, m + 1.0)
        if not free:
            for c in range(b):
                history[0, m + 1, c] = s[w.COVENANT_INCOME * b + c]
                history[1, m + 1, c] = s[w.COVENANT_SERVICE * b + c]
        for c in range(b):
            flows[m, c] = s[w.EQUITY * b + c]
            tax[m, c] = s[w.TAX * b + c]
        for c in range(b):
            if ends[c] == m + 1.0:
                owed[c] = mezz_reserve.settled_at_the_end(s, c)
    if by_quarter:
        quarterly.closed(s, calendar)


# What `coverage` finds of each column, (N_COVERAGE, BLOCK).
LEAST, SUM, COUNTED, WORST_MONTH, UNDER_ONE = range(5)
N_COVERAGE = 5
# Then, in its scratch: the tests' terms and the month's streams.
_NOTIONAL, _AFTER, _LAST, _SERVICE, _INCOME = range(5, 10)
_N_COVER_SLOTS = 10


@numba.njit(**_JIT)
def _cover_month(s, month):
    """Count one month's coverage in every column of `s` where it is a test month."""
    b = BLOCK
    for c in range(BLOCK):
        due = s[_NOTIONAL * b + c] * s[_SERVICE * b + c]
        counts = 1.0 if due > 0.0 else 0.0
        counts = counts if month > s[_AFTER * b + c] else 0.0
        counts = counts if month <= s[_LAST * b + c] else 0.0
        cover = s[_INCOME * b + c] / due
        cover = cover if counts > 0.0 else np.inf
        least = s[LEAST * b + c]
        counted = s[COUNTED * b + c]
        mark = least - TOLERANCE * abs(least) if counted > 0.0 else np.inf
        s[WORST_MONTH * b + c] = month if cover < mark else s[WORST_MONTH * b + c]
        s[LEAST * b + c] = min(least, cover)
        s[SUM * b + c] = s[SUM * b + c] + (cover if counts > 0.0 else 0.0)
        s[COUNTED * b + c] = counted + counts
        under = 1.0 if cover < 1.0 - TOLERANCE else 0.0
        s[UNDER_ONE * b + c] = s[UNDER_ONE * b + c] + under


@numba.njit(**_JIT)
def coverage(net, curve_of_row, rows, service, tests, found):
    """N / service over the test months of a block's columns.

    net (months, curves) [money]; curve_of_row gives the income curve of the block's `rows`
    (BLOCK,) int64; service (months, BLOCK) per 1 of notional; tests (3, BLOCK): senior notional
    [money], last month without a test, maturity. Fills found (N_COVERAGE, BLOCK): least cover
    (+inf where no month counts), sum, months counted, first month of the least, months under 1.0x.
    A month whose service is not positive is passed over.
    """
    b = BLOCK
    s = np.zeros(_N_COVER_SLOTS * BLOCK)
    last = 0.0
    for c in range(BLOCK):
        s[LEAST * b + c] = np.inf
        s[_NOTIONAL * b + c] = tests[0, c]
        s[_AFTER * b + c] = tests[1, c]
        s[_LAST * b + c] = tests[2, c]
        last = max(last, tests[2, c])
    for m in range(int(last)):
        for c in range(BLOCK):
            s[_INCOME * b + c] = net[m, curve_of_row[rows[c]]]
        for c in range(BLOCK):
            s[_SERVICE * b + c] = service[m, c]
        _cover_month(s, m + 1.0)
    for figure in range(N_COVERAGE):
        for c in range(BLOCK):
            found[figure, c] = s[figure * b + c]
