"""The rulebook's terms of the waterfall, of day-one value and of the stresses."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field

from pipeline.inputs.models import Percent, StrictModel, Text
from pipeline.inputs.rule_tables import Bps, DownToB, InvestmentGrade, Years

T = TypeVar("T")
Months = Annotated[int, Field(ge=1, le=120)]
UnitShare = Annotated[float, Field(ge=0, le=1)]
SwapYears = Annotated[int, Field(ge=1, le=40)]


class Reinvestment(StrictModel):
    """Yearly yield on reserves and trapped cash, by ReinvestmentOption_105."""

    Off: Literal[0]
    LeaseBacked: Percent
    Limited: Percent


class CovenantTests(StrictModel):
    """When the covenant DSCR is tested, and over how many months."""

    window_months: Months
    first_test_month: Months
    test_interval_months: Months


class TrapShares(StrictModel):
    """Share of the cash that a trap keeps, by CashTrapRules_102."""

    MezzBlock: UnitShare
    EquityBlock: UnitShare
    SweepPct: UnitShare


class Turbo(StrictModel):
    """When AmortSwitchRules_103 speeds repayment up without a trap."""

    time_based_year: Annotated[int, Field(ge=1, le=40)]
    downgrade_notches: Annotated[int, Field(ge=1, le=5)]


class CashSection(StrictModel):
    """Terms of the waterfall. `clean_tests` in a row release trapped cash."""

    source: Text
    liquidity_fee_bps: Bps
    reinvestment_pct: Reinvestment
    covenant: CovenantTests
    trap_share: TrapShares
    turbo: Turbo
    clean_tests: Annotated[int, Field(ge=1, le=40)]


class LowSpreads(StrictModel):
    """Credit spreads of the ratings that the catalogue has no variable for."""

    BB: Bps
    B: Bps


class ByCreditSupport(StrictModel, Generic[T]):
    """One entry by DerivativeCSAType_98."""

    TwoWay: T
    OneWay: T
    Threshold: T


class RateOptionTerms(StrictModel):
    """Distance of a floor or cap from each month's forward, and how long it runs."""

    offset_bps: Bps
    years: Years


class UpfrontRates(StrictModel):
    """Cash of a total return swap at close, by TRS_MarginingFreq_95."""

    Monthly: Percent
    Quarterly: Percent


class TotalReturnSwap(StrictModel):
    """Terms of the total return swap."""

    max_structure_pct: Percent
    upfront_pct: UpfrontRates
    term_years: SwapYears


class ResidualStrip(StrictModel):
    """The share of late distributions that is sold; later where the lease is long."""

    share_pct: Percent
    after_years: SwapYears
    after_years_long: SwapYears
    long_lease_years: Years
    spread_pct: DownToB[Percent]


class DayOneSection(StrictModel):
    """Terms of day-one value. Swap counterparties are investment grade."""

    source: Text
    wrap_years_max: Years
    low_rating_spread_bps: LowSpreads
    zcis_credit_bps: ByCreditSupport[InvestmentGrade[Bps]]
    counterparty_rating: Literal["AAA", "AA", "A", "BBB"]
    floor: RateOptionTerms
    trs: TotalReturnSwap
    strip: ResidualStrip


class StressSection(StrictModel):
    """Stresses beside those of the catalogue; the tenant leaves in `default_month`."""

    source: Text
    cpi_extra_pct: Annotated[float, Field(ge=-2, le=15)]
    default_month: Annotated[int, Field(ge=1, le=120)]
