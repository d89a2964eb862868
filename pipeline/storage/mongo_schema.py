"""The collections of a results database: their validators and indexes, made when they are missing.

`runs` has a document a run, `structures` a document a surviving structure, `fs.files` and
`fs.chunks` (GridFS) the files of the runs. A validator refuses what this program did not write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pymongo
from pymongo.database import Database
from pymongo.errors import CollectionInvalid, OperationFailure

from kernels.codes import RATING_NAMES, TIER_NAMES
from pipeline.storage.mongo_connect import Document, MongoRefusedError
from pipeline.storage.mongo_documents import (
    DAY_ONE_VALUE,
    KPIS,
    SCENARIOS,
    SCHEMA,
    STATUS,
)

RUNS: Final = "runs"
STRUCTURES: Final = "structures"
FILES: Final = "fs.files"
CHUNKS: Final = "fs.chunks"
MERGING: Final = "merging"
COMPLETE: Final = "complete"
REMOVING: Final = "removing"
TIMESTAMP: Final = "timestamp"
# Of a run being merged or removed: whose work on it counts, and when that was last heard of. A
# complete run has none.
CLAIM: Final = "claim"
CLAIM_ID: Final = "claim.id"
CLAIM_SEEN: Final = "claim.seen"
# Of runs that tell them: who made it first and for which desk, and the names of its books.
TOLD: Final = ("owner", "desk", "market", "rulebook")

_EXISTS: Final = 48
_TITLE: Final = "Atlas Forge"
# Bounds that every finite figure keeps, and no infinity or NaN (less than all in MongoDB's order).
_LEAST_NUMBER: Final = -1.7976931348623157e308
_TEXT: Final = {"bsonType": "string"}
_LONG: Final = {"bsonType": "long"}
_SHA256: Final = {"bsonType": "string", "pattern": "^[0-9a-f]{64}$"}
_VERSION: Final = {"bsonType": "long", "enum": [SCHEMA]}

_RUN: Final[dict[str, Any]] = {
    "_id": _TEXT,
    "schema": _VERSION,
    "run_id": _TEXT,
    "project_id": _TEXT,
    "title": _TEXT,
    TIMESTAMP: {"bsonType": "date"},
    "state": {"bsonType": "string", "enum": [MERGING, COMPLETE, REMOVING]},
    "permutations": _LONG,
    "survivors": _LONG,
    "ranked_sha256": _SHA256,
    "documents_sha256": {"bsonType": ["string", "null"]},
    "figures": {"bsonType": "object"},
    "tiers": {"bsonType": "object"},
    "columns": {"bsonType": "array", "items": {"bsonType": "object"}},
    "files": {"bsonType": "array", "items": {"bsonType": "object"}},
}
_CLAIM: Final[dict[str, Any]] = {
    "bsonType": "object",
    "required": ["id", "seen"],
    "properties": {"id": _TEXT, "seen": {"bsonType": "date"}},
}
# What every version's structures have; what else there is follows the column dictionary and the
# run's levers, so that two versions can share a database.
_NUMBER: Final = {
    "bsonType": ["double", "null"],
    "minimum": _LEAST_NUMBER,
    "maximum": -_LEAST_NUMBER,
}
_STRUCTURE: Final[dict[str, Any]] = {
    "_id": _TEXT,
    "schema": _VERSION,
    "run_id": _TEXT,
    "project_id": _TEXT,
    "permutation_id": {"bsonType": "long", "minimum": 0},
    "rank": {"bsonType": "long", "minimum": 1},
    "viability_tier": {"bsonType": "string", "enum": list(TIER_NAMES)},
    DAY_ONE_VALUE: _NUMBER,
    "senior_rating": {"enum": [*RATING_NAMES, None]},
    **dict.fromkeys(KPIS, _NUMBER),
    STATUS: {"bsonType": "object"},
    SCENARIOS: {"bsonType": "object"},
}
_FILE: Final[dict[str, Any]] = {
    "filename": _TEXT,
    "length": _LONG,
    "metadata": {
        "bsonType": "object",
        "required": ["schema", "run_id", "path", "sha256"],
        "properties": {"schema": _VERSION, "run_id": _TEXT, "path": _TEXT, "sha256": _SHA256},
    },
}


def prepare(database: Database[Document]) -> None:
    """Make what is missing; a database that a newer version made is refused, an older one updated.

    Who may write a prepared database need not be allowed to make collections, validators and
    indexes. Raises MongoRefusedError, PyMongoError.
    """
    found = _found(database)
    for name, rule in _RULES.items():
        if name not in found:
            _create(database, name, rule)
        elif rule is not None and found[name] != rule:
            _update(database, name, found[name], rule)
    for name, keys, unique in _missing_indexes(database):
        database[name].create_index(keys, unique=unique)


def unprepared(database: Database[Document]) -> list[str]:
    """What `prepare` would make. Raises MongoRefusedError for a newer schema, PyMongoError."""
    found = _found(database)
    missing = []
    for name, rule in _RULES.items():
        if name not in found:
            missing.append(f"collection {name}")
        elif rule is not None and found[name] != rule:
            _check_version(name, found[name])
            missing.append(f"validator of {name}")
    indexes = _missing_indexes(database)
    return [*missing, *[f"index {', '.join(each for each, _ in keys)} of {name}"
                        for name, keys, _ in indexes]]  # fmt: skip


def _found(database: Database[Document]) -> dict[str, dict[str, Any]]:
    """Validators by collection."""
    return {
        each["name"]: each.get("options", {}).get("validator") or {}
        for each in database.list_collections()
    }


def _missing_indexes(database: Database[Document]) -> list[Index]:
    there = {name: database[name].index_information().values() for name in _RULES}
    return [
        (name, keys, unique)
        for name, keys, unique in INDEXES
        if not any(
            index["key"] == keys and index.get("unique", False) == unique for index in there[name]
        )
    ]


Index = tuple[str, list[tuple[str, int]], bool]
# (collection, keys, unique). The first of `runs` and the first two of `structures` are those the
# sources ask for, the third of these reads a run best first, the last two are GridFS's own.
INDEXES: Final[tuple[Index, ...]] = (
    (RUNS, [("project_id", pymongo.ASCENDING), (TIMESTAMP, pymongo.DESCENDING)], False),
    (RUNS, [("desk", pymongo.ASCENDING), (TIMESTAMP, pymongo.DESCENDING)], False),
    (STRUCTURES, [("viability_tier", pymongo.ASCENDING), (DAY_ONE_VALUE, pymongo.DESCENDING)],
     False),
    (STRUCTURES, [("run_id", pymongo.ASCENDING), ("permutation_id", pymongo.ASCENDING)], True),
    (STRUCTURES, [("run_id", pymongo.ASCENDING), ("rank", pymongo.ASCENDING)], False),
    (FILES, [("filename", pymongo.ASCENDING), ("uploadDate", pymongo.ASCENDING)], False),
    (CHUNKS, [("files_id", pymongo.ASCENDING), ("n", pymongo.ASCENDING)], True),
)  # fmt: skip


def validator(
    name: str, properties: dict[str, Any], what: str, optional: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The validator of a collection; every field named in it is required but the `optional`."""
    return {
        "$jsonSchema": {
            "title": f"{_TITLE} {name} {SCHEMA}",
            "description": f"{_TITLE}: {what}",
            "bsonType": "object",
            "required": list(properties),
            "properties": {**properties, **(optional or {})},
        }
    }


def _create(database: Database[Document], name: str, rule: dict[str, Any] | None) -> None:
    try:
        options: dict[str, Any] = {"validator": rule} if rule else {}
        database.create_collection(name, **options)
    except CollectionInvalid:
        pass  # made by another run since we looked, with the same rule
    except OperationFailure as error:
        if error.code != _EXISTS:
            raise


def _update(
    database: Database[Document], name: str, found: dict[str, Any], rule: dict[str, Any]
) -> None:
    _check_version(name, found)
    database.command("collMod", name, validator=rule, validationLevel="strict")


def _check_version(name: str, found: dict[str, Any]) -> None:
    title = str(found.get("$jsonSchema", {}).get("title", ""))
    version = title.removeprefix(f"{_TITLE} {name} ")
    if version.isdigit() and int(version) > SCHEMA:
        raise MongoRefusedError(
            f"collection {name} has schema {version}, this version writes {SCHEMA}"
        )


_RULES: Final[dict[str, dict[str, Any] | None]] = {
    RUNS: validator(RUNS, _RUN, "runs", {**dict.fromkeys(TOLD, _TEXT), CLAIM: _CLAIM}),
    STRUCTURES: validator(STRUCTURES, _STRUCTURE, "surviving structures"),
    FILES: validator(FILES, _FILE, "files of the runs"),
    CHUNKS: None,
}
