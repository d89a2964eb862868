"""What happens at close, and what equity gets out: uses, day-one value, cheque, exit.

Source: the model's sections 5 and 7. Each function reads and fills figures of column `row` of `out`
(N_FIGURES, rows), see kernels.figures; schedules are column `slot` and cash column `c` of
block arrays (months, block), months counted from COD. All money in project currency.
"""

import numba

from kernels import dayone, rating
from kernels import figures as f
from kernels import layout as x
from kernels import rules as r
from kernels import waterfall as w
from kernels.currency import fx_rate

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}
BLOCK = w.BLOCK


@numba.njit(**_JIT)
def set_uses(inputs, row, slot, out, net, curve, service, balance, working_capital, fee):
    """Uses of `row` [money]: funding of its reserves among them.

    `slot` is its column of service and balance (months, block), per 1 of notional; net (months,
    curves), working_capital [money]; fee: senior fees and wrap premium, monthly decimal.
    """
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
        dsra = inputs[x.DSRA_MONTHS, row] * senior * service[0, slot]
    idc = 0.0
    if inputs[x.CAPITALISE_INTEREST, row] == 1.0:
        yearly = senior * inputs[x.SENIOR_COUPON_PCT, row] + mezz * inputs[x.MEZZ_COUPON_PCT, row]
        idc = yearly / 100.0 * construction / 12.0 / 2.0
    reserve = 0.0
    for m in range(int(inputs[x.RENT_FREE_MONTHS, row] + 0.5)):
        needed = senior * service[m, slot] + fee * senior * balance[m, slot] - net[m, curve]
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


@numba.njit(**_JIT)
def set_day_one(inputs, row, slot, c, balance, flows, tax, out, rules, cash_rules, curves, market):
    """Every part of day-one value, and its sum; all nought without senior debt."""
    for figure in range(f.DAY1_WRAP, f.CALL_VALUE + 1):
        out[figure, row] = 0.0
    out[f.DAY1_CASH, row] = 0.0
    senior = out[f.SENIOR_NOTIONAL, row]
    if not senior > 0.0:
        return
    table = int(inputs[x.CURVE_TABLE, row])
    discounts = curves[table, r.CURVE_DISCOUNT]
    construction = int(inputs[x.CONSTRUCTION_MONTHS, row] + 0.5)
    maturity = int(12.0 * inputs[x.SENIOR_TENOR_YEARS, row] + 0.5)
    equity = out[f.EQUITY_NOTIONAL, row]
    financing = senior + out[f.MEZZ_NOTIONAL, row] + equity

    shift = rules[r.MATRIX_SHIFT + int(inputs[x.HAIRCUT_RULE_SET, row])]
    matrix = int(out[f.MATRIX_RATING, row])
    insurer = inputs[x.INSURER_NOTCH, row]
    lifted = rating.by_wrap(out[f.DSCR_MIN, row], out[f.SENIOR_LTV_PCT, row], shift, insurer, rules)
    wrapped = max(matrix, lifted)
    out[f.DAY1_WRAP, row] = dayone.wrap_value(
        inputs, row, matrix, wrapped, senior, out[f.SENIOR_WAL, row], cash_rules
    )
    if inputs[x.ZCIS_5Y_ON, row] == 1.0:
        out[f.DAY1_ZCIS_5Y, row] = dayone.zcis_value(
            inputs, row, dayone.ZCIS_SHORT_YEARS, senior, discounts, rules, cash_rules
        )
    if inputs[x.ZCIS_10Y_ON, row] == 1.0:
        out[f.DAY1_ZCIS_10Y, row] = dayone.zcis_value(
            inputs, row, dayone.ZCIS_LONG_YEARS, senior, discounts, rules, cash_rules
        )
    if inputs[x.FLOOR_ON, row] == 1.0:
        out[f.DAY1_RATE_OPTION, row] = dayone.rate_option_value(
            inputs[x.RATE_OPTION, row],
            balance,
            slot,
            senior,
            dayone.rate_option_months(maturity, cash_rules),
            construction,
            curves[table, r.CURVE_FLOOR],
            curves[table, r.CURVE_CAP],
        )
    if inputs[x.TRS_ON, row] == 1.0:
        notional = dayone.trs_notional(inputs, row, equity, financing, cash_rules)
        out[f.DAY1_TRS, row] = dayone.trs_value(inputs, row, notional, cash_rules)
    if inputs[x.STRIP_ON, row] == 1.0:
        lease = int(12.0 * inputs[x.LEASE_YEARS, row] + 0.5)
        first_sold = dayone.strip_first_month(inputs[x.LEASE_YEARS, row], cash_rules)
        number = int(out[f.SENIOR_RATING, row])
        value = 0.0
        for month in range(first_sold, lease + 1):
            sold = dayone.strip_sold(flows[month - 1, c], tax[month - 1, c], cash_rules)
            value += sold * curves[table, r.CURVE_STRIP + number, construction + month]
        out[f.DAY1_STRIP, row] = value
    debt = senior + out[f.MEZZ_NOTIONAL, row]
    out[f.DAY1_CURRENCY_SWAP, row] = dayone.currency_swap_value(inputs, row, debt)
    out[f.DAY1_FEE_REBATE, row] = dayone.fee_rebate(inputs, row)
    out[f.DAY1_ADVANCE_UPLIFT, row] = dayone.advance_uplift(inputs, row, senior)
    out[f.CALL_VALUE, row] = dayone.call_value(
        inputs,
        row,
        balance,
        slot,
        senior,
        maturity,
        construction,
        discounts,
        market[r.NORMAL_VOL],
        cash_rules,
    )
    total = 0.0
    for figure in range(f.DAY1_WRAP, f.CALL_VALUE):
        total += out[figure, row]
    out[f.DAY1_CASH, row] = total


@numba.njit(**_JIT)
def set_base_figures(
    inputs, row, slot, c, s, flows, tax, balance, out, rules, cash_rules, curves, market
):
    """Day-one value, equity cheque and the base waterfall's totals of `row`."""
    b = BLOCK
    set_day_one(inputs, row, slot, c, balance, flows, tax, out, rules, cash_rules, curves, market)
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
def set_multiple(row, c, flows, exit_value, put_in, out):
    """What equity gets back over what it puts in, before `flows` holds the exit."""
    outlay = out[f.EQUITY_CHEQUE, row]
    if not outlay > 0.0:
        return
    received = exit_value
    for m in range(flows.shape[0]):
        received += max(0.0, flows[m, c])
    out[f.EQUITY_MULTIPLE, row] = received / (outlay + put_in)


@numba.njit(**_JIT)
def exit_value(inputs, row, net, curve, owed, limits):
    """What equity gets for the project at lease end [money], after `owed` is repaid."""
    lease = int(12.0 * inputs[x.LEASE_YEARS, row] + 0.5)
    income = 0.0
    for m in range(max(0, lease - 12), lease):
        income += net[m, curve]
    value = max(0.0, income) / (limits[r.EXIT_CAP_RATE_PCT] / 100.0)
    return max(0.0, value - owed)


@numba.njit(**_JIT)
def sell_strip(inputs, row, c, out, flows, tax, taxed, cash_rules):
    """Take the sold share of late distributions out of column `c` of `flows` (months, block).

    tax (months, …) [money] has the row's tax in column `taxed`.
    """
    if inputs[x.STRIP_ON, row] != 1.0 or not out[f.SENIOR_NOTIONAL, row] > 0.0:
        return
    lease = int(12.0 * inputs[x.LEASE_YEARS, row] + 0.5)
    for m in range(dayone.strip_first_month(inputs[x.LEASE_YEARS, row], cash_rules) - 1, lease):
        flows[m, c] -= dayone.strip_sold(flows[m, c], tax[m, taxed], cash_rules)
