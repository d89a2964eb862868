"""The investor pack: what the structure is, earns and rests on, and what could go wrong."""

from __future__ import annotations

from typing import Final

from pipeline.reports.formats import money_symbol
from pipeline.reports.pack.alternatives import alternatives
from pipeline.reports.pack.assumptions_book import assumptions_book, stale_market
from pipeline.reports.pack.document import (
    Block,
    Cell,
    Document,
    Grid,
    GridColumn,
    LineChart,
    Prose,
    Section,
    Series,
)
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.glossary import glossary
from pipeline.reports.pack.investor_headline import headline, highlights
from pipeline.reports.pack.provenance import provenance
from pipeline.reports.pack.risks import risk_section
from pipeline.reports.pack.standing import standing, viable
from pipeline.reports.pack.structure_diagram import structure_diagram
from pipeline.reports.pack.table_grid import column_of, rows_of
from pipeline.reports.pack.term_equity import sources_and_uses

KEY: Final = "7-investor-pack"
_SCHEDULE: Final = "senior.schedule"
_YEARS: Final = "waterfall.years"
_STRESSES: Final = "stresses.table"
_NO_OFFER: Final = (
    "What follows is the record of a structure that the run does not put forward. It describes "
    "figures computed and is no basis for an investment."
)


def investor_pack(dossier: Dossier) -> Document:
    """The pack of a viable structure, or the plain record of one that is not."""
    good = viable(dossier)
    sections: list[Section] = []
    if good:
        sections.append(Section("Highlights", (highlights(dossier),)))
    sections.append(Section("Structure", (structure_diagram(dossier),)))
    sections.append(sources_and_uses(dossier))
    if _YEARS in dossier.tables:
        sections.append(_base_case(dossier))
    if _STRESSES in dossier.tables:
        sections.append(_downside(dossier))
    sections.append(alternatives(dossier))
    if dossier.has_senior:
        sections.append(risk_section(dossier))
    sections += [glossary(), assumptions_book(dossier), provenance(dossier)]
    return Document(
        key=KEY,
        title="Investor pack" if good else "Record of a structure",
        project=str(dossier.manifest["project"]["title"]),
        subtitle="Private placement of asset-backed notes" if good else "Not put forward",
        run_id=dossier.run_id,
        made_at=dossier.made_at,
        style=dossier.style,
        sections=tuple(sections),
        summary=(*standing(dossier), *stale_market(dossier), *_first_page(dossier, good)),
    )


def _first_page(dossier: Dossier, good: bool) -> tuple[Block, ...]:
    figures = headline(dossier) if dossier.has_senior else ()
    return figures if good else (Prose((_NO_OFFER,)), *figures)


def _base_case(dossier: Dossier) -> Section:
    """Income, debt service, coverage and what equity gets, by year."""
    scheduled = dossier.keys(_SCHEDULE)
    years = dossier.keys(_YEARS)
    names = ["net_income", "fees_paid", "interest_paid", "principal_paid", "senior_balance"]
    titles = ["Net operating income", "Senior fees", "Senior interest", "Senior principal",
              "Senior balance"]  # fmt: skip
    if dossier.has_mezzanine:
        names += ["mezz_interest_paid", "mezz_principal_paid", "mezz_balance"]
        titles += ["Mezzanine interest", "Mezzanine principal", "Mezzanine balance"]
    names.append("equity")
    titles.append("Equity")
    rows: list[tuple[Cell, ...]] = []
    for year, row in zip(years, rows_of(dossier, _YEARS, ("year", *names)), strict=True):
        covered: Cell = ""
        if year in scheduled:
            covered = dossier.cell(_SCHEDULE, year, "dscr", "times")
        rows.append((*row, covered))
    least: Cell = dossier.step("senior.dscr_min", "times") if dossier.has_senior else ""
    over = rows_of(dossier, "waterfall.totals", names)[0]
    rows.append(
        ("Life", *("" if name.endswith("balance") else cell
                   for name, cell in zip(names, over, strict=True)), least)
    )  # fmt: skip
    grid = Grid(
        (
            GridColumn("Year", 0.6, right=False),
            *(GridColumn(title, millions=True) for title in titles),
            GridColumn("Least DSCR", 0.8),
        ),
        tuple(rows),
        title=f"Base case by year from completion, {money_symbol(dossier.style)} million",
        caption=(
            "Payments of the year, balances at its end; equity after a strip that is sold, the "
            "value at lease end not in it. The waterfall summary has every step of the order."
        ),
        totals=1,
        landscape=True,
    )
    blocks: list[Block] = [grid]
    if scheduled:
        blocks.insert(0, _coverage_chart(dossier, scheduled))
    return Section("Base case", tuple(blocks), new_page=True)


def _coverage_chart(dossier: Dossier, years: tuple[int, ...]) -> LineChart:
    return LineChart(
        "Coverage of the senior by year",
        "Year from completion",
        tuple(str(year) for year in years),
        (Series("Least DSCR of the year", column_of(dossier, _SCHEDULE, "dscr", years)),),
        (("Target", dossier.input(37, "times")),),
    )


def _downside(dossier: Dossier) -> Section:
    """What each stress leaves, the debt held as sized."""
    names = ("change", "dscr_min", "dscr_avg", "equity_irr", "months_under_1", "rating", "floor",
             "headroom", "passed")  # fmt: skip
    passed = [dossier.cell(_STRESSES, key, "passed").value for key in dossier.keys(_STRESSES)]
    said = (
        "Every stress passes."
        if dossier.step("stresses.passed").value is True
        else f"{sum(each is False for each in passed)} of "
        f"{sum(each is not None for each in passed)} stresses do not pass."
    )
    return Section(
        "Downside",
        (
            Prose((said, "The stress grid has each in full.")),
            Grid(
                (
                    GridColumn("What changes", 2.4, right=False),
                    GridColumn("Least DSCR", 0.8),
                    GridColumn("Mean DSCR", 0.8),
                    GridColumn("Equity IRR", 0.9),
                    GridColumn("Months under 1.0x", 0.8),
                    GridColumn("Rating", 0.7, right=False),
                    GridColumn("Floor", 0.7),
                    GridColumn("Headroom", 0.8),
                    GridColumn("Passes", 0.7, right=False),
                ),
                rows_of(dossier, _STRESSES, names),
                title="Base case, variants of the lease, and stresses",
                caption=(
                    "Debt held as sized. Nothing is asked of the base case and of the variants; "
                    "the stress without tenant and the late completion pass by reserves."
                ),
            ),
        ),
    )
