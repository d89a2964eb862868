"""Whole runs as a user starts them: wall time and memory of the process tree, after compilation."""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.blocks import PROJECTS
from benchmarks.machine import ROOT, Row

BEST_OF = 3
_EVERY_S = 0.1


@dataclass(frozen=True)
class Measured:
    """One run: wall seconds, and the most memory [bytes] the process tree held at once.

    `stages` are the seconds of each stage, as the summary has them.
    """

    seconds: float
    peak: int
    rows: int
    survivors: int
    stages: dict[str, float]


def measure(names: tuple[str, ...] = ("small", "medium", "large")) -> Iterator[Row]:
    """Best of three of every golden project with one worker and with two, in turn."""
    for name in names:
        project = PROJECTS / f"{name}.yaml"
        run_measured(
            project, 2, ("--max-permutations", "200")
        )  # compiles, or loads what is compiled
        found: dict[int, list[Measured]] = {1: [], 2: []}
        for _ in range(BEST_OF):
            for workers, runs in found.items():
                runs.append(run_measured(project, workers))
        wall = {workers: min(run.seconds for run in runs) for workers, runs in found.items()}
        for workers, runs in found.items():
            peak = max(run.peak for run in runs) / 1e9
            note = f"{runs[0].rows:,} structures, most memory {peak:.2f} GB (PSS of the tree)"
            if workers == 2:
                note += f"; {wall[1] / wall[2]:.2f} times one worker"
            yield Row(f"run --direct, {name}, {workers} worker(s)", wall[workers], "s", note=note)
        output = min(run.stages["output"] for run in found[2])
        survivors = found[2][0].survivors
        note = f"output stage: merge, rank, near misses, summary in PDF; {survivors:,} survivors"
        yield Row(f"survivors merged, {name}", survivors / output, "rows/s", note=note)


def run_measured(project: Path, workers: int, more: tuple[str, ...] = ()) -> Measured:
    """One run of a project file by the command line, into a folder that is removed."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "pipeline.cli.main", "run", str(project),
            "--direct", "--no-pack", "--workers", str(workers), "--out", folder, "--json", *more,
        ]  # fmt: skip
        began = time.perf_counter()
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as child:
            peak = 0
            while child.poll() is None:
                peak = max(peak, _memory(child.pid))
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(_EVERY_S)
            seconds = time.perf_counter() - began
            assert child.stdout is not None
            said = child.stdout.read()
        if child.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}")
        summary = json.loads(said)
        return Measured(
            seconds, peak, summary["total_scenarios"], summary["survivors"], summary["timings"]
        )


def _memory(pid: int) -> int:
    """PSS [bytes] of a process and all below it: memory that they share is counted once."""
    total = 0
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += process.memory_full_info().pss
    return total
