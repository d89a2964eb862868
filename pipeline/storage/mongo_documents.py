"""Ranked rows as MongoDB documents and back: one document a structure.

Figures, levers and tier are flat, under their column names. A figure's `_status` is under `status`,
a scenario's figures under `scenarios.<scenario>`. Null stays null, whole numbers are 64-bit. Where
each column is, its type, unit and meaning, is told by the run's document. Field names come from the
column dictionary alone; text from outside is only ever a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import pyarrow as pa
from bson.int64 import Int64

from kernels import scenarios
from pipeline.columns import BY_NAME
from pipeline.storage.manifest import UnreadableDocumentError

SCHEMA: Final = Int64(1)
DAY_ONE: Final = "day1_cash"
# Fields of a structure's document that are no columns. `day_one_value` repeats day1_cash: it is
# the name that the sources give the index.
DAY_ONE_VALUE: Final = "day_one_value"
OWN_FIELDS: Final = ("_id", "schema", "run_id", "project_id", DAY_ONE_VALUE)
STATUS: Final = "status"
SCENARIOS: Final = "scenarios"
PERMUTATION_ID: Final = "permutation_id"
# Columns that every version's structures have, as the first of the flat fields.
KPIS: Final = (
    "composite_score", "senior_notional", "mezz_notional", "equity_notional", "dscr_min", "wacc",
    "equity_irr", "full_coverage",
)  # fmt: skip
FIRST_COLUMNS: Final = (PERMUTATION_ID, "rank", "viability_tier", "senior_rating", *KPIS)

_TYPES: Final[dict[str, pa.DataType]] = {
    "double": pa.float64(),
    "long": pa.int64(),
    "bool": pa.bool_(),
    "string": pa.string(),
    "strings": pa.list_(pa.field("element", pa.string())),  # as Parquet names what is in a list
}
_TYPE_NAMES: Final = {kind: name for name, kind in _TYPES.items()}
_SCENARIO_PATHS: Final = {
    f"{scenario}_{metric}": f"{SCENARIOS}.{scenario}.{metric}"
    for scenario in scenarios.NAMES
    for metric in scenarios.METRIC_NAMES
}


class UnstorableRowsError(Exception):
    """Rows that no document can hold: a column's name or type, or a figure that is no number."""


@dataclass(frozen=True)
class StoredColumn:
    """A column of ranked.parquet and where its values are in a structure's document."""

    name: str
    path: str
    type: str
    nullable: bool
    unit: str
    description: str

    def document(self) -> dict[str, Any]:
        """For the run's document."""
        return asdict(self)

    def field(self) -> pa.Field:
        """The column's Arrow field. Raises UnreadableDocumentError."""
        if self.type not in _TYPES:
            raise UnreadableDocumentError(f"column {self.name} has the unknown type {self.type}")
        told = {"unit": self.unit, "description": self.description}
        return pa.field(self.name, _TYPES[self.type], self.nullable, told)


def stored_columns(schema: pa.Schema) -> list[StoredColumn]:
    """Where the columns of a ranked file go. Raises UnstorableRowsError."""
    columns = []
    for field in schema:
        told = {name.decode(): value.decode() for name, value in (field.metadata or {}).items()}
        kind = _TYPE_NAMES.get(_TYPES["strings"] if _is_texts(field.type) else field.type)
        if kind is None:
            raise UnstorableRowsError(f"column {field.name!r} has the type {field.type}")
        path = path_of(field.name)
        if path == field.name and not _is_field_name(field.name):
            raise UnstorableRowsError(f"column {field.name!r} cannot be the name of a field")
        columns.append(
            StoredColumn(
                field.name,
                path,
                kind,
                field.nullable,
                told.get("unit", ""),
                told.get("description", ""),
            )
        )
    return columns


def path_of(column: str) -> str:
    """The place of a column in a structure's document, with dots between nested names."""
    if column in _SCENARIO_PATHS:
        return _SCENARIO_PATHS[column]
    figure = column.removesuffix("_status")
    return f"{STATUS}.{figure}" if figure != column and figure in BY_NAME else column


def structure_id(run_id: str, permutation_id: int) -> str:
    """The `_id` of a structure's document: the same whenever and wherever it is written."""
    return f"{run_id}/{permutation_id}"


def table_of(documents: Sequence[Mapping[str, Any]], columns: Sequence[StoredColumn]) -> pa.Table:
    """Documents as rows of the ranked file, `columns` only.

    Raises UnreadableDocumentError where a document is not as it was written.
    """
    arrays = []
    for column in columns:
        try:
            arrays.append(pa.array(_read(documents, column.path), column.field().type))
        except (KeyError, TypeError, pa.ArrowException) as error:
            raise UnreadableDocumentError(
                f"a structure of the database was changed: {column.path} is missing or no "
                f"{column.type}"
            ) from error
    return pa.Table.from_arrays(arrays, schema=pa.schema([each.field() for each in columns]))


def columns_of(run: Mapping[str, Any]) -> list[StoredColumn]:
    """The columns that a run's document tells of. Raises UnreadableDocumentError."""
    try:
        return [StoredColumn(**each) for each in run["columns"]]
    except (KeyError, TypeError) as error:
        raise UnreadableDocumentError("the run's document names no columns") from error


def _is_texts(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) and pa.types.is_string(kind.value_type))


def _is_field_name(name: str) -> bool:
    """Whether it may be a field beside ours: no operator, no path, nothing that is taken."""
    taken = (*OWN_FIELDS, STATUS, SCENARIOS)
    if not name or name.startswith("$") or name in taken:
        return False
    return "." not in name and "\0" not in name


def _read(documents: Sequence[Mapping[str, Any]], path: str) -> list[Any]:
    match path.split("."):
        case [name]:
            return [document[name] for document in documents]
        case [outer, name]:
            return [document[outer][name] for document in documents]
        case [outer, middle, name]:
            return [document[outer][middle][name] for document in documents]
        case _:
            raise KeyError(path)
