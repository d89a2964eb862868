"""The optimiser: six islands of pymoo's genetic algorithm that ask and are told in lockstep.

Each island keeps a population of structures and breeds the next from it. One that finds nothing
better for a while starts again. Two start anywhere and look for the goal; one looks for the tier
above the best seen; three start from the best structures all islands have found. What is drawn
comes from the seed through comparisons and whole numbers, so the same questions are asked on every
machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from pymoo.algorithms.soo.nonconvex.ga import GA
from pymoo.core.evaluator import Evaluator
from pymoo.core.mutation import Mutation
from pymoo.core.problem import Problem
from pymoo.core.survival import Survival
from pymoo.core.termination import NoTermination
from pymoo.operators.crossover.ux import UX
from pymoo.problems.static import StaticProblem

from pipeline.problem import FloatArray
from pipeline.space.levers import IntArray

POPULATION: Final = 40
ANYWHERE, NEXT_TIER, FROM_THE_BEST = "anywhere", "next tier", "from the best"
ROLES: Final = (ANYWHERE, NEXT_TIER, FROM_THE_BEST, ANYWHERE, FROM_THE_BEST, FROM_THE_BEST)
# Generations without anything better before an island starts again.
_PATIENCE: Final = 10
# Levers at one of their ends in a first population: the best structures often lie there.
_AT_AN_END: Final = 0.25
_BEST_KEPT: Final = POPULATION // 2
_CROSSED: Final = 0.9
# What a mutation does to a lever: a step of any size, an end of its values, or any value.
_STEP, _END = 0.6, 0.15
_LEVERS_MUTATED: Final = 1.5


class Archive(Protocol):
    """What all islands have found so far."""

    def next_tier(self) -> int | None:
        """The tier above the best one found; None if there is none above."""

    def best_digits(self, most: int) -> IntArray:
        """Levers of the best structures that differ in standing, (at most `most`, n_levers)."""


@dataclass
class Round:
    """One life of an island: from a first population until nothing better comes.

    `best` and `best_id` are its best fitness and whose that is; `evaluations` what all islands had
    evaluated when it was last told.
    """

    island: int
    role: str
    aim: int | None
    generations: int = 0
    idle: int = 0
    best: float = np.inf
    best_id: int = -1
    evaluations: int = 0
    converged: bool = False


class Island:
    """One population. `radices` (n_levers,): how many values each lever has."""

    def __init__(self, number: int, radices: Sequence[int], seed: int) -> None:
        self._number = number
        self._radices = np.array(radices, dtype=np.int64)
        self._problem = Problem(
            n_var=len(radices), n_obj=1, xl=np.zeros(len(radices)), xu=self._radices - 1, vtype=int
        )
        self._seed = seed
        self._algorithm: Any = None
        self._asked: Any = None
        self.rounds: list[Round] = []

    @property
    def round(self) -> Round:
        """The one under way."""
        return self.rounds[-1]

    def ask(self, archive: Archive) -> IntArray:
        """Digits (rows, n_levers) of the next generation; starts again where that is due."""
        for _ in range(2):
            if self._algorithm is None:
                self._start(archive)
            self._asked = self._algorithm.ask()
            if self._asked is not None and len(self._asked):
                return np.asarray(self._asked.get("X"), dtype=np.int64)
            self._end()
        return np.empty((0, len(self._radices)), dtype=np.int64)

    def tell(self, ids: IntArray, fitness: FloatArray, evaluations: int) -> None:
        """Ids and fitness (rows,) of what was asked, in its order; lower is better."""
        if not fitness.size:
            return
        static = StaticProblem(self._problem, F=fitness.reshape(-1, 1))
        Evaluator().eval(static, self._asked)
        self._algorithm.tell(infills=self._asked)
        now = self.round
        now.generations += 1
        now.evaluations = evaluations
        winner = int(fitness.argmin())
        if fitness[winner] < now.best:
            now.best, now.best_id, now.idle = float(fitness[winner]), int(ids[winner]), 0
        else:
            now.idle += 1
            if now.idle >= _PATIENCE:
                self._end()

    def _end(self) -> None:
        self.round.converged = True
        self._algorithm = None

    def _start(self, archive: Archive) -> None:
        role = ROLES[self._number]
        aim = archive.next_tier() if role == NEXT_TIER else None
        chance = np.random.default_rng((self._seed, self._number, len(self.rounds)))
        first = _first_population(self._radices, chance)
        if role == FROM_THE_BEST:
            best = archive.best_digits(_BEST_KEPT)
            first[: len(best)] = best
        self._algorithm = GA(
            pop_size=POPULATION,
            sampling=first,
            crossover=UX(prob=_CROSSED),
            mutation=LeverMutation(self._radices),
            survival=DistinctSurvival(),
            eliminate_duplicates=True,
        )
        self._algorithm.setup(
            self._problem,
            termination=NoTermination(),
            seed=int(chance.integers(2**31)),
            verbose=False,
        )
        self.rounds.append(Round(self._number, role, aim))


def _first_population(radices: IntArray, chance: np.random.Generator) -> IntArray:
    shape = (POPULATION, len(radices))
    anywhere = chance.integers(0, radices, shape)
    ends = np.where(chance.random(shape) < 0.5, 0, radices - 1)
    return np.where(chance.random(shape) < _AT_AN_END, ends, anywhere)


class DistinctSurvival(Survival):  # type: ignore[misc]
    """The best survive, one of each fitness before any second one.

    Structures often differ in a lever that does nothing (the coupon of a mezzanine that is off);
    copies of one such structure would otherwise fill the population.
    """

    def __init__(self) -> None:
        super().__init__(filter_infeasible=False)

    def _do(self, _: Any, pop: Any, *__: Any, n_survive: int | None = None, **___: Any) -> Any:
        fitness = pop.get("F")[:, 0]
        order = np.argsort(fitness, kind="stable")
        ranked = fitness[order]
        first = np.concatenate(([True], ranked[1:] != ranked[:-1]))
        survivors = pop[np.concatenate((order[first], order[~first]))[:n_survive]]
        for rank, survivor in enumerate(survivors):
            survivor.set("rank", rank)
        return survivors


class LeverMutation(Mutation):  # type: ignore[misc]
    """Moves about one lever and a half: by a step of any order of size, to an end, or anywhere.

    Steps are drawn evenly over the binary orders of size, so that a lever with a thousand values
    is tuned finely and still crossed quickly.
    """

    def __init__(self, radices: IntArray) -> None:
        super().__init__(prob=1.0)
        self._radices = radices
        self._orders = np.array([int(radix).bit_length() for radix in radices], dtype=np.int64)

    def _do(
        self,
        _: Any,
        variables: Any,
        *__: Any,
        random_state: np.random.Generator,
        **___: Any,
    ) -> IntArray:
        digits = np.asarray(variables, dtype=np.int64)
        shape = digits.shape
        moved = random_state.random(shape) < _LEVERS_MUTATED / shape[1]
        still = np.flatnonzero(~moved.any(axis=1))
        moved[still, random_state.integers(0, shape[1], still.size)] = True
        reach = np.left_shift(1, random_state.integers(0, self._orders, shape))
        step = random_state.integers(1, reach + 1)
        up = random_state.random(shape) < 0.5
        stepped = np.clip(digits + np.where(up, step, -step), 0, self._radices - 1)
        ends = np.where(random_state.random(shape) < 0.5, 0, self._radices - 1)
        anywhere = random_state.integers(0, self._radices, shape)
        kind = random_state.random(shape)
        new = np.where(kind < _STEP, stepped, np.where(kind < _STEP + _END, ends, anywhere))
        return np.where(moved, new, digits)
