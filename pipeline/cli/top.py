"""`atlas-forge top`: the best structures of a run."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.console import note, print_json, say, wants_json
from pipeline.cli.options import out_option, settings_of


@click.command(name="top")
@click.argument("run_id")
@click.option(
    "-n", "rows", type=click.IntRange(1, 100_000), default=10, show_default=True, help="How many."
)
@out_option
def command(run_id: str, rows: int, out: str | None) -> None:
    """Show the best structures of a finished run, all columns with --json.

    \b
    Examples:
      atlas-forge top small-1a2b3c4d5e6f -n 20
      atlas-forge top small-1a2b3c4d5e6f --json
    """
    from pipeline.cli.report import books_line, top_table
    from pipeline.storage.results import LocalResults

    results = LocalResults(Path(settings_of(out=out).out))
    found = results.top(run_id, rows)
    summary = results.summary(run_id)
    if wants_json():
        books = {name: summary[name] for name in ("rulebook", "market")}
        print_json({"schema": 1, "run_id": run_id, **books, "rows": found})
    elif found:
        note(books_line(summary))
        say(top_table(found))
    else:
        say(f"No structure of {run_id} passed both gates.")
