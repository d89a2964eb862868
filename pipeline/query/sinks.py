"""Where exported rows go, a table at a time: CSV and Parquet. The workbook is in workbook.py.

In a CSV file no text is read as a formula, whoever wrote it (pipeline.escape).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from pipeline.escape import spreadsheet_cell
from pipeline.query.fields import Field
from pipeline.storage.checkpoints import text_columns
from pipeline.storage.manifest import json_bytes

METADATA_KEY = b"atlas_forge"


@dataclass(frozen=True)
class About:
    """Where rows are from, and what their columns mean."""

    provenance: dict[str, Any]
    fields: tuple[Field, ...]

    def document(self) -> dict[str, Any]:
        """Both as one JSON document."""
        return {**self.provenance, "columns": self.dictionary()}

    def dictionary(self) -> list[dict[str, Any]]:
        """A line a column: name, kind, unit, meaning, and the texts it can hold."""
        return [
            {
                "name": field.name,
                "kind": field.kind,
                "unit": field.unit,
                "description": field.description,
                "allowed": list(field.allowed),
                "lever": field.is_lever,
            }
            for field in self.fields
        ]


class Sink(Protocol):
    """A file that takes tables; complete when the `with` block ends."""

    rows_at_once: int

    def write(self, table: pa.Table) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class CsvSink:
    """Comma-separated, UTF-8, headings first; a list is its names with semicolons between them."""

    rows_at_once = 10_000

    def __init__(self, path: Path, schema: Sequence[pa.Field]) -> None:
        self._schema = pa.schema([_as_text(field) for field in schema])
        self._writer = pa.csv.CSVWriter(path, self._schema)

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        arrays = [_guarded(column.combine_chunks()) for column in table.columns]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()


class ParquetSink:
    """The columns as the run has them, units and meanings within, provenance as metadata."""

    rows_at_once = 10_000

    def __init__(self, path: Path, schema: Sequence[pa.Field], about: About) -> None:
        metadata = {METADATA_KEY: json_bytes(about.document())}
        self._schema = pa.schema(list(schema), metadata=metadata)
        self._writer = pq.ParquetWriter(
            path,
            self._schema,
            compression="lz4",
            use_dictionary=text_columns(self._schema),
            write_page_checksum=True,
        )

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        self._writer.write_table(table.replace_schema_metadata(self._schema.metadata))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()


def joined_names(lists: pa.Array) -> pa.Array:
    """Lists of names as texts, semicolons between the names."""
    return pc.binary_join(lists, "; ")


def _as_text(field: pa.Field) -> pa.Field:
    return pa.field(field.name, pa.string()) if pa.types.is_list(field.type) else field


def _guarded(column: pa.Array) -> pa.Array:
    if pa.types.is_list(column.type):
        column = joined_names(column)
    if not pa.types.is_string(column.type):
        return column
    coded = column.dictionary_encode()
    texts = [spreadsheet_cell(text) for text in coded.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(coded.indices)
