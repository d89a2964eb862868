"""The rulebook file: every threshold, limit and weight, versioned, each rule with its source."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from pipeline.inputs.models import (
    Date,
    Figure,
    Percent,
    Rating,
    SchemaVersion,
    StrictModel,
    Text,
    TupleOf,
    Whole,
)
from pipeline.inputs.project import ID_PATTERN, Currency

Ratio = Annotated[Figure, Field(ge=0, le=10)]
Years = Annotated[Figure, Field(gt=0, le=100)]
Bps = Annotated[Figure, Field(ge=0, le=10_000)]
Positive = Annotated[Figure, Field(gt=0, le=1e15)]
Category = Literal["AAA", "AA", "A", "BBB", "BB", "B"]
T = TypeVar("T")


class ByJurisdiction(StrictModel, Generic[T]):
    UK: T
    EU: T
    US: T
    Global: T


class InvestmentGrade(StrictModel, Generic[T]):
    AAA: T
    AA: T
    A: T
    BBB: T


class DownToBB(InvestmentGrade[T], Generic[T]):
    BB: T


class DownToB(DownToBB[T], Generic[T]):
    B: T


class Rule(StrictModel):
    """A rule that rejects or warns under its reason, or is off."""

    title: Text
    enabled: bool
    action: Literal["reject", "warn"]
    source: Text


class DscrFloor(Rule):
    reason: Literal["DSCR_BELOW_MINIMUM"]
    threshold: DownToBB[ByJurisdiction[Ratio]]


class QuickStress(StrictModel):
    rate_shock_bps: Bps
    years: Annotated[Figure, Field(gt=0, le=40)]
    dscr: Ratio


class StressFloor(Rule):
    reason: Literal["STRESS_DSCR_BREACH"]
    threshold: DownToB[Ratio]
    rate_shock_bps: Bps
    quick: QuickStress


class TenorByAsset(StrictModel):
    data_centre: Years
    renewable: Years
    infrastructure: Years


class TenorLimit(Rule):
    reason: Literal["TENOR_EXCEEDS_LIMIT"]
    lease_tail_years: Annotated[Figure, Field(ge=0, le=40)]
    threshold: InvestmentGrade[TenorByAsset]


class AmortisationBounds(StrictModel):
    min_annual_pct: Percent
    max_balloon_pct: Percent


class AmortisationRule(Rule):
    reason: Literal["AMORTISATION_TOO_SLOW"]
    balloon_reason: Literal["BALLOON_EXCEEDS_LIMIT"]
    threshold: InvestmentGrade[AmortisationBounds]


class CentralBank(StrictModel):
    """`needs` may name the one flag that the kernels know for this central bank."""

    bank: Text
    min_rating: Category
    max_tenor_years: Years
    max_advance_pct: Percent
    currency: Currency
    needs: TupleOf[Literal["governing_law", "true_sale", "rule_144a"]]


class CentralBanks(StrictModel):
    UK: CentralBank
    EU: CentralBank
    US: CentralBank

    @model_validator(mode="after")
    def _known_needs(self) -> CentralBanks:
        for name, flag in NEEDED_FLAG.items():
            if not set(getattr(self, name).needs) <= {flag}:
                raise PydanticCustomError(
                    "needs",
                    "{name}.needs: this version can ask for {flag} or nothing",
                    {"name": name, "flag": flag},
                )
        return self


NEEDED_FLAG = {"UK": "governing_law", "EU": "true_sale", "US": "rule_144a"}


class RepoRule(StrictModel):
    title: Text
    enabled: Literal[True]
    action: Literal["reject"]
    source: Text
    min_dscr: Ratio
    min_rating: Category
    threshold: CentralBanks


class HaircutRule(StrictModel):
    """Haircuts by tenor bucket; null is not financeable. `tenor_years` ends each bucket."""

    title: Text
    enabled: bool
    action: Literal["warn"]
    source: Text
    tenor_years: Annotated[TupleOf[Years], Field(min_length=3, max_length=3)]
    threshold: InvestmentGrade[
        Annotated[TupleOf[Percent | None], Field(min_length=3, max_length=3)]
    ]

    @model_validator(mode="after")
    def _buckets_rise(self) -> HaircutRule:
        if list(self.tenor_years) != sorted(set(self.tenor_years)):
            raise PydanticCustomError("buckets", "tenor_years has to rise from bucket to bucket")
        return self


class WrapTerms(StrictModel):
    min_insurer: Rating
    dscr_relief: Ratio
    cost_bps: Annotated[TupleOf[Bps], Field(min_length=2, max_length=2)] | None = None


class WrapRule(StrictModel):
    title: Text
    enabled: bool
    action: Literal["warn"]
    source: Text
    default_insurer_rating: Rating
    threshold: InvestmentGrade[WrapTerms]


class TenantLimit(StrictModel):
    max_share_pct: Percent
    min_tenant: Rating | None = None


class Enhancement(StrictModel):
    dsra_months: Annotated[Figure, Field(ge=0, le=60)]
    tenant_rating: Rating


class TenantConcentration(StrictModel):
    title: Text
    enabled: bool
    action: Literal["downgrade"]
    source: Text
    threshold: InvestmentGrade[TenantLimit]
    enhancement: Enhancement


class RegionLimits(StrictModel):
    country_pct: Percent
    city_pct: Percent
    site_pct: Percent
    sovereign_exception: Rating


class RegionConcentration(StrictModel):
    title: Text
    enabled: bool
    action: Literal["warn"]
    source: Text
    threshold: RegionLimits


class CapitalBounds(StrictModel):
    min_pct: Annotated[Figure, Field(gt=0, le=1000)]
    full_pct: Annotated[Figure, Field(gt=0, le=1000)]


class CapitalRule(Rule):
    reason: Literal["INSUFFICIENT_CAPITAL"]
    threshold: CapitalBounds


Quotient = Annotated[TupleOf[Positive], Field(min_length=2, max_length=2)]


class AdvanceRule(Rule):
    """The limit is the rating's percentage times the jurisdiction's quotient."""

    reason: Literal["ADVANCE_FACTOR_BREACH"]
    threshold: InvestmentGrade[Percent]
    modifier: ByJurisdiction[Quotient]


class CouponBand(StrictModel):
    band_bps: Bps


class CouponRule(Rule):
    reason: Literal["COUPON_OUT_OF_MARKET"]
    threshold: CouponBand


class MathBounds(StrictModel):
    max_mezz_share_of_rest_pct: Percent


class MathRule(Rule):
    reason: Literal["MATH_ERROR"]
    threshold: MathBounds


class NotchBounds(StrictModel):
    max_notches_below: Annotated[Whole, Field(ge=0, le=21)]


class RatingRule(Rule):
    reason: Literal["RATING_BELOW_TARGET"]
    threshold: NotchBounds


class MezzRatingRule(Rule):
    reason: Literal["MEZZ_RATING_BELOW_TARGET"]
    threshold: NotchBounds


class DebtBounds(StrictModel):
    max_debt_pct: Percent
    low_debt_pct: Percent


class LeverageRule(Rule):
    reason: Literal["LEVERAGE_TOO_HIGH"]
    threshold: DebtBounds


class FirstLossRule(Rule):
    reason: Literal["FIRST_LOSS_SHORTFALL"]


class LeastRatio(StrictModel):
    min: Ratio


class IcrRule(Rule):
    reason: Literal["ICR_BELOW_MINIMUM"]
    threshold: LeastRatio


class FccrRule(Rule):
    reason: Literal["FCCR_BELOW_MINIMUM"]
    threshold: LeastRatio


class WalRule(Rule):
    reason: Literal["WAL_EXCEEDS_LIMIT"]


class RuleSet(StrictModel):
    dscr: DscrFloor = Field(alias="RK-DSCR-001")
    stress: StressFloor = Field(alias="RK-DSCR-002")
    tenor: TenorLimit = Field(alias="RK-TENOR-001")
    amortisation: AmortisationRule = Field(alias="RK-AMORT-001")
    repo: RepoRule = Field(alias="RK-REPO-001")
    haircut: HaircutRule = Field(alias="RK-REPO-002")
    wrap: WrapRule = Field(alias="RK-WRAP-001")
    tenant: TenantConcentration = Field(alias="RK-CONC-001")
    region: RegionConcentration = Field(alias="RK-CONC-002")
    capital: CapitalRule = Field(alias="GATE-A-CAPITAL")
    advance: AdvanceRule = Field(alias="GATE-A-ADVANCE")
    coupon: CouponRule = Field(alias="GATE-A-COUPON")
    math: MathRule = Field(alias="GATE-A-MATH")
    rating: RatingRule = Field(alias="GATE-B-RATING")
    mezz_rating: MezzRatingRule = Field(alias="GATE-B-MEZZ-RATING")
    leverage: LeverageRule = Field(alias="GATE-B-LEVERAGE")
    first_loss: FirstLossRule = Field(alias="GATE-B-FIRST-LOSS")
    icr: IcrRule = Field(alias="GATE-B-ICR")
    fccr: FccrRule = Field(alias="GATE-B-FCCR")
    wal: WalRule = Field(alias="GATE-B-WAL")


class MatrixRow(StrictModel):
    min_dscr: Ratio
    max_ltv_pct: Percent


class RuleSetShift(StrictModel):
    RA_Conservative: Annotated[Figure, Field(ge=-1, le=1)]
    RA_Base: Annotated[Figure, Field(ge=-1, le=1)]
    Internal_Base: Annotated[Figure, Field(ge=-1, le=1)]


UnitShare = Annotated[Figure, Field(ge=0, le=1)]


class Ratings(StrictModel):
    matrix: DownToBB[MatrixRow]
    dscr_shift: RuleSetShift
    score: DownToB[UnitShare]

    @model_validator(mode="after")
    def _matrix_falls(self) -> Ratings:
        rows = [getattr(self.matrix, name) for name in ("AAA", "AA", "A", "BBB", "BB")]
        for better, worse in zip(rows, rows[1:], strict=False):
            if better.min_dscr < worse.min_dscr or better.max_ltv_pct > worse.max_ltv_pct:
                raise PydanticCustomError("matrix", "matrix: a better rating has to ask for more")
        return self


class Warnings(StrictModel):
    marginal_dscr_headroom: Ratio
    universe_min_rating: Category
    max_simple_derivatives: Annotated[Whole, Field(ge=0, le=5)]


class ModelSettings(StrictModel):
    long_run_inflation_pct: Annotated[Figure, Field(ge=-2, le=15)]
    core_cpi_discount_pct: Annotated[Figure, Field(ge=-5, le=5)]
    step_down_weights: Annotated[TupleOf[Positive], Field(min_length=3, max_length=3)]
    pik_window_months: Annotated[Whole, Field(ge=0, le=360)]
    mezz_min_notional: Annotated[Figure, Field(ge=0, le=1e12)]
    mezz_min_capacity_ratio: UnitShare
    exit_cap_rate_pct: Annotated[Figure, Field(gt=0, le=100)]
    dscr_tail_years: Annotated[Whole, Field(ge=1, le=40)]
    tax_rate_pct: ByJurisdiction[Percent]


class GateBScore(StrictModel):
    dscr: Figure
    rating: Figure
    coverage: Figure
    stress: Figure
    simplicity: Figure
    complexity_ceiling: Figure


class Weights(StrictModel):
    SeniorRaise: UnitShare
    WACC: UnitShare
    Day1: UnitShare
    DSCR: UnitShare
    Rating: UnitShare


class CurrencyScale(StrictModel):
    GBP: Positive
    EUR: Positive
    USD: Positive
    JPY: Positive
    AED: Positive


class Composite(StrictModel):
    """`weights` are those of CompositeWeights_110, which an input may set otherwise."""

    weights: Weights
    senior_unit: Positive
    day1_unit: Positive
    wacc_ceiling_pct: Annotated[Figure, Field(gt=0, le=100)]
    dscr_ceiling: Annotated[Figure, Field(gt=0, le=10)]
    score_scale: CurrencyScale


class DiamondTier(StrictModel):
    min_coverage_pct: Positive
    min_rating: Category
    min_day1_pct: Percent
    repo_eligible: Literal[True]
    stresses_passed: Literal[True]


class GoldTier(StrictModel):
    min_coverage_pct: Positive
    min_rating: Category
    min_day1_pct: Percent
    stresses_passed: Literal[True]


class SilverTier(StrictModel):
    min_coverage_pct: Positive
    min_rating: Category


class Tiers(StrictModel):
    mode: Literal["conditions"]
    diamond: DiamondTier
    gold: GoldTier
    silver: SilverTier


class RulebookFile(StrictModel):
    """A rulebook: `name` and `version` identify it, `date` says when it was in force."""

    schema_: SchemaVersion = Field(alias="schema")
    name: Annotated[str, Field(pattern=f"^{ID_PATTERN}$")]
    version: Annotated[str, Field(pattern=r"^\d{1,4}\.\d{1,4}$")]
    date: Date
    rules: RuleSet
    ratings: Ratings
    warnings: Warnings
    model: ModelSettings
    gate_b_score: GateBScore
    composite: Composite
    tiers: Tiers

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> RulebookFile:
        full = self.rules.capital.threshold.full_pct
        if {
            t.min_coverage_pct for t in (self.tiers.diamond, self.tiers.gold, self.tiers.silver)
        } != {full}:
            raise PydanticCustomError(
                "coverage",
                "tiers: min_coverage_pct has to equal rules.GATE-A-CAPITAL.threshold.full_pct",
            )
        if self.rules.rating.threshold != self.rules.mezz_rating.threshold:
            raise PydanticCustomError(
                "notches", "rules: both rating targets have to allow the same max_notches_below"
            )
        return self
