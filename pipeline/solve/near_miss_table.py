"""Near misses and their solutions as rows: for the report file, the command line and CSV."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from kernels import codes
from kernels import figures as f
from kernels import rules as r
from pipeline.columns import names_of_mask
from pipeline.engine import figures_of_ids
from pipeline.problem import FloatArray
from pipeline.solve.changes import NEAR_MISS_CHANGES
from pipeline.solve.near_misses import (
    NO_SOLUTION,
    NOT_REACHED,
    STATUS_NAMES,
    TRADES,
    Solutions,
    failed_of,
    solve,
)
from pipeline.space.levers import IntArray
from pipeline.storage.plan import Plan

# Coverage carried by day-one value counts as the tiers count it (model, section 1).
_TOLERANCE: Final = 1e-9
_REASONS: Final = pa.list_(pa.string())

_FIELDS: Final = (
    ("permutation_id", pa.int64(), "", "Index in the lever space"),
    ("capex_coverage", pa.float64(), "ratio", "Senior, mezzanine, capacity / required"),
    ("full_coverage", pa.float64(), "ratio", "The same with day-one value"),
    ("funded_by_day_one", pa.bool_(), "", "full_coverage is at least 100 %"),
    ("reasons", _REASONS, "", "Tests of the gates that fail as it is"),
    ("solution", pa.string(), "", "Change that fully funds it: the smallest without a trade"),
    ("solution_status", pa.string(), "", "OK, or why there is none"),
    ("solution_value", pa.float64(), "unit of the change", "Value that the changed input takes"),
    ("solution_change_pct", pa.float64(), "%", "Relative change of that input"),
    ("passes_all_gates", pa.bool_(), "", "So changed it passes both gates"),
)
_OF_A_CHANGE: Final = (
    ("status", pa.string(), "OK, TRADES_FAILURE or NOT_REACHED"),
    ("base", pa.float64(), "Value as it is"),
    ("value", pa.float64(), "Value that fully funds it"),
    ("change_pct", pa.float64(), "Relative change [%]"),
    ("reasons", _REASONS, "Tests that fail with it"),
    ("new_reasons", _REASONS, "Those of them that it passed before"),
)
SCHEMA: Final = pa.schema(
    [
        *(
            pa.field(name, kind, True, {"unit": unit, "description": text})
            for name, kind, unit, text in _FIELDS
        ),
        *(
            pa.field(
                f"{change.name}_{name}",
                kind,
                True,
                {"unit": change.unit if name in ("base", "value") else "", "description": text},
            )
            for change in NEAR_MISS_CHANGES
            for name, kind, text in _OF_A_CHANGE
        ),
    ]
)


def solutions_table(plan: Plan, ids: IntArray) -> pa.Table:
    """SCHEMA's rows of near misses `ids` (rows,), in their order."""
    figures = figures_of_ids(plan.problem, ids)
    solutions = solve(plan.problem, plan.space.fill(plan.problem.base, ids))
    full = float(plan.problem.rules.limits[r.CAPEX_COVERAGE_FULL])
    solved = solutions.best != NO_SOLUTION
    value, change_pct, failed = _of_the_best(solutions)
    arrays = [
        pa.array(ids),
        _numbers(figures[f.CAPEX_COVERAGE]),
        _numbers(figures[f.FULL_COVERAGE]),
        pa.array(figures[f.FULL_COVERAGE] >= full - _TOLERANCE),
        _reasons(failed_of(figures)),
        _named(tuple(each.name for each in NEAR_MISS_CHANGES), solutions.best, solved),
        pa.array(_statuses(solutions)),
        _numbers(value),
        _numbers(change_pct),
        pa.array(failed == 0, mask=~solved),
    ]
    for each in solutions.changes:
        reached = each.status != NOT_REACHED
        arrays += [
            _named(STATUS_NAMES, each.status, np.ones(len(ids), dtype=np.bool_)),
            _numbers(each.base),
            _numbers(each.value),
            _numbers(each.change_pct),
            _reasons(each.failed, reached),
            _reasons(each.new, reached),
        ]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def counted(table: pa.Table) -> dict[str, Any]:
    """How many rows of a table of SCHEMA are solved, and by which change."""
    by = {change.name: 0 for change in NEAR_MISS_CHANGES}
    for name in table["solution"].to_pylist():
        if name is not None:
            by[name] += 1
    return {
        "rows": table.num_rows,
        "solved": sum(by.values()),
        "pass_all_gates": _true(table, "passes_all_gates"),
        "funded_by_day_one": _true(table, "funded_by_day_one"),
        "by_change": by,
    }


def added(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two results of `counted` together."""
    return {
        name: added(value, other[name]) if isinstance(value, dict) else value + other[name]
        for name, value in one.items()
    }


def _true(table: pa.Table, column: str) -> int:
    return sum(value is True for value in table[column].to_pylist())


def _of_the_best(solutions: Solutions) -> tuple[FloatArray, FloatArray, IntArray]:
    """Value, relative change and failing reasons of each row's solution; NaN and 0 without one."""
    rows = len(solutions.best)
    value, change_pct = np.full((2, rows), np.nan)
    failed = np.zeros(rows, dtype=np.int64)
    for place, each in enumerate(solutions.changes):
        mine = solutions.best == place
        value[mine], change_pct[mine] = each.value[mine], each.change_pct[mine]
        failed[mine] = each.failed[mine]
    return value, change_pct, failed


def _statuses(solutions: Solutions) -> list[str]:
    """OK with a solution, TRADES_FAILURE where every change that funds the row trades."""
    statuses = np.stack([each.status for each in solutions.changes])
    traded = (statuses == TRADES).any(axis=0).tolist()
    return [
        "OK" if best != NO_SOLUTION else STATUS_NAMES[TRADES if trades else NOT_REACHED]
        for best, trades in zip(solutions.best, traded, strict=True)
    ]


def _numbers(values: FloatArray) -> pa.Array:
    return pa.array(values, pa.float64(), mask=np.isnan(values))


def _named(names: tuple[str, ...], places: IntArray, present: np.ndarray) -> pa.Array:
    return pa.array(names).take(pa.array(np.where(present, places, 0), mask=~present))


def _reasons(masks: IntArray, present: np.ndarray | None = None) -> pa.Array:
    distinct, place = np.unique(masks, return_inverse=True)
    texts = [names_of_mask(int(mask), codes.REASON_NAMES) for mask in distinct]
    missing = None if present is None else ~present
    return pa.array(texts, _REASONS).take(pa.array(place, mask=missing))
