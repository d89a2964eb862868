"""The streaming merge: all analysis parts into one ranked Parquet file, sorted outside memory.

DuckDB sorts and spills to disk beyond its memory limit; parts are read, verified and handed to it
one at a time, and its result is written as it comes. (At a million rows of 150 columns a sort in
memory took 1.6 GB, DuckDB with a limit of 300 MB 0.6 GB and less time.)
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.columns import merge_fields
from pipeline.storage.checkpoints import DamagedPartError, Marker, read_part, text_columns
from pipeline.storage.store import TEMPORARY, Store, named

# Fixed, so that the file does not depend on how parts or the sort's output were cut.
_ROW_GROUP: Final = 50_000

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
    scratch = target.parent / TEMPORARY / f"merge.{os.getpid()}"
    scratch.mkdir(parents=True, exist_ok=True)
    expected = sum(marker.rows for marker in markers)
    ranked = pa.schema([*merge_fields(), *schema])
    partial = scratch / target.name
    # A reader inside DuckDB may raise only its own errors; the first one of ours is kept.
    damage: list[Exception] = []
    try:
        with duckdb.connect(
            config={
                "memory_limit": f"{memory_mb}MB",
                "temp_directory": str(scratch / "sort"),
                "preserve_insertion_order": False,
            }
        ) as connection:
            source = pa.RecordBatchReader.from_batches(
                schema, _rows(store, markers, damage, pareto)
            )
            connection.register("parts", source)
            order = ", ".join(
                f'"{column}" {direction} NULLS LAST' for column, direction in ranking(objective)
            )
            try:
                # Columns and directions are constants of this module, no text from outside.
                query = connection.sql(f"SELECT * FROM parts ORDER BY {order}")  # noqa: S608
                # A sort gives nothing before it has read everything: by then `pareto` knows all.
                reader = query.to_arrow_reader(_ROW_GROUP)
                with named(target):
                    written = _write(reader, ranked, partial, on_batch, pareto, settle)
            except duckdb.Error as error:
                if damage:
                    raise damage[0] from error
                raise OSError(f"the merge failed: {error}") from error
        if written != expected:
            raise MergeRefusedError(f"the merge wrote {written} rows, the parts hold {expected}")
        with named(target), partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return written


def _rows(
    store: Store, markers: Sequence[Marker], damage: list[Exception], pareto: Marks
) -> Iterator[pa.RecordBatch]:
    for marker in markers:
        try:
            table = read_part(store, marker)
        except DamagedPartError as error:
            damage.append(DamagedPartError(f"{marker.stage} part {marker.number}: {error}"))
            raise
        except OSError as error:
            damage.append(error)
            raise
        pareto.add(table)
        yield from table.to_batches()


def _write(
    sorted_rows: pa.RecordBatchReader,
    schema: pa.Schema,
    path: Path,
    on_batch: Callable[[pa.Table], None],
    pareto: Marks,
    settle: Callable[[pa.Table], pa.Table] | None,
) -> int:
    written = 0
    with pq.ParquetWriter(
        path,
        schema,
        compression="lz4",
        use_dictionary=text_columns(schema),
        write_page_checksum=True,
    ) as writer:
        for group in _groups(sorted_rows):
            ranks = pa.array(np.arange(written + 1, written + group.num_rows + 1))
            own = [ranks, pareto.marks(group)]
            columns = [
                column.cast(field.type)
                for column, field in zip(group.columns, list(schema)[len(own) :], strict=True)
            ]
            table = pa.Table.from_arrays([*own, *columns], schema=schema)
            if settle is not None:
                table = settle(table)
            writer.write_table(table, row_group_size=_ROW_GROUP)
            on_batch(table)
            written += group.num_rows
    return written


def _groups(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """The reader's rows in tables of exactly _ROW_GROUP, but the last."""
    waiting: list[pa.RecordBatch] = []
    held = 0
    for batch in reader:
        waiting.append(batch)
        held += batch.num_rows
        while held >= _ROW_GROUP:
            table = pa.Table.from_batches(waiting)
            yield table.slice(0, _ROW_GROUP)
            waiting = table.slice(_ROW_GROUP).to_batches()
            held -= _ROW_GROUP
    if held:
        yield pa.Table.from_batches(waiting)
