"""Tables of `explain` as tables of a document, and columns of theirs as lines of a chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from pipeline.explain.model import Table, Value
from pipeline.reports.pack.document import Cell, Figure, Unit
from pipeline.reports.pack.dossier import Dossier, unit_of

Row = tuple[Value, ...]
_WHOLE: Final = ("year", "quarter", "month")


def rows_of(
    dossier: Dossier, table_id: str, names: Sequence[str], keys: Iterable[object] | None = None
) -> tuple[tuple[Cell, ...], ...]:
    """Rows of a table, the columns `names` of each; of `keys` only, where they are given."""
    table = dossier.tables[table_id]
    asked = None if keys is None else set(keys)
    places = [_place(table, name) for name in names]
    return tuple(
        tuple(_figure(table, row, place) for place in places)
        for row in table.rows
        if asked is None or row[0] in asked
    )


def column_of(
    dossier: Dossier, table_id: str, name: str, keys: Sequence[Value]
) -> tuple[Figure, ...]:
    """A column of a table at `keys`, in their order."""
    table = dossier.tables[table_id]
    by_key = {row[0]: row for row in table.rows}
    return tuple(_figure(table, by_key[key], _place(table, name)) for key in keys)


def telling(dossier: Dossier, table_id: str, names: Iterable[str]) -> tuple[str, ...]:
    """Those columns that are more than nought in some row."""
    table = dossier.tables[table_id]
    places = {name: _place(table, name) for name in names}
    return tuple(
        name
        for name, place in places.items()
        if any(row[place] not in (None, False, 0) for row in table.rows)
    )


def title_of(dossier: Dossier, table_id: str, name: str) -> str:
    """A column's title in `explain`."""
    table = dossier.tables[table_id]
    return table.columns[_place(table, name)].title


def _place(table: Table, name: str) -> int:
    return next(place for place, each in enumerate(table.columns) if each.name == name)


def _figure(table: Table, row: Row, place: int) -> Figure:
    column = table.columns[place]
    value = row[place]
    unit: Unit = "count" if column.name in _WHOLE else unit_of(column.unit, value)
    return Figure(value, unit, f"{table.id}[{row[0]}].{column.name}")
