"""Formulas as small trees: each gives its text for a spreadsheet and its value here.

One tree is written once and read twice, so that the value kept beside a formula is the value of
that very formula. A tree stands in a column of a table: `at` is the row of the table it is read in,
which for tables of months is the month. Ranges are lists; text in a range is passed over by MIN,
MAX and SUM, as spreadsheets do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from kernels import irr

Scalar = float | int | str | bool
Value = Scalar | list[Scalar]
Reader = Callable[[int], "Value"]

# How tightly an operator binds; an operand that binds less is put in brackets.
_COMPARES, _JOINS, _ADDS, _TIMES, _POWERS, _ATOM = range(6)
_LEVELS = {"&": _JOINS, "+": _ADDS, "-": _ADDS, "*": _TIMES, "/": _TIMES, "^": _POWERS}


class UndefinedError(Exception):
    """A formula without a value, such as the return of flows that have none."""


class Place(Protocol):
    """Where a formula stands: the sheet whose own cells it names without the sheet."""

    @property
    def name(self) -> str: ...


class Node:
    """A formula, or a part of one."""

    level = _ATOM

    def text(self, at: int, home: Place) -> str:
        """As a spreadsheet reads it in row `at` of a table on sheet `home`."""
        raise NotImplementedError

    def reader(self) -> Reader:
        """A function from the table's row to the value there."""
        raise NotImplementedError

    def __add__(self, other: Operand) -> Node:
        return Operation("+", self, node(other))

    def __radd__(self, other: Operand) -> Node:
        return Operation("+", node(other), self)

    def __sub__(self, other: Operand) -> Node:
        return Operation("-", self, node(other))

    def __rsub__(self, other: Operand) -> Node:
        return Operation("-", node(other), self)

    def __mul__(self, other: Operand) -> Node:
        return Operation("*", self, node(other))

    def __rmul__(self, other: Operand) -> Node:
        return Operation("*", node(other), self)

    def __truediv__(self, other: Operand) -> Node:
        return Operation("/", self, node(other))

    def __rtruediv__(self, other: Operand) -> Node:
        return Operation("/", node(other), self)

    def __pow__(self, other: Operand) -> Node:
        return Operation("^", self, node(other))

    def __lt__(self, other: Operand) -> Node:
        return Operation("<", self, node(other))

    def __le__(self, other: Operand) -> Node:
        return Operation("<=", self, node(other))

    def __gt__(self, other: Operand) -> Node:
        return Operation(">", self, node(other))

    def __ge__(self, other: Operand) -> Node:
        return Operation(">=", self, node(other))


Operand = Node | Scalar


def node(value: Operand) -> Node:
    """A formula as it is, a plain value as a constant."""
    return value if isinstance(value, Node) else Constant(value)


def same(left: Operand, right: Operand) -> Node:
    """left = right."""
    return Operation("=", node(left), node(right))


def differs(left: Operand, right: Operand) -> Node:
    """left <> right."""
    return Operation("<>", node(left), node(right))


def joined(left: Operand, right: Operand) -> Node:
    """Texts put together."""
    return Operation("&", node(left), node(right))


class Constant(Node):
    """A number, a text or TRUE and FALSE written into the formula."""

    def __init__(self, value: Scalar) -> None:
        self.value = value

    def text(self, at: int, home: Place) -> str:
        if isinstance(self.value, bool):
            return "TRUE" if self.value else "FALSE"
        if isinstance(self.value, str):
            doubled = self.value.replace('"', '""')
            return f'"{doubled}"'
        text = repr(self.value).upper().removesuffix(".0")
        return f"({text})" if self.value < 0 else text

    def reader(self) -> Reader:
        value = self.value
        return lambda at: value


class Operation(Node):
    """Two operands and what is done with them."""

    def __init__(self, sign: str, left: Node, right: Node) -> None:
        self.sign, self.left, self.right = sign, left, right
        self.level = _LEVELS.get(sign, _COMPARES)

    def text(self, at: int, home: Place) -> str:
        left, right = self.left.text(at, home), self.right.text(at, home)
        if self.left.level < self.level or self.level == _COMPARES == self.left.level:
            left = f"({left})"
        # a - (b - c) and a / (b * c) are not what they are without brackets
        if self.right.level < self.level or (
            self.right.level == self.level and self.sign not in "+*"
        ):
            right = f"({right})"
        return f"{left}{self.sign}{right}"

    def reader(self) -> Reader:
        left, right, do = self.left.reader(), self.right.reader(), _DO[self.sign]
        return lambda at: do(left(at), right(at))


def _divided(left: float, right: float) -> float:
    if right == 0.0:
        raise UndefinedError("division by nought")
    return left / right


_DO: dict[str, Callable[..., Scalar]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divided,
    "^": lambda a, b: a**b,
    "&": lambda a, b: _as_text(a) + _as_text(b),
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _as_text(value: Scalar) -> str:
    return value if isinstance(value, str) else f"{value:g}"


class Call(Node):
    """A function of the spreadsheet."""

    def __init__(self, name: str, do: Callable[..., Value], *operands: Operand) -> None:
        self.name, self.do = name, do
        self.operands = tuple(node(each) for each in operands)

    def text(self, at: int, home: Place) -> str:
        return f"{self.name}({','.join(each.text(at, home) for each in self.operands)})"

    def reader(self) -> Reader:
        do = self.do
        readers = tuple(each.reader() for each in self.operands)
        if len(readers) == 1:
            (only,) = readers
            return lambda at: do(only(at))
        if len(readers) == 2:
            first, second = readers
            return lambda at: do(first(at), second(at))
        return lambda at: do(*(read(at) for read in readers))


class _Choice(Call):
    """IF: only the chosen branch is computed."""

    def reader(self) -> Reader:
        test, yes, no = (each.reader() for each in self.operands)
        return lambda at: yes(at) if test(at) else no(at)


class _Otherwise(Call):
    """IFERROR."""

    def reader(self) -> Reader:
        tried, instead = (each.reader() for each in self.operands)

        def read(at: int) -> Value:
            try:
                return tried(at)
            except UndefinedError:
                return instead(at)

        return read


def _numbers(values: Sequence[Value]) -> list[float]:
    found: list[float] = []
    for value in values:
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, (int, float)) and not isinstance(each, bool):
                found.append(each)
    return found


def _nothing(*_: Value) -> Value:
    raise NotImplementedError


def choice(test: Operand, yes: Operand, no: Operand) -> Node:
    """IF(test, yes, no)."""
    return _Choice("IF", _nothing, test, yes, no)


def otherwise(tried: Operand, instead: Operand) -> Node:
    """IFERROR(tried, instead)."""
    return _Otherwise("IFERROR", _nothing, tried, instead)


def every(*tests: Operand) -> Node:
    """AND."""
    return Call("AND", lambda *values: all(values), *tests)


def either(*tests: Operand) -> Node:
    """OR."""
    return Call("OR", lambda *values: any(values), *tests)


def least(*operands: Operand) -> Node:
    """MIN of the numbers; 0 where there is none."""
    return Call("MIN", lambda *values: min(_numbers(values), default=0), *operands)


def most(*operands: Operand) -> Node:
    """MAX of the numbers; 0 where there is none."""
    return Call("MAX", lambda *values: max(_numbers(values), default=0), *operands)


def total(*operands: Operand) -> Node:
    """SUM."""
    return Call("SUM", lambda *values: math.fsum(_numbers(values)), *operands)


def counted(*operands: Operand) -> Node:
    """COUNT: how many numbers."""
    return Call("COUNT", lambda *values: len(_numbers(values)), *operands)


def whole(operand: Operand) -> Node:
    """INT: rounded down."""
    return Call("INT", math.floor, operand)


def rest(operand: Operand, divisor: Operand) -> Node:
    """MOD."""
    return Call("MOD", lambda a, b: a % b, operand, divisor)


def size(operand: Operand) -> Node:
    """ABS."""
    return Call("ABS", abs, operand)


def is_number(operand: Operand) -> Node:
    """ISNUMBER."""
    return Call("ISNUMBER", lambda value: isinstance(value, (int, float)), operand)


def number_or(value: Operand, instead: Operand) -> Node:
    """A value where it is a number."""
    return choice(is_number(value), value, instead)


def is_under(value: Operand, limit: Operand) -> Node:
    """value < limit; not where the value is a text, which spreadsheets put above all numbers."""
    return number_or(value, limit) < limit


def at_place(values: Node, place: Operand) -> Node:
    """INDEX: the value at a place of a range, counted from 1."""
    return Call("INDEX", lambda found, number: found[int(number) - 1], values, place)


def place_of(value: Operand, values: Node) -> Node:
    """MATCH, exact: where a value stands in a range, counted from 1."""

    def find(wanted: Scalar, among: list[Scalar]) -> int:
        if wanted not in among:
            raise UndefinedError(str(wanted))
        return among.index(wanted) + 1

    return _Match("MATCH", find, value, values)


class _Match(Call):
    """MATCH with its third argument, which asks for an exact match."""

    def text(self, at: int, home: Place) -> str:
        value, values = (each.text(at, home) for each in self.operands)
        return f"MATCH({value},{values},0)"


def sum_where(keys: Node, wanted: Operand, values: Node) -> Node:
    """SUMIF: the values whose key is the one wanted."""

    def add(found: list[Scalar], key: Scalar, amounts: list[Scalar]) -> float:
        chosen: list[Value] = [
            amount for each, amount in zip(found, amounts, strict=True) if each == key
        ]
        return math.fsum(_numbers(chosen))

    return Call("SUMIF", add, keys, wanted, values)


def distance(left: Node, right: Node) -> Node:
    """SUMPRODUCT(ABS(left - right)): how far two ranges of numbers lie apart in all."""

    def apart(first: list[float], second: list[float]) -> float:
        return math.fsum(abs(a - b) for a, b in zip(first, second, strict=True))

    return _Distance("SUMPRODUCT", apart, left, right)


class _Distance(Call):
    """SUMPRODUCT around ABS, which takes whole ranges there without an array formula."""

    def text(self, at: int, home: Place) -> str:
        one, other = (each.text(at, home) for each in self.operands)
        return f"SUMPRODUCT(ABS({one}-{other}))"


def rate_of_return(flows: Node, guess: Operand) -> Node:
    """IRR a period; undefined where the engine's own search finds no single one."""

    def solve(values: list[float], first: float) -> float:
        column = np.array(values, dtype=np.float64).reshape(-1, 1)
        rate, status = irr.irr(column, 0, len(values) - 1, 1.0 / (1.0 + first))
        if status != irr.CONVERGED:
            raise UndefinedError("no single return")
        return float(rate)

    return Call("IRR", solve, flows, guess)
