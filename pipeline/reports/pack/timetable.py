"""The deal's timetable: its tasks with days of the calendar, slack and the critical path.

Tasks, lengths and order are the table of `pipeline.inputs.timetable`, lengths as the project file's
`deal.milestone_days` changes them. Dates follow from `deal.start_date`; where that is not given
they are counted back from `deal.target_close_date`, else `deal.issue_date`. Without any of the
three, times are working days from the start, T. A task of n days takes n working days, its first
and last included.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from pipeline.inputs.timetable import TASKS, Needed, Task
from pipeline.reports.pack.critical_path import Activity, Times, critical_path, times_of
from pipeline.reports.pack.document import Figure
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.working_days import Calendar, calendar_of

_CLOSES: Final = ("deal.target_close_date", "deal.issue_date")
_START: Final = "deal.start_date"


@dataclass(frozen=True)
class Milestone:
    """A task in the plan. `first` and `last` are its days, counted from 0; dates if there are."""

    task: Task
    days: int
    changed: bool
    after: tuple[str, ...]
    times: Times
    first: int
    last: int
    start: date | None
    end: date | None


@dataclass(frozen=True)
class Timetable:
    """All tasks that the structure needs, and one longest chain of them.

    `given` is the project file's field that the dates follow from, "" without dates. `spare` are
    working days between the end of the plan and the date asked for, where start and close are both
    given: negative if the plan does not fit.
    """

    calendar: Calendar
    milestones: tuple[Milestone, ...]
    path: tuple[str, ...]
    days: int
    given: str
    spare: int | None

    def milestone(self, task_id: str) -> Milestone:
        """Raises KeyError for a task that this structure does not need."""
        return {each.task.id: each for each in self.milestones}[task_id]

    def start(self, task_id: str) -> Figure:
        """First day of a task: a date, else working days after T."""
        each = self.milestone(task_id)
        return _day(each.start, each.first, f"plan.milestones[{task_id}].start")

    def end(self, task_id: str) -> Figure:
        """Last day of a task."""
        each = self.milestone(task_id)
        return _day(each.end, each.last, f"plan.milestones[{task_id}].end")

    def length(self, task_id: str) -> Figure:
        """Working days of a task; from the project file where it gives them."""
        each = self.milestone(task_id)
        if each.changed:
            return Figure(each.days, "count", f"deal.milestone_days.{task_id}")
        return Figure(each.days, "count", f"plan.milestones[{task_id}].days")

    def slack(self, task_id: str) -> Figure:
        """Working days that a task may slip without moving the close."""
        each = self.milestone(task_id)
        return Figure(each.times.slack, "count", f"plan.milestones[{task_id}].slack")


def timetable_of(dossier: Dossier) -> Timetable:
    """The timetable of a structure's deal."""
    lengths = dossier.named("deal.milestone_days")
    needs = needed_in(dossier)
    tasks = [task for task in TASKS if task.needed in needs]
    there = {task.id for task in tasks}
    activities = [
        Activity(
            task.id,
            lengths.get(task.id, task.days),
            tuple(each for each in task.after if each in there),
        )
        for task in tasks
    ]
    times = times_of(activities)
    days = max(each.end for each in times.values())
    calendar = calendar_of(dossier.jurisdiction)
    given, origin, spare = _dated(dossier, calendar, days)
    milestones = []
    for task, activity in zip(tasks, activities, strict=True):
        of_task = times[task.id]
        # a moment is on the day on which the last task before it ends
        first = of_task.start if activity.days else max(0, of_task.start - 1)
        last = max(first, of_task.end - 1)
        milestones.append(
            Milestone(
                task,
                activity.days,
                task.id in lengths,
                activity.after,
                of_task,
                first,
                last,
                calendar.shifted(origin, first) if origin is not None else None,
                calendar.shifted(origin, last) if origin is not None else None,
            )
        )
    return Timetable(calendar, tuple(milestones), critical_path(activities), days, given, spare)


def needed_in(dossier: Dossier) -> frozenset[Needed]:
    """What the structure has of that which not every one has."""
    found: set[Needed] = {"always"}
    if dossier.has_mezzanine:
        found.add("mezzanine")
    if dossier.has_senior:
        row = dossier.structure.row
        if dossier.input(57).value != "None":
            found.add("wrap")
        if row["derivatives"] or row["day1_currency_swap"]:
            found.add("hedges")
        if dossier.input(60).value or _by_letter(dossier):
            found.add("facility")
    return frozenset(found)


def _by_letter(dossier: Dossier) -> bool:
    """Whether a letter of credit stands for the debt service reserve."""
    return bool(dossier.manifest["request"]["covenants"]["dsra_funding"] == "LetterOfCredit")


def _dated(dossier: Dossier, calendar: Calendar, days: int) -> tuple[str, date | None, int | None]:
    """The field that gives dates, the first working day of the plan, and the days to spare."""
    closes = [(path, day) for path in _CLOSES if (day := _date(dossier, path)) is not None]
    start = _date(dossier, _START)
    if start is not None:
        origin = calendar.on_or_after(start)
        ends = calendar.shifted(origin, max(0, days - 1))
        spare = calendar.between(ends, calendar.on_or_before(closes[0][1])) if closes else None
        return _START, origin, spare
    if not closes:
        return "", None, None
    path, close = closes[0]
    return path, calendar.shifted(calendar.on_or_before(close), -max(0, days - 1)), None


def _date(dossier: Dossier, path: str) -> date | None:
    found = dossier.name(path, "date")
    return found.value if isinstance(found, Figure) and isinstance(found.value, date) else None


def _day(day: date | None, number: int, source: str) -> Figure:
    return Figure(number, "count", source) if day is None else Figure(day, "date", source)
