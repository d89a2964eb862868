"""Working days of a jurisdiction: which days count in a timetable, and counting them.

Holidays come from the package `holidays`; weekends are Saturday and Sunday everywhere. Where a
jurisdiction is a whole continent there is no calendar of holidays, and the name of the calendar
says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Final

import holidays

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


@dataclass(frozen=True)
class Calendar:
    """Weekdays that are no holiday. `name` is as documents write it."""

    name: str
    _made: Callable[[], holidays.HolidayBase] | None = None

    @cached_property
    def _holidays(self) -> holidays.HolidayBase | None:
        """Made when a day is asked for: the package then loads every country there is."""
        return self._made() if self._made is not None else None

    def is_working(self, day: date) -> bool:
        """Whether `day` counts."""
        return day.weekday() < _SATURDAY and (self._holidays is None or day not in self._holidays)

    def on_or_after(self, day: date) -> date:
        """`day`, or the next working day where it is none."""
        while not self.is_working(day):
            day += _DAY
        return day

    def on_or_before(self, day: date) -> date:
        """`day`, or the last working day before it."""
        while not self.is_working(day):
            day -= _DAY
        return day

    def shifted(self, day: date, days: int) -> date:
        """The working day `days` working days after the working day `day`, before it under 0."""
        step = _DAY if days > 0 else -_DAY
        for _ in range(abs(days)):
            day += step
            while not self.is_working(day):
                day += step
        return day

    def between(self, first: date, last: date) -> int:
        """Working days after `first` up to `last`; negative where `last` lies before."""
        if last < first:
            return -self.between(last, first)
        days = (first + n * _DAY for n in range(1, (last - first).days + 1))
        return sum(1 for day in days if self.is_working(day))


_CALENDARS: Final[dict[str, tuple[str, Callable[[], holidays.HolidayBase] | None]]] = {
    "UK": (
        "weekdays without the bank holidays of England and Wales",
        lambda: holidays.country_holidays("GB", subdiv="ENG"),
    ),
    "EU": (
        "weekdays without the TARGET closing days of the European Central Bank",
        lambda: holidays.financial_holidays("XECB"),
    ),
    "US": (
        "weekdays without the federal holidays of the United States",
        lambda: holidays.country_holidays("US"),
    ),
    "Global": ("weekdays; no one country's holidays apply", None),
}


def calendar_of(jurisdiction: str) -> Calendar:
    """The calendar of UK, EU, US or Global. Raises KeyError for another."""
    return Calendar(*_CALENDARS[jurisdiction])
