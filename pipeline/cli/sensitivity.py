"""`atlas-forge sensitivity`: what each lever does over a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipeline.cli.console import money, number, print_json, say, table, wants_json
from pipeline.cli.options import out_option, settings_of

_SHOWN_PAIRS = 12
_SHOWN_VALUES = 60
_SHOWN_RULES = 6
_LEAST_TOLD_PCT = 0.05
_HEADINGS = {
    ("survival", "evaluated"): "survival",
    ("capex_coverage", "evaluated"): "capital",
    ("dscr_min", "evaluated"): "DSCR",
    ("senior_notional", "survivors"): "senior*",
    ("wacc", "survivors"): "WACC*",
    ("dscr_min", "survivors"): "DSCR*",
    ("equity_irr", "survivors"): "IRR*",
    ("day1_cash", "survivors"): "day one*",
    ("composite_score", "survivors"): "score*",
}


@click.command(name="sensitivity")
@click.argument("run_id")
@click.option("--lever", metavar="NAME", help="One lever, value by value.")
@out_option
@click.option("--store", metavar="URL", help="Where the run's checkpoints are, if not beside it.")
def command(run_id: str, lever: str | None, out: str | None, store: str | None) -> None:
    """Show what each lever of a run does, and which rule it runs into.

    Shares of variance: how much of the spread of a figure the lever explains by itself, and what
    two levers explain together beyond that (docs/method.md, section 12). Read from the run's folder
    and checkpoints: a database holds survivors alone.

    \b
    Examples:
      atlas-forge sensitivity small-1a2b3c4d5e6f
      atlas-forge sensitivity small-1a2b3c4d5e6f --lever SeniorTenorY_39
      atlas-forge sensitivity small-1a2b3c4d5e6f --json
    """
    from pipeline.query.sensitivity import sensitivity
    from pipeline.storage.desk import at_its_desk
    from pipeline.storage.results import LocalResults
    from pipeline.storage.store import open_store

    settings = settings_of(out=out, store=store, desk="")
    results = LocalResults(Path(settings.out))
    folder = results.folder(run_id)
    parts = open_store(at_its_desk(folder, settings).checkpoints_of(folder))
    found = sensitivity(results, run_id, parts, lever)
    if wants_json():
        print_json(found)
    elif lever is None:
        say(_levers_text(found))
    else:
        say(_lever_text(found))


def _levers_text(found: dict[str, Any]) -> str:
    rows = []
    for lever in found["levers"]:
        shares = [number(effect["share_pct"], 1) for effect in lever["effects"]]
        rules = [rule for rule in lever["runs_into"] if rule["share_pct"] >= _LEAST_TOLD_PCT]
        told = f"{rules[0]['rule']} {rules[0]['share_pct']:.1f}" if rules else "-"
        rows.append([lever["name"], str(len(lever["values"])), *shares, told])
    figures = list(found["levers"][0]["effects"]) if found["levers"] else []
    headings = [_HEADINGS[each["figure"], each["over"]] for each in figures]
    return "\n\n".join(
        [
            _counted(found),
            table(["share of variance, %", "values", *headings, "runs into"], rows),
            _pairs_text(found),
            "* among survivors",
        ]
    )


def _counted(found: dict[str, Any]) -> str:
    return (
        f"{found['run_id']}: {found['evaluated']:,} of {found['space_size']:,} structures "
        f"evaluated, {found['survivors']:,} survived"
    )


def _pairs_text(found: dict[str, Any]) -> str:
    rows = [
        [
            " x ".join(each["levers"]),
            _HEADINGS[each["figure"], each["over"]],
            number(each["share_pct"], 2),
            number(each["by_chance_pct"], 2),
        ]
        for each in found["interactions"][:_SHOWN_PAIRS]
    ]
    return table(["strongest together", "figure", "share, %", "by chance"], rows)


def _lever_text(found: dict[str, Any]) -> str:
    from pipeline.cli.report import plain

    (lever,) = found["levers"]
    rows = []
    for value in lever["values"][:_SHOWN_VALUES]:
        figures = value["figures"]
        binds = next(iter(value["first_reasons"]), "-")
        rows.append(
            [
                plain(value["value"]),
                f"{value['evaluated']:,}",
                number(value["survival_pct"], 1, " %"),
                money(figures["senior_notional"]["mean"]),
                money(figures["senior_notional"]["best"]),
                number(figures["wacc"]["mean"], 2, "%"),
                number(figures["wacc"]["best"], 2, "%"),
                number(figures["equity_irr"]["best"], 2, "%"),
                number(figures["composite_score"]["best"], 2),
                binds,
            ]
        )
    headings = [lever["name"], "evaluated", "survive", "mean senior", "best", "mean WACC", "best",
                "best IRR", "best score", "binds most"]  # fmt: skip
    blocks = [_counted(found), table(headings, rows)]
    if len(lever["values"]) > _SHOWN_VALUES:
        blocks.append(f"… and {len(lever['values']) - _SHOWN_VALUES:,} more values; see --json")
    effects = [
        [_HEADINGS[each["figure"], each["over"]], number(each["share_pct"], 2)]
        for each in lever["effects"]
    ]
    blocks.append(table(["figure", "share of variance, %"], effects))
    rules = [
        [each["rule"], number(each["share_pct"], 1), number(each["least_pct"], 1, " %"),
         number(each["most_pct"], 1, " %")]
        for each in lever["runs_into"][:_SHOWN_RULES]
    ]  # fmt: skip
    blocks.append(table(["rule it runs into", "share, %", "fails at least", "at most"], rules))
    blocks += [_pairs_text(found), "* among survivors"]
    return "\n\n".join(blocks)
