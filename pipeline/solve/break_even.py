"""How far one input of a structure may move until something is lost, or has to until it is won.

For each input the value nearest to the base, on either side, at which a condition changes: the
gates are passed, a single test holds, the tier is kept, the hard filters hold, a figure keeps its
floor. Nothing is assumed about how figures move: each side is looked at in 64 steps that widen
outward (a stepped input in every step), and the first step in which the condition changes is
halved until 1e-10 of the value is left. A condition that changes and changes back within one step
is not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kernels import codes
from kernels import figures as f
from kernels import layout as x
from kernels import rules as r
from pipeline.columns import COLUMNS, flat
from pipeline.engine import figures_of_inputs, sized_figures_of_inputs
from pipeline.problem import FloatArray, Problem
from pipeline.solve.changes import Change
from pipeline.solve.crossing import close_in
from pipeline.solve.near_misses import failed_of
from pipeline.space.levers import IntArray

BoolArray = npt.NDArray[np.bool_]

_SIGNS: Final = {codes.FILTER_AT_LEAST: ">=", codes.FILTER_AT_MOST: "<=", codes.FILTER_EQUAL: "="}
_RINGS: Final = 64
_WIDTH: Final = 1e-10
# What a proof shows of either side.
_SHOWN: Final = (
    "viability_tier", "viable", "gate_a_reasons", "gate_b_reasons", "senior_notional", "dscr_min",
    "senior_rating", "senior_ltv_pct", "wacc", "capex_coverage", "full_coverage", "equity_irr",
    "stress_dscr_worst", "stresses_passed", "repo_eligible", "day1_cash",
)  # fmt: skip
# Figures of the sizing alone; every other one needs the waterfall.
_SIZED_ALONE: Final = frozenset(range(f.STATUS + 1)) - {
    f.FULL_COVERAGE, f.DAY1_CASH, f.COMPOSITE_SCORE, f.VIABLE, f.TIER,
}  # fmt: skip

# Which rows hold: figures (N_FIGURES, rows) -> (rows,).
Test = Callable[[FloatArray], BoolArray]


@dataclass(frozen=True)
class Condition:
    """What is asked of a structure. `text` says it; `needs_cash`: it takes the waterfall.

    `told`: that it is lost or won has to be said, since no gate reason does.
    """

    text: str
    test: Test
    needs_cash: bool
    told: bool = False


@dataclass(frozen=True)
class Side:
    """A crossing on one side: the last value that is as the base is, the first that is not.

    `inside` and `outside` are the figures of the two; `changed` names what differs between them.
    Without a crossing both values are None and `limit` is how far was looked.
    """

    limit: float
    last: float | None
    first: float | None
    inside: dict[str, Any] | None
    outside: dict[str, Any] | None
    changed: tuple[str, ...]


@dataclass(frozen=True)
class BreakEven:
    """An input's break-even values: its base value and the crossings under and over it."""

    change: Change
    base: float
    under: Side
    over: Side


def passes_gates() -> Condition:
    """Both gates are passed."""
    return Condition("passes both gates", lambda figures: failed_of(figures) == 0, False)


def passes_test(reason: str) -> Condition:
    """The test of one gate reason holds. Raises ValueError for a reason that there is not."""
    bit = 1 << codes.REASON_NAMES.index(reason)
    return Condition(f"no {reason}", lambda figures: failed_of(figures) & bit == 0, False)


def keeps_tier(base: FloatArray) -> Condition:
    """At least the tier of `base` (N_FIGURES, 1), and at least Bronze."""
    tier = max(int(base[f.TIER, 0]), codes.TIER_BRONZE)
    text = f"tier {codes.TIER_NAMES[tier]} or better"
    return Condition(text, lambda figures: figures[f.TIER] >= tier, True)


def passes_filters() -> Condition:
    """Every hard filter holds."""
    return Condition("passes the hard filters", lambda figures: figures[f.VIABLE] == 1.0, True)


def keeps_figure(text: str, figure: int, operator: int, value: float) -> Condition:
    """A figure against a value, as a hard filter has it: `operator` is a FILTER_* code."""
    tests: dict[int, Test] = {
        codes.FILTER_AT_LEAST: lambda figures: figures[figure] >= value - 1e-9,
        codes.FILTER_AT_MOST: lambda figures: figures[figure] <= value + 1e-9,
        codes.FILTER_EQUAL: lambda figures: np.abs(figures[figure] - value) <= 1e-9,
    }
    return Condition(text, tests[operator], figure not in _SIZED_ALONE, told=True)


def break_evens(
    problem: Problem, inputs: FloatArray, condition: Condition, changes: Sequence[Change]
) -> tuple[bool, list[BreakEven]]:
    """Whether structure `inputs` (N_INPUTS, 1) meets `condition`, and each input's crossings."""
    return _Scan(problem, inputs, condition, changes).run()


class _Scan:
    """All inputs and both sides at once: 2 x inputs rows, the sides of an input together."""

    def __init__(
        self, problem: Problem, inputs: FloatArray, condition: Condition, changes: Sequence[Change]
    ) -> None:
        self._problem = problem
        self._inputs = inputs
        self._condition = condition
        self._changes = tuple(changes)

    def run(self) -> tuple[bool, list[BreakEven]]:
        base_holds = bool(self._holds([self._changes[0]], self._bases()[:1])[0])
        last, first, limits = self._steps(base_holds)
        self._narrow(base_holds, last, first)
        return base_holds, [
            BreakEven(
                change, base, *(self._side(change, *ends) for ends in zip(*sides, strict=True))
            )
            for change, base, *sides in zip(
                self._changes, self._bases(), limits, last, first, strict=True
            )
        ]

    def _bases(self) -> FloatArray:
        return np.array([each.values(self._inputs)[0] for each in self._changes])

    def _figures(
        self, changes: Sequence[Change], values: FloatArray, needs_cash: bool
    ) -> FloatArray:
        """Figures (N_FIGURES, n) of the structure with one change each at `values` (n,)."""
        columns = [
            change.moved(self._inputs, np.array([value]))
            for change, value in zip(changes, values, strict=True)
        ]
        inputs = np.concatenate(columns, axis=1)
        if not needs_cash:
            return sized_figures_of_inputs(self._problem, inputs)
        return figures_of_inputs(*_with_curves(self._problem, inputs))

    def _holds(self, changes: Sequence[Change], values: FloatArray) -> BoolArray:
        figures = self._figures(changes, values, self._condition.needs_cash)
        return self._condition.test(figures)

    def _steps(self, base_holds: bool) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The step on each side in which the condition changes, and how far was looked.

        Three arrays (inputs, 2): last value as the base, first that is not (NaN: none), limit.
        """
        last = np.repeat(self._bases()[:, np.newaxis], 2, axis=1)
        first = np.full_like(last, np.nan)
        limits = last.copy()
        for place, change in enumerate(self._changes):
            rings = np.array(change.rings(self._inputs, _RINGS)).reshape(-1, 2)
            for side in range(2):
                values = rings[:, side][np.isfinite(rings[:, side])]
                if not len(values):
                    continue
                limits[place, side] = values[-1]
                other = self._holds([change] * len(values), values) != base_holds
                at = int(np.argmax(other)) if other.any() else len(values)
                if at < len(values):
                    first[place, side] = values[at]
                if at > 0:
                    last[place, side] = values[at - 1]
        return last, first, limits

    def _narrow(self, base_holds: bool, last: FloatArray, first: FloatArray) -> None:
        """Halve the steps of continuous inputs, in place."""
        places = [
            (place, side)
            for place, change in enumerate(self._changes)
            for side in range(2)
            if change.per_unit is None and np.isfinite(first[place, side])
        ]
        if not places:
            return
        at = tuple(np.array(places).T)
        near, far = last[at], first[at]

        def margin(rows: IntArray, values: FloatArray) -> FloatArray:
            changes = [self._changes[places[row][0]] for row in rows]
            return np.where(self._holds(changes, values) != base_holds, 1.0, -1.0)

        ones = np.ones(len(near))
        width = _WIDTH * np.maximum(np.abs(near), np.abs(far))
        last[at], first[at] = close_in(margin, near, far, -ones, ones, width)

    def _side(self, change: Change, limit: float, last: float, first: float) -> Side:
        if np.isnan(first):
            return Side(float(limit), None, None, None, None, ())
        figures = self._figures([change, change], np.array([last, first]), True)
        inside, outside = flat(figures[:, 0]), flat(figures[:, 1])
        conditions = [*_limits(self._problem), *([self._condition] if self._condition.told else [])]
        turned = [
            f"{each.text} {'fails' if before else 'holds'}"
            for each in reversed(conditions)
            for before, after in [each.test(figures).tolist()]
            if before != after
        ]
        return Side(
            float(limit), float(last), float(first),
            {name: inside[name] for name in _SHOWN},
            {name: outside[name] for name in _SHOWN},
            _differences(inside, outside, turned),
        )  # fmt: skip


def _limits(problem: Problem) -> list[Condition]:
    """What tiers and viability rest on besides gates: hard filters, coverage, day-one value."""
    limits = problem.rules.limits
    full = float(limits[r.CAPEX_COVERAGE_FULL])
    names = {column.figure: column for column in COLUMNS}
    conditions = []
    for place, operator, value in problem.filters.tolist():
        column = names[int(place)]
        shown = f"{value:g}"
        if column.kind in ("code", "flag"):
            shown = column.names[int(value)] if column.names else _word(value == 1.0)
        text = f"{column.name} {_SIGNS[int(operator)]} {shown}"
        conditions.append(keeps_figure(text, int(place), int(operator), value))
    text = f"full_coverage >= {100.0 * full:g} %"
    conditions.append(keeps_figure(text, f.FULL_COVERAGE, codes.FILTER_AT_LEAST, full))
    for least in (limits[r.GOLD_DAY1_PCT], limits[r.DIAMOND_DAY1_PCT]):
        text = f"day-one value >= {least:g} % of financing"
        conditions.append(Condition(text, partial(_has_day_one, float(least)), True))
    return conditions


def _has_day_one(least_pct: float, figures: FloatArray) -> BoolArray:
    parts = (f.SENIOR_NOTIONAL, f.MEZZ_NOTIONAL, f.EQUITY_NOTIONAL)
    financing = figures[parts[0]] + figures[parts[1]] + figures[parts[2]]
    enough: BoolArray = 100.0 * figures[f.DAY1_CASH] / financing >= least_pct - 1e-9
    return enough


def _differences(
    inside: dict[str, Any], outside: dict[str, Any], turned: list[str]
) -> tuple[str, ...]:
    """What changes at a crossing: gate reasons in the order of the gates, then other verdicts."""
    names = []
    for gate in ("gate_a_reasons", "gate_b_reasons"):
        before, after = inside[gate] or [], outside[gate] or []
        names += [each for each in after if each not in before]
        names += [f"no {each}" for each in before if each not in after]
    names += turned
    for name in ("senior_rating", "repo_eligible", "stresses_passed", "viable", "viability_tier"):
        if inside[name] != outside[name]:
            names.append(f"{name} {_word(inside[name])} -> {_word(outside[name])}")
    return tuple(names)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "undefined" if value is None else str(value)


def _with_curves(problem: Problem, inputs: FloatArray) -> tuple[Problem, FloatArray]:
    """The problem with curve tables for every shift of `inputs`, and inputs that refer to them.

    A plan has the tables of its own shifts only.
    """
    shifts = inputs[x.CURVE_SHIFT_BPS]
    if np.array_equal(problem.yields.shifts_bps[inputs[x.CURVE_TABLE].astype(np.int64)], shifts):
        return problem, inputs
    distinct, table = np.unique(shifts, return_inverse=True)
    inputs = inputs.copy()
    inputs[x.CURVE_TABLE] = table
    return replace(problem, yields=problem.yields._replace(shifts_bps=distinct)), inputs
