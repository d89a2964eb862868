"""`atlas-forge search`: the best structures of a space too large to sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipeline.cli.console import note, print_json, say, wants_json
from pipeline.cli.interrupts import ending_cleanly
from pipeline.cli.options import out_option, place_options, settings_of
from pipeline.cli.progress import progress_display
from pipeline.lean_arrow import keep_pandas_out
from pipeline.search import BUDGET

_MOST = 1_000_000


@click.command(
    name="search",
    epilog="The answer depends on the project, seed, budget and goal alone, not on workers or "
    "interruptions: the same command goes on from where it stopped. Only --time-limit ends a "
    "search at a moment that is not the same each time.",
)
@click.argument("project", metavar="FILE")
@click.option(
    "--budget",
    type=click.IntRange(1, _MOST),
    default=BUDGET,
    show_default=True,
    help="Distinct structures evaluated at most.",
)
@click.option("--seed", metavar="N", help="Seed of the search (default: project's).")
@click.option("--objective", metavar="NAME", help="What to seek (default: project's).")
@click.option("--viable", is_flag=True, help="Only structures that pass every hard filter.")
@click.option(
    "--finer",
    type=click.IntRange(1, 1_000),
    default=1,
    show_default=True,
    metavar="N",
    help="Make numeric levers N times finer.",
)
@click.option(
    "--top",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="Structures in best.parquet.",
)
@click.option("--against", metavar="RUN_ID", help="Compare with a finished run.")
@click.option(
    "--time-limit",
    "time_limit_s",
    type=click.FloatRange(min=0.0, min_open=True),
    metavar="SECONDS",
    help="Begin nothing more after this time.",
)
@out_option
@place_options
def command(
    project: str,
    budget: int,
    objective: str | None,
    viable: bool,
    finer: int,
    top: int,
    against: str | None,
    time_limit_s: float | None,
    **options: Any,
) -> None:
    """Look for the best structure: best tier, then objective.

    Evaluates a few thousand structures where a sweep would evaluate them all, so that a space of
    10^12 takes seconds. Writes best.parquet and search.json.

    \b
    Examples:
      atlas-forge search my-project.yaml --finer 10
      atlas-forge search my-project.yaml --objective WACC --budget 20000 --seed 7
      atlas-forge search fixtures/projects/large.yaml --against large-1a2b3c4d5e6f --json
    """
    from pipeline.inputs import load_request
    from pipeline.search.run import Choices, search

    keep_pandas_out()
    settings = settings_of(**options)
    request = load_request(project)
    for warning in request.warnings:
        note(f"warning: {warning}")
    choices = Choices(budget, objective, viable, finer, top, against, time_limit_s)
    with progress_display() as display, ending_cleanly(display) as on_progress:
        document = search(request, choices, settings, on_progress)
    if wants_json():
        print_json(document)
    else:
        from pipeline.cli.search_report import search_report

        say(search_report(document, Path(settings.out) / str(document["search_id"])))
