"""The waterfall month of kernels.waterfall as C and as NumPy, made from its own source.

The yardsticks then do exactly the kernel's arithmetic, and stay in step with it by themselves; the
benchmark checks that both give the kernel's bits.
"""

import ast
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from kernels import waterfall

_OPERATOR = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARISON = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "=="}
_PARAMETERS = ("month", "year_end", "test", "first_months")


def month_body(record: bool) -> list[ast.Assign]:
    """Assignments of one row's month, with those of `if record:` or without."""
    tree = ast.parse(inspect.getsource(waterfall))
    (loop,) = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "pay_month"
    ]
    (rows,) = [node for node in loop.body if isinstance(node, ast.For)]
    return list(_flat(rows.body, record))


def _flat(body: Iterable[ast.stmt], record: bool) -> Iterable[ast.Assign]:
    for statement in body:
        if isinstance(statement, ast.If):
            assert isinstance(statement.test, ast.Name)
            assert statement.test.id == "record"
            if record:
                yield from _flat(statement.body, record)
        else:
            assert isinstance(statement, ast.Assign)
            yield statement


def _slot(node: ast.Subscript) -> str:
    """Name of X in s[X * b + c]."""
    assert isinstance(node.slice, ast.BinOp)
    assert isinstance(node.slice.left, ast.BinOp)
    assert isinstance(node.slice.left.left, ast.Name)
    return node.slice.left.left.id


def _expression(node: ast.expr, words: dict[str, str]) -> str:
    def inner(child: ast.expr) -> str:
        return _expression(child, words)

    match node:
        case ast.BinOp():
            return f"({inner(node.left)} {_OPERATOR[type(node.op)]} {inner(node.right)})"
        case ast.UnaryOp(op=ast.USub()):
            return f"(-{inner(node.operand)})"
        case ast.Compare():
            sign = _COMPARISON[type(node.ops[0])]
            return f"({inner(node.left)} {sign} {inner(node.comparators[0])})"
        case ast.IfExp():
            return words["choose"].format(inner(node.test), inner(node.body), inner(node.orelse))
        case ast.Call(func=ast.Name(id=name)):
            return words[name].format(*map(inner, node.args))
        case ast.Subscript():
            return words["slot"].format(getattr(waterfall, _slot(node)))
        case ast.Attribute(attr="nan"):
            return words["nan"]
        case ast.Name(id="TOLERANCE"):
            return repr(waterfall.TOLERANCE)
        case ast.Name():
            return node.id if node.id in _PARAMETERS else words["name"].format(node.id)
        case ast.Constant():
            return repr(node.value)
    raise AssertionError(ast.dump(node))


_C = {
    "choose": "({0} ? {1} : {2})",
    # the kernel's own order: of equals the first
    "max": "larger({0}, {1})",
    "min": "smaller({0}, {1})",
    "abs": "fabs({0})",
    "slot": f"s[{{0}} * {waterfall.BLOCK} + c]",
    "nan": "NAN",
    "name": "{0}_",  # no name of the kernel's is then a word of C
}
_NUMPY = {
    "choose": "np.where({0}, {1}, {2})",
    "max": "np.maximum({0}, {1})",
    "min": "np.minimum({0}, {1})",
    "abs": "np.abs({0})",
    "slot": "s[{0}]",
    "nan": "np.nan",
    "name": "{0}",
}


def _assignments(record: bool, words: dict[str, str]) -> list[tuple[str, str]]:
    return [
        (_expression(statement.targets[0], words), _expression(statement.value, words))
        for statement in month_body(record)
    ]


def as_c(record: bool) -> str:
    """A C function of the month for a flat buffer of BLOCK rows."""
    lines = _assignments(record, _C)
    names = sorted({name for name, _ in lines if not name.startswith("s[")})
    body = "\n".join(f"        {name} = {value};" for name, value in lines)
    arguments = ", ".join(f"double {name}" for name in _PARAMETERS)
    return (
        f"static void month_of_block(double *restrict s, {arguments}) {{\n"
        f"#pragma GCC ivdep\n"
        f"    for (int c = 0; c < {waterfall.BLOCK}; c++) {{\n"
        f"        double {', '.join(names)};\n{body}\n    }}\n}}\n"
    )


def as_numpy(record: bool) -> Callable[..., None]:
    """The month as NumPy over all rows at once: f(s (N_SLOTS, rows), month, year_end, test, …)."""
    body = "\n".join(f"    {name} = {value}" for name, value in _assignments(record, _NUMPY))
    source = f"def month_of_rows(s, {', '.join(_PARAMETERS)}):\n{body}\n"
    space: dict[str, Any] = {"np": np}
    exec(source, space)  # noqa: S102  -- made above from our own kernel
    return space["month_of_rows"]  # type: ignore[no-any-return]


def operations(record: bool) -> dict[str, int]:
    """Additions, multiplications, divisions and choices of one row's month."""
    found = {"add": 0, "multiply": 0, "divide": 0, "choose": 0}
    for statement in month_body(record):
        for node in ast.walk(statement.value):
            match node:
                case ast.BinOp(op=ast.Add() | ast.Sub()):
                    found["add"] += 1
                case ast.BinOp(op=ast.Mult()):
                    found["multiply"] += 1
                case ast.BinOp(op=ast.Div()):
                    found["divide"] += 1
                case ast.Call() | ast.IfExp():
                    found["choose"] += 1
    for statement in month_body(record):
        for node in ast.walk(statement):
            if isinstance(node, ast.Subscript):  # the slot's own address is no arithmetic
                found["add"] -= isinstance(node.ctx, ast.Load)
                found["multiply"] -= isinstance(node.ctx, ast.Load)
    return found
