"""`atlas-forge evaluate`: every figure of one scenario, or of a file of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from pipeline.cli.console import print_json, say, table, wants_json
from pipeline.cli.explanation import explanation_options, show, shown_of

MAX_SCENARIO_BYTES = 256 << 20


@click.command(name="evaluate")
@click.argument("file", required=False)
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting on top; repeatable."
)
@click.option("--scenarios", metavar="FILE.jsonl", help="One JSON object of settings a line.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "jsonl"]),
    help="Default: table for one scenario, jsonl for a file of them.",
)
@click.option("--explain", "explains", is_flag=True, help="Show how each figure came about.")
@explanation_options
def command(
    file: str | None,
    settings: tuple[str, ...],
    scenarios: str | None,
    form: str | None,
    explains: bool,
    **options: Any,
) -> None:
    """Compute every figure of a scenario, whatever the gates say.

    Without FILE the catalogue's defaults are evaluated; a FILE with levers evaluates its base.
    Settings are catalogue names, mezz, zcis_5y, zcis_10y, trs, floor, strip, max_ltv_pct, min_icr.

    \b
    Examples:
      atlas-forge evaluate
      atlas-forge evaluate --set TargetDSCRSenior_37=1.35 --set SeniorCoupon_38=5.5
      atlas-forge evaluate project.yaml --set mezz=true --format json
      atlas-forge evaluate --scenarios scenarios.jsonl > figures.jsonl
      atlas-forge evaluate project.yaml --explain --section senior
    """
    shown = shown_of(**options)
    if explains and (scenarios is not None or form is not None):
        raise click.UsageError("--explain tells of one scenario: without --scenarios and --format")
    if shown.asked and not explains:
        raise click.UsageError("--section, --scenario, --month and --csv need --explain")
    from pipeline.evaluation import checked, figures_of
    from pipeline.inputs.loading import load_request
    from pipeline.inputs.scenarios import default_request

    request = load_request(file) if file else default_request()
    common = overrides_of(settings)
    if explains:
        from pipeline.explain.scenario import explain_scenario

        chosen = checked(request, [(None, common)], "--set")[0]
        show(explain_scenario(chosen, common, shown.scenario), shown)
        return
    if scenarios is None:
        found = figures_of(checked(request, [(None, common)], "--set"))
    else:
        lines = _lines_of(Path(scenarios))
        numbered = [(number, {**common, **line}) for number, line in lines]
        found = figures_of(checked(request, numbered, scenarios))
    _show(found, form, many=scenarios is not None)


def overrides_of(texts: tuple[str, ...]) -> dict[str, Any]:
    """`NAME=VALUE` texts as settings. Raises InputErrors with everything wrong at once."""
    from pipeline.inputs.errors import Collector, InputErrors
    from pipeline.inputs.yaml_reader import parse_value

    collector = Collector("--set")
    settings: dict[str, Any] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        name = name.strip()
        if not separator or not name:
            collector.error("", "has to be NAME=VALUE", text)
            continue
        if name in settings:
            collector.error(name, "is given twice", value)
        try:
            settings[name] = parse_value(value, "--set", name)
        except InputErrors as errors:
            collector.absorb(errors)
    collector.stop_if_any()
    return settings


def _lines_of(path: Path) -> list[tuple[int, Mapping[str, Any]]]:
    """(line number, settings) of a JSONL file; blank lines count and hold nothing."""
    from pipeline.inputs.errors import InputError, InputErrors
    from pipeline.inputs.yaml_reader import parse_json, read_text

    lines: list[tuple[int, Mapping[str, Any]]] = []
    errors: list[InputError] = []
    text = read_text(path, max_bytes=MAX_SCENARIO_BYTES)
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = parse_json(line, str(path), number)
        except InputErrors as problem:
            errors.extend(problem.errors)
            continue
        if isinstance(value, dict):
            lines.append((number, value))
        else:
            message = "has to be a JSON object of settings"
            errors.append(InputError(str(path), "", "", message, line=number))
    if errors:
        raise InputErrors(errors)
    return lines


def _show(found: list[dict[str, Any]], form: str | None, *, many: bool) -> None:
    if wants_json() or form == "json":
        print_json(found if many else found[0])
    elif form == "jsonl" or (form is None and many):
        click.echo(
            "\n".join(json.dumps(each, ensure_ascii=False, allow_nan=False) for each in found)
        )
    else:
        names = [name for name in found[0] if not name.endswith("_status")]
        headings = ["figure", *([str(i) for i in range(1, len(found) + 1)] if many else ["value"])]
        say(table(headings, [[name, *(_cell(each, name) for each in found)] for name in names]))


def _cell(figures: Mapping[str, Any], name: str) -> str:
    value = figures[name]
    if value is None:
        return f"- ({str(figures.get(f'{name}_status', 'undefined')).lower().replace('_', ' ')})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value) or "none"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100_000 else f"{value:,.4f}"
    return str(value)
