"""The summary of a run, written into its folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.reports.pdf import run_summary
from pipeline.reports.run.model import ReportModel
from pipeline.storage.store import write_file

FILE_NAME = "summary.pdf"


def write_summary_pdf(
    run_dir: Path | str,
    summary: Mapping[str, Any],
    manifest: Mapping[str, Any],
    top_rows: Sequence[Mapping[str, Any]],
    scatter: Iterable[tuple[float | None, float | None, str]],
    near_misses: Sequence[Mapping[str, Any]] = (),
) -> Path:
    """Write `<run_dir>/reports/summary.pdf`, whole or not at all, and return its path.

    The arguments are those of `ReportModel.from_run`. Raises OSError when the folder cannot be
    written.
    """
    path = Path(run_dir) / "reports" / FILE_NAME
    report = ReportModel.from_run(summary, manifest, top_rows, scatter, near_misses)
    content = run_summary.render(report)
    write_file(path, content)
    return path
