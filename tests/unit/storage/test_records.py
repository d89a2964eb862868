"""Do rows come back from their records exactly as they were, in the order asked for?"""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.columns import survivor_fields
from pipeline.storage.records import Records

SCHEMA = pa.schema(
    {
        "id": pa.int64(),
        "figure": pa.float64(),
        "flag": pa.bool_(),
        "name": pa.string(),
        "names": pa.list_(pa.string()),
    }
)
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=3)
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.floats(),
        st.none() | st.booleans(),
        st.none() | TEXT,
        st.none() | st.lists(TEXT, max_size=3),
    ),
    max_size=600,
)


def table(rows: list[tuple]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [[] for _ in SCHEMA]
    arrays = [pa.array(each, field.type) for each, field in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def same(found: pa.Table, expected: pa.Table) -> bool:
    """Equal to the bit: a nought with a sign, and a NaN, are what they were."""
    bits = [
        each["figure"].combine_chunks().fill_null(0.0).to_numpy().view(np.uint64)
        for each in (found, expected)
    ]
    place = SCHEMA.get_field_index("figure")
    others = found.remove_column(place).equals(expected.remove_column(place))
    nulls = found["figure"].is_null().equals(expected["figure"].is_null())
    return others and nulls and bool((bits[0] == bits[1]).all())


@given(ROWS, st.integers(1, 300), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_rows_come_back_as_they_were(rows: list, piece: int, draw: object) -> None:
    records, whole = Records(SCHEMA), table(rows)
    words = np.full((len(rows), records.words), 7, dtype=np.uint64)
    for start in range(0, len(rows), piece):  # names are numbered as they come
        records.write(whole.slice(start, piece), words[start : start + piece])
    order = list(range(len(rows)))
    draw.shuffle(order)
    found = records.table(words, np.array(order, dtype=np.intp))
    assert same(found, whole.take(pa.array(order, pa.int64())))


def test_every_column_of_a_survivor_has_a_form() -> None:
    schema = pa.schema(survivor_fields(()))
    empty = schema.empty_table()
    records = Records(schema)
    words = np.empty((0, records.words), dtype=np.uint64)
    records.write(empty, words)
    assert records.table(words, np.empty(0, dtype=np.intp)).equals(empty)


def test_an_empty_list_is_not_the_list_of_an_empty_text() -> None:
    whole = table([(1, 1.0, True, "", []), (2, 2.0, False, None, [""]), (3, 3.0, None, "a", None)])
    records = Records(SCHEMA)
    words = np.empty((3, records.words), dtype=np.uint64)
    records.write(whole, words)
    assert records.table(words, np.arange(3)).to_pylist() == whole.to_pylist()


@pytest.mark.parametrize("names", [["a\x1fb", "c"], ["a", None]])
def test_a_list_that_would_come_back_as_another_is_refused(names: list) -> None:
    def there_and_back() -> None:
        records = Records(SCHEMA)
        words = np.empty((1, records.words), dtype=np.uint64)
        records.write(table([(1, 1.0, True, "a", names)]), words)
        records.table(words, np.arange(1))

    with pytest.raises(ValueError, match=r"a list holds a null|control character"):
        there_and_back()


def test_a_column_without_a_form_is_refused() -> None:
    with pytest.raises(TypeError, match="no record for a column of date32"):
        Records(pa.schema({"day": pa.date32()}))
