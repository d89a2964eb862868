"""The senior's section of the term sheets."""

from __future__ import annotations

from typing import Final

from kernels import layout as x
from pipeline.reports.pack.conventions import Conventions
from pipeline.reports.pack.deal_dates import DealDates
from pipeline.reports.pack.document import (
    Block,
    Field,
    Fields,
    Grid,
    GridColumn,
    Prose,
    Section,
    Series,
    StackedBars,
)
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.term_common import dates, identity, interest, triggers, wrap
from pipeline.reports.pack.terms_in_words import (
    REPO_LEGS,
    RESERVE_ORDER,
    SENIOR_PROFILES,
)

HEADING: Final = "Senior"
_SCHEDULE: Final = "senior.schedule"
_LEGS: Final = "repo.legs"
_BY_MATRIX: Final = "by the rulebook's matrix; no agency has rated it"


def senior(dossier: Dossier, dates_: DealDates, conventions: Conventions) -> Section:
    """All terms of the senior, or why there is none."""
    if not dossier.case.sound:
        why = "The structure is not sound: it has no senior and no schedule."
        return Section(HEADING, (Prose((why,)),), new_page=True)
    if not dossier.has_senior:
        note = dossier.steps["senior.notional"].note
        why = f"There is no senior debt in this structure: {note}."
        return Section(HEADING, (Prose((why,)),), new_page=True)
    blocks: tuple[Block, ...] = (
        identity(dossier, "deal.isin", conventions),
        dates(dates_, dates_.senior_maturity, dossier.input(39), dossier.input(23)),
        _amount(dossier),
        interest(dossier, conventions, dossier.input(38), _reference(dossier)),
        _repayment(dossier),
        _profile(dossier),
        _schedule(dossier),
        _credit(dossier),
        *_repo(dossier),
        _call(dossier, dates_),
        wrap(dossier, covered=dossier.input(57).value != "None", lifts=True),
        triggers(dossier),
        _reserves(dossier),
        _fees(dossier),
    )
    return Section(HEADING, blocks, new_page=True)


def _amount(dossier: Dossier) -> Fields:
    step = dossier.step
    return Fields(
        (
            Field("Principal", (step("senior.notional"),)),
            Field("Sized by", (dossier.column("binding_constraint"),),
                  "the covenant that lets least"),
            Field("Loan to value, which is the advance factor", (step("senior.ltv"),),
                  "of market costs"),
            Field("Highest balance", (step("senior.peak_balance"),)),
        ),
        "Amount",
    )  # fmt: skip


def _reference(dossier: Dossier) -> tuple[Field, ...]:
    test = "gate_a.coupon_out_of_market"
    return (
        Field(
            "Market reference",
            (dossier.given(test, "zero"), "at", dossier.input(27), "plus",
             dossier.given(test, "spread"), "for", dossier.given(test, "target")),
            "zero rate and credit spread of the market file, before a shift",
        ),
    )  # fmt: skip


def _repayment(dossier: Dossier) -> Fields:
    kind = dossier.input(40)
    return Fields(
        (
            Field("Amortisation", (kind, ":", SENIOR_PROFILES[str(kind.value)])),
            Field("Interest only at first", (dossier.step("senior.start"),)),
            Field("Balloon at maturity", (dossier.step("senior.balloon"), "of principal")),
            Field("Weighted average life, scheduled", (dossier.step("senior.wal"),),
                  "from completion, balloon included"),
            Field("Weighted average life, expected", (dossier.step("returns.expected_wal"),),
                  "as the base case's waterfall repays it, prepayments included"),
        ),
        "Repayment",
    )  # fmt: skip


def _profile(dossier: Dossier) -> StackedBars:
    years = dossier.keys(_SCHEDULE)

    def series(name: str, column: str) -> Series:
        return Series(name, tuple(dossier.cell(_SCHEDULE, year, column) for year in years))

    repaid = (series("Principal", "principal"), series("Balloon", "balloon"))
    return StackedBars(
        "Principal by year, and the balance at its start",
        "Operating year",
        tuple(str(year) for year in years),
        tuple(each for each in repaid if any(figure.value for figure in each.values)),
        (series("Balance", "opening"),),
    )


def _schedule(dossier: Dossier) -> Grid:
    columns = ("opening", "interest", "principal", "balloon")
    rows = tuple(
        (
            dossier.cell(_SCHEDULE, year, "year", "count"),
            *(dossier.cell(_SCHEDULE, year, column) for column in columns),
            dossier.cell(_SCHEDULE, year, "dscr"),
        )
        for year in dossier.keys(_SCHEDULE)
    )
    return Grid(
        (
            GridColumn("Operating year", 1.0),
            *(GridColumn(title, 1.3, millions=True)
              for title in ("Opening", "Interest", "Principal", "Balloon")),
            GridColumn("Least DSCR", 1.0),
        ),
        rows,
        title=f"Scheduled repayment, {dossier.currency} million",
        caption=f"Before any prepayment by turbo or trapped cash.{_by_quarter(dossier)}",
    )  # fmt: skip


def _by_quarter(dossier: Dossier) -> str:
    if dossier.manifest["request"]["covenants"]["payment_frequency"] == "Monthly":
        return ""
    return " On the months of the sizing; paid by the quarter, interest is a little more."


def _credit(dossier: Dossier) -> Fields:
    step = dossier.step
    return Fields(
        (
            Field("Expected rating", (step("rating.senior"),), _BY_MATRIX),
            Field("Rating sought", (dossier.input(75),)),
            Field("Target DSCR of the sizing", (dossier.input(37, "times"),)),
            Field("DSCR, least", (step("senior.dscr_min"),)),
            Field("DSCR, mean", (step("senior.dscr_avg"),)),
            Field("DSCR, least of the last years", (step("senior.dscr_tail"),)),
            Field("Interest cover, least", (step("senior.icr"),)),
            Field("Fixed charge cover, least", (step("capital.fccr"),)),
        ),
        "Credit",
    )


def _repo(dossier: Dossier) -> tuple[Block, ...]:
    rows = tuple(
        (
            REPO_LEGS[key],
            dossier.cell(_LEGS, key, "needs"),
            dossier.cell(_LEGS, key, "has"),
            dossier.cell(_LEGS, key, "holds"),
        )
        for key in dossier.keys(_LEGS)
    )
    return (
        Fields(
            (
                Field("Eligible", (dossier.step("repo.eligible"),)),
                Field("Haircut", (dossier.step("repo.haircut"),), "RK-REPO-002"),
                Field("Cash a holder could raise", (dossier.step("repo.cash"),)),
            ),
            "Repo",
        ),
        Grid(
            (
                GridColumn("Leg", 2.0, right=False),
                GridColumn("Needs", 1.6, right=False),
                GridColumn("Has", 1.3, right=False),
                GridColumn("Holds", 0.6, right=False),
            ),
            rows,
            title="Legs of repo eligibility",
        ),
    )


def _call(dossier: Dossier, dates_: DealDates) -> Fields:
    years, case = dossier.input(56), dossier.case
    first = Field("First call", ("none before maturity",))
    if 0 < case.months_of(x.CALL_YEARS) < case.months_of(x.SENIOR_TENOR_YEARS):
        when = (years, "after completion,", dates_.call) if dates_.known else (
            years, "after completion")  # fmt: skip
        first = Field("First call", when, "as the run values the right to call")
    return Fields(
        (
            first,
            Field("Value of the right to call", (dossier.step("day_one.call"),),
                  "paid for in the coupon, in no source of funds"),
            Field("Call protection", (dossier.name("deal.call_protection"),)),
            Field("Call price", (dossier.name("deal.call_price"),)),
        ),
        "Call",
    )  # fmt: skip


def _reserves(dossier: Dossier) -> Fields:
    by_letter = dossier.manifest["request"]["covenants"]["dsra_funding"] == "LetterOfCredit"
    facility = "of the first debt service"
    if by_letter:
        facility += "; the reserve's months are in the amount"
    return Fields(
        (
            Field("Debt service reserve", (dossier.input(59), "of senior debt service")),
            Field("Held as", ("letter of credit" if by_letter else "cash, funded at close",)),
            Field("Cash at close", (dossier.step("uses.dsra"),)),
            Field("Order", (RESERVE_ORDER[str(dossier.input(99).value)],)),
            Field("Liquidity facility",
                  (dossier.input(60), ":", dossier.given("stresses.delay", "facility")), facility),
            Field("Facility bank", (dossier.name("parties.liquidity_provider"),)),
            Field("Fee on the undrawn facility",
                  (dossier.rule("cash.liquidity_fee_bps", "bps"), "a year")),
            Field("Drawn in the base case, reserve and facility",
                  (dossier.step("returns.dsra_drawn"), "and",
                   dossier.step("returns.facility_drawn"))),
        ),
        "Reserves and liquidity",
    )  # fmt: skip


def _fees(dossier: Dossier) -> Fields:
    return Fields(
        (
            Field("Upfront fee", (dossier.input(42), "of principal")),
            Field("Ongoing fee", (dossier.input(43), "a year on the balance")),
            Field("Order of fees", (dossier.input(106),),
                  "SeniorFirst: all before interest; ProRataFees: shared by balances"),
        ),
        "Fees",
    )  # fmt: skip
