"""The contents page of a pack: which structure, its documents, and what is in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pipeline.reports.pack.document import (
    Cell,
    Document,
    Field,
    Fields,
    Grid,
    GridColumn,
    Prose,
    Section,
    Tiles,
)
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.provenance import provenance

KEY: Final = "0-contents"
MODEL: Final = "model.xlsx"
_ABOUT: Final = {
    "1-term-sheets": "Terms of each tranche, sources and uses, covenants, conditions precedent",
    "2-compliance": "Every rule with what it requires, what the structure has, and the headroom",
    "3-stress-grid": "Every scenario, coverage by year, sensitivities",
    "4-waterfall": "Cash by year from rent to equity, reserves, triggers",
    "5-sidecar": "Each derivative: terms, value on day one, sensitivities",
    "6-checklist": "Providers, documents, milestones and the critical path",
    "7-investor-pack": "The structure for investors: case, downside, alternatives, risks",
}
_MODEL_ABOUT: Final = "The model in Excel with live formulas and checks against the engine"


def contents(
    dossier: Dossier, documents: Sequence[Document], files: Mapping[str, Sequence[str]]
) -> Document:
    """The page; `files` are the names of each document's files by its key, in their order."""
    rows: list[tuple[Cell, ...]] = [
        (document.title, _ABOUT[document.key], "\n".join(files[document.key]))
        for document in documents
    ]
    if MODEL in files:
        rows.append(("Model", _MODEL_ABOUT, "\n".join(files[MODEL])))
    listed = Grid(
        (
            GridColumn("Document", 1.1, right=False),
            GridColumn("What it holds", 2.6, right=False),
            GridColumn("Files", 1.6, right=False),
        ),
        tuple(rows),
    )
    return Document(
        key=KEY,
        title="Execution pack",
        project=str(dossier.manifest["project"]["title"]),
        subtitle=f"Structure {dossier.permutation_id:,}",
        run_id=dossier.run_id,
        made_at=dossier.made_at,
        style=dossier.style,
        summary=(Tiles(_headline(dossier)), *_standing(dossier)),
        sections=(
            Section("Documents", (listed,)),
            Section("Settings of this structure", (_settings(dossier),)),
            provenance(dossier),
        ),
    )


def _headline(dossier: Dossier) -> tuple[Field, ...]:
    column = dossier.column
    return (
        Field("Senior notional", (column("senior_notional"),)),
        Field("Senior rating, by the matrix", (column("senior_rating"),)),
        Field("DSCR, least", (column("dscr_min"),)),
        Field("Tier", (dossier.step("verdict.tier"),)),
        Field("Mezzanine notional", (column("mezz_notional"),)),
        Field("WACC", (column("wacc"),)),
        Field("Equity IRR", (column("equity_irr"),)),
        Field("Day-one value", (column("day1_cash"),)),
    )


def _standing(dossier: Dossier) -> tuple[Prose, ...]:
    """What has to be known before anything else: a gate rejects it, or it has no debt."""
    reasons = next(each.value for each in dossier.explanation.facts if each.name == "reasons")
    if reasons is None:
        return ()
    return (Prose((f"The gates reject this structure: {reasons}.",), "lead"),)


def _settings(dossier: Dossier) -> Fields | Prose:
    settings = dossier.explanation.settings
    if not settings:
        return Prose(
            ("The project file lets nothing vary: this is the one structure it describes.",)
        )
    return Fields(
        tuple(Field(each.name, (dossier.setting(each.name),)) for each in settings),
        wide=False,
    )
