"""The rulebook and market as the arrays of `kernels.rules`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kernels import codes
from kernels import rules as place
from kernels.rules import FloatArray, Market, Rules
from pipeline.inputs import catalogue
from pipeline.inputs.countries import CURRENCIES, JURISDICTIONS
from pipeline.inputs.market import MarketFile
from pipeline.inputs.models import StrictModel
from pipeline.inputs.ratings import CATEGORIES, CATEGORY_NUMBER, NOTCH
from pipeline.inputs.rulebook import RulebookFile
from pipeline.inputs.rules import RuleSet

_NO_BANK_RATING = 99.0
_ANY_TENANT = 99.0
_NO_WRAP = 0.0
_ACTIONS = {
    "reject": place.ACTION_REJECT,
    "warn": place.ACTION_WARN,
    "downgrade": place.ACTION_DOWNGRADE,
}


def rules_of(book: RulebookFile, weights: Mapping[str, float]) -> Rules:
    """Every threshold of a rulebook, with the composite weights of the request."""
    rules, ratings = book.rules, book.ratings
    banks = [getattr(rules.repo.threshold, name, None) for name in JURISDICTIONS]
    wrap, held = rules.wrap, rules.tenant
    return Rules(
        limits=limits_of(book, weights),
        actions=_actions(rules),
        matrix_dscr=_by_rating(ratings.matrix, "min_dscr", -np.inf),
        matrix_ltv_pct=_by_rating(ratings.matrix, "max_ltv_pct", np.inf),
        matrix_shift=np.array(list(ratings.dscr_shift.model_dump().values())),
        notch=np.array([0.0, *(float(NOTCH[name]) for name in CATEGORIES[1:])]),
        dscr_floor=_table(rules.dscr.threshold, JURISDICTIONS),
        stress_floor=_by_rating(rules.stress.threshold, None, 0.0),
        tenor_max_years=_table(
            rules.tenor.threshold, ("data_centre", "renewable", "infrastructure")
        ),
        amort_min_pct=_by_rating(rules.amortisation.threshold, "min_annual_pct", 0.0),
        balloon_max_pct=_by_rating(rules.amortisation.threshold, "max_balloon_pct", 100.0),
        advance_max_pct=_by_rating(rules.advance.threshold, None, 0.0),
        advance_modifier=np.array(
            [_quotient(getattr(rules.advance.modifier, name)) for name in JURISDICTIONS]
        ),
        bank_min_rating=np.array(
            [CATEGORY_NUMBER[b.min_rating] if b else _NO_BANK_RATING for b in banks], dtype=float
        ),
        bank_max_tenor_years=np.array([b.max_tenor_years if b else 0.0 for b in banks]),
        bank_max_advance_pct=np.array([b.max_advance_pct if b else 0.0 for b in banks]),
        bank_currency=np.array(
            [CURRENCIES.index(b.currency) if b else -1 for b in banks], dtype=float
        ),
        haircut_pct=_haircuts(rules),
        haircut_tenor_years=np.array(rules.haircut.tenor_years),
        wrap_insurer_notch=_notches(wrap.threshold, "min_insurer", _NO_WRAP)
        if wrap.enabled
        else np.full(len(CATEGORIES), _NO_WRAP),
        wrap_relief=_by_rating(wrap.threshold, "dscr_relief", 0.0),
        wrap_cost_low_bps=_wrap_cost(rules, 0),
        wrap_cost_high_bps=_wrap_cost(rules, 1),
        concentration_max_pct=_by_rating(held.threshold, "max_share_pct", np.inf)
        if held.enabled
        else np.full(len(CATEGORIES), np.inf),
        concentration_tenant_notch=_notches(held.threshold, "min_tenant", _ANY_TENANT)
        if held.enabled
        else np.full(len(CATEGORIES), _ANY_TENANT),
        tax_rate_pct=np.array([getattr(book.model.tax_rate_pct, n) for n in JURISDICTIONS]),
        rating_score=_by_rating(ratings.score, None, 0.0),
        currency_scale=np.array([getattr(book.composite.score_scale, c) for c in CURRENCIES]),
    )


def limits_of(book: RulebookFile, weights: Mapping[str, float]) -> FloatArray:
    """Thresholds at their places of `kernels.rules`; ratings as numbers, shares as ratios."""
    rules, model, tiers, score = book.rules, book.model, book.tiers, book.gate_b_score
    enhancement = rules.tenant.enhancement
    first, second, third = model.step_down_weights
    capital = rules.capital.threshold
    named = {
        place.LONG_RUN_INFLATION_PCT: model.long_run_inflation_pct,
        place.CORE_CPI_DISCOUNT_PCT: model.core_cpi_discount_pct,
        place.STEP_WEIGHT_FIRST: first,
        place.STEP_WEIGHT_SECOND: second,
        place.STEP_WEIGHT_THIRD: third,
        place.PIK_MONTHS: model.pik_window_months,
        place.MEZZ_MIN_NOTIONAL: model.mezz_min_notional,
        place.MEZZ_MIN_CAPACITY_RATIO: model.mezz_min_capacity_ratio,
        place.MEZZ_MAX_SHARE_OF_REST: rules.math.threshold.max_mezz_share_of_rest_pct / 100,
        place.EXIT_CAP_RATE_PCT: model.exit_cap_rate_pct,
        place.TAIL_YEARS: model.dscr_tail_years,
        place.CAPEX_COVERAGE_MIN: capital.min_pct / 100,
        place.CAPEX_COVERAGE_FULL: capital.full_pct / 100,
        place.LEASE_TAIL_YEARS: rules.tenor.lease_tail_years,
        place.COUPON_BAND_BPS: rules.coupon.threshold.band_bps,
        place.RATING_NOTCH_TOLERANCE: rules.rating.threshold.max_notches_below,
        place.MEZZ_RATING_NOTCH_TOLERANCE: rules.mezz_rating.threshold.max_notches_below,
        place.DEBT_MAX_PCT: rules.leverage.threshold.max_debt_pct,
        place.DEBT_LOW_PCT: rules.leverage.threshold.low_debt_pct,
        place.ICR_FLOOR: rules.icr.threshold.min,
        place.FCCR_FLOOR: rules.fccr.threshold.min,
        place.STRESS_RATE_BPS: rules.stress.rate_shock_bps,
        place.QUICK_STRESS_RATE_BPS: rules.stress.quick.rate_shock_bps,
        place.QUICK_STRESS_YEARS: rules.stress.quick.years,
        place.QUICK_STRESS_DSCR: rules.stress.quick.dscr,
        place.MARGINAL_DSCR_HEADROOM: book.warnings.marginal_dscr_headroom,
        place.UNIVERSE_MIN_RATING: CATEGORY_NUMBER[book.warnings.universe_min_rating],
        place.MAX_SIMPLE_DERIVATIVES: book.warnings.max_simple_derivatives,
        place.ENHANCEMENT_DSRA_MONTHS: enhancement.dsra_months,
        place.ENHANCEMENT_TENANT_NOTCH: NOTCH[enhancement.tenant_rating],
        place.REPO_MIN_DSCR: rules.repo.min_dscr,
        place.REPO_MIN_RATING: CATEGORY_NUMBER[rules.repo.min_rating],
        place.SCORE_DSCR: score.dscr,
        place.SCORE_RATING: score.rating,
        place.SCORE_COVERAGE: score.coverage,
        place.SCORE_STRESS: score.stress,
        place.SCORE_SIMPLICITY: score.simplicity,
        place.SCORE_COMPLEXITY_CEILING: score.complexity_ceiling,
        place.WEIGHT_SENIOR_RAISE: weights["SeniorRaise"],
        place.WEIGHT_WACC: weights["WACC"],
        place.WEIGHT_DAY1: weights["Day1"],
        place.WEIGHT_DSCR: weights["DSCR"],
        place.WEIGHT_RATING: weights["Rating"],
        place.COMPOSITE_SENIOR_UNIT: book.composite.senior_unit,
        place.COMPOSITE_DAY1_UNIT: book.composite.day1_unit,
        place.COMPOSITE_WACC_CEILING: book.composite.wacc_ceiling_pct,
        place.COMPOSITE_DSCR_CEILING: book.composite.dscr_ceiling,
        place.DIAMOND_COVERAGE: tiers.diamond.min_coverage_pct / 100,
        place.GOLD_COVERAGE: tiers.gold.min_coverage_pct / 100,
        place.SILVER_COVERAGE: tiers.silver.min_coverage_pct / 100,
        place.DIAMOND_DAY1_PCT: tiers.diamond.min_day1_pct,
        place.GOLD_DAY1_PCT: tiers.gold.min_day1_pct,
        place.DIAMOND_MIN_RATING: CATEGORY_NUMBER[tiers.diamond.min_rating],
        place.GOLD_MIN_RATING: CATEGORY_NUMBER[tiers.gold.min_rating],
        place.SILVER_MIN_RATING: CATEGORY_NUMBER[tiers.silver.min_rating],
        place.DIAMOND_NEEDS_REPO: tiers.diamond.repo_eligible,
        place.DIAMOND_NEEDS_STRESSES: tiers.diamond.stresses_passed,
        place.GOLD_NEEDS_STRESSES: tiers.gold.stresses_passed,
        place.REPO_ACTION: _ACTIONS[rules.repo.action] if rules.repo.enabled else place.ACTION_OFF,
        place.REPO_NEEDS_HAIRCUT: rules.haircut.enabled and rules.haircut.action == "reject",
        place.TENANT_SHARE_CAPS: rules.tenant.action == "downgrade",
        place.LOCATIONS_DOWNGRADE: rules.region.action == "downgrade",
    }
    return np.array([float(named[index]) for index in range(place.N_LIMITS)])


def market_of(market: MarketFile) -> Market:
    """The market figures that the kernels use."""
    anchors = catalogue.BY_NUMBER[27].allowed
    curve = market.zero_curve
    return Market(
        anchor_zero_pct=np.array([curve.rate_pct(float(a.removesuffix("Y"))) for a in anchors]),
        power_spot_per_mwh=np.array([market.power.spot_per_mwh]),
        power_swap_per_mwh=np.array([market.power.swap_per_mwh]),
    )


def _actions(rules: RuleSet) -> FloatArray:
    by_reason: dict[str, float] = {}
    for name in type(rules).model_fields:
        rule = getattr(rules, name)
        code = _ACTIONS[rule.action]
        for field in ("reason", "balloon_reason"):
            if hasattr(rule, field):
                by_reason[getattr(rule, field)] = float(code if rule.enabled else place.ACTION_OFF)
    return np.array([by_reason[reason] for reason in codes.REASON_NAMES])


def _by_rating(rows: StrictModel, field: str | None, empty: float) -> FloatArray:
    """(7,) by rating number; `empty` where the rulebook has no row."""
    found = [getattr(rows, name, None) for name in CATEGORIES]
    figures = [getattr(row, field) if row is not None and field else row for row in found]
    return np.array([empty if figure is None else float(figure) for figure in figures])


def _table(rows: StrictModel, columns: tuple[str, ...]) -> FloatArray:
    return np.stack([_by_rating(rows, column, 0.0) for column in columns], axis=1)


def _notches(rows: StrictModel, field: str, empty: float) -> FloatArray:
    found = [getattr(getattr(rows, name, None), field, None) for name in CATEGORIES]
    return np.array([empty if name is None else float(NOTCH[name]) for name in found])


def _haircuts(rules: RuleSet) -> FloatArray:
    buckets = len(rules.haircut.tenor_years)
    rows = [
        getattr(rules.haircut.threshold, name, None) if rules.haircut.enabled else None
        for name in CATEGORIES
    ]
    return np.array(
        [[np.nan if h is None else h for h in row] if row else [np.nan] * buckets for row in rows]
    )


def _wrap_cost(rules: RuleSet, end: int) -> FloatArray:
    costs = [getattr(getattr(rules.wrap.threshold, n, None), "cost_bps", None) for n in CATEGORIES]
    return np.array([cost[end] if cost else np.nan for cost in costs])


def _quotient(pair: tuple[float, float]) -> float:
    return pair[0] / pair[1]
