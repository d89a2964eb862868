"""Rows sorted outside memory: sorted runs on disk, and the order of all runs by their keys alone.

A row has some 250 columns, what it is sorted by four. Rows are gathered until they fill a part of
the memory that is allowed, sorted, and written as one run, their keys beside it. The keys of all
runs are then put in order a range at a time: samples of every run tell where a range ends, and what
lies below that in each run is read and sorted together. The order says which run the next row comes
from, so that every row is read once more and none is compared again.

(DuckDB, given the keys, needed memory that grows with them, or failed at a limit that holds it
down: docs/decisions/0020.)
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.storage.store import named

# Rows of a run that are read at once: each run holds so many while all runs are merged. Fewer in a
# large merge, so that all runs together hold an eighth of the memory; very few would cost more in
# headers than in rows.
_BATCH_ROWS: Final = (32, 256)
# Every so many rows of a run one stands for those before it, and a range ends after so many of
# these: with r runs a range has at most (samples + r) x rows.
_SAMPLE_ROWS: Final = 256
_SAMPLES_A_RANGE: Final = 256
_SIGN: Final = np.uint64(1 << 63)
_LAST: Final = np.uint64(2**64 - 1)

Key = tuple[str, str]
Keys = npt.NDArray[np.uint64]  # (rows, keys): rows compare as their numbers do, from left to right


class SortedRuns:
    """Takes `rows` rows in any order and gives them back sorted, with about `memory_mb` in use.

    `keys` are column and direction (ASC or DESC) of numbers, nulls last in either; together they
    tell all rows apart. Files go into `scratch`, which the caller removes. Its methods raise
    OSError.
    """

    def __init__(
        self, schema: pa.Schema, keys: Sequence[Key], scratch: Path, memory_mb: int, rows: int
    ) -> None:
        self._schema = schema
        self._keys = keys
        self._rows = rows
        self._run_bytes = memory_mb * 2**20 // 8
        self._waiting: list[pa.Table] = []
        self._waiting_bytes = 0
        self._batches = _Pieces(scratch / "runs.arrow")
        self._sorted_keys = _Pieces(scratch / "runs.keys")
        self._runs: list[_Run] = []

    def add(self, table: pa.Table) -> None:
        """Take in some rows."""
        self._waiting.append(table)
        self._waiting_bytes += table.nbytes
        if self._waiting_bytes >= self._run_bytes:
            self._write_run()

    def in_order(self, rows: int) -> Iterator[pa.Table]:
        """All rows in tables of exactly `rows`, but the last; in one chunk each."""
        if not self._runs:
            yield from self._of_the_only_run(rows)
            return
        if self._waiting:
            self._write_run()
        cursors = [_Cursor(self._read(run.batches)) for run in self._runs]
        for runs in _cut(self._order(), rows):
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
        """Let go of the files; what was written to `scratch` stays there."""
        self._batches.close()
        self._sorted_keys.close()

    def _of_the_only_run(self, rows: int) -> Iterator[pa.Table]:
        """What fits into memory need not go through the disk."""
        if self._waiting:
            table, _ = self._next_run()
            for start in range(0, table.num_rows, rows):
                yield table.slice(start, rows)

    def _next_run(self) -> tuple[pa.Table, Keys]:
        """The rows that wait, sorted, in one chunk, and their keys."""
        table = pa.concat_tables(self._waiting)
        self._waiting, self._waiting_bytes = [], 0
        keys = sortable(table, self._keys)
        order = np.lexsort(keys.T[::-1])
        return table.take(pa.array(order)).combine_chunks(), keys[order]

    def _write_run(self) -> None:
        """One more run of the rows that wait."""
        table, keys = self._next_run()
        batches = [
            self._batches.append(batch.serialize())
            for batch in table.to_batches(self._batch_rows(table))
        ]
        pieces = [
            self._sorted_keys.append(keys[start : start + _SAMPLE_ROWS].tobytes())
            for start in range(0, len(keys), _SAMPLE_ROWS)
        ]
        self._runs.append(_Run(batches, pieces, keys[_SAMPLE_ROWS - 1 :: _SAMPLE_ROWS].copy()))

    def _batch_rows(self, run: pa.Table) -> int:
        """Rows of a run that are read at once: an eighth of the memory, shared by all runs."""
        runs = -(-self._rows // run.num_rows)
        least, most = _BATCH_ROWS
        fitting: int = self._run_bytes // runs * run.num_rows // int(run.nbytes)
        return min(most, max(least, fitting))

    def _read(self, batches: Sequence[Piece]) -> Iterator[pa.RecordBatch]:
        for piece in batches:
            yield pa.ipc.read_record_batch(pa.py_buffer(self._batches.read(piece)), self._schema)

    def _order(self) -> Iterator[npt.NDArray[np.intp]]:
        """The run that each row comes from, in the order of all, a range at a time."""
        samples = np.concatenate([run.samples for run in self._runs])
        samples = samples[np.lexsort(samples.T[::-1])]
        ends: list[Keys | None] = list(samples[_SAMPLES_A_RANGE::_SAMPLES_A_RANGE])
        cursors = [_KeyCursor(self._read_keys(run.keys)) for run in self._runs]
        for end in [*ends, None]:
            below = [cursor.below(end) for cursor in cursors]
            runs = np.repeat(np.arange(len(below)), [len(keys) for keys in below])
            yield runs[np.lexsort(np.concatenate(below).T[::-1])]

    def _read_keys(self, pieces: Sequence[Piece]) -> Iterator[Keys]:
        for piece in pieces:
            flat = np.frombuffer(self._sorted_keys.read(piece), dtype=np.uint64)
            yield flat.reshape(-1, len(self._keys))


def sortable(table: pa.Table, keys: Sequence[Key]) -> Keys:
    """Columns of numbers as whole numbers whose order is that of the rows, nulls last."""
    found = np.empty((table.num_rows, len(keys)), dtype=np.uint64)
    for place, (name, direction) in enumerate(keys):
        column = table[name]
        if pa.types.is_floating(column.type):
            # Adding nought makes the two noughts one; bits of a float compare like it once those
            # of negative ones are turned over.
            bits = (pc.fill_null(column, 0.0).to_numpy() + 0.0).view(np.uint64)
            numbers = np.where(bits & _SIGN, ~bits, bits | _SIGN)
        else:
            whole = pc.fill_null(pc.cast(column, pa.int64()), 0).to_numpy()
            numbers = whole.view(np.uint64) ^ _SIGN
        if direction == "DESC":
            numbers = ~numbers
        found[:, place] = np.where(column.is_null().to_numpy(), _LAST, numbers)
    return found


Piece = tuple[int, int]  # first byte and length


class _Pieces:
    """A file of pieces, written one after the other and read back by their places."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with named(path):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._end = 0

    def append(self, data: bytes | pa.Buffer) -> Piece:
        view = memoryview(data).cast("B")
        piece = (self._end, len(view))
        with named(self._path):
            while view:
                written = os.pwrite(self._file, view, self._end)
                self._end += written
                view = view[written:]
        return piece

    def read(self, piece: Piece) -> bytes:
        start, length = piece
        with named(self._path):
            data = os.pread(self._file, length, start)
        if len(data) != length:
            raise OSError(f"{self._path.name} ends early: the merge failed")
        return data

    def close(self) -> None:
        os.close(self._file)


class _Run:
    """Where the batches and keys of a sorted run lie, and its samples."""

    def __init__(self, batches: list[Piece], keys: list[Piece], samples: Keys) -> None:
        self.batches, self.keys, self.samples = batches, keys, samples


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


class _KeyCursor:
    """The keys of one run, those below a bound at a time."""

    def __init__(self, pieces: Iterator[Keys]) -> None:
        self._pieces = pieces
        self._left: Keys | None = next(pieces)  # a run has a row at least
        self._none = self._left[:0]

    def below(self, end: Keys | None) -> Keys:
        """The next keys that come before `end` (keys,), or all that are left."""
        taken: list[Keys] = []
        while self._left is not None:
            count = len(self._left) if end is None else _before(self._left, end)
            taken.append(self._left[:count])
            if count < len(self._left):
                self._left = self._left[count:]
                break
            self._left = next(self._pieces, None)
        return np.concatenate(taken) if taken else self._none


def _before(keys: Keys, end: Keys) -> int:
    """How many of sorted `keys` come before `end`."""
    less = np.zeros(len(keys), dtype=np.bool_)
    equal = np.ones(len(keys), dtype=np.bool_)
    for column, bound in zip(keys.T, end, strict=True):
        less |= equal & (column < bound)
        equal &= column == bound
    return int(np.count_nonzero(less))


def _cut(parts: Iterator[npt.NDArray[np.intp]], rows: int) -> Iterator[npt.NDArray[np.intp]]:
    """The same numbers in arrays of exactly `rows`, but the last."""
    waiting = np.empty(0, dtype=np.intp)
    for part in parts:
        waiting = np.concatenate([waiting, part])
        whole = len(waiting) - len(waiting) % rows
        starts = range(0, whole + 1, rows)
        for start, stop in pairwise(starts):
            yield waiting[start:stop]
        waiting = waiting[whole:].copy()
    if len(waiting):
        yield waiting
