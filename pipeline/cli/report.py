"""What a finished run says in a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.cli.console import money, number, table
from pipeline.columns import BY_NAME, MERGE_COLUMNS
from pipeline.storage.results import RANKED_PATH, REPORT_PATH, head

_SHOWN_ROWS = 5
_SHOWN_REASONS = 5


def run_report(summary: dict[str, Any], folder: Path) -> str:
    """Tiers, gates, reasons, the best structures, and where the files are."""
    gates, total = summary["gates"], summary["total_scenarios"]
    tiers = ", ".join(f"{name} {count:,}" for name, count in summary["tiers"].items())
    lines = [
        f"Run {summary['run_id']}: {total:,} structures",
        (
            f"  Gate A passed {gates['a']['passed']:,}, Gate B passed {gates['b']['passed']:,}, "
            f"fully funded {summary['fully_funded_scenarios']:,}"
        ),
        f"  Tiers: {tiers}",
        f"  {books_line(summary)}",
    ]
    constraints = summary["binding_constraints"][:_SHOWN_REASONS]
    if constraints:
        reasons = ", ".join(
            f"{each['reason']} {each['count']:,} ({each['share_pct']:.1f} %)"
            for each in constraints
        )
        lines.append(f"  What binds: {reasons}")
    best = head(folder / RANKED_PATH, _SHOWN_ROWS)
    if best:
        lines += ["", f"Best by {summary['objective']}:", top_table(best)]
    seconds = sum(summary["timings"].values())
    lines += ["", f"Report: {folder / REPORT_PATH}", f"Figures: {folder / RANKED_PATH}"]
    lines += [
        f"Documents of the optimal structure: {folder / name}"
        for name in summary["written"]["files"]
        if name.endswith(".zip")
    ]
    lines.append(f"{seconds:.1f} s in the stages, {summary['peak_memory_mb']:,.0f} MB at most")
    return "\n".join(lines)


def books_of(summary: dict[str, Any], manifest: dict[str, Any]) -> dict[str, Any]:
    """Rulebook and market of a run; summaries of earlier versions left them to the manifest."""
    return {name: summary.get(name) or manifest[name] for name in ("rulebook", "market")}


def books_line(books: dict[str, Any]) -> str:
    """Rulebook and market of a run, and whether the market was stale, where that is told."""
    rulebook, market = books["rulebook"], books["market"]
    stale = (
        f", stale: {market['age_days']} days old, the limit is {market['stale_after_days']}"
        if market.get("stale")
        else ""
    )
    return (
        f"Rulebook {rulebook['name']} {rulebook['version']} of {rulebook['date']}, "
        f"market {market['name']} of {market['date']}{stale}"
    )


def top_table(rows: list[dict[str, Any]]) -> str:
    """Ranked rows: how each structure is set, and the figures that tell them apart."""
    levers = _lever_names(rows[0])
    switches = [name for name in levers if isinstance(rows[0][name], bool)]
    settings = [name for name in levers if name not in switches]
    headings = ["rank", "structure", "tier", "rating", "senior", "mezz", "equity", "DSCR", "WAL",
                "WACC", "funded", "score"]  # fmt: skip
    # Catalogue names are long; their number says as much beside `atlas-forge catalogue`.
    headings += [f"_{name.rpartition('_')[2]}" if "_" in name else name for name in settings]
    if switches:
        headings.append("overlays")
    return table(headings, [_cells(row, settings, switches) for row in rows])


def plain_table(rows: list[dict[str, Any]]) -> str:
    """Rows with their columns as they are."""
    return table(list(rows[0]), [[plain(value) for value in row.values()] for row in rows])


def plain(value: Any) -> str:
    """Any value of a ranked row for a terminal: a dash where there is none."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.2f}" if abs(value) >= 10_000 else f"{value:.6g}"
        case list():
            return ", ".join(map(str, value)) or "-"
    return str(value)


def _cells(row: dict[str, Any], settings: list[str], switches: list[str]) -> list[str]:
    cells = [
        str(row["rank"]),
        str(row["permutation_id"]),
        str(row["viability_tier"]),
        str(row["senior_rating"] or "-"),
        money(row["senior_notional"]),
        money(row["mezz_notional"]),
        money(row["equity_notional"]),
        number(row["dscr_min"], 3, "x"),
        number(row["senior_wal"], 1, "y"),
        number(row["wacc"], 2, "%"),
        number(100.0 * row["full_coverage"], 1, "%"),
        number(row["composite_score"], 2),
    ]
    cells += [f"{row[name]:g}" if isinstance(row[name], float) else str(row[name])
              for name in settings]  # fmt: skip
    if switches:
        cells.append("+".join(name for name in switches if row[name]) or "-")
    return cells


def _lever_names(row: dict[str, Any]) -> list[str]:
    """Columns of a ranked row that are settings: neither a figure, its status nor the key."""
    figures = {*MERGE_COLUMNS, "permutation_id", *BY_NAME}
    return [
        name for name in row if name not in figures and name.removesuffix("_status") not in figures
    ]
