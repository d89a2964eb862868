"""Is the sampling order a bijection, uniform, and independent of how it is cut?"""

import numpy as np
import pytest

from kernels.bijection import MAX_SIZE, permute, round_keys, unpermute
from pipeline.space.partitions import ids_at

LARGE = (87_041, 250_007, 261_120, 10**9 + 7, 10**12 - 1, MAX_SIZE - 1, MAX_SIZE)


@pytest.mark.parametrize("first", range(1, 2_001, 250))
def test_every_small_size_is_a_bijection(first: int) -> None:
    keys = round_keys(20_260_121)
    for size in range(first, first + 250):
        ids = permute(np.arange(size), size, keys)
        assert np.array_equal(np.sort(ids), np.arange(size)), size
        assert np.array_equal(unpermute(ids, size, keys), np.arange(size)), size


@pytest.mark.parametrize("size", [4_095, 4_096, 4_097, 65_535, 65_537, 87_040, 261_120])
@pytest.mark.parametrize("seed", [0, 1, -1, 2**63, 2**70 + 5])
def test_larger_sizes_are_bijections_for_any_seed(size: int, seed: int) -> None:
    ids = permute(np.arange(size), size, round_keys(seed))
    assert np.array_equal(np.sort(ids), np.arange(size))


@pytest.mark.parametrize("size", LARGE)
def test_inverse_holds_where_it_cannot_be_exhausted(size: int) -> None:
    keys = round_keys(7)
    positions = np.random.default_rng(1).integers(0, size, 20_000)
    positions[:2] = 0, size - 1
    ids = permute(positions, size, keys)
    assert ids.min() >= 0
    assert ids.max() < size
    assert np.array_equal(unpermute(ids, size, keys), positions)


@pytest.mark.parametrize("size", LARGE)
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_a_sample_is_uniform_over_the_space(size: int, seed: int) -> None:
    rows, bins = 20_000, 100
    ids = permute(np.arange(rows), size, round_keys(seed))
    counts = np.bincount((ids.astype(object) * bins // size).astype(int), minlength=bins)
    statistic = float(((counts - rows / bins) ** 2 / (rows / bins)).sum())
    # 99 degrees of freedom; beyond 160 a uniform sample falls once in 10,000 times.
    assert statistic < 160


@pytest.mark.parametrize("lever", [2, 5, 17, 32])
def test_a_sample_takes_each_value_of_a_lever_equally_often(lever: int) -> None:
    size, rows = 261_120, 20_000
    counts = np.bincount(permute(np.arange(rows), size, round_keys(5)) % lever, minlength=lever)
    statistic = float(((counts - rows / lever) ** 2 / (rows / lever)).sum())
    # Mean lever - 1, standard deviation sqrt(2 (lever - 1)): five of them above is the limit.
    assert statistic < (lever - 1) + 5 * (2 * (lever - 1)) ** 0.5 + 5


def test_neighbouring_positions_are_not_neighbouring_ids() -> None:
    ids = permute(np.arange(50_000), 10**12, round_keys(3)).astype(np.float64)
    assert abs(np.corrcoef(ids[:-1], ids[1:])[0, 1]) < 0.03


def test_seeds_give_different_samples() -> None:
    samples = [permute(np.arange(1_000), 261_120, round_keys(seed)) for seed in range(20)]
    for first in range(20):
        for second in range(first):
            # Two independent samples of 1,000 share about four places' worth of chance or fewer.
            assert (samples[first] == samples[second]).sum() <= 5


@pytest.mark.parametrize("rows", [1, 7, 1_200, 1_800, 2_500, 9_999])
def test_ids_do_not_depend_on_the_partition_size(rows: int) -> None:
    count, size, seed = 9_000, 261_120, 42
    whole = ids_at(0, count, size, seed, sampled=True)
    cuts = range(0, count, rows) if rows > 1 else range(50)
    parts = [ids_at(at, min(at + rows, count), size, seed, sampled=True) for at in cuts]
    assert np.array_equal(np.concatenate(parts), whole[: sum(len(part) for part in parts)])


def test_the_order_is_pinned() -> None:
    """Ids of a seed may never change: a stored plan is resumed by them."""
    assert permute(np.arange(5), 261_120, round_keys(42)).tolist() == PINNED


PINNED = [199_781, 6_128, 75_827, 218_636, 61_074]
