"""What a run will take, before anything runs: measured now on a small sample of the run itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from kernels import figures as f
from kernels.rules import CAPEX_COVERAGE_FULL
from pipeline.columns import survivor_table
from pipeline.engine import figures_of_ids, sized_figures_of_ids, warm_up
from pipeline.problem import Problem
from pipeline.space.levers import LeverSpace
from pipeline.space.partitions import ids_at, number_of_partitions, rows_per_partition
from pipeline.stages.pruning import evaluated
from pipeline.storage.checkpoints import parquet_bytes

SAMPLE_ROWS: Final = 2_500


@dataclass(frozen=True)
class Estimate:
    """`seconds` are those of the two fan-outs on `slots`; start-up and the report come on top.

    `bytes_on_disk` are those of all parts and of the ranked file. Survivors, seconds and bytes are
    extrapolated from `sample_rows` permutations spread over the space; `rows_per_second` is one
    slot's.
    """

    rows: int
    space_size: int
    sampled: bool
    partition_rows: int
    partitions: int
    survivors: int
    seconds: float
    bytes_on_disk: int
    sample_rows: int
    rows_per_second: float
    slots: int


def estimate(problem: Problem, count: int, seed: int, rows: int | None, slots: int) -> Estimate:
    """Compute a sample of a run of `count` permutations and extrapolate; writes nothing.

    `rows` is the partition size asked for, None for the usual one.
    """
    space = LeverSpace(problem.levers)
    warm_up(problem)
    sample = min(SAMPLE_ROWS, space.size)
    ids = ids_at(0, sample, space.size, seed, sampled=True)
    # Twice, the second counts: first calls compile, load and allocate.
    for _ in range(2):
        started = time.perf_counter()
        figures = sized_figures_of_ids(problem, ids)
        table, _record = evaluated(ids, figures, float(problem.rules.limits[CAPEX_COVERAGE_FULL]))
        pruned = len(parquet_bytes(table))
        pruning_s = (time.perf_counter() - started) / sample
    keep = (figures[f.GATE_A_FAILED] == 0.0) & (figures[f.GATE_B_FAILED] == 0.0)
    share = float(keep.mean())
    # With nothing kept the rows that fail stand for their cost, which is then not multiplied.
    ids = ids[keep] if keep.any() else ids
    for _ in range(2):
        started = time.perf_counter()
        figures = figures_of_ids(problem, ids)
        full = survivor_table(problem.levers, space.digits(ids), ids, figures)
        analysed = len(parquet_bytes(full))
        analysis_s = (time.perf_counter() - started) / len(ids)
    survivors = round(share * count)
    partition_rows = rows_per_partition(count, rows)
    seconds = count * pruning_s + survivors * analysis_s
    return Estimate(
        rows=count,
        space_size=space.size,
        sampled=count < space.size,
        partition_rows=partition_rows,
        partitions=number_of_partitions(count, partition_rows),
        survivors=survivors,
        seconds=seconds / slots,
        bytes_on_disk=round(count * pruned / sample + 2 * survivors * analysed / len(ids)),
        sample_rows=sample,
        rows_per_second=count / seconds,
        slots=slots,
    )
