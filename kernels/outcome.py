"""Cash flows of sized structures: day-one value, sources and uses, returns, every scenario.

Works on what kernels.structure has put in `out`. Rows are taken in blocks of BLOCK: schedules at
four rates, the mezzanine's schedule, then the waterfall once for each scenario, and the verdict
with day-one value in it. Source: the model's sections 5, 7, 8 and 9.
"""

import numba
import numpy as np

from kernels import cashflow, codes, dayone, irr, mezzanine, rating, scenarios, structure
from kernels import figures as f
from kernels import income as inc
from kernels import layout as x
from kernels import rules as r
from kernels import senior as senior_debt
from kernels import waterfall as w
from kernels.returns import fx_rate

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}
BLOCK = w.BLOCK
_TABLE = np.array(scenarios.TABLE)


@numba.njit(**_JIT)
def _uses(inputs, row, c, out, net, curve, service, balance, working_capital, sold):
    """Sources and uses of `row`; returns (DSRA funding, rent-free reserve) [money]."""
    senior = out[f.SENIOR_NOTIONAL, row]
    mezz = out[f.MEZZ_NOTIONAL, row]
    construction = inputs[x.CONSTRUCTION_MONTHS, row]
    fees = inputs[x.SENIOR_UPFRONT_FEE_BPS, row] / 10000.0 * senior
    fees += inputs[x.MEZZ_UPFRONT_FEE_BPS, row] / 10000.0 * mezz
    insurance = 0.0
    if inputs[x.INSURANCE_TYPE, row] != x.INSURE_OPERATION:
        insurance = inputs[x.INSURANCE_PREMIUM_BPS, row] / 10000.0 * out[f.INTERNAL_COSTS, row]
        insurance *= construction / 12.0
    dsra = 0.0
    if inputs[x.DSRA_LETTER_OF_CREDIT, row] != 1.0:
        dsra = inputs[x.DSRA_MONTHS, row] * senior * service[0, c]
    idc = 0.0
    if inputs[x.CAPITALISE_INTEREST, row] == 1.0:
        yearly = senior * inputs[x.SENIOR_COUPON_PCT, row] + mezz * inputs[x.MEZZ_COUPON_PCT, row]
        idc = yearly / 100.0 * construction / 12.0 / 2.0
    fee = sold[w.SENIOR_FEE * BLOCK + c]
    reserve = 0.0
    for m in range(int(inputs[x.RENT_FREE_MONTHS, row] + 0.5)):
        needed = senior * service[m, c] + fee * senior * balance[m, c] - net[m, curve]
        reserve += max(0.0, needed)
    uses = out[f.TOTAL_COST, row] + inputs[x.STRUCTURING_FEES, row] * fx_rate(inputs, row)
    uses += fees + insurance + dsra + idc + reserve + working_capital
    out[f.UPFRONT_FEES, row] = fees
    out[f.CONSTRUCTION_INSURANCE, row] = insurance
    out[f.DSRA_FUNDING, row] = dsra
    out[f.INTEREST_DURING_CONSTRUCTION, row] = idc
    out[f.RENT_FREE_RESERVE, row] = reserve
    out[f.WORKING_CAPITAL, row] = working_capital
    out[f.TOTAL_USES, row] = uses
    return dsra, reserve


@numba.njit(**_JIT)
def _void(scenario, column_rows, inputs, width):
    """Whether a scenario's cash is the base case's for every row of the block, bit for bit."""
    if scenario == scenarios.REFINANCE:
        return True
    for c in range(width):
        row = column_rows[c]
        mode = inputs[x.INDEXATION_MODE, row]
        swaps = inputs[x.ZCIS_5Y_ON, row] + inputs[x.ZCIS_10Y_ON, row]
        if scenario == scenarios.FLAT:
            same = mode == x.INDEX_FLAT
        elif scenario == scenarios.INDEXED:
            same = mode == x.INDEX_CPI
        elif scenario >= scenarios.CPI_LOW and scenario <= scenarios.CPI_EXTRA:
            same = mode == x.INDEX_FLAT and swaps == 0.0
        elif scenario == scenarios.CAPEX:
            same = inputs[x.TAX_ON, row] != 1.0
        else:
            same = False
        if not same:
            return False
    return True


@numba.njit(**_JIT)
def _rate_shift_bps(inputs, row, rate, limits):
    """Coupon shift [bps] of a rate scenario."""
    if rate == scenarios.RATE_UP:
        return inputs[x.RATE_SHOCK_BPS, row]
    if rate == scenarios.RATE_DOWN:
        return -inputs[x.RATE_SHOCK_BPS, row]
    return limits[r.STRESS_RATE_BPS] if rate == scenarios.RATE_LONG else 0.0


@numba.njit(**_JIT)
def _set_swap(inputs, row, c, scenario, out, balance, rules, cash_rules, swap):
    """Swap settlements of a scenario into `swap` (months, BLOCK) [money to the project]."""
    limits = cash_rules.limits
    for m in range(swap.shape[0]):
        swap[m, c] = 0.0
    senior = out[f.SENIOR_NOTIONAL, row]
    stressed_cpi = scenario >= scenarios.CPI_LOW and scenario <= scenarios.CPI_EXTRA
    if stressed_cpi or scenario == scenarios.COMBINED:
        income = _TABLE[scenario, 0]
        realised = inc.inflation_path_pct(
            inputs, row, 0, income, limits[r.STRESS_CPI_EXTRA_PCT], rules.limits
        )
        for years, switch in ((5, x.ZCIS_5Y_ON), (10, x.ZCIS_10Y_ON)):
            if inputs[switch, row] == 1.0 and years <= inputs[x.SENIOR_TENOR_YEARS, row]:
                notional = inputs[x.ZCIS_NOTIONAL_PCT, row] / 100.0 * senior
                swap[12 * years - 1, c] += dayone.zcis_settlement(
                    inputs, row, notional, years, realised, rules.limits
                )
    shift = _rate_shift_bps(inputs, row, _TABLE[scenario, 1], rules.limits)
    if inputs[x.FLOOR_ON, row] == 1.0 and shift != 0.0:
        paid = dayone.rate_option_payoff(inputs[x.RATE_OPTION, row], shift, limits)
        months = min(12.0 * inputs[x.SENIOR_TENOR_YEARS, row], 12.0 * limits[r.RATE_OPTION_YEARS])
        for m in range(int(months + 0.5)):
            swap[m, c] += senior * balance[m, c] / 12.0 * paid


@numba.njit(**_JIT)
def _sell_strip(inputs, row, c, flows, tax, limits):
    """Take the sold share of late distributions out of `flows` (months, BLOCK) [money]."""
    if inputs[x.STRIP_ON, row] != 1.0:
        return
    share = limits[r.STRIP_SHARE_PCT] / 100.0
    lease = int(12.0 * inputs[x.LEASE_YEARS, row] + 0.5)
    for m in range(dayone.strip_start(inputs[x.LEASE_YEARS, row], limits), lease):
        flows[m, c] -= share * max(0.0, flows[m, c] + tax[m, c])


@numba.njit(**_JIT)
def _exit_value(inputs, row, net, curve, owed, limits):
    """What equity gets for the project at lease end [money], after `owed` is repaid."""
    lease = int(12.0 * inputs[x.LEASE_YEARS, row] + 0.5)
    income = 0.0
    for m in range(max(0, lease - 12), lease):
        income += net[m, curve]
    value = max(0.0, income) / (limits[r.EXIT_CAP_RATE_PCT] / 100.0)
    return max(0.0, value - owed)


@numba.njit(**_JIT)
def _set_metric(out, scenario, metric, row, value):
    out[f.FIRST_SCENARIO + scenario * scenarios.N_METRICS + metric, row] = value


@numba.njit(**_JIT)
def _coverage_metrics(inputs, row, c, scenario, net, curve, service, out, rules):
    """Coverage figures of a scenario and whether it passes RK-DSCR-002."""
    senior = out[f.SENIOR_NOTIONAL, row]
    if not senior > 0.0:
        return
    rent_free = int(inputs[x.RENT_FREE_MONTHS, row] + 0.5)
    maturity = int(12.0 * inputs[x.SENIOR_TENOR_YEARS, row] + 0.5)
    bullet = inputs[x.SENIOR_AMORT_TYPE, row] == x.AMORT_BULLET
    lease = int(12.0 * inputs[x.LEASE_YEARS, row] + 0.5)
    least, mean, worst, under = cashflow.coverage(
        net, curve, service, c, senior, rent_free, maturity
    )
    if scenario == scenarios.REFINANCE and bullet:
        least, mean, worst, under = _refinanced_cover(
            inputs, row, net, curve, senior, maturity, lease
        )
    if not least < np.inf:
        return
    _set_metric(out, scenario, scenarios.DSCR_MIN, row, least)
    _set_metric(out, scenario, scenarios.DSCR_AVG, row, mean)
    _set_metric(out, scenario, scenarios.WORST_MONTH, row, worst)
    _set_metric(out, scenario, scenarios.MONTHS_UNDER_1, row, under)
    shift = rules.matrix_shift[int(inputs[x.HAIRCUT_RULE_SET, row])]
    number = rating.by_matrix(least, out[f.SENIOR_LTV_PCT, row], shift, rules)
    _set_metric(out, scenario, scenarios.RATING, row, number)
    floor = rules.stress_floor[int(out[f.SENIOR_RATING, row])]
    passed = 1.0 if least >= floor - rating.TOLERANCE else 0.0
    _set_metric(out, scenario, scenarios.PASSED, row, passed)


@numba.njit(**_JIT)
def _refinanced_payment(inputs, row, senior, months):
    """Level payment [money/month] on `senior` refinanced over `months` at the wider spread."""
    wider = inputs[x.SENIOR_COUPON_PCT, row] + inputs[x.REFINANCE_SPREAD_BPS, row] / 100.0
    return senior / structure.annuity_factor(wider / 1200.0, months)


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
def _overrun(inputs, row, out):
    """Cost of the capex stress [money]: land is bought and does not overrun."""
    land = inputs[x.LAND_FEES, row] * fx_rate(inputs, row)
    return inputs[x.CAPEX_OVERRUN_PCT, row] / 100.0 * (out[f.TOTAL_COST, row] - land)


@numba.njit(**_JIT)
def _delay_cost(inputs, row, senior, mezz):
    """Interest [money] of the months that COD is late."""
    yearly = senior * inputs[x.SENIOR_COUPON_PCT, row] + mezz * inputs[x.MEZZ_COUPON_PCT, row]
    return yearly / 100.0 * inputs[x.COD_DELAY_MONTHS, row] / 12.0


@numba.njit(**_JIT)
def _special_passes(inputs, row, scenario, facility, out):
    """Scenarios that pass by reserves, not by coverage: tenant default and COD delay."""
    senior = out[f.SENIOR_NOTIONAL, row]
    if not senior > 0.0:
        return
    if scenario == scenarios.DEFAULT:
        months = inputs[x.DSRA_MONTHS, row] + inputs[x.LIQUIDITY_MONTHS, row]
        held = 1.0 if months >= inputs[x.RECOVERY_LAG_MONTHS, row] else 0.0
        _set_metric(out, scenario, scenarios.PASSED, row, held)
        chance = inputs[x.TENANT_DEFAULT_PCT, row] / 100.0
        first = f.FIRST_SCENARIO + scenario * scenarios.N_METRICS
        weighted = (1.0 - chance) * out[f.DSCR_MIN, row]
        weighted += chance * out[first + scenarios.DSCR_MIN, row]
        out[f.DSCR_DEFAULT_WEIGHTED, row] = weighted
    elif scenario == scenarios.DELAY:
        cost = _delay_cost(inputs, row, senior, out[f.MEZZ_NOTIONAL, row])
        held = 1.0 if out[f.DSRA_FUNDING, row] + facility >= cost else 0.0
        _set_metric(out, scenario, scenarios.PASSED, row, held)
    elif scenario == scenarios.CAPEX:
        funded = out[f.CAPEX_COVERAGE, row] * out[f.REQUIRED_CAPITAL, row]
        required = out[f.REQUIRED_CAPITAL, row] + _overrun(inputs, row, out)
        out[f.CAPEX_COVERAGE_STRESSED, row] = funded / required
    elif scenario == scenarios.REFINANCE:
        bullet = inputs[x.SENIOR_AMORT_TYPE, row] == x.AMORT_BULLET
        if bullet and inputs[x.LEASE_YEARS, row] <= inputs[x.SENIOR_TENOR_YEARS, row]:
            _set_metric(out, scenario, scenarios.PASSED, row, 0.0)


@numba.njit(**_JIT)
def _refinance_flows(inputs, row, c, out, flows):
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
def _base_figures(inputs, row, c, s, flows, tax, balance, out, rules, cash_rules, curves):
    """Day-one value, equity cheque and the base waterfall's totals of `row`."""
    b = BLOCK
    dayone.value(inputs, row, c, balance, flows, tax, out, rules, cash_rules, curves)
    senior = out[f.SENIOR_NOTIONAL, row]
    mezz = out[f.MEZZ_NOTIONAL, row]
    day1 = out[f.DAY1_CASH, row]
    uses = out[f.TOTAL_USES, row]
    funded = senior + mezz + out[f.EQUITY_CAPACITY, row] + day1
    out[f.EQUITY_CHEQUE, row] = uses - senior - mezz - day1
    out[f.CASH_COVERAGE, row] = funded / uses
    out[f.FULL_COVERAGE, row] = funded / out[f.REQUIRED_CAPITAL, row]
    equity = out[f.EQUITY_NOTIONAL, row]
    if equity > 0.0:
        interest = senior * inputs[x.SENIOR_COUPON_PCT, row]
        interest += mezz * inputs[x.MEZZ_COUPON_PCT, row]
        cash_a_year = out[f.NET_INCOME, row] - interest / 100.0
        out[f.EQUITY_CASH_YIELD_PCT, row] = 100.0 * cash_a_year / equity
    if senior > 0.0:
        out[f.EXPECTED_WAL, row] = s[w.PRINCIPAL_MONTHS * b + c] / 12.0 / senior
        if s[w.COVENANT_TESTS * b + c] > 0.0:
            out[f.COVENANT_DSCR_MIN, row] = s[w.COVENANT_MIN * b + c]
            tests = s[w.COVENANT_TESTS * b + c]
            out[f.COVENANT_DSCR_AVG, row] = s[w.COVENANT_SUM * b + c] / tests
    out[f.TRAP_MONTHS, row] = s[w.TRAP_MONTHS * b + c]
    out[f.TURBO_MONTHS, row] = s[w.TURBO_MONTHS * b + c]
    out[f.UNPAID_MAX, row] = s[w.UNPAID_MOST * b + c]
    out[f.EQUITY_PUT_IN, row] = s[w.PUT_IN * b + c]
    out[f.DSRA_DRAWN, row] = s[w.DSRA_DRAWS * b + c]
    out[f.FACILITY_DRAWN, row] = s[w.FACILITY_DRAWS * b + c]


@numba.njit(**_JIT)
def _multiple(row, c, flows, exit_value, put_in, out):
    """What equity gets back over what it puts in, before `flows` holds the exit."""
    outlay = out[f.EQUITY_CHEQUE, row]
    if not outlay > 0.0:
        return
    received = exit_value
    for m in range(flows.shape[0]):
        received += max(0.0, flows[m, c])
    out[f.EQUITY_MULTIPLE, row] = received / (outlay + put_in)


@numba.njit(**_JIT)
def _conclude(inputs, row, out, rules, cash_rules, filters):
    """Stresses, warnings, score and tier with day-one value in them."""
    passed = out[f.SENIOR_NOTIONAL, row] > 0.0
    for scenario in range(scenarios.FIRST_STRESS, scenarios.N_SCENARIOS):
        place = f.FIRST_SCENARIO + scenario * scenarios.N_METRICS + scenarios.PASSED
        passed = passed and out[place, row] == 1.0
    out[f.STRESSES_PASSED, row] = 1.0 if passed else 0.0
    raised = int(out[f.WARNINGS, row]) | dayone.warnings(inputs, row, out)
    full = out[f.FULL_COVERAGE, row] >= rules.limits[r.CAPEX_COVERAGE_FULL] - rating.TOLERANCE
    if full and out[f.CASH_COVERAGE, row] < 1.0 - rating.TOLERANCE:
        raised |= 1 << codes.WARN_RESERVES_UNFUNDED
    out[f.WARNINGS, row] = raised
    structure.conclude(inputs, row, out, out[f.DAY1_CASH, row], passed, rules, filters)


@numba.njit(**_JIT)
def evaluate(
    inputs, curve_of_row, cash, gross, net, capital, rules, cash_rules, curves, market, filters, out
):
    """Complete `out` (N_FIGURES, rows) for `inputs` (N_INPUTS, rows) that kernels.structure sized.

    curve_of_row (rows,) int64: the row's income curve; cash, gross, net (N_INCOMES, months,
    curves) [project currency/month]: receipts, accrued gross and net income under each income of
    kernels.income; capital (N_INCOMES, curves) [money]: working capital; rules, cash_rules,
    curves, market: kernels.rules; filters (n, 3) as for kernels.structure.evaluate.
    """
    rows = inputs.shape[1]
    months = net.shape[1]
    n_rates = scenarios.N_RATES
    service = np.zeros((n_rates, months, BLOCK))
    balance = np.zeros((n_rates, months, BLOCK))
    share = np.zeros((n_rates, months, BLOCK))
    block_net = np.zeros((months, BLOCK))
    mezz_service = np.zeros((months, BLOCK))
    mezz_balance = np.zeros((months, BLOCK))
    mezz_interest = np.zeros((months, BLOCK))
    mezz_share = np.zeros((months, BLOCK))
    mezz_terms = np.zeros((mezzanine.N_TERMS, BLOCK))
    swap = np.zeros((months, BLOCK))
    flows = np.zeros((months, BLOCK))
    tax = np.zeros((months, BLOCK))
    base_flows = np.zeros((months, BLOCK))
    base_tax = np.zeros((months, BLOCK))
    history = np.zeros((2, months + 1, BLOCK))
    s = np.zeros(w.N_SLOTS * BLOCK)
    base_owed = np.zeros(BLOCK)
    owed = np.zeros(BLOCK)
    shift = np.zeros(BLOCK)
    dsra = np.zeros(BLOCK)
    reserve = np.zeros(BLOCK)
    trs_fee = np.zeros(BLOCK)
    delay = np.zeros(BLOCK)
    outlay = np.zeros(BLOCK)
    put_in = np.zeros(BLOCK)
    factor = np.ones(BLOCK)
    base_factor = np.ones(BLOCK)
    rate = np.zeros(BLOCK)
    status = np.zeros(BLOCK)
    column_rows = np.zeros(BLOCK, np.int64)

    for first in range(0, rows, BLOCK):
        width = min(BLOCK, rows - first)
        for c in range(BLOCK):
            # short blocks repeat their last row, so that every column holds sound figures
            column_rows[c] = first + min(c, width - 1)
        for m in range(months):
            for c in range(BLOCK):
                block_net[m, c] = net[inc.AS_IS, m, curve_of_row[column_rows[c]]]
        for k in range(n_rates):
            for c in range(BLOCK):
                shift[c] = _rate_shift_bps(inputs, column_rows[c], k, rules.limits)
            senior_debt.schedule(
                inputs, column_rows, block_net, shift, rules.limits, service[k], balance[k], share[k]
            )
        s[:] = 0.0
        mezz_share[:] = 0.0
        for c in range(BLOCK):
            row = column_rows[c]
            factor[c] = 1.0
            base_factor[c] = 1.0
            if out[f.STATUS, row] == codes.INVALID_STRUCTURE:
                continue
            senior = out[f.SENIOR_NOTIONAL, row]
            total = out[f.TOTAL_COST, row]
            mezzanine.size(
                inputs, row, c, block_net, service[0], senior, total, rules.limits, mezz_terms
            )
            walked = mezzanine.walk(
                mezz_terms, c, block_net, service[0], senior, mezz_service, mezz_balance,
                mezz_interest,
            )  # fmt: skip
            for m in range(int(mezz_terms[mezzanine.WINDOW, c]), walked):
                repaid = mezz_service[m, c] - mezz_interest[m, c]
                mezz_share[m, c] = repaid / mezz_balance[m, c]
            if walked > 0 and mezz_terms[mezzanine.BULLET, c] == 0.0:
                mezz_share[walked - 1, c] = 1.0
            trs_fee[c] = dayone.trs_fee_per_month(
                inputs, row, out[f.EQUITY_NOTIONAL, row], total, cash_rules.limits
            )

        for scenario in range(scenarios.N_SCENARIOS):
            income = _TABLE[scenario, 0]
            k = _TABLE[scenario, 1]
            reuse = scenario != scenarios.BASE and _void(scenario, column_rows, inputs, width)
            for c in range(BLOCK):
                row = column_rows[c]
                if out[f.STATUS, row] == codes.INVALID_STRUCTURE:
                    outlay[c] = 0.0
                    continue
                curve = curve_of_row[row]
                senior = out[f.SENIOR_NOTIONAL, row]
                mezz = out[f.MEZZ_NOTIONAL, row]
                overrun = 0.0
                if scenario == scenarios.CAPEX:
                    overrun = _overrun(inputs, row, out)
                costs = (
                    out[f.MARKET_COSTS, row],
                    out[f.INTERNAL_COSTS, row],
                    out[f.TOTAL_COST, row] + overrun,
                    senior * service[0, 0, c],
                    trs_fee[c],
                )
                coupon = inputs[x.SENIOR_COUPON_PCT, row]
                coupon += _rate_shift_bps(inputs, row, k, rules.limits) / 100.0
                monthly = max(0.01, coupon) / 1200.0
                cashflow.set_terms(
                    inputs, row, c, s, monthly, mezz_terms, costs, rules, cash_rules
                )
                cashflow.set_turbo_on_downgrade(inputs, row, c, s, out, rules, cash_rules)
                if scenario == scenarios.BASE:
                    _uses(
                        inputs, row, c, out, net[inc.AS_IS], curve, service[0], balance[0],
                        capital[inc.AS_IS, curve], s,
                    )  # fmt: skip
                    dsra[c] = out[f.DSRA_FUNDING, row]
                    reserve[c] = out[f.RENT_FREE_RESERVE, row]
                late = 0.0
                if scenario == scenarios.DELAY:
                    late = _delay_cost(inputs, row, senior, mezz)
                held = max(0.0, dsra[c] - late)
                facility = s[w.FACILITY * BLOCK + c]
                drawn = min(facility, max(0.0, late - dsra[c]))
                delay[c] = inputs[x.CONSTRUCTION_MONTHS, row]
                outlay[c] = out[f.EQUITY_CHEQUE, row] + overrun
                if scenario == scenarios.DELAY:
                    delay[c] += inputs[x.COD_DELAY_MONTHS, row]
                    outlay[c] += max(0.0, late - dsra[c] - facility)
                cashflow.open_accounts(c, s, senior, mezz, held, drawn, reserve[c])
                _set_swap(inputs, row, c, scenario, out, balance[0], rules, cash_rules, swap)
            if reuse:
                flows[:] = base_flows
                owed[:] = base_owed
            else:
                cashflow.run(
                    s, curve_of_row, column_rows, cash[income], gross[income], net[income],
                    share[k], mezz_share, swap, cash_rules.limits, history, flows, tax, owed,
                )  # fmt: skip
            if scenario == scenarios.BASE:
                base_tax[:] = tax
                for c in range(width):
                    row = column_rows[c]
                    if out[f.STATUS, row] != codes.INVALID_STRUCTURE:
                        _base_figures(inputs, row, c, s, flows, tax, balance[0], out, rules,
                                      cash_rules, curves)  # fmt: skip
                        outlay[c] = out[f.EQUITY_CHEQUE, row]
                        put_in[c] = out[f.EQUITY_PUT_IN, row]
            for c in range(BLOCK):
                row = column_rows[c]
                if out[f.STATUS, row] != codes.INVALID_STRUCTURE and not reuse:
                    _sell_strip(inputs, row, c, flows, tax, cash_rules.limits)
            if scenario == scenarios.BASE:
                base_flows[:] = flows
                base_owed[:] = owed
            for c in range(width):
                row = column_rows[c]
                if out[f.STATUS, row] == codes.INVALID_STRUCTURE:
                    continue
                curve = curve_of_row[row]
                _coverage_metrics(
                    inputs, row, c, scenario, net[income], curve, service[k], out, rules
                )
                _special_passes(inputs, row, scenario, s[w.FACILITY * BLOCK + c], out)
                if scenario == scenarios.REFINANCE:
                    _refinance_flows(inputs, row, c, out, flows)
                value = _exit_value(inputs, row, net[income], curve, owed[c], rules.limits)
                lease = int(12.0 * inputs[x.LEASE_YEARS, row] + 0.5)
                if scenario == scenarios.BASE:
                    _multiple(row, c, flows, value, put_in[c], out)
                flows[lease - 1, c] += value
                factor[c] = base_factor[c]
            irr.irr_of_outlay(flows, width, months, delay, outlay, factor, rate, status)
            for c in range(width):
                row = column_rows[c]
                if out[f.STATUS, row] == codes.INVALID_STRUCTURE:
                    continue
                yearly = np.nan
                if status[c] == irr.CONVERGED:
                    growth = 1.0 + rate[c]
                    yearly = 100.0 * (structure.integer_power(growth, 12) - 1.0)
                _set_metric(out, scenario, scenarios.EQUITY_IRR, row, yearly)
                if scenario == scenarios.BASE:
                    base_factor[c] = factor[c]
                    out[f.EQUITY_IRR, row] = yearly
                    state = status[c] if outlay[c] > 0.0 else irr.NO_EQUITY
                    out[f.IRR_STATUS, row] = state
        for c in range(width):
            row = column_rows[c]
            if out[f.STATUS, row] != codes.INVALID_STRUCTURE:
                _conclude(inputs, row, out, rules, cash_rules, filters)
