"""Dask's part of `make limits`: partitions that compute nothing, through the executor of a run.

Scheduler, workers and flow are processes of their own and share the machine's cores; so the core
seconds of each a partition tell more of a cluster than the rate here does.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.machine import ROOT
from pipeline.compute import open_executor
from pipeline.settings import load_settings
from pipeline.stages.contract import Outcome, PartitionTask
from pipeline.storage.store_address import StoreAddress
from tests.faults.plain_cluster import PlainCluster
from tests.services.dask_cluster import DaskCluster

WORKERS = (1, 2, 4)
_TASKS, _MANY = 2_000, 5_000
# As large as a real partition's: what a task and its outcome weigh on the wire depends on them.
_PLACE = StoreAddress("s3://bucket/prefix/large-0123456789ab", endpoint="https://s3.example:9000")
_RECORD = {
    "survivors": 1234, "near_misses": 273, "viable": 0, "gate_a_pruned": 1185, "gate_b_pruned": 100,
    "gate_a_reasons": [0, 634, 0, 1185, 0], "gate_b_reasons": [0] * 11, "first_reasons": [0] * 16,
    "reverse_rows": 16, "reverse_notional_gap": 336.48, "reverse_dscr_gap": 5.1e-14,
}  # fmt: skip

Figures = dict[str, Any]


def nothing(task: PartitionTask) -> Outcome:
    """An outcome as pruning gives it, without the work."""
    return Outcome(task.number, task.rows, _RECORD, False, None, 0.0)


def measure(folder: Path) -> Figures:
    """Partitions a second by number of workers, over TLS and without."""
    found: Figures = {}
    with _tls(folder) as cluster:
        for workers in WORKERS:
            began = time.perf_counter()
            cluster.add(workers - len(cluster.workers))
            while cluster.registered < workers:
                time.sleep(0.02)
            started = time.perf_counter() - began
            found[f"tls_{workers}"] = _paced(cluster.settings, cluster.scheduler.process.pid)
            found[f"tls_{workers}"]["workers_started_s"] = started
        pid = cluster.scheduler.process.pid
        before = psutil.Process(pid).memory_info().rss
        _paced(cluster.settings, pid, _MANY)
        grown = psutil.Process(pid).memory_info().rss - before
        found["scheduler_rss_mb"] = psutil.Process(pid).memory_info().rss / 1e6
        found["scheduler_bytes_a_task"] = grown / _MANY
        found["scheduler_tasks"] = _MANY
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with PlainCluster(folder, environment) as plain:
        found["tcp_2"] = _paced({"compute": plain.address}, plain.scheduler.pid)
    return found


@contextmanager
def _tls(folder: Path) -> Iterator[DaskCluster]:
    with DaskCluster(folder) as cluster:
        cluster.wait_for_scheduler()
        yield cluster


def _paced(settings: dict[str, str], scheduler: int, tasks: int = _TASKS) -> Figures:
    """Rate, core seconds of scheduler and flow a task, and bytes over loopback a task."""
    with open_executor(load_settings({}, **settings)) as executor:
        _sent(executor, 100)
        before, own, wire = _cores(scheduler), time.process_time(), _on_loopback()
        began = time.perf_counter()
        _sent(executor, tasks)
        seconds = time.perf_counter() - began
        return {
            "tasks_s": tasks / seconds,
            "scheduler_core_ms_a_task": 1e3 * (_cores(scheduler) - before) / tasks,
            "flow_core_ms_a_task": 1e3 * (time.process_time() - own) / tasks,
            "wire_bytes_a_task": (_on_loopback() - wire) / tasks,
        }


def _sent(executor: Any, tasks: int) -> None:
    items = (
        PartitionTask("pruning", number, 10_000, "0" * 64, "0" * 16, _PLACE)
        for number in range(tasks)
    )
    done = sum(1 for _ in executor.map_unordered(nothing, items, tasks))
    assert done == tasks


def _cores(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _on_loopback() -> int:
    """Bytes sent over loopback so far, by whoever."""
    return int(psutil.net_io_counters(pernic=True)["lo"].bytes_sent)
