"""Rows of an Arrow table as records of whole numbers, all of one width, and back to the same rows.

Sorting outside memory moves whole rows. As columns a row of some 250 figures is 250 pieces; as a
record it is one, whose place in a file is its number times the width.
"""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

WordArray = npt.NDArray[np.uint64]

_BITS: Final = 64
# Records turned into columns at a time: they fit into a processor's nearest caches.
_TURNED: Final = 256
_BETWEEN: Final = "\x1f"  # joins the texts of a list, which hold no control characters


class Records:
    """The one-to-one form of rows of `schema`: a word of 64 bits a column, then whether it is null.

    Columns are float64, int64, bool, text, or lists of text. Texts are numbered as they first come,
    so records mean something to their maker only, and many different texts take memory. Raises
    TypeError for a column of another type.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._columns = [_column(field.type) for field in schema]
        self.words = len(schema) + -(-len(schema) // _BITS)

    def write(self, table: pa.Table, into: WordArray) -> None:
        """Fill `into` (rows, words) with the rows of a table."""
        columns = len(self._columns)
        turned = np.empty((self.words, table.num_rows), dtype=np.uint64)
        nulls = turned[columns:]
        nulls[:] = 0
        for place, column in enumerate(self._columns):
            values = table.column(place).combine_chunks()
            turned[place] = column.words(values)
            if values.null_count:
                word, bit = divmod(place, _BITS)
                null = values.is_null().to_numpy(zero_copy_only=False).astype(np.uint64)
                nulls[word] |= null << np.uint64(bit)
        for start in range(0, table.num_rows, _TURNED):
            into[start : start + _TURNED] = turned[:, start : start + _TURNED].T

    def table(self, records: WordArray, order: npt.NDArray[np.intp]) -> pa.Table:
        """The rows of `records` (rows, words) in an order (rows,), in one chunk."""
        turned = np.empty((self.words, len(order)), dtype=np.uint64)
        for start in range(0, len(order), _TURNED):
            some = order[start : start + _TURNED]
            turned[:, start : start + len(some)] = records[some].T
        columns = len(self._columns)
        any_null = np.bitwise_or.reduce(turned[columns:], axis=1)
        arrays = []
        for place, column in enumerate(self._columns):
            word, bit = divmod(place, _BITS)
            null = None
            if int(any_null[word]) >> bit & 1:
                null = (turned[columns + word] >> np.uint64(bit) & np.uint64(1)).astype(np.bool_)
            arrays.append(column.array(turned[place], null))
        return pa.Table.from_arrays(arrays, schema=self._schema)


BoolArray = npt.NDArray[np.bool_]


class _Column(Protocol):
    """Values of a type as words, whatever those of nulls, and back."""

    def words(self, values: pa.Array) -> WordArray: ...

    def array(self, words: WordArray, null: BoolArray | None) -> pa.Array: ...


class _Numbers:
    def __init__(self, kind: type[np.float64 | np.int64]) -> None:
        self._kind = kind

    def words(self, values: pa.Array) -> WordArray:
        whole: WordArray = _filled(values, 0).to_numpy().view(np.uint64)
        return whole

    def array(self, words: WordArray, null: BoolArray | None) -> pa.Array:
        return pa.array(words.view(self._kind), mask=null)


class _Flags:
    def words(self, values: pa.Array) -> WordArray:
        flags: BoolArray = _filled(values, False).to_numpy(zero_copy_only=False)
        return flags.astype(np.uint64)

    def array(self, words: WordArray, null: BoolArray | None) -> pa.Array:
        return pa.array(words.astype(np.bool_), mask=null)


class _Texts:
    """Names: as many words as there are different ones."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def words(self, values: pa.Array) -> WordArray:
        encoded = values.dictionary_encode()
        names = encoded.dictionary.to_pylist()
        numbers = [self._numbers.setdefault(name, len(self._numbers)) for name in names]
        places = _filled(encoded.indices, 0).to_numpy()
        numbered: WordArray = np.array(numbers or [0], dtype=np.uint64)[places]
        return numbered

    def array(self, words: WordArray, null: BoolArray | None) -> pa.Array:
        return self._values().take(pa.array(words, mask=null))

    def _values(self) -> pa.Array:
        return pa.array(self._numbers, pa.string())


class _Lists(_Texts):
    """Lists of names: as many words as there are different lists."""

    def words(self, values: pa.Array) -> WordArray:
        joined = pc.binary_join(values, _BETWEEN)
        if joined.null_count != values.null_count:
            raise ValueError("a list holds a null")
        counts = pc.cast(pc.list_value_length(values), pa.string())
        return super().words(pc.binary_join_element_wise(counts, joined, _BETWEEN))

    def _values(self) -> pa.Array:
        lists = []
        for name in self._numbers:
            count, *texts = name.split(_BETWEEN)
            # An empty list and the list of one empty text are joined alike.
            lists.append(texts if int(count) else [])
            if len(lists[-1]) != int(count):
                raise ValueError(f"a text of a list holds a control character: {name!r}")
        return pa.array(lists, pa.list_(pa.string()))


def _filled(values: pa.Array, value: object) -> pa.Array:
    return pc.fill_null(values, value) if values.null_count else values


def _column(kind: pa.DataType) -> _Column:
    if pa.types.is_float64(kind):
        return _Numbers(np.float64)
    if pa.types.is_int64(kind):
        return _Numbers(np.int64)
    if pa.types.is_boolean(kind):
        return _Flags()
    if pa.types.is_string(kind):
        return _Texts()
    if pa.types.is_list(kind) and pa.types.is_string(kind.value_type):
        return _Lists()
    raise TypeError(f"no record for a column of {kind}")
