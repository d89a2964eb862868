"""Ratings against their targets, how they came about, and what a central bank asks."""

from __future__ import annotations

from typing import Final

from pipeline.reports.pack.document import Block, Cell, Field, Fields, Grid, GridColumn, Prose
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.terms_in_words import REPO_LEGS

_MATRIX: Final = (
    "A rating holds where the least coverage reaches its minimum and the loan to value keeps its "
    "maximum; the first that holds from the top is the matrix rating."
)
_NOTCHES: Final = (
    "Notches are those in the middle of each rating; negative is above the target. Ratings are the "
    "outcome of the rulebook, not of an agency."
)


def ratings(dossier: Dossier) -> tuple[Block, ...]:
    """Achieved against target, each thing that moved the senior rating, and the matrix."""
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
        caption=_NOTCHES,
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


def repo(dossier: Dossier) -> tuple[Block, ...]:
    """Eligibility, haircut and cash, and every leg that a central bank asks."""
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
