"""Does the next merge of a complete run see and mend what was changed in it meanwhile?"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymongo.database
import pytest
from bson import ObjectId
from bson.int64 import Int64

from pipeline.storage.mongo_merge import merge_run
from tests.services.mongod import Mongod, stored

Database = pymongo.database.Database[dict[str, Any]]


@pytest.fixture(scope="module")
def tampered(mongod: Mongod, finished: Path) -> str:
    """A database with the run in it, for one test after the other to change and put right."""
    merge_run(finished, mongod.uri("tampered"))
    return "tampered"


def _structures_deleted(database: Database) -> None:
    assert database.structures.delete_many({"rank": {"$gt": 100, "$lte": 400}}).deleted_count


def _figure_changed(database: Database) -> None:
    assert database.structures.update_one({"rank": 7}, {"$set": {"wacc": 1.0}}).modified_count


def _structures_swapped(database: Database) -> None:
    first, second = database.structures.find({"rank": {"$in": [7, 8]}}).to_list()
    changed = {name: first[name] for name in ("rank", "permutation_id")}
    database.structures.delete_one({"_id": second["_id"]})
    database.structures.replace_one(
        {"_id": first["_id"]}, {**second, **changed, "_id": first["_id"]}
    )


def _slipped_in(database: Database, **fields: Any) -> None:
    stranger = database.structures.find_one({"rank": 8})
    assert stranger is not None
    database.structures.insert_one({**stranger, "_id": "another", **fields})


def _beyond_the_last(database: Database) -> None:
    _slipped_in(database, permutation_id=Int64(10**14), rank=Int64(10**9))


def _at_a_rank(database: Database) -> None:
    _slipped_in(database, permutation_id=Int64(10**14))


def _in_the_place_of_another(database: Database) -> None:
    database.structures.delete_one({"rank": 8})
    stranger = database.structures.find_one({"rank": 9})
    assert stranger is not None
    database.structures.delete_one({"rank": 9})
    database.structures.insert_one({**stranger, "_id": "another"})


def _file_deleted(database: Database) -> None:
    found = database["fs.files"].delete_one({"metadata.path": "summary.json"})
    assert found.deleted_count


def _file_changed(database: Database) -> None:
    file = database["fs.files"].find_one({"metadata.path": "plan.json"})
    assert file is not None
    chunk = database["fs.chunks"].find_one({"files_id": file["_id"]})
    assert chunk is not None
    data = chunk["data"][:-3] + b"xyz"
    database["fs.chunks"].update_one({"_id": chunk["_id"]}, {"$set": {"data": data}})


def _file_slipped_in(database: Database) -> None:
    file = database["fs.files"].find_one({"metadata.path": "plan.json"})
    assert file is not None
    database["fs.files"].insert_one({**file, "_id": ObjectId()})


def _chunk_slipped_in(database: Database) -> None:
    chunk = database["fs.chunks"].find_one({})
    assert chunk is not None
    database["fs.chunks"].insert_one({**chunk, "_id": ObjectId(), "n": 1})


def _run_changed(database: Database) -> None:
    changed = {"title": "Another", "figures.best_wacc": 1.0}
    assert database.runs.update_one({}, {"$set": changed}).modified_count


TAMPERED: dict[str, Callable[[Database], None]] = {
    "300 structures are deleted": _structures_deleted,
    "a figure is changed": _figure_changed,
    "two structures are swapped": _structures_swapped,
    "a structure is slipped in behind the last rank": _beyond_the_last,
    "a structure is slipped in at the rank of another": _at_a_rank,
    "a structure stands under another's number": _in_the_place_of_another,
    "a file is deleted": _file_deleted,
    "a file is changed": _file_changed,
    "a file is slipped in": _file_slipped_in,
    "a piece of a file is slipped in": _chunk_slipped_in,
    "title and figures of the run are changed": _run_changed,
}

SAMPLE = ("300 structures are deleted", "a structure is slipped in at the rank of another",
          "a file is changed")  # fmt: skip


@pytest.mark.fault("MongoDB", "{told}, in a run that is complete")
@pytest.mark.parametrize(
    "told",
    [pytest.param(told, marks=[] if told in SAMPLE else [pytest.mark.full]) for told in TAMPERED],
)
def test_what_was_deleted_changed_or_slipped_in_is_put_right(
    mongod: Mongod,
    finished: Path,
    undisturbed: dict[str, list[bytes]],
    tampered: str,
    told: str,
    came_of_it: Callable[[str], None],
) -> None:
    with mongod.client() as client:
        TAMPERED[told](client[tampered])
    assert stored(mongod, tampered) != undisturbed
    assert not merge_run(finished, mongod.uri(tampered)).already
    assert stored(mongod, tampered) == undisturbed
    assert merge_run(finished, mongod.uri(tampered)).already
    came_of_it("seen by the next merge of the run, and put right")
