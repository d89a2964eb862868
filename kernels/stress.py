"""Stresses: what each changes, and what is reported of it.

Source: the model's section 9. Senior and mezzanine are held; coverage is the sizing coverage with
the scenario's income and debt service, returns come from the scenario's waterfall. Figures are
those of column `row` of `out` (N_FIGURES, rows), block arrays are (months, block).
"""

import numba
import numpy as np

from kernels import cashflow, dayone, rating, scenarios, twins
from kernels import figures as f
from kernels import income as inc
from kernels import layout as x
from kernels import rules as r
from kernels.currency import fx_rate
from kernels.numerics import annuity_factor, integer_power

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}
_TABLE = np.array(scenarios.TABLE)


@numba.njit(**_JIT)
def has_base_coverage(inputs, row, scenario):
    """Whether a scenario's coverage is the base case's for `row`, bit for bit."""
    if scenario in (scenarios.CAPEX, scenarios.DELAY):
        return True
    if scenario == scenarios.REFINANCE:
        return inputs[x.SENIOR_AMORT_TYPE, row] != x.AMORT_BULLET
    mode = inputs[x.INDEXATION_MODE, row]
    if scenario == scenarios.INDEXED:
        return mode == x.INDEX_CPI
    of_inflation = scenario >= scenarios.CPI_LOW and scenario <= scenarios.CPI_EXTRA
    return (scenario == scenarios.FLAT or of_inflation) and mode == x.INDEX_FLAT


@numba.njit(**_JIT)
def has_base_cash(inputs, row, scenario):
    """Whether a scenario's waterfall is the base case's for `row`, bit for bit."""
    if scenario == scenarios.REFINANCE:
        return True  # its flows are made from the base case's
    if scenario == scenarios.CAPEX:
        return inputs[x.TAX_ON, row] != 1.0
    if scenario == scenarios.DELAY or not has_base_coverage(inputs, row, scenario):
        return False
    of_inflation = scenario >= scenarios.CPI_LOW and scenario <= scenarios.CPI_EXTRA
    swaps = inputs[x.ZCIS_5Y_ON, row] + inputs[x.ZCIS_10Y_ON, row]
    return not of_inflation or swaps == 0.0


@numba.njit(**_JIT)
def has_base_return(inputs, row, scenario):
    """Whether equity's flows and outlay, too, are the base case's for `row`, bit for bit."""
    if scenario == scenarios.REFINANCE:
        return inputs[x.SENIOR_AMORT_TYPE, row] != x.AMORT_BULLET
    return scenario != scenarios.CAPEX and has_base_cash(inputs, row, scenario)


@numba.njit(**_JIT)
def rate_shift_bps(inputs, row, rate, limits):
    """Coupon shift [bps] of a rate scenario."""
    if rate == scenarios.RATE_UP:
        return inputs[x.RATE_SHOCK_BPS, row]
    if rate == scenarios.RATE_DOWN:
        return -inputs[x.RATE_SHOCK_BPS, row]
    return limits[r.STRESS_RATE_BPS] if rate == scenarios.RATE_LONG else 0.0


@numba.njit(**_JIT)
def overrun(inputs, row, out):
    """Cost of the capex stress [money]: land is bought and does not overrun."""
    land = inputs[x.LAND_FEES, row] * fx_rate(inputs, row)
    return inputs[x.CAPEX_OVERRUN_PCT, row] / 100.0 * (out[f.TOTAL_COST, row] - land)


@numba.njit(**_JIT)
def delay_cost(inputs, row, out):
    """Interest [money] of the months that COD is late."""
    senior = out[f.SENIOR_NOTIONAL, row]
    mezz = out[f.MEZZ_NOTIONAL, row]
    yearly = senior * inputs[x.SENIOR_COUPON_PCT, row] + mezz * inputs[x.MEZZ_COUPON_PCT, row]
    return yearly / 100.0 * inputs[x.COD_DELAY_MONTHS, row] / 12.0


@numba.njit(**_JIT)
def set_metric(out, scenario, metric, row, value):
    """Put `value` into a scenario's figure `metric` (kernels.scenarios) of `row`."""
    out[f.FIRST_SCENARIO + scenario * scenarios.N_METRICS + metric, row] = value


@numba.njit(**_JIT)
def set_coverage(inputs, row, c, scenario, net, curve, found, out, rules):
    """Coverage figures of a scenario and whether it passes RK-DSCR-002."""
    senior = out[f.SENIOR_NOTIONAL, row]
    if not senior > 0.0:
        return
    if scenario != scenarios.BASE and has_base_coverage(inputs, row, scenario):
        first = f.FIRST_SCENARIO + scenario * scenarios.N_METRICS
        for metric in range(scenarios.N_METRICS):
            if metric != scenarios.EQUITY_IRR:
                out[first + metric, row] = out[f.FIRST_SCENARIO + metric, row]
        return
    least = found[cashflow.LEAST, c]
    mean = found[cashflow.SUM, c] / found[cashflow.COUNTED, c]
    worst = found[cashflow.WORST_MONTH, c]
    under = found[cashflow.UNDER_ONE, c]
    if scenario == scenarios.REFINANCE and inputs[x.SENIOR_AMORT_TYPE, row] == x.AMORT_BULLET:
        maturity = int(12.0 * inputs[x.SENIOR_TENOR_YEARS, row] + 0.5)
        lease = int(12.0 * inputs[x.LEASE_YEARS, row] + 0.5)
        least, mean, worst, under = _refinanced_cover(
            inputs, row, net, curve, senior, maturity, lease
        )
    if not least < np.inf:
        return
    set_metric(out, scenario, scenarios.DSCR_MIN, row, least)
    set_metric(out, scenario, scenarios.DSCR_AVG, row, mean)
    set_metric(out, scenario, scenarios.WORST_MONTH, row, worst)
    set_metric(out, scenario, scenarios.MONTHS_UNDER_1, row, under)
    shift = rules[r.MATRIX_SHIFT + int(inputs[x.HAIRCUT_RULE_SET, row])]
    number = rating.by_matrix(least, out[f.SENIOR_LTV_PCT, row], shift, rules)
    set_metric(out, scenario, scenarios.RATING, row, number)
    floor = rules[r.STRESS_FLOOR + int(out[f.SENIOR_RATING, row])]
    passed = 1.0 if least >= floor - rating.TOLERANCE else 0.0
    set_metric(out, scenario, scenarios.PASSED, row, passed)


@numba.njit(**_JIT)
def _refinanced_payment(inputs, row, senior, months):
    """Level payment [money/month] on `senior` refinanced over `months` at the wider spread."""
    wider = inputs[x.SENIOR_COUPON_PCT, row] + inputs[x.REFINANCE_SPREAD_BPS, row] / 100.0
    return senior / annuity_factor(wider / 1200.0, months)


@numba.njit(**_JIT)
def _refinanced_cover(inputs, row, net, curve, senior, maturity, lease):
    """Coverage of a balloon refinanced over the rest of the lease; +inf where none is left."""
    if lease <= maturity:
        return np.inf, np.nan, 0, 0
    payment = _refinanced_payment(inputs, row, senior, lease - maturity)
    least = np.inf
    total = 0.0
    worst = 0
    under = 0
    for month in range(maturity + 1, lease + 1):
        cover = net[month - 1, curve] / payment
        total += cover
        if cover < least:
            least = cover
            worst = month
        if cover < 1.0 - rating.TOLERANCE:
            under += 1
    return least, total / (lease - maturity), worst, under


@numba.njit(**_JIT)
def set_special_passes(inputs, row, scenario, facility, out):
    """Scenarios that pass by reserves, not by coverage: tenant default and COD delay."""
    senior = out[f.SENIOR_NOTIONAL, row]
    if not senior > 0.0:
        return
    if scenario == scenarios.DEFAULT:
        months = inputs[x.DSRA_MONTHS, row] + inputs[x.LIQUIDITY_MONTHS, row]
        held = 1.0 if months >= inputs[x.RECOVERY_LAG_MONTHS, row] else 0.0
        set_metric(out, scenario, scenarios.PASSED, row, held)
        chance = inputs[x.TENANT_DEFAULT_PCT, row] / 100.0
        first = f.FIRST_SCENARIO + scenario * scenarios.N_METRICS
        weighted = (1.0 - chance) * out[f.DSCR_MIN, row]
        weighted += chance * out[first + scenarios.DSCR_MIN, row]
        out[f.DSCR_DEFAULT_WEIGHTED, row] = weighted
    elif scenario == scenarios.DELAY:
        cost = delay_cost(inputs, row, out)
        held = 1.0 if out[f.DSRA_FUNDING, row] + facility >= cost else 0.0
        set_metric(out, scenario, scenarios.PASSED, row, held)
    elif scenario == scenarios.CAPEX:
        funded = out[f.CAPEX_COVERAGE, row] * out[f.REQUIRED_CAPITAL, row]
        required = out[f.REQUIRED_CAPITAL, row] + overrun(inputs, row, out)
        out[f.CAPEX_COVERAGE_STRESSED, row] = funded / required
    elif scenario == scenarios.REFINANCE:
        bullet = inputs[x.SENIOR_AMORT_TYPE, row] == x.AMORT_BULLET
        if bullet and inputs[x.LEASE_YEARS, row] <= inputs[x.SENIOR_TENOR_YEARS, row]:
            set_metric(out, scenario, scenarios.PASSED, row, 0.0)


@numba.njit(**_JIT)
def refinance_flows(inputs, row, c, out, flows):
    """Turn the base flows of a balloon into those of its refinancing over the rest of the lease."""
    if inputs[x.SENIOR_AMORT_TYPE, row] != x.AMORT_BULLET:
        return
    maturity = int(12.0 * inputs[x.SENIOR_TENOR_YEARS, row] + 0.5)
    lease = int(12.0 * inputs[x.LEASE_YEARS, row] + 0.5)
    senior = out[f.SENIOR_NOTIONAL, row]
    if lease <= maturity or not senior > 0.0:
        return
    payment = _refinanced_payment(inputs, row, senior, lease - maturity)
    flows[maturity - 1, c] += senior
    for m in range(maturity, lease):
        flows[m, c] -= payment


@numba.njit(**_JIT)
def set_swap(inputs, row, slot, c, scenario, out, balance, rules, cash_rules, swap):
    """Add a scenario's swap settlements to column `c` of `swap` (months, block) [money].

    Positive to the project; `slot` is the row's column of balance (months, block). Returns whether
    there are any.
    """
    settles = False
    senior = out[f.SENIOR_NOTIONAL, row]
    if twins.settles_inflation(scenario):
        income = _TABLE[scenario, 0]
        realised = inc.inflation_path_pct(
            inputs, row, 0, income, cash_rules[r.STRESS_CPI_EXTRA_PCT], rules
        )
        for years, switch in ((5, x.ZCIS_5Y_ON), (10, x.ZCIS_10Y_ON)):
            idle = dayone.is_idle(years, inputs[x.SENIOR_TENOR_YEARS, row])
            if inputs[switch, row] == 1.0 and not idle:
                notional = dayone.zcis_notional(inputs, row, senior)
                struck = dayone.expected_growth(inputs, row, years, rules)
                growth = integer_power(1.0 + realised / 100.0, years)
                settles = True
                swap[12 * years - 1, c] += dayone.zcis_settlement(notional, growth, struck)
    shift = rate_shift_bps(inputs, row, _TABLE[scenario, 1], rules)
    if inputs[x.FLOOR_ON, row] == 1.0 and shift != 0.0:
        settled = dayone.rate_option_settlement(inputs[x.RATE_OPTION, row], shift, cash_rules)
        maturity = 12.0 * inputs[x.SENIOR_TENOR_YEARS, row]
        if settled != 0.0:
            settles = True
            for m in range(dayone.rate_option_months(maturity, cash_rules)):
                swap[m, c] += senior * balance[m, slot] * settled
    return settles
