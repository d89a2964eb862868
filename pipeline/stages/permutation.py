"""Permutation: the plan of a run, written down; nothing is generated yet."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Final

from pipeline.logs import run_log
from pipeline.space.partitions import MOST_ROWS, rows_per_partition
from pipeline.stages.contract import PERMUTATION, Run
from pipeline.stages.usage import record_stage
from pipeline.storage.manifest import (
    MANIFEST_PATH,
    UnreadableDocumentError,
    asks_the_same,
    json_bytes,
    json_document,
    now,
    read_json,
    write_json,
)
from pipeline.storage.plan import PLAN_PATH, Plan, UnreadablePlanError, plan_bytes, read_plan
from pipeline.storage.store import write_file

# What a run keeps of whoever asked for it first.
_OF_THE_FIRST: Final = ("owner", "created_at")


def permutation_stage(run: Run) -> Plan:
    """Write plan.json and manifest.json, or keep those the run already has.

    A stored plan decides how the run is cut, whatever is asked for now: its checkpoints belong to
    it. A plan that cannot be read is written anew, and its parts with it.
    """
    started = time.perf_counter()
    log = run_log(run.folder, run.settings.log_level)
    plan = None
    try:
        plan = read_plan(run.store)
    except UnreadablePlanError as error:
        log.warning("plan_rewritten", reason=str(error))
    if plan is not None and not _is_of_this_run(plan, run):
        log.warning("plan_rewritten", reason="it belongs to another run, request or engine")
        plan = None
    if plan is None:
        plan = _new_plan(run)
        run.store.put(PLAN_PATH, plan_bytes(plan))
    elif run.partition_rows not in (None, plan.partition_rows):
        log.warning(
            "stored_plan_kept",
            reason=f"this run is cut into partitions of {plan.partition_rows} rows, "
            f"not {run.partition_rows}; its stored plan is kept",
        )
    _write_beside(run, plan)
    _write_manifest(run, plan)
    record_stage(run.folder, PERMUTATION, time.perf_counter() - started)
    return plan


def _is_of_this_run(plan: Plan, run: Run) -> bool:
    """Whether a stored plan is what this request gives, but for how it is cut."""
    rows = plan.partition_rows
    if type(rows) is not int or not 1 <= rows <= MOST_ROWS:
        return False
    return replace(_new_plan(run), partition_rows=rows).plan_hash == plan.plan_hash


def _new_plan(run: Run) -> Plan:
    return Plan(
        run_id=run.run_id,
        seed=run.seed,
        size=run.size,
        count=run.count,
        sampled=run.count < run.size,
        partition_rows=rows_per_partition(run.count, run.partition_rows),
        fingerprint=run.fingerprint,
        problem=run.problem,
    )


def _write_beside(run: Run, plan: Plan) -> None:
    """The plan in the run folder, where people and `resume` read it, as it is in the store."""
    if not run.shares_store:
        return
    path, data = run.folder / PLAN_PATH, plan_bytes(plan)
    if not path.is_file() or path.read_bytes() != data:
        write_file(path, data)


def _write_manifest(run: Run, plan: Plan) -> None:
    """The manifest of a plan; one that already describes this plan stays as it is.

    One without outputs is written in its place: whatever stood there, the outputs are made again.
    So they are where only the names in documents changed, on the date the run has.
    """
    path = run.folder / MANIFEST_PATH
    dated: dict[str, Any] = {}
    if path.exists():
        try:
            found = read_json(path)
            reason = "it does not describe this run's plan and request"
            if found.get("plan_hash") == plan.plan_hash and asks_the_same(found, run.about):
                if found.get("names") == run.about.get("names"):
                    return
                reason = "names in the documents changed"
                dated = {name: found[name] for name in _OF_THE_FIRST}
        except UnreadableDocumentError as error:
            reason = str(error)
        run_log(run.folder, run.settings.log_level).warning("manifest_rewritten", reason=reason)
    manifest = {
        **run.about,
        "created_at": now(),
        **dated,
        **_made_before(run, plan),
        "plan_hash": plan.plan_hash,
        "partition_rows": plan.partition_rows,
        "partitions": plan.partitions,
        "outputs": {},
    }
    write_json(path, manifest)
    if run.shares_store:
        run.store.put(MANIFEST_PATH, json_bytes(manifest))


def _made_before(run: Run, plan: Plan) -> dict[str, Any]:
    """Who made this run first, and when, as another folder's manifest left it in the store."""
    if not run.shares_store:
        return {}
    try:
        found = json_document(run.store.get(MANIFEST_PATH), MANIFEST_PATH)
    except (FileNotFoundError, UnreadableDocumentError):
        return {}
    if found.get("plan_hash") != plan.plan_hash:
        return {}
    return {name: found[name] for name in _OF_THE_FIRST if isinstance(found.get(name), str)}
