"""What a finished search says in a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.cli.console import number
from pipeline.cli.report import top_table
from pipeline.search.outcome import BEST_PATH, SEARCH_PATH
from pipeline.storage.results import head

_SHOWN_ROWS = 5


def search_report(document: dict[str, Any], folder: Path) -> str:
    """What was spent, the best structures, how sure that is, and how to look closer."""
    spent, agreement = document["evaluations"], document["agreement"]
    lines = [
        (
            f"Search {document['search_id']}: {spent['distinct']:,} of {document['space_size']:,} "
            f"structures evaluated, {spent['with_all_figures']:,} passed both gates; "
            f"stopped by {document['stopped_by']}"
        ),
    ]
    if not document["repeatable"]:
        lines.append("  Ended by the clock: the same command may answer otherwise.")
    found = document["found"]
    if found is None:
        nearest = document["nearest"]
        missing = ", ".join(nearest["reasons"]) or "a hard filter"
        lines.append(
            f"  Nothing passes. Nearest is structure {nearest['permutation_id']}, which fails "
            f"{missing}."
        )
        return "\n".join([*lines, f"  {nearest['evaluate']}"])
    lines += ["", f"Best tier, then {document['objective']}:"]
    lines += [top_table(head(folder / BEST_PATH, _SHOWN_ROWS)), ""]
    lines.append(
        f"{agreement['at_the_answer']} of {agreement['rounds_ended']} rounds that came to an end "
        "ended at this answer."
    )
    if document["against"]:
        lines.append(_against(document["against"]))
    lines += [f"Alone: {found['evaluate']}", f"Figures: {folder / BEST_PATH}"]
    return "\n".join([*lines, f"Search: {folder / SEARCH_PATH}"])


def _against(compared: dict[str, Any]) -> str:
    swept = compared["swept"]
    if swept is None:
        return f"Run {compared['run_id']} has no structure that passed both gates."
    if compared["tiers_ahead"] > 0:
        verdict = f"better than its tier {swept['tier']}"
    elif compared["tiers_ahead"] < 0:
        verdict = f"short of its tier {swept['tier']}"
    else:
        share = compared["objective_ratio"]
        verdict = number(None if share is None else 100.0 * share, 3, " % of its objective")
    return (
        f"Against run {compared['run_id']}: {verdict}, with "
        f"{compared['evaluations_share_pct']:.2f} % of its evaluations."
    )
