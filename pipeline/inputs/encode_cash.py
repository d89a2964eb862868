"""The rulebook's cash terms and the market's curve as the arrays of `kernels.rules`."""

from __future__ import annotations

import numpy as np

from kernels import rules as place
from kernels.rules import CashRules, FloatArray, Yields
from pipeline.inputs.market import MarketFile
from pipeline.inputs.models import StrictModel
from pipeline.inputs.ratings import CATEGORIES
from pipeline.inputs.rulebook import RulebookFile


def cash_rules_of(book: RulebookFile) -> CashRules:
    """Terms of waterfall, day-one value and stresses; ratings without an entry hold 0."""
    cash, day_one = book.cash, book.day_one
    return CashRules(
        limits=cash_limits_of(book),
        reinvestment_pct=_in_order(cash.reinvestment_pct),
        trap_share=_in_order(cash.trap_share),
        trs_upfront_pct=_in_order(day_one.trs.upfront_pct),
        zcis_credit_bps=np.stack(
            [
                _by_rating(getattr(day_one.zcis_credit_bps, name))
                for name in type(day_one.zcis_credit_bps).model_fields
            ]
        ),
        low_spread_bps=_by_rating(day_one.low_rating_spread_bps),
        strip_spread_pct=_by_rating(day_one.strip.spread_pct),
    )


def cash_limits_of(book: RulebookFile) -> FloatArray:
    """Single terms at their places of `kernels.rules`."""
    cash, day_one, stress = book.cash, book.day_one, book.stress
    strip = day_one.strip
    named = {
        place.LIQUIDITY_FEE_BPS: cash.liquidity_fee_bps,
        place.COVENANT_WINDOW_MONTHS: cash.covenant.window_months,
        place.COVENANT_FIRST_TEST_MONTH: cash.covenant.first_test_month,
        place.COVENANT_TEST_INTERVAL_MONTHS: cash.covenant.test_interval_months,
        place.TURBO_TIME_BASED_YEAR: cash.turbo.time_based_year,
        place.TURBO_DOWNGRADE_NOTCHES: cash.turbo.downgrade_notches,
        place.RELEASE_CLEAN_TESTS: cash.clean_tests,
        place.WRAP_VALUE_YEARS_MAX: day_one.wrap_years_max,
        place.RATE_OPTION_OFFSET_BPS: day_one.floor.offset_bps,
        place.RATE_OPTION_YEARS: day_one.floor.years,
        place.TRS_MAX_STRUCTURE_PCT: day_one.trs.max_structure_pct,
        place.TRS_TERM_YEARS: day_one.trs.term_years,
        place.STRIP_SHARE_PCT: strip.share_pct,
        place.STRIP_AFTER_YEARS: strip.after_years,
        place.STRIP_AFTER_YEARS_LONG: strip.after_years_long,
        place.STRIP_LONG_LEASE_YEARS: strip.long_lease_years,
        place.STRESS_CPI_EXTRA_PCT: stress.cpi_extra_pct,
        place.STRESS_DEFAULT_MONTH: stress.default_month,
    }
    return np.array([float(named[index]) for index in range(place.N_CASH_LIMITS)])


def yields_of(market: MarketFile, shifts_bps: tuple[float, ...]) -> Yields:
    """The market's curve with the shifts that the request may put on it."""
    points = sorted((int(term), rate) for term, rate in market.zero_curve.nodes.items())
    terms, rates = zip(*points, strict=True)
    return Yields(
        terms_years=np.array(terms, dtype=np.float64),
        zero_pct=np.array(rates, dtype=np.float64),
        shifts_bps=np.array(shifts_bps, dtype=np.float64),
        normal_vol_bps=np.array([market.volatility.normal_bps], dtype=np.float64),
    )


def _in_order(entries: StrictModel) -> FloatArray:
    """Figures in the order of the fields, which is that of the catalogue's choices."""
    return np.array(list(entries.model_dump().values()), dtype=np.float64)


def _by_rating(entries: StrictModel) -> FloatArray:
    """(7,) by rating number."""
    return np.array([float(getattr(entries, name, 0.0)) for name in CATEGORIES])
