"""Does a run on a worker of a process work pool go on from its checkpoints when it is retried or
asked for again, whatever ended it, and does it leave nothing behind?

A real Prefect server, the deployments of prefect.yaml, and a real worker.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pyarrow.parquet as pq
import pytest
from prefect.client.schemas.filters import FlowRunFilter

from pipeline.storage.lock import holder_of
from tests.run_projects import PROJECT, SPACE, request_of, run_here
from tests.services.prefect_site import Site, all_quiet, engine_of, wait_for

pytestmark = pytest.mark.timeout(900)
RUN = "atlas-forge-run/run"
PARTS = 200
ASKED: dict[str, Any] = {
    "project": PROJECT.replace("LIMIT", str(SPACE)),
    "workers": 2,
    "partition_rows": SPACE // PARTS,
}
STAGES = ["input", "permutation", "pruning", "analysis", "output"]


@pytest.fixture(scope="module")
def same_request(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ranked.parquet of the same request, run without Prefect."""
    folder = tmp_path_factory.mktemp("same-request")
    return run_here(request_of(folder), folder / "runs")[1] / "ranked.parquet"


def pruned(out: Path) -> int:
    return len(list(out.glob("*/checkpoints/pruning/*.json")))


def in_pruning(out: Path) -> None:
    """Wait until a run has begun and is far from its end."""
    wait_for(lambda: pruned(out) >= 5)
    assert pruned(out) < PARTS - 20


def task_runs(site: Site, run: UUID) -> list[tuple[str, str]]:
    found = site.client.read_task_runs(flow_run_filter=FlowRunFilter(id={"any_": [run]}))
    return [(str(each.name), str(each.state_name)) for each in found]


def reused_in(log: str) -> int:
    """Partitions of pruning that the last attempt found done."""
    line = [line for line in log.splitlines() if "pruning:" in line][-1]
    return int(line.split("pruning: ")[1].split()[0])


def same_rows(out: Path, same_request: Path) -> bool:
    (ranked,) = out.glob("*/ranked.parquet")
    assert holder_of(ranked.parent) is None
    return bool(pq.read_table(ranked).equals(pq.read_table(same_request)))


@pytest.mark.fault("Prefect", "SIGKILL of the flow run's process, then Retry in the web interface")
def test_a_killed_run_goes_on_when_it_is_retried(
    site: Site, tmp_path: Path, same_request: Path, came_of_it: Callable[[str], None]
) -> None:
    # a killed run's turn would be taken for another minute
    with site.working(ATLAS_FORGE_RUNS_PER_PROJECT="0") as worker:
        run = site.start(RUN, **ASKED, out=str(tmp_path))
        in_pruning(tmp_path)
        engine_of(worker).kill()
        crashed = site.ended(run)
        assert crashed.state_name == "Crashed"
        done = pruned(tmp_path)
        all_quiet(worker)
        site.retry(run)
        wait_for(lambda: site.state(run) != "AwaitingRetry")
        assert site.ended(run).state_name == "Completed"
    reused = reused_in(site.log())
    assert 5 <= reused <= done
    assert sorted(name for name, state in task_runs(site, run) if state == "Completed") == sorted(
        [*STAGES, "input", "permutation"]  # those are quick, and done in both attempts
    )
    assert same_rows(tmp_path, same_request)
    came_of_it(f"retried, {reused} of {PARTS} pruned partitions reused, same ranked rows")


def left_behind(site: Site, worker: psutil.Process) -> list[str]:
    """Commands that a run has left: whatever knows the site, beside the worker itself."""
    all_quiet(worker, seconds=8.0)
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            server = process.environ().get("PREFECT_API_URL")
            if server == site.environment["PREFECT_API_URL"] and process.pid != worker.pid:
                found.append(" ".join(process.cmdline()))
    return found


@pytest.mark.full
@pytest.mark.parametrize("compute", ["threads", "processes"])
@pytest.mark.parametrize(
    "how", ["Cancel in the web interface", "Cancel at once by SIGTERM", "SIGTERM"]
)
@pytest.mark.fault("Prefect", "{how} of a run on {compute}, then Retry")
def test_an_ended_run_keeps_what_was_under_way_and_leaves_nothing(
    how: str,
    compute: str,
    site: Site,
    tmp_path: Path,
    same_request: Path,
    came_of_it: Callable[[str], None],
) -> None:
    with site.working() as worker:
        run = site.start(RUN, **ASKED, compute=compute, out=str(tmp_path))
        in_pruning(tmp_path)
        engine = engine_of(worker)
        if how != "SIGTERM":
            site.cancel(run)
        if "SIGTERM" in how:  # before the worker could say that it means a cancellation
            engine.terminate()
        expected = "Crashed" if how == "SIGTERM" else "Cancelled"
        wait_for(lambda: site.state(run) == expected)  # a busy process reports a crash at first
        assert left_behind(site, worker) == []
        (folder,) = tmp_path.iterdir()
        assert holder_of(folder) is None
        # each part has its marker: none was cut off between the two
        parts = {path.stem for path in folder.glob("evaluated/*.parquet")}
        assert parts == {path.stem for path in folder.glob("checkpoints/pruning/*.json")}
        assert not list((folder / "checkpoints" / "tmp").iterdir())
        site.retry(run)
        wait_for(lambda: site.state(run) != "AwaitingRetry")
        assert site.ended(run).state_name == "Completed"
        assert left_behind(site, worker) == []
    reused = reused_in(site.log())
    assert reused == len(parts)
    assert same_rows(tmp_path, same_request)
    came_of_it(f"{expected}, nothing left, {reused} of {PARTS} partitions reused")


@pytest.mark.full
@pytest.mark.fault("Prefect", "a run fails since its folder cannot be made; cured, then Retry")
def test_a_failed_run_is_retried_once_the_cause_is_gone(
    site: Site, tmp_path: Path, same_request: Path, came_of_it: Callable[[str], None]
) -> None:
    place = tmp_path / "runs"
    place.write_text("a file where a folder has to be")
    with site.working():
        run = site.start(RUN, **ASKED, out=str(place))
        failed = site.ended(run)
        assert failed.state_name == "Failed"
        assert str(place) in str(failed.state and failed.state.message)
        place.unlink()
        site.retry(run)
        wait_for(lambda: site.state(run) != "AwaitingRetry")
        assert site.ended(run).state_name == "Completed"
        # the same deployment asked again: everything is there
        again = site.start(RUN, **ASKED, out=str(place))
        assert site.ended(again).state_name == "Completed"
    assert reused_in(site.log()) == len(list(place.glob("*/checkpoints/pruning/*.json")))
    assert same_rows(place, same_request)
    came_of_it("failed with the reason, completed by the retry; asked again, all reused")


@pytest.mark.full
@pytest.mark.fault("Prefect", "SIGKILL of a run and of its worker, then Retry with a new worker")
def test_a_run_whose_worker_died_too_is_noticed(
    site: Site, tmp_path: Path, same_request: Path, came_of_it: Callable[[str], None]
) -> None:
    for _ in range(2):  # again changes nothing
        subprocess.run(
            [sys.executable, "-m", "flows.automations", "--within", "60"],
            env=site.environment,
            check=True,
            timeout=120,
        )
    settings = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30", "ATLAS_FORGE_RUNS_PER_PROJECT": "0"}
    with site.working(**settings) as worker:
        run = site.start(RUN, **ASKED, out=str(tmp_path))
        in_pruning(tmp_path)
        engine = engine_of(worker)
        worker.kill()
        engine.kill()
    assert site.state(run) == "Running"  # nobody was left to say otherwise
    crashed = site.ended(run)
    assert "No heartbeat" in str(crashed.state and crashed.state.message)
    done = pruned(tmp_path)
    with site.working(**settings):
        site.retry(run)
        wait_for(lambda: site.state(run) != "AwaitingRetry")
        assert site.ended(run).state_name == "Completed"
    assert same_rows(tmp_path, same_request)
    came_of_it(f"crashed for want of a heartbeat, retried from {done} partitions, same rows")


@pytest.mark.full
@pytest.mark.fault("Prefect", "SIGKILL of a run on the served deployment, then Retry")
def test_a_served_run_goes_on_when_it_is_retried(
    site: Site, tmp_path: Path, same_request: Path, came_of_it: Callable[[str], None]
) -> None:
    environment = {**site.environment, "ATLAS_FORGE_RUNS_PER_PROJECT": "0"}
    serving = psutil.Popen([sys.executable, "-m", "flows.deploy"], env=environment, cwd=site.folder)
    try:
        wait_for(lambda: any(each.name == "local" for each in site.client.read_deployments()))
        run = site.start("atlas-forge-run/local", **ASKED, out=str(tmp_path))
        in_pruning(tmp_path)
        engine_of(serving).kill()
        assert site.ended(run).state_name == "Crashed"
        done = pruned(tmp_path)
        all_quiet(serving)
        site.retry(run)
        wait_for(lambda: site.state(run) != "AwaitingRetry")
        assert site.ended(run).state_name == "Completed"
    finally:
        serving.terminate()
        serving.wait(40)
    assert same_rows(tmp_path, same_request)
    came_of_it(f"retried from {done} of {PARTS} pruned partitions, same ranked rows")
