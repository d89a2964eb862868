"""`atlas-forge runs`: the runs of a folder."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.console import note, print_json, say, table, wants_json
from pipeline.cli.options import out_option, settings_of


@click.command(name="runs")
@out_option
def command(out: str | None) -> None:
    """List the runs of a folder, newest first.

    \b
    Examples:
      atlas-forge runs
      atlas-forge runs --out /data/runs --json
    """
    from pipeline.storage import lock
    from pipeline.storage.manifest import MANIFEST_PATH, UnreadableDocumentError, read_json
    from pipeline.storage.results import LocalResults

    folder = Path(settings_of(out=out).out)
    rows = []
    for run_id in LocalResults(folder).runs():
        try:
            manifest = read_json(folder / run_id / MANIFEST_PATH)
        except UnreadableDocumentError as error:
            note(f"warning: {run_id}: {error}")
            continue
        holder = lock.holder_of(folder / run_id)
        state = "running" if holder else "finished" if manifest["outputs"] else "interrupted"
        rows.append(
            {
                "run_id": run_id,
                "state": state,
                "created_at": manifest["created_at"],
                "permutations": manifest["permutations"],
                "rulebook": f"{manifest['rulebook']['name']} {manifest['rulebook']['version']}",
                "market": f"{manifest['market']['name']} {manifest['market']['date']}",
                "title": manifest["project"]["title"],
            }
        )
    if wants_json():
        print_json({"schema": 1, "runs": rows})
    elif rows:
        headings = list(rows[0])
        say(table(headings, [[str(row[name]) for name in headings] for row in rows]))
    else:
        say(f"No runs in {folder}.")
