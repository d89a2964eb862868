"""The equity's section of the term sheets, and sources and uses."""

from __future__ import annotations

from typing import Final

from kernels.steps import STEPS
from pipeline.reports.pack.document import (
    Block,
    Bullets,
    Cell,
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
from pipeline.reports.pack.terms_in_words import RESERVE_ORDER

HEADING: Final = "Equity and residual"
USES_HEADING: Final = "Sources and uses"
_YEARS: Final = "waterfall.years"
_USES: Final = (
    ("Cost that is financed", "project.total_cost"),
    ("Structuring fees", "uses.structuring_fees"),
    ("Upfront fees of the debt", "uses.upfront_fees"),
    ("Insurance before completion", "uses.insurance"),
    ("Debt service reserve", "uses.dsra"),
    ("Interest before completion", "uses.interest_during_construction"),
    ("Rent-free reserve", "uses.rent_free_reserve"),
    ("Working capital for late rent", "uses.working_capital"),
)
_SOURCES: Final = (
    ("Senior", "senior.notional"),
    ("Mezzanine", "mezzanine.notional"),
    ("Day-one value of the overlays", "day_one.total"),
    ("Equity cheque", "uses.cheque"),
)
_COLUMNS: Final = (GridColumn("", 2.4, right=False), GridColumn("Amount", 1.4))


def sources_and_uses(dossier: Dossier) -> Section:
    """Uses at close and what pays for them; both add up to the same."""
    if not dossier.case.sound:
        why = "The structure is not sound: it has no sources and uses."
        return Section(USES_HEADING, (Prose((why,)),))
    total = ("Total", dossier.step("uses.total"))
    blocks: list[Block] = [
        Grid(
            _COLUMNS,
            (*((label, dossier.step(step)) for label, step in lines), total),
            title=title,
            totals=1,
        )
        for title, lines in (("Sources", _SOURCES), ("Uses", _USES))
    ]
    cheque, day_one = dossier.step("uses.cheque"), dossier.step("day_one.total")
    if isinstance(cheque.value, float) and cheque.value <= 0.0:
        blocks.append(Prose(("The other sources exceed the uses: no equity cheque is paid.",)))
    if isinstance(day_one.value, float) and day_one.value < 0.0:
        blocks.append(Prose(("The overlays cost more at close than they bring.",)))
    return Section(USES_HEADING, tuple(blocks))


def equity(dossier: Dossier) -> Section:
    """Amount, returns and place in the order of payments."""
    if not dossier.case.sound:
        why = "The structure is not sound: what equity puts in and gets back is not known."
        return Section(HEADING, (Prose((why,)),))
    order = tuple((step.name,) for step in STEPS)
    blocks: tuple[Block, ...] = (
        _amount(dossier),
        _returns(dossier),
        _distributions(dossier),
        Prose(("Distribution priority: cash of a payment date goes down this list.",)),
        Bullets(order, numbered=True),
        Prose(
            ("The debt service reserve is", RESERVE_ORDER[str(dossier.input(99).value)], "."),
            "small",
        ),
    )
    return Section(HEADING, blocks, new_page=True)


def _amount(dossier: Dossier) -> Fields:
    step = dossier.step
    return Fields(
        (
            Field("Sponsor", (dossier.name("parties.sponsor"),)),
            Field("Equity notional", (step("capital.equity"),),
                  "cost that is financed less senior and mezzanine"),
            Field("Equity cheque at close", (step("uses.cheque"),),
                  "all uses less debt and day-one value"),
            Field("Put in later, for balloons", (step("returns.equity_put_in"),)),
            Field("What equity can pay at its target", (step("capital.capacity"),)),
            Field("Least share of the cost", (dossier.input(52, "share"),), "first loss"),
        ),
        "Amount",
    )  # fmt: skip


def _returns(dossier: Dossier) -> Fields:
    step = dossier.step
    return Fields(
        (
            Field("Target IRR", (dossier.input(55),)),
            Field("Modelled IRR", (dossier.column("equity_irr"),),
                  "on the cheque: distributions of the base case and the exit at lease end"),
            Field("Multiple", (step("returns.multiple"),)),
            Field("Cash yield", (step("returns.cash_yield"),), "a simplified figure"),
            Field("Exit at lease end", (step("returns.exit"),)),
            Field("Weighted cost of capital", (step("capital.wacc"),)),
            Field("Residual strip sold", _sold(dossier)),
        ),
        "Returns",
    )  # fmt: skip


def _sold(dossier: Dossier) -> tuple[Cell, ...]:
    strip = "day_one.strip"
    step = dossier.steps.get(strip)
    if step is None or not step.inputs:
        return ("none",)
    share, first = dossier.given(strip, "share", "share"), dossier.given(strip, "first", "count")
    return (share, "of distributions from operating month", first, "on")


def _distributions(dossier: Dossier) -> StackedBars:
    years = dossier.keys(_YEARS)
    return StackedBars(
        "Equity's cash by operating year, base case, exit not in it",
        "Operating year",
        tuple(str(year) for year in years),
        (Series("Equity", tuple(dossier.cell(_YEARS, year, "equity") for year in years)),),
    )
