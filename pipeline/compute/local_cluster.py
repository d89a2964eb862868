"""A Dask cluster of this machine: processes over TLS, or threads behind a dashboard."""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, Final

import dask
from distributed import Client, Nanny, Scheduler, SpecCluster, Worker
from distributed.security import Security

from pipeline.compute.certificates import make_certificates
from pipeline.compute.dask_executor import CONNECT_SECONDS, DaskExecutor, letting_go
from pipeline.settings import PROCESSES, Settings

_LOOPBACK: Final = "127.0.0.1"
# Longer than any run; nobody else ever sees the key.
_LIFETIME: Final = timedelta(days=30)


@contextmanager
def local_executor(settings: Settings) -> Iterator[DaskExecutor]:
    """A DaskExecutor on a cluster that ends with the block."""
    processes = settings.compute == PROCESSES
    with dask.config.set(scheduling(settings.allowed_failures)):
        cluster = _cluster(settings, processes)
        try:
            with (
                Client(cluster) as client,
                letting_go(
                    DaskExecutor(
                        client,
                        settings.slots,
                        in_process=not processes,
                        dashboard=bool(settings.dashboard),
                    )
                ) as executor,
            ):
                yield executor
        finally:
            with suppress(TimeoutError):
                cluster.close(timeout=10)


def scheduling(allowed_failures: int) -> dict[str, Any]:
    """Dask's configuration for our tasks: many small ones, on workers that may die."""
    return {
        "distributed.scheduler.allowed-failures": allowed_failures,
        "distributed.scheduler.worker-saturation": 1.0,
        "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s",
        # Kernels and Arrow run one thread a slot; numeric libraries must not add their own.
        "distributed.nanny.pre-spawn-environ": ONE_THREAD_EACH,
    }


ONE_THREAD_EACH: Final = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def _cluster(settings: Settings, processes: bool) -> SpecCluster:
    """A scheduler and its workers, reachable from this machine only.

    Processes talk TLS with certificates of this cluster alone, so that no other user of the machine
    can have code run in them; the key lives in memory and in their parent's pipe to them.

    Dask's own LocalCluster lets the HTTP servers of threads in one process listen on every
    interface, dashboard or not; hence the addresses given here.
    """
    if processes:
        security = make_certificates(_LIFETIME).security()
        common = {"protocol": "tls://", "host": _LOOPBACK, "security": security}
        of_process = {"preload": ["pipeline.compute.worker_start"]}
    else:
        security = Security()
        common = {"protocol": "inproc://"}
        of_process = {}
    worker = {
        "cls": Nanny if processes else Worker,
        "options": {
            **common,
            **of_process,
            "nthreads": 1 if processes else settings.slots,
            "dashboard": False,
            "dashboard_address": f"{_LOOPBACK}:0",
            # Partitions are small by design; Dask's limit would pause workers on a full machine.
            "memory_limit": 0,
            # What goes wrong in a task comes back with it; the rest is chatter of the last second.
            "silence_logs": logging.CRITICAL,
        },
    }
    scheduler = {
        "cls": Scheduler,
        "options": {
            **common,
            "port": 0,
            "dashboard": bool(settings.dashboard),
            "dashboard_address": settings.dashboard or f"{_LOOPBACK}:0",
        },
    }
    number = settings.slots if processes else 1
    return SpecCluster(
        scheduler=scheduler,
        workers=dict.fromkeys(range(number), worker),
        worker=worker,
        security=security,
        silence_logs=logging.ERROR,
    )
