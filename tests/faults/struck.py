"""Runs started as a user starts them, struck in the middle, and what is compared afterwards.

A run can be made to kill itself right before its nth change of a file: that hits every seam between
two changes, where a kill by the clock mostly hits the long computations.
"""

from __future__ import annotations

import hashlib
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.storage.links import LINKS_PATH
from pipeline.storage.results import FINISHED
from pipeline.storage.state import run_state
from tests.run_projects import write_project

COMMAND = [sys.executable, "-m", "pipeline.cli.main"]
STAGES = ("input", "permutation", "pruning", "analysis", "output")
SEED = 20_261_121
# What depends on the machine and the day, not on the request.
_TOOK = ("timings", "rows_per_second", "peak_memory_mb", "links")
_NOT_COMPARED = {"log.jsonl", "audit.jsonl", "checkpoints/lock", "checkpoints/usage.json",
                 "summary.json", "manifest.json",
                 "reports/summary.pdf"}  # fmt: skip

# Counts and tells changes of files below a folder, and signals itself before the given one.
_STRIKER = """
import itertools, os, signal, sys
folder, last, how = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
record = os.open(sys.argv[4], os.O_WRONLY | os.O_CREAT)
writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT
seen = itertools.count(1)

def hook(event, given):
    if event == "open":
        if not isinstance(given[2], int) or not given[2] & writing:
            return
    elif event not in ("os.rename", "os.remove", "os.mkdir", "os.rmdir"):
        return
    path = str(given[0])
    if not path.startswith(folder):
        return
    number = next(seen)
    os.write(record, f"{event} {path[len(folder) + 1:]}\\n".encode())
    if number == last:
        os.kill(os.getpid(), how)

from pipeline.cli.main import main
sys.addaudithook(hook)
main(sys.argv[5:])
"""


@dataclass(frozen=True)
class Trial:
    """A folder with a project file, and how to start its run."""

    folder: Path
    rows: str = "200"
    write: Callable[[Path], Path] = write_project

    def arguments(self, *options: str) -> list[str]:
        self.folder.mkdir(exist_ok=True)
        project = self.folder / "trial.yaml"
        if not project.exists():
            self.write(self.folder)
        return ["run", str(project), "--out", str(self.folder), "--partition-rows", self.rows,
                *options]  # fmt: skip

    @property
    def run(self) -> Path:
        """The run folder; there is one."""
        (found,) = self.folder.glob("trial-*")
        return found

    def strike(
        self,
        number: int,
        *options: str,
        how: signal.Signals = signal.SIGKILL,
        environment: Mapping[str, str] | None = None,
    ) -> tuple[int, list[str]]:
        """Start the run; it signals itself before its change `number` of a file (0: never).

        Returns the exit code and the changes that were about to be made, the last one not.
        """
        record = self.folder.parent / f"{self.folder.name}.changes"
        record.unlink(missing_ok=True)
        ended = subprocess.run(
            [sys.executable, "-c", _STRIKER, str(self.folder), str(number), str(int(how)),
             str(record), *self.arguments(*(options or ["--direct"]))],
            capture_output=True, text=True, check=False, timeout=600, env=environment,
        )  # fmt: skip
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended.returncode, record.read_text().splitlines()

    def finish(self, *options: str) -> subprocess.CompletedProcess[str]:
        """The same request again, to its end."""
        ended = atlas_forge(*self.arguments("--direct", "--json", *options))
        assert ended.returncode == 0, ended.stderr
        return ended


def atlas_forge(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=600, **options
    )


def results_of(run: Path) -> dict[str, str]:
    """Everything a finished run promises, by file: digests, and the names of all files there are.

    What the run took, when it was made and where it was watched is left out; the report is only
    there and sealed.
    """
    assert run_state(run).state == FINISHED
    found = {}
    for path in sorted(each for each in run.rglob("*") if each.is_file()):
        name = path.relative_to(run).as_posix()
        if name == LINKS_PATH:  # an attempt on Dask has an address to be watched at, others none
            continue
        compared = name not in _NOT_COMPARED
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest() if compared else "there"
    summary = json.loads((run / "summary.json").read_text())
    for name in _TOOK:
        del summary[name]
    manifest = json.loads((run / "manifest.json").read_text())
    del manifest["created_at"], manifest["outputs"]
    return {**found, "what it says": json.dumps([summary, manifest], sort_keys=True)}


def moments(changes: list[str], stage: str, number: int) -> list[int]:
    """Seeded changes to die before, all within one stage of an undisturbed run's `changes`."""
    places = [place for place, name in enumerate(stages_of(changes), start=1) if name == stage]
    chosen = random.Random(f"{SEED} {stage}").sample(places, min(number, len(places)))
    return sorted(chosen)


def stages_of(changes: list[str]) -> list[str]:
    """The stage of each change: at its end each stage replaces the file of what it took."""
    found, ended = [], 0
    for change in changes:
        found.append(STAGES[min(ended, len(STAGES) - 1)])
        ended += change.startswith("os.rename") and "usage.json" in change
    return found


def wait_until(happened: Callable[[], object], process: Any, within_s: float = 300) -> None:
    """Look often; fail when the process ends before."""
    deadline = time.monotonic() + within_s
    while not happened():
        assert process.poll() is None, "the run ended before it could be struck"
        assert time.monotonic() < deadline
        time.sleep(0.002)
