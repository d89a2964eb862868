"""The lever space: permutation ids to inputs, by mixed radix with the last lever fastest."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kernels.bijection import MAX_SIZE
from pipeline.problem import FloatArray, Lever

IntArray = npt.NDArray[np.int64]


class LeverSpace:
    """All combinations of the values of `levers`.

    `permutation_id` is the index in this space, int64: the same id is the same structure whatever
    the seed, the sample or the partition size. Without levers the space is one structure, id 0.
    Raises ValueError for a lever without values and for a space of 10^15 or more.
    """

    def __init__(self, levers: Sequence[Lever]) -> None:
        self.levers = tuple(levers)
        self.radices = tuple(len(lever.values) for lever in self.levers)
        for lever, radix in zip(self.levers, self.radices, strict=True):
            if radix == 0:
                raise ValueError(f"lever {lever.name} has no values")
        self.size = math.prod(self.radices)
        if self.size >= MAX_SIZE:
            raise ValueError(f"the lever space has {self.size} permutations; 10^15 is the limit")

    def digits(self, ids: IntArray) -> IntArray:
        """Which value of each lever the `ids` (rows,) take: (n_levers, rows) int64."""
        digits = np.empty((len(self.levers), len(ids)), dtype=np.int64)
        rest = np.asarray(ids, dtype=np.int64)
        for place in range(len(self.levers) - 1, -1, -1):
            rest, digits[place] = np.divmod(rest, self.radices[place])
        return digits

    def fill(self, base: FloatArray, ids: IntArray) -> FloatArray:
        """Inputs of the `ids`: (N_INPUTS, rows) float64, `base` (N_INPUTS,) where no lever acts."""
        inputs = np.empty((len(base), len(ids)), dtype=np.float64)
        inputs[:] = base[:, np.newaxis]
        for lever, digit in zip(self.levers, self.digits(ids), strict=True):
            for column, row in enumerate(lever.rows):
                inputs[row] = lever.values[digit, column]
        return inputs

    def labels(self, permutation_id: int) -> dict[str, object]:
        """What a person calls the lever values of one permutation, by lever name."""
        digits = self.digits(np.array([permutation_id], dtype=np.int64))[:, 0]
        return {
            lever.name: lever.labels[digit]
            for lever, digit in zip(self.levers, digits, strict=True)
        }
