"""Where the marks of a chart stand, in percent of its area: the page draws them at any width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from pipeline.reports.numbers import money
from pipeline.reports.run.model import Point
from pipeline.reports.run.page import FrontierPoint
from pipeline.reports.run.tier_map import TIERS
from pipeline.reports.run.tornado import Driver, Tornado

_MOST_TICKS: Final = 7
_LEAST: Final = 0.5  # percent of the width
_ROOM: Final = 0.05  # of the range, at both ends
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_UNITS: Final = {"bn": 1e9, "m": 1e6, "k": 1e3}


@dataclass(frozen=True)
class Tick:
    """A place on an axis, in percent, and what stands there."""

    at: float
    text: str


@dataclass(frozen=True)
class Mark:
    """A structure of the frontier in the picture."""

    x: float
    y: float
    point: FrontierPoint


@dataclass(frozen=True)
class Scatter:
    """Senior debt (up) against cost of capital (across), in percent from the left and the top.

    `dots` are by tier, the best tier last so that it lies on top; `unit` is that of money.
    """

    dots: tuple[tuple[str, tuple[tuple[float, float], ...]], ...]
    marks: tuple[Mark, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    unit: str


@dataclass(frozen=True)
class Bar:
    """A bar from `start` on, `length` long, in percent of the width."""

    start: float
    length: float


class DriverBars(NamedTuple):
    """A driver of a tornado and its two bars; one that is not there has no length."""

    driver: Driver
    down: Bar
    up: Bar


@dataclass(frozen=True)
class TornadoBars:
    """A tornado with the place of its base case."""

    tornado: Tornado
    base: float
    drivers: tuple[DriverBars, ...]


def scatter(points: Sequence[Point], frontier: Sequence[FrontierPoint]) -> Scatter | None:
    """The picture of a run's survivors; None where none has both figures."""
    drawn = [
        each for each in frontier if each.senior_notional is not None and each.wacc_pct is not None
    ]
    xs = [point.wacc_pct for point in points] + [each.wacc_pct or 0.0 for each in drawn]
    ys = [point.senior_notional for point in points] + [
        each.senior_notional or 0.0 for each in drawn
    ]
    if not xs:
        return None
    unit = money(max(ys)).partition(" ")[2]
    step = _UNITS.get(unit, 1.0)
    across, up = _Axis(xs), _Axis([y / step for y in ys])
    dots = tuple(
        (
            tier,
            tuple(
                (across.at(point.wacc_pct), 100.0 - up.at(point.senior_notional / step))
                for point in points
                if point.tier == tier
            ),
        )
        for tier in reversed(TIERS)
    )
    marks = tuple(
        Mark(
            across.at(each.wacc_pct or 0.0),
            100.0 - up.at((each.senior_notional or 0.0) / step),
            each,
        )
        for each in drawn
    )
    return Scatter(
        dots=tuple((tier, places) for tier, places in dots if places),
        marks=marks,
        across=across.ticks(),
        up=tuple(Tick(100.0 - tick.at, tick.text) for tick in up.ticks()),
        unit=unit,
    )


def tornado_bars(tornado: Tornado) -> TornadoBars:
    """Bars on one scale for all drivers, with the base case where it falls between them."""
    ends = [0.0]
    for driver in tornado.drivers:
        ends += [each.change for each in (driver.down, driver.up) if each]
    low, high = min(ends), max(ends)
    span = (high - low) or 1.0
    base = 100.0 * -low / span

    def length(change: float | None) -> float:
        return 100.0 * abs(change or 0.0) / span

    drivers = []
    for driver in tornado.drivers:
        down = length(driver.down.change if driver.down else None)
        up = length(driver.up.change if driver.up else None)
        drivers.append(DriverBars(driver, Bar(base - down, down), Bar(base, up)))
    return TornadoBars(tornado, base, tuple(drivers))


def stacked(counts: Sequence[int], most: int) -> tuple[Bar, ...]:
    """Bars behind one another, on a scale that ends at `most`.

    What is there is to be seen, so that small bars take a little from the large ones.
    """
    shares = [max(_LEAST, 100.0 * count / most) if count else 0.0 for count in counts]
    whole = 100.0 * sum(counts) / most if most else 0.0
    bars, start = [], 0.0
    for share in shares:
        length = share * whole / sum(shares) if share else 0.0
        bars.append(Bar(start, length))
        start += length
    return tuple(bars)


class _Axis:
    """A range with room at both ends, also where all values are the same."""

    def __init__(self, values: Sequence[float]) -> None:
        low, high = min(values), max(values)
        room = _ROOM * (high - low) or 0.02 * abs(high) or 1.0
        self.low, self.high = low - room, high + room

    def at(self, value: float) -> float:
        """Place of a value, in percent of the range."""
        return 100.0 * (value - self.low) / (self.high - self.low)

    def ticks(self) -> tuple[Tick, ...]:
        """Round values within the range, at most _MOST_TICKS."""
        rough = (self.high - self.low) / (_MOST_TICKS - 1)
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(factor * power for factor in _STEPS if factor * power >= rough * (1 - 1e-9))
        first = math.ceil(self.low / step)
        last = math.floor(self.high / step)
        digits = max(0, -math.floor(math.log10(step) + 1e-9) + (1 if _halves(step) else 0))
        return tuple(
            Tick(self.at(place * step), f"{place * step:,.{digits}f}")
            for place in range(first, last + 1)
        )


def _halves(step: float) -> bool:
    """Whether a step of 2.5, 0.25 … needs one digit more than its size says."""
    leading = step / 10.0 ** math.floor(math.log10(step) + 1e-9)
    return abs(leading - 2.5) < 1e-6
