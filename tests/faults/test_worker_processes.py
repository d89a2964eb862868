"""Does a run outlive its worker processes, and is a scheduler's death made good by another?"""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from pipeline.inputs import load_request
from tests.faults.plain_cluster import PlainCluster
from tests.faults.struck import COMMAND, Trial, atlas_forge, results_of, wait_until
from tests.run_projects import log_of, request_of, run_here, write_rough_project

# A full lane beside other work: many whole runs, each several times slower than alone.
pytestmark = pytest.mark.timeout(1_200)
Tell = Callable[[str], None]
ROWS = "40"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Results of the trial project, and of the rough one with its long analysis."""
    trial, rough = (tmp_path_factory.mktemp(name) for name in ("trial", "rough"))
    write_rough_project(rough)
    found = {
        "pruning": run_here(request_of(trial), trial, partition_rows=int(ROWS))[1],
        "analysis": run_here(
            load_request(rough / "trial.yaml"), rough, partition_rows=int(ROWS)
        )[1],
    }  # fmt: skip
    return {stage: results_of(run) for stage, run in found.items()}


def workers_of(run: psutil.Process) -> list[psutil.Process]:
    """Processes that compute: not those that only watch over shared resources."""
    found = []
    for child in run.children(recursive=True):
        try:
            line = " ".join(child.cmdline())
        except psutil.NoSuchProcess:
            continue
        if "spawn_main" in line and "resource_tracker" not in line:
            found.append(child)
    return found


def markers(trial: Trial, stage: str) -> int:
    return len(list(trial.folder.glob(f"trial-*/checkpoints/{stage}/*.json")))


def trial_of(folder: Path, stage: str) -> Trial:
    trial = Trial(folder / "run", ROWS)
    if stage == "analysis":
        trial.folder.mkdir()
        write_rough_project(trial.folder)
    return trial


@pytest.mark.full
@pytest.mark.parametrize("stage", ["pruning", "analysis"])
@pytest.mark.fault("Workers", "SIGKILL of each process of --processes in turn, in {stage}")
def test_each_worker_process_killed_in_turn(
    tmp_path: Path, undisturbed: dict[str, dict[str, str]], stage: str, came_of_it: Tell
) -> None:
    trial = trial_of(tmp_path, stage)
    with subprocess.Popen(
        [*COMMAND, *trial.arguments("--direct", "--processes", "--workers", "2")],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        wait_until(lambda: markers(trial, stage) >= 2, process)
        killed = 0
        for worker in workers_of(psutil.Process(process.pid)):
            worker.kill()
            killed += 1
            before = markers(trial, stage)
            wait_until(lambda before=before: markers(trial, stage) > before + 2, process)
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert killed >= 2
    assert results_of(trial.run) == undisturbed[stage]
    assert "run_failed" not in [each["event"] for each in log_of(trial.run)]
    came_of_it(f"{killed} workers killed; the run went on by itself to the same files")


@pytest.mark.full
@pytest.mark.parametrize("stage", ["pruning", "analysis"])
@pytest.mark.fault("Workers", "SIGKILL of a worker's nanny on a scheduler, in {stage}")
def test_a_killed_nanny_costs_nothing(
    tmp_path: Path, undisturbed: dict[str, dict[str, str]], stage: str, came_of_it: Tell
) -> None:
    trial = trial_of(tmp_path, stage)
    with PlainCluster(tmp_path, os.environ) as cluster:
        with subprocess.Popen(
            [*COMMAND, *trial.arguments("--direct", "--compute", cluster.address)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            wait_until(lambda: markers(trial, stage) >= 2, process)
            cluster.processes[1].kill()
            _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    assert results_of(trial.run) == undisturbed[stage]
    came_of_it("the other worker took over; exit 0, the same files")


@pytest.mark.full
@pytest.mark.parametrize("stage", ["pruning", "analysis"])
@pytest.mark.fault("Scheduler", "SIGKILL of the scheduler in {stage}, then another scheduler")
def test_a_killed_scheduler_ends_the_run_and_another_goes_on(
    tmp_path: Path, undisturbed: dict[str, dict[str, str]], stage: str, came_of_it: Tell
) -> None:
    trial = trial_of(tmp_path, stage)
    with PlainCluster(tmp_path, os.environ) as cluster:
        with subprocess.Popen(
            [*COMMAND, *trial.arguments("--direct", "--json", "--compute", cluster.address)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            wait_until(lambda: markers(trial, stage) >= 5, process)
            cluster.scheduler.kill()
            out, errors = process.communicate(timeout=300)
        assert process.returncode == 1, errors
        assert "Traceback" not in errors
        (first, *_) = json.loads(out)["messages"]
        assert "scheduler" in first and cluster.address in first
        kept = markers(trial, "pruning") + markers(trial, "analysis")
    with PlainCluster(tmp_path, os.environ) as another:
        resumed = atlas_forge(
            "resume", trial.run.name, "--out", str(trial.folder), "--compute", another.address,
            "--json",
        )  # fmt: skip
        assert resumed.returncode == 0, resumed.stderr
    assert results_of(trial.run) == undisturbed[stage]
    came_of_it(f'exit 1, "{first}"; another scheduler\'s workers: {kept} partitions reused')
