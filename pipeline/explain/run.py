"""A permutation of a run explained from the run's own plan and manifest, and nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kernels import layout as x
from kernels.rules import CAPEX_COVERAGE_FULL
from pipeline.columns import MERGE_COLUMNS, survivor_table
from pipeline.engine import figures_of_ids, sized_figures_of_ids
from pipeline.explain.case import Case
from pipeline.explain.explanation import explained_case
from pipeline.explain.model import Comparison, Explanation, Setting
from pipeline.problem import TierShares
from pipeline.stages.pruning import evaluated
from pipeline.storage.fingerprint import engine_fingerprint
from pipeline.storage.manifest import UnreadableDocumentError, json_bytes
from pipeline.storage.plan import PLAN_PATH, Plan, UnreadablePlanError, other_inputs, plan_of
from pipeline.storage.results import RANKED_PATH, LocalResults, ResultsStore


@dataclass(frozen=True)
class StoredRun:
    """What a run was asked, and the store that keeps it."""

    results: ResultsStore
    plan: Plan
    manifest: dict[str, Any]


def open_run(out: Path, run_id: str) -> StoredRun:
    """A run of the folder `out`. Raises what `stored_run` does."""
    return stored_run(LocalResults(out), run_id)


def stored_run(results: ResultsStore, run_id: str) -> StoredRun:
    """A run of a store. Raises NoSuchRunError, UnreadableDocumentError, UnreadablePlanError."""
    manifest = results.manifest(run_id)
    try:
        plan = plan_of(json_bytes(results.plan(run_id)))
    except UnreadableDocumentError as error:
        raise UnreadablePlanError(f"{PLAN_PATH} of run {run_id} cannot be read: {error}") from error
    if plan.problem.base.shape != (x.N_INPUTS,):
        raise UnreadablePlanError(other_inputs(run_id, plan.fingerprint))
    return StoredRun(results, plan, manifest)


def explain_permutation(run: StoredRun, permutation_id: int, scenario: str = "base") -> Explanation:
    """The explanation of one permutation of a run's space, 0 to plan.size - 1.

    Raises ValueError for a number outside it and for a scenario that is none.
    """
    return explain_case(run, permutation_id, case_of(run, permutation_id), scenario)


def case_of(run: StoredRun, permutation_id: int) -> Case:
    """The inputs of a permutation under the run's problem. Raises ValueError as above."""
    plan = run.plan
    if not 0 <= permutation_id < plan.size:
        raise ValueError(f"permutation {permutation_id}: has to be from 0 to {plan.size - 1}")
    ids = np.array([permutation_id], dtype=np.int64)
    inputs = np.ascontiguousarray(plan.space.fill(plan.problem.base, ids))
    return Case(plan.problem, inputs, str(run.manifest["project"]["currency"]))


def explain_case(
    run: StoredRun, permutation_id: int, case: Case, scenario: str = "base"
) -> Explanation:
    """The explanation of a permutation whose case its maker goes on with."""
    plan = run.plan
    partition = plan.partition_of(permutation_id)
    run_id = run.manifest["run_id"]
    kept = None if partition is None else run.results.row(run_id, permutation_id, partition)
    # A database keeps no rows of what a gate rejected.
    stored = None if kept is None or not kept[1] else compared(plan, permutation_id, *kept)
    facts = [Setting("run", run_id), Setting("permutation", permutation_id)]
    if kept is not None and kept[0] == RANKED_PATH:
        facts.append(Setting("rank", kept[1]["rank"]))
    settings = plan.space.labels(permutation_id).items()
    return explained_case(
        case,
        title=str(run.manifest["project"]["title"]),
        facts=facts,
        settings=[Setting(name, _plain(value)) for name, value in settings],
        notes=_notes(run, partition, stored, kept),
        stored=stored,
        scenario=scenario,
    )


def compared(plan: Plan, permutation_id: int, file: str, row: dict[str, Any]) -> Comparison:
    """A stored row beside the same row computed now, value by value, to the last bit."""
    ids = np.array([permutation_id], dtype=np.int64)
    if file == RANKED_PATH:
        figures = figures_of_ids(plan.problem, ids)
        table = survivor_table(plan.problem.levers, plan.space.digits(ids), ids, figures)
    else:
        full = float(plan.problem.rules.limits[CAPEX_COVERAGE_FULL])
        table = evaluated(ids, sized_figures_of_ids(plan.problem, ids), full)[0]
    found = table.to_pylist()[0]
    at_the_merge = {*MERGE_COLUMNS, "viability_tier"} if by_rank(plan) else set(MERGE_COLUMNS)
    names = [name for name in row if name not in at_the_merge]
    names += [name for name in found if name not in row]
    differing = tuple(
        name
        for name in names
        if name not in row or name not in found or not _same(row[name], found[name])
    )
    return Comparison(file, not differing, differing)


def by_rank(plan: Plan) -> bool:
    """Whether tiers go by rank as well: the merge then settles them, over all survivors."""
    return plan.problem.tiers != TierShares()


def _same(stored: Any, found: Any) -> bool:
    """Equal to the last bit: floats by value and by the sign of zero."""
    if isinstance(stored, float) and isinstance(found, float):
        return stored == found and math.copysign(1.0, stored) == math.copysign(1.0, found)
    return bool(stored == found)


def _notes(
    run: StoredRun, partition: int | None, stored: Comparison | None, kept: object
) -> list[str]:
    """What a reader has to know: another engine, no stored row, or one that differs."""
    plan = run.plan
    notes = []
    if plan.fingerprint != engine_fingerprint():
        notes.append(
            f"the run was computed by engine {plan.fingerprint}, this is {engine_fingerprint()}: "
            "its figures may differ from those explained here"
        )
    if by_rank(plan):
        notes.append(
            "tiers of this run also go by rank of gate_b_score: the tier explained here is the one "
            "its conditions give, the stored one may be lower"
        )
    if partition is None:
        notes.append(
            f"not part of the run's sample of {plan.count:,} out of {plan.size:,}: nothing is "
            "stored to compare with"
        )
    elif stored is None and kept is not None:
        notes.append(
            "a gate rejected it: its stored verdict is in the run's folder, not in the database"
        )
    elif stored is None:
        notes.append("the run has not got to it: nothing is stored to compare with")
    elif not stored.equal:
        notes.append(
            f"{len(stored.differing)} columns differ from the row in {stored.file}: "
            f"{', '.join(stored.differing)}"
        )
    return notes


def _plain(value: object) -> str | int | float | bool | None:
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)
