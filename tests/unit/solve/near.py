"""Near misses of the golden projects, for the tests of what is solved for."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from kernels import figures as f
from pipeline.engine import sized_figures_of_inputs
from pipeline.inputs import load_request
from pipeline.inputs.encode import problem_of
from pipeline.problem import FloatArray, Problem
from pipeline.solve.near_misses import failed_of
from pipeline.space.levers import IntArray, LeverSpace
from pipeline.stages.pruning import near_miss
from tests.unit.inputs.sound import ROOT


@lru_cache(maxsize=2)
def near_misses(name: str, stride: int) -> tuple[Problem, IntArray, FloatArray]:
    """A golden project's problem, and ids and inputs (N_INPUTS, rows) of near misses in it.

    Every `stride`-th id of the space is looked at.
    """
    problem = problem_of(load_request(ROOT / "fixtures" / "projects" / f"{name}.yaml"))
    space = LeverSpace(problem.levers)
    ids = np.arange(0, space.size, stride, dtype=np.int64)
    figures = sized_figures_of_inputs(problem, space.fill(problem.base, ids))
    near = ids[near_miss(failed_of(figures), figures[f.CAPEX_COVERAGE], 1.0)]
    assert len(near) > 100
    return problem, near, space.fill(problem.base, near)
