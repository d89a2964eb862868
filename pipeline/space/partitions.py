"""Partitions: how a run's permutations are cut, and which ids each part holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kernels.bijection import permute, round_keys, unpermute
from pipeline.space.levers import IntArray

# Rows a partition by rows of the run: (up to, rows), contracts "Permutations".
_ROWS_BY_COUNT = ((100_000, 2_500), (175_000, 1_800))
_ROWS_ABOVE = 1_200
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
    """Whether a sample of `count` is taken in order of ids: it holds half of the space or more."""
    return 2 * count >= size


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


def survivor_spans(
    survivors: Sequence[int], start: int, stop: int
) -> tuple[tuple[int, int, int], ...]:
    """Where the survivors [start, stop), counted in plan order, lie among pruning partitions.

    `survivors[p]` is how many partition p kept. Returns (partition, first, last + 1) triples that
    count survivors within the partition.
    """
    spans = []
    before = 0
    for number, kept in enumerate(survivors):
        first, last = max(start - before, 0), min(stop - before, kept)
        if first < last:
            spans.append((number, first, last))
        before += kept
        if before >= stop:
            break
    return tuple(spans)
