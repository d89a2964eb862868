"""Do packed rows come back as they were, each column's values in rising order?"""

import math
import struct
import zlib
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reports.html.packed import Packed, packed

ORDER = ("Not Viable", "Bronze", "Silver", "Gold")
FIGURES = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), st.just(-0.0))


def read(block: Packed, name: str, rows: int) -> tuple[list[Any], list[Any]]:
    """Distinct values, and the value of each row."""
    column = next(each for each in block.columns if each.name == name)
    data = zlib.decompress(block.data)
    values = list(column.values) if column.values is not None else list(
        struct.unpack_from(f"<{column.count}d", data, column.at)
    )  # fmt: skip
    kind = {1: "B", 2: "H", 4: "I"}[column.width]
    places = struct.unpack_from(f"<{rows}{kind}", data, column.places_at)
    return values, [values[place] if place < len(values) else None for place in places]


def bits(value: float | None) -> bytes | None:
    return None if value is None else struct.pack("<d", value)


@given(st.lists(FIGURES, max_size=40))
def test_figures_come_back_bit_by_bit(figures: list[float | None]) -> None:
    block = packed(pa.table({"x": pa.array(figures, pa.float64())}), {})
    values, rows = read(block, "x", len(figures))
    assert [bits(value) for value in rows] == [bits(value) for value in figures]
    keys = [(value, math.copysign(1, value)) for value in values]
    assert keys == sorted(set(keys))


@given(st.lists(st.one_of(st.none(), st.sampled_from([*ORDER, "unknown"])), max_size=30))
def test_texts_rise_in_their_own_order(texts: list[str | None]) -> None:
    block = packed(pa.table({"t": pa.array(texts, pa.string())}), {"t": ORDER})
    values, rows = read(block, "t", len(texts))
    assert rows == texts
    assert values == [each for each in (*ORDER, "unknown") if each in texts]


def test_each_width_and_kind_of_column() -> None:
    count = 70_000
    numbers = np.arange(count)
    table = pa.table(
        {
            "few": pa.array(numbers % 255),
            "more": pa.array([None if each % 256 == 3 else each % 256 for each in range(count)]),
            "many": pa.array(numbers * 10**9),
            "flags": pa.array([[None, True, False][each % 3] for each in range(count)]),
            "lists": pa.array([["B", "A"][: each % 3] for each in range(count)]),
        }
    )
    block = packed(table, {})
    assert [column.width for column in block.columns] == [1, 1, 4, 1, 1]
    for column in block.columns:
        _, rows = read(block, column.name, count)
        wanted = table[column.name].to_pylist()
        assert [list(row) if isinstance(row, tuple) else row for row in rows] == wanted
        assert column.at % 8 == 0
    assert packed(table, {}) == block


def test_no_rows_are_no_rows() -> None:
    table = pa.table({"x": pa.array([], pa.float64()), "l": pa.array([], pa.list_(pa.string()))})
    block = packed(table, {})
    assert [(column.count, column.values) for column in block.columns] == [(0, None), (0, ())]
