"""Ranked rows a group at a time, from wherever they are kept; here: from ranked.parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.storage.conditions import Condition, Order

PlaceArray = npt.NDArray[np.int64]
_READ_AT_ONCE = 10_000


class RowSource(Protocol):
    """The ranked rows of one run, in rank order, in groups that memory holds one of."""

    schema: pa.Schema

    @property
    def sizes(self) -> Sequence[int]:
        """Rows of each group."""

    def group(self, number: int, columns: Sequence[str]) -> pa.Table:
        """The rows of a group, `columns` only."""

    def taken(self, number: int, columns: Sequence[str], rows: PlaceArray) -> pa.Table:
        """Some rows of a group by their rising places in it, (rows,) int64."""

    def pieces(self, columns: Sequence[str], at_once: int) -> Iterator[pa.Table]:
        """All rows, up to `at_once` at a time."""

    def searched(self, condition: Condition) -> PlaceArray | None:
        """Places of all rows of which the condition is true, rising; None: they have to be read."""

    def ordered(
        self, condition: Condition | None, orders: Sequence[Order], most: int
    ) -> PlaceArray | None:
        """The first `most` of them by `orders`, then by rank; None: they have to be read."""


class ParquetRows:
    """A ranked file. Reading raises OSError where a page has not its checksum."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path, page_checksum_verification=True)
        self.schema: pa.Schema = self._file.schema_arrow
        groups = range(self._file.metadata.num_row_groups)
        self.sizes: list[int] = [self._file.metadata.row_group(group).num_rows for group in groups]

    def group(self, number: int, columns: Sequence[str]) -> pa.Table:
        """A row group."""
        return self._file.read_row_group(number, columns=list(columns), use_threads=False)

    def taken(self, number: int, columns: Sequence[str], rows: PlaceArray) -> pa.Table:
        """Rows of a row group; it is read in small batches, up to the last one wanted."""
        tables, start = [], 0
        for table in self._of_group(number, columns, _READ_AT_ONCE):
            first, last = np.searchsorted(rows, [start, start + table.num_rows])
            if first < last:
                tables.append(table.take(pa.array(rows[first:last] - start)))
            start += table.num_rows
            if last == len(rows):
                break
        return pa.concat_tables(tables).select(list(columns))

    def pieces(self, columns: Sequence[str], at_once: int) -> Iterator[pa.Table]:
        """One row group after the other: a reader over all of them keeps what it has read."""
        for number in range(len(self.sizes)):
            yield from self._of_group(number, columns, at_once)

    def searched(self, condition: Condition) -> PlaceArray | None:
        """A file tests nothing."""
        del condition
        return None

    def ordered(
        self, condition: Condition | None, orders: Sequence[Order], most: int
    ) -> PlaceArray | None:
        """A file sorts nothing."""
        del condition, orders, most
        return None

    def _of_group(self, number: int, columns: Sequence[str], at_once: int) -> Iterator[pa.Table]:
        for batch in self._file.iter_batches(
            at_once, row_groups=[number], columns=list(columns), use_threads=False
        ):
            yield pa.Table.from_batches([batch])
