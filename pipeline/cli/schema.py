"""`atlas-forge schema`: JSON Schema of our files, for editors."""

from __future__ import annotations

import click

from pipeline.cli.console import print_json


@click.command(name="schema")
@click.argument("kind", type=click.Choice(["project", "market", "rulebook", "payload"]))
def command(kind: str) -> None:
    """Print the JSON Schema of a kind of file.

    \b
    Examples:
      atlas-forge schema project > project.schema.json
    """
    from pipeline.inputs.schema import schema_of

    print_json(schema_of(kind))
