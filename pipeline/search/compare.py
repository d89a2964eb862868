"""What a search found beside what a sweep found: same tier, and how near in the objective."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from kernels import codes
from pipeline.columns import BY_NAME
from pipeline.problem import FloatArray, Problem
from pipeline.search.goal import MEASURES
from pipeline.settings import BadSettingError
from pipeline.storage.plan import Plan, problem_json, read_plan
from pipeline.storage.results import LocalResults, NoSuchRunError
from pipeline.storage.store import open_folder

# The share of the swept objective from which a search counts as having reached it.
REACHED: Final = 0.995
_BOOKS: Final = ("rules", "market", "cash", "yields")
_FIGURE_NAMES: Final = {column.figure: name for name, column in BY_NAME.items()}


@dataclass(frozen=True)
class Swept:
    """A finished run: its plan, and its optimal structure's id, tier and objective (or None)."""

    run_id: str
    plan: Plan
    evaluated: int
    optimal: dict[str, Any] | None


def swept(run_id: str, out: Path, problem: Problem) -> Swept:
    """The run to compare with. Raises NoSuchRunError; BadSettingError if its question differs."""
    results = LocalResults(out)
    summary = results.summary(run_id)
    plan = read_plan(open_folder(results.folder(run_id)))
    if plan is None:
        raise NoSuchRunError(f"run {run_id} has no plan to compare with")
    differing = _differences(plan.problem, problem)
    if differing:
        raise BadSettingError(
            f"against: {run_id!r} asked another question: it differs in {', '.join(differing)}; "
            "only levers may differ"
        )
    row = summary["optimal"]
    optimal = row and {
        "permutation_id": row["permutation_id"],
        "tier": row["viability_tier"],
        "objective": row[_FIGURE_NAMES[MEASURES[problem.objective].figure]],
    }
    return Swept(run_id, plan, int(summary["total_scenarios"]), optimal)


def comparison(
    sweep: Swept, problem: Problem, found: dict[str, Any] | None, evaluations: int
) -> dict[str, Any]:
    """For search.json. `found`: the search's best structure with id, tier and objective.

    The ratio is null where the tiers differ or either has no objective.
    """
    share = ratio(sweep.optimal, found, problem.objective)
    ahead = _tier_code(found) - _tier_code(sweep.optimal)
    return {
        "run_id": sweep.run_id,
        "same_space": _same_levers(sweep.plan.problem, problem),
        "swept": sweep.optimal,
        "found": found,
        "tiers_ahead": ahead,
        "objective_ratio": share,
        "reached": ahead > 0 or (share is not None and share >= REACHED),
        "improved": ahead > 0 or (share is not None and share > 1.0),
        "evaluations_share_pct": 100.0 * evaluations / sweep.evaluated,
    }


def ratio(
    before: dict[str, Any] | None, found: dict[str, Any] | None, objective: str
) -> float | None:
    """1 less what is missing of the objective, as a share of its size; over 1 if more was found."""
    if _tier_code(before) != _tier_code(found) or before is None or found is None:
        return None
    was, now = before["objective"], found["objective"]
    if was is None or now is None or was == 0.0:
        return None
    return 1.0 + MEASURES[objective].sense * (float(now) - float(was)) / abs(float(was))


def _tier_code(structure: dict[str, Any] | None) -> int:
    name = structure["tier"] if structure else None
    return codes.TIER_NAMES.index(name) if name else -1


def _differences(theirs: Problem, mine: Problem) -> list[str]:
    """What makes two runs different questions, levers aside."""
    before, now = problem_json(theirs), problem_json(mine)
    found = [name for name in _BOOKS if before[name] != now[name]]
    if theirs.objective != mine.objective:
        found.append("objective")
    moved = {row for lever in (*theirs.levers, *mine.levers) for row in lever.rows}
    if theirs.base.shape != mine.base.shape or not _equal_aside(theirs.base, mine.base, moved):
        found.append("base")
    return found


def _equal_aside(left: FloatArray, right: FloatArray, rows: set[int]) -> bool:
    held = np.ones(len(left), dtype=bool)
    held[list(rows)] = False
    return bool(np.array_equal(left[held], right[held], equal_nan=True))


def _same_levers(theirs: Problem, mine: Problem) -> bool:
    return bool(problem_json(theirs)["levers"] == problem_json(mine)["levers"])
