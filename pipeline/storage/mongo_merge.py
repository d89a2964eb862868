"""A finished run into MongoDB: nobody sees it there as complete before all of it is.

The run's document says `merging`; files and structures are written, and the structures read back in
rank order: they must be, byte for byte, those that were made of ranked.parquet. Only then the
document says `complete`. Ids come from the run and its permutations and nothing is stamped with the
time of writing: the same merge again, from anywhere, leaves the same documents.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pyarrow.parquet as pq
from bson.int64 import Int64
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from pipeline.storage.manifest import (
    MANIFEST_PATH,
    UnreadableDocumentError,
    file_digest,
    json_document,
    read_json,
)
from pipeline.storage.mongo_address import mongo_address
from pipeline.storage.mongo_connect import (
    Document,
    MongoRefusedError,
    mongo_database,
    patiently,
)
from pipeline.storage.mongo_documents import SCHEMA, stored_columns
from pipeline.storage.mongo_encoding import Encoded, encoded
from pipeline.storage.mongo_files import (
    keep_file,
    kept_file,
    other_files,
    remove_files,
    told_of,
)
from pipeline.storage.mongo_schema import (
    CLAIM,
    CLAIM_ID,
    CLAIM_SEEN,
    COMPLETE,
    MERGING,
    REMOVING,
    RUNS,
    STRUCTURES,
    TIMESTAMP,
    TOLD,
    prepare,
)
from pipeline.storage.mongo_structures import (
    BATCH,
    OthersInTheWayError,
    stored_digest,
    structures_written,
)
from pipeline.storage.plan import PLAN_PATH
from pipeline.storage.results import RANKED_PATH, SUMMARY_PATH

# Another process may be merging the same run; one of the two wins, the other sees it done.
_ROUNDS: Final = 4
_PATIENCE_S: Final = 120.0
_POLL_S: Final = 0.2
_TOLD_EVERY_S: Final = 60.0
_FIGURES: Final = (
    "total_scenarios", "viable_scenarios", "fully_funded_scenarios", "viability_rate", "best_irr",
    "best_dscr", "avg_senior", "best_wacc", "max_senior", "max_day1",
)  # fmt: skip


@dataclass(frozen=True)
class Merged:
    """What a merge did. `already`: the database had the run, complete, and it was left alone."""

    address: str
    structures: int
    seconds: float
    already: bool


def merge_run(folder: Path, uri: str) -> Merged:
    """Bring the finished run in `folder` into the database at `uri`.

    Raises UnreadableDocumentError if the folder is not as it was sealed, UnstorableRowsError,
    MongoUnreachableError, MongoRefusedError, OSError.
    """
    started = time.perf_counter()
    address = mongo_address(uri)
    run = _described(folder)
    already = True
    with mongo_database(address) as database:
        prepare(database)
        for _ in range(_ROUNDS):
            if _is_complete(database, run):
                break
            already = False
            claim = _claimed(database, run)
            if claim is not None:
                if _brought(database, folder, run, claim):
                    break
                _goes_on(database, run, MERGING)
        else:
            raise MongoRefusedError(
                f"{address.shown}: other processes keep merging run {run['run_id']} as well"
            )
    seconds = time.perf_counter() - started
    return Merged(address.shown, run["survivors"], seconds, already)


def _described(folder: Path) -> Document:
    """The run's document while it is merged. Raises UnreadableDocumentError, OSError."""
    manifest = read_json(folder / MANIFEST_PATH)
    outputs = manifest.get("outputs") or {}
    if RANKED_PATH not in outputs:
        raise UnreadableDocumentError(f"run {folder.name} is not finished: nothing is sealed")
    changed = [name for name, sealed in outputs.items() if file_digest(folder / name) != sealed]
    if changed:
        told = ", ".join(changed)
        raise UnreadableDocumentError(f"run {folder.name} is not as it was sealed: {told}")
    run_id: str = manifest["run_id"]
    paths = [MANIFEST_PATH, PLAN_PATH, *[name for name in outputs if name != RANKED_PATH]]
    columns = stored_columns(pq.read_schema(folder / RANKED_PATH))
    return _document(
        manifest,
        read_json(folder / SUMMARY_PATH),
        [column.document() for column in columns],
        [told_of(folder, run_id, path) for path in paths],
    )


def _document(
    manifest: Mapping[str, Any],
    summary: Mapping[str, Any],
    columns: list[Document],
    files: list[Document],
) -> Document:
    """What a run's document says while the run is merged, all of it from what was sealed."""
    run_id = manifest["run_id"]
    return {
        "_id": run_id,
        "schema": SCHEMA,
        "run_id": run_id,
        "project_id": manifest["project"]["id"],
        "title": manifest["project"]["title"],
        **{name: text for name in TOLD if (text := told_by(manifest, name))},
        TIMESTAMP: datetime.fromisoformat(manifest["created_at"]),
        "state": MERGING,
        "permutations": Int64(manifest["permutations"]),
        "survivors": Int64(summary["survivors"]),
        "ranked_sha256": manifest["outputs"][RANKED_PATH],
        "documents_sha256": None,
        "figures": {name: _stored(summary[name]) for name in _FIGURES},
        "tiers": {name: _stored(count) for name, count in summary["tiers"].items()},
        "columns": columns,
        "files": files,
    }


def told_by(manifest: Mapping[str, Any], name: str) -> str:
    """What a manifest tells for a field of TOLD: owner or desk, or the name of a book."""
    found = manifest.get(name) or ""
    return str(found["name"] if isinstance(found, Mapping) else found)


def _stored(figure: Any) -> Any:
    return Int64(figure) if isinstance(figure, int) else figure


def _is_complete(database: Database[Document], run: Document) -> bool:
    """Whether all of the run is there, unchanged. Raises MongoRefusedError for a newer schema.

    It may have been merged from elsewhere, with other timings in its summary: its document has to
    tell what its own files say.
    """
    found = patiently(lambda: database[RUNS].find_one({"_id": run["_id"]}))
    if found is None:
        return False
    if found["schema"] != SCHEMA:
        raise MongoRefusedError(
            f"run {run['_id']} has schema {found['schema']} in the database, this version writes "
            f"{SCHEMA}"
        )
    if found["state"] != COMPLETE or found["ranked_sha256"] != run["ranked_sha256"]:
        return False
    try:
        kept = {
            told["path"]: patiently(partial(kept_file, database, told)) for told in found["files"]
        }
        manifest = json_document(kept[MANIFEST_PATH], MANIFEST_PATH)
        summary = json_document(kept[SUMMARY_PATH], SUMMARY_PATH)
        told = _document(manifest, summary, run["columns"], found["files"])
    except (UnreadableDocumentError, KeyError, TypeError, ValueError):
        return False
    if kept.keys() != {each["path"] for each in run["files"]}:
        return False
    if patiently(lambda: other_files(database, run["_id"], found["files"])):
        return False
    digest = patiently(lambda: stored_digest(database[STRUCTURES], run["_id"]))
    return bool(found == {**told, "state": COMPLETE, "documents_sha256": digest})


def _claimed(database: Database[Document], run: Document) -> str | None:
    """Put the run's document to `merging`; returns the claim under which it can be completed.

    Who finds the same run being merged joins in: both write the same. A removal takes the claim
    away. None if the run was completed, or removed, by another process meanwhile. Raises
    MongoRefusedError if a removal does not end.
    """
    runs = database[RUNS]
    found = patiently(lambda: runs.find_one({"_id": run["_id"], "state": MERGING}))
    if found is not None and {**run, CLAIM: found.get(CLAIM)} == found:
        claim = str(found[CLAIM]["id"])
        return claim if _heard_of(database, run, claim) else None
    claim = uuid4().hex
    claimed = {**run, CLAIM: {"id": claim, "seen": datetime.now(UTC)}}
    merging = {"_id": run["_id"], "state": MERGING}
    try:
        patiently(lambda: runs.replace_one(merging, claimed, upsert=True))
    except DuplicateKeyError:
        if _goes_on(database, run, REMOVING):
            raise MongoRefusedError(
                f"run {run['_id']} is being removed from the database; "
                "`rm --database` finishes a removal that was cut off"
            ) from None
        # It is complete there: of another merge, which is fine, or with something missing since.
        if _is_complete(database, run):
            return None
        complete = {"_id": run["_id"], "state": COMPLETE}
        if not patiently(lambda: runs.replace_one(complete, claimed)).matched_count:
            return None
    return claim


def _heard_of(database: Database[Document], run: Document, claim: str) -> bool:
    """Tell that the merge is alive; False if it is no longer under this claim."""
    ours = {"_id": run["_id"], "state": MERGING, CLAIM_ID: claim}
    now = {"$set": {CLAIM_SEEN: datetime.now(UTC)}}
    return bool(patiently(lambda: database[RUNS].update_one(ours, now)).matched_count)


def _brought(database: Database[Document], folder: Path, run: Document, claim: str) -> bool:
    """Write everything, check it, and call it complete; False if another process took over."""
    for told in run["files"]:
        keep_file(database, run["_id"], run[TIMESTAMP], folder / told["path"], told)
    try:
        batches = _telling(database, run, claim, _batches(folder, run))
        digest = structures_written(database[STRUCTURES], run["_id"], batches)
    except OthersInTheWayError:
        if not _heard_of(database, run, claim):
            return False  # it was removed meanwhile, or is under another claim
        raise MongoRefusedError(
            f"collection {STRUCTURES} does not give back what was written to it for run "
            f"{run['_id']}: something else writes there"
        ) from None
    ours = {"_id": run["_id"], "state": MERGING, CLAIM_ID: claim}
    complete = {"$set": {"state": COMPLETE, "documents_sha256": digest}, "$unset": {CLAIM: ""}}
    if not patiently(lambda: database[RUNS].update_one(ours, complete)).matched_count:
        return False
    remove_files(database, patiently(lambda: other_files(database, run["_id"], run["files"])))
    return True


def _goes_on(database: Database[Document], run: Document, state: str) -> bool:
    """Whether the run stays in a state for as long as another process is given to leave it.

    Taking the run from it at once could go to and fro between the two.
    """
    deadline = time.monotonic() + _PATIENCE_S
    still = {"_id": run["_id"], "state": state}
    while patiently(lambda: database[RUNS].find_one(still, {"_id": 1})) is not None:
        if time.monotonic() > deadline:
            return True
        time.sleep(_POLL_S)
    return False


def _telling(
    database: Database[Document], run: Document, claim: str, batches: Iterator[Encoded]
) -> Iterator[Encoded]:
    """The batches; now and then it is told that their merge is alive."""
    told = time.monotonic()
    for batch in batches:
        if time.monotonic() - told > _TOLD_EVERY_S:
            _heard_of(database, run, claim)
            told = time.monotonic()
        yield batch


def _batches(folder: Path, run: Document) -> Iterator[Encoded]:
    columns = stored_columns(pq.read_schema(folder / RANKED_PATH))
    file = pq.ParquetFile(folder / RANKED_PATH, page_checksum_verification=True)
    # One row group after the other: a reader over all of them keeps what it has read.
    for group in range(file.num_row_groups):
        for rows in file.iter_batches(BATCH, row_groups=[group], use_threads=False):
            if rows.num_rows:
                yield encoded(rows, columns, run["run_id"], run["project_id"])
