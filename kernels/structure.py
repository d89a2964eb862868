"""Every figure of a permutation, from its inputs and income: sized, covered, rated, gated, scored.

The rows of a call are worked in blocks of BLOCK structures, each with its twins (kernels.twins):
schedules are walked with the months outside and the block's structures inside, in scratch buffers
that stay in the second-level cache; each structure is rated, then each row covered and tested.
Months count from COD. Nothing is raised: an unsound structure gets STATUS and undefined figures.
"""

import numba
import numpy as np

from kernels import codes, gates, mezzanine, rating, returns, scoring, twins
from kernels import figures as f
from kernels import layout as x
from kernels import rules as r
from kernels import senior as senior_debt
from kernels.currency import fx_rate
from kernels.income import monthly_rent

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}
BLOCK = 64


@numba.njit(**_JIT)
def _project_figures(inputs, row, out):
    """Catalogue figures _09 to _16 and the costs, defined for every row."""
    rent = monthly_rent(inputs, row)
    gross_income = rent * 12.0
    if inputs[x.OPEX_MODE, row] == x.OPEX_PERCENT:
        net_income = gross_income * (1.0 - inputs[x.OPEX, row] / 100.0)
    else:
        net_income = gross_income - inputs[x.OPEX, row] * fx_rate(inputs, row)
    market, internal, total = returns.project_costs(inputs, row)
    out[f.NET_IT_LOAD_MW, row] = inputs[x.GROSS_IT_LOAD_MW, row] / inputs[x.PUE, row]
    out[f.GROSS_INCOME, row] = gross_income
    out[f.NET_INCOME, row] = net_income
    out[f.MARKET_COSTS, row] = market
    out[f.INTERNAL_COSTS, row] = internal
    out[f.DEVELOPER_PROFIT, row] = market - internal
    out[f.DEVELOPER_MARGIN_PCT, row] = 100.0 * (market - internal) / market
    out[f.TOTAL_COST, row] = total


@numba.njit(**_JIT)
def _count_derivatives(inputs, row, out):
    """Overlays that are on."""
    derivatives = inputs[x.ZCIS_5Y_ON, row] + inputs[x.ZCIS_10Y_ON, row] + inputs[x.TRS_ON, row]
    out[f.DERIVATIVES, row] = derivatives + inputs[x.FLOOR_ON, row] + inputs[x.STRIP_ON, row]


@numba.njit(**_JIT)
def _senior_figures(inputs, row, c, terms, covers, out):
    """Sized senior debt and every coverage of it that does not need the mezzanine."""
    market = out[f.MARKET_COSTS, row]
    notional, binding = senior_debt.size(
        covers[senior_debt.COVER, c],
        covers[senior_debt.LEAST_INCOME, c],
        terms[senior_debt.RATE, c],
        inputs[x.SENIOR_TARGET_DSCR, row],
        market,
        inputs[x.MAX_LTV_PCT, row],
        inputs[x.MIN_ICR, row],
    )
    out[f.SENIOR_NOTIONAL, row] = notional
    out[f.BINDING_CONSTRAINT, row] = binding
    out[f.SENIOR_LTV_PCT, row] = 100.0 * notional / market
    peak = notional * covers[senior_debt.PEAK, c]
    out[f.PEAK_BALANCE, row] = peak
    out[f.PEAK_LTV_PCT, row] = 100.0 * peak / market
    if notional <= 0.0:
        out[f.STATUS, row] = codes.NO_DEBT
        return
    test_months = terms[senior_debt.MONTHS, c] - terms[senior_debt.RENT_FREE, c]
    out[f.DSCR_MIN, row] = covers[senior_debt.COVER, c] / notional
    out[f.DSCR_AVG, row] = covers[senior_debt.COVER_SUM, c] / test_months / notional
    out[f.DSCR_TAIL, row] = covers[senior_debt.COVER_TAIL, c] / notional
    out[f.ICR_MIN, row] = covers[senior_debt.INTEREST_COVER, c] / notional
    out[f.SENIOR_WAL, row] = covers[senior_debt.LIFE_MONTHS, c] / 12.0
    out[f.BALLOON_PCT, row] = 100.0 * terms[senior_debt.BULLET, c]
    cpi_0 = covers[senior_debt.COVER_CPI_0, c] / notional
    rate_200 = covers[senior_debt.COVER_RATE, c] / notional
    combined = covers[senior_debt.COVER_COMBINED, c] / notional
    out[f.DSCR_CPI_0, row] = cpi_0
    out[f.DSCR_RATE_200, row] = rate_200
    out[f.DSCR_COMBINED, row] = combined
    worst = min(cpi_0, min(rate_200, combined))
    if covers[senior_debt.COVER_CPI_0_EARLY, c] < np.inf:
        early_cpi_0 = covers[senior_debt.COVER_CPI_0_EARLY, c] / notional
        early_quick = covers[senior_debt.COVER_QUICK_EARLY, c] / notional
        out[f.DSCR_CPI_0_EARLY, row] = early_cpi_0
        out[f.DSCR_RATE_100_EARLY, row] = early_quick
        worst = min(worst, min(early_cpi_0, early_quick))
    out[f.STRESS_DSCR_WORST, row] = worst


@numba.njit(**_JIT)
def _capital_figures(inputs, row, mezz, capacity, out):
    """Equity, cost of capital and coverage of the capital required."""
    senior = out[f.SENIOR_NOTIONAL, row]
    total = out[f.TOTAL_COST, row]
    equity = total - senior - mezz
    out[f.MEZZ_NOTIONAL, row] = mezz
    out[f.EQUITY_NOTIONAL, row] = equity
    cost = senior * inputs[x.SENIOR_COUPON_PCT, row] + mezz * inputs[x.MEZZ_COUPON_PCT, row]
    cost += equity * inputs[x.EQUITY_IRR_TARGET_PCT, row]
    out[f.WACC, row] = cost / total
    required = total + inputs[x.STRUCTURING_FEES, row] * fx_rate(inputs, row)
    required += inputs[x.SENIOR_UPFRONT_FEE_BPS, row] / 10000.0 * senior
    required += inputs[x.MEZZ_UPFRONT_FEE_BPS, row] / 10000.0 * mezz
    out[f.EQUITY_CAPACITY, row] = capacity
    out[f.REQUIRED_CAPITAL, row] = required
    out[f.CAPEX_COVERAGE, row] = (senior + mezz + capacity) / required


@numba.njit(**_JIT)
def _credit_figures(inputs, row, mezz_cover, out, rules):
    """Ratings and repo legs; returns the warnings of what took the rating down."""
    shift = rules[r.MATRIX_SHIFT + int(inputs[x.HAIRCUT_RULE_SET, row])]
    mezz = out[f.MEZZ_NOTIONAL, row]
    senior = out[f.SENIOR_NOTIONAL, row]
    mezz_notch = 0.0
    if mezz > 0.0:
        mezz_rating = rating.mezz_rating(inputs, row, mezz_cover, shift, rules)
        out[f.MEZZ_DSCR_MIN, row] = mezz_cover
        out[f.MEZZ_RATING, row] = mezz_rating
        mezz_notch = rules[r.NOTCH + mezz_rating]
    told = 0
    number = x.UNRATED
    if senior > 0.0:
        matrix, number, concentrated = rating.senior_rating(
            inputs, row, out[f.DSCR_MIN, row], out[f.SENIOR_LTV_PCT, row], rules
        )
        out[f.MATRIX_RATING, row] = matrix
        out[f.SENIOR_RATING, row] = number
        told = gates.take_down(inputs, row, out, concentrated, rules)
        number = int(out[f.SENIOR_RATING, row])
        mean = (senior * rules[r.NOTCH + number] + mezz * mezz_notch) / (senior + mezz)
        out[f.STRUCTURE_RATING, row] = rating.rating_of_mean_notch(mean, rules)
    legs = rating.repo_failed_legs(
        inputs,
        row,
        number,
        out[f.DSCR_MIN, row],
        out[f.SENIOR_WAL, row],
        out[f.SENIOR_LTV_PCT, row],
        rules,
    )
    out[f.REPO_FAILED_LEGS, row] = legs
    eligible = rating.is_repo_eligible(legs, rules)
    out[f.REPO_ELIGIBLE, row] = 1.0 if eligible else 0.0
    if senior > 0.0:
        haircut = rating.repo_haircut_pct(number, inputs[x.SENIOR_TENOR_YEARS, row], rules)
        out[f.REPO_HAIRCUT_PCT, row] = haircut
        if eligible:
            out[f.REPO_CASH, row] = senior * (1.0 - haircut / 100.0)
    return told


@numba.njit(**_JIT)
def _set_complexity(inputs, row, out):
    """Moving parts: derivatives, mezzanine, wrap."""
    wrapped = 1.0 if inputs[x.WRAP_TYPE, row] != x.WRAP_NONE else 0.0
    present = 1.0 if out[f.MEZZ_NOTIONAL, row] > 0.0 else 0.0
    out[f.COMPLEXITY, row] = out[f.DERIVATIVES, row] + present + wrapped


@numba.njit(**_JIT)
def _set_viable(row, out, filters):
    """Whether every hard filter holds; a filter on a figure that is undefined does not."""
    sound = out[f.STATUS, row] != codes.INVALID_STRUCTURE
    viable = sound and scoring.passes_filters(row, out, filters)
    out[f.VIABLE, row] = 1.0 if viable else 0.0


@numba.njit(**_JIT)
def conclude(inputs, row, out, day1, stresses_passed, rules, filters):
    """Composite score, hard filters and tier of column `row` of `out`; `day1` [money]."""
    out[f.COMPOSITE_SCORE, row] = scoring.composite_score(inputs, row, out, day1, rules)
    _set_viable(row, out, filters)
    out[f.TIER, row] = scoring.tier(row, out, day1, stresses_passed, rules)


@numba.njit(**_JIT)
def _verdict(inputs, row, told, out, rules, market, filters):
    """Gates, credit score and hard filters from the figures already in column `row` of `out`."""
    failed = gates.gate_a(inputs, row, out, rules, market) | gates.gate_b(inputs, row, out, rules)
    rejects, warns = gates.split_by_action(failed, rules)
    if out[f.STATUS, row] == codes.INVALID_STRUCTURE:
        rejects, warns = failed, 0  # no rulebook lets null figures through
        out[f.TIER, row] = codes.TIER_NOT_VIABLE
    gate_a_bits = (1 << codes.N_GATE_A_REASONS) - 1
    out[f.GATE_A_FAILED, row] = rejects & gate_a_bits
    out[f.GATE_B_FAILED, row] = rejects & ~gate_a_bits
    warns |= gates.warnings(inputs, row, out, told, rules)
    out[f.WARNINGS, row] = warns
    out[f.GATE_B_SCORE, row] = scoring.gate_b_score(row, out, rules)
    _set_viable(row, out, filters)


@numba.njit(**_JIT)
def evaluate(inputs, curve_of_row, gross, net, net_cpi_0, rules, cash_rules, market, filters, out):
    """Fill `out` (N_FIGURES, rows) for `inputs` (N_INPUTS, rows), both float64.

    What needs the waterfall (day-one value, returns, score, tier) stays NaN; kernels.outcome adds
    it.

    curve_of_row (rows,) int64: the row's column in the income curves gross, net, net_cpi_0
    (months, curves) [project currency/month], which reach at least the longest lease and tenor.
    rules, cash_rules, market: packed arrays of kernels.rules. filters (n, 3): figure, FILTER_*
    code, value.
    """
    rows = inputs.shape[1]
    months = net.shape[0]
    block_gross = np.empty((months, BLOCK))
    block_net = np.empty((months, BLOCK))
    block_cpi_0 = np.empty((months, BLOCK))
    service = np.empty((months, BLOCK))
    balance = np.empty((months, BLOCK))
    mezz_service = np.empty((months, BLOCK))
    mezz_balance = np.empty((months, BLOCK))
    mezz_interest = np.empty((months, BLOCK))
    terms = np.empty((senior_debt.N_TERMS, BLOCK))
    covers = np.empty((senior_debt.N_COVERS, BLOCK))
    mezz_terms = np.empty((mezzanine.N_TERMS, BLOCK))
    starts = np.empty(BLOCK + 1, np.int64)
    capacity = np.empty(twins.N_EQUITY_KEYS)
    out[:] = np.nan
    last = 0
    while last < rows:
        width = twins.take_structures(inputs, last, starts)
        last = starts[width]
        for m in range(months):
            for c in range(width):
                curve = curve_of_row[starts[c]]
                block_gross[m, c] = gross[m, curve]
                block_net[m, c] = net[m, curve]
                block_cpi_0[m, c] = net_cpi_0[m, curve]
        senior_debt.set_terms(inputs, starts, width, block_net, rules, terms)
        senior_debt.walk(
            terms, width, months, block_net, block_cpi_0, rules, service, balance, covers
        )
        for c in range(width):
            first = starts[c]
            out[f.STATUS, first] = codes.OK
            _project_figures(inputs, first, out)
            sound = terms[senior_debt.MONTHS, c] > 0.0
            sound = sound and inputs[x.CPI_FLOOR_PCT, first] <= inputs[x.CPI_CAP_PCT, first]
            if sound:
                _senior_figures(inputs, first, c, terms, covers, out)
                sound = mezzanine.size(
                    inputs, first, c, block_net, service, out[f.SENIOR_NOTIONAL, first],
                    out[f.TOTAL_COST, first], rules, mezz_terms,
                )  # fmt: skip
            if sound:
                mezzanine.walk(
                    mezz_terms, c, block_net, service, out[f.SENIOR_NOTIONAL, first],
                    mezz_service, mezz_balance, mezz_interest,
                )  # fmt: skip
            capacity[:] = np.nan
            told = 0
            for row in range(first, starts[c + 1]):
                if row > first:
                    # what no overlay changes
                    out[: f.DERIVATIVES, row] = out[: f.DERIVATIVES, first]
                    out[f.STATUS, row] = out[f.STATUS, first]
                _count_derivatives(inputs, row, out)
                if sound:
                    key = twins.equity_key(inputs, row)
                    if np.isnan(capacity[key]):
                        capacity[key], cover = returns.equity_capacity(
                            inputs, row, c, block_gross, block_net, out[f.SENIOR_NOTIONAL, row],
                            terms, service, balance, mezz_terms, mezz_service, mezz_balance,
                            mezz_interest, out[f.TOTAL_COST, row], out[f.INTERNAL_COSTS, row],
                            rules[r.TAX_RATE_PCT + int(inputs[x.JURISDICTION, row])], rules,
                            cash_rules,
                        )  # fmt: skip
                        if out[f.SENIOR_NOTIONAL, row] > 0.0:
                            out[f.FCCR_MIN, row] = cover
                    mezz = mezz_terms[mezzanine.NOTIONAL, c]
                    _capital_figures(inputs, row, mezz, capacity[key], out)
                    if row == first:
                        mezz_cover = mezz_terms[mezzanine.COVER, c]
                        told = _credit_figures(inputs, row, mezz_cover, out, rules)
                    _set_complexity(inputs, row, out)
                elif row == first:
                    _make_undefined(row, out)
                _verdict(inputs, row, told, out, rules, market, filters)


@numba.njit(**_JIT)
def _make_undefined(row, out):
    """An unsound structure keeps its catalogue figures only."""
    for figure in range(f.SENIOR_NOTIONAL, f.DERIVATIVES):
        out[figure, row] = np.nan
    out[f.COMPLEXITY, row] = np.nan
    out[f.STATUS, row] = codes.INVALID_STRUCTURE
