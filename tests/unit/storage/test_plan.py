"""Does a plan survive its file bit for bit, and is a changed one refused?"""

import json
import math
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipeline.inputs.encode import problem_of
from pipeline.problem import Problem
from pipeline.storage.plan import (
    Plan,
    UnreadablePlanError,
    cached_plan,
    plan_bytes,
    plan_of,
    problem_json,
    problem_of_json,
    read_plan,
)
from pipeline.storage.store import open_folder
from tests.run_projects import request_of


@pytest.fixture(scope="module")
def problem(tmp_path_factory: pytest.TempPathFactory) -> Problem:
    return problem_of(request_of(tmp_path_factory.mktemp("plan")))


def plan_for(problem: Problem) -> Plan:
    return Plan("trial-0123456789ab", 7, 10_240, 9_000, True, 2_500, "f" * 16, problem)


def same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    return (
        one.shape == other.shape and one.dtype == other.dtype and one.tobytes() == other.tobytes()
    )


def assert_same(one: object, other: object, where: str) -> None:
    assert type(one) is type(other), where
    if isinstance(one, np.ndarray):
        assert same_bits(one, other), where
    elif isinstance(one, tuple):
        for place, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            assert_same(mine, theirs, f"{where}[{place}]")
    elif is_dataclass(one):
        for field in fields(one):
            name = field.name
            assert_same(getattr(one, name), getattr(other, name), f"{where}.{name}")
    else:
        assert one == other, where


def test_a_problem_comes_back_bit_for_bit(problem: Problem) -> None:
    back = problem_of_json(json.loads(json.dumps(problem_json(problem), allow_nan=False)))
    assert_same(back, problem, "problem")


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0), (2, 3, 4), ()])
def test_shapes_survive_even_where_nothing_is_in_them(problem: Problem, shape: tuple) -> None:
    changed = replace(problem, filters=np.ones(shape))
    back = problem_of_json(json.loads(json.dumps(problem_json(changed))))
    assert same_bits(back.filters, changed.filters)


@given(
    arrays.arrays(
        np.float64,
        st.integers(1, 20),
        # One NaN is like another; every other value has to keep its bits, -0.0 and denormals too.
        elements=st.floats(allow_nan=True, allow_infinity=True).map(
            lambda value: float("nan") if math.isnan(value) else value
        ),
    )
)
def test_any_float_survives(problem: Problem, values: np.ndarray) -> None:
    text = json.dumps(problem_json(replace(problem, base=values)), allow_nan=False)
    assert same_bits(problem_of_json(json.loads(text)).base, values)


def test_a_plan_keeps_its_hash_through_its_file(problem: Problem, tmp_path: Path) -> None:
    plan = plan_for(problem)
    (tmp_path / "plan.json").write_bytes(plan_bytes(plan))
    stored = read_plan(open_folder(tmp_path))
    assert stored is not None
    assert stored.plan_hash == plan.plan_hash
    assert stored.partitions == 4
    assert cached_plan(open_folder(tmp_path), plan.plan_hash).count == 9_000


def test_everything_in_a_plan_is_in_its_hash(problem: Problem) -> None:
    plan = plan_for(problem)
    base = problem.base.copy()
    base[38] = np.nextafter(base[38], np.inf)
    others = [
        replace(plan, seed=8),
        replace(plan, count=9_001),
        replace(plan, partition_rows=2_499),
        replace(plan, sampled=False),
        replace(plan, fingerprint="0" * 16),
        replace(plan, problem=replace(problem, base=base)),
        replace(plan, problem=replace(problem, objective="WACC")),
    ]
    assert len({each.plan_hash for each in (plan, *others)}) == len(others) + 1


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda text: text.replace('"seed": 7', '"seed": 8'), "changed after it was written"),
        (lambda text: text.replace('"schema": 1', '"schema": 2'), "schema 2"),
        (lambda text: text[: len(text) // 2], "cannot be read"),
        (lambda _: "[]", "cannot be read"),
        (lambda _: "", "cannot be read"),
        (lambda text: text.replace('"problem"', '"puzzle"'), "cannot be read"),
    ],
)
def test_a_plan_that_is_not_as_written_is_refused(problem: Problem, edit, words: str) -> None:
    text = plan_bytes(plan_for(problem)).decode()
    with pytest.raises(UnreadablePlanError, match=words):
        plan_of(edit(text).encode())


def test_a_worker_refuses_another_plan_than_it_was_sent_for(
    problem: Problem, tmp_path: Path
) -> None:
    (tmp_path / "plan.json").write_bytes(plan_bytes(plan_for(problem)))
    with pytest.raises(UnreadablePlanError, match="does not hold plan 000"):
        cached_plan(open_folder(tmp_path), "0" * 64)
