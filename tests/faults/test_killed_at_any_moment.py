"""Is a run that is killed, at whatever moment and however often, the same run in the end?"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.faults.struck import (
    COMMAND,
    SEED,
    STAGES,
    Trial,
    moments,
    results_of,
    stages_of,
    wait_until,
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
@pytest.mark.fault("Processes", "SIGKILL by the clock, spread over a whole run with {compute}")
def test_a_kill_by_the_clock_is_made_good(
    tmp_path: Path,
    undisturbed: tuple[list[str], dict[str, str]],
    compute: str,
    came_of_it: Tell,
) -> None:
    """It hits what changes no files: imports, kernels, the sort, the pages of the report."""
    whole = undisturbed[1]
    timed = Trial(tmp_path / "timed")
    began = time.perf_counter()
    timed.finish("--compute", compute)
    took = time.perf_counter() - began
    rng = random.Random(f"{SEED} {compute}")
    after = sorted(took * (part + rng.random()) / 8 for part in range(8))
    struck = 0
    for number, seconds in enumerate(after):
        trial = Trial(tmp_path / str(number))
        with subprocess.Popen(
            [*COMMAND, *trial.arguments("--direct", "--compute", compute)],
            stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                children = psutil.Process(process.pid).children(recursive=True)
                process.kill()
                struck += 1
                assert psutil.wait_procs(children, timeout=20)[1] == [], "workers outlive their run"
        print(f"killed after {seconds:.2f} of {took:.2f} s")
        assert gone_on(trial) == whole
    assert struck >= 5
    came_of_it(f"{struck} kills over {took:.1f} s; the same files and summary after each")


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
    trial = Trial(tmp_path / "flow")
    struck_at = {
        "pruning": "trial-*/checkpoints/pruning/*.json",
        "analysis": "trial-*/checkpoints/analysis/*.json",
        "output": "trial-*/checkpoints/tmp/merge.*",
    }[stage]
    with subprocess.Popen(
        [*COMMAND, *trial.arguments()], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        env={**os.environ, **prefect_home_of_module},
    ) as process:  # fmt: skip
        wait_until(lambda: list(trial.folder.glob(struck_at)), process)
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        assert children, "the server is a child"
        assert psutil.wait_procs(children, timeout=30)[1] == [], "its server outlives the run"
    again = subprocess.run(
        [*COMMAND, *trial.arguments("--json")], capture_output=True, text=True, check=False,
        timeout=600, env={**os.environ, **prefect_home_of_module},
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert results_of(trial.run) == undisturbed[1]
    came_of_it(
        f"{len(children)} child processes gone with it; through Prefect again the same files, "
        f"{sum(reused(trial.run).values())} partitions not computed again"
    )


@pytest.fixture(scope="module")
def prefect_home_of_module(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {"PREFECT_HOME": str(tmp_path_factory.mktemp("prefect-home"))}
