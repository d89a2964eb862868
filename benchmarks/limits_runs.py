"""Whole runs for `make limits`: rows a second of a core, bytes a row, memory of a worker."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from benchmarks.blocks import PROJECTS
from benchmarks.machine import ROOT
from benchmarks.scale import finer

FINER_ROWS = 1_000_000
# What a run above ten million structures is cut into: bytes and memory depend on it.
PARTITION_ROWS = 10_000
CORES = 2
_EVERY_S = 0.1
# A worker's first partition in a new process: what it imports, then what it loads compiled.
_COLD = """\
import json, sys, time
began = time.perf_counter()
from pathlib import Path
from pipeline.engine import figures_of_ids
from pipeline.stages import analysis
from pipeline.storage.plan import read_plan
from pipeline.storage.store import open_folder
plan = read_plan(open_folder(Path(sys.argv[1])))
imported = time.perf_counter()
figures_of_ids(plan.problem, plan.ids_of(0)[0][:1])
print(json.dumps({"import_s": imported - began, "first_row_s": time.perf_counter() - imported}))
"""

Figures = dict[str, Any]


def measure(folder: Path) -> tuple[Figures, Path]:
    """The figures, and the folder of a finished run of FINER_ROWS structures."""
    golden = PROJECTS / "large.yaml"
    _run(golden, folder / "first", 2, "--max-permutations", "2000")  # compiles what is not compiled
    found: Figures = {}
    for workers in (1, CORES):
        found[f"large_threads_{workers}"], _ = _run(golden, folder / f"threads{workers}", workers)
    found["finer_processes_2"], run = _run(
        finer(folder), folder / "processes", CORES, "--processes",
        "--max-permutations", str(FINER_ROWS), "--partition-rows", str(PARTITION_ROWS),
    )  # fmt: skip
    survivors = found["finer_processes_2"]["survivors"]
    found["bytes"] = _bytes(run, FINER_ROWS, survivors)
    found["cold_start"] = _cold(run)
    return found, run


def large_partitions(folder: Path) -> Figures:
    """A worker's memory where partitions are ten times as large: few of them, of a small run."""
    rows = 10 * PARTITION_ROWS
    found, _ = _run(
        PROJECTS / "large.yaml", folder / "large", CORES, "--processes",
        "--partition-rows", str(rows),
    )  # fmt: skip
    return {"partition_rows": rows, "worker_pss_mb": found["worker_pss_mb"]}


def _run(project: Path, out: Path, workers: int, *more: str) -> tuple[Figures, Path]:
    """One run into a folder that stays: seconds and rows a second by stage, cores, memory."""
    line = [
        sys.executable, "-m", "pipeline.cli.main", "run", str(project), "--direct", "--no-pack",
        "--workers", str(workers), "--out", str(out), "--json", *more,
    ]  # fmt: skip
    before = _children_cpu()
    began = time.perf_counter()
    with subprocess.Popen(
        line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        with watched(child.pid) as most:
            told, _ = child.communicate()
        seconds = time.perf_counter() - began
    if child.returncode:
        raise RuntimeError(f"{' '.join(line)} ended with {child.returncode}")
    summary = json.loads(told)
    stages, rows = summary["timings"], summary["total_scenarios"]
    figures = {
        "rows": rows,
        "survivors": summary["survivors"],
        "seconds": seconds,
        "core_seconds": _children_cpu() - before,
        "stages": stages,
        "pruned_rows_s_core": rows / stages["pruning"] / workers,
        "analysed_rows_s_core": summary["survivors"] / stages["analysis"] / workers,
        "output_rows_s": summary["survivors"] / stages["output"],
        "tree_pss_mb": most["tree"] / 1e6,
        "flow_pss_mb": most["flow"] / 1e6,
        "worker_pss_mb": most["worker"] / 1e6,
    }
    return figures, out / summary["run_id"]


@contextlib.contextmanager
def watched(pid: int) -> Iterator[dict[str, int]]:
    """Most PSS [bytes] while the block runs: of the tree, of its root, of the largest child."""
    most: dict[str, int] = defaultdict(int)
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_EVERY_S):
            with contextlib.suppress(psutil.Error):
                root = psutil.Process(pid)
                own = _pss(root)
                others = [_pss(child) for child in root.children(recursive=True)]
                most["flow"] = max(most["flow"], own)
                most["worker"] = max([most["worker"], *others])
                most["tree"] = max(most["tree"], own + sum(others))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield most
    finally:
        over.set()
        watching.join()


def _pss(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        found: int = process.memory_full_info().pss
        return found
    return 0


def _children_cpu() -> float:
    """Core seconds of all children that have ended, and of theirs."""
    times = os.times()
    return times.children_user + times.children_system


def _bytes(run: Path, rows: int, survivors: int) -> Figures:
    """Bytes on disk a row of what a run writes; markers each."""

    def total(folder: str, ending: str) -> int:
        return sum(path.stat().st_size for path in (run / folder).glob(f"part-*.{ending}"))

    def markers(stage: str) -> float:
        count = len(list((run / f"checkpoints/{stage}").glob("part-*.json")))
        return total(f"checkpoints/{stage}", "json") / count

    return {
        "partition_rows": PARTITION_ROWS,
        "pruning_part_a_row": total("evaluated", "parquet") / rows,
        "analysis_part_a_survivor": total("checkpoints/analysis", "parquet") / survivors,
        "ranked_a_survivor": (run / "ranked.parquet").stat().st_size / survivors,
        "pruning_marker": markers("pruning"),
        "analysis_marker": markers("analysis"),
    }


def _cold(run: Path) -> Figures:
    """Seconds until a new process has computed its first row, once kernels are compiled."""
    best: Figures = {}
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _COLD, str(run)],
            cwd=ROOT, check=True, capture_output=True, text=True,
        )  # fmt: skip
        told = json.loads(done.stdout) | {"process_s": time.perf_counter() - began}
        if not best or told["process_s"] < best["process_s"]:
            best = told
    return best
