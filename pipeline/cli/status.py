"""`atlas-forge status`: how far a run is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from pipeline.cli.console import print_json, say, wants_json
from pipeline.cli.options import database_of, database_options, out_option, settings_of
from pipeline.escape import log_text


@click.command(name="status")
@click.argument("run_id")
@out_option
@click.option("--store", metavar="URL", help="Where the run's checkpoints are, if not beside it.")
@database_options
def command(
    run_id: str, out: str | None, store: str | None, database: bool, mongo: str | None
) -> None:
    """Show how far a run is and whether its files are as they were written.

    Also where it can be watched: Dask's dashboard while it runs, its page in Prefect.

    With --database or --mongo: how far it is in the database, and whether all of it is there.

    \b
    Examples:
      atlas-forge status small-1a2b3c4d5e6f
      atlas-forge status small-1a2b3c4d5e6f --json
      atlas-forge status small-1a2b3c4d5e6f --database
    """
    uri = database_of(database, mongo)
    if uri is not None:
        _in_mongo(uri, run_id)
        return
    from pipeline.storage.desk import at_its_desk
    from pipeline.storage.links import DASK, LINK_NAMES, kept_links
    from pipeline.storage.results import RUNNING, LocalResults
    from pipeline.storage.state import run_state
    from pipeline.storage.store import open_store

    settings = settings_of(out=out, store=store, desk="")  # whose it is, its manifest says
    folder = LocalResults(Path(settings.out)).folder(run_id)
    place = at_its_desk(folder, settings).checkpoints_of(folder)
    found = run_state(folder, open_store(place))
    links = kept_links(folder)
    if wants_json():
        print_json({"schema": 1, **asdict(found), "links": links})
        return
    say(
        f"{found.run_id}: {found.state}, {found.permutations:,} structures, {log_text(found.title)}"
    )
    if found.owner:
        desk = f", desk {log_text(found.desk)}" if found.desk else ""
        say(f"  made for {log_text(found.owner)}{desk}")
    if found.holder:
        say(f"  worked on by {log_text(found.holder)}")
    for name, link in links.items():
        # the dashboard ends with the run
        if link and (name != DASK or found.state == RUNNING):
            say(f"  {LINK_NAMES[name]}: {log_text(link)}")
    for stage in found.stages:
        total = "?" if stage.total is None else f"{stage.total:,}"
        say(f"  {stage.stage}: {stage.done:,} of {total} partitions, {stage.rows:,} rows")
    for name in found.changed:
        say(f"  {log_text(name)} is missing or was changed; `resume` makes it again")


def _in_mongo(uri: str, run_id: str) -> None:
    from pipeline.storage.mongo_state import mongo_state

    found = mongo_state(uri, run_id)
    if wants_json():
        print_json({"schema": 1, **asdict(found)})
        return
    say(f"{found.run_id}: {found.state} in {found.address}, {log_text(found.title)}")
    if found.heard_of:
        say(f"  last heard of {log_text(str(found.heard_of))}")
    say(f"  {found.structures:,} of {found.survivors:,} structures")
    for each in found.changed:
        say(f"  {log_text(str(each))} missing or changed; `resume --mongo` puts it right")
