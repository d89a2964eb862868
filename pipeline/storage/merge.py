"""The one ranked file: all parts of the analysis stage, sorted outside memory.

Parts are read, verified and sorted one at a time (`sorted_runs`), and the result is written as it
comes: memory does not grow with the run.
"""

from __future__ import annotations

import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.columns import merge_fields
from pipeline.storage.checkpoints import DamagedPartError, Marker, read_part, text_columns
from pipeline.storage.sorted_runs import SortedRuns
from pipeline.storage.store import TEMPORARY, Store, named, unfinished

_AHEAD: Final = 2  # parts that are fetched while one is used
# Fixed, so that the file does not depend on how parts or the sort's output were cut.
_AT_ONCE: Final = 10_000  # rows that are put in order and tallied at a time, 18 MB
# Each group's part of the footer is held until the file is closed, 0.2 MB, and then copied once:
# in groups of 10,000 rows these grew with the run by more than everything else together.
_ROW_GROUP: Final = 3 * _AT_ONCE

# Order of an objective: column and direction; then the tie-breaks of the model, section 11.
OBJECTIVES: Final = {
    "Composite": ("composite_score", "DESC"),
    "SeniorRaise": ("senior_notional", "DESC"),
    "WACC": ("wacc", "ASC"),
    "EquityIRR": ("equity_irr", "DESC"),
    "Day1Cash": ("day1_cash", "DESC"),
    "DSCR": ("dscr_min", "DESC"),
}
_TIE_BREAKS: Final = (("dscr_min", "DESC"), ("equity_irr", "DESC"), ("permutation_id", "ASC"))


class MergeRefusedError(Exception):
    """The parts do not add up to the plan."""


class Marks(Protocol):
    """A yes or no for each row that can be told only when all rows are known."""

    def add(self, table: pa.Table) -> None:
        """Take in rows of a part."""

    def marks(self, table: pa.Table) -> pa.Array:
        """The answers for rows of `table`, booleans without nulls."""


def ranking(objective: str) -> tuple[tuple[str, str], ...]:
    """Columns and directions of the total order for an objective; nulls come last."""
    first = OBJECTIVES[objective]
    return (first, *(each for each in _TIE_BREAKS if each[0] != first[0]))


def merge_ranked(
    store: Store,
    markers: Sequence[Marker],
    schema: pa.Schema,
    objective: str,
    target: Path,
    memory_mb: int,
    on_batch: Callable[[pa.Table], None],
    pareto: Marks,
    settle: Callable[[pa.Table], pa.Table] | None = None,
) -> int:
    """Write `target` whole: the rows of all parts, best first, `rank` from 1. Returns the rows.

    `schema` is that of the parts; `on_batch` sees every written table once, in rank order;
    `pareto` sees every part, and then marks the rows; `settle` says what only all parts together
    decide, and keeps the columns. Raises DamagedPartError, MergeRefusedError, OSError.
    """
    scratch = target.parent / TEMPORARY / unfinished("merge")
    scratch.mkdir(parents=True, exist_ok=True)
    expected = sum(marker.rows for marker in markers)
    ranked = pa.schema([*merge_fields(), *schema])
    partial = scratch / target.name
    try:
        with closing(SortedRuns(schema, ranking(objective), scratch, memory_mb, expected)) as rows:
            for table in _parts(store, markers, schema):
                pareto.add(table)
                rows.add(table)
            ordered = rows.in_order(_AT_ONCE)
            with named(target):
                written = _write(ordered, ranked, partial, on_batch, pareto, settle)
        if written != expected:
            raise MergeRefusedError(f"the merge wrote {written} rows, the parts hold {expected}")
        with named(target), partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        # What the sort held goes back to the machine now, not when something else needs it.
        pa.default_memory_pool().release_unused()
    return written


def _parts(store: Store, markers: Sequence[Marker], schema: pa.Schema) -> Iterator[pa.Table]:
    """All parts in order; the next ones are fetched and unpacked while one is used."""
    with ThreadPoolExecutor(_AHEAD, "atlas-forge-merge") as readers:
        coming: deque[Future[pa.Table]] = deque()
        for marker in markers:
            coming.append(readers.submit(_part, store, marker, schema))
            if len(coming) > _AHEAD:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


def _part(store: Store, marker: Marker, schema: pa.Schema) -> pa.Table:
    try:
        table = read_part(store, marker)
        if not table.schema.equals(schema):
            raise DamagedPartError("its columns are not those of this run")
    except DamagedPartError as error:
        raise DamagedPartError(f"{marker.stage} part {marker.number}: {error}") from error
    return table


def _write(
    sorted_rows: Iterator[pa.Table],
    schema: pa.Schema,
    path: Path,
    on_batch: Callable[[pa.Table], None],
    pareto: Marks,
    settle: Callable[[pa.Table], pa.Table] | None,
) -> int:
    written = 0
    group: list[pa.Table] = []
    with (
        pq.ParquetWriter(
            path,
            schema,
            compression="lz4",
            use_dictionary=text_columns(schema),
            write_page_checksum=True,
        ) as writer,
        # Packing a group needs no interpreter, ordering the next one hardly anything else.
        ThreadPoolExecutor(1, "atlas-forge-ranked") as packer,
    ):
        packed: Future[None] | None = None
        for rows in sorted_rows:
            ranks = pa.array(np.arange(written + 1, written + rows.num_rows + 1))
            columns = [ranks, pareto.marks(rows), *rows.columns]
            table = pa.Table.from_arrays(columns, schema=schema)
            if settle is not None:
                table = settle(table)
            on_batch(table)
            written += rows.num_rows
            group.append(table)
            del rows, table, columns  # while the next ones are made
            if len(group) * _AT_ONCE == _ROW_GROUP:
                if packed is not None:
                    packed.result()
                packed = packer.submit(_write_group, writer, group)
                group = []
        if packed is not None:
            packed.result()
        if group:
            _write_group(writer, group)
    return written


def _write_group(writer: pq.ParquetWriter, tables: list[pa.Table]) -> None:
    """One row group of the tables, which are let go of."""
    writer.write_table(pa.concat_tables(tables), row_group_size=_ROW_GROUP)
    tables.clear()
    pa.default_memory_pool().release_unused()
