"""From a problem and permutation ids, or input rows, to figures: the one door to the kernels.

Income curves are made once for each distinct income among the rows, which most lever spaces leave
at one. A curve depends on a row's own inputs alone, so the bits do not depend on which rows stand
in the same call.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kernels import figures as f
from kernels import layout as x
from kernels.income import INCOME_ROWS, PATH_EXPECTED, PATH_NONE, income_curves
from kernels.structure import evaluate
from pipeline.problem import FloatArray, Lever, Problem
from pipeline.space.levers import LeverSpace

IdArray = npt.NDArray[np.int64]
_INCOME_ROWS = frozenset(int(row) for row in INCOME_ROWS)


def figures_of_ids(problem: Problem, ids: IdArray) -> FloatArray:
    """Figures (N_FIGURES, rows) float64 of permutation `ids` (rows,) int64."""
    space = LeverSpace(problem.levers)
    inputs = space.fill(problem.base, ids)
    income_key = _key_of_levers(problem.levers, space.digits(ids), _INCOME_ROWS)
    return _figures(problem, inputs, income_key)


def figures_of_inputs(problem: Problem, inputs: FloatArray) -> FloatArray:
    """Figures (N_FIGURES, rows) of explicit `inputs` (N_INPUTS, rows); levers are not looked at."""
    rows = inputs.shape[1]
    return _figures(problem, np.ascontiguousarray(inputs), np.arange(rows, dtype=np.int64))


def warm_up(problem: Problem) -> None:
    """Compile the kernels, or load them from the cache, by evaluating the base case."""
    figures_of_inputs(problem, problem.base.reshape(-1, 1))


def _key_of_levers(
    levers: Sequence[Lever], digits: IdArray, rows_of_step: frozenset[int]
) -> IdArray:
    """A number per row that is equal where all levers of a step are: their own mixed radix."""
    key = np.zeros(digits.shape[1], dtype=np.int64)
    for lever, lever_digits in zip(levers, digits, strict=True):
        if not rows_of_step.isdisjoint(lever.rows):
            key = key * len(lever.labels) + lever_digits
    return key


def _figures(problem: Problem, inputs: FloatArray, income_key: IdArray) -> FloatArray:
    first_row, curve_of_row = np.unique(income_key, return_index=True, return_inverse=True)[1:]
    distinct = np.ascontiguousarray(inputs[:, first_row])
    years = inputs[[x.LEASE_YEARS, x.SENIOR_TENOR_YEARS, x.MEZZ_TENOR_YEARS]].max(initial=1.0)
    months = int(np.ceil(12.0 * years))
    shape = (months, distinct.shape[1])
    gross, net, net_cpi_0, unused = (np.empty(shape) for _ in range(4))
    limits = problem.rules.limits
    income_curves(distinct, limits, problem.market, PATH_EXPECTED, gross, net)
    income_curves(distinct, limits, problem.market, PATH_NONE, unused, net_cpi_0)
    out = np.empty((f.N_FIGURES, inputs.shape[1]))
    evaluate(
        inputs,
        curve_of_row,
        gross,
        net,
        net_cpi_0,
        problem.rules,
        problem.market,
        problem.filters,
        out,
    )
    return out
