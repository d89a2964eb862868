"""Partitions on threads of this process, without Dask: kernels and Arrow run outside the lock.

For one machine: nothing to start, nothing to serialise, some 0.1 ms a partition where a Dask
scheduler takes 1-3 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Final

from pipeline.compute.executor import (
    WINDOW_PER_SLOT,
    Failure,
    Item,
    PartitionsFailed,
    Result,
    cause_of,
)

_NAME: Final = "atlas-forge-worker"


class ThreadExecutor:
    """An Executor on a pool of `slots` threads; a context manager that ends them."""

    dashboard_link: str | None = None
    retried = 0

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._pool = ThreadPoolExecutor(slots, thread_name_prefix=_NAME)

    def __enter__(self) -> ThreadExecutor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def map_unordered(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        total: int | None = None,
    ) -> Iterator[Result]:
        """Results as they come, about four items a slot under way. Raises PartitionsFailed."""
        waiting = iter(items)
        under_way: dict[Future[Result], Item] = {}
        ended: SimpleQueue[Future[Result]] = SimpleQueue()
        failures: list[Failure] = []

        def submit(number: int) -> None:
            for item in islice(waiting, number):
                future = self._pool.submit(function, item)
                under_way[future] = item
                future.add_done_callback(ended.put)

        submit(WINDOW_PER_SLOT * self.slots)
        try:
            while under_way:
                future = ended.get()
                item = under_way.pop(future)
                error: Any = future.exception()
                if error is None:
                    yield future.result()
                    if not failures:
                        submit(1)
                else:
                    failures.append(Failure.of(item, cause_of(error)))
        finally:
            # Left early (an error, Ctrl-C): nothing that waits may start.
            for future in under_way:
                future.cancel()
        if failures:
            raise PartitionsFailed(failures)

    def fingerprints(self) -> dict[str, str]:
        """None: the workers are this process."""
        return {}

    def admit_only(self, expected: str) -> None:
        """Nobody joins."""
