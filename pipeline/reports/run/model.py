"""What a report says, as plain frozen values: every renderer draws this and computes nothing.

A report is made from the documents a run writes (`summary.json`, `manifest.json`) and a few rows of
`ranked.parquet`. Money is in the project's currency, percentages are in percent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kernels import codes
from pipeline.reports.facts import Fact, Unit, Value, levers_of, shown, unit_of
from pipeline.reports.run import wording
from pipeline.reports.run.reasons import TITLES
from pipeline.reports.run.structure import StructureReport
from pipeline.reports.run.wording import SWITCHES
from pipeline.solve.alike import take_in
from pipeline.solve.changes import NEAR_MISS_CHANGES

TOP_ROWS = 10
TOP_REASONS = 8
MAX_POINTS = 1500  # more do not show more on a page, and each costs bytes

TOP_COLUMNS = (
    ("rank", "#"),
    ("permutation_id", "Number"),
    ("viability_tier", "Tier"),
    ("senior_rating", "Rating"),
    ("senior_notional", "Senior"),
    ("mezz_notional", "Mezz."),
    ("equity_notional", "Equity"),
    ("senior_ltv_pct", "LTV %"),
    ("dscr_min", "DSCR"),
    ("senior_wal", "WAL"),
    ("wacc", "WACC %"),
    ("equity_irr", "IRR %"),
    ("day1_cash", "Day one"),
    ("full_coverage", "Funded %"),
    ("composite_score", "Score"),
)


@dataclass(frozen=True)
class FunnelStep:
    """How many permutations are left after a step, and their share of all in percent."""

    label: str
    rows: int
    share_pct: float


@dataclass(frozen=True)
class Reason:
    """A binding constraint: the first gate reason of `rows` permutations."""

    name: str
    title: str
    gate: str
    rows: int
    share_pct: float


@dataclass(frozen=True)
class Tier:
    """A viability tier and the permutations in it, with their share of all in percent."""

    name: str
    rows: int
    share_pct: float


@dataclass(frozen=True)
class Point:
    """A survivor in the picture of debt against cost of capital."""

    senior_notional: float
    wacc_pct: float
    tier: str


@dataclass(frozen=True)
class NearMiss:
    """Structures short of capital that need the same change, `alike` of them, and what funds them.

    `changes` are relative changes in percent by the names of NEAR_MISS_CHANGES, None where nothing
    within bounds funds; `traded` names those that make a test fail that passed before.
    """

    number: int
    alike: int
    covered_pct: float
    with_day_one_pct: float | None
    solution: str | None
    changes: Mapping[str, float | None]
    traded: frozenset[str]


@dataclass(frozen=True)
class ReportModel:
    """Everything the summary says, in the order it says it."""

    title: str
    subtitle: str
    run_id: str
    made_at: datetime
    currency: str
    identity: tuple[Fact, ...]
    answer: str
    key_figures: tuple[Fact, ...]
    tiers: tuple[Tier, ...]
    funnel: tuple[FunnelStep, ...]
    reasons: tuple[Reason, ...]
    points: tuple[Point, ...]
    survivors: int
    top_headings: tuple[tuple[str, Unit], ...]
    top_rows: tuple[tuple[Value, ...], ...]
    near_misses: tuple[NearMiss, ...]
    best: StructureReport | None
    not_modelled: tuple[str, ...]

    @classmethod
    def from_run(
        cls,
        summary: Mapping[str, Any],
        manifest: Mapping[str, Any],
        top_rows: Sequence[Mapping[str, Any]],
        scatter: Iterable[tuple[float | None, float | None, str]],
        near_misses: Sequence[Mapping[str, Any]] = (),
    ) -> ReportModel:
        """Build the report of a finished run.

        `summary` and `manifest` are the documents of the run's folder; `top_rows` the first rows of
        `ranked.parquet` as dictionaries; `scatter` is (senior_notional, wacc in
        percent, viability_tier) of the survivors in rank order, thinned here when they are many;
        `near_misses` rows of `reports/near_misses.parquet`, the best first.
        """
        total = int(summary["total_scenarios"])
        gates = summary["gates"]
        survivors = int(gates["b"]["passed"])
        project = manifest["project"]
        best = summary["optimal"]
        reasons = _reasons(summary["binding_constraints"])
        return cls(
            title=str(project["title"]),
            subtitle=_subtitle(project),
            run_id=str(summary["run_id"]),
            made_at=_moment(manifest),
            currency=str(project["currency"]),
            identity=_identity(summary, manifest),
            answer=_answer(best, reasons, total, str(project["currency"])),
            key_figures=_key_figures(summary, survivors),
            tiers=_tiers(summary["tiers"], total),
            funnel=(
                FunnelStep("Examined", total, _share(total, total)),
                _step("Passed Gate A: feasible", int(gates["a"]["passed"]), total),
                _step("Passed Gate B: credit", survivors, total),
                _step("Fully funded", int(summary["fully_funded_scenarios"]), total),
            ),
            reasons=reasons,
            points=_points(scatter),
            survivors=survivors,
            top_headings=(
                *((heading, unit_of(name)) for name, heading in TOP_COLUMNS),
                ("Switched on", "text"),
            ),
            top_rows=tuple(
                (*(shown(name, row.get(name)) for name, _ in TOP_COLUMNS), switched_on(row))
                for row in top_rows[:TOP_ROWS]
            ),
            near_misses=_near_misses(near_misses),
            best=StructureReport.of_row(best, manifest["request"]) if best else None,
            not_modelled=tuple(str(item) for item in summary["not_modelled"]),
        )


def _share(rows: int, total: int) -> float:
    return 100.0 * rows / total if total else 0.0


def _step(label: str, rows: int, total: int) -> FunnelStep:
    return FunnelStep(label, rows, _share(rows, total))


def switched_on(row: Mapping[str, Any]) -> str:
    """Overlays and other switches in use: often all that tells two rows apart."""
    on = [fact.label for fact in levers_of(row) if fact.value is True]
    return ", ".join(SWITCHES.get(name, name) for name in on) or "none"


def _moment(manifest: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(manifest["created_at"]).astimezone(UTC)


def _subtitle(project: Mapping[str, Any]) -> str:
    parts = [str(project["asset_type"]).replace("_", " "), str(project["country"])]
    tenant = project.get("tenant") or {}
    if tenant.get("name"):
        rating = f" ({tenant['rating']})" if tenant.get("rating") else ""
        parts.append(f"tenant {tenant['name']}{rating}")
    text = " · ".join(parts)
    return text[:1].upper() + text[1:]


def _identity(summary: Mapping[str, Any], manifest: Mapping[str, Any]) -> tuple[Fact, ...]:
    market, rulebook = summary["market"], summary["rulebook"]
    checked = summary["reverse_check"]
    return (
        Fact("Run", str(summary["run_id"])),
        Fact("Date", f"{_moment(manifest):%-d %B %Y, %H:%M} UTC"),
        Fact("Engine", str(summary["fingerprint"])),
        Fact("Seed", str(summary["seed"])),
        Fact(
            "Rulebook",
            f"{rulebook['name']} {rulebook['version']} of {rulebook['date']}"
            f"{_digest(rulebook['sha256'])}",
        ),
        Fact("Market", f"{market['name']} of {market['date']}{_digest(market['sha256'])}"),
        Fact("Ranked by", str(manifest["objective"])),
        Fact("Market's age", _age(market)),
        Fact("Tiers by", wording.TIERS_BY[summary["tiers_by"]["mode"]]),
        Fact("Lever space", int(manifest["space_size"]), "count"),
        Fact("Sized a second way", int(checked["rows"]), "count"),
        Fact("Largest difference", checked["largest_notional_gap"], "money"),
    )


def _digest(sha256: str | None) -> str:
    """Enough of a file's digest to tell two files of one name apart."""
    return f" ({sha256[:8]})" if sha256 else ""


def _age(market: Mapping[str, Any]) -> str:
    days = int(market["age_days"])
    if days < 0:
        return f"dated {-days:,} days after the run"
    limit = f"stale, over {market['stale_after_days']}" if market["stale"] else "recent"
    return f"{days:,} days at the run: {limit}"


def _key_figures(summary: Mapping[str, Any], survivors: int) -> tuple[Fact, ...]:
    return (
        Fact("Structures examined", int(summary["total_scenarios"]), "count"),
        Fact("Passed both gates", survivors, "count"),
        Fact("Fully funded", int(summary["fully_funded_scenarios"]), "count"),
        Fact("Meet the hard filters", int(summary["viable_scenarios"]), "count"),
        Fact("Largest senior debt", summary["max_senior"], "money"),
        Fact("Lowest WACC", summary["best_wacc"], "percent"),
        Fact("Highest equity IRR", summary["best_irr"], "percent"),
        Fact("Largest day-one value", summary["max_day1"], "money"),
    )


def _tiers(counts: Mapping[str, int], total: int) -> tuple[Tier, ...]:
    best_first = reversed(codes.TIER_NAMES)
    return tuple(Tier(name, n, _share(n, total)) for name in best_first for n in [counts[name]])


def _reasons(constraints: Sequence[Mapping[str, Any]]) -> tuple[Reason, ...]:
    gate_a = codes.REASON_NAMES[: codes.N_GATE_A_REASONS]
    return tuple(
        Reason(
            name=str(item["reason"]),
            title=TITLES[str(item["reason"])],
            gate="A" if item["reason"] in gate_a else "B",
            rows=int(item["count"]),
            share_pct=float(item["share_pct"]),
        )
        for item in constraints[:TOP_REASONS]
    )


def _near_misses(rows: Sequence[Mapping[str, Any]]) -> tuple[NearMiss, ...]:
    kept: dict[tuple[Any, ...], dict[str, Any]] = {}
    take_in(kept, rows)
    names = [change.name for change in NEAR_MISS_CHANGES]
    return tuple(
        NearMiss(
            number=row["permutation_id"],
            alike=row["alike"],
            covered_pct=100.0 * row["capex_coverage"],
            with_day_one_pct=None if row["full_coverage"] is None else 100.0 * row["full_coverage"],
            solution=row["solution"],
            changes={name: row[f"{name}_change_pct"] for name in names},
            traded=frozenset(name for name in names if row[f"{name}_new_reasons"]),
        )
        for row in list(kept.values())[:TOP_ROWS]
    )


def _points(scatter: Iterable[tuple[float | None, float | None, str]]) -> tuple[Point, ...]:
    """Distinct points, evenly thinned in rank order: the same rows give the same picture.

    Overlays leave debt and cost of capital as they are, so many survivors are one point.
    """
    distinct = dict.fromkeys(
        (senior, wacc, tier)
        for senior, wacc, tier in scatter
        if senior is not None and wacc is not None
    )
    points = [Point(*values) for values in distinct]
    kept = min(len(points), MAX_POINTS)
    return tuple(points[i * len(points) // kept] for i in range(kept))


def _answer(
    best: Mapping[str, Any] | None, reasons: Sequence[Reason], total: int, currency: str
) -> str:
    if best is None:
        text = f"None of the {total:,} structures passes both gates."
        if reasons:
            first = reasons[0]
            text += (
                f" The constraint that binds most often is {first.name}: {first.title.lower()}"
                f" ({first.rows:,} structures, {first.share_pct:.1f} %)."
            )
        return text
    parts = [f"The best structure, number {best['permutation_id']:,},"]
    if best["senior_notional"] is not None:
        parts.append(
            f" raises {currency} {best['senior_notional'] / 1e6:,.1f} million of senior debt"
        )
    if best.get("senior_rating"):
        parts.append(f" rated {best['senior_rating']}")
    if best.get("dscr_min") is not None:
        parts.append(f" at a least coverage of {best['dscr_min']:.2f}x")
    if best.get("wacc") is not None:
        parts.append(f" and a WACC of {best['wacc']:.2f} %")
    parts.append(f". Its tier is {best['viability_tier']}")
    if best.get("equity_irr") is not None:
        parts.append(f"; equity earns {best['equity_irr']:.2f} % a year")
    parts.append(".")
    return "".join(parts)
