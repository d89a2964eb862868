"""How much of a figure's variance each lever, and each pair of levers, explains.

A functional analysis of variance over the cells of the lever space that were evaluated; defined in
docs/method.md, section 12. Source: Hoeffding 1948; Sobol 1993 for the shares on a full grid.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.problem import FloatArray

IntArray = npt.NDArray[np.int64]
MAX_CELLS: Final = 100_000  # of a pair; beyond them its table would outgrow the run
# Shares are told to 1e-9: the last bits of a least-squares fit differ between processors.
_DIGITS: Final = 9


@dataclass(frozen=True)
class Share:
    """A share of the variance, 0 to 1, and what chance alone would show on average.

    Null where the figure does not vary, or is there no more than once.
    """

    share: float | None
    by_chance: float | None


def pairs_of(radices: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Pairs of levers, first before second, whose cells can be held."""
    numbers = itertools.combinations(range(len(radices)), 2)
    return tuple((i, j) for i, j in numbers if radices[i] * radices[j] <= MAX_CELLS)


class CellSums:
    """Counts and sums of one figure over the values of each lever and the cells of each pair.

    Rows are added one after the other to the sums that are there, so that no figure depends on how
    the rows were cut, only on their order. Values are centred on the first one, which keeps the
    sums of squares exact enough.
    """

    def __init__(self, radices: Sequence[int], pairs: Sequence[tuple[int, int]] = ()) -> None:
        self._radices = tuple(radices)
        self.pairs = tuple(pairs)
        self.pivot: float | None = None
        self.count = [np.zeros(radix, dtype=np.int64) for radix in radices]
        self._sum = [np.zeros(radix) for radix in radices]
        cells = [radices[i] * radices[j] for i, j in self.pairs]
        self._pair_count = [np.zeros(size, dtype=np.int64) for size in cells]
        self._pair_sum = [np.zeros(size) for size in cells]
        self.rows = 0
        self._total, self._squares = np.zeros(1), np.zeros(1)

    def add(self, digits: IntArray, values: FloatArray) -> None:
        """Take in rows: `digits` (levers, rows), `values` (rows,), NaN where undefined."""
        there = ~np.isnan(values)
        digits, values = digits[:, there], values[there]
        if not len(values):
            return
        if self.pivot is None:
            self.pivot = float(values[0])
        centred = values - self.pivot
        everywhere = np.zeros(len(values), dtype=np.int64)
        np.add.at(self._total, everywhere, centred)
        np.add.at(self._squares, everywhere, centred * centred)
        self.rows += len(values)
        for lever, radix in enumerate(self._radices):
            self.count[lever] += np.bincount(digits[lever], minlength=radix)
            np.add.at(self._sum[lever], digits[lever], centred)
        for place, (i, j) in enumerate(self.pairs):
            cell = digits[i] * self._radices[j] + digits[j]
            self._pair_count[place] += np.bincount(cell, minlength=len(self._pair_sum[place]))
            np.add.at(self._pair_sum[place], cell, centred)

    def means(self, lever: int) -> list[float | None]:
        """Mean by value of a lever; null where no row has the figure."""
        return [
            None if not count else float(total / count + (self.pivot or 0.0))
            for count, total in zip(self.count[lever], self._sum[lever], strict=True)
        ]

    def main_effect(self, lever: int) -> Share:
        """Share of the variance between the values of a lever."""
        between = _between(self.count[lever], self._sum[lever]) - self._correction()
        freedom = int(np.count_nonzero(self.count[lever])) - 1
        return self._share(between, freedom)

    def interaction(self, place: int) -> Share:
        """Share that the cells of pair `place` explain beyond the best sum of two effects."""
        i, j = self.pairs[place]
        shape = (self._radices[i], self._radices[j])
        count = self._pair_count[place].reshape(shape)
        total = self._pair_sum[place].reshape(shape)
        cells = _between(count, total)
        filled = [int(np.count_nonzero(count.sum(axis=axis))) for axis in (0, 1)]
        freedom = int(np.count_nonzero(count)) - sum(filled) + 1
        return self._share(max(0.0, cells - _additive(count, total)), max(0, freedom))

    def _correction(self) -> float:
        return float(self._total[0] ** 2 / self.rows) if self.rows else 0.0

    def _share(self, explained: float, freedom: int) -> Share:
        whole = float(self._squares[0]) - self._correction()
        # What is left of a constant after centring is rounding.
        scale = max(abs(self.pivot or 0.0), 1e-300)
        if self.rows < 2 or whole <= self.rows * (1e-12 * scale) ** 2:
            return Share(None, None)
        share = min(1.0, max(0.0, explained / whole))
        return Share(round(share, _DIGITS), round(min(1.0, freedom / (self.rows - 1)), _DIGITS))


def _between(count: IntArray, total: FloatArray) -> float:
    """Sum of squares of group means, uncorrected."""
    some = count > 0
    return float(np.sum(total[some] * total[some] / count[some]))


def _additive(count: IntArray, total: FloatArray) -> float:
    """Sum of squares of the weighted least-squares fit row effect + column effect, uncorrected.

    `count`, `total` (n, m). Where every cell has the same count this is the two main effects.
    """
    weights = count.astype(np.float64)
    rows, columns = weights.sum(axis=1), weights.sum(axis=0)
    normal = np.block([[np.diag(rows), weights], [weights.T, np.diag(columns)]])
    right = np.concatenate([total.sum(axis=1), total.sum(axis=0)])
    effects = np.linalg.lstsq(normal, right, rcond=None)[0]
    return float(right @ effects)
