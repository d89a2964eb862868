"""Partitions: how a run's permutations are cut, and which ids each part holds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from kernels.bijection import permute, round_keys, unpermute
from pipeline.space.levers import IntArray

# Rows a partition by rows of the run: (up to, rows). In larger runs a partition costs what it costs
# to dispatch, mark and read back, and there are enough to keep every worker busy.
_ROWS_BY_COUNT = ((100_000, 2_500), (175_000, 1_800), (1_000_000, 1_200), (10_000_000, 2_500))
_ROWS_ABOVE = 10_000
MOST_ROWS = 1_000_000  # of one partition, whatever is asked for


def rows_per_partition(count: int, override: int | None = None) -> int:
    """Rows of every partition but the last, for a run of `count` permutations."""
    if override is not None:
        return override
    for limit, rows in _ROWS_BY_COUNT:
        if count <= limit:
            return rows
    return _ROWS_ABOVE


def number_of_partitions(count: int, rows: int) -> int:
    """Partitions of `rows` that hold `count`; none for none."""
    return -(-count // rows)


def span(number: int, count: int, rows: int) -> tuple[int, int]:
    """First position of partition `number` and the one after its last.

    Raises IndexError for a partition that does not exist.
    """
    start = number * rows
    if not 0 <= start < count:
        raise IndexError(f"partition {number} of {number_of_partitions(count, rows)}")
    return start, min(start + rows, count)


def ids_at(start: int, stop: int, size: int, seed: int, sampled: bool) -> IntArray:
    """Permutation ids at the positions [start, stop) of the run, (stop - start,) int64.

    A run over the whole space takes ids in order; a sampled one through the seeded bijection.
    """
    positions = np.arange(start, stop, dtype=np.int64)
    return permute(positions, size, round_keys(seed)) if sampled else positions


def is_dense(count: int, size: int) -> bool:
    """Whether a sample of `count` is taken in order of ids: it holds a quarter of the space.

    Sharing among neighbours then saves a third of the work. Below, most of the neighbours are not
    in the sample, and each id of the space has to be asked for (0.2 to 0.4 us).
    """
    return 4 * count >= size


def partition_ids(
    number: int, count: int, rows: int, size: int, seed: int
) -> tuple[IntArray, IntArray]:
    """Ids of partition `number` of a run of `count` of `size`, and their positions, both (rows,).

    A dense run's partitions are even spans of ids, less those that the sample leaves out: their
    rows vary a little, and permutations that differ only in the overlays lie together, which is
    what lets them share work. A sparse one's are spans of positions. Raises IndexError for a
    partition that does not exist.
    """
    start, stop = span(number, count, rows)
    if count == size or not is_dense(count, size):
        return ids_at(start, stop, size, seed, count < size), np.arange(start, stop)
    parts = number_of_partitions(count, rows)
    ids = np.arange(number * size // parts, (number + 1) * size // parts, dtype=np.int64)
    positions = unpermute(ids, size, round_keys(seed))
    taken = positions < count
    return ids[taken], positions[taken]


def partition_of(permutation_id: int, count: int, rows: int, size: int, seed: int) -> int | None:
    """Number of the partition that holds an id of the space; None where the sample leaves it out.

    The inverse of `partition_ids`.
    """
    position = permutation_id
    if count < size:
        ids = np.array([permutation_id], dtype=np.int64)
        position = int(unpermute(ids, size, round_keys(seed))[0])
    if position >= count:
        return None
    if count < size and is_dense(count, size):
        return ((permutation_id + 1) * number_of_partitions(count, rows) - 1) // size
    return position // rows


class Survivors:
    """How many survivors each pruning partition kept, and where they lie in plan order."""

    def __init__(self, kept: Sequence[int]) -> None:
        self._ends = list(accumulate(kept))  # survivors up to and with each partition

    @property
    def total(self) -> int:
        """All of them."""
        return self._ends[-1] if self._ends else 0

    def spans(self, start: int, stop: int) -> tuple[tuple[int, int, int], ...]:
        """Where the survivors [start, stop), counted in plan order, lie.

        (partition, first, last + 1) triples that count survivors within the partition.
        """
        found = []
        number = bisect_right(self._ends, start)
        while start < stop and number < len(self._ends):
            before = self._ends[number - 1] if number else 0
            last = min(stop, self._ends[number])
            if start < last:
                found.append((number, start - before, last - before))
                start = last
            number += 1
        return tuple(found)
