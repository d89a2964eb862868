"""The exact sum of any number of floats, in constant memory and whatever their order.

A float is a whole number of 53 bits times a power of two. Numbers of the same power are added as
whole numbers, which loses nothing, and the total is rounded once: the result is that of `math.fsum`
over all values, which would have to hold them all.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

_MANTISSA_BITS = 53
_HALF_BITS = 26


class ExactSum:
    """Adds finite floats; `count` is how many."""

    def __init__(self) -> None:
        self.count = 0
        self._by_power: dict[int, int] = {}

    def add(self, values: npt.NDArray[np.float64]) -> None:
        """Take in values (n,), all finite."""
        self.count += len(values)
        fractions, powers = np.frexp(values)
        whole = np.ldexp(fractions, _MANTISSA_BITS).astype(np.int64)
        # Halves of 27 bits: sums of 2^36 of them still fit into 64 bits.
        high, low = whole >> _HALF_BITS, whole & ((1 << _HALF_BITS) - 1)
        for power in np.unique(powers).tolist():
            own = powers == power
            total = (int(high[own].sum()) << _HALF_BITS) + int(low[own].sum())
            self._by_power[power] = self._by_power.get(power, 0) + total

    def mean(self) -> float | None:
        """The sum, rounded once, over the count; None of nothing."""
        if not self.count:
            return None
        total = sum(
            (Fraction(whole) * Fraction(2) ** (power - _MANTISSA_BITS)
             for power, whole in self._by_power.items()),
            Fraction(0),
        )  # fmt: skip
        return float(total) / self.count
