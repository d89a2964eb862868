"""Gross and net income by operating month.

    index      I[0] = 1,  I[y+1] = I[y] (1 + s rate[y] / 100),  y = (m - 1) div 12
    unabated   U[m] = rent f I[y(m)]
    gross      G[m] = 0 in rent-free months, else U[m]
    net        N[m] = G[m] - opex[m] - power[m]

Source: the model's section 2. Month m = 1 is the first after COD; income stops at lease end, so
every later month holds 0. Inflation runs from the spot rate to the long-run rate over 5 or 10
years; rent follows the clamped lease rate, absolute costs the uncapped one.
"""

import numba
import numpy as np

from kernels import layout as x
from kernels import rules as r
from kernels.currency import fx_rate

HOURS_PER_MONTH = 730.0
_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}

# The incomes a structure is looked at under: as it is, the three variants of the lease, and the
# stresses that change income. A constant inflation stress reads its figure from an input row.
(
    AS_IS,
    VARIANT_FLAT,
    VARIANT_INDEXED,
    VARIANT_HYBRID,
    CPI_FIRST,
    CPI_SECOND,
    CPI_THIRD,
    CPI_EXTRA,
    CPI_NONE,  # "CPI 0 %": no indexation at all
    OPEX_UP,
    RENT_DOWN,
    TENANT_DEFAULT,
) = range(12)
N_INCOMES = 12
_HYBRID_YEARS = 10


@numba.njit(**_JIT)
def monthly_rent(inputs, row):
    """Contract rent of a month before vacancy and indexation [project currency]."""
    basis = inputs[x.RENT_BASIS, row]
    if basis == x.RENT_PER_KW_MONTH:
        rent = inputs[x.RENT_RATE, row] * 1000.0 * inputs[x.GROSS_IT_LOAD_MW, row]
    elif basis == x.RENT_PER_KWH:
        rent = inputs[x.RENT_RATE, row] * HOURS_PER_MONTH * 1000.0
        rent = rent * inputs[x.GROSS_IT_LOAD_MW, row]
    else:
        rent = inputs[x.GROSS_MONTHLY_RENT, row]
    return rent * fx_rate(inputs, row)


@numba.njit(**_JIT)
def expected_inflation_pct(inputs, row, year, limits):
    """Expected inflation [%] of operating year `year` (0-based)."""
    long_run = limits[r.LONG_RUN_INFLATION_PCT]
    fade_years = 5.0 if inputs[x.INFLATION_FWD_TERM, row] == 0.0 else 10.0
    weight = max(0.0, 1.0 - year / fade_years)
    return long_run + (inputs[x.INFLATION_SPOT_PCT, row] - long_run) * weight


@numba.njit(**_JIT)
def lease_rate_pct(inputs, row, inflation_pct, limits):
    """Yearly rent step [%] the lease gives for an inflation figure [%]."""
    base = inputs[x.INDEXATION_BASE, row]
    if base == x.BASE_FIXED:
        return inputs[x.ESCALATOR_PCT, row]
    if base == x.BASE_CORE:
        inflation_pct -= limits[r.CORE_CPI_DISCOUNT_PCT]
    return max(inputs[x.CPI_FLOOR_PCT, row], min(inputs[x.CPI_CAP_PCT, row], inflation_pct))


@numba.njit(**_JIT)
def _power_price(inputs, row, month, spot, swap):
    """Blended power price [local currency/MWh] of operating `month` (1-based)."""
    mode = inputs[x.POWER_HEDGE_MODE, row]
    cover = inputs[x.POWER_HEDGE_PCT, row] / 100.0
    ppa = 0.0
    swapped = 0.0
    has_ppa = mode == x.HEDGE_PPA or mode == x.HEDGE_PPA_SWAP
    has_swap = mode == x.HEDGE_SWAP or mode == x.HEDGE_PPA_SWAP
    if has_ppa and month <= 12.0 * inputs[x.PPA_TERM_YEARS, row]:
        ppa = cover
    if has_swap and month <= 12.0 * inputs[x.POWER_SWAP_YEARS, row]:
        swapped = cover * (1.0 - ppa)
    open_share = 1.0 - ppa - swapped
    return ppa * inputs[x.PPA_STRIKE_PER_MWH, row] + swapped * swap + open_share * spot


@numba.njit(**_JIT)
def _revenue_factor(inputs, row):
    """Share of the contract rent that the revenue basis counts [ratio]."""
    basis = inputs[x.REVENUE_BASIS, row]
    factor = 1.0
    if basis != x.BASIS_CONTRACTED:
        factor = 1.0 - inputs[x.VACANCY_PCT, row] / 100.0
    if basis == x.BASIS_CONSERVATIVE:
        factor *= 1.0 - inputs[x.RENT_DOWNSIDE_PCT, row] / 100.0
    return factor


@numba.njit(**_JIT)
def _power_share(inputs, row):
    """Landlord's share of the power bill [ratio]."""
    mode = inputs[x.POWER_PASS_THROUGH, row]
    if mode == x.PASS_LANDLORD:
        return 1.0
    return 0.5 if mode == x.PASS_SHARE else 0.0


@numba.njit(**_JIT)
def inflation_path_pct(inputs, row, year, income, extra_cpi_pct, limits):
    """Inflation [%] of operating year `year` (0-based) under one of the incomes above."""
    if income == CPI_FIRST:
        return inputs[x.CPI_STRESS_1_PCT, row]
    if income == CPI_SECOND:
        return inputs[x.CPI_STRESS_2_PCT, row]
    if income == CPI_THIRD:
        return inputs[x.CPI_STRESS_3_PCT, row]
    if income == CPI_EXTRA:
        return extra_cpi_pct
    if income == CPI_NONE:
        return 0.0
    return expected_inflation_pct(inputs, row, year, limits)


@numba.njit(**_JIT)
def _index_mode(inputs, row, income, constant_pct):
    """Indexation mode a row has under an income; no indexation at all when prices stand still."""
    if income == VARIANT_FLAT:
        return x.INDEX_FLAT
    if income in (VARIANT_INDEXED, VARIANT_HYBRID):
        return x.INDEX_CPI
    if income >= CPI_FIRST and income <= CPI_NONE and constant_pct == 0.0:
        return x.INDEX_FLAT
    return int(inputs[x.INDEXATION_MODE, row])


@numba.njit(**_JIT)
def income_curves(inputs, limits, extra_cpi_pct, default_month, market, income, gross, net):
    """Fill `gross` and `net` (months, curves) [project currency/month] with each row's income.

    inputs (N_INPUTS, curves); limits is the packed rulebook; extra_cpi_pct [%] the inflation of
    CPI_EXTRA; default_month the first month without rent in TENANT_DEFAULT; market the
    packed market; `income` one of AS_IS … TENANT_DEFAULT. Months beyond a row's lease hold 0.
    """
    months = net.shape[0]
    spot = market[r.POWER_SPOT_PER_MWH]
    swap = market[r.POWER_SWAP_PER_MWH]
    for row in range(inputs.shape[1]):
        fx = fx_rate(inputs, row)
        contract = monthly_rent(inputs, row) * _revenue_factor(inputs, row)
        opex = inputs[x.OPEX, row]
        rent_free = inputs[x.RENT_FREE_MONTHS, row]
        void_from = np.inf
        if income == RENT_DOWN:
            contract *= 1.0 - inputs[x.RENT_DOWNSIDE_PCT, row] / 100.0
        elif income == OPEX_UP:
            opex *= 1.0 + inputs[x.OPEX_STRESS_PCT, row] / 100.0
        elif income == TENANT_DEFAULT:
            void_from = max(default_month, rent_free + 1.0)
        void_to = void_from + inputs[x.RECOVERY_LAG_MONTHS, row]
        lease_months = int(12.0 * inputs[x.LEASE_YEARS, row] + 0.5)
        constant = inflation_path_pct(inputs, row, 0, income, extra_cpi_pct, limits)
        mode = _index_mode(inputs, row, income, constant)
        sensitivity = 0.0
        if mode == x.INDEX_CPI:
            sensitivity = 1.0
        elif mode == x.INDEX_PARTIAL:
            sensitivity = 0.5
        percent_opex = inputs[x.OPEX_MODE, row] == x.OPEX_PERCENT
        power_mwh = inputs[x.GROSS_IT_LOAD_MW, row] * HOURS_PER_MONTH
        power_mwh *= (1.0 - inputs[x.VACANCY_PCT, row] / 100.0) * _power_share(inputs, row)
        last_step = _HYBRID_YEARS * 12 if income == VARIANT_HYBRID else months
        rent_index = 1.0
        cost_index = 1.0
        for month in range(1, months + 1):
            if month > lease_months:
                gross[month - 1, row] = 0.0
                net[month - 1, row] = 0.0
                continue
            if month > 1 and (month - 1) % 12 == 0 and month <= last_step:
                year = (month - 1) // 12 - 1
                inflation = inflation_path_pct(inputs, row, year, income, extra_cpi_pct, limits)
                step = sensitivity * lease_rate_pct(inputs, row, inflation, limits)
                rent_index *= 1.0 + step / 100.0
                if mode != x.INDEX_FLAT:
                    cost_index *= 1.0 + inflation / 100.0
            unabated = contract * rent_index
            paying = month > rent_free and not (void_from <= month < void_to)
            received = unabated if paying else 0.0
            cost = unabated * opex / 100.0 if percent_opex else opex * fx / 12.0 * cost_index
            power = 0.0
            if power_mwh > 0.0:
                power = power_mwh * fx * _power_price(inputs, row, month, spot, swap)
            gross[month - 1, row] = received
            net[month - 1, row] = received - cost - power


# Rows of the input matrix that income depends on: rows that agree in all of these share a curve.
INCOME_ROWS = np.array(
    [
        x.CURRENCY, x.GROSS_IT_LOAD_MW, x.GROSS_MONTHLY_RENT, x.OPEX, x.OPEX_MODE,
        x.INDEXATION_MODE, x.INDEXATION_BASE, x.REVENUE_BASIS, x.LEASE_YEARS,
        x.POWER_HEDGE_MODE, x.INFLATION_SPOT_PCT, x.INFLATION_FWD_TERM, x.FX_SPOT,
        x.CPI_FLOOR_PCT, x.CPI_CAP_PCT, x.ESCALATOR_PCT, x.VACANCY_PCT, x.RENT_FREE_MONTHS,
        x.POWER_PASS_THROUGH, x.PPA_TERM_YEARS, x.PPA_STRIKE_PER_MWH, x.POWER_SWAP_YEARS,
        x.POWER_HEDGE_PCT, x.RENT_DOWNSIDE_PCT, x.OPEX_STRESS_PCT, x.RECOVERY_LAG_MONTHS,
        x.COLLECTION_LAG_DAYS, x.CPI_STRESS_1_PCT, x.CPI_STRESS_2_PCT, x.CPI_STRESS_3_PCT,
        x.LOCAL_CURRENCY, x.RENT_BASIS, x.RENT_RATE,
    ]
)  # fmt: skip
