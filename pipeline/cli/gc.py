"""`atlas-forge gc`: clear what no run needs, and what retention lets go."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.console import print_json, say, wants_json
from pipeline.cli.options import database_of, database_options, out_option, settings_of
from pipeline.cli.trail import leave_a_line

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from pipeline.storage.store import Store

_UNITS = {"h": 1.0, "d": 24.0, "w": 168.0}


class Age(click.ParamType[timedelta]):
    """A length of time: a whole number and h, d or w."""

    name = "age"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """`value` as a timedelta; fails with what is allowed."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d{1,5})([hdw])", str(value))
        if not found:
            self.fail(f"{value!r} is not a whole number and h, d or w, such as 30d", param, ctx)
        return timedelta(hours=int(found[1]) * _UNITS[found[2]])


@click.command(name="gc")
@out_option
@click.option("--older-than", type=Age(), metavar="AGE", help="Remove finished runs older: 30d.")
@click.option("--keep", type=click.IntRange(min=0), metavar="N", help="Keep the newest N runs.")
@click.option("--unfinished", is_flag=True, help="Retention takes unfinished runs too.")
@click.option("--checkpoints", is_flag=True, help="Drop the checkpoints of finished runs.")
@click.option("--kernels", type=Age(), metavar="AGE", help="Drop other engines' kernels unused so.")
@click.option("--store", metavar="URL", help="Where the runs' checkpoints are: they go as well.")
@click.option("--dry-run", is_flag=True, help="Say what would go; remove nothing.")
@database_options
def command(
    out: str | None,
    older_than: timedelta | None,
    keep: int | None,
    unfinished: bool,
    checkpoints: bool,
    kernels: timedelta | None,
    store: str | None,
    dry_run: bool,
    database: bool,
    mongo: str | None,
) -> None:
    """Clear a folder of runs, or with --database the database of results.

    Without options only rubbish goes: removals that were cut off, temporary files of dead
    processes. Nothing of a run that a process works on is touched; in a database that is a merge
    which was heard of within the hour, or within AGE.

    \b
    Examples:
      atlas-forge gc --dry-run
      atlas-forge gc --older-than 30d --keep 10
      atlas-forge gc --older-than 30d --store s3://bucket/prefix
      atlas-forge gc --checkpoints --kernels 4w
      atlas-forge gc --database --unfinished --older-than 7d --dry-run
    """
    uri = database_of(database, mongo)
    if uri is not None:
        if checkpoints or kernels is not None:
            raise click.UsageError("--checkpoints and --kernels are of a folder, not of a database")
        _database(uri, older_than, keep, unfinished, dry_run, out)
        return
    from pipeline.storage import audit
    from pipeline.storage import housekeeping as keep_house
    from pipeline.storage.manifest import MANIFEST_PATH
    from pipeline.storage.numba_cache import set_numba_cache

    settings = settings_of(out=out, store=store)
    if checkpoints and settings.store:
        raise click.UsageError("--checkpoints is of runs that keep them in their folder")
    folder = Path(settings.out)
    found = list(keep_house.leftovers(folder))
    runs = keep_house.expired_runs(folder, older_than, keep, unfinished)
    found += [
        keep_house.Leftover(keep_house.RUN, folder / run, keep_house.folder_bytes(folder / run))
        for run in runs
    ]
    if checkpoints:
        gone = {folder / run for run in runs}
        parts = keep_house.parts_of_finished(folder)
        found += [part for part in parts if not gone & set(part.path.parents)]
    if kernels is not None:
        found += keep_house.old_kernels(set_numba_cache(), kernels)
    for each in found:
        if not dry_run:
            if each.kind == keep_house.RUN:
                parts_too = _parts(each.path, settings, MANIFEST_PATH)
                keep_house.remove_run(folder, each.path.name, parts_too, settings, audit.GC)
            elif each.kind == keep_house.CUT_OFF:
                keep_house.remove(each, _parts(each.path, settings, keep_house.REMOVED_PATH))
            else:
                keep_house.remove(each)
        verb = "would go" if dry_run else "removed"
        say(f"{verb}: {each.kind}, {each.path}, {each.bytes / 1e6:,.1f} MB")
    total = sum(each.bytes for each in found)
    say(f"{len(found)} things, {total / 1e6:,.1f} MB" if found else "nothing to clear")
    if wants_json():
        items = [{"kind": each.kind, "path": str(each.path), "bytes": each.bytes} for each in found]
        print_json({"schema": 1, "dry_run": dry_run, "items": items, "bytes": total})


def _parts(folder: Path, settings: Settings, manifest: str) -> Store | None:
    """Where the checkpoints of the run in `folder` are, if in a store of their own."""
    from pipeline.storage.desk import stored_desk
    from pipeline.storage.store import open_store

    if not settings.store:
        return None
    desk = stored_desk(folder, manifest) or ""
    return open_store(replace(settings, desk=desk).checkpoints_of(folder))


def _database(
    uri: str,
    older_than: timedelta | None,
    keep: int | None,
    unfinished: bool,
    dry_run: bool,
    out: str | None,
) -> None:
    from pipeline.storage.audit import GC
    from pipeline.storage.mongo_address import mongo_address
    from pipeline.storage.mongo_removal import remove_from_mongo, superfluous

    items = []
    for each in superfluous(uri, older_than, keep, unfinished):
        gone = None if dry_run else remove_from_mongo(uri, each.run_id, each.silent_since)
        if gone is None and not dry_run:
            continue  # its merge was heard of again
        told = "" if gone is None else f", {gone.structures:,} structures, {gone.files:,} files"
        say(f"{'would go' if dry_run else 'removed'}: {each.kind}, {each.run_id}{told}")
        items.append({"kind": each.kind, "run_id": each.run_id})
        if gone is not None:
            leave_a_line(out, each.run_id, GC, database=mongo_address(uri).shown)
    say(f"{len(items)} things" if items else "nothing to clear")
    if wants_json():
        print_json({"schema": 1, "dry_run": dry_run, "items": items})
