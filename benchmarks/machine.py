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


@dataclass(frozen=True)
class Row:
    """One figure: `limit` is the same work by the C loop in the same minute, None if none is."""

    what: str
    figure: float
    unit: str
    limit: float | None = None
    note: str = ""

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        shown = f"{self.figure:,.0f}" if self.figure >= 100 else f"{self.figure:.3g}"
        if self.limit is None:
            return self.what, shown, self.unit, "", "", self.note
        share = f"{100 * self.figure / self.limit:.0f} %"
        return self.what, shown, self.unit, f"{self.limit:,.0f}", share, self.note


HEADINGS = ("measured", "figure", "unit", "C loop", "of C loop", "note")


def table(rows: list[Row]) -> str:
    """A Markdown table that also reads well on a console."""
    cells = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(HEADINGS))]
    right = (1, 3, 4)

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
