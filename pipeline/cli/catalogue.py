"""`atlas-forge catalogue`: the 116 variables."""

from __future__ import annotations

import click

from pipeline.cli.console import print_json, say, table, wants_json


@click.command(name="catalogue")
@click.argument("text", required=False)
def command(text: str | None) -> None:
    """List the variables an input may set: name, unit, default, what is allowed.

    TEXT keeps those whose name, group or description holds it.

    \b
    Examples:
      atlas-forge catalogue
      atlas-forge catalogue mezz
      atlas-forge catalogue --json
    """
    from pipeline.inputs.catalogue import VARIABLES, lever_step
    from pipeline.inputs.values import allowed_text

    wanted = (text or "").casefold()
    found = [
        v
        for v in VARIABLES
        if wanted in f"{v.name} {v.alias or ''} {v.group} {v.description}".casefold()
    ]
    if wants_json():
        print_json(
            {
                "schema": 1,
                "variables": [
                    {
                        "number": v.number,
                        "name": v.name,
                        "alias": v.alias,
                        "group": v.group,
                        "kind": v.kind,
                        "unit": v.unit,
                        "default": v.default,
                        "min": v.low,
                        "max": v.high,
                        "allowed": list(v.allowed),
                        "aliases": dict(v.value_aliases),
                        "step": lever_step(v),
                        "computed": v.computed,
                        "lever": v.can_be_lever,
                        "description": v.description,
                    }
                    for v in found
                ],
            }
        )
        return
    if not found:
        say(f"No variable has {text!r} in its name, group or description.")
        return
    rows = [
        [
            v.name,
            v.group,
            v.unit,
            "computed" if v.computed else _default(v.default),
            allowed_text(v),
            v.description,
        ]
        for v in found
    ]
    say(table(["variable", "group", "unit", "default", "allowed", "description"], rows))


def _default(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:,.10g}"
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items()) or "none"
    return str(value)
