"""Analysis: all columns of the survivors, cut again so that blocks are dense.

Survivors are sparse among pruning's partitions. They are counted through in plan order, cut into
partitions of the plan's size and regenerated from their ids.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from kernels import figures as f
from pipeline.columns import survivor_table
from pipeline.compute import Executor
from pipeline.engine import figures_of_ids
from pipeline.space.levers import IntArray
from pipeline.space.partitions import Survivors, number_of_partitions, span
from pipeline.stages.contract import OnProgress, Outcome, PartitionTask, Run, StageResult
from pipeline.stages.counts import Counts
from pipeline.stages.fan_out import fan_out
from pipeline.stages.partition import checkpointed, in_slices, task_of
from pipeline.stages.pruning import EVALUATED_SCHEMA
from pipeline.storage.checkpoints import (
    ANALYSIS,
    PRUNING,
    DamagedPartError,
    Owner,
    read_marker,
    read_markers,
    read_part,
)
from pipeline.storage.plan import Plan
from pipeline.storage.store import Store

_COLUMNS = ["permutation_id", "survivor"]


class StageIncompleteError(Exception):
    """A stage lacks parts that the one after it needs."""


def analysis_stage(
    run: Run, plan: Plan, executor: Executor, on_progress: OnProgress
) -> StageResult:
    """All columns of all survivors, where no sound checkpoint has them.

    Raises StageIncompleteError, PartitionsFailed.
    """
    owner = Owner(plan.plan_hash, plan.fingerprint)
    survivors = Survivors(survivors_by_partition(run.store, owner, plan))
    total = number_of_partitions(survivors.total, plan.partition_rows)
    tasks = (_task(run, plan, survivors, number) for number in range(total))
    return fan_out(run, ANALYSIS, tasks, total, analyse, executor, on_progress)


def analyse(task: PartitionTask) -> Outcome:
    """One partition, on whatever worker this is."""
    return checkpointed(task, _compute)


def survivors_by_partition(store: Store, owner: Owner, plan: Plan) -> list[int]:
    """How many each pruning partition kept, in plan order. Raises StageIncompleteError."""
    kept = []
    for number, checked in enumerate(read_markers(store, owner, PRUNING, plan.partitions)):
        if checked.marker is None:
            raise StageIncompleteError(
                f"pruning part {number}: {checked.reason or 'it is missing'}"
            )
        kept.append(int(checked.marker.record["survivors"]))
    return kept


def _task(run: Run, plan: Plan, survivors: Survivors, number: int) -> PartitionTask:
    start, stop = span(number, survivors.total, plan.partition_rows)
    return task_of(run, plan, ANALYSIS, number, stop - start, survivors.spans(start, stop))


def _compute(task: PartitionTask, plan: Plan) -> tuple[pa.Table, Counts]:
    return in_slices(_survivor_ids(task, plan), lambda ids: _analysed(plan, ids))


def _analysed(plan: Plan, ids: IntArray) -> tuple[pa.Table, Counts]:
    figures = figures_of_ids(plan.problem, ids)
    if figures[f.GATE_A_FAILED].any() or figures[f.GATE_B_FAILED].any():
        raise DamagedPartError("a row that pruning kept does not pass the gates")
    table = survivor_table(plan.problem.levers, plan.space.digits(ids), ids, figures)
    return table, {"survivors": len(ids)}


def _survivor_ids(task: PartitionTask, plan: Plan) -> IntArray:
    """Ids of the task's survivors in plan order, (rows,) int64. Raises DamagedPartError."""
    pieces = []
    for number, first, last in task.spans:
        checked = read_marker(task.store, task.owner, PRUNING, number)
        if checked.marker is None:
            raise DamagedPartError(f"pruning part {number}: {checked.reason or 'it is missing'}")
        part = read_part(task.store, checked.marker, _COLUMNS, EVALUATED_SCHEMA)
        ids = part["permutation_id"].to_numpy()
        if not np.array_equal(ids, plan.ids_of(number)[0]):
            # The kernels trust them: an id from outside the space would be an index out of bounds.
            raise DamagedPartError(f"pruning part {number} holds other ids than the plan")
        ids = ids[part["survivor"].to_numpy()]
        pieces.append(ids[first:last])
    return np.concatenate(pieces)
