"""Is a permutation id the same structure always, and does every id mean another one?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.problem import Lever
from pipeline.space.levers import LeverSpace
from pipeline.space.partitions import (
    Survivors,
    ids_at,
    is_dense,
    number_of_partitions,
    partition_ids,
    partition_of,
    span,
)


def lever(name: str, values: int, *rows: int) -> Lever:
    table = np.array([[100.0 * row + value for row in rows] for value in range(values)])
    return Lever(name, rows, table.reshape(values, len(rows)), tuple(range(values)))


LEVERS = (lever("a", 3, 1), lever("mezz", 2, 4, 5), lever("zcis_5y", 2, 7), lever("b", 5, 2))


def test_ids_are_mixed_radix_with_the_last_lever_fastest() -> None:
    space = LeverSpace(LEVERS)
    assert space.size == 60
    digits = space.digits(np.arange(60))
    expected = np.array(np.unravel_index(np.arange(60), (3, 2, 2, 5)))
    assert np.array_equal(digits, expected)


def test_inputs_are_the_base_with_lever_values_on_top() -> None:
    base = np.arange(9.0)
    inputs = LeverSpace(LEVERS).fill(base, np.array([0, 59, 17]))
    assert inputs.shape == (9, 3)
    assert inputs[:, 0].tolist() == [0, 100, 200, 3, 400, 500, 6, 700, 8]
    assert inputs[:, 1].tolist() == [0, 102, 204, 3, 401, 501, 6, 701, 8]
    assert inputs[:, 2].tolist() == [0, 100, 202, 3, 401, 501, 6, 701, 8]


def test_labels_name_one_structure() -> None:
    assert LeverSpace(LEVERS).labels(17) == {"a": 0, "mezz": 1, "zcis_5y": 1, "b": 2}


def test_without_levers_there_is_one_structure() -> None:
    space = LeverSpace(())
    assert space.size == 1
    assert space.fill(np.arange(4.0), np.array([0]))[:, 0].tolist() == [0, 1, 2, 3]


def test_a_space_of_10_to_the_15_is_refused_and_one_below_is_not() -> None:
    ten = [lever(f"l{n}", 10, n) for n in range(15)]
    assert LeverSpace(ten[:14]).size == 10**14
    with pytest.raises(ValueError, match="10\\^15"):
        LeverSpace(ten)
    with pytest.raises(ValueError, match="empty has no values"):
        LeverSpace([lever("empty", 0, 1)])


def test_huge_ids_keep_every_digit() -> None:
    space = LeverSpace([lever(f"l{n}", 10, n) for n in range(14)])
    digits = space.digits(np.array([10**14 - 1, 12_345_678_901_234]))
    assert digits[:, 0].tolist() == [9] * 14
    assert "".join(map(str, digits[:, 1])) == "12345678901234"


@given(st.integers(1, 5_000), st.integers(1, 700))
def test_partitions_cover_a_run_once(count: int, rows: int) -> None:
    spans = [span(number, count, rows) for number in range(number_of_partitions(count, rows))]
    assert [start for start, _ in spans] == [0, *[stop for _, stop in spans[:-1]]]
    assert spans[-1][1] == count
    with pytest.raises(IndexError):
        span(len(spans), count, rows)


@given(st.integers(1, 3_000), st.integers(0, 3_000), st.integers(1, 700), st.integers(0, 10**6))
def test_partitions_hold_the_same_sample_however_a_run_is_cut(
    count: int, more: int, rows: int, seed: int
) -> None:
    size = count + more
    parts = [
        partition_ids(number, count, rows, size, seed)
        for number in range(number_of_partitions(count, rows))
    ]
    ids = np.concatenate([each for each, _ in parts])
    positions = np.concatenate([each for _, each in parts])
    assert sorted(positions) == list(range(count))
    sample = ids_at(0, count, size, seed, sampled=count < size)
    assert np.array_equal(ids, sample[positions])
    if is_dense(count, size):
        assert (np.diff(ids) > 0).all()
    for number, (part, _) in enumerate(parts):
        for each in part[:: max(1, len(part) // 3)]:
            assert partition_of(int(each), count, rows, size, seed) == number
    left_out = np.setdiff1d(np.arange(size), ids)[:5]
    assert all(partition_of(int(each), count, rows, size, seed) is None for each in left_out)
    with pytest.raises(IndexError):
        partition_ids(len(parts), count, rows, size, seed)


def test_partitions_of_a_dense_sample_are_of_nearly_the_same_rows() -> None:
    rows = [
        len(partition_ids(number, 250_000, 1_200, 261_120, 42)[0])
        for number in range(number_of_partitions(250_000, 1_200))
    ]
    assert sum(rows) == 250_000
    assert min(rows) > 1_150 and max(rows) < 1_250


def test_the_whole_space_is_taken_in_order() -> None:
    assert ids_at(5, 9, 100, seed=3, sampled=False).tolist() == [5, 6, 7, 8]


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 7))
def test_survivors_are_cut_in_plan_order(survivors: list[int], rows: int) -> None:
    """Every survivor is in exactly one analysis partition, in order, and these are full."""
    total = sum(survivors)
    seen = []
    for number in range(number_of_partitions(total, rows)):
        start, stop = span(number, total, rows)
        pieces = Survivors(survivors).spans(start, stop)
        assert sum(last - first for _, first, last in pieces) == stop - start
        seen += [(part, place) for part, first, last in pieces for place in range(first, last)]
    assert seen == [(part, place) for part, kept in enumerate(survivors) for place in range(kept)]
