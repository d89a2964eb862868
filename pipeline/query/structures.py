"""One structure of a run with all its figures: from the ranked rows, else computed again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.columns import BY_NAME, survivor_table
from pipeline.inputs.errors import InputError, InputErrors
from pipeline.query.rows import levers_in
from pipeline.storage.fingerprint import engine_fingerprint
from pipeline.storage.manifest import UnreadableDocumentError, json_bytes
from pipeline.storage.plan import plan_of
from pipeline.storage.results import RANKED_PATH, ResultsStore

Row = dict[str, Any]


class OtherEngineRowError(UnreadableDocumentError):
    """A structure that only the engine of its run could show in full."""


@dataclass(frozen=True)
class Structure:
    """A structure's figures under their column names, statuses and levers among them.

    `rank` is null for what passed not both gates; `source` says where the figures are from.
    """

    permutation_id: int
    rank: int | None
    source: str
    row: Row
    levers: tuple[str, ...]


def structure_of(results: ResultsStore, run_id: str, permutation_id: int) -> Structure:
    """A structure of a run, whether it survived or not.

    Raises InputErrors for a number outside the lever space, OtherEngineRowError,
    UnreadableDocumentError, UnreadablePlanError, OSError.
    """
    plan = results.plan(run_id)
    levers = tuple(levers_in(plan))
    size = int(plan["size"])
    if not 0 <= permutation_id < size:
        message = f"is no structure of run {run_id}"
        raise InputErrors(
            [InputError("PERMUTATION", "", str(permutation_id), message, f"0 to {size - 1}")]
        )
    kept = results.row(run_id, permutation_id)
    if kept is not None and kept[0] == RANKED_PATH:
        row = kept[1]
        if not row.keys() >= BY_NAME.keys():
            raise _other_engine(run_id, plan, permutation_id)
        return Structure(permutation_id, int(row["rank"]), RANKED_PATH, row, levers)
    row = _computed(run_id, plan, permutation_id)
    told = f"{kept[0]} has its verdict" if kept else "not in the run's sample"
    return Structure(permutation_id, None, f"{told}; figures computed now", row, levers)


def _computed(run_id: str, document: Row, permutation_id: int) -> Row:
    # Only a structure that was rejected needs the engine, which takes a second to load.
    from pipeline.engine import figures_of_ids  # noqa: PLC0415

    if document.get("fingerprint") != engine_fingerprint():
        raise _other_engine(run_id, document, permutation_id)
    plan = plan_of(json_bytes(document))
    ids = np.array([permutation_id], dtype=np.int64)
    figures = figures_of_ids(plan.problem, ids)
    table = survivor_table(plan.problem.levers, plan.space.digits(ids), ids, figures)
    return dict(table.to_pylist()[0])


def _other_engine(run_id: str, plan: Row, permutation_id: int) -> OtherEngineRowError:
    return OtherEngineRowError(
        f"run {run_id} was made by engine {plan.get('fingerprint')}, "
        f"this is {engine_fingerprint()}: structure {permutation_id} cannot be shown in full here; "
        "`top --where` reads what the run stored, and running the project again makes it anew"
    )
