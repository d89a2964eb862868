"""Ranked rows as BSON, a batch of rows at a time.

What one document after the other would cost Python more time than sending it: the elements of each
field are made for all rows at once, as Arrow binaries, and joined row by row. The bytes are those
that the driver's own encoder gives (tests/services/test_mongo_encoding.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from bson import encode

from pipeline.storage.mongo_documents import (
    DAY_ONE,
    DAY_ONE_VALUE,
    FIRST_COLUMNS,
    PERMUTATION_ID,
    SCENARIOS,
    SCHEMA,
    STATUS,
    StoredColumn,
    UnstorableRowsError,
    structure_id,
)

Lengths = npt.NDArray[np.int32]

# Types of BSON elements (bsonspec.org) and the bytes of their values where these are fixed.
_DOUBLE, _TEXT, _OBJECT, _BOOL, _NULL, _LONG = b"\x01", b"\x02", b"\x03", b"\x08", b"\x0a", b"\x12"
_END: Final = b"\x00"
# A document's own length and its end.
_FRAME: Final = 5


@dataclass(frozen=True)
class Encoded:
    """Documents of a batch of structures in rank order; `data` is their BSON in a row."""

    ids: list[str]
    permutation_ids: list[int]
    first_rank: int
    data: memoryview
    _each: pa.BinaryArray

    def documents(self) -> list[bytes]:
        """Each document; a copy of `data`."""
        return cast("list[bytes]", self._each.to_pylist())


def encoded(
    batch: pa.RecordBatch, columns: Sequence[StoredColumn], run_id: str, project_id: str
) -> Encoded:
    """The documents of one or more ranked rows. Raises UnstorableRowsError.

    Fields that every version has, which validators and indexes look for, come first: MongoDB finds
    a field by reading all that are before it.
    """
    rows = {column.name: batch.column(column.name) for column in columns}
    ids = rows[PERMUTATION_ID].to_pylist()
    names = [structure_id(run_id, number) for number in ids]
    document = _Document(batch.num_rows)
    document.add_texts("_id", pa.array(names, pa.string()), distinct=False)
    for name, value in (("schema", SCHEMA), ("run_id", run_id), ("project_id", project_id)):
        document.add(_element(name, value))
    document.add_column(DAY_ONE_VALUE, rows[DAY_ONE])
    nested = {STATUS: _Document(batch.num_rows), SCENARIOS: _Document(batch.num_rows)}
    by_scenario: dict[str, _Document] = {}
    flat = []
    for column in columns:
        match column.path.split("."):
            case [_, name]:
                nested[STATUS].add_column(name, rows[column.name])
            case [_, scenario, metric]:
                told = by_scenario.setdefault(scenario, _Document(batch.num_rows))
                told.add_column(metric, rows[column.name])
            case _:
                flat.append(column.name)
    for scenario, told in by_scenario.items():
        nested[SCENARIOS].add_document(scenario, told)
    for name, told in nested.items():
        document.add_document(name, told)
    for name in sorted(flat, key=_places(flat).__getitem__):
        document.add_column(name, rows[name])
    joined = document.joined()
    end = int(np.frombuffer(joined.buffers()[1], np.int32)[len(joined)])
    data = memoryview(joined.buffers()[2])[:end]
    return Encoded(names, ids, rows["rank"][0].as_py(), data, joined)


def _places(names: Sequence[str]) -> dict[str, int]:
    """Place of each flat field in a document: those of every version, then the others as given."""
    order = [name for name in FIRST_COLUMNS if name in names]
    return {name: place for place, name in enumerate(dict.fromkeys([*order, *names]))}


class _Document:
    """A document a row: its elements in their order, and how long they are."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._parts: list[pa.Array | pa.Scalar] = []
        self._lengths: Lengths = np.full(rows, _FRAME, np.int32)

    def add(self, data: bytes) -> None:
        """The same bytes in every row."""
        self._parts.append(pa.scalar(data, pa.binary()))
        self._lengths += len(data)

    def add_column(self, name: str, values: pa.Array) -> None:
        """An element of every row. Raises UnstorableRowsError for figures that are no numbers."""
        if pa.types.is_floating(values.type):
            numbers = values.fill_null(0.0).to_numpy(zero_copy_only=False).astype("<f8", copy=False)
            if not np.isfinite(numbers).all():
                raise UnstorableRowsError(
                    f"column {name!r} holds a figure that is no finite number"
                )
            self._add_fixed(_DOUBLE, name, numbers, values)
        elif pa.types.is_integer(values.type):
            numbers = values.fill_null(0).to_numpy(zero_copy_only=False).astype("<i8", copy=False)
            self._add_fixed(_LONG, name, numbers, values)
        elif pa.types.is_boolean(values.type):
            switches = values.fill_null(False).to_numpy(zero_copy_only=False).astype(np.uint8)
            self._add_fixed(_BOOL, name, switches, values)
        elif pa.types.is_list(values.type):
            self._add_array(_lists(name, values))
        else:
            self.add_texts(name, values)

    def add_texts(self, name: str, values: pa.Array, *, distinct: bool = True) -> None:
        """Texts; few `distinct` ones are made once each."""
        if distinct:
            coded = values.dictionary_encode()
            elements = [_element(name, each) for each in [*coded.dictionary.to_pylist(), None]]
            places = coded.indices.fill_null(len(elements) - 1)
            self._add_array(pa.array(elements, pa.binary()).take(places))
            return
        data = values.cast(pa.binary())
        lengths = _lengths_of(data) + 1
        self.add(_TEXT + name.encode() + _END)
        self._add_array(_fixed(lengths.astype("<i4")))
        self._add_array(data)
        self.add(_END)

    def add_document(self, name: str, inner: _Document) -> None:
        """A document within this one."""
        self.add(_OBJECT + name.encode() + _END)
        self._parts += inner._framed()
        self._lengths += inner._lengths

    def joined(self) -> pa.BinaryArray:
        """The whole document of each row."""
        return pc.binary_join_element_wise(*self._framed(), pa.scalar(b"", pa.binary()))

    def _framed(self) -> list[pa.Array | pa.Scalar]:
        return [_fixed(self._lengths.astype("<i4")), *self._parts, pa.scalar(_END, pa.binary())]

    def _add_array(self, part: pa.Array) -> None:
        self._parts.append(part)
        self._lengths += _lengths_of(part)

    def _add_fixed(self, kind: bytes, name: str, values: npt.NDArray[Any], told: pa.Array) -> None:
        """Values of one width, null where `told` is: a null has its type and name, and no value."""
        told_name = name.encode() + _END
        if not told.null_count:
            self.add(kind + told_name)
            self._parts.append(_fixed(values))
            self._lengths += values.itemsize
            return
        there = told.is_valid().to_numpy(zero_copy_only=False)
        self._parts.append(_fixed(np.where(there, ord(kind), ord(_NULL)).astype(np.uint8)))
        self._lengths += 1
        self.add(told_name)
        self._parts.append(_fixed(values[there], there))
        self._lengths += there.astype(np.int32) * values.itemsize


def _fixed(values: npt.NDArray[Any], there: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """Little-endian values as binaries; of rows that are not `there`, none."""
    width = values.itemsize
    if there is None:
        ends = np.arange(0, (len(values) + 1) * width, width, dtype=np.int32)
    else:
        ends = np.concatenate([[0], np.cumsum(there, dtype=np.int32) * width]).astype(np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(pa.binary(), len(ends) - 1, buffers)


def _lists(name: str, values: pa.Array) -> pa.Array:
    """Elements of lists of texts; the same list is made once."""
    made: dict[Any, bytes] = {}
    elements = []
    for value in values.to_pylist():
        key = None if value is None else tuple(value)
        if key not in made:
            made[key] = _element(name, value)
        elements.append(made[key])
    return pa.array(elements, pa.binary())


def _element(name: str, value: Any) -> bytes:
    """One element as the driver encodes it."""
    return encode({name: value})[4:-1]


def _lengths_of(part: pa.Array) -> Lengths:
    lengths: Lengths = pc.binary_length(part).to_numpy(zero_copy_only=False)
    return lengths
