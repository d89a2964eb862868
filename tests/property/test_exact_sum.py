"""Is the exact sum that of math.fsum, whatever the order and the cut?"""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.exact_sum import ExactSum

FLOATS = st.lists(st.floats(-1e300, 1e300, allow_subnormal=True), min_size=1, max_size=60)


@given(FLOATS, st.integers(0, 60), st.randoms(use_true_random=False))
def test_the_mean_is_that_of_fsum_to_the_last_bit(values, cut, shuffle) -> None:
    expected = math.fsum(values) / len(values)
    shuffle.shuffle(values)
    found = ExactSum()
    found.add(np.array(values[:cut]))
    found.add(np.array(values[cut:]))
    assert found.mean() == expected


def test_what_a_plain_sum_loses_is_kept() -> None:
    found = ExactSum()
    for value in (1e16, 1.0, -1e16):
        found.add(np.array([value]))
    assert found.mean() == 1.0 / 3.0
    assert sum([1e16, 1.0, -1e16]) == 0.0


def test_nothing_has_no_mean() -> None:
    assert ExactSum().mean() is None
