"""What moves day-one value: the engine run again on a market or on terms moved a little.

Each bump moves one thing and leaves all others, the debt's size among them, where they are; the
parts of day-one value are then computed by the kernels as in a run, and the difference is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np

from kernels import figures as f
from kernels import layout as x
from pipeline.explain.case import Case
from pipeline.explain.model import MONEY, Table, TableColumn, Value

_IMPLIED: Final = (x.ZCIS_IMPLIED_PCT, x.ZCIS_IMPLIED_5Y_PCT, x.ZCIS_IMPLIED_10Y_PCT)
PARTS: Final = (
    ("wrap", "Wrap", f.DAY1_WRAP),
    ("zcis5", "Inflation swap, 5 y", f.DAY1_ZCIS_5Y),
    ("zcis10", "Inflation swap, 10 y", f.DAY1_ZCIS_10Y),
    ("option", "Rate option", f.DAY1_RATE_OPTION),
    ("trs", "Total return swap", f.DAY1_TRS),
    ("strip", "Residual strip", f.DAY1_STRIP),
    ("ccy", "Currency swap", f.DAY1_CURRENCY_SWAP),
    ("total", "Day-one value", f.DAY1_CASH),
    ("call", "Right to call, not added", f.CALL_VALUE),
)
_COLUMNS: Final = (
    TableColumn("bump", "Bump", ""),
    TableColumn("change", "What moves", ""),
    *(TableColumn(name, title, MONEY) for name, title, _ in PARTS),
)
_NOTE: Final = (
    "Change of value when one thing moves and all others stay. The residual strip is sold from"
    " distributions that the bumps leave as they are."
)
Bump = Callable[[Case], Case]


def bumps_table(case: Case) -> Table:
    """Change of every part of day-one value by bump [project currency]; needs senior debt."""
    rows: list[tuple[Value, ...]] = []
    for name, change, bump in _BUMPS:
        moved = bump(case)
        differences = (moved.number(part) - case.number(part) for _, _, part in PARTS)
        rows.append((name, change, *differences))
    return Table("day_one.bumps", "What moves day-one value", _COLUMNS, tuple(rows), _NOTE)


def _with_problem(case: Case, **books: Any) -> Case:
    return Case(replace(case.problem, **books), case.inputs, case.currency)


def _with_inputs(case: Case, rows: tuple[int, ...], by: float) -> Case:
    moved = case.inputs.copy()
    moved[np.array(rows)] += by
    return Case(case.problem, moved, case.currency)


def _curve(bps: float) -> Bump:
    """The zero curve, and the rates at the anchors that are read off it."""

    def bump(case: Case) -> Case:
        yields, market = case.problem.yields, case.problem.market
        zero, anchor = (rates + bps / 100.0 for rates in (yields.zero_pct, market.anchor_zero_pct))
        return _with_problem(
            case,
            yields=yields._replace(zero_pct=zero),
            market=market._replace(anchor_zero_pct=anchor),
        )

    return bump


def _volatility(case: Case) -> Case:
    yields = case.problem.yields
    return _with_problem(case, yields=yields._replace(normal_vol_bps=yields.normal_vol_bps + 5.0))


def _cash_terms(name: str, by: float) -> Bump:
    def bump(case: Case) -> Case:
        cash = case.problem.cash
        return _with_problem(case, cash=cash._replace(**{name: getattr(cash, name) + by}))

    return bump


def _unwrapped_spread(case: Case) -> Case:
    """The credit spread of the rating that the matrix alone gives."""
    rating = int(case.number(f.MATRIX_RATING))
    if rating >= x.RATING_BBB:
        return _with_inputs(case, (x.SPREAD_AAA_BPS + x.RATING_AAA - rating,), 10.0)
    return _cash_terms("low_spread_bps", 10.0)(case)


_BUMPS: Final[tuple[tuple[str, str, Bump], ...]] = (
    ("curve_1", "zero curve +1 bp", _curve(1.0)),
    ("curve_10", "zero curve +10 bps", _curve(10.0)),
    ("curve_down_10", "zero curve −10 bps", _curve(-10.0)),
    ("breakeven_10", "breakeven inflation +10 bps", partial(_with_inputs, rows=_IMPLIED, by=0.1)),
    ("volatility_5", "normal volatility +5 bps", _volatility),
    ("credit_charge_10", "credit charge of inflation swaps +10 bps",
     _cash_terms("zcis_credit_bps", 10.0)),
    ("strip_spread_10", "spread of the residual strip +10 bps",
     _cash_terms("strip_spread_pct", 0.1)),
    ("currency_swap_10", "cost of the currency swap +10 bps",
     partial(_with_inputs, rows=(x.CCY_SWAP_COST_BPS,), by=10.0)),
    ("unwrapped_spread_10", "credit spread without the wrap +10 bps", _unwrapped_spread),
)  # fmt: skip
