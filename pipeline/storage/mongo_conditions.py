"""Conditions on ranked rows as MongoDB filters that match the same rows, and their order.

A filter only ever says yes or no, so each condition has two: where it is true, and where it is
false. Names of fields come from the run's stored columns; what a person typed is only ever a value
beside an operator of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, assert_never

from pipeline.storage.conditions import (
    Compare,
    Condition,
    Has,
    Inverse,
    IsNull,
    Joined,
    OneOf,
    Order,
)

Query = dict[str, Any]

_SIGNS: Final[Mapping[str, str]] = MappingProxyType(
    {"=": "$eq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
)
_OPPOSITE: Final[Mapping[str, str]] = MappingProxyType(
    {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
)


def true_where(condition: Condition, paths: Mapping[str, str]) -> Query:
    """A filter for the documents of which the condition is true; `paths` by column."""
    return _filter(condition, paths, True)


def sorting(orders: Sequence[Order], paths: Mapping[str, str]) -> list[Query]:
    """Stages of an aggregation that sort documents, nulls last, then by rank; ranks are kept."""
    keys: Query = {"rank": 1, "_id": 0}
    directions: dict[str, int] = {}
    for number, order in enumerate(orders):
        value: Any = f"${paths[order.column]}"
        if order.among:
            # A text without a place has -1, as null has.
            value = {"$indexOfArray": [{"$literal": list(order.among)}, value]}
            keys[f"n{number}"] = {"$lt": [value, 0]}
        else:
            keys[f"n{number}"] = {"$eq": [value, None]}
        keys[f"k{number}"] = value
        directions |= {f"n{number}": 1, f"k{number}": -1 if order.descending else 1}
    return [{"$project": keys}, {"$sort": {**directions, "rank": 1}}]


def _filter(condition: Condition, paths: Mapping[str, str], true: bool) -> Query:
    match condition:
        case Compare(column, sign, value):
            sign = sign if true else _OPPOSITE[sign]  # type: ignore[assignment]
            # An order is one of values of the same type, which null is not.
            test = {"$nin": [value, None]} if sign == "!=" else {_SIGNS[sign]: value}
            return {paths[column]: test}
        case OneOf(column, values, among):
            named = [text for text in among if (text in values) == true]
            return {paths[column]: {"$in": named}}
        case Has(column, value):
            return {paths[column]: {"$eq": value} if true else {"$nin": [value, None]}}
        case IsNull(column):
            return {paths[column]: {"$eq" if true else "$ne": None}}
        case Inverse(inside):
            return _filter(inside, paths, not true)
        case Joined(word, parts):
            # Not all true: one of them false. Not one true: all of them false.
            join = "$and" if (word == "and") == true else "$or"
            return {join: [_filter(part, paths, true) for part in parts]}
        case _ as never:
            assert_never(never)
