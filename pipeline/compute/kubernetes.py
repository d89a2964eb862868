"""A Dask cluster on Kubernetes of a run's own: made, sized by the work ahead, deleted.

The Dask operator makes the pods; this module makes and deletes two custom resources, DaskCluster
and DaskAutoscaler, and connects.
"""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Final

import dask

from pipeline.compute.certificates import given_certificates
from pipeline.compute.cluster_file import ClusterFile, load_cluster_file
from pipeline.compute.cluster_manifests import (
    autoscaler_manifest,
    cluster_manifest,
    cluster_name,
)
from pipeline.compute.dask_executor import (
    DaskExecutor,
    SchedulerLostError,
    connected,
    letting_go,
)
from pipeline.compute.kube_api import KubeApi, KubernetesError
from pipeline.compute.local_cluster import scheduling
from pipeline.compute.scaling import remaining_slot_seconds, workers_wanted

if TYPE_CHECKING:
    from distributed import Client
    from distributed.security import Security

    from pipeline.compute.job import Job
    from pipeline.settings import Settings

_log = logging.getLogger(__name__)
_POLL_SECONDS: Final = 1.0
_ONE_TRY_SECONDS: Final = 5
# The operator itself rests 15 s after a change.
_RESCALE_SECONDS: Final = 15.0


@contextmanager
def kubernetes_executor(settings: Settings, job: Job) -> Iterator[DaskExecutor]:
    """A DaskExecutor on a cluster that is made for `job` and gone after the block.

    Raises InputErrors (the cluster file), BadSettingError (certificates), KubernetesError,
    SchedulerLostError.
    """
    file = load_cluster_file(settings.cluster_file)
    security = given_certificates(settings).security()
    api = KubeApi(file.namespace)
    name = cluster_name(job.name)
    workers = _first_size(file, job)
    manifest = cluster_manifest(file, job, api.namespace, workers)
    try:
        uid = api.create_cluster(manifest)
        scaler = None
        if file.workers.fixed is None:
            api.create_autoscaler(autoscaler_manifest(file, manifest, uid, workers))
            scaler = _Scaler(api, name, file, workers)
        with (
            dask.config.set(scheduling(file.limits.allowed_failures)),
            _ready(api, name, file, security, job) as client,
        ):
            executor = DaskExecutor(
                client,
                sum(client.nthreads().values()),
                job=job,
                patience_s=file.limits.no_workers_seconds,
                on_look=scaler,
            )
            with letting_go(executor):
                yield executor
    finally:
        # Whatever ended the run is what is told; the operator deletes an idle cluster itself.
        try:
            api.delete_cluster(name, wait=False)
        except KubernetesError as error:
            _log.warning("the cluster %s is left to its idle timeout: %s", name, error)


def delete_cluster(settings: Settings, job_name: str) -> bool:
    """Delete the cluster a job left; whether there was one. For hooks after a crash or a cancel.

    Raises InputErrors, KubernetesError.
    """
    file = load_cluster_file(settings.cluster_file)
    return KubeApi(file.namespace).delete_cluster(cluster_name(job_name), wait=False)


def _first_size(file: ClusterFile, job: Job) -> int:
    """Workers to begin with: by the estimate of the work, where there is one."""
    count = file.workers
    if count.fixed is not None:
        return count.fixed
    ahead = job.slot_seconds()
    if ahead is None:
        return count.minimum
    return workers_wanted(
        ahead, count.target_seconds, file.worker.threads, count.minimum, count.maximum
    )


class _Scaler:
    """Keeps the autoscaler's minimum at what the measured pace of a stage wants.

    Dask's own wish would not do: it sees only the few partitions that are under way, which look
    like a second's work however many are waiting here.
    """

    def __init__(self, api: KubeApi, name: str, file: ClusterFile, workers: int) -> None:
        self._api, self._name = api, name
        self._count, self._threads = file.workers, file.worker.threads
        self._workers = workers
        self._changed = time.monotonic()

    def __call__(self, total: int | None, done: int, elapsed_s: float, slots: float) -> None:
        now = time.monotonic()
        if total is None or now - self._changed < _RESCALE_SECONDS:
            return
        ahead = remaining_slot_seconds(total, done, elapsed_s, slots)
        if ahead is None:
            return
        count = self._count
        wanted = workers_wanted(
            ahead, count.target_seconds, self._threads, count.minimum, count.maximum
        )
        self._changed = now
        if wanted == self._workers:
            return
        # The size of a cluster is never a reason to end a run.
        with suppress(KubernetesError):
            self._api.set_minimum(self._name, wanted)
            self._workers = wanted


@contextmanager
def _ready(
    api: KubeApi, name: str, file: ClusterFile, security: Security, job: Job
) -> Iterator[Client]:
    """A client of the cluster's scheduler once a first worker is there.

    Raises SchedulerLostError with what keeps the pods, when start_seconds are over.
    """
    patience = file.limits.start_seconds
    deadline = time.monotonic() + patience

    def wait(for_what: str) -> None:
        trouble = "; ".join(api.pods_in_trouble(name))
        if time.monotonic() > deadline:
            raise SchedulerLostError(
                f"cluster {name} has no {for_what} after {patience} s"
                f"{': ' + trouble if trouble else ''}"
            )
        told = f"no {for_what} yet; waiting up to {patience} s"
        job.on_wait(f"{told}: {trouble}" if trouble else told)
        time.sleep(_POLL_SECONDS)

    while not (address := api.scheduler_address(name)):
        wait("service (is the Dask operator running?)" if not api.phase(name) else "scheduler")
    with ExitStack() as stack:
        client = None
        while client is None:
            try:
                client = stack.enter_context(connected(address, security, _ONE_TRY_SECONDS))
            except SchedulerLostError:
                wait("scheduler")
        while not client.nthreads():
            wait("worker")
        yield client
