"""What a report says, as plain frozen values: every renderer draws this and computes nothing.

A report is made from the documents a run writes (`summary.json`, `manifest.json`) and a few rows of
`ranked.parquet`. Money is in the project's currency, percentages are in percent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from kernels import codes
from pipeline.columns import BY_NAME
from pipeline.reports.reasons import TITLES

Unit = Literal["text", "flag", "count", "money", "percent", "times", "years", "score", "seconds"]
Value = str | int | float | bool | None

TOP_ROWS = 10
TOP_REASONS = 8
MAX_POINTS = 1500  # more do not show more on a page, and each costs bytes

_UNITS: dict[str, Unit] = {"%": "percent", "x": "times", "years": "years", "": "text"}
_TOP_COLUMNS = (
    ("rank", "#"),
    ("permutation_id", "Structure"),
    ("viability_tier", "Tier"),
    ("senior_rating", "Rating"),
    ("senior_notional", "Senior"),
    ("mezz_notional", "Mezz."),
    ("equity_notional", "Equity"),
    ("senior_ltv_pct", "LTV"),
    ("dscr_min", "DSCR"),
    ("senior_wal", "WAL"),
    ("wacc", "WACC"),
    ("full_coverage", "Funded"),
    ("composite_score", "Score"),
)
_BEST_FIGURES = (
    ("senior_notional", "Senior notional"),
    ("senior_rating", "Senior rating"),
    ("binding_constraint", "Sized by"),
    ("dscr_min", "DSCR, least"),
    ("dscr_avg", "DSCR, mean"),
    ("icr_min", "Interest cover, least"),
    ("stress_dscr_worst", "DSCR, worst stress"),
    ("senior_ltv_pct", "Senior LTV"),
    ("senior_wal", "Senior WAL"),
    ("mezz_notional", "Mezzanine notional"),
    ("equity_notional", "Equity"),
    ("wacc", "WACC"),
    ("equity_irr", "Equity IRR"),
    ("day1_cash", "Day-one value"),
    ("capex_coverage", "Capital coverage"),
    ("repo_eligible", "Repo eligible"),
)


@dataclass(frozen=True)
class Fact:
    """A labelled value; a null one carries its status."""

    label: str
    value: Value
    unit: Unit = "text"
    status: str | None = None


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
    best: tuple[Fact, ...]
    best_levers: tuple[Fact, ...]
    not_modelled: tuple[str, ...]

    @classmethod
    def from_run(
        cls,
        summary: Mapping[str, Any],
        manifest: Mapping[str, Any],
        top_rows: Sequence[Mapping[str, Any]],
        scatter: Iterable[tuple[float | None, float | None, str]],
    ) -> ReportModel:
        """Build the report of a finished run.

        `summary` and `manifest` are the documents of the run's folder; `top_rows` the first rows of
        `ranked.parquet` as dictionaries; `scatter` is (senior_notional, wacc in
        percent, viability_tier) of the survivors in rank order, thinned here when they are many.
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
                *((heading, _unit(name)) for name, heading in _TOP_COLUMNS),
                ("Switched on", "text"),
            ),
            top_rows=tuple(
                (*(_shown(name, row.get(name)) for name, _ in _TOP_COLUMNS), _switched_on(row))
                for row in top_rows[:TOP_ROWS]
            ),
            best=_facts_of(best, _BEST_FIGURES) if best else (),
            best_levers=_levers_of(best) if best else (),
            not_modelled=tuple(str(item) for item in summary["not_modelled"]),
        )


def _share(rows: int, total: int) -> float:
    return 100.0 * rows / total if total else 0.0


def _step(label: str, rows: int, total: int) -> FunnelStep:
    return FunnelStep(label, rows, _share(rows, total))


def _unit(name: str) -> Unit:
    """Unit a figure is shown in; coverage of capital is stored as a ratio and shown in percent."""
    if name in ("rank", "permutation_id"):
        return "count"
    column = BY_NAME[name]
    match column.unit:
        case "ratio":
            return "percent"
        case "0-100" | "points":
            return "score"
        case "project currency":
            return "money"
    return "flag" if column.kind == "flag" else _UNITS[column.unit]


def _shown(name: str, value: Value) -> Value:
    ratio = name in BY_NAME and BY_NAME[name].unit == "ratio"
    return 100.0 * value if ratio and isinstance(value, (int, float)) else value


def _facts_of(row: Mapping[str, Any], names: Sequence[tuple[str, str]]) -> tuple[Fact, ...]:
    return tuple(
        Fact(label, _shown(name, row.get(name)), _unit(name), row.get(f"{name}_status"))
        for name, label in names
    )


def _switched_on(row: Mapping[str, Any]) -> str:
    """Overlays and other switches in use: often all that tells two rows apart."""
    return ", ".join(fact.label for fact in _levers_of(row) if fact.value is True) or "none"


def _levers_of(row: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Lever columns of a ranked row: whatever is neither a figure, its status nor the key."""
    known = {"rank", "permutation_id", *BY_NAME}
    known |= {f"{name}_status" for name in known}
    return tuple(
        Fact(name, value, "flag" if isinstance(value, bool) else "text")
        for name, value in row.items()
        if name not in known
    )


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
    market, rulebook = manifest["market"], manifest["rulebook"]
    return (
        Fact("Run", str(summary["run_id"])),
        Fact("Date", f"{_moment(manifest):%-d %B %Y, %H:%M} UTC"),
        Fact("Engine", str(summary["fingerprint"])),
        Fact("Seed", str(summary["seed"])),
        Fact("Rulebook", f"{rulebook['name']} {rulebook['version']} of {rulebook['date']}"),
        Fact("Market", f"{market['name']} of {market['date']}"),
        Fact("Ranked by", str(manifest["objective"])),
        Fact("Lever space", int(manifest["space_size"]), "count"),
    )


def _key_figures(summary: Mapping[str, Any], survivors: int) -> tuple[Fact, ...]:
    return (
        Fact("Structures examined", int(summary["total_scenarios"]), "count"),
        Fact("Passed both gates", survivors, "count"),
        Fact("Fully funded", int(summary["fully_funded_scenarios"]), "count"),
        Fact("Meet the hard filters", int(summary["viable_scenarios"]), "count"),
        Fact("Largest senior debt", summary["max_senior"], "money"),
        Fact("Lowest WACC", summary["best_wacc"], "percent"),
        Fact("Highest DSCR", summary["best_dscr"], "times"),
        Fact("Mean senior debt", summary["avg_senior"], "money"),
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
    parts = [
        (
            f"The best structure, number {best['permutation_id']:,}, raises"
            f" {currency} {best['senior_notional'] / 1e6:,.1f} million of senior debt"
        )
    ]
    if best.get("senior_rating"):
        parts.append(f" rated {best['senior_rating']}")
    if best.get("dscr_min") is not None:
        parts.append(f" at a least coverage of {best['dscr_min']:.2f}x")
    if best.get("wacc") is not None:
        parts.append(f" and a WACC of {best['wacc']:.2f} %")
    parts.append(f". Its tier is {best['viability_tier']}.")
    return "".join(parts)
