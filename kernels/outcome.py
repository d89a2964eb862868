"""Cash flows of sized structures: day-one value, sources and uses, returns, every scenario.

Works on what kernels.structure has put in `out`. Rows are taken in blocks of BLOCK: schedules at
four rates, the mezzanine's schedule, then the waterfall once for each scenario, and the verdict
with day-one value in it. Source: the model's sections 5, 7, 8 and 9.
"""

import numba
import numpy as np

from kernels import cashflow, closing, codes, dayone, irr, mezzanine, scenarios, stress, structure
from kernels import figures as f
from kernels import income as inc
from kernels import layout as x
from kernels import rules as r
from kernels import senior as senior_debt
from kernels import waterfall as w
from kernels.numerics import integer_power

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}
BLOCK = w.BLOCK
_TABLE = np.array(scenarios.TABLE)


@numba.njit(**_JIT)
def _conclude(inputs, row, out, rules, cash_rules, filters):
    """Stresses, warnings, score and tier with day-one value in them."""
    passed = out[f.SENIOR_NOTIONAL, row] > 0.0
    for scenario in range(scenarios.FIRST_STRESS, scenarios.N_SCENARIOS):
        place = f.FIRST_SCENARIO + scenario * scenarios.N_METRICS + scenarios.PASSED
        passed = passed and out[place, row] == 1.0
    out[f.STRESSES_PASSED, row] = 1.0 if passed else 0.0
    raised = int(out[f.WARNINGS, row]) | dayone.reserves_warning(
        out[f.FULL_COVERAGE, row],
        out[f.CASH_COVERAGE, row],
        rules[r.CAPEX_COVERAGE_FULL],
    )
    if out[f.SENIOR_NOTIONAL, row] > 0.0:
        raised |= dayone.overlay_warnings(inputs, row, cash_rules)
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
    known = np.zeros(BLOCK, np.bool_)
    tests = np.zeros((3, BLOCK))
    found = np.zeros((cashflow.N_COVERAGE, BLOCK))

    settles = False

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
                shift[c] = stress.rate_shift_bps(inputs, column_rows[c], k, rules)
            senior_debt.schedule(
                inputs,
                column_rows,
                block_net,
                shift,
                rules,
                service[k],
                balance[k],
                share[k],
            )
        s[:] = 0.0
        mezz_share[:] = 0.0
        for c in range(BLOCK):
            row = column_rows[c]
            tests[2, c] = 0.0
            factor[c] = 1.0
            base_factor[c] = 1.0
            if out[f.STATUS, row] == codes.INVALID_STRUCTURE:
                continue
            senior = out[f.SENIOR_NOTIONAL, row]
            total = out[f.TOTAL_COST, row]
            if senior > 0.0:
                tests[0, c] = senior
                tests[1, c] = np.floor(inputs[x.RENT_FREE_MONTHS, row] + 0.5)
                tests[2, c] = np.floor(12.0 * inputs[x.SENIOR_TENOR_YEARS, row] + 0.5)
            mezzanine.size(inputs, row, c, block_net, service[0], senior, total, rules, mezz_terms)
            walked = mezzanine.walk(
                mezz_terms, c, block_net, service[0], senior, mezz_service, mezz_balance,
                mezz_interest,
            )  # fmt: skip
            for m in range(int(mezz_terms[mezzanine.WINDOW, c]), walked):
                repaid = mezz_service[m, c] - mezz_interest[m, c]
                mezz_share[m, c] = repaid / mezz_balance[m, c]
            if walked > 0 and mezz_terms[mezzanine.BULLET, c] == 0.0:
                mezz_share[walked - 1, c] = 1.0
            trs_fee[c] = 0.0
            if senior > 0.0:
                equity = out[f.EQUITY_NOTIONAL, row]
                trs_fee[c] = dayone.trs_fee(inputs, row, equity, total, cash_rules)

        for scenario in range(scenarios.N_SCENARIOS):
            income = _TABLE[scenario, 0]
            k = _TABLE[scenario, 1]
            if settles:
                swap[:] = 0.0
                settles = False
            measured = False
            for c in range(width):
                measured = measured or not stress.has_base_coverage(
                    inputs, column_rows[c], scenario
                )
            if measured:
                cashflow.coverage(net[income], curve_of_row, column_rows, service[k], tests, found)
            reuse = scenario != scenarios.BASE
            for c in range(width):
                reuse = reuse and stress.has_base_cash(inputs, column_rows[c], scenario)
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
                    overrun = stress.overrun(inputs, row, out)
                costs = (
                    out[f.MARKET_COSTS, row],
                    out[f.INTERNAL_COSTS, row],
                    out[f.TOTAL_COST, row] + overrun,
                    senior * service[0, 0, c],
                    trs_fee[c],
                )
                coupon = inputs[x.SENIOR_COUPON_PCT, row]
                coupon += stress.rate_shift_bps(inputs, row, k, rules) / 100.0
                monthly = max(0.01, coupon) / 1200.0
                cashflow.set_terms(inputs, row, c, s, monthly, mezz_terms, costs, rules, cash_rules)
                cashflow.set_turbo_on_downgrade(inputs, row, c, s, out, rules, cash_rules)
                if scenario == scenarios.BASE:
                    closing.set_uses(
                        inputs, row, c, out, net[inc.AS_IS], curve, service[0], balance[0],
                        capital[inc.AS_IS, curve], s,
                    )  # fmt: skip
                    dsra[c] = out[f.DSRA_FUNDING, row]
                    reserve[c] = out[f.RENT_FREE_RESERVE, row]
                late = 0.0
                if scenario == scenarios.DELAY:
                    late = stress.delay_cost(inputs, row, senior, mezz)
                held = max(0.0, dsra[c] - late)
                facility = s[w.FACILITY * BLOCK + c]
                drawn = min(facility, max(0.0, late - dsra[c]))
                delay[c] = inputs[x.CONSTRUCTION_MONTHS, row]
                outlay[c] = out[f.EQUITY_CHEQUE, row] + overrun
                if scenario == scenarios.DELAY:
                    delay[c] += inputs[x.COD_DELAY_MONTHS, row]
                    outlay[c] += max(0.0, late - dsra[c] - facility)
                cashflow.open_accounts(c, s, senior, mezz, held, drawn, reserve[c])
                settles |= stress.set_swap(
                    inputs, row, c, scenario, out, balance[0], rules, cash_rules, swap
                )
            if reuse:
                flows[:] = base_flows
                owed[:] = base_owed
            else:
                cashflow.run(
                    s, curve_of_row, column_rows, cash[income], gross[income], net[income],
                    share[k], mezz_share, swap, cash_rules, history, flows, tax, owed,
                    scenario == scenarios.BASE,
                )  # fmt: skip
            if scenario == scenarios.BASE:
                base_tax[:] = tax
                for c in range(width):
                    row = column_rows[c]
                    if out[f.STATUS, row] != codes.INVALID_STRUCTURE:
                        closing.set_base_figures(
                            inputs,
                            row,
                            c,
                            s,
                            flows,
                            tax,
                            balance[0],
                            out,
                            rules,
                            cash_rules,
                            curves,
                            market,
                        )
                        outlay[c] = out[f.EQUITY_CHEQUE, row]
                        put_in[c] = out[f.EQUITY_PUT_IN, row]
            for c in range(BLOCK):
                row = column_rows[c]
                if out[f.STATUS, row] != codes.INVALID_STRUCTURE and not reuse:
                    closing.sell_strip(inputs, row, c, out, flows, tax, cash_rules)
            if scenario == scenarios.BASE:
                base_flows[:] = flows
                base_owed[:] = owed
            for c in range(width):
                row = column_rows[c]
                if out[f.STATUS, row] == codes.INVALID_STRUCTURE:
                    continue
                curve = curve_of_row[row]
                stress.set_coverage(inputs, row, c, scenario, net[income], curve, found, out, rules)
                stress.set_special_passes(inputs, row, scenario, s[w.FACILITY * BLOCK + c], out)
                if scenario == scenarios.REFINANCE:
                    stress.refinance_flows(inputs, row, c, out, flows)
                value = closing.exit_value(inputs, row, net[income], curve, owed[c], rules)
                lease = int(12.0 * inputs[x.LEASE_YEARS, row] + 0.5)
                if scenario == scenarios.BASE:
                    closing.set_multiple(row, c, flows, value, put_in[c], out)
                flows[lease - 1, c] += value
                factor[c] = base_factor[c]
                known[c] = scenario != scenarios.BASE and stress.has_base_return(
                    inputs, row, scenario
                )
                if known[c]:
                    outlay[c] = 0.0  # nothing to solve
            irr.irr_of_outlay(flows, width, months, delay, outlay, factor, rate, status)
            for c in range(width):
                row = column_rows[c]
                if out[f.STATUS, row] == codes.INVALID_STRUCTURE:
                    continue
                yearly = out[f.EQUITY_IRR, row] if known[c] else np.nan
                if status[c] == irr.CONVERGED:
                    growth = 1.0 + rate[c]
                    yearly = 100.0 * (integer_power(growth, 12) - 1.0)
                stress.set_metric(out, scenario, scenarios.EQUITY_IRR, row, yearly)
                if scenario == scenarios.BASE:
                    base_factor[c] = factor[c]
                    out[f.EQUITY_IRR, row] = yearly
                    state = status[c] if outlay[c] > 0.0 else irr.NO_EQUITY
                    out[f.IRR_STATUS, row] = state
        for c in range(width):
            row = column_rows[c]
            if out[f.STATUS, row] != codes.INVALID_STRUCTURE:
                _conclude(inputs, row, out, rules, cash_rules, filters)
