"""A golden project's expected outcomes beside what its run gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pipeline.inputs.expected import Expected, ExpectedFact, ExpectedFigure

Measured = float | bool | None
Status = Literal["met", "explained", "failed"]
Summary = Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """One expected outcome; `measured` is null where the run has no such figure."""

    name: str
    title: str
    claim: ExpectedFigure | ExpectedFact
    measured: Measured
    status: Status

    @property
    def why(self) -> str | None:
        """Why it is not met, as the project explains it; None for one that is, or is not."""
        return self.claim.explained if self.status == "explained" else None


def outcomes(expected: Expected, summary: Summary) -> list[Outcome]:
    """Every expected outcome against the summary.json of a finished run, in a fixed order."""
    found = []
    for name, claim in expected.given().items():
        measured = _MEASURES[name](summary)
        met = _holds(claim, measured)
        status: Status = "met" if met else "explained" if claim.explained else "failed"
        found.append(Outcome(name, Expected.title_of(name), claim, measured, status))
    return found


def _holds(claim: ExpectedFigure | ExpectedFact, measured: Measured) -> bool:
    if measured is None:
        return False
    return claim.holds(bool(measured)) if isinstance(claim, ExpectedFact) else claim.holds(measured)


def day_one_pct(structure: Mapping[str, Any]) -> float | None:
    """Day-one cash in percent of financing (senior, mezzanine and equity notional)."""
    parts = ("senior_notional", "mezz_notional", "equity_notional")
    financing = float(sum(structure[part] for part in parts))
    return 100.0 * float(structure["day1_cash"]) / financing if financing else None


def _of_optimal(measure: Callable[[Mapping[str, Any]], Measured]) -> Callable[[Summary], Measured]:
    def of(summary: Summary) -> Measured:
        optimal = summary["optimal"]
        return measure(optimal) if optimal else None

    return of


def _tiers(*names: str) -> Callable[[Summary], Measured]:
    return lambda summary: sum(summary["tiers"][name] for name in names)


def _pruned_pct(gate: str) -> Callable[[Summary], Measured]:
    def of(summary: Summary) -> Measured:
        came, passed = (summary["gates"][gate][key] for key in ("in", "passed"))
        return 100.0 * (came - passed) / came if came else None

    return of


_MEASURES: Final[dict[str, Callable[[Summary], Measured]]] = {
    "permutations": lambda summary: summary["total_scenarios"],
    "fully_funded": lambda summary: summary["fully_funded_scenarios"],
    "diamond": _tiers("Diamond"),
    "gold": _tiers("Gold"),
    "gold_or_better": _tiers("Diamond", "Gold"),
    "optimal_dscr": _of_optimal(lambda best: best["dscr_min"]),
    "optimal_has_mezzanine": _of_optimal(lambda best: best["mezz_notional"] > 0.0),
    "optimal_derivatives": _of_optimal(lambda best: best["derivatives"]),
    "optimal_repo_eligible": _of_optimal(lambda best: best["repo_eligible"]),
    "day_one_pct": _of_optimal(day_one_pct),
    "gate_a_pruned_pct": _pruned_pct("a"),
    "gate_b_pruned_pct": _pruned_pct("b"),
    "seconds": lambda summary: sum(summary["timings"].values()),
    "peak_memory_gb": lambda summary: summary["peak_memory_mb"] / 1_000.0,
}
