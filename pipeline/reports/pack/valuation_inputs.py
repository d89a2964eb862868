"""What the instruments of the sidecar are valued on: curve, volatility, breakevens, charges."""

from __future__ import annotations

from typing import Final

from pipeline.inputs import catalogue
from pipeline.reports.pack.document import Cell, Field, Fields, Grid, GridColumn, Section
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.provenance import market_fields

_SHIFT: Final = 28
_CREDIT: Final = "day_one.zcis_credit_bps"
_WITH_FOOT: Final = "Zero rates are compounded yearly, linear between nodes and flat outside them."


def valuation_inputs(dossier: Dossier) -> Section:
    """The market file's figures with its date and age, and the rulebook's charges."""
    fields = (
        *market_fields(dossier.manifest),
        Field("Shift of the curve", (dossier.input(_SHIFT, "bps"),)),
        Field("Normal volatility of rates, a year",
              (dossier.quote("volatility.normal_bps", "bps"),)),
        Field("Breakeven inflation, 5 years",
              (dossier.quote("inflation.breakeven_pct.5", "percent"),)),
        Field("Breakeven inflation, 10 years",
              (dossier.quote("inflation.breakeven_pct.10", "percent"),)),
        Field("Expected inflation at the start", (dossier.input(33, "percent"),)),
        Field("Long-run inflation", (dossier.rule("model.long_run_inflation_pct", "percent"),)),
    )  # fmt: skip
    return Section(
        "Valuation inputs",
        (Fields(fields), _curve(dossier), _charges(dossier)),
        new_page=True,
    )


def _curve(dossier: Dossier) -> Grid:
    terms = sorted(dossier.manifest["request"]["market"]["zero_curve"]["nodes"], key=int)
    return Grid(
        (GridColumn("", 1.0, right=False), *(GridColumn(f"{term} y", 0.7) for term in terms)),
        (
            (
                "Zero rate",
                *(dossier.quote(f"zero_curve.nodes.{term}", "percent") for term in terms),
            ),
        ),
        title="Zero curve of the market file",
        caption=_WITH_FOOT,
    )


def _charges(dossier: Dossier) -> Grid:
    """Credit charge of inflation swaps by support and the counterparty's rating."""
    kinds = catalogue.BY_NUMBER[98].allowed
    ratings = ("AAA", "AA", "A", "BBB")
    rows: list[tuple[Cell, ...]] = [
        (kind, *(dossier.rule(f"{_CREDIT}.{kind}.{rating}", "bps") for rating in ratings))
        for kind in kinds
    ]
    return Grid(
        (GridColumn("Credit support", 1.2, right=False), *(GridColumn(each) for each in ratings)),
        tuple(rows),
        title="Credit charge of an inflation swap, of notional, by the counterparty's rating",
    )
