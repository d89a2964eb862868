"""A Prefect site as ops would run it: a server with all its services, a process work pool with a
worker, and the deployments of prefect.yaml. Real processes; everything ends with the block.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import psutil
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.server import EmbeddedServer

ROOT = Path(__file__).parents[2]
POOL = "local"
Found = TypeVar("Found")
_PREFECT = [sys.executable, "-m", "prefect", "--no-prompt"]


def wait_for(what: Callable[[], Found], within_s: float = 180.0) -> Found:
    """What `what` gives once it is true. Fails with its last value."""
    deadline = time.monotonic() + within_s
    while not (found := what()):
        assert time.monotonic() < deadline, f"not within {within_s} s: {found!r}"
        time.sleep(0.1)
    return found


@dataclass
class Site:
    """A running server with its client, and the environment of whatever talks to it."""

    folder: Path
    client: SyncPrefectClient
    environment: dict[str, str]

    def prefect(self, *arguments: str) -> str:
        """Run a command of Prefect's own."""
        done = subprocess.run(
            [*_PREFECT, *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def working(self, **environment: str) -> Iterator[psutil.Process]:
        """A worker of the pool; its log is worker.log."""
        with (self.folder / "worker.log").open("a") as log:
            worker = psutil.Popen(
                [*_PREFECT, "worker", "start", "--pool", POOL, "--type", "process"],
                env={**self.environment, **environment},
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                yield worker
            finally:
                left = worker.children(recursive=True) if worker.is_running() else []
                with suppress(psutil.NoSuchProcess):  # a test may have killed it
                    worker.terminate()
                psutil.wait_procs([worker, *left], timeout=40)
                for process in left:
                    if process.is_running():
                        process.kill()

    def log(self) -> str:
        """What worker and flow runs printed."""
        return (self.folder / "worker.log").read_text()

    def start(self, deployment: str, **parameters: Any) -> UUID:
        """Ask for a run of a deployment, the way the web interface does."""
        found = self.client.read_deployment_by_name(deployment)
        return self.client.create_flow_run_from_deployment(found.id, parameters=parameters).id

    def state(self, run: UUID) -> str:
        """Name of a run's state."""
        return str(self.client.read_flow_run(run).state_name)

    def ended(self, run: UUID, within_s: float = 400.0) -> FlowRun:
        """The run, once it is over."""

        def over() -> FlowRun | None:
            read = self.client.read_flow_run(run)
            return read if read.state is not None and read.state.is_final() else None

        return wait_for(over, within_s)

    def retry(self, run: UUID) -> None:
        """What the Retry button of Prefect's web interface sends."""
        state = {"type": "SCHEDULED", "name": "AwaitingRetry", "message": "Retry from the UI"}
        answer = self.client.request(
            "POST",
            "/flow_runs/{id}/set_state",
            path_params={"id": run},
            json={"state": state, "force": False},
        )
        assert answer.json()["status"] == "ACCEPT", answer.text

    def cancel(self, run: UUID) -> None:
        """What its Cancel button sends."""
        state = {"type": "CANCELLING", "name": "Cancelling"}
        self.client.request(
            "POST",
            "/flow_runs/{id}/set_state",
            path_params={"id": run},
            json={"state": state, "force": True},
        )


def _command(process: psutil.Process) -> str:
    """The command of a process; empty once it is gone."""
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def engine_of(worker: psutil.Process) -> psutil.Process:
    """The process of the flow run that a worker carries out, once it is there.

    A worker starts a command for it, the program that serves a deployment a Python of its own.
    """

    def engine() -> psutil.Process | None:
        running = {each: _command(each) for each in worker.children(recursive=True)}
        for mark in ("prefect.engine", "spawn_main"):
            for process, command in running.items():
                if mark in command:
                    return process
        return None

    return wait_for(engine)


def all_quiet(worker: psutil.Process, seconds: float = 2.0) -> None:
    """Wait until a worker is done with a run that ended: its hooks, and a last word on its state.

    That word would be the end of a retry which came before it. After a cancellation the worker
    looks every three seconds whether the process is gone.
    """
    quiet_since = begun = time.monotonic()
    while time.monotonic() < quiet_since + seconds:
        assert time.monotonic() < begun + 180.0, worker.children()
        # Python's own tracker of semaphores stays as long as who started a process with it
        if any("resource_tracker" not in _command(each) for each in worker.children()):
            quiet_since = time.monotonic()
        time.sleep(0.1)


@contextmanager
def prefect_site(folder: Path) -> Iterator[Site]:
    """A server with an empty history, its pool, and what prefect.yaml deploys."""
    with ExitStack() as open_:
        server = open_.enter_context(EmbeddedServer(folder / "prefect", ui=True))
        found = server.client_environment()
        foreign = ("PREFECT_API_AUTH_STRING", "PREFECT_API_KEY")
        environment = {name: each for name, each in os.environ.items() if name not in foreign}
        environment |= {
            **found,
            "PYTHONPATH": str(ROOT),
            "ATLAS_FORGE_HOME": str(ROOT),
            "ATLAS_FORGE_POOL": POOL,
            "ATLAS_FORGE_OUT": str(folder / "runs"),
            "PREFECT_WORKER_QUERY_SECONDS": "1",
        }
        settings = {PREFECT_API_URL: found["PREFECT_API_URL"]}
        open_.enter_context(temporary_settings(settings))
        client = open_.enter_context(get_client(sync_client=True))
        site = Site(folder, client, environment)
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
        site.prefect("deploy", "--all")
        yield site
