"""Rows of a table as one block of bytes: each column its distinct values, and which one a row has.

Values rise, so that a page sorts and filters by their places, which are small whole numbers; the
place after the last means null. Numbers are float64 as they are stored, to the last bit.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_ALIGNED: Final = 8  # what a page reads float64 at
_WIDTHS: Final = ((1 << 8, np.dtype("<u1")), (1 << 16, np.dtype("<u2")), (1 << 32, np.dtype("<u4")))
_SIGN: Final = np.int64(0x7FFFFFFFFFFFFFFF)
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PackedColumn:
    """Where a column stands in the block.

    `values` are its distinct values, or None where they are `count` float64 at `at`; each row's
    place among them is a whole number of `width` bytes, from `places_at` on.
    """

    name: str
    values: tuple[Any, ...] | None
    count: int
    at: int
    places_at: int
    width: int


@dataclass(frozen=True)
class Packed:
    """A block, compressed in the form that browsers call `deflate`, and what is in it."""

    columns: tuple[PackedColumn, ...]
    data: bytes


def packed(rows: pa.Table, orders: Mapping[str, Sequence[str]]) -> Packed:
    """All columns of `rows`; texts rise as in `orders`, else by their letters."""
    block = bytearray()
    columns = []
    for name in rows.schema.names:
        values, places = _coded(rows[name].combine_chunks(), orders.get(name, ()))
        count = len(values)
        kind = next(kind for most, kind in _WIDTHS if count < most)
        at = len(block)
        listed: tuple[Any, ...] | None = None
        if isinstance(values, np.ndarray):
            block += values.astype("<f8").tobytes()
        else:
            listed = tuple(values)
        places_at = len(block)
        block += places.astype(kind).tobytes()
        block += bytes(-len(block) % _ALIGNED)
        columns.append(PackedColumn(name, listed, count, at, places_at, kind.itemsize))
    return Packed(tuple(columns), zlib.compress(bytes(block), 6))


def _coded(
    column: pa.Array, order: Sequence[str]
) -> tuple[npt.NDArray[np.float64] | list[Any], Places]:
    """Distinct values, rising, and the place of each row's among them."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return _coded_numbers(column)
    if pa.types.is_list(column.type):
        return _coded_lists(column)
    coded = column.dictionary_encode()
    found = coded.dictionary.to_pylist()
    known = [value for value in order if value in found]
    values = [*known, *sorted(set(found).difference(known))]
    place_of = np.array([values.index(value) for value in found] + [len(values)], dtype=np.int64)
    return values, place_of[coded.indices.fill_null(len(found)).to_numpy()]


def _coded_lists(column: pa.Array) -> tuple[list[Any], Places]:
    found = [None if value is None else tuple(value) for value in column.to_pylist()]
    values = sorted({value for value in found if value is not None})
    place_of: dict[Any, int] = {value: place for place, value in enumerate(values)}
    return values, np.array([place_of.get(value, len(values)) for value in found], dtype=np.int64)


def _coded_numbers(column: pa.Array) -> tuple[npt.NDArray[np.float64], Places]:
    missing = column.is_null().to_numpy(zero_copy_only=False)
    figures = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    # as whole numbers in the order of the figures: -0.0 and 0.0 are two values, as they are stored
    bits = figures.view(np.int64)
    keys = np.where(bits < 0, bits ^ _SIGN, bits)
    distinct, inverse = np.unique(keys[~missing], return_inverse=True)
    places = np.full(len(keys), len(distinct), dtype=np.int64)
    places[~missing] = inverse
    values = np.where(distinct < 0, distinct ^ _SIGN, distinct).astype(np.int64).view(np.float64)
    return values, places
