"""What a finished run says in a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.cli.console import money, number, table
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
    lines.append(f"{seconds:.1f} s in the stages, {summary['peak_memory_mb']:,.0f} MB at most")
    return "\n".join(lines)


def top_table(rows: list[dict[str, Any]]) -> str:
    """Ranked rows, the figures that tell structures apart."""
    headings = ["rank", "structure", "tier", "rating", "senior", "mezz", "equity", "DSCR", "WAL",
                "WACC", "funded", "score"]  # fmt: skip
    return table(
        headings,
        [
            [
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
            for row in rows
        ],
    )
