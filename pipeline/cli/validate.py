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
    from pipeline.inputs.loading import load_project
    from pipeline.inputs.market import MarketFile
    from pipeline.inputs.models import StrictModel, build
    from pipeline.inputs.payload import is_payload, load_payload
    from pipeline.inputs.resolve import BUILTIN, open_reference, open_source
    from pipeline.inputs.rulebook import RulebookFile

    builtin = file.startswith(BUILTIN)
    source = open_reference(file, "projects", Path()) if builtin else open_source(Path(file))
    value = source.document.value
    models: dict[str, tuple[str, type[StrictModel]]] = {
        "zero_curve": ("market", MarketFile),
        "rules": ("rulebook", RulebookFile),
    }
    for mark, (kind, model) in models.items():
        if isinstance(value, dict) and mark in value and "project" not in value:
            collector = source.document.collector()
            build(model, value, collector)
            collector.stop_if_any()
            return {"kind": kind, "warnings": ()}
    if is_payload(value):
        request, kind = load_payload(source), "payload"
    else:
        request, kind = load_project(source), "project"
    return {"kind": kind, "permutations": request.space_size, "warnings": request.warnings}
