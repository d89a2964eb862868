"""Does closing in keep its bracket, also where a margin jumps, and each row go its own way?"""

import numpy as np
import pytest

from pipeline.problem import FloatArray
from pipeline.solve.crossing import close_in
from pipeline.space.levers import IntArray

ROOTS = np.array([0.3, 0.125, 0.9, 0.5, 2**-30])


def margin(rows: IntArray, values: FloatArray) -> FloatArray:
    """Smooth, steep, a jump, flat near its root, and a root close to the end."""
    away = values - ROOTS[rows]
    kinds = [away, np.sinh(40 * away), np.where(away >= 0, 7.0, -1e-3), away**3, away]
    return np.choose(rows, kinds)


def closed(rows: IntArray, counted: list[int]) -> tuple[FloatArray, FloatArray]:
    def counting(some: IntArray, values: FloatArray) -> FloatArray:
        counted.append(len(some))
        return margin(rows[some], values)

    low, high = np.zeros(len(rows)), np.ones(len(rows))
    ends = margin(rows, low), margin(rows, high)
    return close_in(counting, low, high, *ends, np.full(len(rows), 1e-12))


def test_the_bracket_holds_the_root_and_is_narrow() -> None:
    rows = np.arange(5)
    lacking, holding = closed(rows, [])
    assert (margin(rows, lacking) < 0).all()
    assert (margin(rows, holding) >= 0).all()
    assert (np.abs(holding - lacking) <= 1e-12).all()
    assert holding == pytest.approx(ROOTS, abs=1e-12)


def test_a_smooth_margin_takes_few_looks_and_a_jump_no_more_than_halving() -> None:
    smooth: list[int] = []
    closed(np.array([1]), smooth)
    assert sum(smooth) < 20
    jump: list[int] = []
    closed(np.array([2]), jump)
    assert sum(jump) <= 45


def test_a_row_finds_the_same_bits_alone() -> None:
    together = closed(np.arange(5), [])
    for row in range(5):
        alone = closed(np.array([row]), [])
        assert (alone[0][0], alone[1][0]) == (together[0][row], together[1][row])
