"""Two runs side by side: what was asked differently, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kernels import codes
from pipeline.columns import BY_NAME
from pipeline.inputs.leaves import Leaf, walked
from pipeline.query.rows import RankedRows, levers_in, ranked_of
from pipeline.storage.results import ResultsStore

MOST_MOVED: Final = 10
_TOTALS: Final = (
    "total_scenarios", "survivors", "fully_funded_scenarios", "viable_scenarios", "near_misses",
    "best_irr", "best_dscr", "avg_senior", "best_wacc", "max_senior", "max_day1",
)  # fmt: skip
_MONEY_TOTALS: Final = ("avg_senior", "max_senior", "max_day1")
_BEST: Final = (
    "viability_tier", "senior_rating", "senior_notional", "mezz_notional", "equity_notional",
    "dscr_min", "dscr_avg", "senior_ltv_pct", "senior_wal", "wacc", "equity_irr", "day1_cash",
    "full_coverage", "composite_score",
)  # fmt: skip
_MONEY_BEST: Final = frozenset(
    name for name in _BEST if BY_NAME[name].unit.startswith("project currency")
)
_MOVED_COLUMNS: Final = ("permutation_id", "rank", "viability_tier")
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Difference:
    """A value that two runs have differently; None where a run does not have it."""

    path: str
    old: Leaf
    new: Leaf


def compare_runs(results: ResultsStore, old: str, new: str) -> dict[str, Any]:
    """Everything that differs between two finished runs, as one JSON document.

    Raises NoSuchRunError, UnreadableDocumentError, OSError.
    """
    summaries = [results.summary(run_id) for run_id in (old, new)]
    manifests = [results.manifest(run_id) for run_id in (old, new)]
    currencies = {manifest["project"]["currency"] for manifest in manifests}
    # There is no difference between amounts of two currencies.
    apart = frozenset((*_MONEY_TOTALS, *_MONEY_BEST)) if len(currencies) > 1 else frozenset()
    best = [summary["optimal"] or {} for summary in summaries]
    return {
        "schema": 1,
        "old": old,
        "new": new,
        "inputs": [vars(each) for each in input_differences(*manifests)],
        "totals": _side_by_side(
            *[{name: each[name] for name in _TOTALS} for each in summaries], apart=apart
        ),
        "funnel": _steps(*[_survived(each) for each in summaries]),
        "gates": _side_by_side(*[_funnel(each["gates"]) for each in summaries]),
        "tiers": _side_by_side(*[each["tiers"] for each in summaries]),
        "optimal": [each.get("permutation_id") for each in best],
        "best": _side_by_side(
            *[{name: each.get(name) for name in _BEST} for each in best], apart=apart
        ),
        "structures": moved(results, old, new),
    }


def input_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Leaves of two manifests' questions that differ: inputs, levers, market, rulebook, engine."""
    before, after = _question(old), _question(new)
    return [
        Difference(path, before.get(path), after.get(path))
        for path in dict.fromkeys((*before, *after))
        if before.get(path) != after.get(path)
    ]


def moved(results: ResultsStore, old: str, new: str) -> dict[str, Any]:
    """Structures that survived in both runs, and those that moved most in tier, then in rank.

    The same structure has the same lever settings; where both runs have the same levers with the
    same values, that is the same number. `comparable` is false where the levers differ by name.
    """
    levers = [levers_in(results.plan(run_id)) for run_id in (old, new)]
    if levers[0].keys() != levers[1].keys():
        return {"comparable": False, "moved": []}
    keys = ["permutation_id"] if levers[0] == levers[1] else list(levers[0])
    tables = [_read(ranked_of(results, run_id), keys) for run_id in (old, new)]
    common = _joined(tables[0], tables[1], keys)
    places = [_tier_places(common[f"viability_tier_{side}"]) for side in ("old", "new")]
    ranks = [common[f"rank_{side}"].to_numpy() for side in ("old", "new")]
    ids = [common[f"permutation_id_{side}"].to_numpy() for side in ("old", "new")]
    # Most tiers first, then most ranks; equal moves in the order of the new rank.
    tier_move, rank_move = np.abs(places[1] - places[0]), np.abs(ranks[1] - ranks[0])
    order = np.lexsort((ranks[1], -rank_move, -tier_move))[:MOST_MOVED]
    chosen = [row for row in order if tier_move[row] or rank_move[row]]
    return {
        "comparable": True,
        "in_both": common.num_rows,
        "only_old": tables[0].num_rows - common.num_rows,
        "only_new": tables[1].num_rows - common.num_rows,
        "moved_tier": int(np.count_nonzero(tier_move)),
        "moved": [
            {
                "old_permutation_id": int(ids[0][row]),
                "new_permutation_id": int(ids[1][row]),
                "old_tier": codes.TIER_NAMES[places[0][row]],
                "new_tier": codes.TIER_NAMES[places[1][row]],
                "old_rank": int(ranks[0][row]),
                "new_rank": int(ranks[1][row]),
            }
            for row in chosen
        ],
    }


def _question(manifest: Mapping[str, Any]) -> dict[str, Leaf]:
    request = dict(manifest["request"])
    levers = {lever["name"]: _lever_text(lever["options"]) for lever in request.pop("levers")}
    told = {**request, "levers": levers, "engine": manifest["fingerprint"]}
    return dict(walked(told))


def _lever_text(options: Sequence[Mapping[str, Any]]) -> str:
    """The values of a lever in a line."""
    texts = []
    for option in options:
        values = [
            f"{value:g}" if isinstance(value, float) else str(value) for value in option.values()
        ]
        if len(option) > 1:
            values = [f"{name} {value}" for name, value in zip(option, values, strict=True)]
        texts.append(" + ".join(values))
    return ", ".join(texts)


def _funnel(gates: Mapping[str, Any]) -> dict[str, int]:
    told: dict[str, int] = {}
    for name, gate in gates.items():
        told[f"{name}.passed"] = gate["passed"]
        told.update({f"{name}.{reason}": count for reason, count in gate["reasons"].items()})
    return told


def _survived(summary: Mapping[str, Any]) -> dict[str, int]:
    """Structures left after each step."""
    return {
        "examined": summary["total_scenarios"],
        "passed_gate_a": summary["gates"]["a"]["passed"],
        "passed_gate_b": summary["gates"]["b"]["passed"],
        "fully_funded": summary["fully_funded_scenarios"],
    }


def _steps(old: Mapping[str, int], new: Mapping[str, int]) -> list[dict[str, Any]]:
    """Steps of the funnel, with their shares of all structures examined, in percent."""
    return [
        {
            **row,
            "old_pct": 100.0 * row["old"] / old["examined"],
            "new_pct": 100.0 * row["new"] / new["examined"],
        }
        for row in _side_by_side(old, new)
    ]


def _side_by_side(
    old: Mapping[str, Any], new: Mapping[str, Any], *, apart: frozenset[str] = frozenset()
) -> list[dict[str, Any]]:
    """Values by name; no change of text, of what one does not have, or of what is in `apart`."""
    rows = []
    for name in dict.fromkeys((*old, *new)):
        before: Any = old.get(name)
        after: Any = new.get(name)
        has_none = any(each is None or isinstance(each, str) for each in (before, after))
        change = None if has_none or name in apart else after - before
        rows.append({"name": name, "old": before, "new": after, "change": change})
    return rows


def _read(ranked: RankedRows, keys: Sequence[str]) -> pa.Table:
    names = list(dict.fromkeys((*keys, *_MOVED_COLUMNS)))
    tables = [table for _, table in ranked.tables(names)]
    empty = pa.schema([ranked.schema.field(name) for name in names]).empty_table()
    return pa.concat_tables(tables) if tables else empty


def _joined(old: pa.Table, new: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Rows of both with equal keys, the other columns by side; null settings are equal too."""
    sides = []
    for table, side in ((old, "old"), (new, "new")):
        texts = [pc.fill_null(pc.cast(table[key], pa.string()), "") for key in keys]
        columns = [table[name] for name in _MOVED_COLUMNS]
        names = [*[f"key_{key}" for key in keys], *[f"{name}_{side}" for name in _MOVED_COLUMNS]]
        sides.append(pa.table([*texts, *columns], names=names))
    named = [f"key_{key}" for key in keys]
    joined = sides[0].join(sides[1], keys=named, join_type="inner", use_threads=False)
    return joined.sort_by("rank_new")


def _tier_places(tiers: pa.ChunkedArray) -> IntArray:
    places: IntArray = pc.index_in(tiers, value_set=pa.array(codes.TIER_NAMES)).to_numpy()
    return places.astype(np.int64)
