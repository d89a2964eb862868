"""Rating and rule compliance: how the structure stands to the rulebook, rule by rule."""

from __future__ import annotations

from typing import Final

from pipeline.reports.pack.compliance_ratings import ratings, repo
from pipeline.reports.pack.compliance_rules import remedies_grid, rules_grid
from pipeline.reports.pack.compliance_tier import filters_and_tier, warnings
from pipeline.reports.pack.document import (
    Block,
    Document,
    Field,
    Fields,
    Figure,
    Grid,
    GridColumn,
    Prose,
    Section,
    Tiles,
    Unit,
)
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.one_percent import binding_blocks, change_blocks
from pipeline.reports.pack.provenance import provenance
from pipeline.reports.pack.standing import standing
from pipeline.reports.pack.terms_in_words import (
    collateral_test,
    covenant_test,
    is_on,
    trap,
    turbo,
    use_of_trapped_cash,
)

KEY: Final = "2-compliance"
_OVERALL: Final = (
    "Fail: a test of a gate rejects the structure. Conditional: both gates pass, and a rule is "
    "broken that rejects nothing, or a warning is raised. Pass: neither. Stresses beside those of "
    "Gate B, hard filters and tiers are not in the result; they follow below."
)
_TWO_RATIOS: Final = (
    "The covenant DSCR is tested in the waterfall, after fees and over several months; the rules "
    "above test the sizing coverage of each month."
)


def compliance(dossier: Dossier) -> Document:
    """The document; of a structure that is not sound it says why and little else."""
    return Document(
        key=KEY,
        title="Rating and rule compliance",
        project=str(dossier.manifest["project"]["title"]),
        subtitle=f"Structure {dossier.permutation_id:,}",
        run_id=dossier.run_id,
        made_at=dossier.made_at,
        style=dossier.style,
        summary=(*standing(dossier), Tiles(_headline(dossier))),
        sections=(
            Section("Result", _result(dossier)),
            Section("Ratings", ratings(dossier)),
            Section("What binds", binding_blocks(dossier)),
            Section("Rules by key", (rules_grid(dossier),), new_page=True),
            Section("One percent more and less of each main input", change_blocks(dossier)),
            Section("Consequences and remedies", (remedies_grid(dossier),)),
            Section("Warnings", warnings(dossier)),
            Section("Repo eligibility", repo(dossier)),
            Section("Hard filters and tier", filters_and_tier(dossier)),
            Section("Covenants of the waterfall", _covenants(dossier)),
            provenance(dossier),
        ),
    )


def _headline(dossier: Dossier) -> tuple[Field, ...]:
    return (
        Field("Result", (dossier.step("compliance.result"),)),
        Field("Senior rating", (dossier.step("rating.senior"),)),
        Field("Target", (dossier.input(75),)),
        Field("Headroom of what binds, over its limit", (dossier.step("compliance.binding"),)),
    )


def _result(dossier: Dossier) -> tuple[Block, ...]:
    fact = dossier.fact
    tested = Figure(dossier.made_at.date(), "date", "run.created_at")
    return (
        Fields(
            (
                Field("Test date", (tested,), "the date of the run"),
                Field("Rulebook", (fact("rulebook.name"), fact("rulebook.version"))),
                Field("Result", (dossier.step("compliance.result"),)),
                Field("Tests that reject", (dossier.given("compliance.result", "failed"),)),
                Field(
                    "Broken without rejecting, and warnings",
                    (dossier.given("compliance.result", "warned"),),
                ),
                Field("Binding test", (_binding_title(dossier),)),
                Field("Senior sized by", (dossier.column("binding_constraint"),)),
                Field("Tier", (dossier.step("verdict.tier"),)),
            )
        ),
        _by_gate(dossier),
        Prose((_OVERALL,), "small"),
    )


def _binding_title(dossier: Dossier) -> str:
    step = dossier.steps.get("compliance.binding")
    return step.title if step is not None else "none"


def _by_gate(dossier: Dossier) -> Grid:
    table = "compliance.gates"
    names = {"A": "Gate A, feasibility", "B": "Gate B, credit"}
    counts = ("tests", "passed", "failed", "warned", "off", "result")
    return Grid(
        (
            GridColumn("Gate", 2.0, right=False),
            GridColumn("Tests"),
            GridColumn("Passed"),
            GridColumn("Failed"),
            GridColumn("Broken, not rejecting", 1.6),
            GridColumn("Off"),
            GridColumn("Result", right=False),
        ),
        tuple(
            (names[str(gate)], *(dossier.cell(table, gate, column, _count(column))
                                 for column in counts))
            for gate in dossier.keys(table)
        ),
        title="Gate by gate",
        caption="Tests are counted leg by leg. A gate passes when none of its tests rejects.",
    )  # fmt: skip


def _count(column: str) -> Unit:
    return "text" if column == "result" else "count"


def _covenants(dossier: Dossier) -> tuple[Block, ...]:
    if not dossier.has_senior:
        return (Prose(("Without senior debt no covenant is tested.",)),)
    column = dossier.column
    asked = [
        Field("Covenant DSCR", covenant_test(dossier)),
        Field("Cash trap", trap(dossier)),
        Field("Trapped cash", use_of_trapped_cash(dossier)),
        Field("Turbo", turbo(dossier)),
    ]
    if is_on(dossier.input(100)):
        asked.append(Field("Collateral test", collateral_test(dossier)))
    found = (
        Field("Covenant DSCR, least", (column("covenant_dscr_min"),)),
        Field("Covenant DSCR, mean", (column("covenant_dscr_avg"),)),
        Field("Months in cash trap", (column("trap_months", "count"),)),
        Field("Months in turbo", (column("turbo_months", "count"),)),
        Field("Drawn from DSRA", (column("dsra_drawn", "money"),)),
        Field("Drawn from liquidity facility", (column("facility_drawn", "money"),)),
        Field("Most unpaid at any time", (column("unpaid_max", "money"),)),
        Field("Put in by equity after close", (column("equity_put_in", "money"),)),
    )
    return (
        Fields(tuple(asked), "What is asked"),
        Fields(found, "What the base case has", wide=False),
        Prose(
            (_TWO_RATIOS,),
            "small",
        ),
    )
