"""What a person waits for beside a run: commands starting, and the documents of structures."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks.blocks import PROJECTS
from benchmarks.machine import ROOT, Row

BEST_OF = 3
TOP = 10
AT_ONCE = 10
WHERE = "rating >= A and dscr >= 1.3"


def measure() -> Iterator[Row]:
    """Best of three of each, in processes of their own, once everything is compiled."""
    with tempfile.TemporaryDirectory() as out:
        project = str(PROJECTS / "medium.yaml")
        run = json.loads(said("run", project, "--direct", "--no-pack", "--out", out, "--json"))
        where = [run["run_id"], "--out", out]
        said("pack", *where, "--formats", "html")  # compiles what an explanation compiles
        best = str(optimal(run))
        yield row("start: --help", "--help")
        yield row("start: validate", "validate", project)
        yield row("start: plan", "plan", project, "--out", out, note="measures a sample of the run")
        yield row("start: evaluate", "evaluate", project)
        yield row("start: top", "top", *where)
        yield row("start: top --where", "top", *where, "--where", WHERE)
        yield row("start: show", "show", where[0], best, *where[1:])
        yield row("start: explain", "explain", where[0], best, *where[1:])
        slowest = min(max(together(AT_ONCE, "top", *where)) for _ in range(BEST_OF))
        note = f"{AT_ONCE} processes begun at the same instant, on the cores of this machine"
        yield Row("ten people at once: top, the slowest", slowest, "s", note=note)
        yield row("pack of one structure", "pack", *where, note="19 files, all formats")
        yield row(f"packs of the best {TOP}", "pack", *where, "--top", str(TOP))


def optimal(summary: dict[str, dict[str, int]]) -> int:
    """Number of the optimal structure."""
    return summary["optimal"]["permutation_id"]


def row(what: str, *arguments: str, note: str = "") -> Row:
    """Least wall time of a command."""
    return Row(what, min(timed(*arguments) for _ in range(BEST_OF)), "s", note=note)


def timed(*arguments: str) -> float:
    """Wall time of a command."""
    began = time.perf_counter()
    said(*arguments)
    return time.perf_counter() - began


def together(times: int, *arguments: str) -> list[float]:
    """Wall times of the same command, `times` over at once."""
    with ThreadPoolExecutor(times) as people:
        return list(people.map(lambda _: timed(*arguments), range(times)))


def said(*arguments: str) -> str:
    """What a command prints. Raises CalledProcessError if it fails."""
    line = [sys.executable, "-m", "pipeline.cli.main", *arguments]
    return subprocess.run(line, cwd=ROOT, check=True, capture_output=True, text=True).stdout
