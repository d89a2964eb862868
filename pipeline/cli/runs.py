"""`atlas-forge runs`: the runs of a folder or a database."""

from __future__ import annotations

from dataclasses import asdict

import click

from pipeline.cli.console import note, print_json, say, table, wants_json
from pipeline.cli.options import mongo_option, out_option
from pipeline.places import results_of


@click.command(name="runs")
@click.option("--all", "everything", is_flag=True, help="Also those being merged into a database.")
@out_option
@click.option("--desk", metavar="NAME", help="Only runs of this desk.")
@click.option(
    "--store", metavar="URL", help="Where the runs' checkpoints are: who is at work there."
)
@mongo_option
def command(
    everything: bool, out: str | None, desk: str | None, store: str | None, mongo: str | None
) -> None:
    """List the runs of a folder, or the complete ones of a database, newest first.

    \b
    Examples:
      atlas-forge runs
      atlas-forge runs --out /data/runs --desk infra --json
      atlas-forge runs --mongo mongodb://db.example/atlas_forge
    """
    results = results_of(out, mongo, everything, store)
    found = results.listed(lambda told: note(f"warning: {told}"))
    rows = [asdict(line) for line in found if desk is None or line.desk == desk]
    if wants_json():
        print_json({"schema": 1, "runs": rows})
    elif rows:
        headings = [name for name in rows[0] if any(row[name] != "" for row in rows)]
        say(table(headings, [[str(row[name]) for name in headings] for row in rows]))
    else:
        say(f"No runs in {results.where}{f' of desk {desk}' if desk else ''}.")
