"""The workers of a Dask scheduler that somebody runs."""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dask

from pipeline.compute.certificates import given_certificates
from pipeline.compute.dask_executor import (
    CONNECT_SECONDS,
    LOOK_SECONDS,
    DaskExecutor,
    SchedulerLostError,
    connected,
    letting_go,
)
from pipeline.compute.local_cluster import scheduling
from pipeline.settings import TLS, Settings

if TYPE_CHECKING:
    from pipeline.compute.job import Job


@contextmanager
def remote_executor(settings: Settings, job: Job) -> Iterator[DaskExecutor]:
    """A DaskExecutor on the scheduler at settings.scheduler; its workers may come and go.

    How many workers a partition may lose is that scheduler's own setting. Raises BadSettingError,
    SchedulerLostError.
    """
    encrypted = settings.scheduler.startswith(f"{TLS}://")
    security = given_certificates(settings).security() if encrypted else None
    with (
        dask.config.set(scheduling(settings.allowed_failures)),
        connected(settings.scheduler, security, CONNECT_SECONDS) as client,
    ):
        deadline = time.monotonic() + settings.wait_for_workers_s
        while not client.nthreads():
            if time.monotonic() > deadline:
                raise SchedulerLostError(
                    f"the Dask scheduler at {settings.scheduler} had no workers within "
                    f"{settings.wait_for_workers_s} s"
                )
            job.on_wait(f"no workers yet; waiting up to {settings.wait_for_workers_s} s")
            time.sleep(LOOK_SECONDS)
        executor = DaskExecutor(
            client,
            sum(client.nthreads().values()),
            dashboard=True,
            job=job,
            patience_s=settings.wait_for_workers_s,
        )
        with letting_go(executor):
            yield executor
