"""A Dask scheduler and workers of this machine, each a process of Dask's own command line."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import psutil

_START_SECONDS = 90


class PlainCluster:
    """A scheduler at `address` and two workers with a nanny each; none unless `wanted`."""

    def __init__(self, folder: Path, environment: Mapping[str, str], wanted: bool = True) -> None:
        self._folder, self._environment = folder, dict(environment)
        self.processes: list[psutil.Popen] = []
        self.address = ""
        if wanted:
            self.start_scheduler()
            for _ in range(2):
                self.start_worker()

    def start_scheduler(self) -> None:
        told = self._folder / "scheduler.json"
        told.unlink(missing_ok=True)
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file",
            str(told),
        )  # fmt: skip
        deadline = time.monotonic() + _START_SECONDS
        while not told.exists() or "tcp://" not in told.read_text():
            assert self.scheduler.is_running() and time.monotonic() < deadline
            time.sleep(0.05)
        self.address = next(part for part in told.read_text().split('"') if "tcp://" in part)

    def start_worker(self) -> psutil.Popen:
        return self._start("worker", self.address, "--nthreads", "1", "--no-dashboard",
                           "--memory-limit", "0", "--death-timeout", "60")  # fmt: skip

    def _start(self, *arguments: str) -> psutil.Popen:
        started = psutil.Popen(
            [sys.executable, "-m", "dask", *arguments], env=self._environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.processes.append(started)
        return started

    def __enter__(self) -> PlainCluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        everything = [child for each in self.processes if each.is_running()
                      for child in each.children(recursive=True)]  # fmt: skip
        for process in (*self.processes, *everything):
            if process.is_running():
                process.kill()
        for process in self.processes:
            process.wait(20)
