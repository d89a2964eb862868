"""A batch of structures on its way through the scenarios: schedules, and waterfalls by the block.

Up to BLOCK structures at a time, each with its twins (kernels.twins). Schedules are made once a
structure and stand in its `slot`; a block of waterfalls holds the different ones of several
structures' twins, one in each column `c`. Source: the model's sections 3, 4, 8 and 9.
"""

import numba
import numpy as np

from kernels import cashflow, closing, codes, dayone, mezzanine, scenarios, schedule, stress
from kernels import figures as f
from kernels import layout as x
from kernels import twins as tw
from kernels import waterfall as w

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}
BLOCK = w.BLOCK
_TABLE = np.array(scenarios.TABLE)

# -- schedules of a batch's structures, (N_SCHEDULES, months, BLOCK); the last three at each rate --
NET, MEZZ_SERVICE, MEZZ_BALANCE, MEZZ_INTEREST, MEZZ_SHARE = range(5)
SERVICE, BALANCE, SHARE = (5 + k * scenarios.N_RATES for k in range(3))
N_SCHEDULES = 5 + 3 * scenarios.N_RATES

# -- cash of a block of waterfalls, (N_CASH, months, BLOCK) ----------------------------------------
SHARE_NOW, MEZZ_SHARE_NOW, SWAP, FLOWS, TAX, ROW_FLOWS = range(6)
N_CASH = 6

# -- what is known of each row, (N_KNOWN, rows) ----------------------------------------------------
SLOT, COLUMN, BASE_COLUMN, BASE_FACTOR = range(4)
N_KNOWN = 4

# -- what is held of each slot, (N_HELD, BLOCK) ----------------------------------------------------
FACILITY, TEST_NOTIONAL, TEST_AFTER, TEST_LAST = range(4)
N_HELD = 4


@numba.njit(**_JIT)
def make_schedules(inputs, lead, net, curve_of_row, out, rules, schedules, mezz_terms, held):
    """Schedules and terms of the structures whose first rows are lead (BLOCK,) int64.

    inputs (N_INPUTS, rows); net (months, curves) [money]; out (N_FIGURES, rows) sized. Fills
    schedules, mezz_terms (N_TERMS, BLOCK) and, of held, what coverage is measured on.
    """
    for m in range(net.shape[0]):
        for slot in range(BLOCK):
            schedules[NET, m, slot] = net[m, curve_of_row[lead[slot]]]
    shift = np.zeros(BLOCK)
    for k in range(scenarios.N_RATES):
        for slot in range(BLOCK):
            shift[slot] = stress.rate_shift_bps(inputs, lead[slot], k, rules)
        schedule.schedule(
            inputs, lead, schedules[NET], shift, rules,
            schedules[SERVICE + k], schedules[BALANCE + k], schedules[SHARE + k],
        )  # fmt: skip
    schedules[MEZZ_SHARE] = 0.0
    for slot in range(BLOCK):
        row = lead[slot]
        held[TEST_LAST, slot] = 0.0
        if out[f.STATUS, row] == codes.INVALID_STRUCTURE:
            continue
        senior = out[f.SENIOR_NOTIONAL, row]
        if senior > 0.0:
            held[TEST_NOTIONAL, slot] = senior
            held[TEST_AFTER, slot] = np.floor(inputs[x.RENT_FREE_MONTHS, row] + 0.5)
            held[TEST_LAST, slot] = np.floor(12.0 * inputs[x.SENIOR_TENOR_YEARS, row] + 0.5)
        service = schedules[SERVICE]
        mezzanine.size(
            inputs, row, slot, schedules[NET], service, senior, out[f.TOTAL_COST, row], rules,
            mezz_terms,
        )  # fmt: skip
        walked = mezzanine.walk(
            mezz_terms, slot, schedules[NET], service, senior, schedules[MEZZ_SERVICE],
            schedules[MEZZ_BALANCE], schedules[MEZZ_INTEREST],
        )  # fmt: skip
        for m in range(int(mezz_terms[mezzanine.WINDOW, slot]), walked):
            repaid = schedules[MEZZ_SERVICE, m, slot] - schedules[MEZZ_INTEREST, m, slot]
            schedules[MEZZ_SHARE, m, slot] = repaid / schedules[MEZZ_BALANCE, m, slot]
        if walked > 0 and mezz_terms[mezzanine.BULLET, slot] == 0.0:
            schedules[MEZZ_SHARE, walked - 1, slot] = 1.0


@numba.njit(**_JIT)
def runs_its_own(inputs, row, scenario):
    """Whether `row` needs a waterfall of its own, or of a twin, under `scenario`."""
    return scenario == scenarios.BASE or not stress.has_base_cash(inputs, row, scenario)


@numba.njit(**_JIT)
def number_columns(inputs, first, last, scenario, columns, column_of_key):
    """Number the different waterfalls of the twins first … last - 1, from `columns` on.

    Fills column_of_key (N_KEYS,) int64, -1 for a key that none has; returns the next number.
    """
    column_of_key[:] = -1
    for row in range(first, last):
        if runs_its_own(inputs, row, scenario):
            key = tw.waterfall_key(inputs, row, scenario)
            if column_of_key[key] < 0:
                column_of_key[key] = columns
                columns += 1
    return columns


@numba.njit(**_JIT)
def open_column(
    inputs, row, slot, c, scenario, curve, net, capital, schedules, mezz_terms, out, rules,
    cash_rules, held, s, swap,
):  # fmt: skip
    """Terms, accounts and swap settlements of waterfall `c`, from `row` and its `slot`.

    net (months, curves), capital [money] are those of the base case, which also fills the uses of
    `row`. Returns whether a swap settles; swap (months, BLOCK) is added to.
    """
    senior = out[f.SENIOR_NOTIONAL, row]
    mezz = out[f.MEZZ_NOTIONAL, row]
    total = out[f.TOTAL_COST, row]
    trs_fee = 0.0
    if senior > 0.0:
        trs_fee = dayone.trs_fee(inputs, row, out[f.EQUITY_NOTIONAL, row], total, cash_rules)
    if scenario == scenarios.CAPEX:
        total += stress.overrun(inputs, row, out)
    costs = (
        out[f.MARKET_COSTS, row],
        out[f.INTERNAL_COSTS, row],
        total,
        senior * schedules[SERVICE, 0, slot],
        trs_fee,
    )
    coupon = inputs[x.SENIOR_COUPON_PCT, row]
    coupon += stress.rate_shift_bps(inputs, row, _TABLE[scenario, 1], rules) / 100.0
    monthly = max(0.01, coupon) / 1200.0
    cashflow.set_terms(inputs, row, slot, c, s, monthly, mezz_terms, costs, rules, cash_rules)
    cashflow.set_turbo_on_downgrade(inputs, row, c, s, out, rules, cash_rules)
    if scenario == scenarios.BASE:
        held[FACILITY, slot] = s[w.FACILITY * BLOCK + c]
        closing.set_uses(
            inputs, row, slot, out, net, curve, schedules[SERVICE], schedules[BALANCE], capital,
            s[w.SENIOR_FEE * BLOCK + c],
        )  # fmt: skip
    late = 0.0
    if scenario == scenarios.DELAY:
        late = stress.delay_cost(inputs, row, out)
    dsra = out[f.DSRA_FUNDING, row]
    drawn = min(held[FACILITY, slot], max(0.0, late - dsra))
    reserve = out[f.RENT_FREE_RESERVE, row]
    cashflow.open_accounts(c, s, senior, mezz, max(0.0, dsra - late), drawn, reserve)
    return stress.set_swap(
        inputs, row, slot, c, scenario, out, schedules[BALANCE], rules, cash_rules, swap
    )


@numba.njit(**_JIT)
def run_columns(
    columns, column_row, scenario, curve_of_row, cash, gross, net, schedules, known, cash_rules,
    s, history, owed, block,
):  # fmt: skip
    """Run the waterfalls whose rows are column_row[: columns], opened before.

    cash, gross, net (months, curves) [money] of the scenario. Fills block's FLOWS and TAX, owed
    (BLOCK,) [money] and, in the base case, the totals in `s`.
    """
    months = block.shape[1]
    for c in range(columns, BLOCK):
        # idle columns repeat the first one, so that every column holds sound figures
        column_row[c] = column_row[0]
        for slot in range(w.N_SLOTS):
            s[slot * BLOCK + c] = s[slot * BLOCK]
        for m in range(months):
            block[SWAP, m, c] = block[SWAP, m, 0]
    slots = np.empty(BLOCK, np.int64)
    in_place = True
    for c in range(BLOCK):
        slots[c] = int(known[SLOT, column_row[c]])
        in_place = in_place and slots[c] == c
    share = schedules[SHARE + _TABLE[scenario, 1]]
    mezz_share = schedules[MEZZ_SHARE]
    if not in_place:
        for m in range(months):
            for c in range(BLOCK):
                block[SHARE_NOW, m, c] = share[m, slots[c]]
                block[MEZZ_SHARE_NOW, m, c] = mezz_share[m, slots[c]]
        share = block[SHARE_NOW]
        mezz_share = block[MEZZ_SHARE_NOW]
    cashflow.run(
        s, curve_of_row, column_row, cash, gross, net, share, mezz_share, block[SWAP],
        cash_rules, history, block[FLOWS], block[TAX], owed, scenario == scenarios.BASE,
    )  # fmt: skip
