"""Do the kernels and the plain second implementation agree on every figure of the cash flows?"""

import math
import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from kernels import codes, dayone, figures, layout
from kernels.curve import TABLE_MONTHS, fill_tables
from kernels.rules import Curves

from . import books
from .dayone import COMPONENTS
from .kernel_side import (
    Structure,
    bits,
    cash_of,
    input_column,
    kernel_figures,
    rules_of,
    with_cash_rows,
    yields_of,
)
from .model import evaluate_cash, invalid, sized
from .rating import NUMBER
from .scenarios import anywhere, plausible, strained, with_cash

RELATIVE = 1e-9
EACH = 25  # structures of each kind; each is eighteen plain waterfalls
OVERLAY_WARNINGS = ("INFLATION_UNHEDGED", "OVERHEDGED", "OVERLAY_IDLE")
PRESENT = hasattr(figures, "EQUITY_IRR")


BESIDE = ("scenarios", "waterfall", "uses", "equity_flows")


def flat(found: dict[str, Any]) -> dict[str, Any]:
    """The oracle's figures under one name each: those of a scenario are led by its name."""
    result = {k: v for k, v in found.items() if k not in BESIDE}
    for scenario, told in found.get("scenarios", {}).items():
        result |= {f"{scenario}_{name}": figure for name, figure in told.items()}
    return result


# Money that may be nought but for rounding: held to the project's cost.
MONEY = ("unpaid_max", "put_in_total", "dsra_drawn", "facility_drawn", "day1_", "call_value",
         "equity_cheque")  # fmt: skip


def agree(name: str, mine: Any, theirs: Any, cost: float) -> bool:
    if isinstance(mine, bool) or isinstance(theirs, bool):
        return mine is not None and theirs is not None and bool(mine) == bool(theirs)
    if isinstance(mine, int | float) and isinstance(theirs, int | float):
        loose = 1e-8 if "irr" in name else 1e-12
        loose = RELATIVE * cost if name.startswith(MONEY) else loose
        return math.isclose(mine, theirs, rel_tol=RELATIVE, abs_tol=loose)
    if isinstance(mine, list):
        return isinstance(theirs, list) and sorted(mine) == sorted(theirs)
    return mine == theirs


def differences(structure: Structure, kernel: dict[str, Any]) -> list[str]:
    """What the two say differently; every figure of the kernels has to be one of the oracle's."""
    plain = flat(evaluate_cash(*structure, books.rulebook(), books.market()))
    unsound = plain["status"] == "INVALID_STRUCTURE"
    told = []
    for name, theirs in kernel.items():
        if name not in plain and not unsound:
            told.append(f"{name} is not a figure of the oracle")
            continue
        mine = plain.get(name)
        if not agree(name, mine, theirs, plain["total_cost"]):
            told.append(f"{name}: oracle {mine!r}, kernel {theirs!r}")
    return told


@pytest.mark.skipif(not PRESENT, reason="the kernels have no cash figures yet")
@pytest.mark.parametrize(
    "make",
    [
        lambda draw: with_cash(draw, anywhere(draw)),
        lambda draw: with_cash(draw, plausible(draw)),
        strained,
    ],
    ids=["anywhere", "plausible", "strained"],
)
def test_every_figure_of_the_cash_flows_agrees(make: Any) -> None:
    draw = random.Random(20260130)
    structures = [make(draw) for _ in range(EACH)]
    found = kernel_figures(structures, books.rulebook(), books.market())
    told = [
        f"structure {number}: {difference}"
        for number, (structure, kernel) in enumerate(zip(structures, found, strict=True))
        for difference in differences(structure, kernel)
    ]
    assert not told, f"{len(told)} differences, the first:\n" + "\n".join(told[:20])


def by_kernel(structure: Structure, plain: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    """The kernels' price of each part, for the oracle's debt and distributions."""
    values, facts = structure
    book, market = books.rulebook(), books.market()
    shifts = [values["BaseCurveShift_bps_28"]]
    column = with_cash_rows(input_column(*structure), *structure, book, market, shifts)
    column = column.reshape(-1, 1)
    curves = curves_of(book, market, shifts)
    rules, cash = rules_of(book, values["CompositeWeights_110"]), cash_of(book)
    senior, months = plain["senior_notional"], round(12 * values["SeniorTenorY_39"])
    balance = np.array(parts["senior"]["opening"][1:]).reshape(-1, 1) / senior
    built, on = int(values["ConstructionToCODMonths_23"]), facts["overlays"]
    matrix = NUMBER[plain["matrix_rating"]]
    wrapped = max(matrix, NUMBER.get(plain["wrapped_rating"], 0))
    option_months = dayone.rate_option_months(months, cash)
    financing = senior + plain["mezz_notional"] + plain["equity_notional"]
    notional = dayone.trs_notional(column, 0, plain["equity_notional"], financing, cash)
    first = dayone.strip_first_month(values["LeaseTermYears_22"], cash)
    sold = sum(
        dayone.strip_sold(row["equity"], row["tax"], cash)
        * curves.strip_df[0, NUMBER[plain["senior_rating"]], built + row["month"]]
        for row in plain["waterfall"]
        if first <= row["month"] <= round(12 * values["LeaseTermYears_22"])
    )
    inflation = {
        f"day1_zcis_{years}y": dayone.zcis_value(
            column, 0, years, senior, curves.df[0], rules.limits, cash
        )
        for years in (5, 10)
    }
    option = dayone.rate_option_value(
        int(column[layout.RATE_OPTION, 0]), balance, 0, senior, option_months, built,
        curves.floor_unit[0], curves.cap_unit[0],
    )  # fmt: skip
    return {
        "day1_wrap": dayone.wrap_value(
            column, 0, matrix, wrapped, senior, plain["senior_wal"], cash
        ),
        **{name: value if name[5:] in on else 0.0 for name, value in inflation.items()},
        "day1_rate_option": option if "floor" in on else 0.0,
        "day1_trs": dayone.trs_value(column, 0, notional, cash) if "trs" in on else 0.0,
        "day1_strip": sold if "strip" in on else 0.0,
        "day1_currency_swap": dayone.currency_swap_value(
            column, 0, senior + plain["mezz_notional"]
        ),
        "day1_fee_rebate": dayone.fee_rebate(column, 0),
        "day1_advance_uplift": dayone.advance_uplift(column, 0, senior),
        "call_value": dayone.call_value(
            column, 0, balance, 0, senior, months, built, curves.df[0], curves.normal_vol[0], cash
        ),
        "warnings": bits(dayone.overlay_warnings(column, 0, cash), codes.WARNING_NAMES),
    }


def curves_of(book: dict[str, Any], market: dict[str, Any], shifts_bps: list[float]) -> Curves:
    shape = (len(shifts_bps), TABLE_MONTHS)
    df, floor_unit, cap_unit = (np.zeros(shape) for _ in range(3))
    strip_df = np.zeros((shape[0], layout.N_RATINGS, shape[1]))
    fill_tables(yields_of(market, shifts_bps), cash_of(book), df, floor_unit, cap_unit, strip_df)
    vol = np.array([market["volatility"]["normal_bps"] / 10_000])
    return Curves(df, floor_unit, cap_unit, strip_df, vol)


def test_every_part_of_day_one_value_agrees() -> None:
    draw = random.Random(8)
    seen: Counter[str] = Counter()
    for number in range(60):
        structure = with_cash(draw, (anywhere, plausible)[number % 2](draw))
        if invalid(*structure, books.rulebook()):
            continue
        found, parts = sized(*structure, books.rulebook(), books.market(), tight=True)
        if parts["senior"] is None:
            continue
        plain = found | evaluate_cash(*structure, books.rulebook(), books.market())
        for name, theirs in by_kernel(structure, plain, parts).items():
            if name == "warnings":
                mine = [w for w in plain["warnings"] if w in OVERLAY_WARNINGS]
                assert sorted(theirs) == sorted(mine), f"structure {number}"
                seen.update(theirs)
                continue
            mine = plain[name]
            assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-12 * plain["senior_notional"]), (
                f"{name}, structure {number}"
            )
            seen[name] += abs(mine) > 1
    rare = {name: seen[name] for name in (*COMPONENTS, "call_value", *OVERLAY_WARNINGS)}
    assert min(rare.values()) >= 2, rare
