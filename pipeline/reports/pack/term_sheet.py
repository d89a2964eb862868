"""Term sheets of a structure: a section a tranche, then what concerns the whole deal."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pipeline.reports.pack.conventions import VERSION, Conventions, conventions_of
from pipeline.reports.pack.deal_dates import DealDates, deal_dates
from pipeline.reports.pack.document import (
    Block,
    Cell,
    Document,
    Field,
    Fields,
    Prose,
    Section,
    Tiles,
)
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.provenance import provenance
from pipeline.reports.pack.standing import standing, viable
from pipeline.reports.pack.term_common import deal_name, usual
from pipeline.reports.pack.term_conditions import conditions_precedent, covenants, security
from pipeline.reports.pack.term_equity import equity, sources_and_uses
from pipeline.reports.pack.term_mezzanine import mezzanine
from pipeline.reports.pack.term_senior import senior

KEY: Final = "1-term-sheets"
_INDICATIVE: Final = "Indicative terms"
_COMPUTED: Final = "Terms computed, not viable"


def term_sheets(dossier: Dossier) -> Document:
    """The document; every figure of it is the run's, every name the project file's."""
    conventions = conventions_of(dossier.jurisdiction)
    dates = deal_dates(dossier)
    return Document(
        key=KEY,
        title="Term sheets",
        project=str(dossier.manifest["project"]["title"]),
        subtitle=f"{_heading(dossier)}, structure {dossier.permutation_id:,}",
        run_id=dossier.run_id,
        made_at=dossier.made_at,
        style=replace(dossier.style, term_sheet_dates=True),
        summary=(*standing(dossier), *_headline(dossier, dates)),
        sections=(
            senior(dossier, dates, conventions),
            mezzanine(dossier, dates, conventions),
            equity(dossier),
            sources_and_uses(dossier),
            Section("Key covenants", covenants(dossier)),
            Section("Conditions precedent", conditions_precedent(dossier)),
            Section("Security", security(dossier)),
            Section("Governing law and general terms", _general(dossier, conventions)),
            provenance(dossier),
        ),
    )


def _heading(dossier: Dossier) -> str:
    return _INDICATIVE if viable(dossier) else _COMPUTED


def _headline(dossier: Dossier, dates: DealDates) -> tuple[Block, ...]:
    deal = [
        Field("Deal", (deal_name(dossier),)),
        Field("Issuer", (dossier.name("parties.issuer"),)),
        Field("Arranger", (dossier.name("parties.arranger"),)),
    ]
    if not dossier.has_senior:
        return (Fields(tuple(deal)),)
    step = dossier.step
    matures = (dates.senior_maturity,) if dates.known else (dossier.input(39), "after completion")
    deal += [Field("Issue date", (dates.issue,)), Field("Maturity of the senior", matures)]
    tiles = [
        Field("Senior", (step("senior.notional"),)),
        Field("Expected rating", (step("rating.senior"),), "by the rulebook's matrix"),
        Field("Coupon", (dossier.input(38),)),
        Field("Average life, scheduled", (step("senior.wal"),)),
    ]
    if dossier.has_mezzanine:
        tiles[1:] = [Field("Mezzanine", (step("mezzanine.notional"),)), *tiles[1:3]]
    return (Tiles(tuple(tiles)), Fields(tuple(deal)))


def _general(dossier: Dossier, conventions: Conventions) -> tuple[Block, ...]:
    name = dossier.name
    notices: tuple[Cell, ...] = dossier.names_of("deal.notices")
    fields = (
        Field("Governing law", (name("deal.governing_law_text"),),
              usual(conventions.governing_law)),
        Field("Settlement", (conventions.settlement.text,),
              f"{conventions.settlement.source}; new issues as agreed"),
        Field("Inflation index of leases and swaps", (conventions.inflation_index.text,),
              conventions.inflation_index.source),
        Field("Withholding tax", (name("deal.withholding_tax"),)),
        Field("Transfer restrictions", (name("deal.transfer_restrictions"),)),
        Field("Issuer's counsel", (name("parties.issuer_counsel"),)),
        Field("Investors' counsel", (name("parties.investor_counsel"),)),
        Field("Rating agencies", _listed(dossier.names_of("parties.rating_agencies"))),
        Field("Paying agent", (name("parties.paying_agent"),)),
        Field("Account bank", (name("parties.account_bank"),)),
        Field("Administrator", (name("parties.administrator"),)),
        Field("Hedge counterparty", (name("parties.hedge_counterparty"),)),
        Field("Notices", _listed(notices)),
    )  # fmt: skip
    about = (
        f"Usual terms are those of the jurisdiction {dossier.jurisdiction} in version {VERSION} of "
        "our table of conventions: proposals, to be settled by counsel."
    )
    return (Fields(fields), Prose((about,), "small"))


def _listed(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """Several names with semicolons between them."""
    apart: list[Cell] = []
    for cell in cells:
        apart += [";", cell] if apart else [cell]
    return tuple(apart)
