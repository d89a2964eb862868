"""The rulebook rule by rule: what is asked, what the structure has, what follows, what helps."""

from __future__ import annotations

from typing import Final

from pipeline.explain.model import Step
from pipeline.reports.formats import money_symbol
from pipeline.reports.pack.document import Cell, Grid, GridColumn
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.rule_words import CATEGORIES, DESCRIPTIONS, NONE, REMEDIES, consequence

SIGNS: Final = {">=": "≥", "<=": "≤", "=": "="}
_TESTED: Final = ("gate_", "compliance.rk_")
# The worst of a rule's legs is the rule's.
_WORST: Final = ("fail", "warn", "pass", "off")
_UNASKED: Final = {
    "RK-WRAP-001": "no wrap, or no usual cost for its rating",
    "RK-CONC-001": "tenant not known",
    "GATE-B-MEZZ-RATING": "no mezzanine, or no target",
}


def tests_of(dossier: Dossier, rule: str) -> tuple[Step, ...]:
    """The tests of `explain` that belong to a rule; none where the structure is not asked it."""
    return tuple(
        step
        for step in dossier.explanation.steps()
        if step.rule == rule and step.bound is not None and step.id.startswith(_TESTED)
    )


def rule_keys(dossier: Dossier) -> tuple[str, ...]:
    """Every rule of the run's rulebook, in its order."""
    return tuple(dossier.manifest["request"]["rulebook"]["rules"])


def rules_grid(dossier: Dossier) -> Grid:
    """One row for each test, the rule's key before its first."""
    rows: list[tuple[Cell, ...]] = []
    groups: list[int] = []
    for rule in rule_keys(dossier):
        groups.append(len(rows))
        rows += _rows(dossier, rule)
    symbol = money_symbol(dossier.style)
    return Grid(
        (
            GridColumn("Rule", 1.5, right=False),
            GridColumn("Description", 1.7, right=False),
            GridColumn("Category", 1.1, right=False),
            GridColumn("Test", 2.3, right=False),
            GridColumn("", 0.3),
            GridColumn("Required", 1.1, millions=True, more_digits=2),
            GridColumn("Actual", 1.1, millions=True, more_digits=2),
            GridColumn("Headroom", 1.1, millions=True, more_digits=2),
            GridColumn("Result", 0.8, right=False),
            GridColumn("If broken", 1.3, right=False),
        ),
        tuple(rows),
        caption=f"Amounts in {symbol}m. Headroom is positive where a test passes, in its own unit. "
        "A warning is a broken rule that rejects nothing. Ratings are compared in notches (AAA 1, "
        "AA 3, A 6, BBB 9, BB 12, B 15).",
        groups=tuple(groups),
        landscape=True,
    )


def _rows(dossier: Dossier, rule: str) -> list[tuple[Cell, ...]]:
    head: tuple[Cell, ...] = (rule, DESCRIPTIONS[rule], CATEGORIES[rule])
    tests = tests_of(dossier, rule)
    if not tests:
        ending = (*("",) * 4, _unasked(dossier, rule), _otherwise(dossier, rule))
        return [(*head, _why_not(dossier, rule), *ending)]
    return [
        (*(head if place == 0 else ("", "", "")), *_test(dossier, step))
        for place, step in enumerate(tests)
    ]


def _test(dossier: Dossier, step: Step) -> tuple[Cell, ...]:
    bound = step.bound
    if bound is None:
        raise ValueError(f"{step.id} is no test")
    sign = SIGNS[bound.side] if bound.limit is not None else ""
    return (
        step.title,
        sign,
        dossier.test(step.id, "limit"),
        dossier.test(step.id, "actual"),
        dossier.test(step.id, "headroom"),
        dossier.verdict(step.id),
        consequence(step.rule, bound.action),
    )


def _enabled(dossier: Dossier, rule: str) -> bool:
    return bool(dossier.rule(f"rules.{rule}.enabled", "flag").value)


def _unasked(dossier: Dossier, rule: str) -> str:
    return "not asked" if _enabled(dossier, rule) else "off"


def _otherwise(dossier: Dossier, rule: str) -> str:
    if not _enabled(dossier, rule):
        return NONE
    return consequence(rule, str(dossier.rule(f"rules.{rule}.action", "text").value))


def _why_not(dossier: Dossier, rule: str) -> str:
    if not _enabled(dossier, rule):
        return "Not asked: the rule is off"
    if not dossier.case.sound:
        return "Not asked: the structure is not sound"
    if not dossier.has_senior and rule.startswith("RK-"):
        return "Not asked: no senior debt"
    return f"Not asked: {_UNASKED.get(rule, 'not in this structure')}"


def remedies_grid(dossier: Dossier) -> Grid:
    """What follows from each rule, and what a structurer can do about it."""
    rows: list[tuple[Cell, ...]] = [
        (rule, CATEGORIES[rule], _worst(dossier, rule), _otherwise(dossier, rule), REMEDIES[rule])
        for rule in rule_keys(dossier)
    ]
    return Grid(
        (
            GridColumn("Rule", 1.7, right=False),
            GridColumn("Category", 0.9, right=False),
            GridColumn("Result", 0.7, right=False),
            GridColumn("If broken", 1.1, right=False),
            GridColumn("What helps", 4.0, right=False),
        ),
        tuple(rows),
    )


def _worst(dossier: Dossier, rule: str) -> Cell:
    verdicts = [dossier.verdict(step.id) for step in tests_of(dossier, rule)]
    if not verdicts:
        return _unasked(dossier, rule)
    return min(verdicts, key=lambda each: _WORST.index(each.verdict))
