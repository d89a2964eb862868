"""Where a leaf cannot show in the common pool: the structures and the rest of the book it needs.

The first line that fits a leaf's path holds. `settings` are catalogue names, `known` facts of
tests.oracle.scenarios, `book` other leaves of the rulebook or market, by path.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True)
class Context:
    settings: dict[str, Any] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)
    book: dict[str, Any] = field(default_factory=dict)


_ELIGIBLE = {"SeniorRepoEligibleFlag_44": True, "JurisdictionEligibility_79": "CB_RepoEligible",
             "MaxWAL_Senior_80": 40}  # fmt: skip
_BRITISH = {"country": "GB"}
_ANY_PAPER = {
    "rules.RK-REPO-001.min_rating": "BBB",
    "rules.RK-REPO-001.min_dscr": 1.0,
    "rules.RK-REPO-001.threshold.UK.max_tenor_years": 40,
    "rules.RK-REPO-001.threshold.UK.max_advance_pct": 100,
}
_WRAPPED = {"MonolineWrapFlag_57": "SeniorOnly", "HaircutRuleSet_81": "RA_Base"}
_STRONG_INSURER = {"insurer_rating": "AAA"}
_PLAIN = {"MonolineWrapFlag_57": "None", "DSRA_Months_59": 0, "ConcentrationLimitPct_78": 100,
          "TenantRatingFloor_77": "B-"}  # fmt: skip
_NO_ENHANCEMENT = {"rules.RK-CONC-001.enhancement.tenant_rating": "AAA"}
_EASY = {
    "TargetDSCRSenior_37": 1.6, "SeniorTenorY_39": 15.0, "LeaseTermYears_22": 25.0,
    "SeniorCoupon_38": 5.0, "SeniorAmortType_40": "Annuity", "SeniorGracePeriod_41": 0,
    "MinSeniorRatingTarget_75": "BBB", "MinMezzRatingTarget_76": "Unrated",
    "PowerPassThroughMode_70": "Tenant", "FirstLossPct_52": 0.0, "MaxWAL_Senior_80": 40.0,
    "RentFreeMonths_68": 0, "EquityIRRTarget_55": 9.0, "MonolineWrapFlag_57": "None",
    "SeniorRepoEligibleFlag_44": True, "JurisdictionEligibility_79": "CB_RepoEligible",
}  # fmt: skip
# Tiers that most easy structures are in, so that each condition of a tier decides for some.
_OPEN_TIERS = {
    "tiers.diamond": {"min_coverage_pct": 60, "min_rating": "BBB", "min_day1_pct": 0.5,
                      "repo_eligible": False, "stresses_passed": False},
    "tiers.gold": {"min_coverage_pct": 60, "min_rating": "BBB", "min_day1_pct": 0.0,
                   "stresses_passed": False},
    "tiers.silver": {"min_coverage_pct": 60, "min_rating": "BB"},
}  # fmt: skip
_SHUT_DIAMOND = {
    "tiers.diamond": {"min_coverage_pct": 900, "min_rating": "AAA", "min_day1_pct": 100,
                      "repo_eligible": True, "stresses_passed": True},
}  # fmt: skip
_SWAPS = {"ZCiS_NotionalPct_91": 60.0, "SeniorTenorY_39": 15.0, "SeniorGracePeriod_41": 0}
_ALL_OVERLAYS = {"overlays": {"zcis_5y", "zcis_10y", "trs", "floor", "strip"}}
_TRAPPED = {"DSCR_TriggerLevels_101": "2.00|1.00", "ExcessSpreadUse_104": "Reserve",
            "TargetDSCRSenior_37": 1.3, "TargetDSCRMezz_45": 1.1}  # fmt: skip
_TURBO = {"DSCR_TriggerLevels_101": "1.10|1.00", "SeniorTenorY_39": 15.0,
          "TargetDSCRSenior_37": 1.3, "SeniorAmortType_40": "Annuity"}  # fmt: skip
_LATE_CASH = {"LeaseTermYears_22": 40.0, "SeniorTenorY_39": 15.0, "TargetDSCRSenior_37": 1.3}

_TABLE: tuple[tuple[str, Context], ...] = (
    ("rules.RK-TENOR-001.enabled",
     Context({"LeaseTermYears_22": 20.0, "SeniorTenorY_39": 19.0})),
    ("rules.RK-REPO-001.threshold.EU.needs*",
     Context(known={"country": "DE", "deal": {"true_sale": False}})),
    ("rules.RK-REPO-001.threshold.US.needs*",
     Context(known={"country": "US", "deal": {"rule_144a": False}})),
    ("rules.RK-REPO-001.threshold.UK.needs*",
     Context(known={"country": "GB", "deal": {"governing_law": False}})),
    ("rules.RK-REPO-001.threshold.EU*", Context(known={"country": "DE"})),
    ("rules.RK-REPO-001.threshold.US*", Context(known={"country": "US"})),
    ("rules.RK-REPO-002.tenor_years<2>",
     Context({"SeniorTenorY_39": 28.0, "LeaseTermYears_22": 32.0})),
    *((f"rules.RK-REPO-002.threshold.{rating}<{bucket}>",
       Context({**_ELIGIBLE, **_PLAIN, "DSRA_Months_59": 6,
                "TargetDSCRSenior_37": target, "SeniorTenorY_39": tenor,
                "LeaseTermYears_22": 32.0, "HaircutRuleSet_81": "RA_Base",
                "IndexationMode_18": "Flat", "SeniorAmortType_40": "Annuity",
                "SeniorGracePeriod_41": 0, "PowerPassThroughMode_70": "Tenant"},
               {**_BRITISH, "tenant_rating": None, "tenant_share_pct": 10,
                "max_ltv_pct": ltv, "min_icr": None}, _ANY_PAPER))
      for rating, target, ltv in (("AAA", 1.55, 45.0), ("AA", 1.40, 58.0), ("A", 1.27, 68.0),
                                  ("BBB", 1.17, 74.0))
      for bucket, tenor in enumerate((10.0, 18.0, 28.0))),
    ("rules.RK-REPO-00*", Context(_ELIGIBLE, _BRITISH)),
    ("rules.RK-WRAP-001.default_insurer_rating",
     Context(_WRAPPED, {"insurer_rating": None, "tenant_rating": None})),
    *((f"rules.RK-WRAP-001.threshold.AAA.cost_bps<{end}>",
       Context({**_WRAPPED, "WrapPremium_bps_58": premium, "TargetDSCRSenior_37": 1.4},
               {**_STRONG_INSURER, "max_ltv_pct": 45.0}))
      for end, premium in enumerate((17, 24))),
    ("rules.RK-WRAP-001.threshold.*.cost_bps*",
     Context({**_WRAPPED, "WrapPremium_bps_58": 12}, _STRONG_INSURER)),
    ("rules.RK-CONC-001.threshold.AAA.*",
     Context(_PLAIN, {"tenant_rating": "AA", "tenant_share_pct": 30}, _NO_ENHANCEMENT)),
    ("rules.RK-CONC-001.threshold.AA.*",
     Context(_PLAIN, {"tenant_rating": "A", "tenant_share_pct": 30}, _NO_ENHANCEMENT)),
    ("rules.RK-CONC-001.threshold.A.*",
     Context(_PLAIN, {"tenant_rating": "BBB", "tenant_share_pct": 25}, _NO_ENHANCEMENT)),
    ("rules.RK-CONC-001.threshold.BBB.*",
     Context(_PLAIN, {"tenant_rating": "BB", "tenant_share_pct": 20}, _NO_ENHANCEMENT)),
    ("ratings.matrix.BB.min_dscr",
     Context({"TargetDSCRSenior_37": 1.12}, book={"ratings.matrix.BBB.min_dscr": 1.24})),
    ("composite.wacc_ceiling_pct", Context(known={"max_ltv_pct": 60.0})),
    *((f"composite.score_scale.{currency}", Context({"Currency_01": currency}))
      for currency in ("EUR", "USD", "JPY", "AED")),
    ("tiers.gold.stresses_passed", Context(
        {**_EASY, "TargetDSCRSenior_37": 1.2}, {"country": "GB", "max_ltv_pct": None},
        _OPEN_TIERS | _SHUT_DIAMOND)),
    ("tiers.gold.*", Context(_EASY, _BRITISH, _OPEN_TIERS | _SHUT_DIAMOND)),
    ("tiers.silver.*", Context(_EASY, _BRITISH, _OPEN_TIERS | _SHUT_DIAMOND | {
        "tiers.gold": {"min_coverage_pct": 800, "min_rating": "AAA", "min_day1_pct": 90,
                       "stresses_passed": True}})),
    ("tiers.diamond.stresses_passed", Context(
        {**_EASY, "TargetDSCRSenior_37": 1.2}, {"country": "GB", "max_ltv_pct": None},
        _OPEN_TIERS)),
    ("tiers.diamond.*", Context(_EASY, _BRITISH, _OPEN_TIERS)),
    ("cash.liquidity_fee_bps", Context({"LiquidityFacilityMonths_60": 6})),
    ("cash.reinvestment_pct.*", Context()),
    ("cash.trap_share.MezzBlock", Context({**_TRAPPED, "CashTrapRules_102": "MezzBlock"},
                                          {"mezz": True})),
    ("cash.trap_share.EquityBlock", Context({**_TRAPPED, "CashTrapRules_102": "EquityBlock"})),
    ("cash.trap_share.SweepPct", Context({**_TRAPPED, "CashTrapRules_102": "SweepPct"})),
    ("cash.clean_tests", Context({**_TRAPPED, "DSCR_TriggerLevels_101": "1.30|1.00"})),
    ("cash.turbo.time_based_year", Context({**_TURBO, "AmortSwitchRules_103": "TimeBased"})),
    ("cash.turbo.downgrade_notches",
     Context({**_TURBO, "AmortSwitchRules_103": "RatingDowngrade",
              "MaintenanceCapexPct_69": 10.0})),
    ("day_one.low_rating_spread_bps.B",
     Context({**_WRAPPED, "TargetDSCRSenior_37": 1.10}, _STRONG_INSURER,
             {"ratings.matrix.BB.min_dscr": 1.14})),
    ("day_one.low_rating_spread_bps.BB",
     Context({**_WRAPPED, "TargetDSCRSenior_37": 1.12}, _STRONG_INSURER)),
    ("day_one.wrap_years_max", Context(
        {**_WRAPPED, "TargetDSCRSenior_37": 1.20, "SeniorTenorY_39": 30.0,
         "LeaseTermYears_22": 35.0, "SeniorAmortType_40": "Bullet"}, _STRONG_INSURER)),
    *((f"day_one.zcis_credit_bps.{support}.{rating}",
       Context({**_SWAPS, "DerivativeCSAType_98": support},
               {**_ALL_OVERLAYS, "counterparty_rating": rating}))
      for support in ("TwoWay", "OneWay", "Threshold") for rating in ("AAA", "AA", "A", "BBB")),
    ("day_one.counterparty_rating",
     Context(_SWAPS, {**_ALL_OVERLAYS, "counterparty_rating": None})),
    ("day_one.floor.*", Context(_SWAPS, {**_ALL_OVERLAYS, "deal": {"rate_option": "floor"}})),
    ("day_one.trs.max_structure_pct", Context({"TRS_EquityPct_53": 80.0}, _ALL_OVERLAYS)),
    ("day_one.trs.upfront_pct.Monthly",
     Context({"TRS_MarginingFreq_95": "Monthly"}, _ALL_OVERLAYS)),
    ("day_one.trs.upfront_pct.Quarterly",
     Context({"TRS_MarginingFreq_95": "Quarterly"}, _ALL_OVERLAYS)),
    ("day_one.trs.*", Context({"TRS_CouponOrFee_54": 10.0}, _ALL_OVERLAYS)),
    ("day_one.strip.after_years", Context(
        {"LeaseTermYears_22": 22.0, "SeniorTenorY_39": 12.0, "TargetDSCRSenior_37": 1.3},
        _ALL_OVERLAYS)),
    ("day_one.strip.spread_pct.BB", Context(
        {**_PLAIN, "TargetDSCRSenior_37": 1.12, "LeaseTermYears_22": 24.0,
         "HaircutRuleSet_81": "RA_Base"}, {**_ALL_OVERLAYS, "tenant_rating": None})),
    ("day_one.strip.*", Context({"TargetDSCRSenior_37": 1.3}, _ALL_OVERLAYS)),
    # -- market ----------------------------------------------------------------------------------
    ("zero_curve.nodes.15",
     Context({**_LATE_CASH, "LeaseTermYears_22": 22.0}, _ALL_OVERLAYS)),
    ("zero_curve.nodes.*", Context(_LATE_CASH, _ALL_OVERLAYS)),
    ("credit_spreads_bps.*", Context({**_WRAPPED, "SeniorCoupon_38": 7.5}, _STRONG_INSURER)),
    ("inflation.forward_term", Context(
        {"IndexationMode_18": "CPI_Linked", "IndexationBase_19": "HeadlineCPI",
         "CPI_FloorPct_63": 0.0, "CPI_CapPct_64": 8.0}, book={"inflation.spot_pct": 4.0})),
    ("inflation.spot_pct", Context({"IndexationMode_18": "CPI_Linked", "CPI_FloorPct_63": 0.0,
                                    "CPI_CapPct_64": 8.0, "PowerPassThroughMode_70": "Tenant",
                                    "IndexationBase_19": "HeadlineCPI"})),
    ("inflation.breakeven_pct.*", Context(_SWAPS, _ALL_OVERLAYS)),
    ("power.*", Context({"PowerPassThroughMode_70": "Share", "PowerHedgeMode_24": "FinancialSwap",
                         "PowerSwapTenorY_73": 10.0, "PowerHedgeCoveragePct_74": 50.0,
                         "GrossITLoad_02": 10.0, "GrossMonthlyRent_07": 2e6})),
    ("volatility.*", Context(_SWAPS, {**_ALL_OVERLAYS, "deal": {"rate_option": "floor"}})),
    ("fx.*", Context({"CurrencyPolicy_25": "HedgedTo_01", "OPEXMode_17": "PercentOfRevenue"},
                     {"local_currency": "EUR"})),
)  # fmt: skip


def context_of(path: str) -> Context | None:
    """What a leaf needs, None where the common pool shows it."""
    plain = path.replace("[", "<").replace("]", ">")
    for pattern, context in _TABLE:
        if fnmatchcase(plain, pattern):
            return context
    return None
