"""The figures of summary.json, gathered while the ranked rows stream by."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kernels import codes
from pipeline.stages.counts import Counts, each_of, whole
from pipeline.stages.exact_sum import ExactSum

FUNDED_TIERS = tuple(codes.TIER_NAMES[codes.TIER_SILVER :])


class Tally:
    """Counts, extremes and the exact mean over survivors. Null figures are left out."""

    def __init__(self) -> None:
        self.survivors = 0
        self.viable = 0
        self.pareto = 0
        self._tiers: Counter[str] = Counter()
        self._highest: dict[str, float] = {}
        self._lowest: dict[str, float] = {}
        self._senior = ExactSum()
        self.optimal: dict[str, Any] | None = None
        self._optimal_tier = -1

    def add(self, table: pa.Table) -> None:
        """Take in ranked rows; tables come in rank order."""
        self.survivors += table.num_rows
        self.viable += pc.sum(table["viable"]).as_py() or 0
        self.pareto += pc.sum(table["pareto"]).as_py() or 0
        counted = pc.value_counts(table["viability_tier"].combine_chunks())
        for entry in counted.to_pylist():
            self._tiers[entry["values"]] += entry["counts"]
        for name in ("equity_irr", "dscr_min", "senior_notional", "day1_cash", "wacc"):
            extremes = pc.min_max(table[name]).as_py()
            if extremes["max"] is not None:
                self._highest[name] = max(self._highest.get(name, -math.inf), extremes["max"])
                self._lowest[name] = min(self._lowest.get(name, math.inf), extremes["min"])
        self._senior.add(table["senior_notional"].drop_null().to_numpy())
        self._best_of_best_tier(table)

    def tiers(self, total: int) -> dict[str, int]:
        """Permutations by tier, best first; all that are no survivors are Not Viable."""
        counts = {name: self._tiers[name] for name in reversed(codes.TIER_NAMES)}
        counts[codes.TIER_NAMES[codes.TIER_NOT_VIABLE]] += total - self.survivors
        return counts

    def figures(self) -> dict[str, float | None]:
        """Extremes and mean under their names in summary.json; null where nothing has one."""
        return {
            "best_irr": self._highest.get("equity_irr"),
            "best_dscr": self._highest.get("dscr_min"),
            # exact, so that it depends neither on partitions nor on the order of ranking
            "avg_senior": self._senior.mean(),
            "best_wacc": self._lowest.get("wacc"),
            "max_senior": self._highest.get("senior_notional"),
            "max_day1": self._highest.get("day1_cash"),
        }

    def _best_of_best_tier(self, table: pa.Table) -> None:
        """Optimal is the best tier, then the objective: the first row of the best tier seen."""
        for tier in range(len(codes.TIER_NAMES) - 1, self._optimal_tier, -1):
            place = pc.index(table["viability_tier"], codes.TIER_NAMES[tier]).as_py()
            if place >= 0:
                self._optimal_tier = tier
                self.optimal = table.slice(place, 1).to_pylist()[0]
                return


def gates(counts: Counts, total: int) -> dict[str, Any]:
    """The funnel: in, passed and failing reasons of each gate. A row may fail several tests."""
    pruned_a, pruned_b = whole(counts, "gate_a_pruned"), whole(counts, "gate_b_pruned")
    names_a = codes.REASON_NAMES[: codes.N_GATE_A_REASONS]
    names_b = codes.REASON_NAMES[codes.N_GATE_A_REASONS :]
    return {
        "a": {
            "in": total,
            "passed": total - pruned_a,
            "reasons": dict(zip(names_a, each_of(counts, "gate_a_reasons"), strict=True)),
        },
        "b": {
            "in": total - pruned_a,
            "passed": total - pruned_a - pruned_b,
            "reasons": dict(zip(names_b, each_of(counts, "gate_b_reasons"), strict=True)),
        },
    }


def binding_constraints(counts: Counts, total: int) -> list[dict[str, Any]]:
    """First failing reasons, the most frequent first, with their share of all permutations."""
    ranked = sorted(
        zip(codes.REASON_NAMES, each_of(counts, "first_reasons"), strict=True),
        key=lambda each: -each[1],
    )
    return [
        {"reason": name, "count": number, "share_pct": 100.0 * number / total}
        for name, number in ranked
        if number
    ]
