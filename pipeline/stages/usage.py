"""What a stage used: peak memory of the process tree, processor time, and where that is kept."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import psutil  # type: ignore[import-untyped]

from pipeline.storage.store import write_file

USAGE_PATH: Final = "checkpoints/usage.json"
_SAMPLE_SECONDS: Final = 1.0
_MIB: Final = 2**20


class Usage:
    """Samples this process and its children at most once a second while a stage runs."""

    def __init__(self, slots: int) -> None:
        self._process = psutil.Process()
        self._slots = slots
        self._started = self._sampled = time.perf_counter()
        self._cpu_before = self._cpu_seconds()
        self._before_mb = self._process.memory_info().rss / _MIB
        self.peak_mb = 0.0
        self.delta_mb = 0.0
        self.utilisation_pct = 0.0

    def sample(self) -> None:
        """Note memory, if the last look is long enough ago."""
        now = time.perf_counter()
        if now - self._sampled >= _SAMPLE_SECONDS:
            self._sampled = now
            self._look()

    def finish(self) -> None:
        """Note memory and processor time for the last time."""
        self._look()
        elapsed = time.perf_counter() - self._started
        used = self._cpu_seconds() - self._cpu_before
        # Workers that died took the seconds they had used with them.
        self.utilisation_pct = round(100.0 * max(0.0, used) / (elapsed * self._slots), 1)
        self.delta_mb = round(self._process.memory_info().rss / _MIB - self._before_mb, 1)

    def _look(self) -> None:
        children = self._of_children(lambda child: float(child.memory_info().rss)) / _MIB
        self.peak_mb = max(self.peak_mb, round(own_peak_mb() + children, 1))

    def _cpu_seconds(self) -> float:
        return _cpu_seconds(self._process) + self._of_children(_cpu_seconds)

    def _of_children(self, figure: Callable[[psutil.Process], float]) -> float:
        """The sum of a figure over the children; one that has just ended adds nothing."""
        total = 0.0
        for child in self._children():
            with suppress(psutil.Error):
                total += figure(child)
        return total

    def _children(self) -> list[psutil.Process]:
        try:
            return list(self._process.children(recursive=True))
        except psutil.Error:
            return []


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def own_peak_mb() -> float:
    """Highest resident memory of this process so far [MiB]; now's where the system has no peak."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1_024
    except OSError:
        pass
    return float(psutil.Process().memory_info().rss) / _MIB


def record_stage(
    folder: Path, stage: str, seconds: float, rows: int = 0, peak_mb: float | None = None
) -> None:
    """Keep what a stage took, for the summary of this run; a later pass replaces it."""
    kept = recorded(folder)
    peak = own_peak_mb() if peak_mb is None else peak_mb
    kept[stage] = {"seconds": round(seconds, 3), "rows": rows, "peak_memory_mb": round(peak, 1)}
    write_file(folder / USAGE_PATH, json.dumps(kept).encode())


def recorded(folder: Path) -> dict[str, dict[str, Any]]:
    """What the stages of a run took, by stage; empty if nothing (readable) was kept."""
    try:
        found = json.loads((folder / USAGE_PATH).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
