"""From a problem and permutation ids, or input rows, to figures: the one door to the kernels.

Pruning asks for what the gates need (`sized_…`), analysis for everything. Income curves are made
once for each distinct income among the rows, which most lever spaces leave at one. A curve depends
on a row's own inputs alone, so the bits do not depend on which rows stand in the same call.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kernels import figures as f
from kernels import income, outcome, pareto, reverse, structure
from kernels import layout as x
from kernels import rules as r
from kernels.cashflow import LATE_MONTHS, receipts
from pipeline.problem import Books, FloatArray, Lever, Problem
from pipeline.space.levers import LeverSpace

IdArray = npt.NDArray[np.int64]
_INCOME_ROWS = frozenset(int(row) for row in income.INCOME_ROWS)

# Income curves worked with at a time: those of all scenarios then take some 36 MB. And rows, so
# that a batch of structures stands there with its twins. Neither changes a bit, only memory.
_SLICE_CURVES = 256
_SLICE_ROWS = 2_048


def sized_figures_of_ids(problem: Problem, ids: IdArray) -> FloatArray:
    """Sizing, ratings and gates (N_FIGURES, rows) of permutation `ids` (rows,) int64.

    Figures that need the cash waterfall are NaN.
    """
    inputs, key = _inputs_of_ids(problem, ids)
    return _sized(problem.books, problem.filters, inputs, key)


def sized_figures_of_inputs(problem: Problem, inputs: FloatArray) -> FloatArray:
    """Sizing, ratings and gates (N_FIGURES, rows) of explicit `inputs` (N_INPUTS, rows).

    Levers are left aside; figures that need the cash waterfall are NaN.
    """
    out = np.empty((f.N_FIGURES, inputs.shape[1]))
    for start in range(0, inputs.shape[1], _SLICE_ROWS):
        some = np.ascontiguousarray(inputs[:, start : start + _SLICE_ROWS])
        key = _income_key_of_inputs(some)
        out[:, start : start + _SLICE_ROWS] = _sized(problem.books, problem.filters, some, key)
    return out


def figures_of_ids(problem: Problem, ids: IdArray) -> FloatArray:
    """Every figure (N_FIGURES, rows) float64 of permutation `ids` (rows,) int64."""
    inputs, key = _inputs_of_ids(problem, ids)
    return _complete(problem, inputs, key)


def figures_of_inputs(problem: Problem, inputs: FloatArray) -> FloatArray:
    """Every figure (N_FIGURES, rows) of explicit `inputs` (N_INPUTS, rows), levers aside."""
    rows = inputs.shape[1]
    return _complete(problem, np.ascontiguousarray(inputs), np.arange(rows, dtype=np.int64))


def reverse_sizes(problem: Problem, ids: IdArray, claimed: FloatArray) -> FloatArray:
    """Senior debt of permutation `ids` (rows,) by bisection, (kernels.reverse.N_FOUND, rows).

    `claimed` (rows,) [project currency]: notionals whose coverage is asked for.
    """
    inputs, key = _inputs_of_ids(problem, ids)
    books = problem.books
    first_row, curve_of_row = np.unique(key, return_index=True, return_inverse=True)[1:]
    distinct = np.ascontiguousarray(inputs[:, first_row])
    gross, net = np.empty((2, _months(inputs), distinct.shape[1]))
    _curves(books, distinct, income.AS_IS, gross, net)
    found = np.empty((reverse.N_FOUND, len(ids)))
    # Half of what may differ: the width of the search alone must not fail a sound partition.
    width = problem.reverse_check.notional_units / 2.0
    reverse.size(inputs, curve_of_row, net, books.rules, width, claimed, found)
    return found


def warm_up(problem: Problem) -> None:
    """Compile the kernels, or load them from the cache, by evaluating the base case."""
    figures_of_inputs(problem, problem.base.reshape(-1, 1))
    reverse_sizes(problem, np.zeros(1, dtype=np.int64), np.ones(1))
    pareto.dominated(np.zeros((1, 1)), np.zeros((1, 1)), np.empty(1, dtype=np.bool_))


def _inputs_of_ids(problem: Problem, ids: IdArray) -> tuple[FloatArray, IdArray]:
    space = LeverSpace(problem.levers)
    return space.fill(problem.base, ids), _income_key(problem.levers, space.digits(ids))


def _income_key(levers: Sequence[Lever], digits: IdArray) -> IdArray:
    """A number per row, equal where all levers of income are: their own mixed radix."""
    key = np.zeros(digits.shape[1], dtype=np.int64)
    for lever, lever_digits in zip(levers, digits, strict=True):
        if not _INCOME_ROWS.isdisjoint(lever.rows):
            key = key * len(lever.labels) + lever_digits
    return key


def _income_key_of_inputs(inputs: FloatArray) -> IdArray:
    """A number per row, equal where all inputs of income are."""
    numbers: dict[bytes, int] = {}
    rows = np.ascontiguousarray(inputs[income.INCOME_ROWS].T)
    return np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows], np.int64)


def _months(inputs: FloatArray) -> int:
    """Months that hold the longest lease and tenor of the rows."""
    years = inputs[[x.LEASE_YEARS, x.SENIOR_TENOR_YEARS, x.MEZZ_TENOR_YEARS]].max(initial=1.0)
    return int(np.ceil(12.0 * years))


def _curves(
    books: Books, distinct: FloatArray, which: int, gross: FloatArray, net: FloatArray
) -> None:
    income.income_curves(
        distinct,
        books.rules,
        books.cash[r.STRESS_CPI_EXTRA_PCT],
        books.cash[r.STRESS_DEFAULT_MONTH],
        books.market,
        which,
        gross,
        net,
    )


def _sized(books: Books, filters: FloatArray, inputs: FloatArray, key: IdArray) -> FloatArray:
    first_row, curve_of_row = np.unique(key, return_index=True, return_inverse=True)[1:]
    distinct = np.ascontiguousarray(inputs[:, first_row])
    gross, net, net_cpi_0, unused = np.empty((4, _months(inputs), distinct.shape[1]))
    _curves(books, distinct, income.AS_IS, gross, net)
    _curves(books, distinct, income.CPI_NONE, unused, net_cpi_0)
    out = np.empty((f.N_FIGURES, inputs.shape[1]))
    structure.evaluate(
        inputs,
        curve_of_row,
        gross,
        net,
        net_cpi_0,
        books.rules,
        books.cash,
        books.market,
        filters,
        out,
    )
    return out


def _complete(problem: Problem, inputs: FloatArray, key: IdArray) -> FloatArray:
    # Rows of like tenor and mezzanine stand together: a block's waterfall can then leave out what
    # none of its rows has any more. Rows do not affect one another, so the order changes no bit.
    order = np.lexsort((key, inputs[x.MEZZ_ON], inputs[x.SENIOR_TENOR_YEARS]))
    books = problem.books
    out = np.empty((f.N_FIGURES, inputs.shape[1]))
    step = _SLICE_ROWS if len(np.unique(key)) <= _SLICE_CURVES else _SLICE_CURVES
    for start in range(0, len(order), step):
        rows = order[start : start + step]
        some = np.ascontiguousarray(inputs[:, rows])
        out[:, rows] = _complete_slice(books, problem.filters, some, key[rows])
    return out


def _complete_slice(
    books: Books, filters: FloatArray, inputs: FloatArray, key: IdArray
) -> FloatArray:
    out = _sized(books, filters, inputs, key)
    first_row, curve_of_row = np.unique(key, return_index=True, return_inverse=True)[1:]
    distinct = np.ascontiguousarray(inputs[:, first_row])
    months = _months(inputs) + LATE_MONTHS
    shape = (income.N_INCOMES, months, distinct.shape[1])
    cash, gross, net = np.empty(shape), np.empty(shape), np.empty(shape)
    capital = np.empty((income.N_INCOMES, distinct.shape[1]))
    for which in range(income.N_INCOMES):
        _curves(books, distinct, which, gross[which], net[which])
        capital[which] = receipts(distinct, gross[which], gross[income.AS_IS], cash[which])
    outcome.evaluate(
        inputs,
        curve_of_row,
        cash,
        gross,
        net,
        capital,
        books.rules,
        books.cash,
        books.curves,
        books.market,
        filters,
        out,
    )
    return out
