"""Results of runs, read from MongoDB: what a run folder answers, the same way.

Only complete runs are there for a reader. What is looked for is always a value in a query, never a
field or an operator.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

import numpy as np
import pyarrow as pa
from pymongo import DESCENDING, MongoClient
from pymongo.collection import Collection
from pymongo.database import Database

from pipeline.storage.checkpoints import PRUNING, part_path
from pipeline.storage.conditions import Condition, Order
from pipeline.storage.manifest import (
    MANIFEST_PATH,
    SCHEMA,
    UnreadableDocumentError,
    json_bytes,
    json_document,
)
from pipeline.storage.mongo_address import mongo_address
from pipeline.storage.mongo_conditions import sorting, true_where
from pipeline.storage.mongo_connect import Document, connected, in_our_words, patiently
from pipeline.storage.mongo_documents import (
    StoredColumn,
    columns_of,
    structure_id,
    table_of,
)
from pipeline.storage.mongo_files import kept_file
from pipeline.storage.mongo_schema import COMPLETE, REMOVING, RUNS, STRUCTURES, TIMESTAMP, TOLD
from pipeline.storage.plan import PLAN_PATH, plan_of
from pipeline.storage.results import (
    FINISHED,
    RANKED_PATH,
    SUMMARY_PATH,
    NoSuchRunError,
    Rows,
    RunLine,
)
from pipeline.storage.rows import PlaceArray, RowSource

# Ranks read at a time: 28 MB of whole documents.
_GROUP: Final = 5_000
_LISTED: Final = ("schema", "run_id", "state", TIMESTAMP, "permutations", "title", *TOLD)


class MongoResults:
    """Runs of one database, over one connection. Raises also MongoUnreachableError and
    MongoRefusedError."""

    def __init__(self, uri: str, everything: bool = False) -> None:
        self._address = mongo_address(uri)
        self._client: MongoClient[Document] | None = None
        self._everything = everything
        self._runs: dict[str, Document] = {}
        self.where = self._address.shown

    @contextmanager
    def database(self) -> Iterator[Database[Document]]:
        """The database, connected on first use."""
        with in_our_words(self._address):
            if self._client is None:
                self._client = connected(self._address)
                weakref.finalize(self, self._client.close)
            yield self._client[self._address.database]

    def listed(self, on_problem: Callable[[str], None]) -> list[RunLine]:
        """Complete runs; those that are being merged too where everything was asked for."""
        wanted = {} if self._everything else {"state": COMPLETE}
        with self.database() as database:
            order = [(TIMESTAMP, DESCENDING), ("_id", DESCENDING)]
            found = database[RUNS].find(wanted, dict.fromkeys(_LISTED, 1)).sort(order).to_list()
        lines = []
        for run in found:
            try:
                lines.append(_line(run))
            except (KeyError, AttributeError, UnreadableDocumentError) as error:
                on_problem(f"{run['_id']}: its document cannot be read: {error}")
        return lines

    def runs(self) -> list[str]:
        """Ids of the complete runs, newest first."""
        return [line.run_id for line in self.listed(_nobody)]

    def manifest(self, run_id: str) -> dict[str, Any]:
        """manifest.json as it was when the run was merged."""
        return self._json(run_id, MANIFEST_PATH)

    def plan(self, run_id: str) -> dict[str, Any]:
        """plan.json of a run."""
        return self._json(run_id, PLAN_PATH)

    def summary(self, run_id: str) -> dict[str, Any]:
        """summary.json of a run."""
        return self._json(run_id, SUMMARY_PATH)

    def files(self, run_id: str) -> dict[str, str]:
        """What the run's document names."""
        return {each["path"]: each["sha256"] for each in self._run(run_id)["files"]}

    def file(self, run_id: str, path: str) -> bytes:
        """A file of a run, such as reports/summary.pdf. Raises NoSuchRunError, FileNotFoundError,
        UnreadableDocumentError."""
        told = next((each for each in self._run(run_id)["files"] if each["path"] == path), None)
        if told is None:
            raise FileNotFoundError(f"run {run_id} has no {path} in {self.where}")
        with self.database() as database:
            return patiently(lambda: kept_file(database, told))

    def rows(self, run_id: str) -> RowSource:
        """The structures of a run."""
        run = self._run(run_id)
        return MongoRows(self, run_id, int(run["survivors"]), columns_of(run))

    def row(
        self, run_id: str, permutation_id: int, partition: int | None = None
    ) -> tuple[str, dict[str, Any]] | None:
        """A structure of a run; for one that a gate rejected, the part that has its verdict."""
        columns = columns_of(self._run(run_id))
        with self.database() as database:
            wanted = {"_id": structure_id(run_id, permutation_id)}
            found = patiently(lambda: database[STRUCTURES].find_one(wanted))
        if found is not None:
            return RANKED_PATH, cast(Rows, table_of([found], columns).to_pylist())[0]
        if partition is None:
            partition = plan_of(json_bytes(self.plan(run_id))).partition_of(permutation_id)
        return None if partition is None else (part_path(PRUNING, partition), {})

    def top(self, run_id: str, rows: int) -> Rows:
        """The best structures of a run."""
        source = self.rows(run_id)
        tables = []
        for table in source.pieces(source.schema.names, min(rows, _GROUP)):
            tables.append(table)
            if sum(each.num_rows for each in tables) >= rows:
                break
        return cast(Rows, pa.concat_tables(tables)[:rows].to_pylist()) if tables else []

    def _run(self, run_id: str) -> Document:
        """The document of a complete run, read once."""
        if run_id not in self._runs:
            with self.database() as database:
                # a value even where it looks like an operator
                found = patiently(lambda: database[RUNS].find_one({"_id": {"$eq": run_id}}))
            if found is None:
                raise NoSuchRunError(f"there is no run {run_id!r} in {self.where}")
            _checked(found)
            if found["state"] == REMOVING:
                raise NoSuchRunError(f"run {run_id} is being removed from {self.where}")
            if found["state"] != COMPLETE:
                raise NoSuchRunError(
                    f"run {run_id} is not complete in {self.where}: a merge is under way, or was "
                    "interrupted and `resume --mongo` finishes it"
                )
            self._runs[run_id] = found
        return self._runs[run_id]

    def _json(self, run_id: str, path: str) -> dict[str, Any]:
        try:
            return json_document(self.file(run_id, path), path)
        except FileNotFoundError as error:
            raise UnreadableDocumentError(str(error)) from error


class MongoRows:
    """The structures of a run in rank order. Reading raises UnreadableDocumentError where some are
    missing or were changed."""

    def __init__(
        self, results: MongoResults, run_id: str, rows: int, columns: Sequence[StoredColumn]
    ) -> None:
        self._results = results
        self._run_id = run_id
        self._columns = {column.name: column for column in columns}
        self._paths = {column.name: column.path for column in columns}
        self.schema = pa.schema([column.field() for column in columns])
        self.sizes = [min(_GROUP, rows - start) for start in range(0, rows, _GROUP)]

    def group(self, number: int, columns: Sequence[str]) -> pa.Table:
        """The structures of a span of ranks."""
        first = number * _GROUP + 1
        return self._span(first, first + self.sizes[number], columns)

    def taken(self, number: int, columns: Sequence[str], rows: PlaceArray) -> pa.Table:
        """Structures of a span of ranks by their places in it."""
        ranks = [number * _GROUP + 1 + int(place) for place in rows]
        return self._found({"$in": ranks}, len(ranks), columns)

    def pieces(self, columns: Sequence[str], at_once: int) -> Iterator[pa.Table]:
        """Spans of ranks, one after the other."""
        rows, step = sum(self.sizes), min(at_once, _GROUP)
        for first in range(1, rows + 1, step):
            yield self._span(first, min(first + step, rows + 1), columns)

    def searched(self, condition: Condition) -> PlaceArray | None:
        """The server tests; the places of what matches are sent."""
        wanted, ranks = self._asked(condition), {"rank": 1, "_id": 0}
        return self._places(lambda structures: structures.find(wanted, ranks).sort("rank"))

    def ordered(
        self, condition: Condition | None, orders: Sequence[Order], most: int
    ) -> PlaceArray | None:
        """The server sorts; the places of the first are sent."""
        stages = [
            {"$match": self._asked(condition)},
            *sorting(orders, self._paths),
            {"$limit": most},
        ]
        return self._places(lambda structures: structures.aggregate(stages))

    def _asked(self, condition: Condition | None) -> dict[str, Any]:
        run = {"run_id": self._run_id}
        return run if condition is None else {**run, "$and": [true_where(condition, self._paths)]}

    def _places(
        self, ask: Callable[[Collection[Document]], Iterable[Mapping[str, Any]]]
    ) -> PlaceArray:
        """Places of the structures that are answered with their ranks."""
        with self._results.database() as database:
            ranks = patiently(lambda: [each["rank"] for each in ask(database[STRUCTURES])])
        return np.array(ranks, np.int64) - 1

    def _span(self, first: int, end: int, columns: Sequence[str]) -> pa.Table:
        return self._found({"$gte": first, "$lt": end}, end - first, columns)

    def _found(self, ranks: Mapping[str, Any], expected: int, names: Sequence[str]) -> pa.Table:
        columns = [self._columns[name] for name in names]
        wanted = {"run_id": self._run_id, "rank": ranks}
        fields = {column.path: 1 for column in columns} or {"rank": 1}
        with self._results.database() as database:
            structures: Collection[Document] = database[STRUCTURES]
            documents = patiently(
                lambda: structures.find(wanted, {**fields, "_id": 0}).sort("rank", 1).to_list()
            )
        if len(documents) != expected:
            raise UnreadableDocumentError(
                f"run {self._run_id} has {len(documents)} of {expected} structures of "
                f"ranks {ranks} in {self._results.where}; merging it again restores them"
            )
        return table_of(documents, columns)


def _line(run: Document) -> RunLine:
    _checked(run)
    made = run[TIMESTAMP].isoformat(timespec="milliseconds").replace("+00:00", "Z")
    state = FINISHED if run["state"] == COMPLETE else run["state"]
    told = {name: run.get(name, "") for name in TOLD}
    return RunLine(run["run_id"], state, made, int(run["permutations"]), run["title"], **told)


def _checked(run: Document) -> None:
    if run.get("schema") != SCHEMA:
        raise UnreadableDocumentError(
            f"the document of run {run['_id']} has schema {run.get('schema')}, this version reads "
            f"{SCHEMA}"
        )


def _nobody(_: str) -> None:
    """Problems of single runs that nobody asked for."""
