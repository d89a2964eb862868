"""The metrics of a run for Prometheus, under the names of the project's plan, section 16.

`ATLAS_FORGE_METRICS=HOST:PORT` serves them while the process lives, `ATLAS_FORGE_METRICS_PUSH=URL`
hands them to a Pushgateway after each stage, for runs that end before anybody asks. Neither is
needed: without them nothing is imported and nothing is counted. A gateway that is not there, or a
port that another process has, costs a warning in the run's log and never the run.

Every series has the labels project, desk, run and stage. A process carries out one run after
another, so their number stays small; the gateway keeps the latest run of a project.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from pipeline.logs import run_log
from pipeline.stages.counts import Counts, whole

if TYPE_CHECKING:
    from pipeline.effort import Effort
    from pipeline.stages.contract import Outcome, Run
    from pipeline.stages.usage import Usage

JOB: Final = "atlas-forge"
LABELS: Final = ("project", "desk", "run", "stage")
PUSH_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 1.0
# Seconds that a partition took: fine around the plan's limit of 2 s (95th percentile).
_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0)
# Gauges of a finished or running stage, and what they are.
_GAUGES: Final = {
    "permutations_per_second": "Permutations computed a second, over the stage so far",
    "gate_a_pruned_count": "Permutations that Gate A rejected",
    "gate_b_pruned_count": "Permutations that Gate B rejected",
    "avg_calculation_time_ms": "Computing time of a permutation [ms], all workers together",
    "memory_usage_mb": "Highest memory of the run's processes on this machine so far [MiB]",
    "memory_used_pct": "Memory in use, of what this process may have [%]",
    "worker_utilization_pct": "Time in which workers computed, of the time they were there [%]",
    "processor_used_pct": "Processor time of the run's processes here, of a core a slot [%]",
    "queue_depth": "Partitions that wait or are under way",
    "error_rate_pct": "Attempts at a partition that failed or were lost, of those that ended [%]",
    "stage_seconds": "Seconds that the stage has taken",
}
_COUNTERS: Final = {
    "permutations_processed": "Permutations that went through the stage",
    "partitions_done": "Partitions done",
    "partitions_reused": "Partitions whose checkpoint was found sound",
    "partitions_redone": "Partitions whose checkpoint was not sound",
    "partitions_failed": "Partitions that could not be computed",
    "partitions_retried": "Attempts lost with their worker, and begun again",
}


class Meter(Protocol):
    """What a stage tells of its work as it goes."""

    def began(self, total: int) -> None:
        """`total` partitions are to be done."""

    def took(self, outcome: Outcome, left: int, counts: Counts) -> None:
        """A partition is done, `left` are not; `counts` are those of the stage so far."""

    def ended(self, figures: dict[str, int | float], seconds: float) -> None:
        """The stage is done; `figures` are what its log line says."""

    def failed(self, partitions: int) -> None:
        """So many partitions could not be computed: the stage ends."""


class _Silent:
    """For whoever asked for no metrics."""

    def began(self, total: int) -> None:
        pass

    def took(self, outcome: Outcome, left: int, counts: Counts) -> None:
        pass

    def ended(self, figures: dict[str, int | float], seconds: float) -> None:
        pass

    def failed(self, partitions: int) -> None:
        pass


class _Prometheus:
    """The series of one stage of a run in the process's registry."""

    def __init__(self, run: Run, stage: str, effort: Effort, usage: Usage) -> None:
        self._run, self._effort, self._usage = run, effort, usage
        self._series = _series()
        self._labels = (
            str(run.about["project"]["id"]),
            str(run.about.get("desk", "")),
            run.run_id,
            stage,
        )
        self._retried = 0
        self._started = self._looked = time.perf_counter()
        if run.settings.metrics:
            try:
                _serve(run.settings.metrics)
            except OSError as error:  # another run of this machine has the port, say
                self._warn("metrics_not_served", error)

    def began(self, total: int) -> None:
        for name in (*_GAUGES, *_COUNTERS):
            self._of(name)  # series are there from the beginning, at nought
        self._set("queue_depth", total)

    def took(self, outcome: Outcome, left: int, counts: Counts) -> None:
        self._count("permutations_processed", outcome.rows)
        self._count("partitions_done")
        self._count("partitions_reused", int(outcome.reused))
        self._count("partitions_redone", int(outcome.reason is not None))
        self._set("queue_depth", left)
        for name in ("gate_a_pruned", "gate_b_pruned"):
            self._set(f"{name}_count", whole(counts, name))
        now = time.perf_counter()
        if not outcome.reused:
            self._of("partition_seconds").observe(outcome.seconds)
            self._set("permutations_per_second", self._effort.rows / (now - self._started))
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._look()

    def ended(self, figures: dict[str, int | float], seconds: float) -> None:
        self._look()
        for name, value in figures.items():
            if name in _GAUGES:
                self._set(name, value)
        self._set("stage_seconds", seconds)
        self._push()

    def failed(self, partitions: int) -> None:
        self._count("partitions_failed", partitions)
        self._look(partitions)
        self._push()

    def _look(self, failed: int = 0) -> None:
        """What takes a moment to find out, so that it is told once a second and at the end."""
        from pipeline.stages.memory import memory_used_pct  # noqa: PLC0415

        effort = self._effort
        self._set("avg_calculation_time_ms", effort.calculation_ms)
        self._set("worker_utilization_pct", effort.utilisation_pct())
        self._set("error_rate_pct", effort.error_rate_pct(failed))
        self._set("memory_usage_mb", self._usage.peak_mb)
        self._set("memory_used_pct", memory_used_pct())
        self._set("stage_seconds", time.perf_counter() - self._started)
        self._count("partitions_retried", effort.retried - self._retried)
        self._retried = effort.retried

    def _of(self, name: str) -> Any:
        return self._series[name].labels(*self._labels)

    def _set(self, name: str, value: float) -> None:
        self._of(name).set(value)

    def _count(self, name: str, by: int = 1) -> None:
        self._of(name).inc(by)

    def _push(self) -> None:
        url = self._run.settings.metrics_push
        if not url:
            return
        from prometheus_client import push_to_gateway  # noqa: PLC0415 - who asked pays for it

        project, desk, run, _ = self._labels
        group = {"project": project, "desk": desk}
        try:
            push_to_gateway(url, JOB, _registry_of({**group, "run": run}), group, PUSH_SECONDS)
        except OSError as error:
            self._warn("metrics_not_pushed", error)

    def _warn(self, event: str, error: OSError) -> None:
        log = run_log(self._run.folder, self._run.settings.log_level)
        log.warning(event, stage=self._labels[-1], reason=str(error))


def meter_of(run: Run, stage: str, effort: Effort, usage: Usage) -> Meter:
    """Where a stage of a run tells its work."""
    if run.settings.metrics or run.settings.metrics_push:
        return _Prometheus(run, stage, effort, usage)
    return _Silent()


@lru_cache(maxsize=1)
def _registry() -> Any:
    from prometheus_client import CollectorRegistry  # noqa: PLC0415

    return CollectorRegistry()


def _registry_of(labels: dict[str, str]) -> Any:
    """The series with these labels alone: a gateway would take those of the process's other runs
    for this run's project and desk, or refuse them all.
    """
    from prometheus_client import CollectorRegistry  # noqa: PLC0415

    class Chosen:
        def collect(self) -> Iterator[Any]:
            for family in _registry().collect():
                family.samples = [
                    each for each in family.samples if labels.items() <= each.labels.items()
                ]
                yield family

    registry = CollectorRegistry()
    registry.register(Chosen())
    return registry


@lru_cache(maxsize=1)
def _series() -> dict[str, Any]:
    from prometheus_client import Counter, Gauge, Histogram  # noqa: PLC0415

    registry = _registry()
    series: dict[str, Any] = {
        name: Gauge(name, about, LABELS, registry=registry) for name, about in _GAUGES.items()
    }
    for name, about in _COUNTERS.items():
        # the library adds `_total`
        series[name] = Counter(name, about, LABELS, registry=registry)
    series["partition_seconds"] = Histogram(
        "partition_seconds", "Seconds of a partition", LABELS, buckets=_BUCKETS, registry=registry
    )
    return series


@lru_cache(maxsize=1)
def _serve(address: str) -> Any:
    """Serve the registry once in the life of this process. Raises OSError if the port is taken."""
    from prometheus_client import start_http_server  # noqa: PLC0415

    host, _, port = address.rpartition(":")
    return start_http_server(int(port), host or "127.0.0.1", _registry())
