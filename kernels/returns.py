"""Costs of the project, the charges below net income, and what equity can pay.

    capacity = max(0, sum over rent free < m <= L of (N - charges - debt service - balloons)
                      x v^(C+m) + exit x v^(C+L)),   v = (1 + target/100)^(-1/12)
    exit     = max(0, net income of the last 12 months) / cap rate

Charges of a month: maintenance, insurance in operation, senior, mezzanine and wrap fees on opening
balances, facility fee, currency hedge, total return swap fee, and tax; a sold strip takes its
share. Source: the model's section 5. No debt outlives the lease (it would be sized to zero), so
nothing is owed at exit. Month m is C + m months after close.
"""

import numba
import numpy as np

from kernels import dayone, mezzanine
from kernels import layout as x
from kernels import rules as r
from kernels import senior as senior_debt
from kernels.currency import fx_rate, hedged_share
from kernels.numerics import integer_power, twelfth_root

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}
BPS_A_MONTH = 1.0 / 120000.0  # bps a year -> fraction a month


@numba.njit(**_JIT)
def project_costs(inputs, row):
    """(market costs _15, internal costs _16, total cost by CapexBasis_21) [project currency]."""
    fx = fx_rate(inputs, row)
    load = inputs[x.GROSS_IT_LOAD_MW, row]
    land = inputs[x.LAND_FEES, row]
    market = (inputs[x.CAPEX_MARKET_PER_MW, row] * load + land) * fx
    internal = (inputs[x.CAPEX_COST_PER_MW, row] * load + land) * fx
    basis = inputs[x.CAPEX_BASIS, row]
    if basis == x.CAPEX_AT_MARKET:
        return market, internal, market
    if basis == x.CAPEX_AT_COST:
        return market, internal, internal
    return market, internal, (market + internal) / 2.0


@numba.njit(**_JIT)
def equity_capacity(
    inputs,
    row,
    c,
    gross,
    net,
    senior,
    senior_terms,
    senior_service,
    senior_balance,
    mezz_terms,
    mezz_service,
    mezz_balance,
    mezz_interest,
    total_cost,
    internal_cost,
    tax_rate_pct,
    limits,
    cash_rules,
):
    """What equity can pay [money] at its target return, and the least fixed charge cover [x].

    Column `c` of the block arrays: gross, net (months, block) [money]; senior_terms and
    mezz_terms as kernels.senior and kernels.mezzanine fill them; senior_service, senior_balance
    (months, block) per 1 of `senior` [money]; mezz_service, mezz_balance, mezz_interest (months,
    block) [money]; costs [money]; tax_rate_pct [%]. The cover is the least N / (senior interest +
    mezzanine interest paid + senior fees + wrap premium) over the senior test months, +inf without
    any such charge. limits: Rules.limits; cash_rules: rules.CashRules.
    """
    senior_months = int(senior_terms[senior_debt.MONTHS, c])
    senior_rate = senior_terms[senior_debt.RATE, c]
    mezz_months = int(mezz_terms[mezzanine.MONTHS, c])
    mezz_window = int(mezz_terms[mezzanine.WINDOW, c])
    lease_months = int(12.0 * inputs[x.LEASE_YEARS, row] + 0.5)
    rent_free = int(inputs[x.RENT_FREE_MONTHS, row] + 0.5)
    construction = int(inputs[x.CONSTRUCTION_MONTHS, row] + 0.5)
    discount_step = 1.0 / twelfth_root(1.0 + inputs[x.EQUITY_IRR_TARGET_PCT, row] / 100.0)
    discount = integer_power(discount_step, construction)

    maintenance = inputs[x.MAINTENANCE_CAPEX_PCT, row] / 100.0
    insurance = 0.0
    if inputs[x.INSURANCE_TYPE, row] != x.INSURE_CONSTRUCTION:
        insurance = inputs[x.INSURANCE_PREMIUM_BPS, row] * BPS_A_MONTH * internal_cost
    senior_fee = inputs[x.SENIOR_ONGOING_FEE_BPS, row] * BPS_A_MONTH
    mezz_fee = inputs[x.MEZZ_ONGOING_FEE_BPS, row] * BPS_A_MONTH
    hedge_fee = inputs[x.FX_HEDGE_COST_BPS, row] * BPS_A_MONTH * hedged_share(inputs, row)
    wrap = inputs[x.WRAP_TYPE, row]
    senior_wrap = inputs[x.WRAP_PREMIUM_BPS, row] * BPS_A_MONTH if wrap != x.WRAP_NONE else 0.0
    mezz_wrap = senior_wrap if wrap == x.WRAP_WHOLE_STACK else 0.0
    backed_months = inputs[x.LIQUIDITY_MONTHS, row]
    if inputs[x.DSRA_LETTER_OF_CREDIT, row] == 1.0:
        backed_months += inputs[x.DSRA_MONTHS, row]
    facility = backed_months * senior * senior_service[0, c]
    facility_fee = facility * cash_rules[r.LIQUIDITY_FEE_BPS] * BPS_A_MONTH
    equity = total_cost - senior - mezz_terms[mezzanine.NOTIONAL, c]
    trs_fee = 0.0
    if senior > 0.0:
        trs_fee = dayone.trs_fee(inputs, row, equity, total_cost, cash_rules)
    trs_months = 12.0 * cash_rules[r.TRS_TERM_YEARS]
    sold_from = dayone.strip_first_month(inputs[x.LEASE_YEARS, row], cash_rules)
    sells = inputs[x.STRIP_ON, row] == 1.0 and senior > 0.0
    taxed = inputs[x.TAX_ON, row] == 1.0
    land = inputs[x.LAND_FEES, row] * fx_rate(inputs, row)
    depreciation = (total_cost - land) / lease_months

    value = 0.0
    last_year_income = 0.0
    profit_of_year = 0.0
    loss_carried = 0.0
    fixed_charge_cover = np.inf
    for month in range(1, lease_months + 1):
        m = month - 1
        discount *= discount_step
        income = net[m, c]
        owed = 0.0
        charges = maintenance * gross[m, c] + insurance
        service = 0.0
        interest = 0.0
        fixed_charge = 0.0
        if month <= senior_months:
            owed = senior * senior_balance[m, c]
            interest = senior_rate * owed
            service = senior * senior_service[m, c]
            if month == senior_months and senior_terms[senior_debt.BULLET, c] == 1.0:
                service += owed
            charges += (senior_fee + senior_wrap + hedge_fee) * owed + facility_fee
            fixed_charge = interest + (senior_fee + senior_wrap) * owed
        if month <= mezz_months:
            mezz_owed = mezz_balance[m, c]
            interest += mezz_interest[m, c]
            service += mezz_service[m, c]
            if month == mezz_months and mezz_terms[mezzanine.BULLET, c] == 1.0:
                service += mezz_owed
            charges += (mezz_fee + mezz_wrap + hedge_fee) * mezz_owed
            fixed_charge += mezz_wrap * mezz_owed
            if month > mezz_window:
                fixed_charge += mezz_interest[m, c]
        if month <= senior_months and month > rent_free and fixed_charge > 0.0:
            fixed_charge_cover = min(fixed_charge_cover, income / fixed_charge)
        if month <= trs_months:
            charges += trs_fee
        tax = 0.0
        if taxed:
            profit_of_year += income - interest - depreciation
            if month % 12 == 0 or month == lease_months:
                taxable = profit_of_year + loss_carried
                loss_carried = min(0.0, taxable)
                tax = max(0.0, taxable) * tax_rate_pct / 100.0
                profit_of_year = 0.0
        if month > lease_months - 12:
            last_year_income += income
        if month > rent_free:
            left = income - charges - tax - service
            if sells and month >= sold_from:
                left -= dayone.strip_sold(left, tax, cash_rules)
            value += left * discount
    exit_value = max(0.0, last_year_income) / (limits[r.EXIT_CAP_RATE_PCT] / 100.0)
    return max(0.0, value + exit_value * discount), fixed_charge_cover
