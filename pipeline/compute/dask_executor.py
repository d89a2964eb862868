"""Partitions on Dask: a cluster of this machine, or a scheduler's workers.

A plain client with a bounded window, not a task per partition of a flow engine: dispatch costs
1-3 ms a partition. Futures are released as they finish, so the scheduler stays small.
"""

# mypy: disable-error-code="no-untyped-call"
# Dask ships types, but few of its own functions have them.

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any, Final

import dask
from distributed import (
    Client,
    KilledWorker,
    Nanny,
    Scheduler,
    SpecCluster,
    Worker,
    as_completed,
    wait,
)
from distributed.security import Security

from pipeline.compute.executor import (
    WINDOW_PER_SLOT,
    Failure,
    Item,
    PartitionsFailed,
    Result,
    cause_of,
)
from pipeline.lean_arrow import keep_pandas_out
from pipeline.settings import PROCESSES, Settings
from pipeline.storage.fingerprint import engine_fingerprint

_CONNECT_SECONDS: Final = 30
# Who stops a run gives it some 30 s before a SIGKILL (Prefect, Kubernetes): a partition ends within
# a few, and closing the cluster needs the rest.
_LAST_SECONDS: Final = 15
_LOOPBACK: Final = "127.0.0.1"


class DaskExecutor:
    """An Executor over a connected client."""

    def __init__(self, client: Client, slots: int, in_process: bool, dashboard: bool) -> None:
        self._client = client
        self._in_process = in_process
        self._under_way: dict[Any, Any] = {}
        self.slots = slots
        self.dashboard_link: str | None = client.dashboard_link if dashboard else None

    def map_unordered(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[Result]:
        """Results as they come, about four items a slot under way. Raises PartitionsFailed."""
        waiting = iter(items)
        under_way: dict[Any, Item] = {}
        self._under_way = under_way
        failures: list[Failure] = []

        def submit(number: int) -> list[Any]:
            futures = []
            for item in islice(waiting, number):
                future = self._client.submit(function, item, pure=False)
                under_way[future] = item
                futures.append(future)
            return futures

        completed = as_completed(submit(WINDOW_PER_SLOT * self.slots))
        try:
            for future in completed:
                item = under_way.pop(future)
                error = future.exception() if future.status == "error" else None
                if error is not None:
                    failures.append(Failure(str(item), _cause(error)))
                elif future.status != "finished":
                    failures.append(Failure(str(item), f"its task was {future.status}"))
                else:
                    yield future.result()
                future.release()
                if not failures:
                    for following in submit(1):
                        completed.add(following)
        finally:
            self.let_go()
        if failures:
            raise PartitionsFailed(failures)

    def let_go(self) -> None:
        """After an early end (an error, Ctrl-C): what computes may finish, nothing else starts."""
        futures, self._under_way = list(self._under_way), {}
        if not futures:
            return
        # A scheduler that is gone has nothing under way.
        with suppress(OSError, TimeoutError):
            computing = {key for keys in self._client.processing().values() for key in keys}
            last = [future for future in futures if future.key in computing]
            self._client.cancel([future for future in futures if future not in last])
            wait(last, timeout=_LAST_SECONDS)
            self._client.cancel(last)

    def fingerprints(self) -> dict[str, str]:
        """The workers' engines by address; none where the workers are threads of this process."""
        if self._in_process:
            return {}
        # A worker that died a moment ago is being replaced; none at all could not be asked.
        self._client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
        found: dict[str, str] = self._client.run(engine_fingerprint)
        return found


@contextmanager
def dask_executor(settings: Settings) -> Iterator[DaskExecutor]:
    """A DaskExecutor on the scheduler the settings name, or else on a cluster of this machine."""
    with dask.config.set(_configuration(settings)):
        if settings.scheduler:
            with Client(
                settings.scheduler, security=_security(settings), timeout=_CONNECT_SECONDS
            ) as client:
                client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
                slots = sum(client.nthreads().values())
                with _let_go_at_the_end(
                    DaskExecutor(client, slots, in_process=False, dashboard=True)
                ) as executor:
                    yield executor
            return
        processes = settings.compute == PROCESSES
        cluster = _cluster_of_this_machine(settings, processes)
        try:
            with Client(cluster) as client:
                if processes:
                    client.run(keep_pandas_out)
                with _let_go_at_the_end(
                    DaskExecutor(client, settings.slots, not processes, bool(settings.dashboard))
                ) as executor:
                    yield executor
        finally:
            with suppress(TimeoutError):
                cluster.close(timeout=10)


@contextmanager
def _let_go_at_the_end(executor: DaskExecutor) -> Iterator[DaskExecutor]:
    """An exception that ends a run keeps its generators alive, so they cannot be relied on here."""
    try:
        yield executor
    finally:
        executor.let_go()


def _cluster_of_this_machine(settings: Settings, processes: bool) -> SpecCluster:
    """A scheduler and its workers, reachable from this machine only.

    Dask's own LocalCluster lets the HTTP servers of threads in one process listen on every
    interface, dashboard or not; hence the addresses given here.
    """
    common = {"protocol": "tcp://", "host": _LOOPBACK} if processes else {"protocol": "inproc://"}
    worker = {
        "cls": Nanny if processes else Worker,
        "options": {
            **common,
            "nthreads": 1 if processes else settings.slots,
            "dashboard": False,
            "dashboard_address": f"{_LOOPBACK}:0",
            # Partitions are small by design; Dask's limit would pause workers on a full machine.
            "memory_limit": 0,
            "silence_logs": logging.ERROR,
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
        security=Security(),
        silence_logs=logging.ERROR,
    )


def _configuration(settings: Settings) -> dict[str, Any]:
    return {
        "distributed.scheduler.allowed-failures": settings.allowed_failures,
        "distributed.scheduler.worker-saturation": 1.0,
        "distributed.comm.timeouts.connect": f"{_CONNECT_SECONDS}s",
        # Kernels and Arrow run one thread a slot; numeric libraries must not add their own.
        "distributed.nanny.pre-spawn-environ": {
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        },
    }


def _security(settings: Settings) -> Security | None:
    if not settings.scheduler.startswith("tls://"):
        return None
    return Security(
        require_encryption=True,
        tls_ca_file=settings.scheduler_ca_file or None,
        tls_client_cert=settings.scheduler_cert_file or None,
        tls_client_key=settings.scheduler_key_file or None,
    )


def _cause(error: BaseException) -> str:
    if isinstance(error, KilledWorker):
        return (
            f"{error.allowed_failures + 1} workers died while they computed it, "
            f"the last at {error.last_worker.address}"
        )
    return cause_of(error)
