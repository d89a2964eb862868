"""How old a market file is on a day, and whether that is too old."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Age:
    """Days between a file's date and `as_of`; negative when the file is dated later."""

    as_of: dt.date
    days: int
    limit_days: int

    @property
    def stale(self) -> bool:
        """Whether the file is older than its limit."""
        return self.days > self.limit_days


def age_of(date: dt.date, as_of: dt.date, limit_days: int) -> Age:
    """The age of a file of `date` on the day `as_of`."""
    return Age(as_of, (as_of - date).days, limit_days)
