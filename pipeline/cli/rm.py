"""`atlas-forge rm`: remove runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from pipeline.cli.console import note, print_json, say, wants_json
from pipeline.cli.options import database_of, database_options, out_option, settings_of
from pipeline.cli.trail import leave_a_line


@click.command(name="rm")
@click.argument("run_ids", nargs=-1, required=True, metavar="RUN_ID...")
@out_option
@click.option("--store", metavar="URL", help="Where the runs' checkpoints are, if not beside them.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@database_options
def command(
    run_ids: tuple[str, ...],
    out: str | None,
    store: str | None,
    yes: bool,
    database: bool,
    mongo: str | None,
) -> None:
    """Remove runs with their results, reports and checkpoints.

    All are looked up before the first is touched. A run that a process works on is not removed.
    With --database or --mongo they are removed from the database, and the folder stays.

    \b
    Examples:
      atlas-forge rm small-1a2b3c4d5e6f
      atlas-forge rm small-1a2b3c4d5e6f --store s3://bucket/prefix --yes
      atlas-forge rm small-1a2b3c4d5e6f --database
    """
    uri = database_of(database, mongo)
    if uri is not None:
        _from_mongo(uri, list(dict.fromkeys(run_ids)), out, yes)
        return
    from pipeline.storage.desk import at_its_desk
    from pipeline.storage.housekeeping import remove_run
    from pipeline.storage.results import LocalResults
    from pipeline.storage.store import open_store

    settings = settings_of(out=out, store=store)
    folder = Path(settings.out)
    for run_id in run_ids:
        at_its_desk(LocalResults(folder).folder(run_id), settings)
    _ask(run_ids, str(folder), yes)
    removed = []
    for run_id in dict.fromkeys(run_ids):
        place = at_its_desk(folder / run_id, settings).checkpoints_of(folder / run_id)
        parts = open_store(place) if settings.store else None
        gone = remove_run(folder, run_id, parts, settings, say=note)
        removed.append({"run_id": run_id, "bytes": gone.bytes})
        say(f"removed {run_id}, {gone.bytes / 1e6:,.1f} MB")
    if wants_json():
        print_json({"schema": 1, "removed": removed})


def _from_mongo(uri: str, run_ids: Sequence[str], out: str | None, yes: bool) -> None:
    from pipeline.storage.audit import REMOVE
    from pipeline.storage.mongo_address import mongo_address
    from pipeline.storage.mongo_removal import check_there, remove_from_mongo

    for run_id in run_ids:
        check_there(uri, run_id)
    _ask(run_ids, mongo_address(uri).shown, yes)
    removed = []
    for run_id in run_ids:
        gone = remove_from_mongo(uri, run_id)
        if gone is not None:
            removed.append(asdict(gone))
            also = ", with another process that removes it" if gone.by_another else ""
            say(f"removed {run_id}, {gone.structures:,} structures, {gone.files:,} files{also}")
            leave_a_line(out, run_id, REMOVE, database=mongo_address(uri).shown)
    if wants_json():
        print_json({"schema": 1, "removed": removed})


def _ask(run_ids: Sequence[str], where: str, yes: bool) -> None:
    if yes:
        return
    if wants_json() or not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here: --yes removes without asking")
    click.confirm(f"Remove {', '.join(run_ids)} from {where}?", abort=True, err=True)
