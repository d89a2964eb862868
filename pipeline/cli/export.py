"""`atlas-forge export`: a run's structures as CSV, Excel or Parquet."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.console import print_json, say, wants_json
from pipeline.cli.options import out_option, settings_of


@click.command(name="export")
@click.argument("run_id")
@click.option(
    "--to", "target", required=True, metavar="FILE", help="Ends in .csv, .xlsx, .parquet."
)
@click.option("--where", metavar="EXPR", help="Only structures of which this holds.")
@click.option("--columns", metavar="NAMES", help="Columns to write, with commas between them.")
@click.option("--top", "most", type=click.IntRange(min=1), metavar="N", help="Only the best N.")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@out_option
def command(
    run_id: str,
    target: str,
    where: str | None,
    columns: str | None,
    most: int | None,
    force: bool,
    out: str | None,
) -> None:
    """Write a finished run's structures to a file, best first.

    A workbook holds a sheet with the meaning of every column and one with where the rows are from;
    a Parquet file holds both within, beside a CSV file they stand in FILE.about.json. The grammar
    of --where is in docs/commands.md.

    \b
    Examples:
      atlas-forge export small-1a2b3c4d5e6f --to best.xlsx --top 1000
      atlas-forge export small-1a2b3c4d5e6f --to gold.csv --where "tier >= Gold"
      atlas-forge export small-1a2b3c4d5e6f --to few.parquet --columns id,tier,wacc,dscr
    """
    from pipeline.query.export import described, export
    from pipeline.storage.results import LocalResults

    folder = LocalResults(Path(settings_of(out=out).out)).folder(run_id)
    found = export(folder, Path(target), where=where, columns=columns, most=most, force=force)
    if wants_json():
        print_json({"run_id": run_id, **described(found)})
        return
    beside = f", about them in {found.beside}" if found.beside else ""
    say(f"{found.rows:,} structures with {found.columns} columns in {found.file}{beside}")
