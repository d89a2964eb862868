"""Does a run end with a sentence when its disk fails it, and go on once that is mended?"""

import json
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.struck import COMMAND, Trial, atlas_forge, results_of, wait_until

# A full lane beside other work: many whole runs, each several times slower than alone.
pytestmark = pytest.mark.timeout(1_200)
Tell = Callable[[str], None]
# A partition takes long enough for a fault to be made between two of them.
ROWS = "40"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    trial = Trial(tmp_path_factory.mktemp("undisturbed") / "run", ROWS)
    trial.finish()
    return trial.run


def told(ended: subprocess.CompletedProcess[str]) -> list[str]:
    """The sentences of a run that failed, and did not end in a stack."""
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
    document = json.loads(ended.stdout)
    assert document["error"] == "failed"
    return document["messages"]


def counted(run: Path) -> int:
    """Partitions that have a marker; no output may count."""
    manifest = json.loads((run / "manifest.json").read_text()) if (
        run / "manifest.json"
    ).exists() else {"outputs": {}}  # fmt: skip
    assert manifest["outputs"] == {}
    return len(list(run.glob("checkpoints/*/*.json")))


@pytest.mark.parametrize(
    ("file", "share"),
    [
        ("ranked.parquet", 0.5),
        pytest.param("plan.json", 0.9, marks=pytest.mark.full),
        pytest.param("reports/summary.pdf", 0.9, marks=pytest.mark.full),
    ],
)
@pytest.mark.fault("Disk", "no file may be larger than {share} of {file} (RLIMIT_FSIZE)")
def test_a_file_that_does_not_fit_is_named(
    tmp_path: Path, undisturbed: Path, file: str, share: float, came_of_it: Tell
) -> None:
    limit = int((undisturbed / file).stat().st_size * share)
    trial = Trial(tmp_path / "run", ROWS)
    ended = atlas_forge(
        *trial.arguments("--direct", "--json"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    (first, *_) = told(ended)
    assert "File too large" in first and f"{trial.run.name}/" in first
    done = counted(trial.run)
    assert not list(trial.run.rglob("*.tmp"))
    trial.finish()
    assert results_of(trial.run) == results_of(undisturbed)
    came_of_it(
        f'exit 1, "{first.replace(str(trial.folder), "…")}"; {done} partitions kept; the same files'
    )


# In a mount namespace of its own: a file system of the given size, a run that does not fit, then
# room, the same run, and its folder carried out before the namespace and its mount are gone.
_FULL = """
set -e
mount -t tmpfs -o size=$1k tmpfs "$2"
shift; disk=$1; shift; to=$1; shift
set +e
"$@" > "$to/first.json" 2> "$to/first.err"
echo $? > "$to/first.code"
find "$disk" -path '*/checkpoints/*/*.json' | wc -l > "$to/markers"
set -e
mount -o remount,size=200m "$disk"
"$@" > "$to/second.json" 2> "$to/second.err"
cp -r "$disk"/trial-* "$to"
"""


def _namespace() -> list[str]:
    """What makes a mount namespace here; skips, or in CI fails, where nothing does."""
    own = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "-r", "--mount"]
    if shutil.which("unshare") and subprocess.run([*own, "true"], check=False).returncode == 0:
        return own
    reason = "no mount namespace can be made here (unshare)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.mark.full
@pytest.mark.parametrize("stage", ["pruning", "analysis", "output"])
@pytest.mark.fault("Disk", "the disk is full in the stage {stage} (a real file system)")
def test_a_full_disk_is_said_and_the_run_goes_on_once_there_is_room(
    tmp_path: Path, undisturbed: Path, stage: str, came_of_it: Tell
) -> None:
    def pages(pattern: str) -> int:
        return sum(-(-path.stat().st_size // 4096) for path in undisturbed.glob(pattern))

    pruning = pages("evaluated/*") + pages("checkpoints/pruning/*")
    analysis = pages("checkpoints/analysis/*")
    fixed = pages("*.json") + 8
    size = (
        4 * fixed
        + {
            "pruning": 2 * pruning,
            "analysis": 4 * pruning + 2 * analysis,
            "output": 4 * (pruning + analysis) + 2 * pages("ranked.parquet"),
        }[stage]
    )
    trial = Trial(tmp_path / "run", ROWS)
    arguments = trial.arguments("--direct", "--json")
    disk, to = tmp_path / "disk", tmp_path / "to"
    disk.mkdir()
    to.mkdir()
    arguments[arguments.index("--out") + 1] = str(disk)
    ended = subprocess.run(
        [*_namespace(), "sh", "-c", _FULL, "sh", str(size), str(disk), str(to), *COMMAND,
         *arguments],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    second = (to / "second.err").read_text() if (to / "second.err").exists() else "-"
    assert ended.returncode == 0, ended.stderr + second
    assert (to / "first.code").read_text().strip() == "1"
    assert "Traceback" not in (to / "first.err").read_text()
    document = json.loads((to / "first.json").read_text())
    assert document["error"] == "failed"
    (first, *_) = document["messages"]
    assert "No space left on device" in first and str(disk) in first
    if stage != "output":
        assert first.startswith(f"{stage} partition ")
    (run,) = to.glob("trial-*")
    assert results_of(run) == results_of(undisturbed)
    markers = int((to / "markers").read_text())
    assert markers > 0
    came_of_it(
        f'exit 1, "{first.replace(str(disk), "…")}"; {markers} partitions kept; with room the '
        "same files"
    )


def _without_rights_of_root() -> list[str]:
    """For root no folder is closed: it runs without the capability that opens them."""
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.getuid() == 0 else []


def _meanwhile(trial: Trial, markers: int, happens: Callable[[], object]) -> list[str]:
    """Let something happen once a run has `markers`; returns what the run said when it failed."""
    with subprocess.Popen(
        [*_without_rights_of_root(), *COMMAND, *trial.arguments("--direct", "--json")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        wait_until(
            lambda: len(list(trial.folder.glob("trial-*/checkpoints/pruning/*.json"))) >= markers,
            process,
        )
        # Held for a moment: on a busy machine the run would else be over before it happens.
        process.send_signal(signal.SIGSTOP)
        happens()
        process.send_signal(signal.SIGCONT)
        out, errors = process.communicate(timeout=300)
    return told(subprocess.CompletedProcess([], process.returncode, out, errors))


@pytest.mark.full
@pytest.mark.parametrize("folder", ["evaluated", "checkpoints/analysis"])
@pytest.mark.fault("Disk", "{folder}/ may no longer be written, in the middle of a run")
def test_a_folder_that_is_closed_is_named(
    tmp_path: Path, undisturbed: Path, folder: str, came_of_it: Tell
) -> None:
    trial = Trial(tmp_path / "run", ROWS)
    (first, *_) = _meanwhile(trial, 5, lambda: (trial.run / folder).chmod(0o555))
    assert "Permission denied" in first and f"{trial.run.name}/" in first
    done = counted(trial.run)
    (trial.run / folder).chmod(0o755)
    trial.finish()
    assert results_of(trial.run) == results_of(undisturbed)
    came_of_it(f"exit 1, permission denied, file named; {done} partitions kept; the same files")


@pytest.mark.fault("Disk", "the folder of runs may not be written")
def test_a_closed_folder_of_runs_is_named(tmp_path: Path, came_of_it: Tell) -> None:
    trial = Trial(tmp_path / "run", ROWS)
    arguments = trial.arguments("--direct", "--json")
    trial.folder.chmod(0o555)
    ended = subprocess.run(
        [*_without_rights_of_root(), *COMMAND, *arguments],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    trial.folder.chmod(0o755)
    (first, *_) = told(ended)
    assert "Permission denied" in first and str(trial.folder) in first
    assert not list(trial.folder.glob("trial-*"))
    came_of_it("exit 1, permission denied, folder named; nothing written")


@pytest.mark.full
@pytest.mark.fault("Disk", "the run's folder is deleted in the middle of the run")
def test_a_deleted_folder_ends_the_run_and_a_rerun_is_whole(
    tmp_path: Path, undisturbed: Path, came_of_it: Tell
) -> None:
    trial = Trial(tmp_path / "run", ROWS)
    first, *_ = _meanwhile(trial, 5, lambda: shutil.rmtree(trial.run))
    listed = atlas_forge("runs", "--out", str(trial.folder), "--json")
    assert json.loads(listed.stdout)["runs"] == []
    trial.finish()
    assert results_of(trial.run) == results_of(undisturbed)
    came_of_it(f'exit 1, "{first}"; no run is listed; the same request computes it anew')
