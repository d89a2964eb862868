"""The mezzanine's section of the term sheets."""

from __future__ import annotations

from typing import Final

from pipeline.reports.pack.conventions import Conventions
from pipeline.reports.pack.deal_dates import DealDates
from pipeline.reports.pack.document import (
    Block,
    Field,
    Fields,
    Figure,
    Grid,
    GridColumn,
    Prose,
    Section,
)
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.term_common import dates, identity, interest, wrap
from pipeline.reports.pack.terms_in_words import INTERCREDITOR, MEZZANINE_PROFILES

HEADING: Final = "Mezzanine"
_YEARS: Final = "waterfall.years"
_FLOWS: Final = ("mezz_interest_accrued", "mezz_interest_paid", "mezz_principal_paid")


def mezzanine(dossier: Dossier, dates_: DealDates, conventions: Conventions) -> Section:
    """All terms of the mezzanine, or why there is none."""
    if not dossier.has_mezzanine:
        return Section(HEADING, (Prose((_why_none(dossier),)),))
    blocks: tuple[Block, ...] = (
        identity(dossier, "deal.isin_mezzanine", conventions),
        dates(dates_, dates_.mezzanine_maturity, dossier.input(47), dossier.input(23)),
        _amount(dossier),
        interest(dossier, conventions, dossier.input(46), ()),
        _repayment(dossier),
        _schedule(dossier),
        _credit(dossier),
        _subordination(dossier),
        wrap(dossier, covered=dossier.input(57).value == "WholeStack", lifts=False),
        _other(dossier),
    )
    return Section(HEADING, blocks, new_page=True)


def _why_none(dossier: Dossier) -> str:
    step = dossier.steps.get("mezzanine.notional")
    if step is None:
        return "There is no mezzanine: the structure is not sound."
    why = step.note.removeprefix("this structure has no mezzanine")
    return f"There is no mezzanine in this structure{f': {why}' if why else ''}."


def _amount(dossier: Dossier) -> Fields:
    return Fields(
        (
            Field("Principal", (dossier.step("mezzanine.notional"),)),
            Field("Loan to value of both tranches", (dossier.step("mezzanine.ltv"),)),
            Field("Most that the rest of the cost lets", (dossier.step("mezzanine.most"),)),
        ),
        "Amount",
    )


def _repayment(dossier: Dossier) -> Fields:
    kind = dossier.input(48)
    window: tuple[Field, ...] = (Field("PIK window", ("none",)),)
    if kind.value == "PIKWindow":
        months = dossier.rule("model.pik_window_months", "months")
        window = (Field("PIK window", ("interest capitalises for", months, "from completion")),)
    return Fields(
        (
            Field("Amortisation", (kind, ":", MEZZANINE_PROFILES[str(kind.value)])),
            *window,
            Field("Weighted average life, scheduled", (dossier.step("mezzanine.wal"),),
                  "from completion, balloon and capitalised interest included"),
            Field("Weighted average life, expected",
                  (dossier.step("returns.mezz_expected_wal"),),
                  "as the base case's waterfall repays it"),
        ),
        "Repayment",
    )  # fmt: skip


def _schedule(dossier: Dossier) -> Grid:
    rows = []
    for year in dossier.keys(_YEARS):
        flows = tuple(dossier.cell(_YEARS, year, column) for column in _FLOWS)
        balance = dossier.cell(_YEARS, year, "mezz_balance")
        if any(each.value for each in (*flows, balance)):
            rows.append((Figure(year, "count", f"{_YEARS}[{year}].year"), *flows, balance))
    return Grid(
        (
            GridColumn("Operating year", 1.0),
            *(GridColumn(title, 1.3, millions=True)
              for title in ("Interest accrued", "Interest paid", "Principal paid",
                            "Balance at year end")),
        ),
        tuple(rows),
        title=f"As the base case pays it, {dossier.currency} million",
    )  # fmt: skip


def _credit(dossier: Dossier) -> Fields:
    step = dossier.step
    return Fields(
        (
            Field("Expected rating", (step("mezzanine.rating"),),
                  "by the rulebook's matrix; no agency has rated it"),
            Field("Rating sought", (dossier.input(76),)),
            Field("Target DSCR of the sizing", (dossier.input(45, "times"),)),
            Field("DSCR of both tranches, least", (step("mezzanine.dscr"),)),
            Field("DSCR of both tranches, mean", (step("mezzanine.dscr_avg"),),
                  "once the senior is repaid, of the mezzanine alone"),
            Field("Repo", ("not tested: central banks' rules are for the senior",)),
        ),
        "Credit",
    )  # fmt: skip


def _subordination(dossier: Dossier) -> Fields:
    style = dossier.input(51)
    return Fields(
        (
            Field("Ranking", ("after the senior and its reserve, before equity",)),
            Field("Intercreditor style", (style, ":", INTERCREDITOR[str(style.value)])),
            Field("Collateral level", (dossier.input(100),),
                  "market costs over the senior, and by OCTriggered over both tranches"),
            Field("Cash trap", (dossier.input(102),),
                  "MezzBlock holds the mezzanine's cash back too; when: see the senior"),
            Field("Late interest and principal", ("carried with interest at the coupon",)),
            Field("Balloon that cash does not meet", ("put in by equity",)),
        ),
        "Subordination",
    )  # fmt: skip


def _other(dossier: Dossier) -> Fields:
    months = dossier.fact("request.covenants.mezz_reserve_months", "months")
    return Fields(
        (
            Field("Mezzanine reserve", (months, "of its debt service"),
                  "not funded at close; filled after mezzanine fees"),
            Field("Call", ("none in the run",)),
            Field("Upfront fee", (dossier.input(49), "of principal")),
            Field("Ongoing fee", (dossier.input(50), "a year on the balance")),
        ),
        "Reserve, call and fees",
    )  # fmt: skip
