"""A seeded bijection on [0, size): the order in which a sampled lever space is visited.

Position k of a sample is the permutation id `permute(k)`. Two positions never share an id, so the
first `count` positions are a uniform sample without replacement, and any partition of it can be
generated anywhere from (size, seed, first position) in constant memory.

Method: a balanced Feistel network over the smallest even number of bits that holds `size`, with
cycle walking (an image outside [0, size) is mapped again until it falls inside; a cycle through
the start always does). Luby and Rackoff 1988 for the network, Black and Rogaway 2002 for the
walk. The domain is under 4 x size, so a walk takes fewer than four steps on average.

Integer arithmetic only, and no product exceeds 63 bits: the same ids on every processor, and in
plain-Python mode (NUMBA_DISABLE_JIT) without overflow. Statistical quality, not cryptography.
"""

import numba
import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

MAX_SIZE = 10**15
ROUNDS = 8

_MASK32 = 0xFFFFFFFF
_MASK64 = 0xFFFFFFFFFFFFFFFF
# Odd multipliers under 2**31: times a 32-bit word they stay inside a signed 64-bit integer.
_MULTIPLIER_1 = 0x7FEB352D
_MULTIPLIER_2 = 0x2C1B3C6D


def round_keys(seed: int) -> IntArray:
    """Keys of the network, (ROUNDS,) int64 of 32 bits each: splitmix64 of (seed, round).

    Any integer is a seed; it counts modulo 2**64.
    """
    state = seed & _MASK64
    keys = np.empty(ROUNDS, dtype=np.int64)
    for number in range(ROUNDS):
        state = (state + 0x9E3779B97F4A7C15) & _MASK64
        word = state
        word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _MASK64
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _MASK64
        keys[number] = (word ^ (word >> 31)) >> 32
    return keys


@numba.njit(cache=True, nogil=True)
def _half_bits(size):  # type: ignore[no-untyped-def]
    """Bits of each half, so that 2**(2 x half) >= size; at least one."""
    half = 1
    while (1 << (2 * half)) < size:
        half += 1
    return half


@numba.njit(cache=True, nogil=True)
def _mix(word, key, mask):  # type: ignore[no-untyped-def]
    """Round function: a 32-bit integer hash of (word, key), cut to the half's bits."""
    word = (word ^ key) & _MASK32
    word = ((word ^ (word >> 16)) * _MULTIPLIER_1) & _MASK32
    word = ((word ^ (word >> 15)) * _MULTIPLIER_2) & _MASK32
    return (word ^ (word >> 16)) & mask


@numba.njit(cache=True, nogil=True)
def permute(positions, size, keys):  # type: ignore[no-untyped-def]
    """Ids at `positions`, (rows,) int64 -> (rows,) int64, both in [0, size).

    `size` is at most MAX_SIZE; `keys` come from `round_keys`. Positions outside [0, size) are
    the caller's error and are not checked here.
    """
    half = _half_bits(size)
    mask = (1 << half) - 1
    ids = np.empty(positions.shape[0], dtype=np.int64)
    for row in range(positions.shape[0]):
        value = positions[row]
        while True:
            left = value >> half
            right = value & mask
            for number in range(ROUNDS):
                left, right = right, left ^ _mix(right, keys[number], mask)
            value = (left << half) | right
            if value < size:
                break
        ids[row] = value
    return ids


@numba.njit(cache=True, nogil=True)
def unpermute(ids, size, keys):  # type: ignore[no-untyped-def]
    """Positions of `ids`: the inverse of `permute`, same arguments and shapes."""
    half = _half_bits(size)
    mask = (1 << half) - 1
    positions = np.empty(ids.shape[0], dtype=np.int64)
    for row in range(ids.shape[0]):
        value = ids[row]
        while True:
            left = value >> half
            right = value & mask
            for number in range(ROUNDS - 1, -1, -1):
                left, right = right ^ _mix(left, keys[number], mask), left
            value = (left << half) | right
            if value < size:
                break
        positions[row] = value
    return positions
