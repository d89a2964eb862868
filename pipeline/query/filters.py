"""From the tree of `--where` to a condition on rows.

Every name and value is checked against the run's columns first, and all mistakes are told at once.
Values stay numbers and texts, and are never a piece of a query.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.inputs.errors import InputError, InputErrors, suggestion
from pipeline.query.expression import Group, Node, Not, Test, Token, parse, problem
from pipeline.query.fields import LISTED, Field, Fields
from pipeline.query.truth import truth
from pipeline.storage.conditions import (
    Compare,
    Condition,
    Has,
    Inverse,
    IsNull,
    Joined,
    OneOf,
    Sign,
)
from pipeline.storage.rows import PlaceArray

# As the gates have it: debt sized to a bound sits on it but for the last bit.
TOLERANCE: Final = 1e-9
_SCALES: Final = MappingProxyType({"k": 1e3, "m": 1e6, "bn": 1e9})
_RATIO_UNITS: Final = ("x", "ratio")
_SWITCH_WORDS: Final = MappingProxyType(
    {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
)
_ORDER: Final = ("<", "<=", ">", ">=")
Value = float | int | bool | str

# Stands in for a test that could not be understood; it is told, and never asked.
_NEVER: Final = Joined("or", ())


@dataclass(frozen=True)
class Filter:
    """A checked expression: the columns it reads, and what it asks of them."""

    text: str
    columns: tuple[str, ...]
    condition: Condition

    def places(self, table: pa.Table) -> PlaceArray:
        """Places of the rows that match, rising; a row whose answer is unknown does not."""
        kept = truth(self.condition, table)
        places: PlaceArray = pc.indices_nonzero(kept.fill_null(False)).to_numpy().astype(np.int64)
        return places


def filter_of(text: str, fields: Fields) -> Filter:
    """The filter of an expression. Raises InputErrors with everything that is wrong."""
    binder = _Binder(fields)
    condition = binder.bind(parse(text))
    if binder.problems:
        raise InputErrors(binder.problems)
    return Filter(text, tuple(binder.columns), condition)


class _Binder:
    """Gives every test its column and values; problems are gathered."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self.problems: list[InputError] = []
        self.columns: dict[str, None] = {}

    def bind(self, node: Node) -> Condition:
        match node:
            case Not(inside):
                return Inverse(self.bind(inside))
            case Group(word, parts):
                return Joined(word, tuple(self.bind(part) for part in parts))
            case Test():
                return self._test(node)

    def _test(self, test: Test) -> Condition:
        field = self._fields.find(test.column.content)
        if field is None:
            message = self._fields.unknown(test.column.content)
            self.problems.append(problem(test.column, message, LISTED))
            return _NEVER
        self.columns[field.name] = None
        if test.operator == "is null":
            return IsNull(field.name)
        if test.operator == "has" or field.kind == "mask":
            return self._has(field, test)
        if test.operator == "is true":
            if field.kind != "flag":
                self._wrong(test.column, f"{field.name} is no switch: compare it")
                return _NEVER
            return Compare(field.name, "=", True)
        if test.operator in _ORDER and not _has_order(field):
            self._wrong(
                test.column, f"{field.name} has no order; {test.operator} needs one",
                "=, !=, in",
            )  # fmt: skip
            return _NEVER
        values = [
            value for token in test.values if (value := self._value(field, token)) is not None
        ]
        if len(values) < len(test.values):
            return _NEVER
        if test.operator == "in":
            return Joined("or", tuple(_comparison(field, "=", value) for value in values))
        return _comparison(field, test.operator, values[0])

    def _has(self, field: Field, test: Test) -> Condition:
        if field.kind != "mask" or test.operator != "has":
            right = "has" if field.kind == "mask" else "=, !=, in"
            message = f"{field.name} {'is' if field.kind == 'mask' else 'is not'} a list"
            self._wrong(test.column, f"{message}; {test.operator} does not fit", right)
            return _NEVER
        name = self._text(field, test.values[0])
        return _NEVER if name is None else Has(field.name, name)

    def _value(self, field: Field, token: Token) -> Value | None:
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


def _comparison(field: Field, sign: Sign, value: Value) -> Condition:
    if field.kind == "number":
        return _near(field.name, sign, float(value))
    if field.ordered and sign in _ORDER:
        place = field.allowed.index(str(value))
        better = sign in (">", ">=")
        first = place + (sign in (">", "<="))
        named = field.allowed[first:] if better else field.allowed[:first]
        return OneOf(field.name, named, field.allowed)
    return Compare(field.name, sign, value)


def _near(column: str, sign: Sign, value: float) -> Condition:
    """Comparison in which what lies within the tolerance is equal."""
    slack = TOLERANCE * max(1.0, abs(value))
    low, high = value - slack, value + slack
    match sign:
        case "<" | ">=":
            return Compare(column, sign, low)
        case "<=" | ">":
            return Compare(column, sign, high)
    equal = Joined("and", (Compare(column, ">=", low), Compare(column, "<=", high)))
    return equal if sign == "=" else Inverse(equal)


def ordinals(texts: pa.Array, field: Field) -> pa.Array:
    """Places of texts in the order of `field.allowed`, worst first; null stays null."""
    return pc.index_in(texts, value_set=pa.array(field.allowed))


def _has_order(field: Field) -> bool:
    return field.kind in ("number", "count") or field.ordered


def _in(field: Field) -> str:
    return f" in {field.unit}" if field.unit else ""
