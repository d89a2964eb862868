"""Parts of a term sheet that its tranches share, and terms of the whole deal."""

from __future__ import annotations

from typing import Final

from pipeline.reports.pack.conventions import Conventions, Said, accrual
from pipeline.reports.pack.deal_dates import Day, DealDates
from pipeline.reports.pack.document import Cell, Field, Fields, Figure
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.terms_in_words import (
    WRAPS,
    collateral_test,
    covenant_test,
    trap,
    turbo,
    use_of_trapped_cash,
)

_NOT_GIVEN: Final = "the project file gives no issue date and no start of construction"
_UNADJUSTED: Final = "on the run's months; not moved to a working day"


def deal_name(dossier: Dossier) -> Figure:
    """The deal's name in the project file, else the project's title."""
    named = dossier.name("deal.name")
    return named if isinstance(named, Figure) else dossier.fact("project.title")


def usual(said: Said) -> str:
    """A convention as a proposal beside a blank or a figure."""
    return f"usual: {said.text} ({said.source})"


def identity(dossier: Dossier, isin: str, conventions: Conventions) -> Fields:
    """Names and form of a tranche of debt."""
    name = dossier.name
    return Fields(
        (
            Field("Deal", (deal_name(dossier),)),
            Field("Issuer", (name("parties.issuer"),)),
            Field("Sponsor", (name("parties.sponsor"),)),
            Field("Arranger", (name("parties.arranger"),)),
            Field("Trustee and security agent", (name("parties.trustee"),)),
            Field("Form", (name("deal.form"),)),
            Field("ISIN", (name(isin),)),
            Field("Listing", (name("deal.listing"),)),
            Field("Clearing", (name("deal.clearing"),)),
            Field("Denomination", (name("deal.denomination"),), usual(conventions.denomination)),
            Field("Currency", (dossier.fact("project.currency"),)),
        ),
        "Parties and form",
    )


def dates(dates_: DealDates, maturity: Day, tenor: Figure, construction: Figure) -> Fields:
    """Issue, completion and maturity; where no date is known, how they hang together."""
    if dates_.known:
        return Fields(
            (
                Field("Issue date", (dates_.issue,)),
                Field("Completion", (dates_.completion,), _UNADJUSTED),
                Field("Maturity date", (maturity,), _UNADJUSTED),
                Field("Tenor", (tenor, "from completion")),
            ),
            "Dates",
        )
    return Fields(
        (
            Field("Issue date", (dates_.issue,), _NOT_GIVEN),
            Field("Completion", (construction, "after issue")),
            Field("Maturity date", (tenor, "after completion")),
        ),
        "Dates",
    )


def interest(
    dossier: Dossier, conventions: Conventions, coupon: Figure, reference: tuple[Field, ...]
) -> Fields:
    """Coupon, payment dates and day count."""
    return Fields(
        (
            Field("Coupon", (coupon, "a year, fixed"), "floating coupons are not modelled"),
            *reference,
            Field("Payment frequency", (dossier.fact("request.covenants.payment_frequency"),),
                  "in arrears, counted from completion"),
            Field("Day count", (conventions.day_count.text,),
                  f"usual by jurisdiction: {conventions.day_count.source}. {accrual(conventions)}"),
            Field("Interest before completion", _before_completion(dossier),
                  "of all debt, drawn evenly; among the uses"),
            Field("Business days", (conventions.roll.text,), conventions.roll.source),
        ),
        "Interest",
    )  # fmt: skip


def _before_completion(dossier: Dossier) -> tuple[Cell, ...]:
    if not dossier.manifest["request"]["covenants"]["interest_during_construction"]:
        return ("not charged in the run",)
    return (dossier.step("uses.interest_during_construction"), "funded at close")


def wrap(dossier: Dossier, *, covered: bool, lifts: bool) -> Fields:
    """The guarantee of a tranche: provider, rating, premium; `lifts` tells the senior's rating."""
    if not covered:
        return Fields((Field("Guarantee", ("none for this tranche",)),), "Wrap")
    fields = (
        Field("Guarantee", (WRAPS[str(dossier.input(57).value)],)),
        Field("Provider", (dossier.name("parties.insurer"),)),
        Field("Provider's rating", (dossier.given("rating.wrap", "insurer"),),
              "the project file's, else the rulebook's"),
        Field("Premium", (dossier.input(58), "a year on the balance")),
    )  # fmt: skip
    lifted = Field(
        "Senior rating without and with it",
        (dossier.step("rating.matrix"), "and", dossier.step("rating.wrap")),
        "by the rulebook's matrix, before tenant and concentration",
    )
    return Fields((*fields, lifted) if lifts else fields, "Wrap")


def triggers(dossier: Dossier) -> Fields:
    """Covenant test, cash trap, turbo and collateral, and what they did in the base case."""
    return Fields(
        (
            Field("Covenant DSCR", covenant_test(dossier)),
            Field("Least and mean in the base case",
                  (dossier.column("covenant_dscr_min"), "and",
                   dossier.column("covenant_dscr_avg"))),
            Field("Cash trap", trap(dossier)),
            Field("Trapped cash", use_of_trapped_cash(dossier)),
            Field("Turbo", turbo(dossier)),
            Field("Collateral test", collateral_test(dossier)),
            Field("Prepayment penalty",
                  (dossier.fact("request.covenants.prepayment_penalty_pct", "percent"),
                   "of what turbo and trapped cash prepay")),
            Field("Months of trap and of turbo in the base case",
                  (dossier.column("trap_months", "count"), "and",
                   dossier.column("turbo_months", "count"))),
        ),
        "Triggers",
    )  # fmt: skip
