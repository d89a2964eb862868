"""What a figure was measured on, and the rows that carry it."""

import math
import os
import platform
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
C_LOOP = "C loop"


@dataclass(frozen=True)
class Row:
    """One figure; NaN where it could not be measured, the note says why.

    `limit` is the figure of `beside` at the same work in the same minute: the C loop, or another
    program. None: there is none.
    """

    what: str
    figure: float
    unit: str
    limit: float | None = None
    note: str = ""
    beside: str = C_LOOP

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        beside = ("", "", "")
        if self.limit is not None:
            beside = (self.beside, shown(self.limit), share(self.figure, self.limit))
        return self.what, shown(self.figure), self.unit, *beside, self.note


def shown(figure: float) -> str:
    """A figure with three digits at least; nothing for NaN."""
    if math.isnan(figure):
        return ""
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


def share(figure: float, limit: float) -> str:
    """How much of a yardstick's figure ours is: a share, or how many times where it is far more."""
    if math.isnan(figure) or math.isnan(limit):
        return ""
    if figure >= 10 * limit:
        return f"{figure / limit:,.0f} times"
    return f"{100 * figure / limit:.0f} %"


HEADINGS = ("measured", "figure", "unit", "beside", "its figure", "ours of it", "note")


def table(rows: list[Row]) -> str:
    """A Markdown table that also reads well on a console."""
    return columns(HEADINGS, [row.cells() for row in rows], right=(1, 4, 5))


def columns(headings: tuple[str, ...], rows: list[tuple[str, ...]], right: tuple[int, ...]) -> str:
    """A Markdown table whose columns are as wide as what stands in them."""
    cells = [headings, *rows]
    widths = [max(len(row[n]) for row in cells) for n in range(len(headings))]

    def line(row: tuple[str, ...]) -> str:
        parts = [
            text.rjust(width) if n in right else text.ljust(width)
            for n, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        return f"| {' | '.join(parts)} |"

    rule = "|".join(
        "-" * (width + 1) + ":" if n in right else "-" * (width + 2)
        for n, width in enumerate(widths)
    )
    return "\n".join([line(cells[0]), f"|{rule}|", *(line(row) for row in cells[1:])])


def _said(*command: str) -> str:
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip()


def commit() -> str:
    """The commit that was measured, with + when kernels or pipeline differ from it."""
    changed = _said("git", "status", "--porcelain", "--", "kernels", "pipeline", "fixtures")
    return _said("git", "rev-parse", "--short", "HEAD") + ("+" if changed else "")


def processor() -> str:
    """Name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def load() -> float:
    """Load average of the last minute."""
    return os.getloadavg()[0]


def described() -> dict[str, Any]:
    """Date, commit, machine and load."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "load": round(load(), 2),
    }


def record(rows: list[Row], about: dict[str, Any]) -> dict[str, Any]:
    """One line of benchmarks/history.jsonl."""
    # what was not measured is null: NaN is no JSON
    kept = [
        {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in asdict(row).items()
        }
        for row in rows
    ]
    return about | {"rows": kept}


def best_of(times: int, work: Callable[[], object]) -> float:
    """Seconds of the fastest of `times` runs of `work`."""
    best = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best
