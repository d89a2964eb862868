"""From the tree of `--where` to a yes or no for each row.

Every name and value is checked against the run's columns first, and all mistakes are told at once.
Values reach the rows as numbers and texts of Arrow, never as a piece of a query.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.inputs.errors import InputError, InputErrors, suggestion
from pipeline.query.expression import Group, Node, Not, Test, Token, parse, problem
from pipeline.query.fields import LISTED, Field, Fields
from pipeline.storage.rows import PlaceArray

# As the gates have it: debt sized to a bound sits on it but for the last bit.
TOLERANCE: Final = 1e-9
_SCALES: Final = MappingProxyType({"k": 1e3, "m": 1e6, "bn": 1e9})
_RATIO_UNITS: Final = ("x", "ratio")
_SWITCH_WORDS: Final = MappingProxyType(
    {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
)
_ORDER: Final = ("<", "<=", ">", ">=")

Check = Callable[[pa.Table], pa.Array]


@dataclass(frozen=True)
class Filter:
    """A checked expression: the columns it reads, and which rows of a table it keeps."""

    text: str
    columns: tuple[str, ...]
    _check: Check

    def places(self, table: pa.Table) -> PlaceArray:
        """Places of the rows that match, rising; a row whose answer is unknown does not."""
        kept = self._check(table)
        places: PlaceArray = pc.indices_nonzero(kept.fill_null(False)).to_numpy().astype(np.int64)
        return places


def filter_of(text: str, fields: Fields) -> Filter:
    """The filter of an expression. Raises InputErrors with everything that is wrong."""
    binder = _Binder(fields)
    check = binder.bind(parse(text))
    if binder.problems:
        raise InputErrors(binder.problems)
    return Filter(text, tuple(binder.columns), check)


class _Binder:
    """Gives every test its column and values; problems are gathered."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self.problems: list[InputError] = []
        self.columns: dict[str, None] = {}

    def bind(self, node: Node) -> Check:
        match node:
            case Not(inside):
                check = self.bind(inside)
                return lambda table: pc.invert(check(table))
            case Group(word, parts):
                joined = pc.and_kleene if word == "and" else pc.or_kleene
                return _joined(joined, [self.bind(part) for part in parts])
            case Test():
                return self._test(node)

    def _test(self, test: Test) -> Check:
        field = self._fields.find(test.column.content)
        if field is None:
            message = self._fields.unknown(test.column.content)
            self.problems.append(problem(test.column, message, LISTED))
            return _never
        self.columns[field.name] = None
        if test.operator == "is null":
            return lambda table: pc.is_null(_values(table, field))
        if test.operator == "has" or field.kind == "mask":
            return self._has(field, test)
        if test.operator == "is true":
            if field.kind != "flag":
                self._wrong(test.column, f"{field.name} is no switch: compare it")
                return _never
            return lambda table: _values(table, field)
        if test.operator in _ORDER and not _has_order(field):
            self._wrong(
                test.column, f"{field.name} has no order; {test.operator} needs one",
                "=, !=, in",
            )  # fmt: skip
            return _never
        values = [self._value(field, token) for token in test.values]
        if None in values:
            return _never
        if test.operator == "in":
            return _joined(pc.or_kleene, [_comparison(field, "=", value) for value in values])
        return _comparison(field, test.operator, values[0])

    def _has(self, field: Field, test: Test) -> Check:
        if field.kind != "mask" or test.operator != "has":
            right = "has" if field.kind == "mask" else "=, !=, in"
            message = f"{field.name} {'is' if field.kind == 'mask' else 'is not'} a list"
            self._wrong(test.column, f"{message}; {test.operator} does not fit", right)
            return _never
        name = self._text(field, test.values[0])
        if name is None:
            return _never
        return lambda table: _lists_with(_values(table, field), name)

    def _value(self, field: Field, token: Token) -> float | int | bool | str | None:
        if field.kind in ("number", "count"):
            return self._number(field, token)
        if field.kind == "flag":
            switch = _SWITCH_WORDS.get(token.content.casefold())
            if switch is None:
                self._wrong(token, f"{field.name} is a switch", "true, false, yes, no")
            return switch
        return self._text(field, token)

    def _number(self, field: Field, token: Token) -> float | None:
        if token.kind != "number":
            self._wrong(token, f"{field.name} is a number{_in(field)}", "a number")
            return None
        value, suffix = token.figure
        if suffix in _SCALES:
            value *= _SCALES[suffix]
        elif suffix == "%" and field.unit in _RATIO_UNITS:
            value /= 100.0
        elif suffix == "%" and field.unit != "%":
            self._wrong(token, f"{field.name} is not in percent{_in(field)}", "a number")
            return None
        elif suffix == "x" and field.unit not in _RATIO_UNITS:
            self._wrong(token, f"{field.name} is not a multiple{_in(field)}", "a number")
            return None
        if not math.isfinite(value):
            self._wrong(token, "is too large a number")
            return None
        return value

    def _text(self, field: Field, token: Token) -> str | None:
        text = token.content
        if not field.allowed or text in field.allowed:
            return text
        by_folded = {each.casefold(): each for each in field.allowed}
        by_folded.update({each.casefold(): right for each, right in field.synonyms.items()})
        found = by_folded.get(text.casefold())
        if found is None:
            hint = suggestion(text, field.allowed)
            self._wrong(token, f"{field.name} never is that{hint}", ", ".join(field.allowed))
        return found

    def _wrong(self, token: Token, message: str, allowed: str = "") -> None:
        self.problems.append(problem(token, message, allowed))


def _joined(function: Callable[[pa.Array, pa.Array], pa.Array], checks: list[Check]) -> Check:
    def check(table: pa.Table) -> pa.Array:
        mask = checks[0](table)
        for each in checks[1:]:
            mask = function(mask, each(table))
        return mask

    return check


def _comparison(field: Field, operator: str, value: Any) -> Check:
    if field.kind == "number":
        return lambda table: _near(_values(table, field), operator, value)
    if field.ordered and operator in _ORDER:
        place = float(field.allowed.index(value))
        return lambda table: _EXACT[operator](ordinals(_values(table, field), field), place)
    return lambda table: _EXACT[operator](_values(table, field), value)


_EXACT: Final = MappingProxyType(
    {
        "=": pc.equal,
        "!=": pc.not_equal,
        "<": pc.less,
        "<=": pc.less_equal,
        ">": pc.greater,
        ">=": pc.greater_equal,
    }
)


def _near(figures: pa.Array, operator: str, value: float) -> pa.Array:
    """Comparison in which what lies within the tolerance is equal."""
    slack = TOLERANCE * max(1.0, abs(value))
    low, high = value - slack, value + slack
    match operator:
        case "<":
            return pc.less(figures, low)
        case "<=":
            return pc.less_equal(figures, high)
        case ">":
            return pc.greater(figures, high)
        case ">=":
            return pc.greater_equal(figures, low)
    equal = pc.and_(pc.greater_equal(figures, low), pc.less_equal(figures, high))
    return equal if operator == "=" else pc.invert(equal)


def ordinals(texts: pa.Array, field: Field) -> pa.Array:
    """Places of texts in the order of `field.allowed`, worst first; null stays null."""
    return pc.index_in(texts, value_set=pa.array(field.allowed))


def _lists_with(lists: pa.Array, name: str) -> pa.Array:
    """Which lists hold `name`; null lists are null."""
    hit = pc.equal(pc.list_flatten(lists), name)
    rows = pc.list_parent_indices(lists).filter(hit)
    found = np.zeros(len(lists), dtype=np.bool_)
    found[rows.to_numpy()] = True
    return pa.array(found, mask=pc.is_null(lists).to_numpy(zero_copy_only=False))


def _values(table: pa.Table, field: Field) -> pa.Array:
    column = table[field.name].combine_chunks()
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _never(table: pa.Table) -> pa.Array:
    """Stands in for a test that could not be understood; it is told, and never asked."""
    return pa.array(np.zeros(table.num_rows, dtype=np.bool_))


def _has_order(field: Field) -> bool:
    return field.kind in ("number", "count") or field.ordered


def _in(field: Field) -> str:
    return f" in {field.unit}" if field.unit else ""
