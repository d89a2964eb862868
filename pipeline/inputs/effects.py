"""What each figure of a rulebook or market file moves, and in which direction.

One line a path, the first that fits; `*` stands for any text. An effect names a column of the
results, a gate reason, a warning or a repo leg (these are said of a structure or they are not), or
something a run says of itself. Its sign is what follows when the figure is raised, or the switch
turned on: `+` more of it, `-` less, `~` something else. `tests/unit/inputs/test_every_leaf.py`
moves every leaf and asserts every line.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final


@dataclass(frozen=True)
class Effect:
    """`name` moves by `sign` (`+`, `-` or `~`) when the leaf is raised."""

    name: str
    sign: str

    def __str__(self) -> str:
        return self.name if self.sign == "~" else f"{self.name} {self.sign}"


TEXT: Final = "text"  # explains, and changes nothing
IDENTITY: Final = "identity"  # tells one file from another, and is printed on every report
FIXED: Final = "fixed"  # another value is refused

_TABLE: Final = """
schema                                         fixed~
name                                           identity~
version                                        identity~
date                                           identity~
*source                                        text~
*.title                                        text~
*.bank                                         text~
*.reason                                       fixed~
*.balloon_reason                               fixed~
rules.*.action                                 action~
rules.RK-DSCR-001.enabled                      DSCR_BELOW_MINIMUM+
rules.RK-DSCR-001.threshold.*                  DSCR_BELOW_MINIMUM+ MARGINAL_CREDIT+
rules.RK-DSCR-002.enabled                      STRESS_DSCR_BREACH+
rules.RK-DSCR-002.threshold.*                  STRESS_DSCR_BREACH+ rate_200_passed-
rules.RK-DSCR-002.rate_shock_bps               dscr_rate_200- STRESS_DSCR_BREACH+
rules.RK-DSCR-002.quick.rate_shock_bps         dscr_rate_100_early-
rules.RK-DSCR-002.quick.years                  dscr_cpi_0_early-
rules.RK-DSCR-002.quick.dscr                   STRESS_DSCR_BREACH+
rules.RK-TENOR-001.enabled                     TENOR_EXCEEDS_LIMIT+
rules.RK-TENOR-001.lease_tail_years            TENOR_EXCEEDS_LIMIT+
rules.RK-TENOR-001.threshold.*                 TENOR_EXCEEDS_LIMIT-
rules.RK-AMORT-001.enabled                     AMORTISATION_TOO_SLOW+ BALLOON_EXCEEDS_LIMIT+
rules.RK-AMORT-001.threshold.*.min_annual_pct  AMORTISATION_TOO_SLOW+
rules.RK-AMORT-001.threshold.*.max_balloon_pct BALLOON_EXCEEDS_LIMIT-
rules.RK-REPO-001.enabled                      repo_eligible-
rules.RK-REPO-001.min_dscr                     DSCR+ repo_eligible-
rules.RK-REPO-001.min_rating                   RATING+ repo_eligible-
rules.RK-REPO-001.threshold.*.min_rating       CENTRAL_BANK_RATING+
rules.RK-REPO-001.threshold.*.max_tenor_years  CENTRAL_BANK_TENOR-
rules.RK-REPO-001.threshold.*.max_advance_pct  CENTRAL_BANK_ADVANCE_FACTOR-
rules.RK-REPO-001.threshold.*.currency         CENTRAL_BANK_CURRENCY~
rules.RK-REPO-001.threshold.UK.needs*          GOVERNING_LAW~
rules.RK-REPO-001.threshold.EU.needs*          TRUE_SALE~
rules.RK-REPO-001.threshold.US.needs*          RULE_144A~
rules.RK-REPO-002.enabled                      repo_haircut_pct~
rules.RK-REPO-002.tenor_years*                 repo_haircut_pct~
rules.RK-REPO-002.threshold.*                  repo_haircut_pct+ repo_cash-
rules.RK-WRAP-001.enabled                      senior_rating+ day1_wrap+ DSCR_BELOW_MINIMUM-
rules.RK-WRAP-001.default_insurer_rating       senior_rating+
rules.RK-WRAP-001.threshold.*.min_insurer      senior_rating-
rules.RK-WRAP-001.threshold.*.dscr_relief      senior_rating+ DSCR_BELOW_MINIMUM-
rules.RK-WRAP-001.threshold.*.cost_bps*        WRAP_COST_OUT_OF_RANGE~
rules.RK-CONC-001.enabled                      CONCENTRATION+ senior_rating-
rules.RK-CONC-001.threshold.*.max_share_pct    CONCENTRATION- senior_rating+
rules.RK-CONC-001.threshold.*.min_tenant       CONCENTRATION+ senior_rating-
rules.RK-CONC-001.enhancement.dsra_months      senior_rating-
rules.RK-CONC-001.enhancement.tenant_rating    senior_rating-
rules.RK-CONC-002.enabled                      GEO_CONCENTRATION+
rules.RK-CONC-002.threshold.*_pct              GEO_CONCENTRATION-
rules.RK-CONC-002.threshold.sovereign_*        GEO_CONCENTRATION+
rules.GATE-A-CAPITAL.enabled                   INSUFFICIENT_CAPITAL+
rules.GATE-A-CAPITAL.threshold.min_pct         INSUFFICIENT_CAPITAL+
rules.GATE-A-CAPITAL.threshold.full_pct        RESERVES_UNFUNDED~
rules.GATE-A-ADVANCE.enabled                   ADVANCE_FACTOR_BREACH+
rules.GATE-A-ADVANCE.modifier.*[1]             ADVANCE_FACTOR_BREACH+
rules.GATE-A-ADVANCE.*                         ADVANCE_FACTOR_BREACH-
rules.GATE-A-COUPON.enabled                    COUPON_OUT_OF_MARKET+
rules.GATE-A-COUPON.threshold.band_bps         COUPON_OUT_OF_MARKET-
rules.GATE-A-MATH.enabled                      MATH_ERROR+
rules.GATE-A-MATH.threshold.*                  mezz_notional+
rules.GATE-B-RATING.enabled                    RATING_BELOW_TARGET+
rules.GATE-B-RATING.threshold.*                RATING_BELOW_TARGET-
rules.GATE-B-MEZZ-RATING.enabled               MEZZ_RATING_BELOW_TARGET+
rules.GATE-B-MEZZ-RATING.threshold.*           MEZZ_RATING_BELOW_TARGET-
rules.GATE-B-LEVERAGE.enabled                  LEVERAGE_TOO_HIGH+
rules.GATE-B-LEVERAGE.threshold.max_debt_pct   LEVERAGE_TOO_HIGH-
rules.GATE-B-LEVERAGE.threshold.low_debt_pct   LEVERAGE_LOW+
rules.GATE-B-FIRST-LOSS.enabled                FIRST_LOSS_SHORTFALL+
rules.GATE-B-ICR.*                             ICR_BELOW_MINIMUM+
rules.GATE-B-FCCR.*                            FCCR_BELOW_MINIMUM+
rules.GATE-B-WAL.enabled                       WAL_EXCEEDS_LIMIT+
ratings.matrix.*.min_dscr                      matrix_rating-
ratings.matrix.*.max_ltv_pct                   matrix_rating+
ratings.dscr_shift.*                           matrix_rating-
ratings.score.*                                composite_score+
warnings.marginal_dscr_headroom                MARGINAL_CREDIT+
warnings.universe_min_rating                   LIMITED_UNIVERSE+
warnings.max_simple_derivatives                HIGH_COMPLEXITY-
model.long_run_inflation_pct                   senior_notional+ day1_zcis_10y-
model.core_cpi_discount_pct                    senior_notional-
model.step_down_weights*                       senior_wal~
model.pik_window_months                        mezz_notional~
model.mezz_min_notional                        mezz_notional-
model.mezz_min_capacity_ratio                  mezz_notional-
model.exit_cap_rate_pct                        equity_irr- equity_capacity-
model.dscr_tail_years                          dscr_tail~
model.tax_rate_pct.*                           equity_irr- equity_capacity-
gate_b_score.*                                 gate_b_score+
composite.weights.WACC                         composite_score~
composite.weights.Day1                         composite_score~
composite.weights.*                            composite_score+
composite.wacc_ceiling_pct                     composite_score+
composite.senior_unit                          composite_score-
composite.day1_unit                            composite_score~
composite.dscr_ceiling                         composite_score-
composite.score_scale.*                        composite_score~
tiers.mode                                     viability_tier~
tiers.best_pct.*                               viability_tier+
tiers.*                                        viability_tier-
cash.liquidity_fee_bps                         equity_capacity- equity_irr-
cash.reinvestment_pct.Off                      fixed~
cash.reinvestment_pct.*                        equity_multiple+
cash.covenant.window_months                    covenant_dscr_min~
cash.covenant.first_test_month                 covenant_dscr_avg~
cash.covenant.test_interval_months             covenant_dscr_avg~
cash.trap_share.*                              equity_irr~
cash.turbo.time_based_year                     expected_wal+
cash.turbo.downgrade_notches                   expected_wal+
cash.clean_tests                               equity_irr~
day_one.wrap_years_max                         day1_wrap+
day_one.low_rating_spread_bps.*                day1_wrap+
day_one.zcis_credit_bps.*                      day1_zcis_5y- day1_zcis_10y-
day_one.counterparty_rating                    day1_zcis_5y+
day_one.floor.offset_bps                       day1_rate_option-
day_one.floor.years                            day1_rate_option+
day_one.trs.max_structure_pct                  day1_trs+
day_one.trs.upfront_pct.*                      day1_trs+
day_one.trs.term_years                         equity_irr-
day_one.strip.share_pct                        day1_strip~
day_one.strip.after_years*                     day1_strip-
day_one.strip.long_lease_years                 day1_strip~
day_one.strip.spread_pct.*                     day1_strip-
stress.cpi_extra_pct                           cpi_extra_dscr_min~
stress.default_month                           default_worst_month~
market.stale_after_days                        staleness-
reverse_check.*                                reverse_check~
zero_curve.nodes.1                             day1_cash~
zero_curve.nodes.2                             day1_cash~
zero_curve.nodes.3                             day1_cash~
zero_curve.nodes.*                             COUPON_OUT_OF_MARKET~ day1_cash~
credit_spreads_bps.*                           COUPON_OUT_OF_MARKET~ day1_wrap~
inflation.spot_pct                             senior_notional+
inflation.forward_term                         senior_notional~
inflation.breakeven_pct.5                      day1_zcis_5y+
inflation.breakeven_pct.10                     day1_zcis_10y+
power.spot_per_mwh                             senior_notional-
power.swap_per_mwh                             senior_notional-
volatility.normal_bps                          day1_rate_option+
fx.spot                                        senior_notional+
fx.hedge_cost_bps                              equity_capacity-
fx.low                                         accepted~
fx.high                                        accepted~
fx.local_currency                              accepted~
fx.date                                        staleness~
fx.stale_after_days                            staleness-
currency                                       accepted~
"""


def _parsed(line: str) -> tuple[str, tuple[Effect, ...]]:
    pattern, *effects = line.split()
    return pattern, tuple(Effect(text[:-1], text[-1]) for text in effects)


LINES: Final = tuple(_parsed(line) for line in _TABLE.strip().splitlines())


def effects_of(path: str) -> tuple[Effect, ...]:
    """What a leaf moves, by the first line of the table that fits its path."""
    # `[` means itself in a path and a choice of letters in a pattern
    plain = path.replace("[", "<").replace("]", ">")
    for pattern, effects in LINES:
        if fnmatchcase(plain, pattern.replace("[", "<").replace("]", ">")):
            return effects
    return ()


def concerns_of(path: str) -> tuple[Effect, ...]:
    """What to say of a leaf that changed: for an action, what the rule raises."""
    if path.endswith(".action"):
        raised = effects_of(path.removesuffix("action") + "enabled")
        return tuple(Effect(effect.name, "~") for effect in raised)
    return effects_of(path)
