"""Discount factors and option prices by month after close, from the market's zero curve.

    z(T)  = zero rate in percent, linear between nodes, flat outside, plus the shift
    DF(T) = (1 + z/100)^-T,   T in years from close
    option unit[t] = DF(t/12) x Bachelier(strike F[t] -+ offset, sigma sqrt((t-1)/12))

F[t] = 12 (DF((t-1)/12) / DF(t/12) - 1) is the rate of month t, fixed at its start; it cancels, as
each strike lies a fixed offset from its own forward.
Source: the model's section 7. A power with a broken exponent goes through kernels.numerics, so
that every processor gives the same bits.
"""

import math

import numba

from kernels import layout as x
from kernels import rules as r
from kernels.normal import normal_option
from kernels.numerics import exponential, natural_log

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}

# Months of a table, t = 0 … 539: construction (36 at most) and lease or tenor (480 at most), with
# room for late receipts.
TABLE_MONTHS = 540


@numba.njit(**_JIT)
def zero_rate_pct(terms_years, zero_pct, shift_bps, years):
    """Zero rate [%] at `years`: linear between nodes, flat outside, plus `shift_bps`.

    terms_years, zero_pct (nodes,), terms rising.
    """
    shift = shift_bps / 100.0
    last = terms_years.shape[0] - 1
    if years <= terms_years[0]:
        return zero_pct[0] + shift
    if years >= terms_years[last]:
        return zero_pct[last] + shift
    after = 1
    while terms_years[after] < years:
        after += 1
    span = terms_years[after] - terms_years[after - 1]
    share = (years - terms_years[after - 1]) / span
    return zero_pct[after - 1] + (zero_pct[after] - zero_pct[after - 1]) * share + shift


@numba.njit(**_JIT)
def discount_factor(rate_pct, years):
    """(1 + rate)^-years for any `years` >= 0, annual compounding; rate above -100 %."""
    return exponential(-years * natural_log(1.0 + rate_pct / 100.0))


@numba.njit(**_JIT)
def fill_discounts(terms_years, zero_pct, shift_bps, spread_pct, discounts):
    """Fill `discounts` (months,) with the factors of months 0, 1, … at zero rate + `spread_pct`."""
    for t in range(discounts.shape[0]):
        years = t / 12.0
        rate = zero_rate_pct(terms_years, zero_pct, shift_bps, years) + spread_pct
        discounts[t] = discount_factor(rate, years)


@numba.njit(**_JIT)
def fill_rate_options(discounts, normal_vol, offset, floor_unit, cap_unit):
    """Fill floor_unit, cap_unit (months,): options on each month's rate, per unit of notional.

    discounts (months,); normal_vol [decimal a year]; the floor is struck `offset` [decimal] under
    the month's forward, the cap as much above it. Units are prices at close of a yearly rate: a
    month's option on a balance B costs B/12 x unit. Under the normal model both are worth the same.
    """
    floor_unit[0] = 0.0
    cap_unit[0] = 0.0
    for t in range(1, discounts.shape[0]):
        stddev = normal_vol * math.sqrt((t - 1) / 12.0)
        # strike - forward of the floor, forward - strike of the cap
        price = discounts[t] * normal_option(-offset, stddev)
        floor_unit[t] = price
        cap_unit[t] = price


@numba.njit(**_JIT)
def fill_tables(yields, cash, df, floor_unit, cap_unit, strip_df):
    """Fill the tables of rules.Curves from rules.Yields and rules.CashRules, shift by shift."""
    normal_vol = yields.normal_vol_bps[0] / 10000.0
    offset = cash.limits[r.RATE_OPTION_OFFSET_BPS] / 10000.0
    for table in range(yields.shifts_bps.shape[0]):
        shift = yields.shifts_bps[table]
        fill_discounts(yields.terms_years, yields.zero_pct, shift, 0.0, df[table])
        fill_rate_options(df[table], normal_vol, offset, floor_unit[table], cap_unit[table])
        strip_df[table, x.UNRATED] = 0.0
        for rating in range(x.RATING_B, x.N_RATINGS):
            spread = cash.strip_spread_pct[rating]
            fill_discounts(
                yields.terms_years, yields.zero_pct, shift, spread, strip_df[table, rating]
            )
