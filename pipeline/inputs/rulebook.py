"""The rulebook file: every threshold, limit and weight, versioned, each rule with its source."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from pipeline.inputs.cash_rules import CashSection, DayOneSection, StressSection
from pipeline.inputs.models import Date, Percent, SchemaVersion, StrictModel, Text, TupleOf
from pipeline.inputs.project import ID_PATTERN
from pipeline.inputs.ratings import CATEGORY_NUMBER
from pipeline.inputs.rule_tables import (
    ByJurisdiction,
    Category,
    DownToB,
    DownToBB,
    Positive,
    Ratio,
)
from pipeline.inputs.rules import RuleSet


class MatrixRow(StrictModel):
    """What one rating asks for."""

    min_dscr: Ratio
    max_ltv_pct: Percent


class RuleSetShift(StrictModel):
    """Added to the matrix's DSCR by HaircutRuleSet_81."""

    RA_Conservative: Annotated[float, Field(ge=-1, le=1)]
    RA_Base: Annotated[float, Field(ge=-1, le=1)]
    Internal_Base: Annotated[float, Field(ge=-1, le=1)]


UnitShare = Annotated[float, Field(ge=0, le=1)]


class Ratings(StrictModel):
    """The rating matrix and the composite's score of each rating."""

    matrix: DownToBB[MatrixRow]
    dscr_shift: RuleSetShift
    score: DownToB[UnitShare]

    @model_validator(mode="after")
    def _matrix_falls(self) -> Ratings:
        rows = [getattr(self.matrix, name) for name in ("AAA", "AA", "A", "BBB", "BB")]
        for better, worse in pairwise(rows):
            if better.min_dscr < worse.min_dscr or better.max_ltv_pct > worse.max_ltv_pct:
                raise PydanticCustomError("matrix", "matrix: a better rating has to ask for more")
        return self


class Warnings(StrictModel):
    """Where the soft warnings start."""

    marginal_dscr_headroom: Ratio
    universe_min_rating: Category
    max_simple_derivatives: Annotated[int, Field(ge=0, le=5)]


class ModelSettings(StrictModel):
    """Conventions of the model that are choices."""

    long_run_inflation_pct: Annotated[float, Field(ge=-2, le=15)]
    core_cpi_discount_pct: Annotated[float, Field(ge=-5, le=5)]
    step_down_weights: Annotated[TupleOf[Positive], Field(min_length=3, max_length=3)]
    pik_window_months: Annotated[int, Field(ge=0, le=360)]
    mezz_min_notional: Annotated[float, Field(ge=0, le=1e12)]
    mezz_min_capacity_ratio: UnitShare
    exit_cap_rate_pct: Annotated[float, Field(gt=0, le=100)]
    dscr_tail_years: Annotated[int, Field(ge=1, le=40)]
    tax_rate_pct: ByJurisdiction[Percent]


class GateBScore(StrictModel):
    """Coefficients of gate_b_score."""

    dscr: float
    rating: float
    coverage: float
    stress: float
    simplicity: float
    complexity_ceiling: float


class Weights(StrictModel):
    """Weights of the composite score."""

    SeniorRaise: UnitShare
    WACC: UnitShare
    Day1: UnitShare
    DSCR: UnitShare
    Rating: UnitShare


class CurrencyScale(StrictModel):
    """Money units of the composite by currency."""

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
    wacc_ceiling_pct: Annotated[float, Field(gt=0, le=100)]
    dscr_ceiling: Annotated[float, Field(gt=0, le=10)]
    score_scale: CurrencyScale


class DiamondTier(StrictModel):
    """Conditions of Diamond."""

    min_coverage_pct: Positive
    min_rating: Category
    min_day1_pct: Percent
    repo_eligible: bool
    stresses_passed: bool


class GoldTier(StrictModel):
    """Conditions of Gold."""

    min_coverage_pct: Positive
    min_rating: Category
    min_day1_pct: Percent
    stresses_passed: bool


class SilverTier(StrictModel):
    """Conditions of Silver."""

    min_coverage_pct: Positive
    min_rating: Category


Share = Annotated[float, Field(gt=0, le=100)]


class BestShares(StrictModel):
    """Percent of the survivors, best by gate_b_score, that may be in a tier or a better one."""

    diamond: Share
    gold: Share
    silver: Share
    bronze: Share


class Tiers(StrictModel):
    """Tiers by conditions, or by conditions and rank: `best_pct` holds in the second mode."""

    mode: Literal["conditions", "rank_of_gate_b_score"]
    diamond: DiamondTier
    gold: GoldTier
    silver: SilverTier
    best_pct: BestShares

    @model_validator(mode="after")
    def _better_asks_for_more(self) -> Tiers:
        """So that a structure that is no Diamond for its rank may be Gold, if that lets it."""
        asked = [
            (
                tier.min_coverage_pct,
                CATEGORY_NUMBER[tier.min_rating],
                getattr(tier, "min_day1_pct", 0.0),
                getattr(tier, "stresses_passed", False),
            )
            for tier in (self.diamond, self.gold, self.silver)
        ]
        shares = list(self.best_pct.model_dump().values())
        for better, worse in pairwise(asked):
            if any(more < less for more, less in zip(better, worse, strict=True)):
                raise PydanticCustomError("tiers", "a better tier has to ask for as much or more")
        if shares != sorted(shares):
            raise PydanticCustomError(
                "shares", "best_pct: a better tier has to be as rare or rarer"
            )
        return self


class MarketSection(StrictModel):
    """What is asked of the market file."""

    source: Text
    stale_after_days: Annotated[int, Field(ge=1, le=3660)]


class ReverseCheckSection(StrictModel):
    """The sizing of a sample by bisection: rows in a partition of the usual size, and how far it
    may lie from the closed form in money units of the project currency and in DSCR."""

    rows_per_partition: Annotated[int, Field(ge=1, le=1000)]
    notional_units: Annotated[float, Field(ge=1, le=1e9)]
    dscr: Annotated[float, Field(ge=1e-9, le=1)]


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
    cash: CashSection
    day_one: DayOneSection
    stress: StressSection
    market: MarketSection
    reverse_check: ReverseCheckSection

    def __reduce__(self) -> tuple[Any, ...]:
        """By its content: parametrised models cannot be pickled by the name of their class."""
        return type(self).model_validate, (self.model_dump(mode="json", by_alias=True),)
