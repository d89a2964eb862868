"""Everything a search has evaluated: no structure twice, the best at hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels import codes
from pipeline.problem import FloatArray
from pipeline.search.goal import GATES, N_STANDING, OBJECTIVE, TIER, Goal, next_tier
from pipeline.space.levers import IntArray, LeverSpace


class Archive:
    """Ids and standings in the order of evaluation. `most`: how many there will be at most."""

    def __init__(self, space: LeverSpace, goal: Goal, most: int) -> None:
        self._space = space
        self._goal = goal
        self._place: dict[int, int] = {}
        self._ids = np.empty(most, dtype=np.int64)
        self._standings = np.empty((N_STANDING, most))
        self.best: int | None = None
        self.over_time: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._place)

    @property
    def survivors(self) -> int:
        """How many passed both gates."""
        return int(np.count_nonzero(self._standings[GATES, : len(self)] == 0.0))

    def new(self, ids: IntArray) -> IntArray:
        """Those of `ids` that were not evaluated yet, each once, in their order."""
        fresh = [each for each in dict.fromkeys(ids.tolist()) if each not in self._place]
        return np.array(fresh, dtype=np.int64)

    def add(self, ids: IntArray, standings: FloatArray) -> None:
        """Take in evaluated structures, and note when the best one changes."""
        first = len(self)
        for place, each in enumerate(ids.tolist(), first):
            self._place[each] = place
        self._ids[first : len(self)] = ids
        self._standings[:, first : len(self)] = standings
        candidates = np.arange(first, len(self))
        if self.best is not None:
            candidates = np.concatenate(([self.best], candidates))
        winner = int(candidates[self._order(candidates)[0]])
        if winner != self.best:
            self.best = winner
            self.over_time.append({"evaluations": len(self), **self.told(winner)})

    def fitness(self, ids: IntArray, aim: int | None) -> FloatArray:
        """What the optimiser is told about `ids` (rows,), all evaluated."""
        places = [self._place[each] for each in ids.tolist()]
        return self._goal.fitness(self._standings[:, places], aim)

    def top(self, most: int) -> IntArray:
        """Places of the best structures, best first."""
        everything = np.arange(len(self))
        return everything[self._order(everything)[:most]]

    def answers(self, most: int) -> IntArray:
        """Ids of the best structures that pass what the goal asks for, best first."""
        places = self.top(most)
        good = self._goal.passes(self._standings[:, places]) == 1
        return np.asarray(self._ids[places[good]])

    def next_tier(self) -> int | None:
        """The tier above the best one found; None if there is none above."""
        seen = self._standings[TIER, : len(self)]
        return next_tier(float(np.nanmax(seen)) if np.isfinite(seen).any() else float("nan"))

    def best_digits(self, most: int) -> IntArray:
        """Levers of the best structures that differ in fitness, (at most `most`, n_levers)."""
        if not len(self):
            return np.empty((0, len(self._space.radices)), dtype=np.int64)
        fitness = self._goal.fitness(self._standings[:, : len(self)], None)
        order = np.argsort(fitness, kind="stable")
        ranked = fitness[order]
        distinct = order[np.concatenate(([True], ranked[1:] != ranked[:-1]))]
        return self._space.digits(self._ids[distinct[:most]]).T

    def told(self, place: int) -> dict[str, Any]:
        """One structure for search.json: id, tier, objective; null where it has none."""
        tier, objective = (float(self._standings[row, place]) for row in (TIER, OBJECTIVE))
        return {
            "permutation_id": int(self._ids[place]),
            "tier": None if np.isnan(tier) else codes.TIER_NAMES[int(tier)],
            "objective": None if np.isnan(objective) else objective,
        }

    def told_of(self, permutation_id: int) -> dict[str, Any] | None:
        """The same by id; None for one that was not evaluated."""
        place = self._place.get(permutation_id)
        return None if place is None else self.told(place)

    def _order(self, places: IntArray) -> IntArray:
        return self._goal.order(self._ids[places], self._standings[:, places])
