"""The executor interface, its plainest form, and the choice between the forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from pipeline.compute.job import Job
from pipeline.settings import KUBERNETES, SERIAL, THREADS, TLS, Settings

# Items under way for each slot: enough that none waits for the flow, few enough to stay small.
WINDOW_PER_SLOT: Final = 4

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Failure:
    """An item that raised, or whose workers died: its text, why, and its number if it has one."""

    item: str
    cause: str
    number: int | None = None

    @classmethod
    def of(cls, item: object, cause: str) -> Failure:
        """The failure of a partition, or of anything else that was to be done."""
        return cls(str(item), cause, getattr(item, "number", None))


class PartitionsFailed(Exception):  # noqa: N818 - a plural: it carries every failure
    """One or more partitions could not be computed; the others' checkpoints stand."""

    def __init__(self, failures: Iterable[Failure]) -> None:
        self.failures = tuple(failures)
        super().__init__("; ".join(f"{each.item}: {each.cause}" for each in self.failures))


class Executor(Protocol):
    """Runs a function over items, several at a time.

    `retried` counts attempts at an item that were lost with their worker and begun again.
    """

    slots: int
    retried: int
    dashboard_link: str | None

    def map_unordered(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        total: int | None = None,
    ) -> Iterator[Result]:
        """Results as they come. `items` is drawn from only as slots become free.

        `total` is the number of items where it is known: a cluster of the run's own is sized by it.
        Raises PartitionsFailed after the first failure, once what was under way has ended.
        """

    def fingerprints(self) -> dict[str, str]:
        """The engine fingerprint of each worker process that is not this one, by address."""

    def admit_only(self, expected: str) -> None:
        """Let no worker of another engine join from now on."""


class SerialExecutor:
    """One item after the other in this thread: for tests, notebooks and debugging."""

    slots = 1
    retried = 0
    dashboard_link: str | None = None

    def map_unordered(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        total: int | None = None,
    ) -> Iterator[Result]:
        """Results in the order of the items. Raises PartitionsFailed at the first failure."""
        for item in items:
            try:
                result = function(item)
            except Exception as error:
                raise PartitionsFailed([Failure.of(item, cause_of(error))]) from error
            yield result

    def fingerprints(self) -> dict[str, str]:
        """None: there is no other process."""
        return {}

    def admit_only(self, expected: str) -> None:
        """Nobody joins."""


def cause_of(error: BaseException) -> str:
    """What went wrong in one line, with the kind of error."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def check_place(settings: Settings) -> None:
    """Read what a place beyond this machine needs, before anything is written.

    Raises BadSettingError (certificates), InputErrors (the cluster file).
    """
    if settings.compute == KUBERNETES:
        from pipeline.compute.cluster_file import load_cluster_file  # noqa: PLC0415 - as below

        load_cluster_file(settings.cluster_file)
    if settings.compute == KUBERNETES or settings.scheduler.startswith(f"{TLS}://"):
        from pipeline.compute.certificates import given_certificates  # noqa: PLC0415 - as below

        given_certificates(settings)


@contextmanager
def open_executor(settings: Settings, job: Job | None = None) -> Iterator[Executor]:
    """The executor the settings ask for, closed at the end whatever happens.

    Raises BadSettingError, InputErrors (the cluster file), SchedulerLostError, KubernetesError.
    """
    if settings.compute == SERIAL:
        yield SerialExecutor()
        return
    if settings.compute == THREADS and not settings.dashboard:
        from pipeline.compute.threads import ThreadExecutor  # noqa: PLC0415 - it imports this

        with ThreadExecutor(settings.slots) as threads:
            yield threads
        return
    # Dask costs most of a second to import, which a serial run need not pay.
    if settings.compute == KUBERNETES:
        from pipeline.compute.kubernetes import kubernetes_executor  # noqa: PLC0415

        with kubernetes_executor(settings, job or Job()) as own:
            yield own
    elif settings.scheduler:
        from pipeline.compute.remote_scheduler import remote_executor  # noqa: PLC0415

        with remote_executor(settings, job or Job()) as remote:
            yield remote
    else:
        from pipeline.compute.local_cluster import local_executor  # noqa: PLC0415

        with local_executor(settings) as local:
            yield local


def check_fingerprints(executor: Executor, expected: str) -> None:
    """Raise PartitionsFailed unless every worker runs the engine the plan was made with.

    Workers that join later are held to it as well.
    """
    different: dict[str, Any] = {
        address: found for address, found in executor.fingerprints().items() if found != expected
    }
    if different:
        raise PartitionsFailed(
            Failure(
                f"worker {address}",
                f"it runs engine {found}, the plan needs {expected}; install the same version",
            )
            for address, found in different.items()
        )
    executor.admit_only(expected)
