"""A Dask scheduler and workers over TLS, started by the command lines of our pods."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path
from types import TracebackType

from pipeline.cli.main import run_command
from pipeline.compute.cluster_file import ClusterFile
from pipeline.compute.cluster_manifests import COMM_PORT, cluster_manifest
from pipeline.compute.job import Job
from tests.services.pods import Pod, addresses

_FILE = {"schema": 1, "image": "none", "tls_secret": "tls", "workers": {"fixed": 1}}


class DaskCluster:
    """A scheduler at `address`, and workers that come and go; a context manager that ends them."""

    def __init__(self, folder: Path, second: int = 77) -> None:
        self.folder = folder
        self.tls = folder / "tls"
        assert run_command(["certificates", str(self.tls), "--days", "1"]) == 0
        manifest = cluster_manifest(ClusterFile.model_validate(_FILE), Job("trial"), "here", 1)
        pods = manifest["spec"]
        self._scheduler = pods["scheduler"]["spec"]["containers"][0]
        self._worker = pods["worker"]["spec"]["containers"][0]
        self._service = "forge-trial-scheduler.here.svc"
        self._addresses = addresses(second)
        self._lock = threading.Lock()
        self._chance = random.Random(1)
        self.workers: list[Pod] = []
        self.killed = self.added = 0
        self.scheduler = Pod(self._scheduler, next(self._addresses), self.tls, folder)

    @property
    def settings(self) -> dict[str, str]:
        """The settings that reach it."""
        return {
            "compute": f"tls://{self.scheduler.address}:{COMM_PORT}",
            "scheduler_ca_file": str(self.tls / "ca.crt"),
            "scheduler_cert_file": str(self.tls / "tls.crt"),
            "scheduler_key_file": str(self.tls / "tls.key"),
        }

    def add(self, number: int = 1, **variables: str) -> None:
        with self._lock:
            for _ in range(number):
                address = next(self._addresses)
                self.workers.append(
                    Pod(
                        self._worker, address, self.tls, self.folder,
                        names={self._service: self.scheduler.address},
                        variables={"DASK_WORKER_NAME": f"worker-{address}", **variables},
                    )
                )  # fmt: skip
                self.added += 1

    @property
    def registered(self) -> int:
        """Workers that the scheduler knows, as they say themselves."""
        return sum(b"Registered to" in worker.log.read_bytes() for worker in self.workers)

    def kill(self, number: int = 1) -> None:
        """SIGKILL some workers: any, since the oldest would never have the time to compute."""
        with self._lock:
            for worker in self._chance.sample(self.workers, number):
                worker.kill()
                self.workers.remove(worker)
                self.killed += 1

    def wait_for_scheduler(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while b"Scheduler at" not in self.scheduler.log.read_bytes():
            assert self.scheduler.runs, self.scheduler.log.read_text()
            assert time.monotonic() < deadline, self.scheduler.log.read_text()
            time.sleep(0.05)

    def __enter__(self) -> DaskCluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pod in (*self.workers, self.scheduler):
            pod.kill()


class Churn(threading.Thread):
    """Adds and kills a worker every `every_s` until the block ends, once `keep` are there.

    A loaded machine starts workers more slowly: never more than `keep` at a time are on their way.
    """

    def __init__(self, cluster: DaskCluster, keep: int, every_s: float = 1.0) -> None:
        super().__init__()
        self._cluster, self._keep, self._every_s = cluster, keep, every_s
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(self._every_s):
            there = self._cluster.registered
            if len(self._cluster.workers) - there < self._keep:
                self._cluster.add()
            if there >= self._keep:
                self._cluster.kill()

    def __enter__(self) -> Churn:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()
