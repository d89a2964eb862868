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
from benchmarks.rows import PROJECTS as NAMES
from benchmarks.rows import SAMPLES

BEST_OF = 3
_EVERY_S = 0.1


@dataclass(frozen=True)
class Measured:
    """One run: wall seconds, and the most memory [bytes] the process tree held at once.

    `stages` are the seconds of each stage, as the summary has them; `stored` is all that the run's
    folder holds at its end [bytes].
    """

    seconds: float
    peak: int
    rows: int
    survivors: int
    stages: dict[str, float]
    stored: int


def measure() -> Iterator[Row]:
    """The golden projects, then samples of the largest."""
    yield from _projects()
    yield from _samples()


def _projects(names: tuple[str, ...] = NAMES) -> Iterator[Row]:
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
            note = f"{runs[0].rows:,} structures"
            if workers == 2:
                note += f"; {wall[1] / wall[2]:.2f} times one worker"
            yield Row(f"run --direct, {name}, {workers} worker(s)", wall[workers], "s", note=note)
            yield _memory_row(f"memory, {name}, {workers} worker(s)", runs)
        survivors = found[2][0].survivors
        note = f"output stage: merge, rank, near misses, summary in PDF; {survivors:,} survivors"
        output = _least(found[2], "output")
        yield Row(f"survivors merged, {name}", survivors / output, "rows/s", note=note)
        if name == "large":
            yield Row("output stage, large", output, "s", note=f"{survivors:,} survivors")
            yield Row("plan and manifest written, large", _least(found[2], "permutation"), "s")
            for workers, runs in found.items():
                speed = runs[0].rows / wall[workers]
                yield Row(f"structures of large, {workers} worker(s)", speed, "rows/s")


def _samples() -> Iterator[Row]:
    """Samples of the large project by two workers; the smallest by one as well."""
    project = PROJECTS / "large.yaml"
    for rows in SAMPLES:
        sampled = ("--max-permutations", str(rows))
        runs = [run_measured(project, 2, sampled) for _ in range(BEST_OF)]
        seconds = min(run.seconds for run in runs)
        yield Row(f"run of {rows:,} of large, 2 worker(s)", seconds, "s")
        yield _memory_row(f"memory, {rows:,} of large, 2 worker(s)", runs)
        if rows == SAMPLES[0]:
            alone = min(run_measured(project, 1, sampled).seconds for _ in range(BEST_OF))
            yield Row(f"run of {rows:,} of large, 1 worker(s)", alone, "s")
        if rows == 150_000:
            note = f"{runs[0].survivors:,} survivors, checkpoints and reports as well"
            yield Row("folder of 150,000 of large", runs[0].stored / 1e6, "MB", note=note)


def _memory_row(what: str, runs: list[Measured]) -> Row:
    return Row(what, max(run.peak for run in runs) / 1e9, "GB")


def _least(runs: list[Measured], stage: str) -> float:
    """Seconds of a stage in the run where it took least."""
    return min(run.stages[stage] for run in runs)


def run_measured(project: Path, workers: int, more: tuple[str, ...] = ()) -> Measured:
    """One run of a project file by the command line, into a folder that is removed."""
    with tempfile.TemporaryDirectory() as folder:
        return measured_in(Path(folder), project, workers, more)


def measured_in(folder: Path, project: Path, workers: int, more: tuple[str, ...] = ()) -> Measured:
    """One run of a project file by the command line, into a folder that holds no other."""
    command = [
        sys.executable, "-m", "pipeline.cli.main", "run", str(project), "--direct", "--no-pack",
        "--workers", str(workers), "--out", str(folder), "--json", *more,
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
    files = [file for file in folder.rglob("*") if file.is_file()]
    return Measured(
        seconds,
        peak,
        summary["total_scenarios"],
        summary["survivors"],
        summary["timings"],
        sum(file.stat().st_size for file in files),
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
