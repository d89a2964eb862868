"""Everything the documents of one structure are written from, and figures with their sources.

A dossier is made once for a pack: the run's manifest, the structure's row, its explanation and the
months of its waterfall. Documents ask it for figures by the places `document` describes, and a name
that is not there is a KeyError of ours, never an empty cell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, Final

from kernels import scenarios
from pipeline.columns import BY_NAME
from pipeline.explain import cash_periods, waterfall
from pipeline.explain.case import Case
from pipeline.explain.model import Explanation, Given, Step, Table
from pipeline.explain.run import StoredRun, case_of, explain_case
from pipeline.inputs import catalogue
from pipeline.inputs.deal import Deal, Parties
from pipeline.inputs.models import StrictModel
from pipeline.query.structures import Structure, structure_of
from pipeline.reports.pack.document import Blank, Figure, Style, Unit, Verdicts

Row = dict[str, Any]
# Units of `explain` and of the column dictionary as documents write them.
_UNITS: Final[dict[str, Unit]] = {
    "%": "percent", "x": "times", "years": "years", "months": "months", "month": "count",
    "bps": "bps", "ratio": "ratio", "0-100": "score", "points": "score", "MW": "mw",
    "notches": "notches", "decimal": "number", "hours": "number", "count": "count",
    "project currency": "money", "project currency/month": "money",
    "project currency/year": "money",
}  # fmt: skip
_RATINGS: Final = (75, 76)  # choices of the catalogue that are ratings
_BOUND: Final = ("actual", "limit", "headroom")
_NAMED: Final[dict[str, type[StrictModel]]] = {"parties": Parties, "deal": Deal}
ALTERNATIVES: Final = 10  # rows of the ranking that documents show beside the structure


@dataclass(frozen=True, eq=False)
class Dossier:
    """A structure of a run. `ranking` are the run's best rows, `names` its parties and deal."""

    run: StoredRun
    structure: Structure
    case: Case
    explanation: Explanation
    ranking: tuple[Row, ...]
    names: dict[str, Any]

    # -- which structure this is ----------------------------------------------------------------
    @property
    def manifest(self) -> dict[str, Any]:
        return self.run.manifest

    @property
    def run_id(self) -> str:
        return str(self.manifest["run_id"])

    @property
    def permutation_id(self) -> int:
        return self.structure.permutation_id

    @property
    def currency(self) -> str:
        return str(self.manifest["project"]["currency"])

    @property
    def jurisdiction(self) -> str:
        """UK, EU, US or Global: whose day counts, indices and dates the documents have."""
        return str(self.manifest["request"]["jurisdiction"])

    @property
    def made_at(self) -> datetime:
        """When the run was planned, UTC: the date of every document."""
        return made_at(self.manifest)

    @property
    def style(self) -> Style:
        return Style(self.currency, self.jurisdiction)

    @property
    def has_senior(self) -> bool:
        return self.case.sound and self.case.senior > 0.0

    @property
    def has_mezzanine(self) -> bool:
        return self.case.sound and self.case.mezz > 0.0

    # -- figures of the explanation -------------------------------------------------------------
    @cached_property
    def steps(self) -> dict[str, Step]:
        """Every step by its id; an unsound structure or one without debt has few."""
        return {step.id: step for step in self.explanation.steps()}

    @cached_property
    def tables(self) -> dict[str, Table]:
        """Every table by its id, the base waterfall by quarter, year and life among them."""
        found = {each.id: each for section in self.explanation.sections for each in section.tables}
        months = found.get("waterfall.months")
        if months is not None:
            added_up = (
                waterfall.by_year(months),
                cash_periods.by_quarter(months),
                cash_periods.over_life(months),
                cash_periods.cash_by_year(months),
            )
            found |= {table.id: table for table in added_up}
        return found

    def step(self, step_id: str, unit: Unit | None = None) -> Figure:
        """The result of a step; undefined, with the reason, where this structure has none."""
        step = self.steps.get(step_id)
        if step is None:
            return Figure(None, unit or "text", step_id, self._why_not(step_id))
        note = step.note if step.result is None else ""
        return Figure(step.result, unit or unit_of(step.unit, step.result), step_id, note)

    def given(self, step_id: str, symbol: str, unit: Unit | None = None) -> Figure:
        """A number that a step's formula was given."""
        source = f"{step_id}:{symbol}"
        step = self.steps.get(step_id)
        if step is None:
            return Figure(None, unit or "text", source, self._why_not(step_id))
        found: Given = next(each for each in step.inputs if each.symbol == symbol)
        return Figure(found.value, unit or unit_of(found.unit, found.value), source)

    def test(self, step_id: str, part: str, unit: Unit | None = None) -> Figure:
        """`actual`, `limit` or `headroom` of a step's test."""
        source = f"{step_id}@{part}"
        if part not in _BOUND:
            raise KeyError(part)
        step = self.steps.get(step_id)
        if step is None or step.bound is None:
            return Figure(None, unit or "text", source, self._why_not(step_id))
        value: float | None = getattr(step.bound, part)
        note = step.note if value is None else ""
        return Figure(value, unit or unit_of(step.unit, value), source, note)

    def verdict(self, step_id: str) -> Verdicts:
        """How a step's test ended."""
        step = self.steps.get(step_id)
        bound = step.bound if step is not None else None
        return Verdicts(bound.verdict if bound is not None else "none", f"{step_id}@verdict")

    def cell(self, table_id: str, key: object, column: str, unit: Unit | None = None) -> Figure:
        """A cell of a table, by the first column's value and the column's name."""
        source = f"{table_id}[{key}].{column}"
        table = self.tables.get(table_id)
        if table is None:
            return Figure(None, unit or "text", source, self._why_not(table_id))
        place = next(i for i, each in enumerate(table.columns) if each.name == column)
        row = next(row for row in table.rows if row[0] == key)
        return Figure(row[place], unit or unit_of(table.columns[place].unit, row[place]), source)

    def keys(self, table_id: str) -> tuple[Any, ...]:
        """First column of a table; empty where this structure has no such table."""
        table = self.tables.get(table_id)
        return tuple(row[0] for row in table.rows) if table is not None else ()

    # -- figures of rows, inputs and files ------------------------------------------------------
    def column(self, name: str, unit: Unit | None = None) -> Figure:
        """A column of the structure's row."""
        found = figure_of_row(self.structure.row, name, "row", unit)
        if found.value is None and not found.note:
            return replace(found, note=self._why_not(name))
        return found

    def ranked(self, place: int, name: str, unit: Unit | None = None) -> Figure:
        """A column of the ranking's row at `place`, from 0."""
        return figure_of_row(self.ranking[place], name, f"ranking[{place + 1}]", unit)

    def input(self, number: int, unit: Unit | None = None) -> Figure:
        """A catalogue variable as this structure has it, choices in words."""
        variable = catalogue.BY_NUMBER[number]
        given = self.case.setting("", number)
        value = given.value
        if number in _RATINGS or variable.kind in ("text", "list"):
            value = self._written(variable.name)  # the kernels have a code for it
        return Figure(value, unit or unit_of(given.unit, value), f"input.{variable.name}")

    def _written(self, name: str) -> str:
        """An input as the project file has it, or the lever that sets it."""
        set_here = {each.name: each.value for each in self.explanation.settings}
        value = set_here.get(name, self.manifest["request"]["base"][name])
        return ", ".join(f"{each:g}" for each in value) if isinstance(value, list) else str(value)

    def setting(self, name: str) -> Figure:
        """A lever's value in this structure, as the run labels it."""
        value = next(each.value for each in self.explanation.settings if each.name == name)
        return Figure(value, unit_of("", value), f"setting.{name}")

    def rule(self, path: str, unit: Unit = "number") -> Figure:
        """A figure of the rulebook, by its dotted path."""
        return Figure(at_path(self.manifest["request"]["rulebook"], path), unit, f"rulebook.{path}")

    def quote(self, path: str, unit: Unit = "number") -> Figure:
        """A figure of the market file, by its dotted path."""
        return Figure(at_path(self.manifest["request"]["market"], path), unit, f"market.{path}")

    def fact(self, path: str, unit: Unit = "text") -> Figure:
        """A fact of the manifest, by its dotted path."""
        return Figure(at_path(self.manifest, path), unit, f"run.{path}")

    def name(self, path: str, unit: Unit = "text") -> Figure | Blank:
        """A name, text or date of the project file's `parties` or `deal`, or a blank to fill in.

        A run that knew fewer of them has blanks; a path that is no field is a KeyError.
        """
        value = self._named(path)
        if value is None or value == []:
            return Blank(path)
        if unit == "date":
            return Figure(date.fromisoformat(value), unit, path)
        return Figure(value, unit, path)

    def names_of(self, path: str) -> tuple[Figure | Blank, ...]:
        """Each of a list of names or texts, or one blank."""
        found = self._named(path) or ()
        listed = tuple(Figure(each, "text", f"{path}[{n}]") for n, each in enumerate(found))
        return listed or (Blank(path),)

    def named(self, path: str) -> dict[str, Any]:
        """A mapping of the project file's `deal`, such as its `milestone_days`; often empty."""
        return dict(self._named(path) or {})

    def _named(self, path: str) -> Any:
        block, field = path.split(".")
        if field not in _NAMED[block].model_fields:
            raise KeyError(path)
        return (self.names.get(block) or {}).get(field)

    def _why_not(self, what: str) -> str:
        if not self.case.sound:
            return "the structure is not sound"
        if what.startswith("mezzanine"):
            return "no mezzanine"
        return "no senior debt" if not self.has_senior else "not in this structure"


def dossier_of(run: StoredRun, permutation_id: int, names: dict[str, Any] | None = None) -> Dossier:
    """The dossier of a structure; `names` stand in for those the run was given.

    Raises InputErrors for a number outside the run's lever space, and what
    `pipeline.query.structures.structure_of` raises.
    """
    structure = structure_of(run.results, str(run.manifest["run_id"]), permutation_id)
    case = case_of(run, permutation_id)
    return Dossier(
        run=run,
        structure=structure,
        case=case,
        explanation=explain_case(run, permutation_id, case, scenarios.NAMES[scenarios.BASE]),
        ranking=tuple(run.results.top(str(run.manifest["run_id"]), ALTERNATIVES)),
        names=run.manifest.get("names", {}) if names is None else names,
    )


def made_at(manifest: dict[str, Any]) -> datetime:
    """When the run of a manifest was planned, UTC."""
    return datetime.fromisoformat(manifest["created_at"]).astimezone(UTC)


def unit_of(unit: str, value: object) -> Unit:
    """How documents write a value that `explain` or a column gives a unit."""
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, str):
        return "text"
    return _UNITS.get(unit, "number")


def figure_of_row(row: Row, name: str, source: str, unit: Unit | None = None) -> Figure:
    """A column of a row; where it is null its status says why."""
    value = row[name]
    status = row.get(f"{name}_status")
    note = str(status).replace("_", " ").lower() if value is None and status else ""
    column = BY_NAME.get(name)
    shown = unit or unit_of(column.unit if column is not None else "", value)
    return Figure(value, shown, f"{source}.{name}", note)


def at_path(document: Any, path: str) -> Any:
    """A leaf of a document. Rule keys have no dots; what is not there is a KeyError."""
    for part in path.split("."):
        document = document[part]
    return document
