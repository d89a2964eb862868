"""The Pareto frontier of a run, kept up to date while the merge reads the parts.

Goals: senior notional, day-one cash, least DSCR and senior rating as high as can be, WACC as low.
A structure is on the frontier when no other survivor is at least as good in all five and better in
one. Which those are does not depend on the order in which rows come, so neither on partitions.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kernels import codes
from kernels.pareto import dominated
from pipeline.problem import FloatArray

HIGH: Final = ("senior_notional", "day1_cash", "dscr_min", "senior_rating")
LOW: Final = ("wacc",)


class Frontier:
    """Ids and goals of the rows that none of the rows seen so far dominates.

    Memory is that of the frontier, which is small beside the run: it grows with the trade-offs
    there are, not with the rows.
    """

    def __init__(self) -> None:
        self._goals: FloatArray = np.empty((0, len(HIGH) + len(LOW)))
        self._ids: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def add(self, table: pa.Table) -> None:
        """Take in rows of analysis parts, in any order."""
        goals, ids = goals_of(table), table["permutation_id"].to_numpy()
        for against in (self._goals, None):
            kept = ~_dominated(goals, goals if against is None else against)
            goals, ids = goals[kept], ids[kept]
        kept = ~_dominated(self._goals, goals)
        self._goals = np.concatenate([self._goals[kept], goals])
        self._ids = np.concatenate([self._ids[kept], ids])

    def marks(self, table: pa.Table) -> pa.Array:
        """Which rows of `table` are on the frontier of all that was added."""
        return pc.is_in(table["permutation_id"].combine_chunks(), value_set=pa.array(self._ids))


def goals_of(table: pa.Table) -> FloatArray:
    """(rows, 5) float64, more is better; an undefined figure is worse than every other."""
    columns = []
    for name in (*HIGH, *LOW):
        column = table[name]
        if pa.types.is_string(column.type):
            column = pc.index_in(column, value_set=pa.array(codes.RATING_NAMES))
        figures = pc.cast(column, pa.float64())
        if name in LOW:
            figures = pc.negate(figures)
        columns.append(pc.fill_null(figures, -np.inf).to_numpy())
    return np.ascontiguousarray(np.stack(columns, axis=1))


def _dominated(rows: FloatArray, by: FloatArray) -> npt.NDArray[np.bool_]:
    found = np.empty(len(rows), dtype=np.bool_)
    dominated(rows, by, found)
    return found
