"""A stage over its partitions: dispatch, progress, totals, log and metrics."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from pipeline.compute.executor import Executor, PartitionsFailed, check_fingerprints
from pipeline.effort import Effort
from pipeline.logs import run_log
from pipeline.metrics import Meter, meter_of
from pipeline.stages.contract import (
    OnProgress,
    Outcome,
    PartitionTask,
    Progress,
    Run,
    StageResult,
)
from pipeline.stages.counts import Counts, add_counts, whole
from pipeline.stages.usage import Usage, record_stage
from pipeline.storage import hold
from pipeline.storage.checkpoints import remove_beyond


def fan_out(
    run: Run,
    stage: str,
    tasks: Iterable[PartitionTask],
    total: int,
    work: Callable[[PartitionTask], Outcome],
    executor: Executor,
    on_progress: OnProgress,
) -> StageResult:
    """Run `work` over `tasks` (`total` of them). Raises PartitionsFailed."""
    log = run_log(run.folder, run.settings.log_level)
    usage = Usage(executor.slots)
    started = time.perf_counter()
    counts: Counts = {}
    redone: list[tuple[int, str]] = []
    reused = rows = survivors = 0
    check_fingerprints(executor, run.fingerprint)
    effort = Effort(executor)
    meter = meter_of(run, stage, effort, usage)
    meter.began(total)
    latest = Progress(stage, 0, total, 0, 0, 0.0)
    on_progress(latest)

    def while_held() -> Iterator[PartitionTask]:
        for task in tasks:
            # A progress callback is where a person's Ctrl-C comes through.
            hold.keep(run.folder, lambda: on_progress(latest))
            yield task

    outcomes = _failures_told(executor.map_unordered(work, while_held(), total), meter)
    for done, outcome in enumerate(outcomes, start=1):
        rows += outcome.rows
        reused += outcome.reused
        add_counts(counts, outcome.record)
        survivors = whole(counts, "survivors")
        effort.took(outcome)
        if outcome.reason:
            redone.append((outcome.number, outcome.reason))
            log.warning(
                "partition_redone", stage=stage, partition=outcome.number, reason=outcome.reason
            )
        log.debug(
            "partition_done",
            stage=stage,
            partition=outcome.number,
            rows=outcome.rows,
            reused=outcome.reused,
            processing_time_ms=round(1_000 * outcome.seconds, 3),
        )
        usage.sample()
        meter.took(outcome, total - done, counts)
        latest = Progress(stage, done, total, rows, survivors, time.perf_counter() - started)
        on_progress(latest)
    result = StageResult(
        stage=stage,
        partitions=total,
        reused=reused,
        redone=tuple(sorted(redone)),
        rows=rows,
        survivors=survivors,
        counts=counts,
        seconds=time.perf_counter() - started,
    )
    usage.finish()
    foreign = remove_beyond(run.store, stage, total)
    if foreign:
        log.warning("parts_removed", stage=stage, parts=foreign, reason="they are of another plan")
    figures = metrics(result, effort, usage)
    log.info(
        "stage_done",
        stage=stage,
        partitions=total,
        reused=reused,
        redone=len(redone),
        retried=effort.retried,
        processing_time_ms=round(1_000 * result.seconds, 3),
        memory_delta_mb=usage.delta_mb,
        **figures,
    )
    meter.ended(figures, result.seconds)
    if effort.rows or not total:
        record_stage(run.folder, stage, result.seconds, effort.rows, usage.peak_mb)
    return result


def _failures_told(outcomes: Iterator[Outcome], meter: Meter) -> Iterator[Outcome]:
    try:
        yield from outcomes
    except PartitionsFailed as error:
        meter.failed(len(error.failures))
        raise


def metrics(result: StageResult, effort: Effort, usage: Usage) -> dict[str, int | float]:
    """The stage's figures under the metric names of the project's plan, section 16."""
    counts = result.counts
    return {
        "permutations_processed_total": result.rows,
        "permutations_per_second": round(effort.rows / result.seconds, 1)
        if result.seconds
        else 0.0,
        "gate_a_pruned_count": whole(counts, "gate_a_pruned"),
        "gate_b_pruned_count": whole(counts, "gate_b_pruned"),
        "avg_calculation_time_ms": effort.calculation_ms,
        "memory_usage_mb": usage.peak_mb,
        "worker_utilization_pct": effort.utilisation_pct(),
        "processor_used_pct": usage.utilisation_pct,
        "error_rate_pct": round(effort.error_rate_pct(), 3),
    }
