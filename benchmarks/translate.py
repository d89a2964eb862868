"""The waterfall month of kernels.waterfall as C and as NumPy, made from its own source.

The yardsticks then do exactly the kernel's arithmetic, and stay in step with it by themselves; the
benchmark checks that both give the kernel's bits.
"""

import ast
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from kernels import waterfall

_OPERATOR = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARISON = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "=="}
_PARAMETERS = ("month", "year_end", "test", "first_test_month")
Loop = list[ast.Assign]


# A month with nothing left out: the kernel's own short cuts (months without trouble or debt) give
# the same bits, so the yardstick does the whole of it.
WHOLE_MONTH = (
    "_draw",
    "_pay_senior",
    "_test_covenant",
    "_pay_mezzanine",
    "_pay_equity",
    "add_up",
)


def month_loops() -> list[Loop]:
    """Assignments of one row in each of the loops of a whole month, then those of `add_up`."""
    tree = ast.parse(inspect.getsource(waterfall))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    return [_rows_loop(functions[name]) for name in WHOLE_MONTH]


def _rows_loop(function: ast.FunctionDef) -> Loop:
    (rows,) = [node for node in function.body if isinstance(node, ast.For)]
    found = [node for node in rows.body if isinstance(node, ast.Assign)]
    assert len(found) == len(rows.body)
    return found


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
        case ast.Name() if node.id.isupper():
            return repr(float(getattr(waterfall, node.id)))
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


def _assignments(loop: Loop, words: dict[str, str]) -> list[tuple[str, str]]:
    return [
        (_expression(statement.targets[0], words), _expression(statement.value, words))
        for statement in loop
    ]


def as_c() -> str:
    """A C function of the month for a flat buffer of BLOCK rows, in the kernel's loops."""
    loops = []
    for loop in month_loops():
        lines = _assignments(loop, _C)
        names = sorted({name for name, _ in lines if not name.startswith("s[")})
        body = "\n".join(f"        {name} = {value};" for name, value in lines)
        loops.append(
            f"#pragma GCC ivdep\n    for (int c = 0; c < {waterfall.BLOCK}; c++) {{\n"
            f"        double {', '.join(names)};\n{body}\n    }}\n"
        )
    arguments = ", ".join(f"double {name}" for name in _PARAMETERS)
    start = f"static void month_of_block(double *restrict s, {arguments}) {{\n"
    return start + "".join(loops) + "}\n"


def as_numpy() -> Callable[..., None]:
    """The month as NumPy over all rows at once: f(s (N_SLOTS, rows), month, year_end, test, …)."""
    lines = [line for loop in month_loops() for line in _assignments(loop, _NUMPY)]
    body = "\n".join(f"    {name} = {value}" for name, value in lines)
    source = f"def month_of_rows(s, {', '.join(_PARAMETERS)}):\n{body}\n"
    space: dict[str, Any] = {"np": np}
    exec(source, space)  # noqa: S102  -- made above from our own kernel
    return space["month_of_rows"]  # type: ignore[no-any-return]
