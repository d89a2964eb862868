"""Terms of the derivatives beside their values: strikes, fees, the schedule of the rate option."""

from __future__ import annotations

from typing import Final

from kernels import dayone
from kernels import figures as f
from kernels import layout as x
from kernels import rules as r
from pipeline.explain.case import Case
from pipeline.explain.model import (
    MONEY,
    MONEY_A_YEAR,
    Given,
    Step,
    Table,
    TableColumn,
    Value,
)
from pipeline.explain.sources import PLAN, cited

# What the plan wants day-one value to come to, in percent of financing: an aim and no test.
AIM_PCT: Final = (8.0, 15.0)
_SOURCE: Final = cited(7, f"{PLAN} 14")
_MONTHS: Final = 12
_SCHEDULE: Final = (
    TableColumn("year", "Year from COD", ""),
    TableColumn("notional", "Scheduled senior balance at its start", MONEY),
    TableColumn("forward", "Mean forward rate", "%"),
    TableColumn("floor_strike", "Mean strike of the floor", "%"),
    TableColumn("cap_strike", "Mean strike of the cap", "%"),
    TableColumn("floor", "Floorlets, value at close", MONEY),
    TableColumn("cap", "Caplets, value at close", MONEY),
)


def day_one_share(case: Case) -> Step:
    """Day-one value over financing, beside the plan's aim."""
    low, high = AIM_PCT
    financing = case.senior + case.mezz + case.number(f.EQUITY_NOTIONAL)
    value = case.number(f.DAY1_CASH)
    share = 100.0 * value / financing
    where = "under" if share < low else "over" if share > high else "within"
    return Step(
        "day_one.share", "Day-one value over financing", "share = 100 × D ÷ F",
        (Given("D", "day-one value", value, MONEY, "day_one.total"),
         Given("F", "senior, mezzanine and equity", financing, MONEY),
         Given("low", "least of the plan's aim", low, "%", f"{PLAN} 14"),
         Given("high", "most of the plan's aim", high, "%", f"{PLAN} 14")),
        share, "%", _SOURCE, note=f"{where} the plan's aim, which no gate tests",
    )  # fmt: skip


def strike(name: str, years: int, growth: float) -> Step:
    """The rate a year that an inflation swap receives, from the growth it is struck at."""
    return Step(
        f"day_one.{name}_strike", f"Fixed rate of the inflation swap of {years} years",
        "fixed = 100 × (E^(1 ÷ T) − 1)",
        (Given("E", "expected growth of prices over the term", growth, "", f"day_one.{name}"),
         Given("T", "term", years, "years")),
        100.0 * (growth ** (1.0 / years) - 1.0), "%", _SOURCE,
    )  # fmt: skip


def trs_fee(case: Case, notional: float) -> Step:
    """What the total return swap costs a year, after everything but equity."""
    rate = case.setting("fee", x.TRS_FEE_PCT)
    return Step(
        "day_one.trs_fee", "Fee of the total return swap, a year", "a_year = X × fee ÷ 100",
        (Given("X", "notional", notional, MONEY, "day_one.trs_notional"), rate,
         Given("term", "term", case.cash_limit(r.TRS_TERM_YEARS), "years",
               "rulebook day_one.trs.term_years")),
        notional * case.input(x.TRS_FEE_PCT) / 100.0, MONEY_A_YEAR, _SOURCE,
    )  # fmt: skip


def option_schedule(case: Case) -> tuple[Table, ...]:
    """Year by year what the rate option is on; empty where there is none."""
    if case.input(x.FLOOR_ON) != 1.0:
        return ()
    table = int(case.input(x.CURVE_TABLE))
    discounts, floors, caps = (
        case.books.curves[table, place] for place in (r.CURVE_DISCOUNT, r.CURVE_FLOOR, r.CURVE_CAP)
    )
    construction = int(case.input(x.CONSTRUCTION_MONTHS) + 0.5)
    offset = case.cash_limit(r.RATE_OPTION_OFFSET_BPS) / 100.0
    months = dayone.rate_option_months(case.months_of(x.SENIOR_TENOR_YEARS), case.books.cash)
    rows: list[tuple[Value, ...]] = []
    for first in range(1, months + 1, _MONTHS):
        of_year = range(first, min(first + _MONTHS, months + 1))
        after = [construction + month for month in of_year]
        rates = [1200.0 * (float(discounts[t - 1] / discounts[t]) - 1.0) for t in after]
        forward = sum(rates) / len(rates)
        owed = [float(case.balance[month - 1]) / _MONTHS for month in of_year]
        values = [
            sum(balance * float(unit[t]) for balance, t in zip(owed, after, strict=True))
            for unit in (floors, caps)
        ]
        rows.append((
            (first - 1) // _MONTHS + 1, float(case.balance[first - 1]), forward, forward - offset,
            forward + offset, *values,
        ))  # fmt: skip
    return (Table("day_one.option_schedule", "What the rate option is on", _SCHEDULE, tuple(rows),
                  "Rates compounded monthly. Values are for the option in full, whichever of "
                  "floor and cap the structure has."),)  # fmt: skip
