"""Runs out of a database: nobody sees a run half removed, and no other merge loses a document.

The run's document says `removing`, from which on readers and merges leave the run alone; its
structures and files go in small transactions, each of which holds only while that document is under
this removal's claim; the document itself goes last. A removal that was cut off is finished by the
next one, from anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import uuid4

from bson.int64 import Int64
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from pipeline.storage.mongo_address import mongo_address
from pipeline.storage.mongo_connect import (
    Document,
    MongoRefusedError,
    mongo_database,
    patiently,
)
from pipeline.storage.mongo_documents import SCHEMA
from pipeline.storage.mongo_schema import (
    CHUNKS,
    CLAIM,
    CLAIM_ID,
    CLAIM_SEEN,
    COMPLETE,
    FILES,
    MERGING,
    REMOVING,
    RUNS,
    STRUCTURES,
    TIMESTAMP,
    prepare,
)
from pipeline.storage.results import NoSuchRunError

RUN, CUT_OFF, NO_RUN, ABANDONED = (
    "run", "removal cut off", "structures and files of no run", "merge never completed",
)  # fmt: skip
# A merge tells every minute that it is alive.
LEAST_SILENCE: Final = timedelta(hours=1)
# Documents a transaction: it has to end within a minute.
_AT_ONCE: Final = 1_000


@dataclass(frozen=True)
class Found:
    """Something of a database that may go: what it is, of which run, and unless it was heard of
    since."""

    kind: str
    run_id: str
    silent_since: datetime | None = None


@dataclass(frozen=True)
class Removed:
    """What went with a run. `by_another`: another removal of it took over."""

    run_id: str
    structures: int
    files: int
    by_another: bool


class _TakenOverError(Exception):
    """The run is no longer under the claim of this removal."""


def remove_from_mongo(
    uri: str, run_id: str, silent_since: datetime | None = None
) -> Removed | None:
    """Remove a run, also one whose merge or removal was cut off.

    None: it is a merge that was heard of after `silent_since`. Raises NoSuchRunError,
    MongoUnreachableError, MongoRefusedError.
    """
    address = mongo_address(uri)
    with mongo_database(address) as database:
        if not _is_there(database, run_id):
            raise NoSuchRunError(f"there is no run {run_id!r} in {address.shown}")
        return _removed(database, run_id, silent_since)


def check_there(uri: str, run_id: str) -> None:
    """Raises NoSuchRunError unless the database has anything of a run."""
    address = mongo_address(uri)
    with mongo_database(address) as database:
        if not _is_there(database, run_id):
            raise NoSuchRunError(f"there is no run {run_id!r} in {address.shown}")


def superfluous(
    uri: str, older_than: timedelta | None, keep: int | None, unfinished: bool
) -> list[Found]:
    """What no reader needs, and what retention lets go, as `housekeeping.expired_runs` does.

    Merges that never ended go with `unfinished`, once nothing was heard of them for `older_than`,
    and for an hour at least. Raises MongoUnreachableError, MongoRefusedError.
    """
    with mongo_database(mongo_address(uri)) as database:
        runs = database[RUNS]
        there = {run["_id"] for run in runs.find({}, {"_id": 1})}
        named = {
            *database[STRUCTURES].distinct("run_id"),
            *database[FILES].distinct("metadata.run_id"),
        }
        # Looked up again: its merge may have begun between the two looks.
        lost = [
            run_id for run_id in sorted(named - there) if runs.find_one({"_id": run_id}) is None
        ]
        found = [Found(NO_RUN, run_id) for run_id in lost]
        found += [Found(CUT_OFF, run["_id"]) for run in runs.find({"state": REMOVING}).sort("_id")]
        now = datetime.now(UTC)
        if unfinished:
            silent = now - max(older_than or LEAST_SILENCE, LEAST_SILENCE)
            abandoned = {"state": MERGING, CLAIM_SEEN: {"$lt": silent}}
            left = runs.find(abandoned).sort("_id")
            found += [Found(ABANDONED, run["_id"], silent) for run in left]
        if older_than is not None or keep is not None:
            order = [(TIMESTAMP, -1), ("_id", -1)]
            for place, run in enumerate(runs.find({"state": COMPLETE}).sort(order)):
                old = older_than is None or run[TIMESTAMP] < now - older_than
                if old and (keep is None or place >= keep):
                    found.append(Found(RUN, run["_id"]))
        return found


def _is_there(database: Database[Document], run_id: str) -> bool:
    asked = {"$eq": run_id}  # a value even where it looks like an operator
    wanted = ((RUNS, {"_id": asked}), (STRUCTURES, {"run_id": asked}),
              (FILES, {"metadata.run_id": asked}))  # fmt: skip
    return any(
        patiently(partial(database[name].find_one, query, {"_id": 1})) for name, query in wanted
    )


def _removed(
    database: Database[Document], run_id: str, silent_since: datetime | None
) -> Removed | None:
    claim = uuid4().hex
    files = _taken(database, run_id, claim, silent_since)
    if files is None:
        return None
    gone = {STRUCTURES: 0, FILES: 0}
    try:
        for name, field in ((STRUCTURES, "run_id"), (FILES, "metadata.run_id")):
            for ids in _ids(database, name, {field: run_id}):
                _delete(database, run_id, claim, name, {"_id": {"$in": ids}})
                gone[name] += len(ids)
                if name == FILES:
                    files += ids
        for file_id in dict.fromkeys(files):
            for ids in _ids(database, CHUNKS, {"files_id": file_id}):
                _delete(database, run_id, claim, CHUNKS, {"_id": {"$in": ids}})
    except _TakenOverError:
        return Removed(run_id, gone[STRUCTURES], gone[FILES], True)
    ours = {"_id": run_id, "state": REMOVING, CLAIM_ID: claim}
    last = patiently(lambda: database[RUNS].delete_one(ours)).deleted_count
    return Removed(run_id, gone[STRUCTURES], gone[FILES], not last)


def _taken(
    database: Database[Document], run_id: str, claim: str, silent_since: datetime | None
) -> list[Any] | None:
    """Put the run's document to `removing`; returns the ids of the files that it names.

    None if it is a merge that was heard of after `silent_since`.
    """
    runs = database[RUNS]
    told = {"state": REMOVING, CLAIM: {"id": claim, "seen": datetime.now(UTC)}}
    mine: Document = {"_id": run_id, "schema": SCHEMA}
    if silent_since is not None:
        mine |= {"state": MERGING, CLAIM_SEEN: {"$lt": silent_since}}
    found = patiently(lambda: runs.find_one_and_update(mine, {"$set": told}))
    if found is not None:
        return [each["file_id"] for each in found["files"]]
    if silent_since is not None:
        return None
    prepare(database)
    try:
        patiently(lambda: runs.insert_one({**_nothing_told(run_id), **told}))
    except DuplicateKeyError:
        raise MongoRefusedError(
            f"run {run_id} has another schema in the database, or was just merged again"
        ) from None
    return []


def _nothing_told(run_id: str) -> Document:
    """The document of a run of which only structures or files are left."""
    return {
        "_id": run_id,
        "schema": SCHEMA,
        "run_id": run_id,
        "project_id": "",
        "title": "",
        TIMESTAMP: datetime.now(UTC),
        "permutations": Int64(0),
        "survivors": Int64(0),
        "ranked_sha256": "0" * 64,
        "documents_sha256": None,
        "figures": {},
        "tiers": {},
        "columns": [],
        "files": [],
    }


def _ids(database: Database[Document], name: str, wanted: Document) -> Iterator[list[Any]]:
    """Ids of documents, some at a time, until there are none."""
    while ids := patiently(
        lambda: [each["_id"] for each in database[name].find(wanted, {"_id": 1}).limit(_AT_ONCE)]
    ):
        yield ids


def _delete(
    database: Database[Document], run_id: str, claim: str, name: str, wanted: Document
) -> None:
    """Delete documents if the run is under the claim. Raises _TakenOverError."""
    ours = {"_id": run_id, "state": REMOVING, CLAIM_ID: claim}
    seen = {"$set": {CLAIM_SEEN: datetime.now(UTC)}}

    def both(session: ClientSession) -> None:
        # Writing to it makes this transaction and another claim of the run exclude each other.
        if not database[RUNS].update_one(ours, seen, session=session).matched_count:
            raise _TakenOverError
        database[name].delete_many(wanted, session=session)

    with database.client.start_session() as session:
        session.with_transaction(both)
