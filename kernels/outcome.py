"""Cash flows of sized structures: day-one value, sources and uses, returns, every scenario.

Works on what kernels.structure has put in `out`, a batch of structures at a time (kernels.batch).
Schedules and coverage are made once a structure, the waterfall once for each different one among
its twins, returns once a row; then the verdict, with day-one value in it. Source: the model's
sections 5, 7, 8 and 9.
"""

import numba
import numpy as np

from kernels import batch as b
from kernels import cashflow, closing, codes, dayone, irr, mezzanine, scenarios, stress, structure
from kernels import figures as f
from kernels import income as inc
from kernels import layout as x
from kernels import rules as r
from kernels import twins as tw
from kernels import waterfall as w
from kernels.numerics import integer_power

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}
BLOCK = w.BLOCK
_TABLE = np.array(scenarios.TABLE)
_BASE_COLUMNS = 2 * BLOCK  # base waterfalls of a batch: with and without a total return swap


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
def _cover_and_pass(
    inputs, starts, lead, structures, scenario, curve_of_row, net, schedules, held, found, out,
    rules,
):  # fmt: skip
    """Coverage of a scenario and whether it passes, of every row of a batch."""
    measured = False
    for slot in range(structures):
        measured = measured or not stress.has_base_coverage(inputs, lead[slot], scenario)
    if measured:
        service = schedules[b.SERVICE + _TABLE[scenario, 1]]
        cashflow.coverage(net, curve_of_row, lead, service, held[b.TEST_NOTIONAL :], found)
    for slot in range(structures):
        for row in range(starts[slot], starts[slot + 1]):
            if out[f.STATUS, row] != codes.INVALID_STRUCTURE:
                curve = curve_of_row[row]
                stress.set_coverage(inputs, row, slot, scenario, net, curve, found, out, rules)
                stress.set_special_passes(inputs, row, scenario, held[b.FACILITY, slot], out)


@numba.njit(**_JIT)
def _open_block(
    inputs, starts, first, structures, scenario, curve_of_row, net, capital, schedules, mezz_terms,
    out, rules, cash_rules, held, known, s, swap, column_row, todo, as_base, n_as_base,
):  # fmt: skip
    """Open a waterfall column for every different one of the structures from `first` on.

    As many structures as a block has room for. Fills column_row (BLOCK,) and todo (rows,) int64:
    rows whose return waits for this block; adds to as_base those whose cash is the base case's.
    Returns (next structure, columns, rows in todo, rows in as_base, whether a swap settles).
    """
    columns = n_todo = 0
    settles = False
    column_of_key = np.empty(tw.N_KEYS, np.int64)
    for slot in range(first, structures):
        start, stop = starts[slot], starts[slot + 1]
        if out[f.STATUS, start] == codes.INVALID_STRUCTURE:
            continue
        needed = b.number_columns(inputs, start, stop, scenario, columns, column_of_key)
        if needed > BLOCK:
            return slot, columns, n_todo, n_as_base, settles
        for row in range(start, stop):
            if b.runs_its_own(inputs, row, scenario):
                c = column_of_key[tw.waterfall_key(inputs, row, scenario)]
                known[b.COLUMN, row] = c
                todo[n_todo] = row
                n_todo += 1
                if c == columns:
                    columns += 1
                    column_row[c] = row
                    curve = curve_of_row[row]
                    settles |= b.open_column(
                        inputs, row, slot, c, scenario, curve, net, capital[curve], schedules,
                        mezz_terms, out, rules, cash_rules, held, s, swap,
                    )  # fmt: skip
            elif stress.has_base_return(inputs, row, scenario):
                same = out[f.EQUITY_IRR, row]
                stress.set_metric(out, scenario, scenarios.EQUITY_IRR, row, same)
            else:
                as_base[n_as_base] = row
                n_as_base += 1
    return structures, columns, n_todo, n_as_base, settles


@numba.njit(**_JIT)
def _keep_base_case(
    inputs, columns, base_columns, todo, n_todo, column_row, s, block, owed, schedules, known,
    base_flows, base_tax, base_owed, rules, cash_rules, curves, market, out,
):  # fmt: skip
    """Keep a block's base cash for other scenarios, and fill the base figures of its rows."""
    after = base_columns + columns
    base_flows[:, base_columns:after] = block[b.FLOWS, :, :columns]
    base_tax[:, base_columns:after] = block[b.TAX, :, :columns]
    base_owed[base_columns:after] = owed[:columns]
    for place in range(n_todo):
        row = todo[place]
        c = int(known[b.COLUMN, row])
        known[b.BASE_COLUMN, row] = base_columns + c
        # twins need the same money at close
        for figure in range(f.UPFRONT_FEES, f.TOTAL_USES + 1):
            out[figure, row] = out[figure, column_row[c]]
        closing.set_base_figures(
            inputs, row, int(known[b.SLOT, row]), c, s, block[b.FLOWS], block[b.TAX],
            schedules[b.BALANCE], out, rules, cash_rules, curves, market,
        )  # fmt: skip


@numba.njit(**_JIT)
def _set_returns(
    inputs, todo, n_todo, scenario, source, source_tax, source_owed, at, curve_of_row, net,
    rules, cash_rules, known, held, out, flows,
):  # fmt: skip
    """Equity's return of the rows todo[: n_todo] under `scenario`, BLOCK rows at a time.

    Row r's cash is column known[at, r] of source and source_tax (months, columns) [money], what
    it still owes at the end that of source_owed. flows (months, BLOCK) is scratch.
    """
    months = flows.shape[0]
    delay = np.zeros(BLOCK)
    outlay = np.zeros(BLOCK)
    factor = np.ones(BLOCK)
    rate = np.zeros(BLOCK)
    status = np.zeros(BLOCK)
    column = np.zeros(BLOCK, np.int64)
    for first in range(0, n_todo, BLOCK):
        width = min(BLOCK, n_todo - first)
        for c in range(BLOCK):
            # short blocks repeat their last row, so that every column holds sound figures
            column[c] = int(known[at, todo[first + min(c, width - 1)]])
        for m in range(months):
            for c in range(BLOCK):
                flows[m, c] = source[m, column[c]]
        for c in range(width):
            row = todo[first + c]
            closing.sell_strip(inputs, row, c, out, flows, source_tax, column[c], cash_rules)
            if scenario == scenarios.REFINANCE:
                stress.refinance_flows(inputs, row, c, out, flows)
            debt = source_owed[column[c]]
            value = closing.exit_value(inputs, row, net, curve_of_row[row], debt, rules)
            if scenario == scenarios.BASE:
                closing.set_multiple(row, c, flows, value, out[f.EQUITY_PUT_IN, row], out)
            flows[int(12.0 * inputs[x.LEASE_YEARS, row] + 0.5) - 1, c] += value
            delay[c] = inputs[x.CONSTRUCTION_MONTHS, row]
            outlay[c] = out[f.EQUITY_CHEQUE, row]
            if scenario == scenarios.CAPEX:
                outlay[c] += stress.overrun(inputs, row, out)
            if scenario == scenarios.DELAY:
                delay[c] += inputs[x.COD_DELAY_MONTHS, row]
                reserved = out[f.DSRA_FUNDING, row] + held[b.FACILITY, int(known[b.SLOT, row])]
                outlay[c] += max(0.0, stress.delay_cost(inputs, row, out) - reserved)
            factor[c] = known[b.BASE_FACTOR, row]
        irr.irr_of_outlay(flows, width, months, delay, outlay, factor, rate, status)
        for c in range(width):
            row = todo[first + c]
            yearly = np.nan
            if status[c] == irr.CONVERGED:
                yearly = 100.0 * (integer_power(1.0 + rate[c], 12) - 1.0)
            stress.set_metric(out, scenario, scenarios.EQUITY_IRR, row, yearly)
            if scenario == scenarios.BASE:
                known[b.BASE_FACTOR, row] = factor[c]
                out[f.EQUITY_IRR, row] = yearly
                out[f.IRR_STATUS, row] = status[c] if outlay[c] > 0.0 else irr.NO_EQUITY


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
    schedules = np.zeros((b.N_SCHEDULES, months, BLOCK))
    block = np.zeros((b.N_CASH, months, BLOCK))
    base_flows = np.zeros((months, _BASE_COLUMNS))
    base_tax = np.zeros((months, _BASE_COLUMNS))
    base_owed = np.zeros(_BASE_COLUMNS)
    owed = np.zeros(BLOCK)
    history = np.zeros((2, months + 1, BLOCK))
    s = np.zeros(w.N_SLOTS * BLOCK)
    mezz_terms = np.zeros((mezzanine.N_TERMS, BLOCK))
    held = np.zeros((b.N_HELD, BLOCK))
    found = np.zeros((cashflow.N_COVERAGE, BLOCK))
    known = np.ones((b.N_KNOWN, rows))
    starts = np.zeros(BLOCK + 1, np.int64)
    lead = np.zeros(BLOCK, np.int64)
    column_row = np.zeros(BLOCK, np.int64)
    todo = np.zeros(rows, np.int64)
    as_base = np.zeros(rows, np.int64)

    last = 0
    while last < rows:
        structures = tw.take_structures(inputs, last, starts)
        last = starts[structures]
        for slot in range(BLOCK):
            # a short batch repeats its last structure
            lead[slot] = starts[min(slot, structures - 1)]
        for slot in range(structures):
            known[b.SLOT, starts[slot] : starts[slot + 1]] = slot
        b.make_schedules(
            inputs, lead, net[inc.AS_IS], curve_of_row, out, rules, schedules, mezz_terms, held
        )
        base_columns = 0
        for scenario in range(scenarios.N_SCENARIOS):
            income = _TABLE[scenario, 0]
            n_as_base = 0
            first = 0
            while first < structures:
                first, columns, n_todo, n_as_base, settles = _open_block(
                    inputs, starts, first, structures, scenario, curve_of_row, net[inc.AS_IS],
                    capital[inc.AS_IS], schedules, mezz_terms, out, rules, cash_rules, held, known,
                    s, block[b.SWAP], column_row, todo, as_base, n_as_base,
                )  # fmt: skip
                if columns == 0:
                    continue
                b.run_columns(
                    columns, column_row, scenario, curve_of_row, cash[income], gross[income],
                    net[income], schedules, known, cash_rules, s, history, owed, block,
                )  # fmt: skip
                if settles:
                    block[b.SWAP] = 0.0
                if scenario == scenarios.BASE:
                    _keep_base_case(
                        inputs, columns, base_columns, todo, n_todo, column_row, s, block, owed,
                        schedules, known, base_flows, base_tax, base_owed, rules, cash_rules,
                        curves, market, out,
                    )  # fmt: skip
                    base_columns += columns
                _set_returns(
                    inputs, todo, n_todo, scenario, block[b.FLOWS], block[b.TAX], owed, b.COLUMN,
                    curve_of_row, net[income], rules, cash_rules, known, held, out,
                    block[b.ROW_FLOWS],
                )  # fmt: skip
            _cover_and_pass(
                inputs, starts, lead, structures, scenario, curve_of_row, net[income], schedules,
                held, found, out, rules,
            )  # fmt: skip
            _set_returns(
                inputs, as_base, n_as_base, scenario, base_flows, base_tax, base_owed,
                b.BASE_COLUMN, curve_of_row, net[income], rules, cash_rules, known, held, out,
                block[b.ROW_FLOWS],
            )  # fmt: skip
        for row in range(starts[0], last):
            if out[f.STATUS, row] != codes.INVALID_STRUCTURE:
                _conclude(inputs, row, out, rules, cash_rules, filters)
