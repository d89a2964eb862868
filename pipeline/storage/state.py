"""How far a run is, read from its folder and store without touching them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.space.partitions import number_of_partitions
from pipeline.storage import hold
from pipeline.storage.checkpoints import ANALYSIS, PRUNING, Owner, read_markers
from pipeline.storage.manifest import MANIFEST_PATH, file_digest, read_json
from pipeline.storage.plan import Plan, UnreadablePlanError, read_plan
from pipeline.storage.results import FINISHED, INTERRUPTED, RUNNING
from pipeline.storage.store import Store, open_folder

DAMAGED: Final = "damaged"


@dataclass(frozen=True)
class StageState:
    """Partitions with this plan's marker, of how many; total is None until it is known."""

    stage: str
    done: int
    total: int | None
    rows: int


@dataclass(frozen=True)
class RunState:
    """A run at this moment. `holder` is who works on it; `changed` are outputs that are not as
    they were written."""

    run_id: str
    title: str
    state: str
    created_at: str
    owner: str
    desk: str
    holder: str | None
    permutations: int
    stages: tuple[StageState, ...]
    changed: tuple[str, ...]


def run_state(folder: Path, store: Store | None = None) -> RunState:
    """State of the run in `folder`, its parts in `store` (or the folder).

    Raises UnreadableDocumentError, UnreadablePlanError.
    """
    manifest = read_json(folder / MANIFEST_PATH)
    plan = read_plan(open_folder(folder))
    if plan is None:
        raise UnreadablePlanError(f"{folder.name} has no plan")
    outputs = manifest.get("outputs") or {}
    changed = tuple(
        name for name, digest in outputs.items() if file_digest(folder / name) != digest
    )
    parts = store or open_folder(folder)
    holder = hold.holder_of(folder, parts)
    if holder:
        state = RUNNING
    elif not outputs:
        state = INTERRUPTED
    else:
        state = DAMAGED if changed else FINISHED
    return RunState(
        run_id=folder.name,
        title=str(manifest["project"]["title"]),
        state=state,
        created_at=str(manifest["created_at"]),
        owner=str(manifest.get("owner", "")),
        desk=str(manifest.get("desk", "")),
        holder=holder,
        permutations=plan.count,
        stages=_stages(plan, parts),
        changed=changed,
    )


def _stages(plan: Plan, store: Store) -> tuple[StageState, ...]:
    owner = Owner(plan.plan_hash, plan.fingerprint)
    done = rows = survivors = 0
    for checked in read_markers(store, owner, PRUNING, plan.partitions):
        if checked.marker is not None:
            done += 1
            rows += checked.marker.rows
            survivors += int(checked.marker.record["survivors"])
    pruning = StageState(PRUNING, done, plan.partitions, rows)
    if done < plan.partitions:
        return pruning, StageState(ANALYSIS, 0, None, 0)
    total = number_of_partitions(survivors, plan.partition_rows)
    markers = (checked.marker for checked in read_markers(store, owner, ANALYSIS, total))
    found = [marker.rows for marker in markers if marker is not None]
    return pruning, StageState(ANALYSIS, len(found), total, sum(found))
