"""Is what a run computes when it is told to stop finished, wherever it is computed?

Each partition begins by looking for its marker; a hook in every process notes that, and makes
partitions last long enough to be struck in.
"""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.storage import lock
from tests.faults.plain_cluster import PlainCluster
from tests.faults.struck import COMMAND, Trial, moments, results_of, wait_until
from tests.run_projects import log_of, request_of, run_here

# A full lane beside other work: many whole runs, each several times slower than alone.
pytestmark = pytest.mark.timeout(1_200)
Tell = Callable[[str], None]
_HOOK = """
import os, sys, time
record = os.open(os.environ["BEGUN"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

def hook(event, given):
    if event != "open" or not isinstance(given[2], int) or given[2] & (os.O_WRONLY | os.O_RDWR):
        return
    folder, _, name = str(given[0]).rpartition("/")
    if folder.endswith("checkpoints/pruning") and name.startswith("part-"):
        os.write(record, f"{name}\\n".encode())
        time.sleep(0.15)

sys.addaudithook(hook)
"""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("undisturbed")
    return results_of(run_here(request_of(folder), folder, partition_rows=200)[1])


@pytest.mark.parametrize(
    "compute",
    ["threads", *(pytest.param(each, marks=pytest.mark.full)
                  for each in ("serial", "processes", "a scheduler"))],
)  # fmt: skip
@pytest.mark.parametrize(
    "how", ["SIGTERM", pytest.param("SIGINT", marks=pytest.mark.full)]
)  # fmt: skip
@pytest.mark.fault("Signals", "{how} while partitions are computed by {compute}")
def test_what_is_in_flight_is_finished(
    tmp_path: Path, undisturbed: dict[str, str], compute: str, how: str, came_of_it: Tell
) -> None:
    (tmp_path / "sitecustomize.py").write_text(_HOOK)
    record = tmp_path / "begun"
    environment = os.environ | {"BEGUN": str(record), "PYTHONPATH": f"{tmp_path}:{Path.cwd()}"}
    trial = Trial(tmp_path / "run")
    with PlainCluster(tmp_path, environment, wanted=compute == "a scheduler") as cluster:
        where = cluster.address or compute
        with subprocess.Popen(
            [*COMMAND, *trial.arguments("--direct", "--workers", "2", "--compute", where)],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            # A terminal's Ctrl-C goes to the whole group, the worker processes among them.
            process_group=0,
        ) as process:  # fmt: skip
            wait_until(lambda: len(begun(record)) >= 8, process)
            in_flight = begun(record) - finished(trial.run)
            number = signal.Signals[how]
            if how == "SIGINT":
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
            _, errors = process.communicate(timeout=300)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "the same command goes on" in errors
    done = finished(trial.run)
    assert in_flight and in_flight <= done
    assert len(done) < 52
    assert lock.holder_of(trial.run) is None
    run_here(request_of(trial.folder), trial.folder)
    assert results_of(trial.run) == undisturbed
    stages = {each["stage"]: each for each in log_of(trial.run) if each["event"] == "stage_done"}
    assert stages["pruning"]["reused"] == len(done)
    came_of_it(
        f"exit 130; {len(in_flight)} in flight, all of them among the {len(done)} that have their "
        "checkpoint; the same files"
    )


def begun(record: Path) -> set[str]:
    return set(record.read_text().split()) if record.exists() else set()


def finished(run: Path) -> set[str]:
    return {path.name for path in run.glob("checkpoints/pruning/*.json")}


@pytest.mark.full
@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT"])
@pytest.mark.fault("Signals", "{how} at three random moments of the stage output")
def test_a_run_interrupted_while_it_merges_goes_on(
    tmp_path: Path, undisturbed: dict[str, str], how: str, came_of_it: Tell
) -> None:
    code, changes = Trial(tmp_path / "whole").strike(0)
    assert code == 0
    chosen = moments(changes, "output", 3)
    for moment in chosen:
        trial = Trial(tmp_path / str(moment))
        code, _ = trial.strike(moment, how=signal.Signals[how])
        assert code == 130
        half = [path for path in trial.run.rglob("*") if path.suffix == ".tmp"]
        assert [*half, *trial.run.glob("checkpoints/tmp/*")] == []
        trial.finish()
        assert results_of(trial.run) == undisturbed
    came_of_it(
        f"exit 130 before changes {chosen} of {len(changes)}, nothing half-written left; the same "
        "files"
    )
