"""`atlas-forge top`: the best structures of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.console import note, print_json, say, table, wants_json
from pipeline.cli.options import mongo_option, out_option
from pipeline.places import results_of

if TYPE_CHECKING:
    from pipeline.query.fields import Fields
    from pipeline.query.rows import RankedRows


@click.command(name="top")
@click.argument("run_id")
@click.option(
    "-n", "rows", type=click.IntRange(1, 100_000), default=10, show_default=True, help="How many."
)
@click.option("--where", metavar="EXPR", help="Only structures of which this holds.")
@click.option("--pareto", is_flag=True, help="Only the Pareto frontier (docs/method.md).")
@click.option("--sort", metavar="COLUMNS", help="Other order: wacc, or rating:desc,wacc.")
@click.option("--columns", metavar="NAMES", help="Columns to show, with commas between them.")
@click.option("--list-columns", is_flag=True, help="The run's columns, with unit and meaning.")
@out_option
@mongo_option
def command(
    run_id: str,
    rows: int,
    where: str | None,
    pareto: bool,
    sort: str | None,
    columns: str | None,
    list_columns: bool,
    out: str | None,
    mongo: str | None,
) -> None:
    """Show the best structures of a finished run, all columns with --json.

    The grammar of --where is in docs/how-to/find-structures.md.

    \b
    Examples:
      atlas-forge top small-1a2b3c4d5e6f -n 20
      atlas-forge top small-1a2b3c4d5e6f --where "rating >= AA and senior_notional > 25m"
      atlas-forge top small-1a2b3c4d5e6f --pareto --sort wacc
      atlas-forge top small-1a2b3c4d5e6f --sort wacc --columns id,wacc,dscr,_38
      atlas-forge top small-1a2b3c4d5e6f --json
    """
    from pipeline.cli.report import books_line, books_of, plain_table, top_table
    from pipeline.query.rows import ranked_of

    results = results_of(out, mongo)
    ranked = ranked_of(results, run_id)
    if list_columns:
        _list(ranked.fields, run_id)
        return
    found, matched, names = _chosen(ranked, rows, where, pareto, sort, columns)
    books = books_of(results.summary(run_id), results.manifest(run_id))
    if wants_json():
        print_json(
            {
                "schema": 1,
                "run_id": run_id,
                **books,
                "where": where,
                "pareto": pareto,
                "matched": matched,
                "rows": found,
            }
        )
        return
    if found:
        note(books_line(books))
        say(top_table(found) if names is None else plain_table(found))
    elif ranked.rows:
        say(f"None of the {ranked.rows:,} survivors of {run_id} match.")
    else:
        say(f"No structure of {run_id} passed both gates.")
    if (where is not None or pareto) and found:
        say(f"{matched:,} of {ranked.rows:,} survivors match; {len(found):,} shown.")


def _chosen(
    ranked: RankedRows,
    most: int,
    where: str | None,
    pareto: bool,
    sort: str | None,
    columns: str | None,
) -> tuple[list[dict[str, Any]], int, list[str] | None]:
    """The rows asked for, how many matched, and the columns if some were named."""
    question = ranked.asked(where=where, sort=sort, columns=columns)
    wanted = ranked.on_frontier(question.where) if pareto else question.where
    places = ranked.matching(wanted)
    shown = ranked.best(wanted, question.sort, most) if question.sort else places[:most]
    return ranked.fetch(shown, question.columns).to_pylist(), len(places), question.columns


def _list(fields: Fields, run_id: str) -> None:
    if wants_json():
        listed = [
            {
                "name": field.name,
                "kind": field.kind,
                "unit": field.unit,
                "description": field.description,
                "allowed": list(field.allowed),
                "lever": field.is_lever,
            }
            for field in fields.all
        ]
        print_json({"schema": 1, "run_id": run_id, "columns": listed})
        return
    rows = [[field.name, field.kind, field.unit, field.description] for field in fields.all]
    say(table(["column", "kind", "unit", "meaning"], rows))
