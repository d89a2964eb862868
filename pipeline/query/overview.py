"""A finished run at a glance: funnel, tiers, what binds, the best by each objective, sources."""

from __future__ import annotations

from typing import Any, Final

from pipeline.query.rows import RankedRows, SortKey, ranked_of
from pipeline.storage.merge import OBJECTIVES, ranking
from pipeline.storage.results import ResultsStore

_BEST_COLUMNS: Final = (
    "rank", "permutation_id", "viability_tier", "senior_rating", "senior_notional", "day1_cash",
    "dscr_min", "wacc", "equity_irr", "composite_score",
)  # fmt: skip
_PROVENANCE: Final = (
    "project", "market", "rulebook", "documents", "objective", "seed", "space_size", "permutations",
    "fingerprint", "versions", "created_at", "plan_hash", "outputs",
)  # fmt: skip


def overview(results: ResultsStore, run_id: str) -> dict[str, Any]:
    """The run as one JSON document. Raises NoSuchRunError, UnreadableDocumentError, OSError."""
    summary = results.summary(run_id)
    ranked = ranked_of(results, run_id)
    return {
        "schema": 1,
        "run_id": run_id,
        "total_scenarios": summary["total_scenarios"],
        "survivors": summary["survivors"],
        "fully_funded_scenarios": summary["fully_funded_scenarios"],
        "viable_scenarios": summary["viable_scenarios"],
        "near_misses": summary["near_misses"],
        "pareto_scenarios": summary.get("pareto_scenarios"),
        "gates": summary["gates"],
        "tiers": summary["tiers"],
        "binding_constraints": summary["binding_constraints"],
        "optimal": _shortened(summary["optimal"]),
        "best": best_by_objective(ranked),
        "provenance": provenance_of(results, run_id),
    }


def best_by_objective(ranked: RankedRows) -> list[dict[str, Any]]:
    """The first structure of each objective's ranking, with its main figures; none: empty."""
    if not ranked.rows:
        return []
    best = []
    for objective in OBJECTIVES:
        keys = [
            SortKey(ranked.fields[column], direction == "DESC")
            for column, direction in ranking(objective)
        ]
        row = ranked.fetch(ranked.best(None, keys, 1), _BEST_COLUMNS).to_pylist()[0]
        best.append({"objective": objective, **row})
    return best


def provenance_of(results: ResultsStore, run_id: str) -> dict[str, Any]:
    """Who asked what, with which market, rulebook and engine."""
    manifest = results.manifest(run_id)
    return {name: manifest.get(name) for name in _PROVENANCE}


def _shortened(row: dict[str, Any] | None) -> dict[str, Any] | None:
    return row and {name: row.get(name) for name in _BEST_COLUMNS}
