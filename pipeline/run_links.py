"""Where people watch a run while it lives: Dask's dashboard, the page of its flow run in Prefect.

The addresses go into the run's log, to whoever sits at its terminal, and beside its checkpoints,
from where `status` and summary.json have those of the run's last attempt. The dashboard ends with
the run; the page in Prefect stays as long as the server keeps it.
"""

from __future__ import annotations

from pipeline.logs import run_log, told_on_stderr
from pipeline.stages.contract import Run
from pipeline.storage.links import LINK_NAMES, keep_links


def told_links(
    run: Run, *, shown: tuple[str, ...], dask: str | None = None, prefect: str | None = None
) -> None:
    """Keep and log the links that there are; those named in `shown` are printed too.

    Raises OSError.
    """
    links = keep_links(run.folder, dask=dask, prefect=prefect)
    there = {name: link for name, link in links.items() if link}
    if there:
        run_log(run.folder, run.settings.log_level).info("links", **there)
    for name in shown:
        if name in there:
            told_on_stderr(f"{LINK_NAMES[name]}: {there[name]}")
