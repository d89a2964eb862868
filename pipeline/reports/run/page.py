"""What the page of a run says: the summary's report and all that a page has room for beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from kernels import codes
from pipeline.columns import BY_NAME
from pipeline.query.rows import RankedRows, levers_of, open_ranked
from pipeline.reports.facts import Fact
from pipeline.reports.run.model import ReportModel
from pipeline.reports.run.ranking import MAX_FRONTIER, MAX_ROWS, Ranking, ranking
from pipeline.reports.run.reasons import TITLES
from pipeline.reports.run.tier_map import COLUMNS as TIER_COLUMNS
from pipeline.reports.run.tier_map import TierMap, tier_map
from pipeline.reports.run.tornado import Tornado, tornados
from pipeline.storage.manifest import UnreadableDocumentError
from pipeline.storage.results import (
    NEAR_MISSES_PATH,
    RANKED_PATH,
    SUMMARY_PATH,
    LocalResults,
    head,
    thinned,
)

_SCATTER_POINTS: Final = 20_000
_NEAR_MISSES: Final = 100
_TOP_ROWS: Final = 10


@dataclass(frozen=True)
class GateTest:
    """A test of a gate: rows of which it is the first to fail, and all that fail it.

    `first_pct` is the share of all structures that it binds, in percent. Later tests of a gate are
    counted where the gate was reached.
    """

    name: str
    title: str
    gate: str
    first: int
    first_pct: float
    failing: int


@dataclass(frozen=True)
class FrontierPoint:
    """A structure that no other beats in all five goals; money in the project's currency."""

    number: int
    rank: int
    tier: str
    rating: str | None
    senior_notional: float | None
    wacc_pct: float | None
    dscr_min: float | None
    day1_cash: float | None


@dataclass(frozen=True)
class RunPage:
    """Everything the page says. `frontier` holds the most indebted first, at most MAX_FRONTIER.

    `stale_market` says how old the market file was, where that was too old for the rulebook.
    """

    report: ReportModel
    stale_market: str | None
    provenance: tuple[Fact, ...]
    tests: tuple[GateTest, ...]
    near_misses: int
    frontier: tuple[FrontierPoint, ...]
    on_frontier: int
    tornados: tuple[Tornado, ...]
    tier_map: TierMap
    ranking: Ranking


def run_page(folder: Path, most: int = MAX_ROWS) -> RunPage:
    """The page of a finished run, from its folder alone, holding its best `most` survivors.

    Raises NoSuchRunError for a run that is not finished, UnreadableDocumentError for one that
    another engine made or that was damaged, OSError.
    """
    results = LocalResults(folder.parent)
    run_id = folder.name
    summary, manifest = results.summary(run_id), results.manifest(run_id)
    ranked, levers = open_ranked(folder), levers_of(folder)
    missing = [name for name in (*BY_NAME, "pareto") if name not in ranked.schema.names]
    if missing:
        raise UnreadableDocumentError(
            f"{RANKED_PATH} of run {run_id} lacks {len(missing)} columns of this engine, "
            f"{missing[0]} the first; the project run again has them"
        )
    if "market" not in summary:
        raise UnreadableDocumentError(
            f"{SUMMARY_PATH} of run {run_id} was written by engine {manifest.get('fingerprint')}, "
            "before summaries told the market's age; the project run again has it"
        )
    best = summary["optimal"]
    places = _marked(ranked, None if best is None else int(best["permutation_id"]))
    frontier = ranked.fetch(places.frontier[:MAX_FRONTIER], _FRONTIER_COLUMNS).to_pylist()
    points = thinned(
        folder / RANKED_PATH, ["senior_notional", "wacc", "viability_tier"], _SCATTER_POINTS
    )
    report = ReportModel.from_run(
        summary,
        manifest,
        head(folder / RANKED_PATH, _TOP_ROWS),
        [(point["senior_notional"], point["wacc"], point["viability_tier"]) for point in points],
        head(folder / NEAR_MISSES_PATH, _NEAR_MISSES),
    )
    marked = sorted({*places.frontier[:MAX_FRONTIER].tolist(), *places.optimal})
    return RunPage(
        report=report,
        stale_market=_stale_market(summary["market"]),
        provenance=(*report.identity, *_provenance(summary, manifest, results.plan(run_id))),
        tests=_tests(summary),
        near_misses=int(summary["near_misses"]),
        frontier=_frontier(frontier),
        on_frontier=len(places.frontier),
        tornados=tornados(best, manifest["request"]) if best else (),
        tier_map=tier_map(levers, _tables(ranked)),
        ranking=ranking(ranked, levers, manifest["request"], marked, most),
    )


_FRONTIER_COLUMNS: Final = (
    "permutation_id", "rank", "viability_tier", "senior_rating", "senior_notional", "wacc",
    "dscr_min", "day1_cash",
)  # fmt: skip


@dataclass(frozen=True)
class _Places:
    """Places in the ranking, rising: of the Pareto frontier, and of the optimal structure."""

    frontier: np.ndarray[Any, np.dtype[np.int64]]
    optimal: tuple[int, ...]


def _marked(ranked: RankedRows, optimal: int | None) -> _Places:
    frontier, best = [], []
    for start, table in ranked.tables(["permutation_id", "pareto"]):
        frontier.append(start + np.flatnonzero(table["pareto"].to_numpy()))
        best += (start + np.flatnonzero(table["permutation_id"].to_numpy() == optimal)).tolist()
    return _Places(np.concatenate([np.empty(0, np.int64), *frontier]), tuple(best))


def _tables(ranked: RankedRows) -> Iterator[pa.Table]:
    for _, table in ranked.tables(TIER_COLUMNS):
        yield table


def _frontier(rows: Sequence[Mapping[str, Any]]) -> tuple[FrontierPoint, ...]:
    points = [
        FrontierPoint(
            number=row["permutation_id"],
            rank=row["rank"],
            tier=row["viability_tier"],
            rating=row["senior_rating"],
            senior_notional=row["senior_notional"],
            wacc_pct=row["wacc"],
            dscr_min=row["dscr_min"],
            day1_cash=row["day1_cash"],
        )
        for row in rows
    ]
    return tuple(sorted(points, key=lambda each: (-(each.senior_notional or 0.0), each.rank)))


def _tests(summary: Mapping[str, Any]) -> tuple[GateTest, ...]:
    """Every test of both gates in its fixed order."""
    first = {item["reason"]: item for item in summary["binding_constraints"]}
    failing = {**summary["gates"]["a"]["reasons"], **summary["gates"]["b"]["reasons"]}
    return tuple(
        GateTest(
            name=name,
            title=TITLES[name],
            gate="A" if place < codes.N_GATE_A_REASONS else "B",
            first=int(first[name]["count"]) if name in first else 0,
            first_pct=float(first[name]["share_pct"]) if name in first else 0.0,
            failing=int(failing.get(name, 0)),
        )
        for place, name in enumerate(codes.REASON_NAMES)
    )


def _stale_market(market: Mapping[str, Any]) -> str | None:
    if not market["stale"]:
        return None
    return (
        f"Market {market['name']} of {market['date']} was {market['age_days']:,} days old at the "
        f"run: stale, as the rulebook takes a market for {market['stale_after_days']} days."
    )


def _provenance(
    summary: Mapping[str, Any], manifest: Mapping[str, Any], plan: Mapping[str, Any]
) -> tuple[Fact, ...]:
    """What the page says of its sources beyond the summary's first page: digests in full."""
    documents = manifest.get("documents") or {}
    versions = manifest.get("versions") or {}
    market, rulebook = summary["market"], summary["rulebook"]
    digests = [
        ("Project file", documents.get("project")),
        (f"Market file {market['name']}", documents.get("market") or market["sha256"]),
        (f"Rulebook file {rulebook['name']}", documents.get("rulebook") or rulebook["sha256"]),
        ("Plan", plan.get("plan_hash")),
    ]
    return (
        *(Fact(f"{name}, sha256", digest) for name, digest in digests),
        Fact("Computed with", ", ".join(f"{name} {text}" for name, text in versions.items())),
    )
