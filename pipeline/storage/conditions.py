"""Conditions on ranked rows, as data: whoever keeps the rows may test them itself.

A test of a null is neither true nor false (but `IsNull`), and `and`, `or`, `not` keep it so, as in
SQL. A row matches where the whole is true. Values are numbers, texts and switches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Sign = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True)
class Compare:
    """A column's value beside another, exactly."""

    column: str
    sign: Sign
    value: float | int | bool | str


@dataclass(frozen=True)
class OneOf:
    """A text that is one of `values`; one that is not even `among` is neither true nor false."""

    column: str
    values: tuple[str, ...]
    among: tuple[str, ...]


@dataclass(frozen=True)
class Has:
    """A list that holds `value`."""

    column: str
    value: str


@dataclass(frozen=True)
class IsNull:
    """A column without a value."""

    column: str


@dataclass(frozen=True)
class Inverse:
    """What is inside is false."""

    inside: Condition


@dataclass(frozen=True)
class Joined:
    """All (`and`) or any (`or`) of one or more parts."""

    word: Literal["and", "or"]
    parts: tuple[Condition, ...]


Condition = Compare | OneOf | Has | IsNull | Inverse | Joined


@dataclass(frozen=True)
class Order:
    """A column to sort by, nulls last; texts that have an order are `among` these, least first."""

    column: str
    descending: bool
    among: tuple[str, ...] = ()
