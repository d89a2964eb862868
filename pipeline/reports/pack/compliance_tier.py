"""Warnings, hard filters and the conditions of the tiers, beside the rules."""

from __future__ import annotations

from typing import Final

from pipeline.explain.model import Step
from pipeline.reports.pack.document import Block, Cell, Field, Fields, Grid, GridColumn, Prose
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.standing import filter_words
from pipeline.reports.run.reasons import TITLES
from pipeline.reports.run.wording import WARNINGS

_MORE_WARNINGS: Final = {"RATING_DOWNGRADED": "a broken rule took the senior rating down"}


def warnings(dossier: Dossier) -> tuple[Block, ...]:
    """Every warning with its meaning, and whether it is raised."""
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


def filters_and_tier(dossier: Dossier) -> tuple[Block, ...]:
    """Whether it is viable, its tier, and what each of them asks."""
    filters = [step for step in dossier.explanation.steps()
               if step.id.startswith("verdict.filter_")]  # fmt: skip
    found: Block = Prose(("The project file sets no hard filter.",))
    if filters:
        found = Grid(
            (
                GridColumn("Filter", 2.4, right=False),
                GridColumn("Actual", more_digits=2),
                GridColumn("Headroom", more_digits=2),
                GridColumn("Result", 0.8, right=False),
            ),
            tuple(_filter(dossier, step) for step in filters),
            title="Hard filters",
            caption="Conditions of the project file; a structure that meets all is viable.",
        )
    ending = Fields(
        (
            Field("Viable", (dossier.step("verdict.viable"),)),
            Field("Tier", (dossier.step("verdict.tier"),)),
        ),
        wide=False,
    )
    return (ending, found, *_tier_tests(dossier))


def _filter(dossier: Dossier, step: Step) -> tuple[Cell, ...]:
    words = filter_words(step.title)
    # a name or a yes has no distance to another
    room = dossier.test(step.id, "headroom") if step.unit else ""
    actual = dossier.column(step.inputs[0].origin)
    return (words[:1].upper() + words[1:], actual, room, dossier.verdict(step.id))


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
