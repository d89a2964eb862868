"""The near misses of a run: which they are, and their solutions task by task.

Ids are sorted before they are cut into tasks, since rows that differ only in an overlay stand
together then and are solved once; what a row's solution is does not depend on that.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kernels import rules as r
from pipeline.compute import Executor
from pipeline.compute.executor import check_fingerprints
from pipeline.solve.near_miss_table import solutions_table
from pipeline.space.levers import IntArray
from pipeline.stages.analysis import StageIncompleteError
from pipeline.stages.contract import OnProgress, Progress
from pipeline.stages.pruning import near_miss
from pipeline.storage.checkpoints import PRUNING, Owner, read_marker, read_part
from pipeline.storage.plan import Plan, cached_plan
from pipeline.storage.store import Store, open_store
from pipeline.storage.store_address import StoreAddress

STAGE: Final = "near misses"
ROWS_A_TASK: Final = 2_000
RANKED_COLUMNS: Final = ("permutation_id", "capex_coverage")
_COLUMNS: Final = ["permutation_id", "reasons", "capex_coverage"]


@dataclass(frozen=True)
class NearMissTask:
    """Some near misses of a run: `ids` (rows,), at most 16 kB of them, and where the plan is."""

    number: int
    ids: IntArray = field(repr=False)
    plan_hash: str
    place: StoreAddress

    def __str__(self) -> str:
        return f"near misses from number {self.number * ROWS_A_TASK}"


def near_miss_ids(store: Store, plan: Plan) -> IntArray:
    """Ids of all near misses of a run, sorted, (rows,) int64: 8 MB a million.

    Raises StageIncompleteError, DamagedPartError.
    """
    owner = Owner(plan.plan_hash, plan.fingerprint)
    full = full_coverage_of(plan)
    pieces = [np.empty(0, dtype=np.int64)]
    for number in range(plan.partitions):
        checked = read_marker(store, owner, PRUNING, number)
        if checked.marker is None:
            reason = checked.reason or "it is missing"
            raise StageIncompleteError(f"pruning part {number}: {reason}; resume the run first")
        part = read_part(store, checked.marker, _COLUMNS)
        coverage = part["capex_coverage"].to_numpy()
        near = near_miss(part["reasons"].to_numpy(), coverage, full)
        pieces.append(part["permutation_id"].to_numpy()[near])
    return np.sort(np.concatenate(pieces))


def best_near_misses(ranked: Iterable[pa.Table], plan: Plan, most: int) -> IntArray:
    """Ids of the first `most` near misses among survivors, in their order, (rows,) int64.

    `ranked` are tables that have the columns RANKED_COLUMNS; no more of them are taken than needed.
    """
    full = full_coverage_of(plan)
    found: list[IntArray] = [np.empty(0, dtype=np.int64)]
    kept = 0
    for table in ranked:
        ids = table["permutation_id"].to_numpy()
        passed = np.zeros(len(ids), dtype=np.int64)
        near = near_miss(passed, table["capex_coverage"].to_numpy(), full)
        found.append(ids[near][: most - kept])
        kept += len(found[-1])
        if kept >= most:
            break
    return np.concatenate(found)


def ranked_tables(path: Path) -> Iterator[pa.Table]:
    """RANKED_COLUMNS of a ranked file, some rows at a time. Raises OSError for a damaged page."""
    file = pq.ParquetFile(path, page_checksum_verification=True)
    for batch in file.iter_batches(10_000, columns=list(RANKED_COLUMNS), use_threads=False):
        yield pa.Table.from_batches([batch])


def full_coverage_of(plan: Plan) -> float:
    """The capex_coverage [ratio] from which a structure is no near miss."""
    return float(plan.problem.rules.limits[r.CAPEX_COVERAGE_FULL])


def solved_tables(
    plan: Plan,
    place: StoreAddress,
    ids: IntArray,
    executor: Executor,
    on_progress: OnProgress,
) -> Iterator[pa.Table]:
    """Tables of `near_miss_table.SCHEMA` of `ids` (rows,), in their order. Raises PartitionsFailed.

    As many tables are held as ended before their turn.
    """
    started = time.perf_counter()
    check_fingerprints(executor, plan.fingerprint)
    total = -(-len(ids) // ROWS_A_TASK)
    tasks = (
        NearMissTask(
            number,
            ids[number * ROWS_A_TASK : (number + 1) * ROWS_A_TASK],
            plan.plan_hash,
            place,
        )
        for number in range(total)
    )
    early: dict[int, pa.Table] = {}
    following = rows = solved = 0
    on_progress(Progress(STAGE, 0, total, 0, 0, 0.0))
    for done, (number, table) in enumerate(executor.map_unordered(solve_task, tasks), start=1):
        rows += table.num_rows
        solved += table.num_rows - table["solution"].null_count
        elapsed = time.perf_counter() - started
        on_progress(Progress(STAGE, done, total, rows, solved, elapsed))
        early[number] = table
        while following in early:
            yield early.pop(following)
            following += 1


def solve_task(task: NearMissTask) -> tuple[int, pa.Table]:
    """One task, on whatever worker this is."""
    store = open_store(task.place)
    return task.number, solutions_table(cached_plan(store, task.plan_hash), task.ids)
