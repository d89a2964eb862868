"""Day-one value: what derivatives, wrap, sales and rebates bring at close, and what follows.

Each part is a figure of its own, positive when the project receives, and their sum is Day1Cash.
What a part costs later is a settlement or a fee beside it, with the same sign. Source: the model's
section 7. Money in project currency, T in years from close, discount tables of rules.Curves by
month after close; operating month m lies C + m months after close. A swap whose term is longer
than the senior tenor is idle: worth nothing, never settled.

The caller leaves all of it out where there is no senior debt or the structure is invalid.
"""

import math

import numba

from kernels import codes
from kernels import layout as x
from kernels import rules as r
from kernels.currency import fx_rate, hedged_share
from kernels.income import expected_inflation_pct
from kernels.normal import normal_option
from kernels.numerics import integer_power

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}
TOLERANCE = 1e-9
ZCIS_SHORT_YEARS = 5
ZCIS_LONG_YEARS = 10


# -- wrap ----------------------------------------------------------------------------------------
@numba.njit(**_JIT)
def credit_spread_bps(inputs, row, rating, cash):
    """Credit spread [bps] of a rating number: inputs _29 to _32, the rulebook's below BBB."""
    if rating == x.RATING_AAA:
        return inputs[x.SPREAD_AAA_BPS, row]
    if rating == x.RATING_AA:
        return inputs[x.SPREAD_AA_BPS, row]
    if rating == x.RATING_A:
        return inputs[x.SPREAD_A_BPS, row]
    if rating == x.RATING_BBB:
        return inputs[x.SPREAD_BBB_BPS, row]
    return cash[r.LOW_SPREAD_BPS + rating]


@numba.njit(**_JIT)
def wrap_value(inputs, row, matrix, wrapped, senior, wal_years, cash):
    """Worth [money] of the spread a wrap saves over the senior's average life; 0 without a wrap.

    matrix, wrapped [rating numbers]: by the matrix alone, and the better of it and the wrap's.
    """
    if inputs[x.WRAP_TYPE, row] == x.WRAP_NONE or wrapped <= matrix:
        return 0.0
    saved = credit_spread_bps(inputs, row, matrix, cash)
    saved -= credit_spread_bps(inputs, row, wrapped, cash)
    years = min(wal_years, cash[r.WRAP_VALUE_YEARS_MAX])
    return saved / 10000.0 * senior * years


# -- zero-coupon inflation swap --------------------------------------------------------------------
@numba.njit(**_JIT)
def expected_growth(inputs, row, years, limits):
    """Product of (1 + expected inflation) over the first `years` years; limits: Rules.limits."""
    growth = 1.0
    for year in range(years):
        growth *= 1.0 + expected_inflation_pct(inputs, row, year, limits) / 100.0
    return growth


@numba.njit(**_JIT)
def zcis_receiver_npv(notional, expected, struck, discount):
    """NPV [money] of receiving inflation: notional x (expected - struck growth) x discount.

    This is what a dealer who receives inflation pays at close for a swap struck below the market;
    the project, who pays inflation, holds the opposite.
    """
    return notional * (expected - struck) * discount


@numba.njit(**_JIT)
def zcis_notional(inputs, row, senior):
    """Notional [money] of each inflation swap."""
    return inputs[x.ZCIS_NOTIONAL_PCT, row] / 100.0 * senior


@numba.njit(**_JIT)
def zcis_value(inputs, row, years, senior, discounts, limits, cash):
    """Cash [money] a dealer pays at close for the `years` (5 or 10) inflation swap; 0 when idle.

    The swap is struck at expected inflation, the dealer values it at the breakeven less its basis
    and charges for credit. discounts (months,): Curves.df of the row; limits: Rules.limits.
    """
    if is_idle(years, inputs[x.SENIOR_TENOR_YEARS, row]):
        return 0.0
    implied = inputs[x.ZCIS_IMPLIED_5Y_PCT, row]
    counterparty = inputs[x.COUNTERPARTY_5Y_RATING, row]
    if years == ZCIS_LONG_YEARS:
        implied = inputs[x.ZCIS_IMPLIED_10Y_PCT, row]
        counterparty = inputs[x.COUNTERPARTY_10Y_RATING, row]
    breakeven = (implied - inputs[x.CPI_BASIS_BPS, row] / 100.0) / 100.0
    notional = zcis_notional(inputs, row, senior)
    bought = integer_power(1.0 + breakeven, years)
    struck = expected_growth(inputs, row, years, limits)
    charge = cash[r.ZCIS_CREDIT_BPS + 7 * int(inputs[x.CSA_TYPE, row]) + int(counterparty)]
    npv = zcis_receiver_npv(notional, bought, struck, discounts[12 * years])
    return npv - notional * charge / 10000.0


@numba.njit(**_JIT)
def zcis_settlement(notional, realised, struck):
    """Cash [money] of the settlement in operating month 12 T; negative: the project pays.

    realised, struck [growth over the term]: the project pays the first and receives the second.
    """
    return -notional * (realised - struck)


# -- rate floor, cap, collar -----------------------------------------------------------------------
@numba.njit(**_JIT)
def rate_option_months(senior_months, cash):
    """Months from COD that the option on rates runs."""
    return int(min(float(senior_months), 12.0 * cash[r.RATE_OPTION_YEARS]))


@numba.njit(**_JIT)
def rate_option_value(option, balance, column, senior, months, construction, floor_unit, cap_unit):
    """Cash [money] for the rate option of `option` (OPTION_FLOOR, OPTION_CAP, OPTION_COLLAR).

    A floor is sold, a cap bought, a collar both. balance (months, columns): scheduled senior
    balance per 1 of `senior` at the start of each month; `months` from rate_option_months;
    floor_unit, cap_unit (months,): Curves tables of the row, by month after close.
    """
    sold = 0.0
    bought = 0.0
    for month in range(1, months + 1):
        exposed = senior * balance[month - 1, column] / 12.0
        sold += exposed * floor_unit[construction + month]
        bought += exposed * cap_unit[construction + month]
    if option == x.OPTION_FLOOR:
        return sold
    if option == x.OPTION_CAP:
        return -bought
    return sold - bought


@numba.njit(**_JIT)
def rate_option_settlement(option, shock_bps, cash):
    """Monthly settlement [decimal of the scheduled balance] when rates lie `shock_bps` off.

    Negative where the project pays on the floor it sold. Rates as expected settle at nothing.
    """
    offset = cash[r.RATE_OPTION_OFFSET_BPS]
    settlement = 0.0
    if option != x.OPTION_CAP:
        settlement -= max(0.0, -shock_bps - offset) / 120000.0
    if option != x.OPTION_FLOOR:
        settlement += max(0.0, shock_bps - offset) / 120000.0
    return settlement


# -- total return swap -----------------------------------------------------------------------------
@numba.njit(**_JIT)
def trs_notional(inputs, row, equity, financing, cash):
    """Notional [money]: a share of equity, at most a share of `financing`; 0 when idle."""
    if is_idle(cash[r.TRS_TERM_YEARS], inputs[x.SENIOR_TENOR_YEARS, row]):
        return 0.0
    asked = inputs[x.TRS_EQUITY_PCT, row] / 100.0 * max(0.0, equity)
    return min(asked, cash[r.TRS_MAX_STRUCTURE_PCT] / 100.0 * financing)


@numba.njit(**_JIT)
def trs_value(inputs, row, notional, cash):
    """Cash [money] paid to the project at close, by how often the swap is margined."""
    return notional * cash[r.TRS_UPFRONT_PCT + int(inputs[x.TRS_MARGINING, row])] / 100.0


@numba.njit(**_JIT)
def trs_fee(inputs, row, equity, financing, cash):
    """Fee [money a month] the project owes over the swap's term; 0 without the swap."""
    if inputs[x.TRS_ON, row] != 1.0:
        return 0.0
    notional = trs_notional(inputs, row, equity, financing, cash)
    return inputs[x.TRS_FEE_PCT, row] / 100.0 * notional / 12.0


# -- residual strip --------------------------------------------------------------------------------
@numba.njit(**_JIT)
def strip_first_month(lease_years, cash):
    """First operating month whose distributions are sold in part."""
    after = cash[r.STRIP_AFTER_YEARS]
    if lease_years > cash[r.STRIP_LONG_LEASE_YEARS]:
        after = cash[r.STRIP_AFTER_YEARS_LONG]
    return int(12.0 * after + 0.5) + 1


@numba.njit(**_JIT)
def strip_sold(distribution, tax, cash):
    """Part [money] of a month's distribution, taken before tax, that goes to the strip's buyer.

    Its value at close is the base case's sum of this x Curves.strip_df[table, rating, C + m] over
    the lease.
    """
    return cash[r.STRIP_SHARE_PCT] / 100.0 * max(0.0, distribution + tax)


# -- currency swap, rebate, uplift -----------------------------------------------------------------
@numba.njit(**_JIT)
def currency_swap_value(inputs, row, debt):
    """Cost at close [money], negative, of swapping the hedged share of `debt`; 0 when idle."""
    years = inputs[x.CCY_SWAP_YEARS, row]
    if years <= 0.0 or is_idle(years, inputs[x.SENIOR_TENOR_YEARS, row]):
        return 0.0
    share = hedged_share(inputs, row)
    if share == 0.0:
        return 0.0
    return -debt * share * inputs[x.CCY_SWAP_COST_BPS, row] / 10000.0


@numba.njit(**_JIT)
def fee_rebate(inputs, row):
    """Part of the structuring fees [money] that comes back at close."""
    fees = inputs[x.STRUCTURING_FEES, row] * fx_rate(inputs, row)
    return inputs[x.FEE_REBATE_PCT, row] / 100.0 * fees


@numba.njit(**_JIT)
def advance_uplift(inputs, row, senior):
    """Cash [money] from a higher advance rate."""
    return inputs[x.ADVANCE_UPLIFT_PCT, row] / 100.0 * senior


# -- the call: reported, not part of Day1Cash ------------------------------------------------------
@numba.njit(**_JIT)
def call_value(
    inputs, row, balance, column, senior, senior_months, construction, discounts, normal_vol, cash
):
    """Value [money] of the right to call the senior after CallOptionYears_56; 0 without one.

    A receiver swaption on the remaining schedule: balance (months, columns) per 1 of `senior`;
    discounts (months,): Curves.df of the row; normal_vol [decimal a year]. The call is paid for in
    the coupon: its strike is the coupon less the credit spread of the target rating.
    """
    years = inputs[x.CALL_YEARS, row]
    called_after = int(12.0 * years + TOLERANCE)  # the last whole month before the call
    if years <= 0.0 or called_after >= senior_months:
        return 0.0
    annuity = 0.0
    floating = 0.0
    for month in range(called_after + 1, senior_months + 1):
        owed = balance[month - 1, column]
        before = discounts[construction + month - 1]
        here = discounts[construction + month]
        annuity += owed / 12.0 * here
        floating += owed * (before - here)
    if not annuity > 0.0:
        return 0.0
    target = int(inputs[x.SENIOR_RATING_TARGET, row])
    spread = credit_spread_bps(inputs, row, target, cash)
    strike = inputs[x.SENIOR_COUPON_PCT, row] / 100.0 - spread / 10000.0
    stddev = normal_vol * math.sqrt(construction / 12.0 + years)
    return senior * annuity * normal_option(strike - floating / annuity, stddev)


# -- warnings --------------------------------------------------------------------------------------
@numba.njit(**_JIT)
def is_idle(years, tenor_years):
    """Whether a swap of `years` outlives the senior."""
    return years > tenor_years + TOLERANCE


@numba.njit(**_JIT)
def overlay_warnings(inputs, row, cash):
    """WARN_* bits of the overlays and of the currency swap."""
    tenor = inputs[x.SENIOR_TENOR_YEARS, row]
    short = inputs[x.ZCIS_5Y_ON, row] == 1.0
    long = inputs[x.ZCIS_10Y_ON, row] == 1.0
    idle = short and is_idle(ZCIS_SHORT_YEARS, tenor)
    idle = idle or (long and is_idle(ZCIS_LONG_YEARS, tenor))
    swapped = inputs[x.TRS_ON, row] == 1.0
    idle = idle or (swapped and is_idle(cash[r.TRS_TERM_YEARS], tenor))
    hedged = hedged_share(inputs, row) > 0.0
    idle = idle or (hedged and is_idle(inputs[x.CCY_SWAP_YEARS, row], tenor))
    raised = 0
    if idle:
        raised |= 1 << codes.WARN_OVERLAY_IDLE
    if (short or long) and inputs[x.INDEXATION_MODE, row] == x.INDEX_FLAT:
        raised |= 1 << codes.WARN_INFLATION_UNHEDGED
    if short and long and 2.0 * inputs[x.ZCIS_NOTIONAL_PCT, row] > 100.0 + TOLERANCE:
        raised |= 1 << codes.WARN_OVERHEDGED
    return raised


@numba.njit(**_JIT)
def reserves_warning(full_coverage, cash_coverage, full):
    """WARN_RESERVES_UNFUNDED bit: fully funded [ratio >= `full`], but not with reserves and IDC."""
    if full_coverage >= full - TOLERANCE and cash_coverage < full - TOLERANCE:
        return 1 << codes.WARN_RESERVES_UNFUNDED
    return 0
