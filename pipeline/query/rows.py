"""Ranked rows of a run, a row group at a time: filtered, sorted, fetched.

Memory holds one group of the columns asked for, whatever the size of the run and wherever its rows
are kept. Every page read of a file is checked against its checksum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.inputs.errors import InputError, InputErrors, shown
from pipeline.query.fields import LISTED, Field, Fields, Levers, named_fields
from pipeline.query.filters import Filter, filter_of, ordinals
from pipeline.storage.conditions import Joined, Order
from pipeline.storage.manifest import UnreadableDocumentError, read_json
from pipeline.storage.plan import PLAN_PATH
from pipeline.storage.results import LocalResults, ResultsStore
from pipeline.storage.rows import PlaceArray, RowSource

_PLACE: Final = "__place"
SORT_GRAMMAR: Final = "COLUMN, COLUMN:desc or COLUMN:asc, several with commas"


@dataclass(frozen=True)
class SortKey:
    """One column to sort by; nulls come last in both directions."""

    field: Field
    descending: bool


@dataclass(frozen=True)
class Question:
    """What `--where`, `--sort` and `--columns` ask for; `columns` None: all."""

    where: Filter | None
    sort: list[SortKey]
    columns: list[str] | None


class RankedRows:
    """The ranked rows of a finished run. Raises OSError where what is stored was damaged."""

    def __init__(self, source: RowSource, levers: Levers) -> None:
        self._source = source
        self.schema: pa.Schema = source.schema
        self.fields = Fields(self.schema, levers)
        self._starts: PlaceArray = np.cumsum([0, *source.sizes], dtype=np.int64)

    @property
    def rows(self) -> int:
        """Survivors of the run."""
        return int(self._starts[-1])

    def tables(self, columns: Sequence[str]) -> Iterator[tuple[int, pa.Table]]:
        """(place of the first row, rows) of each group, in rank order, `columns` only."""
        names = list(columns)
        for group, start in enumerate(self._starts[:-1]):
            yield int(start), self._source.group(group, names)

    def matching(self, where: Filter | None) -> PlaceArray:
        """Places (0 is the best rank) of all rows that match, rising, (matches,) int64."""
        if where is None:
            return np.arange(self.rows, dtype=np.int64)
        searched = self._source.searched(where.condition)
        if searched is not None:
            return searched
        found = [start + where.places(table) for start, table in self.tables(where.columns)]
        return np.concatenate(found) if found else np.empty(0, dtype=np.int64)

    def on_frontier(self, where: Filter | None) -> Filter:
        """What `where` asks, of the rows on the Pareto frontier. Raises InputErrors."""
        if self.fields.find("pareto") is None:
            message = "this run was made by an engine that did not mark its Pareto frontier"
            raise InputErrors([InputError("--pareto", "", "", message, "the project run again")])
        marked = filter_of("pareto", self.fields)
        if where is None:
            return marked
        both = Joined("and", (where.condition, marked.condition))
        return Filter(where.text, tuple(dict.fromkeys((*where.columns, *marked.columns))), both)

    def best(self, where: Filter | None, keys: Sequence[SortKey], most: int) -> PlaceArray:
        """Places of the first `most` rows that match, by `keys`, then by rank."""
        condition = None if where is None else where.condition
        orders = [
            Order(key.field.name, key.descending, key.field.allowed if key.field.ordered else ())
            for key in keys
        ]
        found = self._source.ordered(condition, orders, most)
        return self.sorted_places(self.matching(where), keys, most) if found is None else found

    def sorted_places(self, places: PlaceArray, keys: Sequence[SortKey], most: int) -> PlaceArray:
        """The first `most` of `places` by `keys`, then by rank; no more are held at a time."""
        names = list(dict.fromkeys(key.field.name for key in keys))
        order = [(key.field.name, "descending" if key.descending else "ascending") for key in keys]
        best: pa.Table | None = None
        for start, table in self.tables(names):
            first, last = np.searchsorted(places, [start, start + table.num_rows])
            mine = places[first:last]
            arrays = [_sortable(table[key.field.name], key.field) for key in _once(keys)]
            some = pa.table([*arrays, pa.array(np.arange(start, start + table.num_rows))],
                            names=[*names, _PLACE]).take(pa.array(mine - start))  # fmt: skip
            best = some if best is None else pa.concat_tables([best, some])
            indices = pc.sort_indices(best, sort_keys=[*order, (_PLACE, "ascending")])
            best = best.take(indices.slice(0, most)).combine_chunks()
        return np.empty(0, np.int64) if best is None else best[_PLACE].to_numpy()

    def fetch(self, places: PlaceArray, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows at `places` (rows,), in that order; all columns unless some are named."""
        names = list(self.schema.names if columns is None else columns)
        rising = np.sort(places)
        tables = []
        for group, start in enumerate(self._starts[:-1]):
            first, last = np.searchsorted(rising, [start, self._starts[group + 1]])
            if first < last:
                tables.append(self._source.taken(group, names, rising[first:last] - start))
        if not tables:
            return pa.schema([self.schema.field(name) for name in names]).empty_table()
        return pa.concat_tables(tables).take(pa.array(np.argsort(np.argsort(places))))

    def chosen(
        self, where: Filter | None, columns: Sequence[str] | None, most: int | None, at_once: int
    ) -> Iterator[pa.Table]:
        """Matching rows in rank order, up to `most`, from `at_once` rows of the file at a time."""
        names = list(self.schema.names if columns is None else columns)
        places = self._source.searched(where.condition) if where is not None else None
        if places is not None:
            for start in range(0, len(places[:most]), at_once):
                yield self.fetch(places[:most][start : start + at_once], names)
            return
        needed = list(dict.fromkeys([*names, *(where.columns if where else ())]))
        left = self.rows if most is None else most
        for table in self._source.pieces(needed, at_once):
            if left <= 0:
                return
            kept = table if where is None else table.take(pa.array(where.places(table)))
            kept = kept.select(names).slice(0, left)
            left -= kept.num_rows
            if kept.num_rows:
                yield kept

    def asked(
        self, where: str | None = None, sort: str | None = None, columns: str | None = None
    ) -> Question:
        """What options ask for. Raises InputErrors with everything that is wrong in them."""
        problems: list[InputError] = []
        found: Filter | None = None
        if where is not None:
            try:
                found = filter_of(where, self.fields)
            except InputErrors as errors:
                problems += errors.errors
        keys = self._sort_keys(sort, problems) if sort is not None else []
        names: list[str] | None = None
        if columns is not None:
            fields, wrong = named_fields(self.fields, columns, "--columns")
            problems += wrong
            names = [field.name for field in fields]
        if problems:
            raise InputErrors(problems)
        return Question(found, keys, names)

    def _sort_keys(self, text: str, problems: list[InputError]) -> list[SortKey]:
        keys: list[SortKey] = []
        for part in text.split(","):
            name, _, direction = (each.strip() for each in part.partition(":"))
            field = self.fields.find(name)
            if field is None:
                message = self.fields.unknown(name)
                problems.append(InputError("--sort", "", shown(name), message, LISTED))
            elif field.kind == "mask":
                problems.append(InputError("--sort", "", shown(name), "is a list: no order"))
            elif direction not in ("", "asc", "desc"):
                problems.append(
                    InputError("--sort", name, shown(direction), "is no direction", SORT_GRAMMAR)
                )
            else:
                keys.append(SortKey(field, direction == "desc"))
        return keys


def ranked_of(results: ResultsStore, run_id: str) -> RankedRows:
    """The ranked rows of a run. Raises NoSuchRunError, UnreadableDocumentError, OSError."""
    return RankedRows(results.rows(run_id), levers_in(results.plan(run_id)))


def open_ranked(folder: Path) -> RankedRows:
    """The ranked rows of a run folder. Raises NoSuchRunError, UnreadableDocumentError, OSError."""
    return ranked_of(LocalResults(folder.parent), folder.name)


def levers_of(folder: Path) -> Levers:
    """`levers_in` of the plan in a run folder. Raises UnreadableDocumentError."""
    return levers_in(read_json(folder / PLAN_PATH))


def levers_in(plan: Mapping[str, Any]) -> Levers:
    """Names and values of a plan's levers, also of one that another engine planned.

    Raises UnreadableDocumentError.
    """
    try:
        return {lever["name"]: tuple(lever["labels"]) for lever in plan["problem"]["levers"]}
    except (KeyError, TypeError) as error:
        raise UnreadableDocumentError(f"{PLAN_PATH} names no levers") from error


def _once(keys: Sequence[SortKey]) -> list[SortKey]:
    return list({key.field.name: key for key in keys}.values())


def _sortable(column: pa.ChunkedArray, field: Field) -> pa.Array:
    array = column.combine_chunks()
    return ordinals(array, field) if field.ordered else array
