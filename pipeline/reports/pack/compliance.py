"""Rating and rule compliance: how the structure stands to the rulebook, rule by rule."""

from __future__ import annotations

from typing import Final

from pipeline.reports.pack.compliance_rules import SIGNS, remedies_grid, rules_grid
from pipeline.reports.pack.document import (
    Block,
    Cell,
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
from pipeline.reports.pack.one_percent import one_percent_blocks
from pipeline.reports.pack.provenance import provenance
from pipeline.reports.pack.standing import standing
from pipeline.reports.pack.terms_in_words import (
    REPO_LEGS,
    collateral_test,
    covenant_test,
    is_on,
    trap,
    turbo,
    use_of_trapped_cash,
)
from pipeline.reports.run.reasons import TITLES
from pipeline.reports.run.wording import WARNINGS

KEY: Final = "2-compliance"
_OVERALL: Final = (
    "Fail: a test of a gate rejects the structure. Conditional: both gates pass, and a rule is "
    "broken that rejects nothing, or a warning is raised. Pass: neither. Stresses beside those of "
    "Gate B, hard filters and tiers are not in the result; they follow below."
)
_MATRIX: Final = (
    "A rating holds where the least coverage reaches its minimum and the loan to value keeps its "
    "maximum; the first that holds from the top is the matrix rating."
)
_TWO_RATIOS: Final = (
    "The covenant DSCR is tested in the waterfall, after fees and over several months; the rules "
    "above test the sizing coverage of each month."
)
_MORE_WARNINGS: Final = {"RATING_DOWNGRADED": "a broken rule took the senior rating down"}


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
            Section("Ratings", _ratings(dossier)),
            Section("Rules by key", (rules_grid(dossier),), new_page=True),
            Section("Consequences and remedies", (remedies_grid(dossier),), new_page=True),
            Section("What binds, and one percent of each input", one_percent_blocks(dossier)),
            Section("Warnings", _warnings(dossier)),
            Section("Repo eligibility", _repo(dossier)),
            Section("Hard filters and tier", _filters_and_tier(dossier)),
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


# -- ratings --------------------------------------------------------------------------------------
def _ratings(dossier: Dossier) -> tuple[Block, ...]:
    blocks: list[Block] = [_achieved(dossier)]
    legs = [step for step in dossier.explanation.steps()
            if step.id.startswith("rating.") and step.bound is None]  # fmt: skip
    if dossier.has_senior:
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (step.title, step.formula, dossier.step(step.id)) for step in legs
        )
        columns = (
            GridColumn("Step", 1.4, right=False),
            GridColumn("Rule", 3.2, right=False),
            GridColumn("Rating after it", 0.9, right=False),
        )
        blocks += [Grid(columns, rows, title="How the ratings came about"), _matrix(dossier)]
    blocks.append(Prose(("Ratings are the outcome of the rulebook, not of an agency.",), "small"))
    return tuple(blocks)


def _achieved(dossier: Dossier) -> Grid:
    rows: list[tuple[Cell, ...]] = [
        ("Senior", dossier.step("rating.senior"), dossier.input(75),
         *_notches(dossier, "gate_b.rating_below_target")),
        ("Mezzanine", dossier.step("mezzanine.rating", "text"), dossier.input(76),
         *_notches(dossier, "gate_b.mezz_rating_below_target")),
        ("Structure, weighted by notional", dossier.step("rating.structure", "text"),
         "no target", "", "", "", ""),
    ]  # fmt: skip
    return Grid(
        (
            GridColumn("Tranche", 1.7, right=False),
            GridColumn("Achieved", right=False),
            GridColumn("Target", right=False),
            GridColumn("Notches under target", 1.2),
            GridColumn("Allowed"),
            GridColumn("Headroom"),
            GridColumn("Result", 0.8, right=False),
        ),
        tuple(rows),
        title="Achieved against target",
        caption="Notches are those in the middle of each rating; negative is above the target.",
    )


def _notches(dossier: Dossier, test: str) -> tuple[Cell, ...]:
    return (
        dossier.test(test, "actual", "notches"),
        dossier.test(test, "limit", "notches"),
        dossier.test(test, "headroom", "notches"),
        dossier.verdict(test),
    )


def _matrix(dossier: Dossier) -> Grid:
    table = "rating.matrix"
    columns = ("min_dscr", "dscr_headroom", "max_ltv", "ltv_headroom")
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (str(key), *(dossier.cell(table, key, column) for column in columns),
         dossier.cell(table, key, "holds"))
        for key in dossier.keys(table)
    )  # fmt: skip
    return Grid(
        (
            GridColumn("Rating", 0.8, right=False),
            GridColumn("Least DSCR", more_digits=2),
            GridColumn("Headroom", more_digits=2),
            GridColumn("Most LTV", more_digits=2),
            GridColumn("Headroom", more_digits=2),
            GridColumn("Holds", 0.8, right=False),
        ),
        rows,
        title="Rating matrix",
        caption=_MATRIX,
    )


# -- warnings, repo, filters, tier ----------------------------------------------------------------
def _warnings(dossier: Dossier) -> tuple[Block, ...]:
    table = "gates.warnings"
    rows: list[tuple[Cell, ...]] = []
    for key in dossier.keys(table):
        name = str(key)
        told = WARNINGS.get(name) or _MORE_WARNINGS.get(name) or TITLES[name]
        rows.append((name, told[:1].upper() + told[1:], dossier.cell(table, key, "raised")))
    columns = (
        GridColumn("Warning", 1.5, right=False),
        GridColumn("Meaning", 3.0, right=False),
        GridColumn("Raised", 0.6, right=False),
    )
    caption = "A warning asks for a look and rejects nothing."
    return (Grid(columns, tuple(rows), caption=caption),)


def _repo(dossier: Dossier) -> tuple[Block, ...]:
    if not dossier.has_senior:
        return (Prose(("No senior debt that a holder could finance.",)),)
    table = "repo.legs"
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (REPO_LEGS.get(str(key), str(key)), dossier.cell(table, key, "needs"),
         dossier.cell(table, key, "has"), dossier.cell(table, key, "holds"))
        for key in dossier.keys(table)
    )  # fmt: skip
    columns = (
        GridColumn("Leg", 1.6, right=False),
        GridColumn("Needs", 1.6, right=False),
        GridColumn("Has", 1.6, right=False),
        GridColumn("Holds", 0.7, right=False),
    )
    return (
        Fields(
            (
                Field("Eligible", (dossier.step("repo.eligible"),)),
                Field("Haircut", (dossier.step("repo.haircut", "percent"),)),
                Field("Cash a holder could raise", (dossier.step("repo.cash", "money"),)),
            ),
            wide=False,
        ),
        Grid(columns, rows, title="Legs of eligibility"),
    )


def _filters_and_tier(dossier: Dossier) -> tuple[Block, ...]:
    filters = [step for step in dossier.explanation.steps()
               if step.id.startswith("verdict.filter_") and step.bound is not None]  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for step in filters:
        side = step.bound.side if step.bound is not None else "="
        named = step.unit == "" and step.bound is not None
        amounts: tuple[Cell, ...] = ("", "", "")
        if not named:
            amounts = tuple(dossier.test(step.id, part) for part in ("limit", "actual", "headroom"))
        sign = "" if named else SIGNS[side]
        title = step.title.removeprefix("Hard filter: ")
        rows.append((title, sign, *amounts, dossier.verdict(step.id)))
    columns = (
        GridColumn("Filter", 2.4, right=False),
        GridColumn("", 0.3),
        GridColumn("Required", millions=False, more_digits=2),
        GridColumn("Actual", more_digits=2),
        GridColumn("Headroom", more_digits=2),
        GridColumn("Result", 0.8, right=False),
    )
    found: list[Block] = [Prose(("The project file sets no hard filter.",))]
    if rows:
        caption = "Conditions of the project file; a structure that meets all is viable."
        found = [Grid(columns, tuple(rows), title="Hard filters", caption=caption)]
    tier = Fields(
        (
            Field("Viable", (dossier.step("verdict.viable"),)),
            Field("Tier", (dossier.step("verdict.tier"),)),
        ),
        wide=False,
    )
    return (tier, *found, *_tier_tests(dossier))


def _tier_tests(dossier: Dossier) -> tuple[Block, ...]:
    table = "verdict.tiers"
    if not dossier.keys(table):
        return ()
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (*(dossier.cell(table, key, column) for column in ("tier", "condition", "needs", "has")),
         dossier.cell(table, key, "holds"))
        for key in dossier.keys(table)
    )  # fmt: skip
    columns = (
        GridColumn("Tier", 1.2, right=False),
        GridColumn("Condition", 1.8, right=False),
        GridColumn("Needs", 1.2, right=False),
        GridColumn("Has", 1.2, right=False),
        GridColumn("Holds", 0.7, right=False),
    )
    caption = "The tier is the first of Diamond, Gold, Silver, Bronze whose conditions all hold."
    return (Grid(columns, rows, title="What the tiers ask", caption=caption),)


# -- covenants of the waterfall -------------------------------------------------------------------
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
