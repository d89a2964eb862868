"""Scenarios as documents name and group them, and their figures."""

from __future__ import annotations

from typing import Final

from kernels import scenarios
from pipeline.explain.stresses import changes
from pipeline.reports.pack.document import Figure, Unit, Verdict, Verdicts
from pipeline.reports.pack.dossier import Dossier

TABLE: Final = "stresses.table"
EFFECTS: Final = "stresses.effects"
BY_YEAR: Final = "stresses.by_year"
BASE: Final = scenarios.NAMES[scenarios.BASE]
# A line for each scenario but the base case, which is in every group's chart.
GROUPS: Final[tuple[tuple[str, tuple[int, ...]], ...]] = (
    ("Lease", (scenarios.FLAT, scenarios.INDEXED, scenarios.HYBRID)),
    (
        "Inflation",
        (scenarios.CPI_LOW, scenarios.CPI_MIDDLE, scenarios.CPI_HIGH, scenarios.CPI_EXTRA),
    ),
    (
        "Interest rates",
        (scenarios.RATES_UP, scenarios.RATES_DOWN, scenarios.RATES_LONG, scenarios.COMBINED),
    ),
    ("Operations", (scenarios.OPEX, scenarios.RENT)),
    ("Events", (scenarios.DEFAULT, scenarios.REFINANCE, scenarios.CAPEX, scenarios.DELAY)),
)
BY_RESERVES: Final = tuple(
    scenarios.NAMES[number] for number in (scenarios.DEFAULT, scenarios.DELAY)
)


def names_of(numbers: tuple[int, ...]) -> tuple[str, ...]:
    """Names of scenarios by their numbers."""
    return tuple(scenarios.NAMES[number] for number in numbers)


def label(dossier: Dossier, scenario: str) -> str:
    """What a scenario changes, as a heading; the base case by its name."""
    if scenario == BASE:
        return "Base case"
    words = changes(dossier.case)[scenarios.NAMES.index(scenario)]
    return words[:1].upper() + words[1:]


def told(dossier: Dossier, scenario: str, column: str, unit: Unit | None = None) -> Figure:
    """A figure of a scenario: of the table that it is in."""
    found = dossier.tables[TABLE]
    table = TABLE if column in {each.name for each in found.columns} else EFFECTS
    return dossier.cell(table, scenario, column, unit)


def passed(dossier: Dossier, scenario: str) -> Verdicts:
    """Whether a stress passes; nothing is asked of the base case and of lease variants."""
    held = dossier.cell(TABLE, scenario, "passed")
    verdict: Verdict = "none" if held.value is None else "pass" if held.value else "fail"
    return Verdicts(verdict, held.source)


def number(figure: Figure) -> float | None:
    """A figure that is a number, as one."""
    value = figure.value
    return float(value) if isinstance(value, (int, float)) else None
