"""Critical path of a plan: earliest and latest times of tasks, by a forward and a backward pass.

Times are counted in days from the start of the plan: a task of `days` that starts at 3 takes the
days 3, 4, … and ends at 3 + days. Plain functions that know no calendar and no documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter


@dataclass(frozen=True)
class Activity:
    """A task: how many days it takes, and what has to be done before it starts."""

    id: str
    days: int
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Times:
    """When a task can start and end at the earliest, and when it has to at the latest.

    `slack` is by how many days it may slip before the whole plan does.
    """

    start: int
    end: int
    latest_start: int
    latest_end: int

    @property
    def slack(self) -> int:
        return self.latest_start - self.start

    @property
    def critical(self) -> bool:
        return self.slack == 0


def times_of(activities: Sequence[Activity]) -> dict[str, Times]:
    """Times of every task, in the order given.

    Raises ValueError for a name that stands twice, a task that is not there, days under 0, and for
    tasks that wait for one another.
    """
    by_id = _checked(activities)
    ordered = _in_order(activities)
    end: dict[str, int] = {}
    for name in ordered:
        start = max((end[before] for before in by_id[name].after), default=0)
        end[name] = start + by_id[name].days
    whole = length(end)
    latest = dict.fromkeys(ordered, whole)
    for name in reversed(ordered):
        for before in by_id[name].after:
            latest[before] = min(latest[before], latest[name] - by_id[name].days)
    return {
        each.id: Times(end[each.id] - each.days, end[each.id], latest[each.id] - each.days,
                       latest[each.id])
        for each in activities
    }  # fmt: skip


def length(ends: Mapping[str, int]) -> int:
    """Days of the whole plan."""
    return max(ends.values(), default=0)


def critical_path(activities: Sequence[Activity]) -> tuple[str, ...]:
    """One longest chain of tasks, first to last; of several the one whose tasks stand first."""
    times = times_of(activities)
    by_id = {each.id: each for each in activities}
    whole = length({name: each.end for name, each in times.items()})
    lasts = [each.id for each in activities if times[each.id].end == whole]
    if not lasts:
        return ()
    needed = {before for each in activities for before in each.after}
    name = next((each for each in lasts if each not in needed), lasts[0])
    path = [name]
    while True:
        befores = [
            each for each in by_id[name].after if times[each].end == times[name].start
        ]  # a task that ends when this one starts is what it waits for
        if not befores:
            return tuple(reversed(path))
        name = min(befores, key=list(by_id).index)
        path.append(name)


def _checked(activities: Sequence[Activity]) -> dict[str, Activity]:
    by_id: dict[str, Activity] = {}
    for each in activities:
        if each.id in by_id:
            raise ValueError(f"task {each.id} stands twice")
        if each.days < 0:
            raise ValueError(f"task {each.id} takes {each.days} days")
        by_id[each.id] = each
    for each in activities:
        for before in each.after:
            if before not in by_id:
                raise ValueError(f"task {each.id} waits for {before}, which there is not")
    return by_id


def _in_order(activities: Sequence[Activity]) -> list[str]:
    """Names so that each stands behind all it waits for."""
    sorter = TopologicalSorter({each.id: each.after for each in activities})
    try:
        return list(sorter.static_order())
    except CycleError as error:
        raise ValueError(f"tasks wait for one another: {' -> '.join(error.args[1])}") from error
