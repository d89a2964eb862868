"""Is a run that is killed, at whatever moment and however often, the same run in the end?"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.faults.struck import (
    COMMAND,
    SEED,
    STAGES,
    Trial,
    atlas_forge,
    moments,
    results_of,
    stages_of,
)
from tests.run_projects import log_of, request_of, run_here

# A full lane beside other work: many whole runs, each several times slower than alone.
pytestmark = pytest.mark.timeout(1_200)
Tell = Callable[[str], None]
# Six moments in each of five stages.
MOMENTS = 6


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], dict[str, str]]:
    """The changes of files an undisturbed run makes, and what it ends in."""
    trial = Trial(tmp_path_factory.mktemp("undisturbed") / "run")
    code, changes = trial.strike(0)
    assert code == 0
    assert set(stages_of(changes)) == set(STAGES)
    return changes, results_of(trial.run)


def killed(trial: Trial, moment: int) -> str:
    """Kill the run before its change `moment` of a file; returns that change."""
    code, changes = trial.strike(moment)
    assert code == -signal.SIGKILL
    assert abs(len(changes) - moment) <= 2, "a thread more or less was about to tell its change"
    return changes[-1].replace(f"{trial.run.name}/", "") if "/" in changes[-1] else changes[-1]


def gone_on(trial: Trial) -> dict[str, str]:
    """What the same request ends in, computed in this process."""
    run_here(request_of(trial.folder), trial.folder, partition_rows=200, compute="threads")
    return results_of(trial.run)


def reused(run: Path) -> dict[str, int]:
    """Partitions that the last pass over a run found done, by stage."""
    return {each["stage"]: each["reused"] for each in log_of(run) if each["event"] == "stage_done"}


@pytest.mark.fault("Processes", "SIGKILL between two changes of files, in pruning and in output")
def test_a_kill_between_two_changes_of_files_is_made_good(
    tmp_path: Path, undisturbed: tuple[list[str], dict[str, str]], came_of_it: Tell
) -> None:
    changes, whole = undisturbed
    found = []
    for stage in ("pruning", "output"):
        trial = Trial(tmp_path / stage)
        killed(trial, moments(changes, stage, 1)[0])
        assert gone_on(trial) == whole
        found.append(sum(reused(trial.run).values()))
    assert found == sorted(found) and found[-1] > found[0]
    came_of_it(f"same files after each; partitions not computed again: {found}")


@pytest.mark.full
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.fault("Processes", f"SIGKILL at {MOMENTS} random moments of the stage {{stage}}")
def test_a_kill_at_any_moment_is_made_good(
    tmp_path: Path, undisturbed: tuple[list[str], dict[str, str]], stage: str, came_of_it: Tell
) -> None:
    changes, whole = undisturbed
    chosen = moments(changes, stage, MOMENTS)
    assert len(chosen) == MOMENTS
    told = []
    for moment in chosen:
        trial = Trial(tmp_path / str(moment))
        told.append(killed(trial, moment))
        print(f"{stage}: killed before change {moment} of {len(changes)}: {told[-1]}")
        if moment % 2:
            trial.finish()
        assert gone_on(trial) == whole
    came_of_it(
        f"{len(told)} of {len(told)} reruns end in the same {len(whole) - 1} files and summary; "
        f"killed before changes {chosen} of {len(changes)}"
    )


@pytest.mark.full
@pytest.mark.parametrize("compute", ["threads", "processes"])
@pytest.mark.fault("Processes", "SIGKILL at 8 moments spread over the work of a run by {compute}")
def test_a_kill_in_the_middle_of_computing_is_made_good(
    tmp_path: Path,
    undisturbed: tuple[list[str], dict[str, str]],
    compute: str,
    came_of_it: Tell,
) -> None:
    """It hits what changes no files: imports, kernels, the sort, the pages of the report.

    Moments are told by processor time, which does not depend on what else the machine does.
    """
    whole = undisturbed[1]
    work, _ = worked(Trial(tmp_path / "whole"), compute, float("inf"))
    rng = random.Random(f"{SEED} {compute}")
    struck = []
    for number, share in enumerate(sorted((part + rng.random()) / 8 for part in range(8))):
        trial = Trial(tmp_path / str(number))
        seconds, code = worked(trial, compute, work * share)
        print(f"ended after {seconds:.2f} of {work:.2f} s of processor time with {code}")
        if code == -signal.SIGKILL:
            struck.append(round(100 * share))
        assert gone_on(trial) == whole
    assert len(struck) >= 6
    came_of_it(
        f"{len(struck)} kills, after {', '.join(map(str, struck))} % of the work; no worker "
        "outlives its run; the same files and summary"
    )


def worked(trial: Trial, compute: str, most_seconds: float) -> tuple[float, int]:
    """Kill a run once it has had so much processor time; returns what it had, and its exit code."""
    with subprocess.Popen(
        [*COMMAND, *trial.arguments("--direct", "--workers", "2", "--compute", compute)],
        stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        run = psutil.Process(process.pid)
        seconds, children = 0.0, []
        while process.poll() is None and seconds < most_seconds:
            with suppress(psutil.Error):
                children = run.children(recursive=True)
                times = [each.cpu_times() for each in (run, *children)]
                seconds = max(seconds, sum(each.user + each.system for each in times))
            time.sleep(0.005)
        process.kill()
        code = process.wait(60)
        assert psutil.wait_procs(children, timeout=60)[1] == [], "workers outlive their run"
    return seconds, code


@pytest.mark.full
@pytest.mark.fault("Processes", "SIGKILL again and again, until the run gets to its end")
def test_a_storm_of_kills_ends_in_the_same_run(
    tmp_path: Path, undisturbed: tuple[list[str], dict[str, str]], came_of_it: Tell
) -> None:
    whole = undisturbed[1]
    trial = Trial(tmp_path / "storm")
    rng = random.Random(SEED)
    kills = 0
    while True:
        code, done = trial.strike(rng.randint(20, 110))
        if code == 0:
            break
        assert code == -signal.SIGKILL
        kills += 1
        assert kills < 40
        print(f"kill {kills}: before {done[-1]}")
    assert results_of(trial.run) == whole
    redone = [each for each in log_of(trial.run) if each["event"] == "partition_redone"]
    assert redone == []
    came_of_it(f"{kills} kills; the same {len(whole) - 1} files, no partition found damaged")


@pytest.mark.full
@pytest.mark.parametrize("stage", ["pruning", "analysis", "output"])
@pytest.mark.fault("Processes", "SIGKILL of a run through Prefect, in the stage {stage}")
def test_a_killed_run_through_prefect_leaves_no_server_and_goes_on(
    tmp_path: Path,
    undisturbed: tuple[list[str], dict[str, str]],
    stage: str,
    came_of_it: Tell,
    prefect_home_of_module: dict[str, str],
) -> None:
    changes, whole = undisturbed
    environment = {**os.environ, **prefect_home_of_module}
    trial = Trial(tmp_path / "flow")
    code, _ = trial.strike(moments(changes, stage, 1)[0], "--workers=2", environment=environment)
    assert code == -signal.SIGKILL
    left = with_home(prefect_home_of_module["PREFECT_HOME"])
    assert psutil.wait_procs(left, timeout=60)[1] == [], "its server outlives the run"
    again = atlas_forge(*trial.arguments("--json"), env=environment)
    assert again.returncode == 0, again.stderr
    assert results_of(trial.run) == whole
    came_of_it(
        f"its server ended with it; through Prefect again the same files, "
        f"{sum(reused(trial.run).values())} partitions not computed again"
    )


def with_home(home: str) -> list[psutil.Process]:
    """Processes of a Prefect home: the run's own and its server."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("PREFECT_HOME") == home:
                found.append(process)
    return found


@pytest.fixture(scope="module")
def prefect_home_of_module(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {"PREFECT_HOME": str(tmp_path_factory.mktemp("prefect-home"))}
