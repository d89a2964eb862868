"""Does a run survive what happens to processes: SIGKILL, Ctrl-C, a second process, dead workers?"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from pipeline.inputs import load_request
from pipeline.storage import lock
from tests.run_projects import (
    log_of,
    request_of,
    run_here,
    write_project,
    write_rough_project,
)

Tell = Callable[[str], None]
COMMAND = [sys.executable, "-m", "pipeline.cli.main"]
# Small partitions, so that there is time to strike between the first and the last.
ROWS = "40"


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("reference")
    _, run = run_here(request_of(folder), folder)
    return (run / "ranked.parquet").read_bytes()


def strike(
    folder: Path,
    how: signal.Signals,
    *options: str,
    write: Callable[[Path], Path] = write_project,
    stage: str = "pruning",
) -> tuple[int, str, Path]:
    """Start a run, send `how` after 30 partitions; returns exit code, stderr and run folder."""
    project = write(folder)
    with subprocess.Popen(
        [*COMMAND, "run", str(project), "--direct", "--out", str(folder), "--partition-rows", ROWS,
         *options],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        markers = f"trial-*/checkpoints/{stage}/*.json"
        deadline = time.monotonic() + 120
        while len(list(folder.glob(markers))) < 30:
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.002)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(how)
        _, errors = process.communicate(timeout=60)
        assert psutil.wait_procs(children, timeout=20)[1] == [], "workers outlive their run"
    return process.returncode, errors, next(folder.glob("trial-*"))


def atlas_forge(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=240
    )


@pytest.mark.parametrize("compute", ["threads", pytest.param("processes", marks=pytest.mark.full)])
@pytest.mark.fault("Processes", "SIGKILL after 30 partitions of pruning by {compute}")
def test_a_killed_run_resumes_to_the_same_file(
    tmp_path: Path, reference: bytes, compute: str, came_of_it: Tell
) -> None:
    code, _, run = strike(tmp_path, signal.SIGKILL, "--compute", compute)
    assert code == -signal.SIGKILL
    assert not (run / "ranked.parquet").exists()
    status = atlas_forge("status", run.name, "--out", str(tmp_path), "--json")
    assert json.loads(status.stdout)["state"] == "interrupted"

    resumed = atlas_forge("resume", run.name, "--out", str(tmp_path), "--json")
    assert resumed.returncode == 0, resumed.stderr
    assert (run / "ranked.parquet").read_bytes() == reference
    events = log_of(run)
    stale = [event for event in events if event["event"] == "stale_lock"]
    assert len(stale) == 1
    pruning = next(
        event for event in events if event["event"] == "stage_done" and event["stage"] == "pruning"
    )
    assert 25 <= pruning["reused"] < pruning["partitions"]
    came_of_it(
        f"no worker outlives it; the stale lock is said; {pruning['reused']} of "
        f"{pruning['partitions']} partitions not computed again; the same ranked rows"
    )


@pytest.mark.full
@pytest.mark.fault("Processes", "SIGKILL after 30 partitions of analysis")
def test_a_run_killed_among_its_cash_flows_resumes_to_the_same_file(
    tmp_path: Path, came_of_it: Tell
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    _, reference = run_here(load_request(write_rough_project(whole)), whole)
    _, _, run = strike(killed, signal.SIGKILL, write=write_rough_project, stage="analysis")
    assert not (run / "ranked.parquet").exists()
    resumed = atlas_forge("resume", run.name, "--out", str(killed), "--json")
    assert resumed.returncode == 0, resumed.stderr
    assert (run / "ranked.parquet").read_bytes() == (reference / "ranked.parquet").read_bytes()
    done = {each["stage"]: each for each in log_of(run) if each["event"] == "stage_done"}
    assert done["pruning"]["reused"] == done["pruning"]["partitions"]
    again = done["analysis"]
    assert 25 <= again["reused"] < again["partitions"]
    came_of_it(
        f"{again['reused']} of {again['partitions']} partitions of analysis and all of pruning "
        "not computed again; the same ranked rows"
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.fault("Signals", "{how.name} after 30 partitions of pruning")
def test_an_interrupted_run_ends_cleanly_and_resumes(
    tmp_path: Path, reference: bytes, how: signal.Signals, came_of_it: Tell
) -> None:
    code, errors, run = strike(tmp_path, how)
    assert code == 130
    assert "interrupted" in errors
    assert "Traceback" not in errors
    assert lock.holder_of(run) is None
    run_here(request_of(tmp_path), tmp_path)
    assert (run / "ranked.parquet").read_bytes() == reference
    assert "stale_lock" not in [event["event"] for event in log_of(run)]
    came_of_it("exit 130, the lock let go; the same ranked rows")


def test_a_second_process_says_that_the_run_is_busy(tmp_path: Path) -> None:
    _, run = run_here(request_of(tmp_path), tmp_path)
    lock.acquire(run)
    try:
        second = atlas_forge("resume", run.name, "--out", str(tmp_path), "--no-wait", "--json")
        status = atlas_forge("status", run.name, "--out", str(tmp_path), "--json")
    finally:
        lock.release(run)
    assert second.returncode == 1
    assert f"process {os.getpid()} on " in json.loads(second.stdout)["messages"][0]
    assert json.loads(status.stdout)["state"] == "running"
    assert atlas_forge("resume", run.name, "--out", str(tmp_path)).returncode == 0
