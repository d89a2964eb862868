"""Is the critical path the longest chain that brute force finds, and slack what a task may slip?"""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.inputs.timetable import TASKS
from pipeline.reports.pack.critical_path import Activity, critical_path, times_of


@st.composite
def plans(draw: st.DrawFn) -> list[Activity]:
    """Up to nine tasks, each after some of those drawn before it, in any order."""
    count = draw(st.integers(1, 9))
    tasks = [
        Activity(
            f"t{n}",
            draw(st.integers(0, 6)),
            tuple(f"t{k}" for k in range(n) if draw(st.booleans())),
        )
        for n in range(count)
    ]
    return draw(st.permutations(tasks))


def chains(tasks: list[Activity]) -> list[tuple[str, ...]]:
    """Every chain of tasks from one that waits for nothing, by brute force."""
    by_id = {task.id: task for task in tasks}

    def ending_in(name: str) -> list[tuple[str, ...]]:
        before = by_id[name].after
        return [(name,)] if not before else [
            (*chain, name) for each in before for chain in ending_in(each)
        ]  # fmt: skip

    return [chain for task in tasks for chain in ending_in(task.id)]


def days(tasks: list[Activity], chain: tuple[str, ...]) -> int:
    by_id = {task.id: task for task in tasks}
    return sum(by_id[name].days for name in chain)


def whole(tasks: list[Activity]) -> int:
    return max(each.end for each in times_of(tasks).values())


@given(plans())
def test_the_plan_is_as_long_as_its_longest_chain(tasks: list[Activity]) -> None:
    longest = max(days(tasks, chain) for chain in chains(tasks))
    assert whole(tasks) == longest
    path = critical_path(tasks)
    assert days(tasks, path) == longest
    by_id = {task.id: task for task in tasks}
    assert by_id[path[0]].after == () or times_of(tasks)[path[0]].start == 0
    for before, after in pairwise(path):
        assert before in by_id[after].after
    times = times_of(tasks)
    assert all(times[name].critical for name in path)


@given(plans())
def test_a_task_starts_as_soon_as_the_longest_chain_before_it_lets(tasks: list[Activity]) -> None:
    times = times_of(tasks)
    for task in tasks:
        ends = [days(tasks, chain) for chain in chains(tasks) if chain[-1] == task.id]
        assert times[task.id].end == max(ends)
        assert times[task.id].start == times[task.id].end - task.days


@given(plans())
def test_slack_is_how_far_a_task_may_slip_and_no_further(tasks: list[Activity]) -> None:
    times, end = times_of(tasks), whole(tasks)
    for place, task in enumerate(tasks):
        for more, late in ((times[task.id].slack, False), (times[task.id].slack + 1, True)):
            slipped = [*tasks]
            slipped[place] = replace(task, days=task.days + more)
            assert (whole(slipped) > end) == late


@given(plans())
def test_the_order_of_the_list_changes_no_time(tasks: list[Activity]) -> None:
    assert times_of(tasks) == times_of(sorted(tasks, key=lambda task: task.id))


@pytest.mark.parametrize(
    ("tasks", "told"),
    [
        ([Activity("a", 1, ("b",)), Activity("b", 1, ("a",))], "tasks wait for one another"),
        ([Activity("a", 1, ("a",))], "tasks wait for one another"),
        ([Activity("a", 1, ("c",))], "task a waits for c, which there is not"),
        ([Activity("a", 1), Activity("a", 2)], "task a stands twice"),
        ([Activity("a", -1)], "task a takes -1 days"),
    ],
)
def test_a_plan_that_cannot_be_is_told(tasks: list[Activity], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        times_of(tasks)


def test_no_task_is_no_time() -> None:
    assert times_of([]) == {}
    assert critical_path([]) == ()


def test_our_timetable_is_a_plan() -> None:
    tasks = [Activity(task.id, task.days, task.after) for task in TASKS]
    times = times_of(tasks)
    assert critical_path(tasks)[0] == "mandate"
    assert critical_path(tasks)[-1] == "closing"
    assert times["closing"].end == sum(
        task.days for task in TASKS if task.id in critical_path(tasks)
    )
