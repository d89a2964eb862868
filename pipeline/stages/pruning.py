"""Pruning: every permutation of the plan through both gates, a checkpoint a partition."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kernels import codes
from kernels import figures as f
from kernels.rules import CAPEX_COVERAGE_FULL
from pipeline.compute import Executor
from pipeline.engine import reverse_sizes, sized_figures_of_ids
from pipeline.problem import FloatArray
from pipeline.space.levers import IntArray
from pipeline.stages.contract import OnProgress, Outcome, PartitionTask, Run, StageResult
from pipeline.stages.counts import Counts
from pipeline.stages.fan_out import fan_out
from pipeline.stages.partition import checkpointed, in_slices, task_of
from pipeline.stages.reverse_check import compare, is_checked
from pipeline.storage.checkpoints import PRUNING
from pipeline.storage.plan import Plan

# Coverage sized to a bound sits exactly on it (model, section 1).
_TOLERANCE = 1e-9
_NO_REASON = codes.N_REASONS

EVALUATED_SCHEMA = pa.schema(
    [
        pa.field("permutation_id", pa.int64(), False),
        pa.field("first_reason", pa.string()),
        pa.field("reasons", pa.int64(), False),
        pa.field("warnings", pa.int64(), False),
        pa.field("capex_coverage", pa.float64()),
        pa.field("dscr_min", pa.float64()),
        pa.field("survivor", pa.bool_(), False),
    ]
)


def pruning_stage(run: Run, plan: Plan, executor: Executor, on_progress: OnProgress) -> StageResult:
    """Evaluate all partitions that have no sound checkpoint. Raises PartitionsFailed."""
    tasks = (_task(run, plan, number) for number in range(plan.partitions))
    return fan_out(run, PRUNING, tasks, plan.partitions, prune, executor, on_progress)


def prune(task: PartitionTask) -> Outcome:
    """One partition, on whatever worker this is."""
    return checkpointed(task, _compute)


def _task(run: Run, plan: Plan, number: int) -> PartitionTask:
    return task_of(run, plan, PRUNING, number, None)


def _compute(task: PartitionTask, plan: Plan) -> tuple[pa.Table, Counts]:
    ids, positions = plan.ids_of(task.number)
    full = float(plan.problem.rules.limits[CAPEX_COVERAGE_FULL])
    checked = ids[is_checked(plan, positions)]
    kept: list[FloatArray] = []

    def sized(some: IntArray) -> tuple[pa.Table, Counts]:
        figures = sized_figures_of_ids(plan.problem, some)
        kept.append(figures[:, np.isin(some, checked)])
        return evaluated(some, figures, full)

    table, record = in_slices(ids, sized)
    figures = np.concatenate(kept, axis=1)
    found = reverse_sizes(plan.problem, checked, figures[f.SENIOR_NOTIONAL])
    record.update(compare(checked, figures, found, plan.problem.reverse_check))
    return table, record


def evaluated(ids: IntArray, figures: FloatArray, full: float) -> tuple[pa.Table, Counts]:
    """The evaluated rows and their record.

    `ids` (rows,), `figures` (N_FIGURES, rows); `full` is the capex coverage [ratio] from which a
    structure is no near miss. A survivor failed no test of either gate; whether it is viable is
    known after the analysis and counted there. Gate B's reasons are counted among the rows that
    came to it.
    """
    failed_a = figures[f.GATE_A_FAILED].astype(np.int64)
    failed = failed_a | figures[f.GATE_B_FAILED].astype(np.int64)
    passed_a = failed_a == 0
    survivor = failed == 0
    first = _lowest_bit(failed)
    near = near_miss(failed, figures[f.CAPEX_COVERAGE], full)
    names = pa.array([*codes.REASON_NAMES, None], pa.string())
    arrays: list[Any] = [
        pa.array(ids),
        names.take(pa.array(first)),
        pa.array(failed),
        pa.array(figures[f.WARNINGS].astype(np.int64)),
        *(
            pa.array(figures[figure], mask=np.isnan(figures[figure]))
            for figure in (f.CAPEX_COVERAGE, f.DSCR_MIN)
        ),
        pa.array(survivor),
    ]
    record: Counts = {
        "survivors": int(survivor.sum()),
        "near_misses": int(near.sum()),
        "viable": int(((figures[f.VIABLE] == 1.0) & ~survivor).sum()),
        "gate_a_pruned": int((~passed_a).sum()),
        "gate_b_pruned": int((passed_a & ~survivor).sum()),
        "gate_a_reasons": _bit_counts(failed_a, 0, codes.N_GATE_A_REASONS),
        "gate_b_reasons": _bit_counts(failed[passed_a], codes.N_GATE_A_REASONS, codes.N_REASONS),
        "first_reasons": np.bincount(first, minlength=_NO_REASON + 1)[:_NO_REASON].tolist(),
    }
    return pa.Table.from_arrays(arrays, schema=EVALUATED_SCHEMA), record


def near_miss(failed: IntArray, coverage: FloatArray, full: float) -> npt.NDArray[np.bool_]:
    """Which rows Gate A lets through on capital although `coverage` (rows,) is under `full`.

    `failed` (rows,) are the bits of the reasons; other tests may fail.
    """
    enough: npt.NDArray[np.bool_] = failed & (1 << codes.INSUFFICIENT_CAPITAL) == 0
    return enough & (coverage < full - _TOLERANCE)


def _lowest_bit(masks: IntArray) -> npt.NDArray[np.int64]:
    """Number of the lowest set bit, _NO_REASON where none is: the reason that binds."""
    first = np.full(len(masks), _NO_REASON, dtype=np.int64)
    for bit in range(codes.N_REASONS - 1, -1, -1):
        first[masks & (1 << bit) != 0] = bit
    return first


def _bit_counts(masks: IntArray, first: int, last: int) -> list[int]:
    return [int(np.count_nonzero(masks & (1 << bit))) for bit in range(first, last)]
