"""`atlas-forge export`: a run's structures as CSV, Excel or Parquet."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.console import print_json, say, wants_json
from pipeline.cli.options import mongo_option, out_option
from pipeline.cli.trail import leave_a_line
from pipeline.places import results_of


@click.command(name="export")
@click.argument("run_id")
@click.option(
    "--to", "target", required=True, metavar="FILE", help="Ends in .csv, .xlsx, .parquet."
)
@click.option("--where", metavar="EXPR", help="Only structures of which this holds.")
@click.option("--columns", metavar="NAMES", help="Columns to write, with commas between them.")
@click.option("--top", "most", type=click.IntRange(min=1), metavar="N", help="Only the best N.")
@click.option("--file", "path", metavar="PATH", help="Rather a file of the run, as it was sealed.")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@out_option
@mongo_option
def command(
    run_id: str,
    target: str,
    where: str | None,
    columns: str | None,
    most: int | None,
    path: str | None,
    force: bool,
    out: str | None,
    mongo: str | None,
) -> None:
    """Write a finished run's structures to a file, best first, or fetch one of its files.

    A workbook holds a sheet with the meaning of every column and one with where the rows are from;
    a Parquet file holds both within, beside a CSV file they stand in FILE.about.json. The grammar
    of --where is in docs/how-to/find-structures.md.

    \b
    Examples:
      atlas-forge export small-1a2b3c4d5e6f --to best.xlsx --top 1000
      atlas-forge export small-1a2b3c4d5e6f --to gold.csv --where "tier >= Gold"
      atlas-forge export small-1a2b3c4d5e6f --to few.parquet --columns id,tier,wacc,dscr
      atlas-forge export small-1a2b3c4d5e6f --file reports/summary.pdf --to summary.pdf
    """
    from pipeline.storage.audit import EXPORT

    results = results_of(out, mongo)
    if path is not None:
        from pipeline.query.files import fetch_file

        if where is not None or columns is not None or most is not None:
            raise click.UsageError(
                "--file fetches a whole file: not with --where, --columns, --top"
            )
        fetched = fetch_file(results, run_id, path, Path(target), force=force)
        leave_a_line(out, run_id, EXPORT, file=path)
        if wants_json():
            print_json(fetched)
            return
        say(f"{path} of {run_id} in {target}, {fetched['bytes']:,} bytes, as it was sealed")
        return
    from pipeline.query.export import described, export

    found = export(
        results, run_id, Path(target), where=where, columns=columns, most=most, force=force
    )
    leave_a_line(out, run_id, EXPORT, format=found.file.suffix, rows=found.rows)
    if wants_json():
        print_json({"run_id": run_id, **described(found)})
        return
    beside = f", about them in {found.beside}" if found.beside else ""
    say(f"{found.rows:,} structures with {found.columns} columns in {found.file}{beside}")
