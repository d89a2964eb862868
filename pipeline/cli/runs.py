"""`atlas-forge runs`: the runs of a folder or a database."""

from __future__ import annotations

from dataclasses import asdict

import click

from pipeline.cli.console import note, print_json, say, table, wants_json
from pipeline.cli.options import mongo_option, out_option, results_of


@click.command(name="runs")
@click.option("--all", "everything", is_flag=True, help="Also those being merged into a database.")
@out_option
@mongo_option
def command(everything: bool, out: str | None, mongo: str | None) -> None:
    """List the runs of a folder, or the complete ones of a database, newest first.

    \b
    Examples:
      atlas-forge runs
      atlas-forge runs --out /data/runs --json
      atlas-forge runs --mongo mongodb://db.example/atlas_forge
    """
    results = results_of(out, mongo, everything)
    rows = [asdict(line) for line in results.listed(lambda told: note(f"warning: {told}"))]
    if wants_json():
        print_json({"schema": 1, "runs": rows})
    elif rows:
        headings = list(rows[0])
        say(table(headings, [[str(row[name]) for name in headings] for row in rows]))
    else:
        say(f"No runs in {results.where}.")
