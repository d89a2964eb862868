"""How far a run is in a database, and whether all of it is there; reads only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from pipeline.storage.manifest import UnreadableDocumentError
from pipeline.storage.mongo_address import mongo_address
from pipeline.storage.mongo_connect import mongo_database, patiently
from pipeline.storage.mongo_documents import SCHEMA
from pipeline.storage.mongo_files import kept_file
from pipeline.storage.mongo_schema import CLAIM, COMPLETE, RUNS, STRUCTURES
from pipeline.storage.mongo_structures import stored_digest
from pipeline.storage.results import NoSuchRunError

_STRUCTURES: Final = "structures are"


@dataclass(frozen=True)
class MongoState:
    """A run in a database. `changed`: what is not as it was written, of a complete run only;
    `heard_of`: when its merge or removal last was, UTC."""

    run_id: str
    address: str
    state: str
    title: str
    survivors: int
    structures: int
    heard_of: str | None
    changed: tuple[str, ...]


def mongo_state(uri: str, run_id: str) -> MongoState:
    """State of a run. Raises NoSuchRunError, UnreadableDocumentError, MongoUnreachableError,
    MongoRefusedError."""
    address = mongo_address(uri)
    with mongo_database(address) as database:
        run = patiently(lambda: database[RUNS].find_one({"_id": {"$eq": run_id}}))
        if run is None:
            raise NoSuchRunError(f"there is no run {run_id!r} in {address.shown}")
        if run["schema"] != SCHEMA:
            raise UnreadableDocumentError(
                f"the document of run {run_id} has schema {run['schema']}, this version reads "
                f"{SCHEMA}"
            )
        there = patiently(lambda: database[STRUCTURES].count_documents({"run_id": run["_id"]}))
        changed = []
        if run["state"] == COMPLETE:
            for told in run["files"]:
                try:
                    patiently(partial(kept_file, database, told))
                except UnreadableDocumentError:
                    changed.append(f"{told['path']} is")
            digest = patiently(lambda: stored_digest(database[STRUCTURES], run["_id"]))
            changed += [] if digest == run["documents_sha256"] else [_STRUCTURES]
    claim = run.get(CLAIM)
    return MongoState(
        run_id=run["_id"],
        address=address.shown,
        state=run["state"],
        title=run["title"],
        survivors=int(run["survivors"]),
        structures=there,
        heard_of=claim["seen"].isoformat(timespec="seconds") if claim else None,
        changed=tuple(changed),
    )
