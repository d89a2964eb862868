"""The survivors that a page holds: which rows, which columns, and what each column is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from kernels import codes, scenarios
from pipeline.columns import BY_NAME, MERGE_COLUMNS
from pipeline.problem import Label
from pipeline.query.rows import RankedRows
from pipeline.reports.facts import Unit, shown, unit_of
from pipeline.reports.run.model import TOP_COLUMNS, switched_on
from pipeline.reports.run.structure import (
    COST,
    DAY_ONE,
    FIGURES,
    LABELLED_INPUTS,
    RESERVES,
    SOURCES,
    STRUCTURING_FEES,
    scenario_labels,
    structuring_fees,
)

MAX_ROWS: Final = 30_000  # docs/how-to/open-in-a-browser.md tells what a page of so many weighs
MAX_FRONTIER: Final = 500
SWITCHED_ON: Final = "switched_on"
_LABEL: Final = "_label"  # of a scenario's column that says what it changes
_OF_BASE: Final = (
    "dscr_min", "dscr_avg", "equity_irr", "dscr_worst_month", "months_under_1", "matrix_rating",
    None,
)  # fmt: skip

# Beside TOP_COLUMNS: what can be shown when it is asked for.
_MORE: Final = (
    ("pareto", "Pareto"),
    ("viable", "Hard filters"),
    ("dscr_avg", "DSCR, mean"),
    ("covenant_dscr_min", "Covenant DSCR"),
    ("icr_min", "ICR"),
    ("fccr_min", "FCCR"),
    ("stress_dscr_worst", "Worst stress"),
    ("stresses_passed", "Stresses pass"),
    ("expected_wal", "Expected WAL"),
    ("peak_ltv_pct", "Peak LTV %"),
    ("balloon_pct", "Balloon %"),
    ("mezz_rating", "Mezz. rating"),
    ("structure_rating", "Overall rating"),
    ("binding_constraint", "Sized by"),
    ("capex_coverage", "Capital %"),
    ("cash_coverage", "With reserves %"),
    ("equity_cheque", "Equity cheque"),
    ("total_uses", "Uses"),
    ("equity_multiple", "Multiple"),
    ("equity_cash_yield_pct", "Cash yield %"),
    ("repo_eligible", "Repo"),
    ("repo_haircut_pct", "Haircut %"),
    ("trap_months", "Trap months"),
    ("turbo_months", "Turbo months"),
    ("complexity", "Complexity"),
    ("gate_b_score", "Gate B score"),
    ("call_value", "Call value"),
    ("warnings", "Warnings"),
)
_LOW_IS_BETTER: Final = frozenset(
    {"rank", "permutation_id", "wacc", "senior_ltv_pct", "peak_ltv_pct", "repo_haircut_pct",
     "trap_months", "turbo_months", "complexity", "equity_cheque", "total_uses"}
)  # fmt: skip
_RANGES: Final = (
    "senior_notional", "wacc", "equity_irr", "dscr_min", "senior_ltv_pct", "senior_wal",
    "day1_cash", "full_coverage", "composite_score",
)  # fmt: skip


@dataclass(frozen=True)
class Heading:
    """A column of the ranking. `shown`: from the beginning; `ranged`: filtered by least and most.

    `low_first` says which end a first sort begins with.
    """

    name: str
    label: str
    shown: bool
    ranged: bool
    low_first: bool
    lever: bool


@dataclass(frozen=True)
class Told:
    """What a stored column is: `scale` times the figure is in `unit`; texts rise in `order`."""

    about: str
    unit: Unit
    scale: float
    order: tuple[str, ...]


@dataclass(frozen=True)
class ScenarioColumns:
    """Where the rows have a scenario: the column that says what changes, and those of its figures.

    `figures` are in the order of `kernels.scenarios.METRIC_NAMES`; the verdict is None where
    nothing is asked.
    """

    group: str
    label: str
    figures: tuple[str | None, ...]


@dataclass(frozen=True)
class Ranking:
    """Rows of the run in rank order, with every stored column and those this module adds.

    `survivors` is how many there are in all; `first` how many of the best are here, the others
    being the optimal structure and those on the Pareto frontier.
    """

    rows: pa.Table
    survivors: int
    first: int
    headings: tuple[Heading, ...]
    columns: Mapping[str, Told]
    levers: tuple[str, ...]
    figures: tuple[tuple[str, str], ...]
    day_one: tuple[tuple[str, str], ...]
    sources: tuple[tuple[str, str], ...]
    uses: tuple[tuple[str, str], ...]
    scenarios: tuple[ScenarioColumns, ...]


def ranking(
    ranked: RankedRows,
    levers: Mapping[str, Sequence[Label]],
    request: Mapping[str, Any],
    marked: Sequence[int],
    most: int = MAX_ROWS,
) -> Ranking:
    """The best `most` survivors, and those at the places `marked`, which rise.

    Raises OSError where the stored rows were damaged.
    """
    first = min(most, ranked.rows)
    beyond = [place for place in marked if place >= first]
    rows = ranked.fetch(np.array([*range(first), *beyond], dtype=np.int64))
    rows = _with_own_columns(rows.combine_chunks(), request)
    return Ranking(
        rows=rows,
        survivors=ranked.rows,
        first=first,
        headings=_headings(rows.schema, levers),
        columns={field.name: _told(field, levers) for field in rows.schema},
        levers=tuple(levers),
        figures=FIGURES,
        day_one=(*DAY_ONE, ("day1_cash", "Total")),
        sources=(*SOURCES, ("total_uses", "Total")),
        uses=(COST, STRUCTURING_FEES, *RESERVES, ("total_uses", "Total")),
        scenarios=tuple(_scenario(number, name) for number, name in enumerate(scenarios.NAMES)),
    )


def _scenario(number: int, name: str) -> ScenarioColumns:
    if number == scenarios.BASE:
        return ScenarioColumns("As it is", name + _LABEL, _OF_BASE)
    variant = number < scenarios.FIRST_STRESS
    columns = (f"{name}_{metric}" for metric in scenarios.METRIC_NAMES)
    # a verdict is stored for the lease's variants as well, but nothing is asked of them
    figures = (None if variant and column.endswith("_passed") else column for column in columns)
    return ScenarioColumns("Lease" if variant else "Stress", name + _LABEL, tuple(figures))


def _with_own_columns(rows: pa.Table, request: Mapping[str, Any]) -> pa.Table:
    """The rows with what is told of each beside its figures: switches, a fee, scenarios' labels."""
    switches = [
        name for name in rows.schema.names if pa.types.is_boolean(rows.schema.field(name).type)
    ]
    switches = [name for name in switches if name not in BY_NAME and name not in MERGE_COLUMNS]
    rows = rows.append_column(SWITCHED_ON, _each(rows, switches, switched_on))
    parts = ["required_capital", "total_cost", "upfront_fees"]
    fees = [structuring_fees(row) for row in rows.select(parts).to_pylist()]
    rows = rows.append_column(STRUCTURING_FEES[0], pa.array(fees, pa.float64()))
    varied = [name for name in LABELLED_INPUTS if name in rows.schema.names]
    for number, name in enumerate(scenarios.NAMES):

        def label(row: Mapping[str, Any], number: int = number) -> str:
            labels = scenario_labels({**request["base"], **row}, request["rulebook"])
            return labels.get(number, "Base case")

        rows = rows.append_column(name + _LABEL, _each(rows, varied, label))
    return rows


def _each(rows: pa.Table, names: Sequence[str], tell: Any) -> pa.Array:
    """What `tell` says of each row, asked once for each combination of the columns `names`."""
    if not names:
        return pa.array([tell({})] * rows.num_rows, pa.string())
    told: dict[tuple[Any, ...], str] = {}
    texts = []
    columns = [rows[name].to_pylist() for name in names]
    for key in zip(*columns, strict=True):
        if key not in told:
            told[key] = tell(dict(zip(names, key, strict=True)))
        texts.append(told[key])
    return pa.array(texts, pa.string())


def _headings(schema: pa.Schema, levers: Mapping[str, Sequence[Label]]) -> tuple[Heading, ...]:
    found = [_heading(name, label, shown=True) for name, label in TOP_COLUMNS]
    for name in levers:
        switch = pa.types.is_boolean(schema.field(name).type)
        found.append(Heading(name, name, not switch, False, True, True))
    found.append(Heading(SWITCHED_ON, "Switched on", True, False, True, False))
    found += [_heading(name, label, shown=False) for name, label in _MORE]
    return tuple(found)


def _heading(name: str, label: str, *, shown: bool) -> Heading:
    return Heading(name, label, shown, name in _RANGES, name in _LOW_IS_BETTER, False)


def _told(field: pa.Field, levers: Mapping[str, Sequence[Label]]) -> Told:
    name = field.name
    about = (field.metadata or {}).get(b"description", b"").decode()
    if name in levers:
        order = (
            tuple(str(label) for label in levers[name]) if pa.types.is_string(field.type) else ()
        )
        return Told(about, "flag" if pa.types.is_boolean(field.type) else "text", 1.0, order)
    if name == STRUCTURING_FEES[0]:
        return Told(STRUCTURING_FEES[1], "money", 1.0, ())
    if name == "pareto":
        return Told(about, "flag", 1.0, ())
    if name not in BY_NAME and name not in MERGE_COLUMNS and name != "permutation_id":
        return Told(about, "text", 1.0, ())
    names = BY_NAME[name].names if name in BY_NAME else ()
    ordered = names in (codes.RATING_NAMES, codes.TIER_NAMES)
    scale = shown(name, 1.0)
    return Told(about, unit_of(name), float(scale or 1.0), tuple(names) if ordered else ())
