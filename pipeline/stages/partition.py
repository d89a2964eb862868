"""What every partition does around its figures: is it done, is this the right engine, how long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import pyarrow as pa

from pipeline.space.levers import IntArray
from pipeline.stages.contract import Outcome, PartitionTask, Run
from pipeline.stages.counts import Counts, add_counts
from pipeline.stages.memory import memory_used_pct
from pipeline.storage.checkpoints import check_part, write_part
from pipeline.storage.fingerprint import engine_fingerprint
from pipeline.storage.plan import Plan, cached_plan

# Rows computed at once: beyond them scratch arrays grow and speed does not.
_SLICE_ROWS: Final = 5_000
_SMALL_SLICE_ROWS: Final = 500
_MEMORY_PRESSURE_PCT: Final = 85.0


class WrongEngineError(Exception):
    """This worker runs another version of the engine than the plan was made with."""


def task_of(
    run: Run,
    plan: Plan,
    stage: str,
    number: int,
    rows: int | None,
    spans: tuple[tuple[int, int, int], ...] = (),
) -> PartitionTask:
    """What a worker needs for a partition of `stage`; `rows`, `spans` as in PartitionTask."""
    return PartitionTask(
        stage=stage,
        number=number,
        rows=rows,
        plan_hash=plan.plan_hash,
        fingerprint=plan.fingerprint,
        place=run.place,
        spans=spans,
    )


def checkpointed(
    task: PartitionTask, compute: Callable[[PartitionTask, Plan], tuple[pa.Table, Counts]]
) -> Outcome:
    """The partition's record: of its checkpoint if that is sound, else computed and written.

    Raises WrongEngineError, UnreadablePlanError, OSError, and whatever `compute` raises.
    """
    started = time.perf_counter()
    here = engine_fingerprint()
    if here != task.fingerprint:
        raise WrongEngineError(f"this worker runs engine {here}, the plan needs {task.fingerprint}")
    plan = cached_plan(task.store, task.plan_hash)
    rows = plan.rows_of(task.number) if task.rows is None else task.rows
    checked = check_part(task.store, task.owner, task.stage, task.number, rows)
    if checked.marker is not None:
        seconds = time.perf_counter() - started
        return Outcome(task.number, rows, checked.marker.record, True, None, seconds)
    table, record = compute(task, plan)
    if table.num_rows != rows:
        raise ValueError(f"{task} has {table.num_rows} rows, the plan says {rows}")
    write_part(task.store, task.owner, task.stage, task.number, table, record)
    seconds = time.perf_counter() - started
    return Outcome(task.number, rows, record, False, checked.reason, seconds)


def in_slices(
    ids: IntArray, compute: Callable[[IntArray], tuple[pa.Table, Counts]]
) -> tuple[pa.Table, Counts]:
    """Rows and record of a partition's `ids` (rows,), none or more, computed a slice at a time.

    Slices get smaller as long as memory is short; the partition, and every bit of it, stays the
    same.
    """
    tables: list[pa.Table] = []
    total: Counts = {}
    start = 0
    while not tables or start < len(ids):
        crowded = memory_used_pct() > _MEMORY_PRESSURE_PCT
        stop = start + (_SMALL_SLICE_ROWS if crowded else _SLICE_ROWS)
        table, record = compute(ids[start:stop])
        tables.append(table)
        add_counts(total, record)
        start = stop
    # One chunk, so that the bytes of the file do not depend on the slices either.
    return pa.concat_tables(tables).combine_chunks(), total
