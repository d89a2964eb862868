"""What may be changed in a structure, one thing at a time, how far, and in which steps.

A change has one leading figure: what a person calls its value. Rent leads by the figure the project
gives it in (a month's rent, or a rate per kW-month or kWh). Capex leads by the price per MW that
CapexBasis_21 finances, and moves the other price in proportion; land stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from kernels import layout as x
from pipeline.problem import FloatArray
from pipeline.space.levers import IntArray

RENT: Final = "rent"
CAPEX: Final = "capex"
# A figure this close to its grid (in steps) stands on it.
_ON_GRID: Final = 1e-6


@dataclass(frozen=True)
class Change:
    """One input that is solved for.

    Its values lie between `low` and `high` [unit of the input], and no further than `reach` from
    the base value; where `relative`, within a factor 1 + `reach` of it. `per_unit` is None for a
    continuous input, else the number of grid points in 1. `rows` are the input rows that take the
    value; rent and capex find their own.
    """

    name: str
    rows: tuple[int, ...]
    low: float
    high: float
    reach: float
    relative: bool
    per_unit: float | None
    unit: str

    def values(self, inputs: FloatArray) -> FloatArray:
        """The leading figure of each row of `inputs` (N_INPUTS, rows): (rows,)."""
        return inputs[self._leads(inputs), np.arange(inputs.shape[1])]

    def moved(self, inputs: FloatArray, values: FloatArray) -> FloatArray:
        """A copy of `inputs` (N_INPUTS, rows) whose leading figures are `values` (rows,)."""
        changed = inputs.copy()
        for row in self.rows:
            changed[row] = values
        if self.name == CAPEX:
            ratio = values / self.values(inputs)
            for row in (x.CAPEX_COST_PER_MW, x.CAPEX_MARKET_PER_MW):
                changed[row] = inputs[row] * ratio
        if not self.rows:
            changed[self._leads(inputs), np.arange(inputs.shape[1])] = values
        return changed

    def bounds(self, inputs: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Least and most the leading figure of each row may become, (rows,) each."""
        base = self.values(inputs)
        if self.relative:
            low, high = base / (1.0 + self.reach), base * (1.0 + self.reach)
        else:
            low, high = base - self.reach, base + self.reach
        # a base value outside the range (a market file may allow it) is no reason to move it
        low = np.minimum(base, np.maximum(self.low, low))
        return low, np.maximum(base, np.minimum(self.high, high))

    def rings(self, inputs: FloatArray, number: int) -> list[tuple[FloatArray, FloatArray]]:
        """Values to look at under and over the base, outward, (rows,) each; NaN beyond bounds.

        A continuous input is looked at in `number` rings whose distance grows with the square;
        the last one is the end of the reach. A stepped input is looked at in every step.
        """
        base = self.values(inputs)
        low, high = self.bounds(inputs)
        if self.per_unit is None:
            return self._continuous_rings(base, low, high, number)
        steps = base * self.per_unit
        near = np.rint(steps)
        steps = np.where(np.abs(steps - near) < _ON_GRID, near, steps)
        under, over = np.ceil(steps), np.floor(steps)
        rings: list[tuple[FloatArray, FloatArray]] = []
        ring = 1
        while True:
            down, up = (under - ring) / self.per_unit, (over + ring) / self.per_unit
            down = np.where(down < low - _ON_GRID / self.per_unit, np.nan, down)
            up = np.where(up > high + _ON_GRID / self.per_unit, np.nan, up)
            if np.isnan(down).all() and np.isnan(up).all():
                return rings
            rings.append((down, up))
            ring += 1

    def _continuous_rings(
        self, base: FloatArray, low: FloatArray, high: FloatArray, number: int
    ) -> list[tuple[FloatArray, FloatArray]]:
        away = self.reach * np.abs(base) if self.relative else np.full(len(base), self.reach)
        rings = []
        last_down = last_up = base
        for ring in range(1, number + 1):
            distance = away * (ring / number) ** 2
            down, up = np.maximum(low, base - distance), np.minimum(high, base + distance)
            rings.append(
                (np.where(down < last_down, down, np.nan), np.where(up > last_up, up, np.nan))
            )
            last_down, last_up = down, up
        return rings

    def _leads(self, inputs: FloatArray) -> IntArray:
        if self.name == RENT:
            monthly = inputs[x.RENT_BASIS] == x.RENT_MONTHLY
            return np.where(monthly, x.GROSS_MONTHLY_RENT, x.RENT_RATE)
        if self.name == CAPEX:
            at_cost = inputs[x.CAPEX_BASIS] == x.CAPEX_AT_COST
            return np.where(at_cost, x.CAPEX_COST_PER_MW, x.CAPEX_MARKET_PER_MW)
        return np.full(inputs.shape[1], self.rows[0], dtype=np.int64)


def _of_project(name: str, unit: str, reach: float) -> Change:
    return Change(name, (), 0.0, np.inf, reach, True, None, unit)


# The five changes of a near miss; ranges are the catalogue's (docs/method.md says why these).
NEAR_MISS_CHANGES: Final = (
    _of_project(RENT, "the project's", 0.5),
    _of_project(CAPEX, "money/MW", 0.5),
    Change("coupon", (x.SENIOR_COUPON_PCT,), 0.5, 12.0, 3.0, False, None, "%"),
    Change("tenor", (x.SENIOR_TENOR_YEARS,), 3.0, 40.0, 37.0, False, 1.0, "years"),
    Change("target_dscr", (x.SENIOR_TARGET_DSCR,), 1.10, 2.50, 0.5, False, 100.0, "x"),
)
