"""Where people watch a run while it lives: Dask's dashboard, the page of its flow run in Prefect.

The addresses go into the run's log and to whoever sits at its terminal. summary.json says nothing
of them: the dashboard ends with the run, and a run that goes on elsewhere keeps its summary.
"""

from __future__ import annotations

from pipeline.logs import run_log, told_on_stderr
from pipeline.stages.contract import Run

_NAMES = {"dask": "Dask dashboard", "prefect": "Prefect"}


def told_links(run: Run, *, shown: tuple[str, ...], **links: str | None) -> None:
    """Log the `links` that there are (dask, prefect); those named in `shown` are printed too."""
    there = {name: link for name, link in links.items() if link}
    if there:
        run_log(run.folder, run.settings.log_level).info("links", **there)
    for name in shown:
        if name in there:
            told_on_stderr(f"{_NAMES[name]}: {there[name]}")
