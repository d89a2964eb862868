"""The catalogue: all 116 variables, one line each.

Source: variable-and-calculation-tree, stages 1-14, with the corrections of the model page
(LevelPrincipal, OPEX_08 in Absolute mode). `step` is a decimal text, or a key of
PermutationGranularity_107; it is the step of a Range lever given without one, and never
validates a value. Where the source gives no step the granularity of the unit is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Kind = Literal["number", "integer", "enum", "boolean", "text", "list", "object"]
Value = str | bool | int | float | tuple[str | float, ...] | Mapping[str, object]


@dataclass(frozen=True)
class Variable:
    """One catalogue variable. Percent and basis points are in those units, as `unit` says."""

    number: int
    name: str
    kind: Kind
    unit: str
    default: Value | None
    description: str
    group: str = ""
    low: float | None = None
    high: float | None = None
    allowed: tuple[str, ...] = ()
    step: str | None = None
    computed: bool = False
    whole_months: bool = False  # years that must make whole months
    alias: str | None = None  # ASCII spelling
    value_aliases: Mapping[str, str] = field(default_factory=dict)

    @property
    def can_be_lever(self) -> bool:
        """Run settings and lists describe a run, not a structure."""
        return not self.computed and self.number < 107 and self.kind not in ("list", "object")


def _number(
    number: int,
    name: str,
    unit: str,
    default: float,
    low: float,
    high: float,
    step: str,
    description: str,
    *,
    whole_months: bool = False,
    alias: str | None = None,
) -> Variable:
    return Variable(
        number, name, "number", unit, default, description,
        low=low, high=high, step=step, whole_months=whole_months, alias=alias,
    )  # fmt: skip


def _integer(
    number: int, name: str, unit: str, default: int, low: int, high: int, description: str
) -> Variable:
    return Variable(
        number, name, "integer", unit, default, description, low=low, high=high, step="1"
    )


def _enum(
    number: int,
    name: str,
    default: str,
    allowed: str,
    description: str,
    *,
    unit: str = "",
    aliases: Mapping[str, str] | None = None,
) -> Variable:
    return Variable(
        number, name, "enum", unit, default, description,
        allowed=tuple(allowed.split()), value_aliases=dict(aliases or {}),
    )  # fmt: skip


def _flag(number: int, name: str, default: bool, description: str) -> Variable:
    return Variable(number, name, "boolean", "", default, description)


def _computed(number: int, name: str, unit: str, description: str) -> Variable:
    return Variable(number, name, "number", unit, None, description, computed=True)


_DSCR, _COUPON, _BPS, _YEARS = "dscr_step", "coupon_step_pct", "bps_step", "tenor_step_years"
_BULLET_WORDS = {"bullet": "Bullet", "Interest-Only": "Bullet"}
_ANNUITY_WORDS = {"annuity": "Annuity", "Amortizing": "Annuity"}
_LEVEL_WORDS = {"level": "LevelPrincipal", "Level Pay": "LevelPrincipal"}
_SENIOR_WORDS = {**_ANNUITY_WORDS, **_LEVEL_WORDS, **_BULLET_WORDS, "sculpted": "Sculpted"}

_GROUPS: dict[str, tuple[Variable, ...]] = {
    "project": (
        _enum(1, "Currency_01", "GBP", "GBP EUR USD JPY AED", "Project currency of every figure"),
        _number(2, "GrossITLoad_02", "MW", 100, 1, 3000, "10", "Gross IT load"),
        _number(3, "PUE_03", "ratio", 1.30, 1.05, 1.8, "0.05", "Power usage effectiveness"),
        _number(4, "CapexCostPrice_04", "money/MW", 7.5e6, 2e6, 2e7, "250000", "Build cost"),
        _number(5, "CapexMarketRate_05", "money/MW", 9e6, 3e6, 2.5e7, "250000", "Market capex"),
        _number(6, "LandPurchaseFees_06", "money", 2e7, 0, 5e8, "1000000", "Land and its fees"),
        _number(7, "GrossMonthlyRent_07", "money/month", 2.5e6, 1e5, 2e8, "50000",
                "Contract rent; or project.rent"),
        _number(8, "OPEX_08", "% or money/year", 25, 0, 80, "1",
                "Operating cost, in percent of revenue or absolute by OPEXMode_17"),
    ),
    "derived": (
        _computed(9, "NetITLoad_09", "MW", "GrossITLoad_02 / PUE_03"),
        _computed(10, "GrossIncome_10", "money/year", "GrossMonthlyRent_07 x 12"),
        _computed(11, "NetIncome_11", "money/year", "Gross income less operating cost"),
        _computed(12, "DeveloperProfit_12", "money", "Market costs less internal costs"),
        _computed(13, "DeveloperMargin_13", "%", "Profit over market costs"),
        _number(14, "TotalStructuringFees_14", "money", 0, 0, 5e8, "100000",
                "Structuring fees; the catalogue gives no range"),
        _computed(15, "TotalProjectMarketCosts_15", "money", "Market capex x load + land"),
        _computed(16, "TotalProjectInternalCosts_16", "money", "Build cost x load + land"),
    ),
    "modes": (
        _enum(17, "OPEXMode_17", "PercentOfRevenue", "PercentOfRevenue Absolute£",
              "How OPEX_08 is read", aliases={"Absolute": "Absolute£"}),
        _enum(18, "IndexationMode_18", "Flat", "Flat CPI_Linked Partial", "Rent indexation"),
        _enum(19, "IndexationBase_19", "HeadlineCPI", "HeadlineCPI CoreCPI FixedEscalator",
              "What rent is indexed to"),
        _enum(20, "RevenueBasis_20", "Contracted", "Contracted Underwritten Conservative",
              "Income that sizes the debt"),
        _enum(21, "CapexBasis_21", "MarketRate_05", "MarketRate_05 CostPrice_04 Blend",
              "Cost that is financed"),
        _number(22, "LeaseTermYears_22", "years", 25, 5, 40, _YEARS, "Lease from COD",
                whole_months=True),
        _integer(23, "ConstructionToCODMonths_23", "months", 12, 0, 36, "Close to COD"),
        _enum(24, "PowerHedgeMode_24", "Unhedged", "Unhedged PPA FinancialSwap PPA_Plus_Swap",
              "Hedge of the landlord's power cost"),
        _enum(25, "CurrencyPolicy_25", "LocalCurrency", "LocalCurrency HedgedTo_01 Mixed",
              "Currency of the debt where the project's is another"),
        _flag(26, "VAT_TaxTreatmentToggle_26", False, "Corporate tax in the cash flows"),
    ),
    "market": (
        _enum(27, "BaseCurveAnchor_27", "10Y", "5Y 7Y 10Y 15Y 20Y 25Y 30Y 40Y",
              "Zero rate the coupon is held against"),
        _number(28, "BaseCurveShift_bps_28", "bps", 0, -300, 300, _BPS, "Parallel curve shift"),
        _number(29, "CreditSpreadAAA_bps_29", "bps", 70, 0, 300, _BPS, "Credit spread, AAA"),
        _number(30, "CreditSpreadAA_bps_30", "bps", 90, 0, 400, _BPS, "Credit spread, AA"),
        _number(31, "CreditSpreadA_bps_31", "bps", 120, 0, 600, _BPS, "Credit spread, A"),
        _number(32, "CreditSpreadBBB_bps_32", "bps", 180, 0, 900, _BPS, "Credit spread, BBB"),
        _number(33, "InflationSpot_33", "%", 2.0, -2, 15, _COUPON, "Inflation now"),
        _enum(34, "InflationFwdTerm_34", "10Y", "5Y 10Y", "Years to the long-run rate"),
        _number(35, "FXSpot_35", "rate", 1.0, 0.2, 5, "0.05", "Currency_01 per local unit"),
        _number(36, "FXHedgeCost_bps_36", "bps", 50, 0, 400, _BPS, "Currency hedge a year"),
    ),
    "senior": (
        _number(37, "TargetDSCRSenior_37", "ratio", 1.30, 1.10, 2.50, _DSCR, "Sizing coverage"),
        _number(38, "SeniorCoupon_38", "%", 5.0, 0.5, 12, _COUPON, "Senior coupon"),
        _number(39, "SeniorTenorY_39", "years", 25, 3, 40, _YEARS, "Senior tenor from COD",
                whole_months=True),
        _enum(40, "SeniorAmortType_40", "Annuity",
              "Annuity Sculpted Bullet StepDown LevelPrincipal",
              "Senior repayment profile", aliases=_SENIOR_WORDS),
        _integer(41, "SeniorGracePeriod_41", "months", 0, 0, 60, "Interest-only months"),
        _number(42, "SeniorFeesUpfront_bps_42", "bps", 50, 0, 300, _BPS, "Senior upfront fees"),
        _number(43, "SeniorOngoingFees_bps_43", "bps", 20, 0, 150, _BPS, "Senior fees a year"),
        _flag(44, "SeniorRepoEligibleFlag_44", True, "Sponsor seeks repo eligibility"),
    ),
    "mezzanine": (
        _number(45, "TargetDSCRMezz_45", "ratio", 1.15, 1.05, 1.60, _DSCR, "Total coverage"),
        _number(46, "MezzCoupon_46", "%", 8.0, 4, 20, _COUPON, "Mezzanine coupon"),
        _number(47, "MezzTenorY_47", "years", 10, 3, 30, _YEARS, "Mezzanine tenor from COD",
                whole_months=True),
        _enum(48, "MezzAmortType_48", "Bullet", "Annuity Bullet PIKWindow",
              "Mezzanine repayment profile", aliases={**_ANNUITY_WORDS, **_BULLET_WORDS}),
        _number(49, "MezzFeesUpfront_bps_49", "bps", 100, 0, 500, _BPS, "Mezzanine upfront fees"),
        _number(50, "MezzOngoingFees_bps_50", "bps", 50, 0, 250, _BPS, "Mezzanine fees a year"),
        _enum(51, "IntercreditorStyle_51", "Sequential", "Sequential ProRata OCTriggered",
              "When mezzanine principal is paid"),
    ),
    "equity": (
        _number(52, "FirstLossPct_52", "%", 5, 0, 20, "1", "Least equity share of total cost"),
        _number(53, "TRS_EquityPct_53", "%", 5, 0, 80, "5", "Total return swap, share of equity"),
        _number(54, "TRS_CouponOrFee_54", "%", 3, 0, 15, _COUPON, "Total return swap fee a year"),
        _number(55, "EquityIRRTarget_55", "%", 17, 5, 40, "0.5", "Return equity asks"),
        _number(56, "CallOptionYears_56", "years", 5, 0, 15, _YEARS, "Call date of the senior"),
    ),
    "enhancement": (
        _enum(57, "MonolineWrapFlag_57", "None", "None SeniorOnly WholeStack", "Insurance wrap"),
        _number(58, "WrapPremium_bps_58", "bps", 60, 0, 300, _BPS, "Wrap premium a year"),
        _integer(59, "DSRA_Months_59", "months", 6, 0, 12, "Debt service reserve"),
        _integer(60, "LiquidityFacilityMonths_60", "months", 3, 0, 12, "Liquidity facility"),
        _enum(61, "InsuranceProgrammeType_61", "Both", "Construction Ops Both",
              "When insurance is paid"),
        _number(62, "InsurancePremium_bps_62", "bps", 50, 0, 300, _BPS,
                "Insurance a year on internal costs"),
    ),
    "cash flow": (
        _number(63, "CPI_FloorPct_63", "%", 1, 0, 5, _COUPON, "Floor of the indexation rate"),
        _number(64, "CPI_CapPct_64", "%", 4, 1, 8, _COUPON, "Cap of the indexation rate"),
        _number(65, "EscalatorFixedPct_65", "%", 2, 0, 5, _COUPON, "Fixed escalator a year"),
        _number(66, "Vacancy_UtilisationPct_66", "%", 5, 0, 30, "1", "Vacancy"),
        _number(67, "CollectionLagDays_67", "days", 30, 0, 90, "15", "Days until rent is paid"),
        _integer(68, "RentFreeMonths_68", "months", 0, 0, 24, "Months without rent from COD"),
        _number(69, "MaintenanceCapexPct_69", "%", 2, 0, 10, "1", "Maintenance, share of rent"),
        _enum(70, "PowerPassThroughMode_70", "Tenant", "Landlord Tenant Share",
              "Who pays for power"),
        _number(71, "PPA_TermYears_71", "years", 0, 0, 25, _YEARS, "Power purchase term"),
        _number(72, "PPA_Strike_£MWh_72", "money/MWh", 80, 10, 400, "5", "Power purchase price",
                alias="PPA_Strike_GBP_MWh_72"),
        _number(73, "PowerSwapTenorY_73", "years", 0, 0, 20, _YEARS, "Power swap term"),
        _number(74, "PowerHedgeCoveragePct_74", "%", 0, 0, 100, "5", "Share of power hedged"),
    ),
    "rating": (
        _enum(75, "MinSeniorRatingTarget_75", "AAA", "AAA AA A BBB", "Senior rating sought"),
        _enum(76, "MinMezzRatingTarget_76", "BBB", "A BBB BB Unrated", "Mezzanine rating sought"),
        Variable(77, "TenantRatingFloor_77", "text", "rating", "A-",
                 "Weakest tenant that costs no category"),
        _number(78, "ConcentrationLimitPct_78", "%", 50, 10, 100, "5", "Largest tenant share"),
        _enum(79, "JurisdictionEligibility_79", "CB_RepoEligible", "CB_RepoEligible PPOnly NA",
              "Eligibility of the jurisdiction"),
        _number(80, "MaxWAL_Senior_80", "years", 20, 1, 40, _YEARS, "Longest senior average life"),
        _enum(81, "HaircutRuleSet_81", "RA_Base", "RA_Conservative RA_Base Internal_Base",
              "Strictness of the rating matrix"),
    ),
    "stress": (
        Variable(82, "CPI_Scenarios_82", "list", "%", (0.0, 1.8, 2.5), "Constant CPI paths",
                 low=-2, high=15),
        _number(83, "Rate_Shock_bps_83", "bps", 100, -300, 300, _BPS, "Coupon shock"),
        _number(84, "OPEX_StressPct_84", "%", 10, 0, 30, "1", "Operating cost stress"),
        _number(85, "Rent_DownsidePct_85", "%", 10, 0, 40, "1", "Rent stress"),
        _number(86, "TenantDefaultProb_86", "%", 1, 0, 20, "1", "Tenant default a year"),
        _integer(87, "RecoveryLagMonths_87", "months", 6, 0, 24, "Months without rent"),
        _number(88, "RefinanceSpreadAdd_bps_88", "bps", 100, 0, 600, _BPS, "Refinancing spread"),
        _number(89, "CapexOverrunPct_89", "%", 10, 0, 40, "1", "Capex overrun"),
        _integer(90, "COD_DelayMonths_90", "months", 6, 0, 24, "Months COD is late"),
    ),
    "derivatives": (
        _number(91, "ZCiS_NotionalPct_91", "%", 50, 0, 100, "5", "Inflation swap, share of senior"),
        _enum(92, "ZCiS_TermY_92", "10", "5 10", "Term of the single zcis switch", unit="years"),
        _number(93, "ZCiS_ImpliedRate_93", "%", 2.0, -1, 6, _COUPON, "Breakeven inflation"),
        _number(94, "CPI_BasisAdj_bps_94", "bps", 15, 0, 80, _BPS, "Dealer's basis"),
        _enum(95, "TRS_MarginingFreq_95", "Quarterly", "Monthly Quarterly", "Swap margining"),
        _number(96, "CCY_SwapTenorY_96", "years", 0, 0, 30, _YEARS, "Currency swap term"),
        _number(97, "CCY_SwapCost_bps_97", "bps", 60, 0, 400, _BPS, "Currency swap cost"),
        _enum(98, "DerivativeCSAType_98", "TwoWay", "TwoWay OneWay Threshold", "Credit support"),
    ),
    "waterfall": (
        _enum(99, "PriorityOfPayments_99", "Std", "Std Enhanced", "Order of payments"),
        _number(100, "OC_TestLevels_100", "%", 5, 0, 30, "1", "Overcollateralisation test"),
        Variable(101, "DSCR_TriggerLevels_101", "text", "ratio|ratio", "1.20|1.05",
                 "Cash trap and turbo triggers", low=0.5, high=3),
        _enum(102, "CashTrapRules_102", "EquityBlock", "MezzBlock EquityBlock SweepPct",
              "What a trap stops"),
        _enum(103, "AmortSwitchRules_103", "TurboOnTrap", "TurboOnTrap TimeBased RatingDowngrade",
              "When repayment speeds up"),
        _enum(104, "ExcessSpreadUse_104", "PayDown", "PayDown Reserve DistToEquity",
              "Use of trapped cash"),
        _enum(105, "ReinvestmentOption_105", "Off", "Off LeaseBacked Limited",
              "Yield on reserves"),
        _enum(106, "FeesPriorityMode_106", "SeniorFirst", "SeniorFirst ProRataFees",
              "Order of fees"),
    ),
    "run": (
        Variable(107, "PermutationGranularity_107", "object", "",
                 {_DSCR: 0.05, _COUPON: 0.25, _BPS: 25.0, _YEARS: 1.0},
                 "Steps of a Range given without one"),
        _integer(108, "MaxPermutations_108", "count", 150_000, 1_000, 1_000_000,
                 "Most permutations of a run"),
        _enum(109, "RankingObjective_109", "Composite",
              "Composite SeniorRaise WACC EquityIRR Day1Cash DSCR", "What the ranking seeks"),
        Variable(110, "CompositeWeights_110", "object", "",
                 {"SeniorRaise": 0.35, "WACC": 0.25, "Day1": 0.20, "DSCR": 0.10, "Rating": 0.10},
                 "Weights of the composite score"),
        Variable(111, "HardFilters_111", "list", "",
                 ("DSCR>=1.30", "RepoEligible=Yes", "SeniorRating>=AAA"), "What viable means"),
        Variable(112, "OutputVariants_112", "list", "", ("Flat", "Indexed", "Hybrid"),
                 "Variants written", allowed=("Flat", "Indexed", "Hybrid", "Stress")),
        Variable(113, "DocumentPackFlags_113", "list", "",
                 ("IM", "TermSheets", "WaterfallPDF", "ModelExport"), "Documents written",
                 allowed=("IM", "TermSheets", "WaterfallPDF", "ModelExport")),
        Variable(114, "CounterpartyRouting_114", "object", "", {},
                 "Counterparty by least rating and longest tenor"),
        Variable(115, "SensitivityExportSet_115", "list", "",
                 ("CPI", "Rates", "OPEX", "Rent", "Delay"), "Sensitivities written",
                 allowed=("CPI", "Rates", "OPEX", "Rent", "Delay")),
        _flag(116, "AuditTraceFlag_116", True, "Write calculation traces"),
    ),
}  # fmt: skip


def _with_groups() -> tuple[Variable, ...]:
    rows = [replace(v, group=group) for group, members in _GROUPS.items() for v in members]
    return tuple(sorted(rows, key=lambda v: v.number))


TABLE: tuple[Variable, ...] = _with_groups()
