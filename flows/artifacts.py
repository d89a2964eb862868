"""What a run shows in Prefect: one progress bar, a summary table, where it computes.

Everything written here is a number, an identifier or an address; text from a project file
(titles, tenant names) stays out, since Prefect renders artifacts as Markdown.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

import httpx
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
)
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.exceptions import PrefectException

if TYPE_CHECKING:
    from pipeline.stages.contract import Progress

PROGRESS_KEY: Final = "atlas-forge-progress"
SUMMARY_KEY: Final = "atlas-forge-summary"
RUN_KEY: Final = "atlas-forge-run"
LEAST_S_BETWEEN_UPDATES: Final = 1.0

# Where each stage begins and ends on the one bar, in percent: pruning sees every permutation,
# analysis a few of them with far more figures each.
_SPAN: Final = {
    "input": (0.0, 2.0),
    "permutation": (2.0, 3.0),
    "pruning": (3.0, 50.0),
    "analysis": (50.0, 85.0),
    "output": (85.0, 100.0),
}

# Figures of summary.json that fit one cell, as (name, unit).
_SUMMARY_ROWS: Final = (
    ("total_scenarios", "permutations"),
    ("viable_scenarios", "permutations"),
    ("viability_rate", "%"),
    ("fully_funded_scenarios", "permutations"),
    ("best_irr", "%"),
    ("best_dscr", "x"),
    ("best_wacc", "%"),
    ("avg_senior", "in the project's currency"),
    ("max_senior", "in the project's currency"),
    ("max_day1", "in the project's currency"),
    ("rows_per_second", "rows/s"),
    ("peak_memory_mb", "MB"),
    ("seed", ""),
    ("fingerprint", ""),
)

_log = logging.getLogger(__name__)


class ProgressArtifact:
    """The bar of one flow run: created inside the flow, written at most once a second."""

    def __init__(self) -> None:
        self._id = cast(UUID, create_progress_artifact(0.0, PROGRESS_KEY, "starting"))
        self._client = get_client(sync_client=True)
        self._last_write = time.monotonic()
        self._broken = False

    def __call__(self, progress: Progress) -> None:
        """Show how far a stage is. A server that does not answer costs the bar, not the run."""
        if time.monotonic() - self._last_write < LEAST_S_BETWEEN_UPDATES:
            return
        begin, end = _SPAN[progress.stage]
        share = progress.done / progress.total if progress.total else 1.0
        self._write(
            begin + (end - begin) * share,
            f"{progress.stage}: {progress.done:,} of {progress.total:,}, "
            f"{progress.rows:,} rows, {progress.survivors:,} survivors",
        )

    def finish(self) -> None:
        """Show that the run is done."""
        self._write(100.0, "done")

    def _write(self, percent: float, description: str) -> None:
        if self._broken:
            return
        try:
            update = ArtifactUpdate(data=round(percent, 1), description=description)
            self._client.update_artifact(self._id, update)
        except (httpx.HTTPError, PrefectException) as error:
            self._broken = True
            _log.warning("progress is no longer shown in Prefect: %s", error)
        self._last_write = time.monotonic()


def show_run(run_id: str, folder: str, slots: int, dashboard_link: str | None) -> None:
    """Where this run computes and where its files are, with the link of the Dask dashboard."""
    watch = f"[Dask dashboard]({dashboard_link})" if dashboard_link else "no Dask dashboard"
    create_markdown_artifact(
        f"Run `{run_id}` on {slots} workers, files in `{folder}`: {watch}.",
        key=RUN_KEY,
        description=f"run {run_id}",
    )


def show_summary(summary: dict[str, Any]) -> None:
    """The figures of `summary.json` as a table; the ranked permutations are in their file."""
    rows = [
        {"figure": name, "value": summary[name], "unit": unit}
        for name, unit in _SUMMARY_ROWS
        if summary.get(name) is not None
    ]
    create_table_artifact(rows, key=SUMMARY_KEY, description=f"run {summary['run_id']}")
