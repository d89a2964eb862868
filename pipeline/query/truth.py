"""Which rows of an Arrow table a condition holds for: true, false, or null where it is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.storage.conditions import Compare, Condition, Has, Inverse, IsNull, Joined, OneOf

_SIGNS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "=": pc.equal,
        "!=": pc.not_equal,
        "<": pc.less,
        "<=": pc.less_equal,
        ">": pc.greater,
        ">=": pc.greater_equal,
    }
)


def truth(condition: Condition, table: pa.Table) -> pa.Array:
    """The answer for each row."""
    match condition:
        case Compare(column, sign, value):
            return _SIGNS[sign](values_of(table, column), value)
        case OneOf(column, values, among):
            texts = values_of(table, column)
            known = pc.is_in(texts, value_set=pa.array(among, pa.string()))
            found = pc.is_in(texts, value_set=pa.array(values, pa.string()))
            return pc.if_else(known, found, pa.scalar(None, pa.bool_()))
        case Has(column, value):
            return _lists_with(values_of(table, column), value)
        case IsNull(column):
            return pc.is_null(values_of(table, column))
        case Inverse(inside):
            return pc.invert(truth(inside, table))
        case Joined(word, parts):
            join = pc.and_kleene if word == "and" else pc.or_kleene
            return reduce(join, (truth(part, table) for part in parts))


def values_of(table: pa.Table, column: str) -> pa.Array:
    """A column in one piece."""
    found = table[column].combine_chunks()
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _lists_with(lists: pa.Array, name: str) -> pa.Array:
    """Which lists hold `name`; null lists are null."""
    hit = pc.equal(pc.list_flatten(lists), name)
    rows = pc.list_parent_indices(lists).filter(hit)
    found = np.zeros(len(lists), dtype=np.bool_)
    found[rows.to_numpy()] = True
    return pa.array(found, mask=pc.is_null(lists).to_numpy(zero_copy_only=False))
