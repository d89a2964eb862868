"""MongoDB: a run's way into a real server on this machine, and questions to it there.

The server is a replica set of one with its journal on; each write is confirmed by a majority, as
in production, but no network is between. Needs mongod of the development environment.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from benchmarks.blocks import PROJECTS
from benchmarks.commands import optimal, said
from benchmarks.machine import Row, best_of
from benchmarks.rows import GROUPS
from benchmarks.steps import WHERE, best_where
from pipeline.storage.mongo_address import mongo_address
from pipeline.storage.mongo_connect import mongo_database
from pipeline.storage.mongo_files import keep_file, kept_file, told_of
from pipeline.storage.mongo_merge import merge_run
from pipeline.storage.mongo_results import MongoResults
from pipeline.storage.mongo_schema import STRUCTURES
from tests.services.mongod import Mongod

BEST_OF = 3
_FILE_MB = 64


def measure() -> Iterator[Row]:
    """Every row of the group, or each as not measured where no mongod is."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        try:
            server = Mongod(folder / "data")
        except pytest.skip.Exception as reason:
            for what, unit in GROUPS["MongoDB"].items():
                yield Row(what, float("nan"), unit, note=str(reason))
            return
        try:
            yield from _measured(server, folder)
        finally:
            server.stop()


def _measured(server: Mongod, folder: Path) -> Iterator[Row]:
    out = folder / "runs"
    project = str(PROJECTS / "large.yaml")
    run = json.loads(said("run", project, "--direct", "--no-pack", "--out", str(out), "--json"))
    run_id = run["run_id"]
    best = float("inf")
    for number in range(BEST_OF):
        with server.client() as client:  # what earlier ones wrote would fill the disk
            client.drop_database(f"bench_{number - 1}")
        best = min(best, merge_run(out / run_id, server.uri(f"bench_{number}")).seconds)
    rows = run["survivors"]
    yield Row(
        "structures merged into MongoDB", rows / best, "documents/s",
        note=f"{rows:,} documents, written, confirmed by a majority and read back",
    )  # fmt: skip
    uri = server.uri(f"bench_{BEST_OF - 1}")
    address = mongo_address(uri)
    with mongo_database(address) as database:
        yield _written(database)
        yield _file(database, run_id, folder)
        yield _timed("structures counted by tier", lambda: _by_tier(database, run_id), "one run")
        yield _timed("all structures scanned by the server", lambda: _scanned(database), "no index")
    results = MongoResults(uri)
    number = optimal(run)
    yield _timed(
        "a structure by its number", lambda: results.row(run_id, number), "connection included"
    )
    yield _timed("ten best of a run in MongoDB", lambda: best_where(run_id, mongo=uri), WHERE)
    seconds = best_of(1, lambda: _all(results, run_id))
    yield Row("all structures of a run read", seconds, "s", note=f"{rows:,} rows, every column")


def _timed(what: str, work: Callable[[], object], note: str) -> Row:
    work()
    return Row(what, 1_000 * best_of(2 * BEST_OF, work), "ms", note=note)


def _written(database: Database[dict[str, Any]]) -> Row:
    document = database[STRUCTURES].find_one({}, {"_id": 0})
    assert document is not None
    # a collection without the run's rules: the same document again would break them
    into = database["bench"]
    numbers = iter(range(1_000))
    return _timed(
        "a document written, confirmed by a majority",
        lambda: into.insert_one({"_id": next(numbers), **document}),
        "a structure, acknowledged from the journal",
    )


def _file(database: Database[dict[str, Any]], run_id: str, folder: Path) -> Row:
    (folder / "large.bin").write_bytes(os.urandom(_FILE_MB * 1_000_000))
    told = told_of(folder, run_id, "large.bin")
    began = time.perf_counter()
    keep_file(database, run_id, datetime.now(UTC), folder / "large.bin", told)
    seconds = time.perf_counter() - began
    kept_file(database, told)  # raises unless the same bytes come back
    note = f"{_FILE_MB} MB of random bytes, each piece confirmed by a majority"
    return Row("a file written to GridFS", _FILE_MB / seconds, "MB/s", note=note)


def _by_tier(database: Database[dict[str, Any]], run_id: str) -> list[dict[str, Any]]:
    steps = [
        {"$match": {"run_id": run_id}},
        {"$group": {"_id": "$viability_tier", "structures": {"$sum": 1}}},
    ]
    return list(database[STRUCTURES].aggregate(steps))


def _scanned(database: Database[dict[str, Any]]) -> int:
    return database[STRUCTURES].count_documents({"equity_irr": {"$gt": 0}})


def _all(results: MongoResults, run_id: str) -> int:
    source = results.rows(run_id)
    return sum(table.num_rows for table in source.pieces(source.schema.names, 10_000))
