"""Dates of the deal: issue, completion, maturities, call; blanks where no issue date is known.

The issue date is the project file's `deal.issue_date`, else the start of construction; tenors run
from completion, and a day that a month does not have is its last.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Final

from kernels import layout as x
from pipeline.reports.pack.document import Blank, Figure
from pipeline.reports.pack.dossier import Dossier

ISSUE: Final = "deal.issue_date"
_CONSTRUCTION: Final = "run.request.project.construction_start"
_LATE: Final = "beyond the calendar"
Day = Figure | Blank


@dataclass(frozen=True)
class DealDates:
    """Each is a date, or the blank of the issue date that it hangs on."""

    issue: Day
    completion: Day
    senior_maturity: Day
    mezzanine_maturity: Day
    call: Day
    lease_end: Day

    @property
    def known(self) -> bool:
        return isinstance(self.issue, Figure)


def deal_dates(dossier: Dossier) -> DealDates:
    """The dates of a structure; a year counts as twelve months, as in the run."""
    issue, case = _issue(dossier), dossier.case
    built = round(case.input(x.CONSTRUCTION_MONTHS))

    def after(name: str, row: int) -> Day:
        return _later(issue, built + case.months_of(row), name)

    return DealDates(
        issue=issue,
        completion=_later(issue, built, "completion"),
        senior_maturity=after("senior_maturity", x.SENIOR_TENOR_YEARS),
        mezzanine_maturity=after("mezzanine_maturity", x.MEZZ_TENOR_YEARS),
        call=after("call", x.CALL_YEARS),
        lease_end=after("lease_end", x.LEASE_YEARS),
    )


def months_later(day: date, months: int) -> date | None:
    """The same day `months` later, or the last of a shorter month; None beyond the year 9999."""
    year, month = divmod(12 * day.year + day.month - 1 + months, 12)
    if year > date.max.year:
        return None
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _issue(dossier: Dossier) -> Day:
    given = dossier.name(ISSUE, "date")
    if isinstance(given, Figure):
        return given
    project = dossier.manifest["request"]["project"] or {}
    start = project.get("construction_start")
    return given if start is None else Figure(date.fromisoformat(start), "date", _CONSTRUCTION)


def _later(issue: Day, months: int, name: str) -> Day:
    if isinstance(issue, Blank) or not isinstance(issue.value, date):
        return Blank(ISSUE)
    day = months_later(issue.value, months)
    return Figure(day, "date", f"plan.{name}", "" if day is not None else _LATE)
