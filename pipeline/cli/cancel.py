"""`atlas-forge cancel`: end a run that a Prefect server's worker carries out."""

from __future__ import annotations

import importlib

import click

from pipeline.cli.submit import tell
from pipeline.cli.trail import leave_a_line


@click.command(name="cancel", epilog="PREFECT_API_URL names the server.")
@click.argument("which", metavar="RUN_ID|FLOW_RUN")
def command(which: str) -> None:
    """Cancel a flow run, by its id or by the id of its run.

    The partitions under way are finished and kept: the same request goes on from there.

    \b
    Examples:
      atlas-forge cancel small-1a2b3c4d5e6f
      atlas-forge cancel 5ab4962d-d64a-4f7a-8ff8-9354b1ed8d37
    """
    from pipeline.storage.audit import CANCEL

    asked = importlib.import_module("flows.asking").cancel(which)
    leave_a_line(None, asked.name, CANCEL, flow_run=str(asked.id))
    tell(asked)
