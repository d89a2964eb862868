"""The timetable and dates of a deal, worked out apart: longest chains of tasks, each followed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import holidays

# Dates that hang on the issue, and the tenor that each is from completion.
TENORS = {
    "completion": "",
    "senior_maturity": "SeniorTenorY_39",
    "mezzanine_maturity": "MezzTenorY_47",
    "call": "CallOptionYears_56",
    "lease_end": "LeaseTermYears_22",
}
# Of the calendar of each jurisdiction; where it is the whole world, weekends only.
HOLIDAYS = {
    "UK": lambda years: holidays.country_holidays("GB", subdiv="ENG", years=years),
    "EU": lambda years: holidays.financial_holidays("XECB", years=years),
    "US": lambda years: holidays.country_holidays("US", years=years),
    "Global": lambda _: {},
}


class Plan:
    """Longest chains of tasks, each followed from its ends."""

    def __init__(self, tasks: dict[str, Any], lengths: dict[str, int]) -> None:
        self._after = {
            name: [each for each in task.after if each in tasks] for name, task in tasks.items()
        }
        self.days = {name: lengths.get(name, task.days) for name, task in tasks.items()}
        self.whole = max(self.through(name) for name in tasks)

    def earliest(self, name: str) -> int:
        """Days before the task can start."""
        return max((self.earliest(each) + self.days[each] for each in self._after[name]), default=0)

    def _left(self, name: str) -> int:
        """Days that the longest chain after the task takes."""
        later = [each for each, before in self._after.items() if name in before]
        return max((self.days[each] + self._left(each) for each in later), default=0)

    def through(self, name: str) -> int:
        """Days of the longest chain that the task is in."""
        return self.earliest(name) + self.days[name] + self._left(name)


def working_days(first: date, step: int, jurisdiction: str) -> Iterator[date]:
    closed = HOLIDAYS[jurisdiction](range(first.year - 4, first.year + 5))
    day = first
    while True:
        if day.weekday() < 5 and day not in closed:
            yield day
        day += timedelta(days=step)


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or the last that the month has."""
    year, month = divmod(day.month - 1 + months, 12)
    for last in range(day.day, 0, -1):
        with contextlib.suppress(ValueError):
            return date(day.year + year, month + 1, last)
    raise AssertionError(day)


def as_date(value: Any) -> date | None:
    return date.fromisoformat(str(value)) if value is not None else None
