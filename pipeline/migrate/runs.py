"""A run folder of an earlier version: its manifest completed, and what can still be done with it.

Only manifest.json is ever written, and only keys are added to it: what it sealed (ranked rows,
summary, reports) and what the run's id stands for stay as they are, byte for byte.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from kernels import layout
from pipeline.columns import BY_NAME
from pipeline.escape import visible
from pipeline.migrate.finding import (
    BUSY,
    DAMAGED,
    NEWER,
    OTHER_ENGINE,
    UNWRITTEN,
    WHOLE,
    Finding,
    backup_of,
)
from pipeline.migrate.steps import MANIFEST, NewerSchemaError, Upgrade, upgraded
from pipeline.settings import Settings
from pipeline.storage import hold, lock
from pipeline.storage.checkpoints import PRUNING, Owner, read_marker
from pipeline.storage.desk import OtherDeskError, at_its_desk
from pipeline.storage.fingerprint import engine_fingerprint
from pipeline.storage.lock import RunIsBusyError
from pipeline.storage.manifest import (
    MANIFEST_PATH,
    UnreadableDocumentError,
    json_bytes,
)
from pipeline.storage.plan import PLAN_PATH, UnreadablePlanError, plan_of
from pipeline.storage.results import RANKED_PATH, SUMMARY_PATH
from pipeline.storage.store import open_store, refuse_links, remove_cut_off, write_file

KIND: Final = "run"
# Manifests, plans and summaries have some tens of kilobytes; what has more than this is none.
_LARGEST: Final = 16 << 20
_AGAIN: Final = (
    "for the rest start the run again from its project file; "
    f"`request` of {MANIFEST_PATH} says what was asked"
)
_FACTS: Final = ("project", "market", "rulebook", "documents", "request")


@dataclass(frozen=True)
class _Has:
    """What a run has that commands need."""

    results: bool
    plan: bool
    parts: bool
    columns: bool
    engine: bool


# Command, and whether a run that has this can be asked it.
_COMMANDS: Final = (
    ("runs", lambda has: True),
    ("audit", lambda has: True),
    ("rm", lambda has: True),
    ("show RUN_ID", lambda has: has.results),
    ("top", lambda has: has.results),
    ("export", lambda has: has.results),
    ("compare", lambda has: has.results),
    ("status", lambda has: has.plan),
    ("explain", lambda has: has.plan),
    ("show RUN_ID STRUCTURE", lambda has: has.results and has.columns),
    ("open", lambda has: has.results and has.columns),
    ("pack", lambda has: has.results and has.columns and has.plan),
    ("near-misses", lambda has: has.engine),
    ("sensitivity", lambda has: has.results and has.parts),
    ("break-even", lambda has: has.engine),
    ("resume", lambda has: has.engine),
)


def migrate_run(folder: Path, settings: Settings, dry_run: bool, say: hold.Say) -> Finding:
    """Complete the manifest of the run in `folder`, unless `dry_run`, and tell what it is.

    `say` hears who is waited for. Whatever is wrong with the run is in the finding.
    """
    try:
        if folder.is_symlink():
            raise OSError(f"{folder} is a link: name the folder itself")
        refuse_links(folder)
        found = _manifest(folder)
        upgrade = upgraded(MANIFEST, found)
        _check(upgrade.document)
        finding = _told(folder, settings, upgrade)
        if not upgrade.steps or dry_run:
            return finding
        try:
            backup = _written(folder, settings, upgrade, say)
        except OSError as error:
            return replace(finding, state=UNWRITTEN, told=f"its manifest is as it was: {error}")
        return replace(finding, changed=True, backup=backup.as_posix())
    except NewerSchemaError as error:
        return _failed(folder, NEWER, error)
    except RunIsBusyError as error:
        return _failed(folder, BUSY, error, "left alone; again when it has ended")
    except RecursionError:
        return _failed(folder, DAMAGED, UnreadableDocumentError("it is nested too deep"))
    except (UnreadableDocumentError, OtherDeskError, OSError) as error:
        return _failed(folder, DAMAGED, error, "nothing was written")


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(folder / MANIFEST_PATH))
        json_bytes(found)  # what could not be written again is not read
    except (ValueError, TypeError, RecursionError) as error:
        told = visible(str(error))[:200]
        raise UnreadableDocumentError(f"{MANIFEST_PATH} cannot be read: {told}") from error
    if not isinstance(found, dict):
        raise UnreadableDocumentError(f"{MANIFEST_PATH} is no manifest")
    return found


def _bytes(path: Path) -> bytes:
    """A document's bytes. Raises OSError, also for what is no file or larger than any document."""
    if not path.is_file():
        raise OSError(f"{path.name} is no file")
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise OSError(f"{path.name} is larger than any document of a run")
    return data


def _check(manifest: dict[str, Any]) -> None:
    """Raise UnreadableDocumentError unless it has what every version's manifest has."""
    missing = [name for name in _FACTS if not isinstance(manifest.get(name), dict)]
    missing += [name for name in ("run_id", "fingerprint") if not manifest.get(name)]
    if missing:
        raise UnreadableDocumentError(f"{MANIFEST_PATH} lacks {', '.join(missing)}")


def _written(folder: Path, settings: Settings, upgrade: Upgrade, say: hold.Say) -> Path:
    """Write the manifest, after a copy of it as it was; returns the copy's place."""
    at_home = at_its_desk(folder, settings)
    lock.acquire(folder)
    try:
        hold.ensure_idle(folder, open_store(at_home.checkpoints_of(folder)), say)
        remove_cut_off(folder)
        path = folder / MANIFEST_PATH
        before = path.read_bytes()
        if upgraded(MANIFEST, json.loads(before)) != upgrade:
            raise RunIsBusyError(f"{MANIFEST_PATH} was written by another process meanwhile")
        backup = backup_of(path)
        if not backup.exists():
            write_file(backup, before)
        write_file(path, json_bytes(upgrade.document))
        return backup
    finally:
        lock.release(folder)


def _told(folder: Path, settings: Settings, upgrade: Upgrade) -> Finding:
    manifest = upgrade.document
    engine = visible(str(manifest["fingerprint"]))
    has = _has(folder, settings, manifest)
    finding = Finding(
        kind=KIND,
        path=str(folder),
        state=WHOLE if has.engine else OTHER_ENGINE,
        told="made by this engine",
        schema=upgrade.schema,
        engine=engine,
        missing=upgrade.added,
        reads=tuple(name for name, can in _COMMANDS if can(has)),
    )
    if has.engine:
        return finding
    done = "what it stored can be read" if has.results else "it did not finish, and stays so"
    return replace(
        finding,
        told=f"made by engine {engine}, this is {engine_fingerprint()}: {done}",
        needs_new_run=tuple(name for name, can in _COMMANDS if not can(has)),
        by_hand=(_AGAIN,),
    )


def _has(folder: Path, settings: Settings, manifest: dict[str, Any]) -> _Has:
    results = bool(manifest.get("outputs")) and (folder / RANKED_PATH).is_file()
    plan, parts = _plan_and_parts(folder, settings)
    same = manifest["fingerprint"] == engine_fingerprint()
    return _Has(results, plan, parts, results and _columns(folder), same and plan)


def _plan_and_parts(folder: Path, settings: Settings) -> tuple[bool, bool]:
    """Whether this engine can read the plan, and the marker of the first part."""
    try:
        plan = plan_of(_bytes(folder / PLAN_PATH))
        if plan.problem.base.shape != (layout.N_INPUTS,):
            return False, False
    except (OSError, UnreadablePlanError):
        return False, False
    try:
        store = open_store(at_its_desk(folder, settings).checkpoints_of(folder))
        owner = Owner(plan.plan_hash, plan.fingerprint)
        return True, read_marker(store, owner, PRUNING, 0).marker is not None
    except OSError:
        return True, False


def _columns(folder: Path) -> bool:
    """Whether ranked rows and summary have what this engine's have."""
    try:
        names = set(pq.read_schema(folder / RANKED_PATH).names)
        return names >= {*BY_NAME, "pareto"} and "market" in json.loads(
            _bytes(folder / SUMMARY_PATH)
        )
    except (OSError, pa.ArrowException, ValueError, TypeError, RecursionError):
        return False


def _failed(folder: Path, state: str, error: Exception, advice: str = "") -> Finding:
    told = visible(str(error))
    return Finding(KIND, str(folder), state, told, by_hand=(advice,) if advice else ())
