"""The rulebook and the market as the kernels see them: small arrays, constant over a run.

Ratings index by number (0 unrated, 1 B … 6 AAA); jurisdictions UK 0, EU 1, US 2, Global 3; asset
types data centre 0, renewable 1, infrastructure 2. A notch number is AAA 1, AA+ 2, AA 3, AA- 4,
A+ 5 … BBB- 10 … B- 16, CCC+ 17 … CCC- 19, CC 20, C 21, D 22: lower is better.
"""

from itertools import accumulate
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kernels.codes import N_REASONS

FloatArray = npt.NDArray[np.float64]

# -- places in Rules.limits ----------------------------------------------------------------------
(
    LONG_RUN_INFLATION_PCT,
    CORE_CPI_DISCOUNT_PCT,
    STEP_WEIGHT_FIRST,
    STEP_WEIGHT_SECOND,
    STEP_WEIGHT_THIRD,
    PIK_MONTHS,
    MEZZ_MIN_NOTIONAL,
    MEZZ_MIN_CAPACITY_RATIO,
    MEZZ_MAX_SHARE_OF_REST,
    EXIT_CAP_RATE_PCT,
    TAIL_YEARS,
    CAPEX_COVERAGE_MIN,
    CAPEX_COVERAGE_FULL,
    LEASE_TAIL_YEARS,
    COUPON_BAND_BPS,
    RATING_NOTCH_TOLERANCE,
    MEZZ_RATING_NOTCH_TOLERANCE,
    DEBT_MAX_PCT,
    DEBT_LOW_PCT,
    ICR_FLOOR,
    FCCR_FLOOR,
    STRESS_RATE_BPS,
    QUICK_STRESS_RATE_BPS,
    QUICK_STRESS_YEARS,
    QUICK_STRESS_DSCR,
    MARGINAL_DSCR_HEADROOM,
    UNIVERSE_MIN_RATING,
    MAX_SIMPLE_DERIVATIVES,
    ENHANCEMENT_DSRA_MONTHS,
    ENHANCEMENT_TENANT_NOTCH,
    REPO_MIN_DSCR,
    REPO_MIN_RATING,
    SCORE_DSCR,
    SCORE_RATING,
    SCORE_COVERAGE,
    SCORE_STRESS,
    SCORE_SIMPLICITY,
    SCORE_COMPLEXITY_CEILING,
    WEIGHT_SENIOR_RAISE,
    WEIGHT_WACC,
    WEIGHT_DAY1,
    WEIGHT_DSCR,
    WEIGHT_RATING,
    COMPOSITE_SENIOR_UNIT,
    COMPOSITE_DAY1_UNIT,
    COMPOSITE_WACC_CEILING,
    COMPOSITE_DSCR_CEILING,
    DIAMOND_COVERAGE,
    GOLD_COVERAGE,
    SILVER_COVERAGE,
    DIAMOND_DAY1_PCT,
    GOLD_DAY1_PCT,
    DIAMOND_MIN_RATING,
    GOLD_MIN_RATING,
    SILVER_MIN_RATING,
    DIAMOND_NEEDS_REPO,
    DIAMOND_NEEDS_STRESSES,
    GOLD_NEEDS_STRESSES,
    REPO_ACTION,
    REPO_NEEDS_HAIRCUT,
    TENANT_SHARE_CAPS,
    LOCATIONS_DOWNGRADE,
) = range(62)
N_LIMITS = 62

# -- places in CashRules.limits ------------------------------------------------------------------
(
    LIQUIDITY_FEE_BPS,
    COVENANT_WINDOW_MONTHS,
    COVENANT_FIRST_TEST_MONTH,
    COVENANT_TEST_INTERVAL_MONTHS,
    TURBO_TIME_BASED_YEAR,
    TURBO_DOWNGRADE_NOTCHES,
    RELEASE_CLEAN_TESTS,
    WRAP_VALUE_YEARS_MAX,
    RATE_OPTION_OFFSET_BPS,
    RATE_OPTION_YEARS,
    TRS_MAX_STRUCTURE_PCT,
    TRS_TERM_YEARS,
    STRIP_SHARE_PCT,
    STRIP_AFTER_YEARS,
    STRIP_AFTER_YEARS_LONG,
    STRIP_LONG_LEASE_YEARS,
    STRESS_CPI_EXTRA_PCT,
    STRESS_DEFAULT_MONTH,
) = range(18)
N_CASH_LIMITS = 18

# -- what a rule does when it is broken: places in Rules.actions are the reasons of kernels.codes
ACTION_OFF, ACTION_REJECT, ACTION_WARN, ACTION_DOWNGRADE = range(4)


class Rules(NamedTuple):
    """Every threshold the kernels use. Source and version are in the rulebook file."""

    limits: FloatArray  # (N_LIMITS,), by the names above
    actions: FloatArray  # (N_REASONS,), ACTION_* by gate reason, see kernels.codes
    matrix_dscr: FloatArray  # (7,) [ratio] least DSCR by rating; -inf for B
    matrix_ltv_pct: FloatArray  # (7,) [%] most LTV by rating; +inf for B
    matrix_shift: FloatArray  # (3,) [ratio] by HaircutRuleSet_81
    notch: FloatArray  # (7,) notch number in the middle of each rating
    dscr_floor: FloatArray  # (7, 4) [ratio] RK-DSCR-001 by rating, jurisdiction
    stress_floor: FloatArray  # (7,) [ratio] RK-DSCR-002 by rating
    tenor_max_years: FloatArray  # (7, 3) [years] RK-TENOR-001 by rating, asset type
    amort_min_pct: FloatArray  # (7,) [% a year] RK-AMORT-001 by rating
    balloon_max_pct: FloatArray  # (7,) [%] RK-AMORT-001 by rating
    advance_max_pct: FloatArray  # (7,) [%] advance factor by rating
    advance_modifier: FloatArray  # (4,) [ratio] by jurisdiction
    bank_min_rating: FloatArray  # (4,) RK-REPO-001 rating by jurisdiction; 99: no central bank
    bank_max_tenor_years: FloatArray  # (4,) [years]
    bank_max_advance_pct: FloatArray  # (4,) [%]
    bank_currency: FloatArray  # (4,) currency code; -1: none
    haircut_pct: FloatArray  # (7, 3) [%] RK-REPO-002 by rating, tenor bucket; NaN: not financeable
    haircut_tenor_years: FloatArray  # (3,) [years] upper end of each bucket, inclusive
    wrap_insurer_notch: FloatArray  # (7,) RK-WRAP-001 weakest insurer by rating; 0: no wrap
    wrap_relief: FloatArray  # (7,) [ratio] RK-WRAP-001 by rating
    wrap_cost_low_bps: FloatArray  # (7,) [bps a year] by rating; NaN: no range
    wrap_cost_high_bps: FloatArray  # (7,) [bps a year]
    concentration_max_pct: FloatArray  # (7,) [%] RK-CONC-001 by rating; +inf: no limit
    concentration_tenant_notch: FloatArray  # (7,) weakest tenant by rating; 99: any
    tax_rate_pct: FloatArray  # (4,) [%] by jurisdiction
    rating_score: FloatArray  # (7,) composite score of a rating, 0 to 1
    currency_scale: FloatArray  # (5,) money units of the composite, by currency


class Market(NamedTuple):
    """Market figures the kernels use; each has its date and source in the market file."""

    anchor_zero_pct: FloatArray  # (8,) [%] zero rate at each BaseCurveAnchor_27
    power_spot_per_mwh: FloatArray  # (1,) [local currency/MWh]
    power_swap_per_mwh: FloatArray  # (1,) [local currency/MWh]


class CashRules(NamedTuple):
    """Terms of the waterfall, of day-one value and of the stresses, from the rulebook file."""

    limits: FloatArray  # (N_CASH_LIMITS,), by the names above
    reinvestment_pct: FloatArray  # (3,) [% a year] by ReinvestmentOption_105
    trap_share: FloatArray  # (3,) [ratio] of the cash a trap keeps, by CashTrapRules_102
    trs_upfront_pct: FloatArray  # (2,) [% of notional] by TRS_MarginingFreq_95
    zcis_credit_bps: FloatArray  # (3, 7) [bps of notional] by CSA type, counterparty rating
    low_spread_bps: FloatArray  # (7,) [bps] credit spread of ratings the inputs do not give
    strip_spread_pct: FloatArray  # (7,) [% a year] over the zero curve by senior rating


class Yields(NamedTuple):
    """What the curve tables are made from: the market's zero curve, its shifts and volatility."""

    terms_years: FloatArray  # (nodes,) [years], rising
    zero_pct: FloatArray  # (nodes,) [%] annual compounding
    shifts_bps: FloatArray  # (shifts,) [bps] distinct values of BaseCurveShift_bps_28
    normal_vol_bps: FloatArray  # (1,) [bps a year] normal volatility of forward rates


class Curves(NamedTuple):
    """Tables over months t = 0, 1, … after close, one per curve shift; see kernels.curve.

    Row CURVE_TABLE of the inputs says which shift is a permutation's.
    """

    df: FloatArray  # (shifts, months) discount factor
    floor_unit: FloatArray  # (shifts, months) price at close of a floorlet paid at t, a year's rate
    cap_unit: FloatArray  # (shifts, months) the same of a caplet
    strip_df: FloatArray  # (shifts, 7, months) discount factor with the strip's spread, by rating
    normal_vol: FloatArray  # (1,) [decimal a year]


# -- the same as the kernels read it: flat arrays -------------------------------------------------
# A kernel that hands a tuple of arrays on counts a reference for each of them, with an atomic
# instruction that two threads wait for in turn; that took half the time of sizing. So the tables
# are packed into one array a book: limits first, under their own names, then the tables, row by
# row. `rules[r.DSCR_FLOOR + 4 * rating + jurisdiction]` is RK-DSCR-001.
N_HAIRCUT_BUCKETS = 3


def _places(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Where each table begins, and where the last one ends."""
    return tuple(accumulate(sizes))


(
    ACTIONS,
    MATRIX_DSCR,
    MATRIX_LTV_PCT,
    MATRIX_SHIFT,
    NOTCH,
    DSCR_FLOOR,
    STRESS_FLOOR,
    TENOR_MAX_YEARS,
    AMORT_MIN_PCT,
    BALLOON_MAX_PCT,
    ADVANCE_MAX_PCT,
    ADVANCE_MODIFIER,
    BANK_MIN_RATING,
    BANK_MAX_TENOR_YEARS,
    BANK_MAX_ADVANCE_PCT,
    BANK_CURRENCY,
    HAIRCUT_PCT,
    HAIRCUT_TENOR_YEARS,
    WRAP_INSURER_NOTCH,
    WRAP_RELIEF,
    WRAP_COST_LOW_BPS,
    WRAP_COST_HIGH_BPS,
    CONCENTRATION_MAX_PCT,
    CONCENTRATION_TENANT_NOTCH,
    TAX_RATE_PCT,
    RATING_SCORE,
    CURRENCY_SCALE,
    _RULES_END,
) = _places(
    (N_LIMITS, N_REASONS, 7, 7, 3, 7, 28, 7, 21, 7, 7, 7, 4, 4, 4, 4, 4, 21, 3, 7, 7, 7, 7, 7, 7,
     4, 7, 5)
)  # fmt: skip
(
    REINVESTMENT_PCT,
    TRAP_SHARE,
    TRS_UPFRONT_PCT,
    ZCIS_CREDIT_BPS,
    LOW_SPREAD_BPS,
    STRIP_SPREAD_PCT,
    _CASH_END,
) = _places((N_CASH_LIMITS, 3, 3, 2, 21, 7, 7))
ANCHOR_ZERO_PCT, POWER_SPOT_PER_MWH, POWER_SWAP_PER_MWH, NORMAL_VOL, _MARKET_END = (0, 8, 9, 10, 11)
CURVE_DISCOUNT, CURVE_FLOOR, CURVE_CAP, CURVE_STRIP = range(4)


def packed_rules(rules: Rules) -> FloatArray:
    """The rulebook as kernels read it: (_RULES_END,) float64."""
    return _packed(rules, _RULES_END)


def packed_cash_rules(rules: CashRules) -> FloatArray:
    """The terms of cash and stresses as kernels read them: (_CASH_END,) float64."""
    return _packed(rules, _CASH_END)


def packed_market(market: Market, curves: Curves) -> FloatArray:
    """The market as kernels read it: (_MARKET_END,) float64."""
    return _packed((*market, curves.normal_vol), _MARKET_END)


def packed_curves(curves: Curves) -> FloatArray:
    """The curve tables as kernels read them: (shifts, 3 + 7, months) float64."""
    single = np.stack((curves.df, curves.floor_unit, curves.cap_unit), axis=1)
    return np.concatenate((single, curves.strip_df), axis=1)


def _packed(tables: tuple[FloatArray, ...], size: int) -> FloatArray:
    packed = np.concatenate([table.ravel() for table in tables])
    if packed.shape != (size,):
        raise ValueError(f"tables of {packed.shape[0]} figures do not fill {size} places")
    return packed
