"""Progress on stderr: a bar for a person, a line every few seconds for a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.progress import TaskID

    from pipeline.stages.contract import OnProgress, Progress

_LINE_SECONDS: Final = 3.0
# Stages over partitions, and what they call the rows that count.
_FAN_OUTS: Final = {
    "pruning": "survivors",
    "analysis": "survivors",
    "near misses": "solved",
    "search": "survivors",
}
# What a stage is made of, where that is not partitions.
_PARTS: Final = {"search": "structures"}


@contextmanager
def progress_display() -> Iterator[OnProgress]:
    """A callback for the stages; what it drew is finished when the block ends."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[facts]}"),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), refresh_per_second=8) as bars:
        rows: dict[str, TaskID] = {}

        def show(progress: Progress) -> None:
            if progress.stage not in rows:
                rows[progress.stage] = bars.add_task(progress.stage, total=1, facts="")
            bars.update(
                rows[progress.stage],
                # A stage without partitions (nothing survived) is a full bar, not an endless one.
                total=progress.total or 1,
                completed=progress.done if progress.total else 1,
                facts=_facts(progress),
            )

        yield show


class _Lines:
    """Plain lines, at most one every few seconds, and one at the end of each fan-out."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, progress: Progress) -> None:
        if progress.stage not in _FAN_OUTS:
            return
        now = time.monotonic()
        ended = progress.done == progress.total
        if ended or (progress.done and now - self._last >= _LINE_SECONDS):
            self._last = now
            print(
                f"{progress.stage}: {progress.done} of {progress.total} "
                f"{_PARTS.get(progress.stage, 'partitions')}, "
                f"{_facts(progress)}, {progress.elapsed_s:.1f} s",
                file=sys.stderr,
                flush=True,
            )


def _facts(progress: Progress) -> str:
    if progress.stage not in _FAN_OUTS:
        return ""
    return f"{progress.rows:,} rows, {progress.survivors:,} {_FAN_OUTS[progress.stage]}"
