"""What every partition does around its figures: is it done, is this the right engine, how long."""

from __future__ import annotations

import time
from collections.abc import Callable

import pyarrow as pa

from pipeline.stages.contract import Counts, Outcome, PartitionTask
from pipeline.storage.checkpoints import check_part, write_part
from pipeline.storage.fingerprint import engine_fingerprint
from pipeline.storage.plan import Plan, cached_plan


class WrongEngineError(Exception):
    """This worker runs another version of the engine than the plan was made with."""


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
    checked = check_part(task.store, task.owner, task.stage, task.number, task.rows)
    if checked.marker is not None:
        seconds = time.perf_counter() - started
        return Outcome(task.number, task.rows, checked.marker.record, True, None, seconds)
    table, record = compute(task, cached_plan(task.store, task.plan_hash))
    if table.num_rows != task.rows:
        raise ValueError(f"{task} has {table.num_rows} rows, the plan says {task.rows}")
    write_part(task.store, task.owner, task.stage, task.number, table, record)
    seconds = time.perf_counter() - started
    return Outcome(task.number, task.rows, record, False, checked.reason, seconds)
