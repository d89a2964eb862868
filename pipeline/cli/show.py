"""`atlas-forge show`: a run at a glance, or one structure in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.console import money, number, print_json, say, table, wants_json
from pipeline.cli.options import mongo_option, out_option
from pipeline.escape import log_text
from pipeline.places import results_of

if TYPE_CHECKING:
    from pipeline.query.structures import Structure
    from pipeline.reports.run.structure import Part, StructureReport


@click.command(name="show")
@click.argument("run_id")
@click.argument("permutation", required=False, type=click.IntRange(min=0))
@out_option
@mongo_option
def command(run_id: str, permutation: int | None, out: str | None, mongo: str | None) -> None:
    """Show a finished run at a glance, or one of its structures in full.

    PERMUTATION is the structure's number as `top` shows it. One that failed a gate is computed
    again and shown with every figure.

    \b
    Examples:
      atlas-forge show small-1a2b3c4d5e6f
      atlas-forge show small-1a2b3c4d5e6f 46238
      atlas-forge show small-1a2b3c4d5e6f 46238 --json
    """
    results = results_of(out, mongo)
    if permutation is None:
        from pipeline.query.overview import overview

        found = overview(results, run_id)
        print_json(found) if wants_json() else say(_overview_text(found))
        return
    from pipeline.query.card import card, report_of
    from pipeline.query.structures import structure_of

    structure = structure_of(results, run_id, permutation)
    request = results.manifest(run_id)["request"]
    if wants_json():
        print_json(card(run_id, structure, request))
    else:
        say(_card_text(run_id, structure, report_of(structure, request)))


def _overview_text(found: dict[str, Any]) -> str:
    total, gates = found["total_scenarios"], found["gates"]
    origin = found["provenance"]
    passed = f"Gate A passed {gates['a']['passed']:,}, Gate B passed {gates['b']['passed']:,}"
    funded = f"fully funded {found['fully_funded_scenarios']:,}"
    tiers = ", ".join(f"{name} {count:,}" for name, count in found["tiers"].items())
    lines = [
        log_text(f"Run {found['run_id']}: {origin['project']['title']}"),
        f"  {total:,} structures of {origin['space_size']:,}, seed {origin['seed']}",
        f"  {passed}, {funded}, near misses {found['near_misses']:,}",
        f"  On the Pareto frontier: {_count(found['pareto_scenarios'])} (top --pareto)",
        f"  Tiers: {tiers}",
        "",
    ]
    if found["binding_constraints"]:
        rows = [
            [each["reason"], f"{each['count']:,}", number(each["share_pct"], 1, " %")]
            for each in found["binding_constraints"]
        ]
        lines += [table(["what binds", "structures", "of all"], rows), ""]
    if found["best"]:
        best = [{"objective": "best tier, then objective", **found["optimal"]}, *found["best"]]
        headings = ["best by", "structure", "rank", "tier", "rating", "senior", "day one", "DSCR",
                    "WACC", "IRR", "score"]  # fmt: skip
        lines += [table(headings, [_best_cells(row) for row in best]), ""]
    market, book = origin["market"], origin["rulebook"]
    market_text = f"Market {market['name']} of {market['date']}"
    book_text = f"rulebook {book['name']} {book['version']} of {book['date']}"
    lines.append(log_text(f"{market_text}, {book_text}, objective {origin['objective']}"))
    made = f"Made {origin['created_at']} by engine {origin['fingerprint']}"
    lines.append(log_text(f"{made}, plan {str(origin['plan_hash'])[:12]}"))
    return "\n".join(lines)


def _count(value: int | None) -> str:
    """A count; a run of an older engine may lack it."""
    return "not marked" if value is None else f"{value:,}"


def _best_cells(row: dict[str, Any]) -> list[str]:
    return [
        row["objective"],
        str(row["permutation_id"]),
        f"{row['rank']:,}",
        str(row["viability_tier"]),
        str(row["senior_rating"] or "-"),
        money(row["senior_notional"]),
        money(row["day1_cash"]),
        number(row["dscr_min"], 3, "x"),
        number(row["wacc"], 2, "%"),
        number(row["equity_irr"], 2, "%"),
        number(row["composite_score"], 2),
    ]


def _card_text(run_id: str, structure: Structure, told: StructureReport) -> str:
    from pipeline.cli.report import plain
    from pipeline.query.card import GATE_A, GATE_B, gate
    from pipeline.reports.numbers import text_of

    row = structure.row
    rank = "not ranked" if structure.rank is None else f"rank {structure.rank:,}"
    name = f"Structure {structure.permutation_id} of {run_id}"
    frontier = ", on the Pareto frontier" if row.get("pareto") else ""
    blocks = [f"{name}: {told.tier}, {rank}{frontier} ({structure.source})"]
    blocks.append(table(["lever", "setting"], [[f.label, plain(f.value)] for f in told.levers]))
    verdicts = []
    for name, column, tests in (("A", "gate_a_reasons", GATE_A), ("B", "gate_b_reasons", GATE_B)):
        failed = gate(row, column, tests)["failed"]
        verdicts.append(f"Gate {name}: {'fails ' + ', '.join(failed) if failed else 'passed'}")
    verdicts.append(f"Warnings: {', '.join(told.warnings) or 'none'}")
    blocks.append("\n".join(verdicts))
    figures = [[each.label, text_of(each.value, each.unit)] for each in told.figures]
    blocks.append(table(["figure", "value"], figures))
    for title, parts in (
        ("day-one value", told.day_one), ("sources", told.sources), ("uses", told.uses),
    ):  # fmt: skip
        blocks.append(table([title, "amount", "share"], [_part_cells(part) for part in parts]))
    stress_rows = [
        [
            each.label,
            number(each.dscr_min, 3, "x"),
            number(each.dscr_avg, 3, "x"),
            number(each.equity_irr, 2, "%"),
            plain(each.worst_month),
            plain(each.months_under_1),
            each.rating or "-",
            {None: "", True: "pass", False: "FAIL"}[each.passed],
        ]
        for each in told.scenarios
    ]
    headings = ["scenario", "least DSCR", "mean", "IRR", "worst month", "under 1.0x", "rating", ""]
    blocks.append(table(headings, stress_rows))
    return "\n\n".join(blocks)


def _part_cells(part: Part) -> list[str]:
    return [part.label, number(part.amount, 0), number(part.share_pct, 1, " %")]
