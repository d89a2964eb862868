"""Partitions on a Dask cluster, whichever it is: an executor over a connected client.

A plain client with a bounded window, not a task per partition of a flow engine: dispatch costs
1-3 ms a partition. Futures are released as they finish, so the scheduler stays small.
"""

# mypy: disable-error-code="no-untyped-call"
# Dask ships types, but few of its own functions have them.

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any, Final
from uuid import uuid4

from dask.utils import funcname
from distributed import Client, Future, KilledWorker, wait
from distributed.security import Security

from pipeline.compute.engine_guard import EngineGuard
from pipeline.compute.executor import (
    WINDOW_PER_SLOT,
    Failure,
    Item,
    PartitionsFailed,
    Result,
    cause_of,
)
from pipeline.compute.job import Job
from pipeline.redaction import errors_without_secrets
from pipeline.storage.fingerprint import engine_fingerprint

CONNECT_SECONDS: Final = 30
# How often a run looks at its cluster: who is there, and how far it is.
LOOK_SECONDS: Final = 1.0
# A result is a small record, and fetching it waits for as long as its worker is being replaced.
_RESULT_SECONDS: Final = 2.0
_ATTEMPTS: Final = 10
# Who stops a run gives it some 30 s before a SIGKILL (Prefect, Kubernetes): a partition ends within
# a few, and closing the cluster needs the rest.
_LAST_SECONDS: Final = 15


def _told_safely(function: Callable[[Item], Result], item: Item) -> Result:
    """`function(item)`; what it raises goes into the log of its worker too."""
    with errors_without_secrets():
        return function(item)


class SchedulerLostError(ConnectionError):
    """The scheduler, or every worker, is out of reach; what has a checkpoint stands."""


class DaskExecutor:
    """An Executor over a connected client; `slots` follows the workers that are there.

    patience_s: how long a run waits when no worker is left.
    on_look: told about once a second how far a fan-out is: items in all (None: not known), items
        done, seconds since it began, and the mean number of slots since then.
    """

    def __init__(
        self,
        client: Client,
        slots: int,
        *,
        in_process: bool = False,
        dashboard: bool = False,
        job: Job | None = None,
        patience_s: float = CONNECT_SECONDS,
        on_look: Callable[[int | None, int, float, float], None] | None = None,
    ) -> None:
        self._client = client
        self._in_process = in_process
        self._job = job or Job()
        self._patience_s = patience_s
        self._on_look = on_look
        self._under_way: dict[Any, Any] = {}
        self._alone_since: float | None = None
        # Asked for now: a client that lost its scheduler does not know it any more.
        self._address = client.scheduler_info()["address"]
        self.slots = slots
        self.retried = 0
        self.dashboard_link: str | None = client.dashboard_link if dashboard else None

    def map_unordered(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        total: int | None = None,
    ) -> Iterator[Result]:
        """Results as they come, about four items a slot under way.

        Raises PartitionsFailed, SchedulerLostError.
        """
        waiting = iter(items)
        under_way: dict[Future[Any], Item] = {}
        self._under_way = under_way
        ended: SimpleQueue[Future[Any]] = SimpleQueue()
        failures: list[Failure] = []
        # Their workers died with the results; the scheduler has them computed again.
        lost: list[Future[Any]] = []
        # Kept until the next look, which asks the scheduler how often each was begun.
        over: list[Future[Any]] = []
        known = self.retried
        pace = _Pace(total, self.slots)

        def count_retries() -> None:
            nonlocal known
            known += self._attempts_lost(over)
            over.clear()
            # A scheduler that did not answer once takes nothing back.
            self.retried = max(self.retried, known + self._attempts_lost(list(under_way)))

        def fill() -> None:
            room = max(1, WINDOW_PER_SLOT * self.slots) - len(under_way)
            for item in islice(waiting, max(0, room)):
                name = f"{funcname(function)}-{uuid4()}"
                future = self._client.submit(_told_safely, function, item, key=name)
                under_way[future] = item
                future.add_done_callback(ended.put)

        try:
            fill()
            while under_way:
                if pace.seconds_since_look() >= LOOK_SECONDS:
                    self._look(pace)
                    count_retries()
                    while lost:
                        lost.pop().add_done_callback(ended.put)
                    if not failures:
                        fill()
                try:
                    future = ended.get(timeout=LOOK_SECONDS)
                except Empty:
                    continue
                status = future.status
                if status in ("lost", "pending"):
                    lost.append(future)
                    continue
                if status == "finished":
                    try:
                        result = future.result(timeout=_RESULT_SECONDS)
                    except TimeoutError:
                        lost.append(future)
                        continue
                item = under_way.pop(future)
                over.append(future)
                pace.done += 1
                if status == "finished":
                    yield result
                elif status == "error":
                    failures.append(Failure.of(item, _cause(future.exception())))
                else:
                    raise self._lost()
                if not failures:
                    fill()
            count_retries()
        except (OSError, CancelledError) as error:
            # A partition's own errors come back as data; these are the connection's.
            if isinstance(error, SchedulerLostError):
                raise
            raise self._lost() from error
        finally:
            self.let_go()
        if failures:
            raise PartitionsFailed(failures)

    def _lost(self) -> SchedulerLostError:
        return SchedulerLostError(
            f"the Dask scheduler at {self._address} does not answer any more; finished "
            "partitions have their checkpoints, and the same command goes on from them"
        )

    def _attempts_lost(self, futures: list[Future[Any]]) -> int:
        """How many attempts at these died with their worker and were followed by another."""
        if self._in_process or not futures or self._client.status != "running":
            return 0

        def deaths(keys: list[str], dask_scheduler: Any = None) -> list[int]:
            # Inside, so that it is sent as code: a scheduler need not have this package.
            tasks = dask_scheduler.tasks
            return [tasks[key].suspicious if key in tasks else 0 for key in keys]

        keys = [future.key for future in futures]
        try:
            found = self._client.run_on_scheduler(deaths, keys)
        except (OSError, ValueError):  # out of reach; or it takes no code of others
            return 0
        # Of a task that failed by its workers' deaths the last was followed by none.
        failed = [future.status == "error" for future in futures]
        return sum(max(0, each - last) for each, last in zip(found, failed, strict=True))

    def let_go(self) -> None:
        """After an early end (an error, Ctrl-C): what computes may finish, nothing else starts."""
        futures, self._under_way = list(self._under_way), {}
        # A scheduler that is gone has nothing under way.
        if not futures or self._client.status != "running":
            return
        with suppress(OSError, CancelledError):
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
        pace = _Pace(None, self.slots)
        self._look(pace)
        while self._alone_since is not None:
            time.sleep(LOOK_SECONDS)
            self._look(pace)
        found = self._told_to_all(lambda: self._client.run(engine_fingerprint, on_error="return"))
        # One that went away while it was asked computes nothing; its successor is asked when it
        # joins.
        return {address: text for address, text in found.items() if isinstance(text, str)}

    def admit_only(self, expected: str) -> None:
        """Send away every worker that joins from now on and runs another engine."""
        if not self._in_process:
            self._told_to_all(lambda: self._client.register_plugin(EngineGuard(expected)))

    def _told_to_all(self, tell: Callable[[], Any]) -> Any:
        """What `tell` returns. The scheduler hangs up if a worker dies while it passes it on."""
        for _ in range(_ATTEMPTS - 1):
            with suppress(OSError):
                return tell()
            time.sleep(LOOK_SECONDS)
        try:
            return tell()
        except OSError as error:
            raise self._lost() from error

    def _look(self, pace: _Pace) -> None:
        """Count the slots; wait in words for the first worker; pass on how far the fan-out is."""
        slots = self.slots
        if not self._in_process:
            # Where the scheduler does not answer, what is under way ends as cancelled.
            with suppress(OSError):
                slots = sum(self._client.nthreads().values())
        pace.look(slots)
        if slots:
            self.slots = slots
            self._alone_since = None
            if self._on_look is not None:
                self._on_look(pace.total, pace.done, pace.elapsed_s, pace.mean_slots)
            return
        now = time.monotonic()
        self._alone_since = self._alone_since or now
        if now - self._alone_since > self._patience_s:
            raise SchedulerLostError(
                f"the Dask scheduler at {self._address} has had no workers for "
                f"{self._patience_s:.0f} s; finished partitions have their checkpoints, and the "
                "same command goes on from them"
            )
        self._job.on_wait(f"no workers; waiting up to {self._patience_s:.0f} s for one")


class _Pace:
    """How a fan-out comes on, and on how many slots on average."""

    def __init__(self, total: int | None, slots: int) -> None:
        self.total = total
        self.done = 0
        self._began = self._looked = time.monotonic()
        self._slots = slots
        self._slot_seconds = 0.0

    @property
    def elapsed_s(self) -> float:
        return self._looked - self._began

    @property
    def mean_slots(self) -> float:
        return self._slot_seconds / self.elapsed_s if self.elapsed_s else float(self._slots)

    def seconds_since_look(self) -> float:
        return time.monotonic() - self._looked

    def look(self, slots: int) -> None:
        now = time.monotonic()
        self._slot_seconds += self._slots * (now - self._looked)
        self._looked, self._slots = now, slots


@contextmanager
def connected(address: str, security: Security | None, seconds: float) -> Iterator[Client]:
    """A client of the scheduler there, closed at the end. Raises SchedulerLostError."""
    with _quiet_client():
        try:
            client = Client(address, security=security, timeout=seconds)
        except OSError as error:
            raise SchedulerLostError(
                f"the Dask scheduler at {address} does not answer: {_innermost(error)}"
            ) from error
        with client:
            yield client


@contextmanager
def _quiet_client() -> Iterator[None]:
    """What Dask says of a lost scheduler, with its stack, is said in one sentence of ours."""
    log = logging.getLogger("distributed.client")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


@contextmanager
def letting_go(executor: DaskExecutor) -> Iterator[DaskExecutor]:
    """An exception that ends a run keeps its generators alive, so they cannot be relied on here."""
    try:
        yield executor
    finally:
        executor.let_go()


def _innermost(error: BaseException) -> str:
    """What a chain of wrapped connection errors began with."""
    while error.__cause__ is not None:
        error = error.__cause__
    return cause_of(error)


def _cause(error: BaseException) -> str:
    if isinstance(error, KilledWorker):
        return (
            f"{error.allowed_failures + 1} workers died while they computed it, "
            f"the last at {error.last_worker.address}"
        )
    return cause_of(error)
