"""Batches: the structures of one generation, evaluated in slices wherever the executor runs.

A finished batch is kept as a part with its marker, like a partition of a run: a search that goes
on finds there what its optimiser asks for again, and evaluates nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pipeline.compute import Executor
from pipeline.problem import FloatArray
from pipeline.search.goal import GATES, N_STANDING, STANDING_NAMES, standings_of
from pipeline.space.levers import IntArray
from pipeline.stages.partition import WrongEngineError
from pipeline.storage.checkpoints import (
    SEARCH,
    DamagedPartError,
    Owner,
    read_marker,
    read_part,
    write_part,
)
from pipeline.storage.fingerprint import engine_fingerprint
from pipeline.storage.plan import Plan, cached_plan
from pipeline.storage.store import Store, open_store
from pipeline.storage.store_address import StoreAddress

# Structures a task: some milliseconds of work, beside which dispatch (1-3 ms) stays small.
SLICE_ROWS: Final = 60

_SCHEMA: Final = pa.schema(
    [
        pa.field("permutation_id", pa.int64(), False),
        *(pa.field(name, pa.float64()) for name in STANDING_NAMES),
    ]
)


@dataclass(frozen=True)
class Place:
    """Where a search keeps what it has, and what its workers need to find its plan."""

    plan: Plan
    address: StoreAddress

    @property
    def store(self) -> Store:
        return open_store(self.address)

    @property
    def owner(self) -> Owner:
        return Owner(self.plan.plan_hash, self.plan.fingerprint)


@dataclass(frozen=True)
class Slice:
    """A task: some permutations, and by reference the problem they belong to."""

    number: int
    ids: tuple[int, ...]
    plan_hash: str
    fingerprint: str
    address: StoreAddress

    def __str__(self) -> str:
        return f"search slice {self.number}"


@dataclass(frozen=True)
class Batch:
    """Standings (N_STANDING, rows) of what was asked. `reason`: why a kept batch did not count."""

    standings: FloatArray
    reused: bool
    reason: str | None

    @property
    def completed(self) -> int:
        """How many passed the gates, so that all their figures were computed."""
        return int(np.count_nonzero(self.standings[GATES] == 0.0))


def batch_of(place: Place, number: int, ids: IntArray, executor: Executor) -> Batch:
    """The standings of batch `number`, kept or computed and kept. Raises PartitionsFailed."""
    kept, reason = _kept(place, number, ids)
    if kept is not None:
        return Batch(kept, True, None)
    standings = np.empty((N_STANDING, len(ids)))
    for first, some in executor.map_unordered(evaluate_slice, _slices(place, ids)):
        standings[:, first : first + some.shape[1]] = some
    write_part(place.store, place.owner, SEARCH, number, _table(ids, standings), {})
    return Batch(standings, False, reason)


def evaluate_slice(task: Slice) -> tuple[int, FloatArray]:
    """Place in the batch and standings of one slice, on whatever worker this is.

    Raises WrongEngineError, UnreadablePlanError.
    """
    here = engine_fingerprint()
    if here != task.fingerprint:
        raise WrongEngineError(f"this worker runs engine {here}, the plan needs {task.fingerprint}")
    store = open_store(task.address)
    plan = cached_plan(store, task.plan_hash)
    ids = np.array(task.ids, dtype=np.int64)
    return task.number, standings_of(plan.problem, ids)


def _slices(place: Place, ids: IntArray) -> Iterator[Slice]:
    for first in range(0, len(ids), SLICE_ROWS):
        yield Slice(
            number=first,
            ids=tuple(ids[first : first + SLICE_ROWS].tolist()),
            plan_hash=place.plan.plan_hash,
            fingerprint=place.plan.fingerprint,
            address=place.address,
        )


def _table(ids: IntArray, standings: FloatArray) -> pa.Table:
    columns = [pa.array(row, mask=np.isnan(row)) for row in standings]
    return pa.Table.from_arrays([pa.array(ids), *columns], schema=_SCHEMA)


def _kept(place: Place, number: int, ids: IntArray) -> tuple[FloatArray | None, str | None]:
    """Standings of a kept batch, or None and why it does not count."""
    checked = read_marker(place.store, place.owner, SEARCH, number)
    if checked.marker is None:
        return None, checked.reason
    try:
        table: Any = read_part(place.store, checked.marker)
    except DamagedPartError as damage:
        return None, str(damage)
    if not np.array_equal(table["permutation_id"].to_numpy(), ids):
        return None, "it holds other structures than the search asks for"
    rows = [table[name].to_numpy(zero_copy_only=False) for name in STANDING_NAMES]
    return np.array(rows, dtype=np.float64), None
