"""`atlas-forge near-misses`: what it would take to fund what is short of capital."""

from __future__ import annotations

import csv
import heapq
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from pipeline.cli.console import note, number, print_json, say, table, wants_json
from pipeline.cli.interrupts import ending_cleanly
from pipeline.cli.options import mongo_option, out_option, settings_of
from pipeline.cli.progress import progress_display
from pipeline.lean_arrow import keep_pandas_out
from pipeline.places import results_of

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.storage.plan import Plan
    from pipeline.storage.results import ResultsStore

Row = dict[str, Any]


@click.command(
    name="near-misses",
    epilog="A change marked * trades: it makes a test fail that the structure passed before. "
    "Bounds and choices are in docs/method.md.",
)
@click.argument("run_id")
@click.option("--all", "everything", is_flag=True, help="Every near miss, other failures or not.")
@click.option(
    "--top",
    "shown",
    type=click.IntRange(1, 100_000),
    default=20,
    show_default=True,
    help="How many to solve and show; with --all, to show of the smallest changes.",
)
@click.option("--where", metavar="EXPR", help="Only survivors of which this holds, as in top.")
@click.option("--csv", "csv_file", metavar="FILE", help="Write all that is solved as CSV.")
@click.option("--workers", metavar="N", help="Threads (default: cores).")
@click.option("--store", metavar="URL", help="Where the run's checkpoints are, if not beside it.")
@out_option
@mongo_option
def command(
    run_id: str,
    everything: bool,
    shown: int,
    where: str | None,
    csv_file: str | None,
    mongo: str | None,
    **options: Any,
) -> None:
    """Show the smallest single change that fully funds each near miss of a run.

    A near miss passes the capital test with 85 to 100 % of what is required. Rent, capex, senior
    coupon, tenor and target DSCR are each changed alone. Without --all these are the best near
    misses that passed both gates, in rank order. --all reads the run's folder and checkpoints,
    which are in no database.

    \b
    Examples:
      atlas-forge near-misses small-1a2b3c4d5e6f
      atlas-forge near-misses small-1a2b3c4d5e6f --all --csv near.csv
      atlas-forge near-misses small-1a2b3c4d5e6f --where "tier = Bronze and dscr >= 1.35" --json
    """
    from pipeline.compute import open_executor
    from pipeline.compute.job import Job
    from pipeline.solve.near_miss_run import near_miss_ids, solved_tables
    from pipeline.stages.input import stored
    from pipeline.storage.desk import at_its_desk
    from pipeline.storage.store import open_store

    keep_pandas_out()
    if everything and where is not None:
        raise click.UsageError("--where asks the survivors' columns: not with --all")
    if csv_file and not Path(csv_file).absolute().parent.is_dir():
        raise click.UsageError(f"--csv {csv_file}: there is no such folder")
    if everything and mongo is not None:
        raise click.UsageError(
            "--all reads the run's checkpoints, which no database has: --out DIR"
        )
    if not everything:
        results = results_of(options["out"], mongo)
        plan = _plan(results, run_id)
        tables: Iterable[pa.Table] = _best(results, run_id, plan, where, shown)
        _tell(run_id, plan, tables, shown, csv_file, in_order=True)
        return
    settings = settings_of(**options)
    folder, plan = stored(run_id, settings)
    place = at_its_desk(folder, settings).checkpoints_of(folder)
    ids = near_miss_ids(open_store(place), plan)
    with (
        progress_display() as display,
        ending_cleanly(display) as on_progress,
        open_executor(settings, Job(f"{run_id}-near-misses")) as executor,
    ):
        tables = solved_tables(plan, place, ids, executor, on_progress)
        _tell(run_id, plan, tables, shown, csv_file, in_order=False)


def _plan(results: ResultsStore, run_id: str) -> Plan:
    """The plan of a run that this engine made. Raises OtherEngineError."""
    from pipeline.explain.run import stored_run
    from pipeline.stages.input import OtherEngineError
    from pipeline.storage.fingerprint import engine_fingerprint

    plan = stored_run(results, run_id).plan
    if plan.fingerprint != engine_fingerprint():
        raise OtherEngineError(
            f"run {run_id} was planned by engine {plan.fingerprint}, this is "
            f"{engine_fingerprint()}; start it again from its project file"
        )
    return plan


def _best(
    results: ResultsStore, run_id: str, plan: Plan, where: str | None, shown: int
) -> list[pa.Table]:
    from pipeline.query.rows import ranked_of
    from pipeline.solve.near_miss_run import RANKED_COLUMNS, best_near_misses
    from pipeline.solve.near_miss_table import solutions_table

    ranked = ranked_of(results, run_id)
    wanted = ranked.matching(ranked.asked(where=where).where)

    def matching() -> Iterator[pa.Table]:
        for start, group in ranked.tables(RANKED_COLUMNS):
            first, last = wanted.searchsorted([start, start + group.num_rows])
            yield group.take(wanted[first:last] - start)

    return [solutions_table(plan, best_near_misses(matching(), plan, shown))]


def _tell(
    run_id: str,
    plan: Plan,
    tables: Iterable[pa.Table],
    shown: int,
    csv_file: str | None,
    *,
    in_order: bool,
) -> None:
    """Write the CSV as tables come, keep the rows to show, and say both."""
    from pipeline.solve.alike import take_in
    from pipeline.solve.near_miss_table import SCHEMA, added, counted

    kept: dict[tuple[Any, ...], Row] = {}
    counts = counted(SCHEMA.empty_table())
    with _csv(csv_file, SCHEMA.names) as write:
        for each in tables:
            counts = added(counts, counted(each))
            rows = each.to_pylist()
            write(rows)
            take_in(kept, rows)
            if not in_order:
                # What is dropped here stays out: those alike have its size and a higher number.
                smallest = heapq.nsmallest(shown, kept.items(), key=lambda item: _size(item[1]))
                kept = dict(smallest)
    found = list(kept.values())
    for row in found:
        row["levers"] = plan.space.labels(row["permutation_id"])
    document = {"schema": 1, "run_id": run_id, "counts": counts, "rows": found}
    if wants_json():
        print_json(document)
    elif not counts["rows"]:
        say(f"No structure of {run_id} is a near miss.")
    else:
        say(_sentence(counts))
        say(_table(found))
    if csv_file:
        note(f"{counts['rows']:,} rows written to {csv_file}")


def _size(row: Row) -> tuple[bool, bool, float, int]:
    """Order of what is shown of all near misses: passing all gates first, the smallest first."""
    change = row["solution_change_pct"]
    return (
        change is None,
        not row["passes_all_gates"],
        abs(change or 0.0),
        row["permutation_id"],
    )


@contextmanager
def _csv(path: str | None, names: list[str]) -> Iterator[Any]:
    """A function that appends rows to the CSV file `path`; None: that does nothing."""
    if path is None:
        yield lambda _: None
        return
    file: IO[str]
    partial = Path(f"{path}.part")
    try:
        with partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            yield lambda rows: writer.writerows(
                [_plain(row[name]) for name in names] for row in rows
            )
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return "|".join(value)
    return "" if value is None else value


def _sentence(counts: dict[str, Any]) -> str:
    by = ", ".join(f"{name} {n:,}" for name, n in counts["by_change"].items() if n)
    return (
        f"{counts['rows']:,} near misses: {counts['solved']:,} have a solution"
        f"{f' ({by})' if by else ''}, {counts['pass_all_gates']:,} of them pass all gates then; "
        f"day-one value funds {counts['funded_by_day_one']:,} as they are"
    )


def _table(rows: list[Row]) -> str:
    from pipeline.solve.changes import NEAR_MISS_CHANGES

    names = [change.name for change in NEAR_MISS_CHANGES]
    headings = [
        "structure",
        "alike",
        "covered",
        "with day one",
        "solution",
        "from",
        "to",
        "gates then",
    ]
    cells = []
    for row in rows:
        name = row["solution"]
        cells.append(
            [
                str(row["permutation_id"]),
                str(row["alike"]),
                number(100.0 * row["capex_coverage"], 2, "%"),
                number(None if row["full_coverage"] is None else 100.0 * row["full_coverage"],
                       2, "%"),
                name or row["solution_status"].lower().replace("_", " "),
                f"{row[f'{name}_base']:,.6g}" if name else "-",
                f"{row['solution_value']:,.6g}" if name else "-",
                _gates(row),
                *(_cell(row, each) for each in names),
            ]
        )  # fmt: skip
    return table([*headings, *names], cells)


def _gates(row: Row) -> str:
    if row["passes_all_gates"] is None:
        return "-"
    return "pass" if row["passes_all_gates"] else "others fail"


def _cell(row: Row, change: str) -> str:
    percent = row[f"{change}_change_pct"]
    if percent is None:
        return "-"
    return f"{percent:+,.2f}%{'*' if row[f'{change}_new_reasons'] else ''}"
