"""The plan of a run: what is computed, in which order, cut how. It carries the whole problem.

A stored plan is complete: a worker, or a later `resume`, needs nothing else. Floats survive JSON
exactly (shortest repr, and the words "inf", "-inf", "nan" for what JSON cannot say).
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import Any, Final, get_type_hints

import numpy as np

from pipeline.escape import visible
from pipeline.problem import Lever, Problem
from pipeline.space.levers import IntArray, LeverSpace
from pipeline.space.partitions import number_of_partitions, partition_ids, partition_of
from pipeline.storage.fingerprint import engine_fingerprint
from pipeline.storage.store import Store, read_twice

SCHEMA: Final = 1
PLAN_PATH: Final = "plan.json"
# What any JSON in the place of a plan may raise while it is read.
_UNREADABLE: Final = (
    ValueError, KeyError, TypeError, AttributeError, IndexError, ArithmeticError, RecursionError,
    MemoryError,
)  # fmt: skip
_ARRAY_TYPES: Final = ("float64", "int64", "bool")


class UnreadablePlanError(Exception):
    """A stored plan that is damaged, newer than this version, or not the one asked for."""


@dataclass(frozen=True)
class Plan:
    """`count` permutations of a space of `size`, cut into parts of `partition_rows`.

    `sampled`: the seeded bijection says which ids are taken; otherwise all of them are.
    """

    run_id: str
    seed: int
    size: int
    count: int
    sampled: bool
    partition_rows: int
    fingerprint: str
    problem: Problem

    @property
    def partitions(self) -> int:
        """Parts of the pruning stage."""
        return number_of_partitions(self.count, self.partition_rows)

    def ids_of(self, number: int) -> tuple[IntArray, IntArray]:
        """Ids of pruning part `number` and their positions in the sample, both (rows,) int64."""
        return partition_ids(number, self.count, self.partition_rows, self.size, self.seed)

    def rows_of(self, number: int) -> int:
        """Rows of pruning part `number`."""
        return len(self.ids_of(number)[0])

    @cached_property
    def space(self) -> LeverSpace:
        """The lever space of the problem."""
        return LeverSpace(self.problem.levers)

    def partition_of(self, permutation_id: int) -> int | None:
        """The pruning part that holds a permutation of the space; None where none does."""
        return partition_of(permutation_id, self.count, self.partition_rows, self.size, self.seed)

    @cached_property
    def plan_hash(self) -> str:
        """sha256 of the plan's content."""
        return hashlib.sha256(json.dumps(_content(self), sort_keys=True).encode()).hexdigest()


def plan_bytes(plan: Plan) -> bytes:
    """The plan as a JSON document."""
    return json.dumps({**_content(plan), "plan_hash": plan.plan_hash}, indent=1).encode()


def plan_of(data: bytes) -> Plan:
    """The plan of a JSON document. Raises UnreadablePlanError."""
    try:
        document = json.loads(data)
        if document["schema"] != SCHEMA:
            raise UnreadablePlanError(
                f"the plan has schema {document['schema']}, this version reads {SCHEMA}"
            )
        plan = Plan(
            run_id=document["run_id"],
            seed=document["seed"],
            size=document["size"],
            count=document["count"],
            sampled=document["sampled"],
            partition_rows=document["partition_rows"],
            fingerprint=document["fingerprint"],
            problem=problem_of_json(document["problem"]),
        )
        changed = plan.plan_hash != document.get("plan_hash")
    except _UNREADABLE as error:
        told = _of_another_engine(data) or f"the plan cannot be read: {repr(error)[:200]}"
        raise UnreadablePlanError(told) from error
    if changed:
        raise UnreadablePlanError(
            "the plan was changed after it was written: its hash does not match"
        )
    return plan


def other_inputs(run_id: str, engine: str) -> str:
    """What is said of a run whose plan has not the inputs of this engine."""
    return (
        f"the plan of run {run_id} was written by engine {engine}, whose inputs this engine "
        f"({engine_fingerprint()}) cannot read; start the run again from its project file, or see "
        "by `atlas-forge migrate` which commands still read what it stored"
    )


def read_plan(store: Store) -> Plan | None:
    """The plan stored in a run, or None. Raises UnreadablePlanError."""
    try:
        return read_twice(store, PLAN_PATH, plan_of, UnreadablePlanError)
    except FileNotFoundError:
        return None


@lru_cache(maxsize=4)
def cached_plan(store: Store, plan_hash: str) -> Plan:
    """The plan a partition task refers to, read once per process. Raises UnreadablePlanError."""
    plan = read_plan(store)
    if plan is None or plan.plan_hash != plan_hash:
        raise UnreadablePlanError(f"the store at {store.url} does not hold plan {plan_hash[:12]}")
    return plan


def problem_json(problem: Problem) -> dict[str, Any]:
    """A Problem as plain JSON values; `problem_of_json` gives the same bits back.

    Every field is written, by its type: a table added to Problem needs nothing here.
    """
    return {field.name: _written(getattr(problem, field.name)) for field in fields(Problem)}


def problem_of_json(document: dict[str, Any]) -> Problem:
    """The Problem of `problem_json`. Raises KeyError, ValueError, TypeError on anything else."""
    types = get_type_hints(Problem)
    return Problem(
        **{field.name: _read(types[field.name], document[field.name]) for field in fields(Problem)}
    )


def _of_another_engine(data: bytes) -> str | None:
    """The sentence for a plan that is as it was written, by another engine; None for any other."""
    try:
        document = json.loads(data)
        told = document.pop("plan_hash")
        found = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
        engine, run_id = document["fingerprint"], document["run_id"]
    except _UNREADABLE:
        return None
    if found != told or engine == engine_fingerprint():
        return None
    return other_inputs(visible(str(run_id)), visible(str(engine)))


def _written(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        flat = value.ravel().tolist()
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            flat = [each if math.isfinite(each) else str(each) for each in flat]
        return {"type": value.dtype.name, "shape": list(value.shape), "values": flat}
    if hasattr(value, "_asdict"):
        return {name: _written(each) for name, each in value._asdict().items()}
    if isinstance(value, Lever):
        return {
            "name": value.name,
            "rows": list(value.rows),
            "values": _written(value.values),
            "labels": list(value.labels),
        }
    return [_written(each) for each in value] if isinstance(value, tuple) else value


def _read(kind: Any, value: Any) -> Any:
    if isinstance(kind, type) and hasattr(kind, "_fields"):
        types = get_type_hints(kind)
        return kind(**{name: _read(types[name], value[name]) for name in kind._fields})
    if isinstance(value, dict):
        return _array(value)
    if isinstance(value, list):
        return tuple(_lever(each) for each in value)
    return value


def _lever(value: dict[str, Any]) -> Lever:
    return Lever(
        name=value["name"],
        rows=tuple(value["rows"]),
        values=_array(value["values"]),
        labels=tuple(value["labels"]),
    )


def _array(value: dict[str, Any]) -> Any:
    if value["type"] not in _ARRAY_TYPES:
        raise ValueError(f"a table of {value['type']!r}")
    kind = np.dtype(value["type"])
    # float() reads the words for what is not finite, and leaves whole numbers to their type.
    flat = [float(each) if kind.kind == "f" else each for each in value["values"]]
    return np.array(flat, dtype=kind).reshape(value["shape"])


def _content(plan: Plan) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "run_id": plan.run_id,
        "seed": plan.seed,
        "size": plan.size,
        "count": plan.count,
        "sampled": plan.sampled,
        "partition_rows": plan.partition_rows,
        "partitions": plan.partitions,
        "fingerprint": plan.fingerprint,
        "problem": problem_json(plan.problem),
    }
