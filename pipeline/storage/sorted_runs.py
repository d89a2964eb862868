"""Rows sorted outside memory: sorted runs on disk, and the order of all runs by their keys alone.

A row has some 250 columns, what it is sorted by five. Rows are gathered until they fill a part of
the memory that is allowed, sorted, and written as one run; their keys go into a table that DuckDB
sorts (it spills to disk beyond its limit). The keys in order say which run the next row comes from,
so that every row is read once more and none is compared again. (DuckDB, given whole rows, needed
more than a limit of 256 MB for 220,000 of them, and failed.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.storage.store import named

# Rows of a run that are read at once: each run holds so many while all runs are merged. Fewer in a
# large merge, so that all runs together hold an eighth of the memory; very few would cost more in
# headers than in rows.
_BATCH_ROWS: Final = (32, 256)
_PLACE: Final = ("run", "place")

Key = tuple[str, str]


class SortedRuns:
    """Takes `rows` rows in any order and gives them back sorted, with about `memory_mb` in use.

    `keys` are column and direction (ASC or DESC), nulls last in either. Files go into `scratch`,
    which the caller removes. Each run is an open file while they are merged: at 256 MB that is
    enough for some fifteen million rows. Its methods raise OSError.
    """

    def __init__(
        self, schema: pa.Schema, keys: Sequence[Key], scratch: Path, memory_mb: int, rows: int
    ) -> None:
        self._schema = schema
        self._keys = keys
        self._scratch = scratch
        self._rows = rows
        self._run_bytes = memory_mb * 2**20 // 8
        self._waiting: list[pa.Table] = []
        self._waiting_bytes = 0
        self._files: list[Path] = []
        self._connection = duckdb.connect(
            config={
                # What it holds grows with the keys up to this limit; a sort beyond it costs a
                # tenth more time at the most (measured, 2.2 million keys).
                "memory_limit": f"{max(32, memory_mb // 8)}MB",
                "temp_directory": str(scratch / "keys"),
                "preserve_insertion_order": False,
            }
        )

    def add(self, table: pa.Table) -> None:
        """Take in some rows."""
        self._waiting.append(table)
        self._waiting_bytes += table.nbytes
        if self._waiting_bytes >= self._run_bytes:
            path = self._scratch / f"run-{len(self._files)}.arrow"
            run = self._next_run()
            with (
                named(path),
                pa.OSFile(str(path), "wb") as file,
                pa.ipc.new_stream(file, self._schema) as out,
            ):
                out.write_table(run, max_chunksize=self._batch_rows(run))
            self._files.append(path)

    def in_order(self, rows: int) -> Iterator[pa.Table]:
        """All rows in tables of exactly `rows`, but the last; in one chunk each."""
        cursors = [_Cursor(_batches(path)) for path in self._files]
        if self._waiting:
            # The last run is small, or the only one: it need not go through the disk.
            cursors.append(_Cursor(iter(self._next_run().to_batches(_BATCH_ROWS[-1]))))
        for runs in self._order(rows) if cursors else ():
            # Rows come grouped by run, in each run's own order, and are put where they belong.
            grouped = np.argsort(runs, kind="stable")
            counts = np.bincount(runs, minlength=len(cursors))
            batches: list[pa.RecordBatch] = []
            for cursor, count in zip(cursors, counts.tolist(), strict=True):
                batches += cursor.take(count)
            order = np.empty_like(grouped)
            order[grouped] = np.arange(len(grouped))
            table = pa.Table.from_batches(batches, schema=self._schema)
            batches.clear()
            table = table.take(pa.array(order)).combine_chunks()
            yield table
            del table  # the next one is made without this one beside it

    def close(self) -> None:
        """Let go of the keys. What was written to `scratch` stays there."""
        self._connection.close()

    def _batch_rows(self, run: pa.Table) -> int:
        """Rows of a run that are read at once: an eighth of the memory, shared by all runs."""
        runs = -(-self._rows // run.num_rows)
        least, most = _BATCH_ROWS
        fitting: int = self._run_bytes // runs * run.num_rows // run.nbytes
        return min(most, max(least, fitting))

    def _next_run(self) -> pa.Table:
        """The rows that wait, sorted; their keys are handed on."""
        table = pa.concat_tables(self._waiting)
        self._waiting, self._waiting_bytes = [], 0
        directions = {"ASC": "ascending", "DESC": "descending"}
        # Arrow puts nulls last, whatever the direction.
        order = pc.sort_indices(
            table,
            sort_keys=[(name, directions[direction]) for name, direction in self._keys],
        )
        table = table.take(order)
        number = len(self._files)
        places = [np.full(table.num_rows, number), np.arange(table.num_rows)]
        keys = table.select([name for name, _ in self._keys])
        for name, values in zip(_PLACE, places, strict=True):
            keys = keys.append_column(name, pa.array(values, pa.int32()))
        self._connection.register("of_run", keys)
        try:
            if number == 0:
                self._connection.execute("CREATE TABLE keys AS SELECT * FROM of_run")
            else:
                self._connection.execute("INSERT INTO keys SELECT * FROM of_run")
        except duckdb.Error as error:
            raise _failed(error) from error
        self._connection.unregister("of_run")
        return table

    def _order(self, rows: int) -> Iterator[npt.NDArray[np.int32]]:
        """The run that each row comes from, in the order of all, up to `rows` at a time."""
        order = ", ".join(f'"{name}" {direction} NULLS LAST' for name, direction in self._keys)
        following: npt.NDArray[np.int64] = np.zeros(len(self._files) + 1, dtype=np.int64)
        try:
            # Columns and directions are constants of this package, no text from outside.
            query = self._connection.sql(f"SELECT run, place FROM keys ORDER BY {order}")  # noqa: S608
            reader = query.to_arrow_reader(rows)
            for table in _cut(reader, rows):
                runs = table["run"].to_numpy()
                _check(runs, table["place"].to_numpy(), following)
                yield runs
        except duckdb.Error as error:
            raise _failed(error) from error


class _Cursor:
    """The rows of one run, some at a time."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._left: pa.RecordBatch | None = None

    def take(self, rows: int) -> list[pa.RecordBatch]:
        """The next `rows` rows."""
        taken = []
        while rows:
            batch = self._left if self._left is not None else next(self._batches)
            taken.append(batch.slice(0, rows))
            self._left = batch.slice(rows) if batch.num_rows > rows else None
            rows -= taken[-1].num_rows
        return taken


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
        yield from reader


def _cut(reader: pa.RecordBatchReader, rows: int) -> Iterator[pa.Table]:
    """The reader's rows in tables of exactly `rows`, but the last."""
    waiting: list[pa.RecordBatch] = []
    held = 0
    for batch in reader:
        waiting.append(batch)
        held += batch.num_rows
        while held >= rows:
            table = pa.Table.from_batches(waiting)
            yield table.slice(0, rows)
            waiting = table.slice(rows).to_batches()
            held -= rows
    if held:
        yield pa.Table.from_batches(waiting)


def _check(
    runs: npt.NDArray[np.int32],
    places: npt.NDArray[np.int32],
    following: npt.NDArray[np.int64],
) -> None:
    """That the rows of each run come in its own order; `following` counts them on.

    Arrow sorted the run and DuckDB the keys: should they ever disagree, rows would be in wrong
    places without a word. Raises OSError.
    """
    for run in np.unique(runs).tolist():
        own = places[runs == run]
        if not np.array_equal(own, following[run] + np.arange(len(own))):
            raise OSError(f"the merge failed: run {run} is not in the order of its keys")
        following[run] += len(own)


def _failed(error: duckdb.Error) -> OSError:
    return OSError(f"the merge failed: {error}")
