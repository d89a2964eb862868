"""How far each driver moves a structure from its base case: coverage and return to equity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kernels import scenarios
from pipeline.reports.facts import Unit
from pipeline.reports.run.structure import scenario_labels

_DRIVERS: Final = (
    ("Lease", (scenarios.FLAT, scenarios.INDEXED, scenarios.HYBRID)),
    (
        "Inflation",
        (scenarios.CPI_LOW, scenarios.CPI_MIDDLE, scenarios.CPI_HIGH, scenarios.CPI_EXTRA),
    ),
    ("Interest rates", (scenarios.RATES_UP, scenarios.RATES_DOWN, scenarios.RATES_LONG)),
    ("Operating costs", (scenarios.OPEX,)),
    ("Rent", (scenarios.RENT,)),
    ("Tenant", (scenarios.DEFAULT,)),
    ("Refinancing", (scenarios.REFINANCE,)),
    ("Capex", (scenarios.CAPEX,)),
    ("Completion", (scenarios.DELAY,)),
    ("Indexation and rates", (scenarios.COMBINED,)),
)
_METRICS: Final[tuple[tuple[str, str, Unit], ...]] = (
    ("dscr_min", "Least DSCR", "times"),
    ("equity_irr", "Equity IRR", "percent"),
)


@dataclass(frozen=True)
class Swing:
    """One scenario: the figure it leads to and its distance from the base case, in its unit."""

    label: str
    value: float
    change: float


@dataclass(frozen=True)
class Driver:
    """What moves the figure furthest down and furthest up, of the scenarios of one driver.

    None where no scenario moves it that way; `undefined` names those without the figure.
    """

    name: str
    down: Swing | None
    up: Swing | None
    undefined: tuple[str, ...]

    @property
    def span(self) -> float:
        """Distance between both ends, in the figure's unit."""
        return (self.up.change if self.up else 0.0) - (self.down.change if self.down else 0.0)


@dataclass(frozen=True)
class Tornado:
    """A figure of one structure, and its drivers, the widest first; `still` move nothing."""

    title: str
    unit: Unit
    base: float
    drivers: tuple[Driver, ...]
    still: tuple[str, ...]


def tornados(row: Mapping[str, Any], request: Mapping[str, Any]) -> tuple[Tornado, ...]:
    """One for each figure that the structure has; `row` is one of `ranked.parquet`."""
    labels = scenario_labels({**request["base"], **row}, request["rulebook"])
    return tuple(
        _tornado(row, labels, metric, title, unit)
        for metric, title, unit in _METRICS
        if row[metric] is not None
    )


def _tornado(
    row: Mapping[str, Any], labels: Mapping[int, str], metric: str, title: str, unit: Unit
) -> Tornado:
    base = float(row[metric])
    found = [_driver(row, labels, metric, base, name, numbers) for name, numbers in _DRIVERS]
    moving = [driver for driver in found if driver.down or driver.up or driver.undefined]
    moving.sort(key=lambda driver: -driver.span)
    still = tuple(driver.name for driver in found if driver not in moving)
    return Tornado(title, unit, base, tuple(moving), still)


def _driver(
    row: Mapping[str, Any],
    labels: Mapping[int, str],
    metric: str,
    base: float,
    name: str,
    numbers: tuple[int, ...],
) -> Driver:
    swings, undefined = [], []
    for number in numbers:
        value = row[f"{scenarios.NAMES[number]}_{metric}"]
        if value is None:
            undefined.append(labels[number])
        else:
            swings.append(Swing(labels[number], float(value), float(value) - base))
    # what is equal but for the order of a sum moves nothing
    least = 1e-9 * max(1.0, abs(base))
    down = min((each for each in swings if each.change < -least), key=_change, default=None)
    up = max((each for each in swings if each.change > least), key=_change, default=None)
    return Driver(name, down, up, tuple(undefined))


def _change(swing: Swing) -> float:
    return swing.change
