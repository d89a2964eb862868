"""`atlas-forge validate`: is a file right, and if not, everything that is wrong with it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from pipeline.cli.console import BAD_INPUT, note, print_json, say, wants_json


@click.command(name="validate")
@click.argument("file")
@click.pass_context
def command(context: click.Context, file: str) -> None:
    """Check a project, payload, market or rulebook file, and the files it names.

    \b
    Examples:
      atlas-forge validate my-project.yaml
      atlas-forge validate fixtures/markets/gbp.yaml --json
    """
    from pipeline.inputs.errors import InputErrors

    try:
        found = _checked(file)
    except InputErrors as errors:
        if not wants_json():
            raise
        problems = [asdict(error) for error in errors.errors]
        print_json({"schema": 1, "file": file, "valid": False, "errors": problems, "warnings": []})
        context.exit(BAD_INPUT)
    warnings = found.pop("warnings")
    if wants_json():
        told = [asdict(warning) for warning in warnings]
        print_json(
            {"schema": 1, "file": file, "valid": True, **found, "errors": [], "warnings": told}
        )
        return
    for warning in warnings:
        note(f"warning: {warning}")
    size = f", {found['permutations']:,} permutations" if "permutations" in found else ""
    say(f"{file}: a sound {found['kind']} file{size}")


def _checked(file: str) -> dict[str, Any]:
    from pipeline.inputs.checked import checked
    from pipeline.inputs.resolve import BUILTIN, open_reference, open_source

    builtin = file.startswith(BUILTIN)
    kind, request = checked(
        open_reference(file, "projects", Path()) if builtin else open_source(Path(file))
    )
    if request is None:
        return {"kind": kind, "warnings": ()}
    return {"kind": kind, "permutations": request.space_size, "warnings": request.warnings}
