"""`atlas-forge submit`: have a Prefect server's workers run a project."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click

from pipeline.cli.console import OK, note, print_json, say, wants_json
from pipeline.cli.options import desk_option, settings_of


@click.command(
    name="submit",
    epilog="PREFECT_API_URL names the server. The project travels with the market and rulebook "
    "files it names; secrets are given by the name of a Prefect Secret block, never here.",
)
@click.argument("project", metavar="FILE")
@click.option("--watch", is_flag=True, help="Wait for the end; exit code as of `run`.")
@click.option("--deployment", metavar="FLOW/NAME", help="Default: atlas-forge-run/run.")
@click.option("--out", metavar="DIR", help="Folder of the runs, where the worker is.")
@click.option("--workers", metavar="N", type=int, help="Threads or processes that compute.")
@click.option("--compute", metavar="WHERE", help="As of `run`, where the worker is.")
@click.option("--store", metavar="URL", help="Where checkpoints go, such as s3://bucket/prefix.")
@click.option("--partition-rows", metavar="N", type=int, help="Permutations a partition.")
@click.option("--max-permutations", metavar="N", type=int, help="Sample size.")
@click.option("--seed", metavar="N", type=int, help="Seed of the sample.")
@desk_option
@click.option("--secrets", metavar="BLOCK", help="Prefect Secret block with the run's secrets.")
def command(project: str, watch: bool, deployment: str | None, **given: Any) -> int:
    """Ask a Prefect server for a run of a project file.

    \b
    Examples:
      atlas-forge submit my-project.yaml
      atlas-forge submit my-project.yaml --watch --store s3://deals/runs --secrets deal-desk
      atlas-forge submit my-project.yaml --deployment atlas-forge-run/local
    """
    from pipeline.inputs.carried import carry, load_carried
    from pipeline.storage.identity import default_owner

    carried = carry(project)
    request = load_carried(carried, project)
    for warning in request.warnings:
        note(f"warning: {warning}")
    # By name: pipeline must not import flows.
    asking = importlib.import_module("flows.asking")
    who = settings_of(desk=given["desk"])
    given["desk"] = who.desk or None
    # The worker's own user says little of who asked.
    given["owner"] = who.owner or default_owner()
    parameters = {name: value for name, value in given.items() if value is not None}
    name = request.project.id if request.project else Path(project).stem
    asked = asking.submit(carried, name, parameters, deployment or asking.DEPLOYMENT)
    if watch:
        note(f"flow run {asked.id} {asked.url}".rstrip())
        asked = asking.watch(asked.id, lambda percent, words: note(f"{percent:3.0f} % {words}"))
    tell(asked)
    return int(asked.exit_code) if watch else OK


def tell(asked: Any) -> None:
    """A flow run as JSON, or in words."""
    if wants_json():
        fields = ("id", "name", "state", "message", "url")
        print_json({"schema": 1, "flow_run": {name: getattr(asked, name) for name in fields}})
        return
    message = f": {asked.message}" if asked.message else ""
    say(f"flow run {asked.id} ({asked.name}) is {asked.state}{message}")
    if asked.url:
        say(asked.url)
