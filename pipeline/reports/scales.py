"""Scales of drawings in any format: even steps of an axis, how an axis writes figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.reports.formats import money_symbol
from pipeline.reports.pack.document import Figure, Style

_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_MOST_STEPS: Final = 6
_MILLION: Final = 1e6
_AFTER: Final = {"percent": "%", "ratio": "%", "share": "%", "times": "x", "years": "years",
                 "months": "months", "days": "days", "bps": "bps", "mw": "MW"}  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """Values between two places of a drawing; `ticks` are the even steps, in values."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Where a value stands."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def scale_of(
    values: Iterable[float], start: float, end: float, *, from_zero: bool = False
) -> Scale:  # fmt: skip
    """A scale that holds all values, with even ends; `from_zero` holds zero as well.

    Raises ValueError where there is no value.
    """
    held = [*values, 0.0] if from_zero else list(values)
    low, high = min(held), max(held)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        room = 0.1 * abs(high) or 1.0
        low, high = low - room, high + room
        if from_zero and min(held) >= 0.0:
            low = 0.0
    step = _step((high - low) / _MOST_STEPS)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(number * step for number in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], start, end, ticks)


def _step(least: float) -> float:
    size = 10.0 ** math.floor(math.log10(least))
    return next(size * each for each in _STEPS if size * each >= least * (1 - 1e-9))


@dataclass(frozen=True)
class Measure:
    """How figures of one unit stand on an axis: their multiple, and the unit's name."""

    factor: float
    unit: str

    def of(self, figure: Figure) -> float | None:
        """The figure on the axis; None where it is undefined or no number."""
        value = figure.value
        if value is None or isinstance(value, (bool, str)) or not isinstance(value, (int, float)):
            return None
        return value * self.factor


def measure_of(figures: Sequence[Figure], style: Style) -> Measure:
    """The measure of an axis, by the unit of its first figure; amounts are in millions."""
    unit = figures[0].unit if figures else "number"
    if unit == "money":
        return Measure(1 / _MILLION, f"{money_symbol(style)}m")
    return Measure(100.0 if unit == "ratio" else 1.0, _AFTER.get(unit, ""))


def tick_texts(ticks: Sequence[float]) -> tuple[str, ...]:
    """Steps of an axis with as many digits as tell them apart."""
    step = ticks[1] - ticks[0]
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    if abs(round(step, digits) - step) > 1e-6 * step:
        digits += 1
    return tuple(f"{round(value, digits) + 0.0:,.{digits}f}" for value in ticks)
