"""`atlas-forge run`: five stages over a project."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from pipeline.cli.console import note, print_json, say, wants_json
from pipeline.cli.interrupts import ending_cleanly, sigterm_as_ctrl_c
from pipeline.cli.options import execution_options, out_option, question_options, settings_of
from pipeline.cli.progress import progress_display
from pipeline.lean_arrow import keep_pandas_out

if TYPE_CHECKING:
    from pipeline.inputs import Request

# Beyond it a run is announced with the time it will take.
LARGE_RUN: Final = 1_000_000


@click.command(
    name="run",
    epilog="Figures depend on the project, its seed and its sample size alone, not on workers, "
    "partition rows or where it runs. Running the same again does only what is missing.",
)
@click.argument("project", metavar="FILE")
@click.option("--direct", is_flag=True, help="Without Prefect: starts sooner, same results.")
@out_option
@execution_options
@question_options
def command(project: str, direct: bool, **options: Any) -> None:
    """Run the five stages over a project file.

    \b
    Examples:
      atlas-forge run fixtures/projects/small.yaml
      atlas-forge run my-project.yaml --direct --workers 4 --out /data/runs
      atlas-forge run my-project.yaml --max-permutations 10000 --seed 7 --json
    """
    from pipeline.inputs import load_request

    keep_pandas_out()
    settings = settings_of(**options)
    request = load_request(project)
    for warning in request.warnings:
        note(f"warning: {warning}")
    _warn_of_a_long_run(request, options)
    with progress_display() as on_progress:
        if direct:
            from pipeline.runner import run_direct

            with ending_cleanly(on_progress) as watched:
                summary = run_direct(request, settings, watched)
        else:
            # By name: pipeline must not import flows, and only this path pays for Prefect.
            flow = importlib.import_module("flows.run")
            with sigterm_as_ctrl_c():
                summary = flow.run_with_prefect(request, settings, on_progress)
    tell(summary, Path(settings.out))


def tell(summary: dict[str, Any], out: Path) -> None:
    """The end of a run: its summary as JSON, or in words."""
    if wants_json():
        print_json(summary)
    else:
        from pipeline.cli.report import run_report

        say(run_report(summary, out / str(summary["run_id"])))


def _warn_of_a_long_run(request: Request, options: dict[str, Any]) -> None:
    """Say how long a large run will take, measured on a small sample of it."""
    limit = settings_of(**options).max_permutations or request.run.max_permutations
    if min(limit, request.space_size) <= LARGE_RUN:
        return
    from pipeline.api import plan

    found = plan(request, **options)
    note(
        f"warning: {found.rows:,} structures take about {found.seconds / 60:,.0f} minutes on "
        f"{found.slots} workers and {found.bytes_on_disk / 1e9:,.1f} GB on disk"
    )
