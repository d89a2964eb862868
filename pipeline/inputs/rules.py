"""The rules of a rulebook: each with its key, its source, its thresholds, and what it does.

A rule that is off raises nothing. `reject` makes its reason a failure of the gate, `warn` a
warning. `downgrade` warns and takes the senior rating down, which only credit tests can: those of
Gate A say whether a structure can be built at all, and a test of a rating cannot change it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from pipeline.inputs.models import (
    Percent,
    Rating,
    StrictModel,
    Text,
    TupleOf,
)
from pipeline.inputs.project import Currency
from pipeline.inputs.rule_tables import (
    Bps,
    ByJurisdiction,
    Category,
    DownToB,
    InvestmentGrade,
    Positive,
    Ratio,
    Years,
)


class Rule(StrictModel):
    """A rule that rejects or warns under its reason, or is off."""

    title: Text
    enabled: bool
    action: Literal["reject", "warn"]
    source: Text


class CreditRule(StrictModel):
    """A rule of Gate B that may also take the senior rating down by a category."""

    title: Text
    enabled: bool
    action: Literal["reject", "downgrade", "warn"]
    source: Text


class DscrFloor(CreditRule):
    """RK-DSCR-001: least DSCR by rating and jurisdiction."""

    reason: Literal["DSCR_BELOW_MINIMUM"]
    threshold: InvestmentGrade[ByJurisdiction[Ratio]]


class QuickStress(StrictModel):
    """The shock of the first years."""

    rate_shock_bps: Bps
    years: Annotated[float, Field(gt=0, le=40)]
    dscr: Ratio


class StressFloor(CreditRule):
    """RK-DSCR-002: least DSCR under stress."""

    reason: Literal["STRESS_DSCR_BREACH"]
    threshold: DownToB[Ratio]
    rate_shock_bps: Bps
    quick: QuickStress


class TenorByAsset(StrictModel):
    """Years by asset type."""

    data_centre: Years
    renewable: Years
    infrastructure: Years


class TenorLimit(Rule):
    """RK-TENOR-001: longest tenor."""

    reason: Literal["TENOR_EXCEEDS_LIMIT"]
    lease_tail_years: Annotated[float, Field(ge=0, le=40)]
    threshold: InvestmentGrade[TenorByAsset]


class AmortisationBounds(StrictModel):
    """Percent of the original principal."""

    min_annual_pct: Percent
    max_balloon_pct: Percent


class AmortisationRule(CreditRule):
    """RK-AMORT-001: pace of repayment and balloon."""

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
    """RK-REPO-001 by jurisdiction; Global has no central bank."""

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
    """RK-REPO-001: what a repo asks of every structure, and what each bank asks.

    `reject` makes a structure that fails it ineligible, `warn` names the legs only. Off, a
    structure has to meet its own settings alone.
    """

    title: Text
    enabled: bool
    action: Literal["reject", "warn"]
    source: Text
    min_dscr: Ratio
    min_rating: Category
    threshold: CentralBanks


class HaircutRule(StrictModel):
    """RK-REPO-002: haircuts by tenor bucket; null is not financeable. `tenor_years` ends each.

    `reject` makes what has no haircut ineligible for repo; `warn` leaves it at the haircut's
    status. Off, no haircut is known.
    """

    title: Text
    enabled: bool
    action: Literal["reject", "warn"]
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
    """What a wrap to one rating needs, gives and costs."""

    min_insurer: Rating
    dscr_relief: Ratio
    cost_bps: Annotated[TupleOf[Bps], Field(min_length=2, max_length=2)] | None = None

    @model_validator(mode="after")
    def _range_rises(self) -> WrapTerms:
        if self.cost_bps and self.cost_bps[0] > self.cost_bps[1]:
            raise PydanticCustomError("range", "cost_bps: the lower end has to stand first")
        return self


class WrapRule(StrictModel):
    """RK-WRAP-001: insurance wraps. Its action is about the cost range. Off, a wrap only costs."""

    title: Text
    enabled: bool
    action: Literal["warn"]
    source: Text
    default_insurer_rating: Rating
    threshold: InvestmentGrade[WrapTerms]


class TenantLimit(StrictModel):
    """Largest tenant share at one rating, and the weakest such tenant."""

    max_share_pct: Percent
    min_tenant: Rating | None = None


class Enhancement(StrictModel):
    """What makes up for a concentration."""

    dsra_months: Annotated[float, Field(ge=0, le=60)]
    tenant_rating: Rating


class TenantConcentration(StrictModel):
    """RK-CONC-001: single tenant. `downgrade` caps the rating at the tenant's, unless enhanced.

    Off, ConcentrationLimitPct_78 is left.
    """

    title: Text
    enabled: bool
    action: Literal["downgrade", "warn"]
    source: Text
    threshold: InvestmentGrade[TenantLimit]
    enhancement: Enhancement


class RegionLimits(StrictModel):
    """Largest shares by depth of place; the exception is a sovereign's rating."""

    country_pct: Percent
    city_pct: Percent
    site_pct: Percent
    sovereign_exception: Rating


class RegionConcentration(StrictModel):
    """RK-CONC-002: places. `downgrade` takes the senior rating down by a category."""

    title: Text
    enabled: bool
    action: Literal["downgrade", "warn"]
    source: Text
    threshold: RegionLimits


class CapitalBounds(StrictModel):
    """Percent of the capital required."""

    min_pct: Annotated[float, Field(gt=0, le=1000)]
    full_pct: Annotated[float, Field(gt=0, le=1000)]


class CapitalRule(Rule):
    """Capital coverage."""

    reason: Literal["INSUFFICIENT_CAPITAL"]
    threshold: CapitalBounds


Quotient = Annotated[TupleOf[Positive], Field(min_length=2, max_length=2)]


class AdvanceRule(Rule):
    """The limit is the rating's percentage times the jurisdiction's quotient."""

    reason: Literal["ADVANCE_FACTOR_BREACH"]
    threshold: InvestmentGrade[Percent]
    modifier: ByJurisdiction[Quotient]


class CouponBand(StrictModel):
    """Distance from the benchmark on either side."""

    band_bps: Bps


class CouponRule(Rule):
    """Coupon within the market."""

    reason: Literal["COUPON_OUT_OF_MARKET"]
    threshold: CouponBand


class MathBounds(StrictModel):
    """Mezzanine as a share of what the senior leaves."""

    max_mezz_share_of_rest_pct: Percent


class MathRule(Rule):
    """Tranches add up."""

    reason: Literal["MATH_ERROR"]
    threshold: MathBounds


class NotchBounds(StrictModel):
    """Notches a rating may lie under its target."""

    max_notches_below: Annotated[int, Field(ge=0, le=21)]


class RatingRule(Rule):
    """Senior rating against its target."""

    reason: Literal["RATING_BELOW_TARGET"]
    threshold: NotchBounds


class MezzRatingRule(Rule):
    """Mezzanine rating against its target."""

    reason: Literal["MEZZ_RATING_BELOW_TARGET"]
    threshold: NotchBounds


class DebtBounds(StrictModel):
    """Debt as a share of total cost."""

    max_debt_pct: Percent
    low_debt_pct: Percent


class LeverageRule(CreditRule):
    """Debt share of total cost."""

    reason: Literal["LEVERAGE_TOO_HIGH"]
    threshold: DebtBounds


class FirstLossRule(CreditRule):
    """Equity at least FirstLossPct_52."""

    reason: Literal["FIRST_LOSS_SHORTFALL"]


class LeastRatio(StrictModel):
    """A floor."""

    min: Ratio


class IcrRule(CreditRule):
    """Interest cover."""

    reason: Literal["ICR_BELOW_MINIMUM"]
    threshold: LeastRatio


class FccrRule(CreditRule):
    """Fixed charge cover."""

    reason: Literal["FCCR_BELOW_MINIMUM"]
    threshold: LeastRatio


class WalRule(CreditRule):
    """Average life at most MaxWAL_Senior_80."""

    reason: Literal["WAL_EXCEEDS_LIMIT"]


class RuleSet(StrictModel):
    """Every rule, under its key."""

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
