"""The smallest single change that fully funds a structure short of capital.

A near miss passes Gate A's capital test with capex_coverage under 100 %. Rent, capex, coupon,
tenor and coverage target are each moved alone, both ways, until capex_coverage is at least 100 %
(to the last bit, without the gates' tolerance). A change that makes a test fail which the
structure passed before trades one failure for another: it is told, and is no solution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kernels import figures as f
from kernels import layout as x
from kernels import rules as r
from pipeline.engine import sized_figures_of_inputs
from pipeline.problem import FloatArray, Problem
from pipeline.solve.changes import NEAR_MISS_CHANGES, Change
from pipeline.solve.crossing import close_in
from pipeline.space.levers import IntArray

BoolArray = npt.NDArray[np.bool_]

NOT_REACHED, TRADES, SOLVED = range(3)
_CLEAN, _FUNDED = range(2)
STATUS_NAMES: Final = ("NOT_REACHED", "TRADES_FAILURE", "OK")
NO_SOLUTION: Final = -1

_RINGS: Final = 8
# Width of a solved value, as a share of the base value.
_WIDTH: Final = 1e-12
# Coverage that no structure has: where it is undefined, or a change would trade failures.
_FAR_SHORT: Final = -1.0

# What capital coverage and the gates do not look at: rows that differ in nothing else are solved
# once. tests/unit/solve holds the gates to that.
_IDLE_ROWS: Final = (x.ZCIS_5Y_ON, x.ZCIS_10Y_ON, x.FLOOR_ON)


@dataclass(frozen=True)
class Solved:
    """One change of every row, (rows,) each.

    `status` is NOT_REACHED, TRADES or SOLVED; `value` the leading figure that funds the row, NaN
    where none does; `change_pct` its relative change; `failed` the reasons (bits) that then reject
    the row, `new` those of them that did not before.
    """

    change: Change
    base: FloatArray
    status: IntArray
    value: FloatArray
    change_pct: FloatArray
    failed: IntArray
    new: IntArray


@dataclass(frozen=True)
class Solutions:
    """All changes of the rows, and which of them is the solution: its place, or NO_SOLUTION."""

    changes: tuple[Solved, ...]
    best: IntArray

    def taken(self, rows: IntArray) -> Solutions:
        """The solutions of `rows` (n,), in that order."""
        return Solutions(
            tuple(
                Solved(
                    each.change, each.base[rows], each.status[rows], each.value[rows],
                    each.change_pct[rows], each.failed[rows], each.new[rows],
                )
                for each in self.changes
            ),
            self.best[rows],
        )  # fmt: skip


def solve(problem: Problem, inputs: FloatArray) -> Solutions:
    """The smallest changes that fully fund near misses `inputs` (N_INPUTS, rows).

    The solution passes all gates if one of the changes does, and among those is the one of the
    smallest relative change; ties go to the order of NEAR_MISS_CHANGES.
    """
    alike = inputs.copy()
    alike[list(_IDLE_ROWS)] = 0.0
    places: dict[bytes, int] = {}
    columns = np.ascontiguousarray(alike.T)
    of_row = np.array([places.setdefault(c.tobytes(), len(places)) for c in columns], np.int64)
    first = np.unique(of_row, return_index=True)[1]
    return _solved(problem, np.ascontiguousarray(alike[:, first])).taken(of_row)


def failed_of(figures: FloatArray) -> IntArray:
    """Bits of the reasons that reject, (rows,), of `figures` (N_FIGURES, rows)."""
    failed: IntArray = figures[f.GATE_A_FAILED].astype(np.int64)
    failed |= figures[f.GATE_B_FAILED].astype(np.int64)
    return failed


def _solved(problem: Problem, inputs: FloatArray) -> Solutions:
    failed = failed_of(sized_figures_of_inputs(problem, inputs))
    changes = tuple(_Search(problem, inputs, failed, each).run() for each in NEAR_MISS_CHANGES)
    status = np.stack([each.status for each in changes])
    size = np.stack([np.abs(each.change_pct) for each in changes])
    clean = np.stack([each.failed == 0 for each in changes])
    # smallest first among those that pass all gates, then among the other solutions
    cost = np.where(status == SOLVED, np.where(clean, size, _BEYOND + size), np.inf)
    best = np.where(np.isfinite(cost).any(axis=0), cost.argmin(axis=0), NO_SOLUTION)
    return Solutions(changes, best.astype(np.int64))


# More than any change in percent: what passes all gates comes before what does not.
_BEYOND: Final = 1e6


class _Search:
    """One change over all rows: look outward ring by ring, then close in on the crossing."""

    def __init__(
        self, problem: Problem, inputs: FloatArray, failed: IntArray, change: Change
    ) -> None:
        self._problem = problem
        self._inputs = inputs
        self._failed = failed
        self._change = change
        self._base = change.values(inputs)
        self._full = float(problem.rules.limits[r.CAPEX_COVERAGE_FULL])

    def run(self) -> Solved:
        """Solve the change for every row."""
        rows = self._inputs.shape[1]
        value = np.full(rows, np.nan)
        for kind, sides in enumerate(self._brackets()):
            missing = np.isnan(value)
            value = np.where(missing, self._nearest(sides, kind, missing), value)
        return self._told(value)

    def _look(self, rows: IntArray, values: FloatArray) -> tuple[FloatArray, IntArray]:
        """Coverage less what is full, and the reasons (bits), of `rows` (n,) at `values` (n,)."""
        moved = self._change.moved(self._inputs[:, rows], values)
        figures = sized_figures_of_inputs(self._problem, moved)
        short = figures[f.CAPEX_COVERAGE] - self._full
        return np.where(np.isnan(short), _FAR_SHORT, short), failed_of(figures)

    def _margins(self, rows: IntArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The two margins: by _CLEAN a trade of failures is far short, by _FUNDED it is not."""
        short, failed = self._look(rows, values)
        trades = (failed & ~self._failed[rows]) != 0
        return np.where(trades, np.minimum(short, _FAR_SHORT), short), short

    def _brackets(self) -> list[list[_Brackets]]:
        """First crossings by margin (_CLEAN, _FUNDED) and side (under, over the base).

        A row is looked at until a ring funds it without a trade.
        """
        rows = self._inputs.shape[1]
        start = self._margins(np.arange(rows, dtype=np.int64), self._base)
        found = [[_Brackets(self._base, margin) for _ in range(2)] for margin in start]
        waiting = np.ones(rows, dtype=np.bool_)
        for ring in self._change.rings(self._inputs, _RINGS):
            done = np.zeros(rows, dtype=np.bool_)
            for side, values in enumerate(ring):
                some = np.flatnonzero(waiting & np.isfinite(values))
                if len(some):
                    margins = self._margins(some, values[some])
                    for kind, margin in enumerate(margins):
                        found[kind][side].note(some, values[some], margin)
                    done[some] |= margins[_CLEAN] >= 0.0
            waiting &= ~done
            if not waiting.any():
                break
        return found

    def _nearest(self, sides: list[_Brackets], kind: int, wanted: BoolArray) -> FloatArray:
        """The crossing nearest to the base of each row that is wanted; NaN where there is none."""
        nearest = np.full(len(wanted), np.nan)
        for side in sides:
            rows = np.flatnonzero(wanted & side.found)
            value = side.holding[rows]
            if self._change.per_unit is None:
                value = self._closed_in(side, rows, kind)
            here, there = np.abs(value - self._base[rows]), np.abs(nearest - self._base)[rows]
            nearest[rows] = np.where(there <= here, nearest[rows], value)
        return nearest

    def _closed_in(self, side: _Brackets, rows: IntArray, kind: int) -> FloatArray:
        return close_in(
            lambda some, values: self._margins(rows[some], values)[kind],
            side.lacking[rows],
            side.holding[rows],
            side.lacking_margin[rows],
            side.holding_margin[rows],
            _WIDTH * np.abs(self._base[rows]),
        )[1]

    def _told(self, value: FloatArray) -> Solved:
        rows = np.flatnonzero(np.isfinite(value))
        failed = np.zeros(len(value), dtype=np.int64)
        failed[rows] = self._look(rows, value[rows])[1]
        new = failed & ~self._failed
        status = np.where(np.isfinite(value), np.where(new != 0, TRADES, SOLVED), NOT_REACHED)
        change_pct = 100.0 * (value - self._base) / np.abs(self._base)
        return Solved(self._change, self._base, status, value, change_pct, failed, new)


class _Brackets:
    """Each row's first crossing on one side: the last value that lacks, the first that holds."""

    def __init__(self, base: FloatArray, margin: FloatArray) -> None:
        self.found = np.zeros(len(base), dtype=np.bool_)
        self.lacking, self.holding = base.copy(), base.copy()
        self.lacking_margin, self.holding_margin = margin.copy(), margin.copy()

    def note(self, rows: IntArray, values: FloatArray, margin: FloatArray) -> None:
        """Look at `values` (n,) of `rows` (n,), further out than before."""
        unknown = ~self.found[rows]
        rows, values, margin = rows[unknown], values[unknown], margin[unknown]
        holds = margin >= 0.0
        lacks, found = rows[~holds], rows[holds]
        self.lacking[lacks], self.lacking_margin[lacks] = values[~holds], margin[~holds]
        self.holding[found], self.holding_margin[found] = values[holds], margin[holds]
        self.found[found] = True
