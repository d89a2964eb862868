"""The waterfall of one structure month by month, by the kernel that ran it.

`kernels.cashflow.run` tells equity's cash and the totals of a life; what every step was paid stands
in its buffer and is gone the month after. Running the life once for each of its months keeps it:
some three hundred short runs, a few hundredths of a second, and the same code and bits as in a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from kernels import cashflow, closing, dayone, scenarios, stress
from kernels import figures as f
from kernels import layout as x
from kernels import waterfall as w
from kernels.steps import RESERVES
from pipeline.explain.case import ROW, Case, finite
from pipeline.explain.model import MONEY, Table, TableColumn, Value
from pipeline.problem import FloatArray

_BLOCK = w.BLOCK
# The last column of the block never has its debt gone, so that every month takes the full path and
# leaves every slot; rows of a block do not affect one another.
_KEEPER = _BLOCK - 1


class Recording(NamedTuple):
    """A structure's life under one scenario; (months, …) from COD, money [project currency].

    slots (months, N_SLOTS): kernels.waterfall_slots after each month. equity (months,): the
    waterfall's, before a sold strip and a refinancing; flows (months,): what equity has in the end,
    exit not in it. outlay at close, delay [months from close to COD]; owed, debt that the last late
    receipts leave, and exit_value at lease end. at_cod: what the reserves hold then; wrapped: the
    wrap premium's part of the senior fee, decimal.
    """

    slots: FloatArray
    equity: FloatArray
    flows: FloatArray
    tax: FloatArray
    outlay: float
    delay: float
    owed: float
    exit_value: float
    at_cod: float
    wrapped: float


def record(case: Case, scenario: int) -> Recording:
    """Run `scenario` (kernels.scenarios) of a sound structure and keep every month."""
    which, rate = scenarios.TABLE[scenario]
    income = case.income(which)
    schedule = case.schedule(rate)
    opening, swap, outlay, delay = _opening(case, scenario)
    months = case.months
    slots = np.empty((months, w.N_SLOTS))
    flows, tax, owed = np.zeros((months, _BLOCK)), np.zeros((months, _BLOCK)), np.zeros(_BLOCK)
    history = np.zeros((2, months + 1, _BLOCK))
    curve_of_row, rows = np.zeros(1, np.int64), np.zeros(_BLOCK, np.int64)
    share, mezz_share, swap = (
        np.repeat(each, _BLOCK, axis=1) for each in (schedule.share, case.mezzanine.share, swap)
    )
    for month in range(1, months + 1):
        s = opening.copy()
        cashflow.run(
            s, curve_of_row, rows, income.cash, income.gross, income.net, share, mezz_share, swap,
            case.books.cash, history, flows[:month], tax[:month], owed, True,
        )  # fmt: skip
        slots[month - 1] = s.reshape(w.N_SLOTS, _BLOCK)[:, 0]
    kept = np.ascontiguousarray(flows[:, :1])
    closing.sell_strip(
        case.inputs,
        ROW,
        0,
        case.figures,
        kept,
        np.ascontiguousarray(tax[:, :1]),
        0,
        case.books.cash,
    )
    if scenario == scenarios.REFINANCE:
        stress.refinance_flows(case.inputs, ROW, 0, case.figures, kept)
    left = closing.exit_value(case.inputs, ROW, income.net, 0, owed[0], case.books.rules)
    return Recording(
        slots,
        flows[:, 0].copy(),
        kept[:, 0],
        tax[:, 0].copy(),
        outlay,
        delay,
        float(owed[0]),
        float(left),
        sum(float(opening[slot * _BLOCK]) for slot in RESERVES),
        _wrapped(case),
    )


def _wrapped(case: Case) -> float:
    """The wrap premium's part of the senior fee, of which the kernel keeps the sum."""
    premium = case.input(x.WRAP_PREMIUM_BPS) if case.input(x.WRAP_TYPE) != x.WRAP_NONE else 0.0
    return premium / (premium + case.input(x.SENIOR_ONGOING_FEE_BPS)) if premium else 0.0


def _opening(case: Case, scenario: int) -> tuple[FloatArray, FloatArray, float, float]:
    """Buffer as it stands at COD, swaps (months, 1), outlay and months to COD of a scenario.

    Terms and accounts are set as kernels.outcome sets them, from sized figures.
    """
    inputs, books, out = case.inputs, case.books, case.figures
    rate = scenarios.TABLE[scenario][1]
    overrun = stress.overrun(inputs, ROW, out) if scenario == scenarios.CAPEX else 0.0
    total = case.number(f.TOTAL_COST)
    trs_fee = 0.0
    if case.senior > 0.0:
        equity = case.number(f.EQUITY_NOTIONAL)
        trs_fee = dayone.trs_fee(inputs, ROW, equity, total, books.cash)
    first_service = case.senior * float(case.schedule().service[0, 0])
    costs = (
        case.number(f.MARKET_COSTS), case.number(f.INTERNAL_COSTS), total + overrun, first_service,
        trs_fee,
    )  # fmt: skip
    coupon = case.input(x.SENIOR_COUPON_PCT)
    coupon += stress.rate_shift_bps(inputs, ROW, rate, books.rules) / 100.0
    monthly = max(0.01, coupon) / 1200.0
    late = 0.0
    if scenario == scenarios.DELAY:
        late = stress.delay_cost(inputs, ROW, out)
    dsra = case.number(f.DSRA_FUNDING)
    s = np.zeros(w.N_SLOTS * _BLOCK)
    swap = np.zeros((case.months, 1))
    for c in (0, _KEEPER):
        # the columns between have income and neither debt nor terms
        cashflow.set_terms(
            inputs, ROW, 0, c, s, monthly, case.mezzanine.terms, costs, books.rules, books.cash,
        )  # fmt: skip
        cashflow.set_turbo_on_downgrade(inputs, ROW, c, s, out, books.rules, books.cash)
        facility = float(s[w.FACILITY * _BLOCK + c])
        drawn = min(facility, max(0.0, late - dsra))
        cashflow.open_accounts(
            c, s, case.senior, case.mezz, max(0.0, dsra - late), drawn,
            case.number(f.RENT_FREE_RESERVE),
        )  # fmt: skip
    s[w.TRS_MONTHS * _BLOCK + _KEEPER] = np.inf
    s[w.TRS_FEE * _BLOCK + _KEEPER] = 0.0
    balance = case.schedule().balance
    stress.set_swap(inputs, ROW, 0, 0, scenario, out, balance, books.rules, books.cash, swap)
    outlay = case.number(f.EQUITY_CHEQUE) + overrun
    delay = case.input(x.CONSTRUCTION_MONTHS)
    if scenario == scenarios.DELAY:
        delay += case.input(x.COD_DELAY_MONTHS)
        outlay += max(0.0, late - dsra - facility)
    return s, swap, outlay, delay


# -- the table ------------------------------------------------------------------------------------
_STATE = ""
_SLOT_COLUMNS: tuple[tuple[str, str, int, str], ...] = (
    ("gross_income", "Gross income", w.GROSS, MONEY),
    ("costs", "Operating costs and power", w.COSTS, MONEY),
    ("net_income", "Net income", w.NET, MONEY),
    ("cash_in", "Rent received", w.CASH_IN, MONEY),
    ("received", "Received, with interest and swaps", w.RECEIVED, MONEY),
    ("tax", "Tax", w.TAX, MONEY),
    ("operating_due", "Operating due", w.OPERATING_DUE, MONEY),
    ("operating_paid", "Operating paid", w.PAID_OPERATING, MONEY),
    ("fees_due", "Senior fees due", w.FEES_DUE, MONEY),
    ("fees_paid", "Senior fees paid", w.PAID_FEES, MONEY),
    ("interest_due", "Senior interest due", w.INTEREST_DUE, MONEY),
    ("interest_paid", "Senior interest paid", w.PAID_INTEREST, MONEY),
    ("swap_due", "Swaps due", w.SWAP_DUE, MONEY),
    ("swap_paid", "Swaps paid", w.PAID_SWAP, MONEY),
    ("principal_due", "Senior principal due", w.PRINCIPAL_DUE, MONEY),
    ("principal_paid", "Senior principal paid", w.PAID_PRINCIPAL, MONEY),
    ("balloon_paid", "Senior balloon paid", w.PAID_BALLOON, MONEY),
    ("facility_repaid", "Liquidity facility repaid", w.PAID_FACILITY, MONEY),
    ("dsra_topped_up", "DSRA topped up", w.TO_DSRA, MONEY),
    ("mezz_interest_accrued", "Mezzanine interest", w.MEZZ_ACCRUED, MONEY),
    ("mezz_interest_paid", "Mezzanine interest paid", w.PAID_MEZZ_INTEREST, MONEY),
    ("mezz_principal_paid", "Mezzanine principal paid", w.PAID_MEZZ_PRINCIPAL, MONEY),
    ("mezz_fees_paid", "Mezzanine fees paid", w.PAID_MEZZ_FEES, MONEY),
    ("mezz_reserve_topped_up", "Mezzanine reserve topped up", w.TO_MEZZ_RESERVE, MONEY),
    ("prepaid", "Senior prepaid", w.PREPAID, MONEY),
    ("penalty_paid", "Prepayment penalty", w.PAID_PENALTY, MONEY),
    ("trapped_in_month", "Cash trapped", w.TO_TRAP, MONEY),
    ("released", "Trapped cash and reserves released", w.RELEASED, MONEY),
    ("trs_paid", "Total return swap fee", w.PAID_TRS, MONEY),
    ("from_rent_free_reserve", "Drawn, rent-free reserve", w.FROM_RENT_FREE_RESERVE, MONEY),
    ("from_trapped", "Drawn, trapped cash", w.FROM_TRAPPED, MONEY),
    ("from_dsra", "Drawn, DSRA", w.FROM_DSRA, MONEY),
    ("from_facility", "Drawn, liquidity facility", w.FROM_FACILITY, MONEY),
    ("from_mezz_reserve", "Drawn, mezzanine reserve", w.FROM_MEZZ_RESERVE, MONEY),
    ("equity_put_in", "Put in by equity", w.EQUITY_IN, MONEY),
    ("senior_balance", "Senior balance", w.SENIOR_OWED, MONEY),
    ("senior_late", "Senior principal late", w.SENIOR_LATE, MONEY),
    ("interest_late", "Senior interest late", w.INTEREST_LATE, MONEY),
    ("costs_late", "Costs late", w.COSTS_LATE, MONEY),
    ("mezz_balance", "Mezzanine balance", w.MEZZ_OWED, MONEY),
    ("mezz_late", "Mezzanine principal late", w.MEZZ_LATE, MONEY),
    ("mezz_interest_late", "Mezzanine interest late", w.MEZZ_INTEREST_LATE, MONEY),
    ("rent_free_reserve", "Rent-free reserve", w.RENT_FREE_RESERVE, MONEY),
    ("trapped", "Trapped cash", w.TRAPPED, MONEY),
    ("dsra", "DSRA", w.DSRA, MONEY),
    ("mezz_reserve", "Mezzanine reserve", w.MEZZ_RESERVE, MONEY),
    ("facility_drawn", "Facility drawn", w.FACILITY_DRAWN, MONEY),
    ("covenant_dscr", "Covenant DSCR", w.COVENANT_DSCR, "x"),
    ("trap_trigger", "Trap under", w.TRAP_BELOW, "x"),
    ("turbo_trigger", "Turbo under", w.TURBO_BELOW, "x"),
    ("trap_on", "Trap on", w.TRAP_ON, _STATE),
    ("turbo_on", "Turbo on", w.TURBO_NOW, _STATE),
)
_STATES = frozenset((w.TRAP_ON, w.TURBO_NOW))
_OWN_COLUMNS = (
    TableColumn("opening_reserves", "Reserves at the start", MONEY),
    TableColumn("senior_lent", "Senior drawn, sculpted to grow", MONEY),
    TableColumn("ongoing_fee", "Senior fee of the month", MONEY),
    TableColumn("wrap_premium", "Wrap premium of the month", MONEY),
    TableColumn("facility_fee", "Facility fee of the month", MONEY),
    TableColumn("oc_pct", "Over-collateralisation", "%"),
    TableColumn("oc_trigger_pct", "Mezzanine held under", "%"),
    TableColumn("equity_before_sales", "Equity, before what is sold", MONEY),
    TableColumn("sold_or_refinanced", "Strip sold, refinancing", MONEY),
    TableColumn("equity", "Equity", MONEY),
)
COLUMNS = (
    TableColumn("month", "Month", ""),
    TableColumn("year", "Year", ""),
    *(TableColumn(name, title, unit) for name, title, _, unit in _SLOT_COLUMNS),
    *_OWN_COLUMNS,
)


def table(recording: Recording, scenario: int) -> Table:
    """The months of a recording, triggers beside what they are held against."""
    rows = tuple(_row(recording, place) for place in range(len(recording.slots)))
    title = f"Waterfall by month, scenario {scenarios.NAMES[scenario]}"
    note = (
        "Months from COD. Equity is as in the returns: exit not in it, sold strip and refinancing"
        f" taken out. Exit at lease end {recording.exit_value:,.2f}, outlay at close"
        f" {recording.outlay:,.2f}, {recording.delay:g} months before COD."
    )
    return Table("waterfall.months", title, COLUMNS, rows, note)


def _row(recording: Recording, place: int) -> tuple[Value, ...]:
    slots = recording.slots[place]
    told: list[Value] = [place + 1, place // 12 + 1]
    for _, _, slot, _ in _SLOT_COLUMNS:
        told.append(bool(slots[slot]) if slot in _STATES else finite(slots[slot]))
    senior = slots[w.SENIOR_OWED] + slots[w.SENIOR_LATE]
    over = finite(100.0 * (slots[w.VALUE] - senior) / senior) if senior > 0.0 else None
    before, after = float(recording.equity[place]), float(recording.flows[place])
    held = recording.slots[place - 1, RESERVES].sum() if place else recording.at_cod
    lent = max(0.0, -float(slots[w.SCHEDULED]))
    covers = (over, finite(100.0 * slots[w.OC_FLOOR]), before, after - before, after)
    return (*told, float(held), lent, *_fees(recording, place), *covers)


def _fees(recording: Recording, place: int) -> tuple[float, float, float]:
    """Senior fee, wrap premium and facility fee of a month, nothing late; their sum is all fees.

    Fees go by the balances at its start, which the interest on them gives.
    """
    slots = recording.slots[place]
    interest, accrued = float(slots[w.INTEREST]), float(slots[w.MEZZ_ACCRUED])
    on_senior = slots[w.SENIOR_FEE] * interest / slots[w.COUPON] if interest else 0.0
    on_mezz = slots[w.WRAP_ON_MEZZ] * accrued / slots[w.MEZZ_COUPON] if accrued else 0.0
    premium = recording.wrapped * on_senior + on_mezz
    ongoing = (1.0 - recording.wrapped) * on_senior
    return float(ongoing), float(premium), float(slots[w.FEES_ALL] - on_senior - on_mezz)


def between(months: Table, first: int, last: int) -> Table:
    """The months `first` to `last` of a table, both included."""
    return replace(months, rows=months.rows[max(0, first - 1) : last])


def by_year(months: Table) -> Table:
    """The same by year: payments added up, balances and states at year end."""
    years: dict[Value, list[tuple[Value, ...]]] = {}
    for row in months.rows:
        years.setdefault(row[1], []).append(row)
    rows = tuple(
        tuple(over_period(column, [row[place] for row in of_year])
              for place, column in enumerate(months.columns) if column.name != "month")
        for of_year in years.values()
    )  # fmt: skip
    columns = tuple(column for column in months.columns if column.name != "month")
    note = "Payments added up, balances and states at year end, least covenant DSCR."
    return Table("waterfall.years", months.title.replace("month", "year"), columns, rows, note)


_AT_PERIOD_END = frozenset(
    ("year", "senior_balance", "senior_late", "interest_late", "costs_late", "mezz_balance",
     "mezz_late", "mezz_interest_late", "rent_free_reserve", "trapped", "dsra", "mezz_reserve",
     "facility_drawn",
     "trap_trigger", "turbo_trigger", "trap_on", "turbo_on", "oc_pct", "oc_trigger_pct")
)  # fmt: skip


def over_period(column: TableColumn, values: Sequence[Value]) -> Value:
    """A column over months: payments added up, balances and states at the end, least covenant."""
    if column.name == "opening_reserves":
        return values[0]
    if column.name in _AT_PERIOD_END:
        return values[-1]
    numbers = [float(value) for value in values if isinstance(value, (int, float))]
    if column.name == "covenant_dscr":
        return min(numbers, default=None)
    return sum(numbers)
