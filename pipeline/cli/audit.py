"""`atlas-forge audit`: who did what to which run."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from pipeline.cli.console import note, print_json, say, table, wants_json
from pipeline.cli.options import desk_option, out_option, settings_of


@click.command(name="audit")
@click.argument("run_id", required=False)
@out_option
@click.option("--store", metavar="URL", help="Where runs share a store: its events too.")
@desk_option
def command(run_id: str | None, out: str | None, store: str | None, desk: str | None) -> None:
    """Show the audit trail of a run, also a removed one, or of all: oldest first.

    \b
    Examples:
      atlas-forge audit small-1a2b3c4d5e6f
      atlas-forge audit --store s3://bucket/prefix --desk infra --json
    """
    from pipeline.storage.audit import trail

    settings = settings_of(out=out, store=store, desk=desk)
    found = trail(Path(settings.out), settings, run_id, lambda told: note(f"warning: {told}"))
    if desk:
        found = [event for event in found if event.desk == desk]
    if wants_json():
        print_json({"schema": 1, "events": [asdict(event) for event in found]})
    elif found:
        headings = ["when", "run", "what", "outcome", "owner", "desk", "host", "pid", "facts"]
        rows = [
            [event.at, event.run_id, event.action, event.outcome, event.owner, event.desk,
             event.host, str(event.pid),
             ", ".join(f"{name} {fact}" for name, fact in event.facts.items())]
            for event in found
        ]  # fmt: skip
        say(table(headings, rows))
    else:
        say(f"No events of {run_id or 'any run'} in {settings.out}.")
