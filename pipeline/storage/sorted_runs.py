"""Rows sorted outside memory: sorted runs on disk, and the order of all runs by their keys alone.

A row has some 250 columns, what it is sorted by four. Rows are made records of one width, gathered
until they fill a part of the memory that is allowed, sorted, and written as one run, their keys
beside it. The keys of all runs are then put in order a range at a time: samples of every run tell
where a range ends, and what lies below that in each run is read and sorted together. The order says
how many of the next rows come from which run, and as records lie one after the other these are read
in one piece a run: nothing is held but the rows that are handed out.

(DuckDB, given the keys, needed memory that grows with them, or failed at a limit that holds it
down: docs/decisions/0020. Runs of Arrow batches, a batch of each run in memory, took more memory
and twice the time: docs/decisions/0027.)
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

from pipeline.storage.records import Records, WordArray
from pipeline.storage.store import named

# A run is this part of the memory: the parts that rows come in, and all else there is, need some.
_RUN_SHARE: Final = 8
_WRITTEN_ROWS: Final = 512  # of a run at a time, as they are put in order
# Every so many rows of a run one stands for those before it, and a range ends after so many of
# these: with r runs a range has at most (samples + r) x rows.
_SAMPLE_ROWS: Final = 256
_SAMPLES_A_RANGE: Final = 256
_SIGN: Final = np.uint64(1 << 63)
_LAST: Final = np.uint64(2**64 - 1)

Key = tuple[str, str]
Keys = WordArray  # (rows, keys): rows compare as their numbers do, from left to right


class SortedRuns:
    """Takes `rows` rows in any order and gives them back sorted, with about `memory_mb` in use.

    `keys` are column and direction (ASC or DESC) of numbers, nulls last in either; together they
    tell all rows apart. Files go into `scratch`, which the caller removes. Its methods raise
    OSError.
    """

    def __init__(
        self, schema: pa.Schema, keys: Sequence[Key], scratch: Path, memory_mb: int, rows: int
    ) -> None:
        self._keys = keys
        self._records = Records(schema)
        of_a_run = memory_mb * 2**20 // _RUN_SHARE // (8 * self._records.words)
        self._room = max(1, min(rows, of_a_run))
        self._waiting = np.empty((self._room, self._records.words), dtype=np.uint64)
        self._waiting_keys = np.empty((self._room, len(keys)), dtype=np.uint64)
        self._filled = 0
        self._rows = _RowFile(scratch / "runs.rows", self._records.words)
        self._sorted_keys = _RowFile(scratch / "runs.keys", len(keys))
        self._runs: list[_Run] = []

    def add(self, table: pa.Table) -> None:
        """Take in some rows."""
        while table.num_rows:
            if self._filled == self._room:
                self._write_run()
            some = table.slice(0, self._room - self._filled)
            place = slice(self._filled, self._filled + some.num_rows)
            self._records.write(some, self._waiting[place])
            self._waiting_keys[place] = sortable(some, self._keys)
            self._filled += some.num_rows
            table = table.slice(some.num_rows)

    def in_order(self, rows: int) -> Iterator[pa.Table]:
        """All rows in tables of exactly `rows`, but the last; in one chunk each. Once only."""
        if not self._runs:
            # What fits into memory need not go through the disk.
            order = self._order_of_waiting()
            for start in range(0, self._filled, rows):
                yield self._records.table(self._waiting, order[start : start + rows])
            return
        if self._filled:
            self._write_run()
        self._waiting = self._waiting[:0].copy()
        heads = [run.start for run in self._runs]
        for runs in _cut(self._order(), rows):
            # Rows are read grouped by run, in each run's own order, and put where they belong.
            read = np.empty((len(runs), self._records.words), dtype=np.uint64)
            place = 0
            for run, count in enumerate(np.bincount(runs).tolist()):
                self._rows.read(heads[run], read[place : place + count])
                heads[run] += count
                place += count
            order = np.empty(len(runs), dtype=np.intp)
            order[np.argsort(runs, kind="stable")] = np.arange(len(runs))
            yield self._records.table(read, order)

    def close(self) -> None:
        """Let go of the files; what was written to `scratch` stays there."""
        self._rows.close()
        self._sorted_keys.close()

    def _order_of_waiting(self) -> npt.NDArray[np.intp]:
        return np.lexsort(self._waiting_keys[: self._filled].T[::-1])

    def _write_run(self) -> None:
        """One more run of the rows that wait."""
        order = self._order_of_waiting()
        start = self._rows.rows
        for first in range(0, len(order), _WRITTEN_ROWS):
            self._rows.append(self._waiting[order[first : first + _WRITTEN_ROWS]])
        keys = self._waiting_keys[order]
        self._sorted_keys.append(keys)
        samples = keys[_SAMPLE_ROWS - 1 :: _SAMPLE_ROWS].copy()
        self._runs.append(_Run(start, start + len(order), samples))
        self._filled = 0

    def _order(self) -> Iterator[npt.NDArray[np.intp]]:
        """The run that each row comes from, in the order of all, a range at a time."""
        samples = np.concatenate([run.samples for run in self._runs])
        samples = samples[np.lexsort(samples.T[::-1])]
        ends: list[Keys | None] = list(samples[_SAMPLES_A_RANGE::_SAMPLES_A_RANGE])
        cursors = [_KeyCursor(self._sorted_keys, run) for run in self._runs]
        for end in [*ends, None]:
            below = [cursor.below(end) for cursor in cursors]
            runs = np.repeat(np.arange(len(below)), [len(keys) for keys in below])
            yield runs[np.lexsort(np.concatenate(below).T[::-1])]


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


class _RowFile:
    """A file of rows of `words` whole numbers, written one after the other."""

    def __init__(self, path: Path, words: int) -> None:
        self._path = path
        self._width = 8 * words
        self.words = words
        self.rows = 0
        with named(path):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)

    def append(self, rows: WordArray) -> None:
        view = np.ascontiguousarray(rows).data.cast("B")
        end = self.rows * self._width
        with named(self._path):
            while view:
                written = os.pwrite(self._file, view, end)
                end += written
                view = view[written:]
        self.rows += len(rows)

    def read(self, first: int, into: WordArray) -> None:
        """Fill `into` (rows, words), contiguous, with the rows from `first` on."""
        if not len(into):
            return
        view = into.data.cast("B")
        with named(self._path):
            read = os.preadv(self._file, [view], first * self._width)
        if read != len(view):
            raise OSError(f"{self._path.name} ends early: the merge failed")

    def close(self) -> None:
        os.close(self._file)


class _Run:
    """Where a sorted run begins and ends in both files, and its samples."""

    def __init__(self, start: int, stop: int, samples: Keys) -> None:
        self.start, self.stop, self.samples = start, stop, samples


class _KeyCursor:
    """The keys of one run, those below a bound at a time."""

    def __init__(self, file: _RowFile, run: _Run) -> None:
        self._file = file
        self._next, self._stop = run.start, run.stop
        self._left = np.empty((0, file.words), dtype=np.uint64)

    def below(self, end: Keys | None) -> Keys:
        """The next keys that come before `end` (keys,), or all that are left."""
        taken: list[Keys] = []
        while len(self._left) or self._next < self._stop:
            if not len(self._left):
                self._read()
            count = len(self._left) if end is None else _before(self._left, end)
            taken.append(self._left[:count])
            self._left = self._left[count:]
            if len(self._left):
                break
        return np.concatenate(taken) if taken else self._left

    def _read(self) -> None:
        rows = min(_SAMPLE_ROWS, self._stop - self._next)
        self._left = np.empty((rows, self._file.words), dtype=np.uint64)
        self._file.read(self._next, self._left)
        self._next += rows


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
