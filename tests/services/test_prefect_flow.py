"""Does a run through Prefect complete with five tasks and its artifacts, and does its record tell
the truth after a failure, a kill, and a run asked for through the API?

One real embedded server with a fresh home serves the whole module; the lever space is small.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest
from distributed.comm import CommClosedError
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import ArtifactFilter, FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
from prefect.states import exception_to_failed_state

from flows.deploy import DEPLOYMENT_NAME
from flows.flow import FLOW_NAME, atlas_forge_run
from flows.server import EmbeddedServer
from flows.stages import infrastructure_failed, input_task
from pipeline.compute.executor import Failure, PartitionsFailed
from pipeline.inputs import InputErrors

ROOT = Path(__file__).parents[2]
STAGES = ["input", "permutation", "pruning", "analysis", "output"]
PERMUTATIONS = 3 * 3 * 32

PROJECT = """\
schema: 1
project:
  id: tiny
  title: "[a link](http://example.invalid) <b>and markup</b>"
  country: UK
  asset_type: data_centre
  tenant: {name: T, rating: AA, share_pct: 100}
  rent: {per_kw_month: 125}
base: {SeniorCoupon_38: 6.0, LeaseTermYears_22: 25, MinSeniorRatingTarget_75: BBB}
covenants: {max_ltv_pct: 65}
levers:
  TargetDSCRSenior_37: [1.25, 1.35, 1.45]
  SeniorTenorY_39: [10, 15, 20]
  overlays: all
run: {seed: 1, max_permutations: 1000}
market: builtin:gbp
rulebook: builtin:v1
"""

# A program that runs a project on an embedded server of its own and says what became of it.
PROGRAM = """
import json, sys
from pipeline.inputs import load_request
from pipeline.settings import Settings
from flows.run import run_with_prefect

def on_progress(progress):
    if progress.stage == sys.argv[3]:
        print("there", flush=True)
        sys.stdin.read()

settings = Settings(out=sys.argv[2], workers=2)
try:
    summary = run_with_prefect(load_request(sys.argv[1]), settings, on_progress)
except KeyboardInterrupt:
    sys.exit(130)
print(json.dumps(summary))
"""


@dataclass(frozen=True)
class Prefect:
    """A running server with its client and the environment that other processes need for it."""

    client: SyncPrefectClient
    environment: dict[str, str]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prefect-home")


@pytest.fixture(scope="module")
def prefect(home: Path) -> Iterator[Prefect]:
    with EmbeddedServer(home) as server:
        found = server.client_environment()
        settings = {
            PREFECT_API_URL: found["PREFECT_API_URL"],
            PREFECT_API_AUTH_STRING: found["PREFECT_API_AUTH_STRING"],
        }
        with temporary_settings(settings), get_client(sync_client=True) as client:
            yield Prefect(client, {**os.environ, **found, "PYTHONPATH": str(ROOT)})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "project.yaml"
    path.write_text(PROJECT)
    return path


def start_program(project: Path, environment: dict[str, str], stop_at: str) -> Any:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(project), str(project.parent / "runs"), stop_at],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def own_server_environment(home: Path) -> dict[str, str]:
    foreign = {"PREFECT_API_URL", "PREFECT_API_AUTH_STRING"}
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return {**kept, "PREFECT_HOME": str(home), "PYTHONPATH": str(ROOT)}


def wait_until(happened: Callable[[], bool], within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.1)
    return happened()


def runs(client: SyncPrefectClient) -> list[FlowRun]:
    return client.read_flow_runs()


def newest(client: SyncPrefectClient, known: set[UUID]) -> FlowRun:
    (found,) = [run for run in runs(client) if run.id not in known]
    return found


def artifacts_of(client: SyncPrefectClient, run: FlowRun) -> dict[str, Any]:
    found = client.read_artifacts(
        flow_run_filter=FlowRunFilter(id={"any_": [run.id]}),
        artifact_filter=ArtifactFilter(key={"like_": "atlas-forge"}),
    )
    return {str(artifact.key): artifact for artifact in found}


def test_a_run_on_an_own_server_is_recorded_and_leaves_no_process(
    prefect: Prefect, home: Path, project: Path
) -> None:
    known = {run.id for run in runs(prefect.client)}
    program = start_program(project, own_server_environment(home), stop_at="none")
    output, errors = program.communicate(timeout=120)
    assert program.returncode == 0, errors
    summary = json.loads(output)  # and nothing else on standard output
    assert "Traceback" not in errors
    assert summary["total_scenarios"] == PERMUTATIONS

    run = newest(prefect.client, known)
    assert run.name == summary["run_id"]
    assert run.state_type == StateType.COMPLETED
    assert run.parameters["project"] == str(project)
    tasks = prefect.client.read_task_runs(flow_run_filter=FlowRunFilter(id={"any_": [run.id]}))
    assert sorted(task.name for task in tasks) == sorted(STAGES)
    assert {task.state_type for task in tasks} == {StateType.COMPLETED}

    artifacts = artifacts_of(prefect.client, run)
    assert set(artifacts) == {"atlas-forge-progress", "atlas-forge-run", "atlas-forge-summary"}
    assert float(artifacts["atlas-forge-progress"].data) == 100.0
    rows = {
        row["figure"]: row["value"] for row in json.loads(artifacts["atlas-forge-summary"].data)
    }
    assert rows["total_scenarios"] == PERMUTATIONS
    assert "http://127.0.0.1:" in artifacts["atlas-forge-run"].data
    assert "markup" not in str([artifact.model_dump() for artifact in artifacts.values()])
    links = links_of(project.parent / "runs" / summary["run_id"])
    assert links["dask"].startswith("http://127.0.0.1:")
    assert summary["links"] == {"dask": links["dask"], "prefect": None}
    assert "prefect" not in links and "Prefect: " not in errors  # this server shows no pages
    assert not servers_of(home)


def links_of(folder: Path) -> dict[str, str]:
    """What the run's log says of where to watch it."""
    lines = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    (links,) = [line for line in lines if line["event"] == "links"]
    return links


def servers_of(home: Path) -> list[int]:
    """Embedded servers on this home beside the module's own, whose parent is this process."""
    found = []
    for process in psutil.process_iter():
        try:
            ours = "flows.server_guard" in process.cmdline()
            if ours and process.environ().get("PREFECT_HOME") == str(home):
                found += [process.pid] if process.ppid() != os.getpid() else []
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize(
    "how", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.full)]
)
def test_a_run_that_is_ended_in_the_middle_is_recorded_as_crashed(
    prefect: Prefect, home: Path, project: Path, how: signal.Signals
) -> None:
    known = {run.id for run in runs(prefect.client)}
    program = start_program(project, own_server_environment(home), stop_at="pruning")
    assert program.stdout.readline() == "there\n"
    children = psutil.Process(program.pid).children(recursive=True)
    assert children
    program.send_signal(how)
    program.communicate(timeout=30)  # which also ends the partition's progress that it waits in
    assert program.returncode == (-9 if how == signal.SIGKILL else 130)
    assert wait_until(lambda: not any(child.is_running() for child in children), 10)
    crashed = newest(prefect.client, known)
    assert crashed.state_type == StateType.CRASHED


def test_bad_input_in_a_deployment_run_fails_it_without_a_retry(
    prefect: Prefect, tmp_path: Path
) -> None:
    known = {run.id for run in runs(prefect.client)}
    with pytest.raises(InputErrors, match="SeniorTenorY_39"):
        atlas_forge_run(PROJECT.replace("[10, 15, 20]", "[10, -1]"), out=str(tmp_path / "runs"))
    assert newest(prefect.client, known).state_type == StateType.FAILED
    assert not (tmp_path / "runs").exists()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_a_served_deployment_carries_out_what_the_api_asks_for(home: Path, tmp_path: Path) -> None:
    port = free_port()
    environment = own_server_environment(home)
    # `prefect` itself is tried as well: a wrong set of versions shows there first
    prefect = [sys.executable, "-m", "prefect"]
    client = {**environment, "PREFECT_API_URL": f"http://127.0.0.1:{port}/api", "COLUMNS": "200"}
    serving = subprocess.Popen(
        [sys.executable, "-m", "flows.deploy", "--port", str(port)], env=environment, cwd=ROOT
    )
    try:
        settings = {PREFECT_API_URL: client["PREFECT_API_URL"], PREFECT_API_AUTH_STRING: None}
        with temporary_settings(settings), get_client(sync_client=True) as api:
            run = run_of_deployment(api, {"project": PROJECT, "out": str(tmp_path), "workers": 1})
            page = httpx.get(
                f"http://127.0.0.1:{port}/", headers={"Accept": "text/html"}, follow_redirects=True
            )
            assert "<html" in page.text
            forged = httpx.post(f"http://127.0.0.1:{port}/api/flows/", content=b'{"name": "x"}')
            assert forged.status_code == 403
        assert run.state_type == StateType.COMPLETED
        (summary,) = tmp_path.glob("*/summary.json")
        assert json.loads(summary.read_text())["total_scenarios"] == PERMUTATIONS
        page_of_the_run = f"http://127.0.0.1:{port}/runs/flow-run/{run.id}"
        assert links_of(summary.parent)["prefect"] == page_of_the_run
        listed = subprocess.run(
            [*prefect, "flow-run", "ls", "--flow-name", FLOW_NAME],
            env=client,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert summary.parent.name in listed.stdout
        assert "COMPLETED" in listed.stdout
    finally:
        serving.terminate()
        serving.wait(30)
    assert not servers_of(home)


def run_of_deployment(client: SyncPrefectClient, parameters: dict[str, Any]) -> FlowRun:
    """Ask for a run as soon as the deployment is there, and wait for its end."""
    found: list[Any] = []

    def is_served() -> bool:
        try:
            found[:] = client.read_deployments()
        except httpx.HTTPError:
            return False
        return bool(found)

    assert wait_until(is_served, 60)
    (deployment,) = found
    assert deployment.name == DEPLOYMENT_NAME
    schema = deployment.parameter_openapi_schema
    assert schema["required"] == ["project"]
    assert all(field["description"] for field in schema["properties"].values())
    asked = client.create_flow_run_from_deployment(deployment.id, parameters=parameters)
    latest = [client.read_flow_run(asked.id)]

    def is_final() -> bool:
        latest[:] = [client.read_flow_run(asked.id)]
        state = latest[0].state
        return state is not None and state.is_final()

    assert wait_until(is_final, 60)
    return latest[0]


@pytest.mark.parametrize(
    ("error", "worth_another_try"),
    [
        (ConnectionResetError("the scheduler went away"), True),
        (TimeoutError("the store did not answer"), True),
        (CommClosedError("in <TCP>: Stream is closed"), True),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (PartitionsFailed([Failure("partition 3", "ValueError")]), False),
        (ZeroDivisionError("a fault of ours"), False),
    ],
)
def test_only_failures_of_the_infrastructure_are_tried_again(
    error: Exception, worth_another_try: bool
) -> None:
    state: Any = asyncio.run(exception_to_failed_state(error))
    task_run: Any = None
    assert infrastructure_failed(input_task, task_run, state) is worth_another_try
