"""What a search looks for: the order of structures, and the number an optimiser is told.

The goal is a run's own "optimal": both gates, the best tier, then the objective, then the least
coverage, the return and the permutation id. A structure's standing is all that decides about it.
Arrays only: workers compute standings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from kernels import codes
from kernels import figures as f
from pipeline.engine import figures_of_ids, sized_figures_of_ids
from pipeline.problem import FloatArray, Problem
from pipeline.search.distance import to_the_filters, to_the_gates, to_the_tiers
from pipeline.space.levers import IntArray

# Rows of a standing. Distances are 0 where nothing fails; what was not computed is NaN.
(GATES, FILTERS, TIER, OBJECTIVE, DSCR, IRR, TO_SILVER, TO_GOLD, TO_DIAMOND) = range(9)
N_STANDING: Final = 9
STANDING_NAMES: Final = (
    "gates", "filters", "tier", "objective", "dscr_min", "equity_irr",
    "to_silver", "to_gold", "to_diamond",
)  # fmt: skip
_TO_TIER: Final = {
    codes.TIER_SILVER: TO_SILVER,
    codes.TIER_GOLD: TO_GOLD,
    codes.TIER_DIAMOND: TO_DIAMOND,
}


class Measure(NamedTuple):
    """The figure of an objective, whether more of it is better (1) or less (-1), and a number
    that no value of it reaches."""

    figure: int
    sense: float
    scale: float


_MONEY, _RATE = 1e15, 1e6
MEASURES: Final = {
    "Composite": Measure(f.COMPOSITE_SCORE, 1.0, _RATE),
    "SeniorRaise": Measure(f.SENIOR_NOTIONAL, 1.0, _MONEY),
    "WACC": Measure(f.WACC, -1.0, _RATE),
    "EquityIRR": Measure(f.EQUITY_IRR, 1.0, _RATE),
    "Day1Cash": Measure(f.DAY1_CASH, 1.0, _MONEY),
    "DSCR": Measure(f.DSCR_MIN, 1.0, _RATE),
}
# Fitness of what fails: beyond all that passes, the gates' distance beyond the filters'.
_FAILS_GATES, _FAILS_FILTERS = 1_000.0, 500.0
_TIER_STEP: Final = 2.0
# An aim at a tier looks at the objective only where the distance is the same.
_BESIDE_DISTANCE: Final = 1e-3


@dataclass(frozen=True)
class Goal:
    """`objective` is a name of MEASURES; `viable`: hard filters have to hold as well."""

    objective: str
    viable: bool

    @property
    def measure(self) -> Measure:
        return MEASURES[self.objective]

    def fitness(self, standings: FloatArray, aim: int | None) -> FloatArray:
        """What an optimiser minimises (rows,), of `standings` (N_STANDING, rows).

        `aim` None: the goal itself. A tier code: being of that tier before anything else, which
        leads through structures whose objective is worse.
        """
        measure = self.measure
        value = measure.sense * standings[OBJECTIVE] / measure.scale
        value = np.clip(np.where(np.isnan(value), -1.0, value), -1.0, 1.0)
        if aim is None:
            wanted = _TIER_STEP * (codes.TIER_DIAMOND - standings[TIER]) - value
        else:
            wanted = standings[_TO_TIER[aim]] - _BESIDE_DISTANCE * value
        if self.viable:
            filters = standings[FILTERS]
            wanted = np.where(filters > 0.0, _FAILS_FILTERS + filters, wanted)
        fails = standings[GATES] > 0.0
        return np.asarray(np.where(fails, _FAILS_GATES + standings[GATES], wanted))

    def passes(self, standings: FloatArray) -> IntArray:
        """Which structures are answers at all: (rows,), 1 or 0."""
        good = standings[GATES] == 0.0
        if self.viable:
            good &= standings[FILTERS] == 0.0
        return np.asarray(good, dtype=np.int64)

    def order(self, ids: IntArray, standings: FloatArray) -> IntArray:
        """Positions of the structures, best first; the total order that ends with the id."""
        fails = np.where(
            self.passes(standings) == 1,
            0.0,
            _nan_last(standings[GATES] * _FAILS_GATES + np.nan_to_num(standings[FILTERS])),
        )
        objective = _nan_last(-self.measure.sense * standings[OBJECTIVE])
        return np.lexsort(
            (
                ids,
                _nan_last(-standings[IRR]),
                _nan_last(-standings[DSCR]),
                objective,
                _nan_last(-standings[TIER]),
                fails,
            )
        )


def next_tier(best_tier: float) -> int | None:
    """The tier above the best one seen (NaN: none), None above Diamond."""
    if np.isnan(best_tier):
        return codes.TIER_SILVER
    above = max(int(best_tier) + 1, codes.TIER_SILVER)
    return above if above <= codes.TIER_DIAMOND else None


def standings_of(problem: Problem, ids: IntArray) -> FloatArray:
    """Standings (N_STANDING, rows) of permutation `ids` (rows,) int64.

    In two steps: sizing and gates for all, all figures for those that pass the gates.
    """
    standings = np.full((N_STANDING, len(ids)), np.nan)
    standings[GATES] = to_the_gates(sized_figures_of_ids(problem, ids))
    kept = np.flatnonzero(standings[GATES] == 0.0)
    if kept.size:
        figures = figures_of_ids(problem, ids[kept])
        standings[FILTERS, kept] = to_the_filters(figures, problem.filters)
        standings[TIER, kept] = figures[f.TIER]
        standings[OBJECTIVE, kept] = figures[MEASURES[problem.objective].figure]
        standings[DSCR, kept] = figures[f.DSCR_MIN]
        standings[IRR, kept] = figures[f.EQUITY_IRR]
        standings[TO_SILVER:, kept] = to_the_tiers(figures, problem.rules.limits)
    return standings


def _nan_last(values: FloatArray) -> FloatArray:
    return np.where(np.isnan(values), np.inf, values)
