"""A waterfall's months put together: quarters, its whole life, and by year where the cash goes."""

from __future__ import annotations

from typing import Final

from pipeline.explain.model import MONEY, Table, TableColumn, Value
from pipeline.explain.waterfall import over_period

LIFE: Final = "life"
_Row = dict[str, Value]
_MONTHS_A_QUARTER: Final = 3
_RESERVES: Final = ("rent_free_reserve", "trapped", "dsra", "mezz_reserve")
# Where cash comes from and where it goes, and the columns of the months that each adds up.
SOURCES: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("received", "Received", ("received",)),
    ("facility", "Drawn on the liquidity facility", ("from_facility",)),
    ("put_in", "Put in by equity", ("equity_put_in",)),
)
USES: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("operating", "Operation, insurance, tax", ("operating_paid",)),
    ("fees", "Senior fees, wrap premium", ("fees_paid",)),
    ("interest", "Senior interest", ("interest_paid",)),
    ("hedges", "Swaps and total return swap", ("swap_paid", "trs_paid")),
    ("principal", "Senior principal and prepayment",
     ("principal_paid", "balloon_paid", "prepaid", "penalty_paid")),
    ("facility_repaid", "Liquidity facility repaid", ("facility_repaid",)),
    ("mezzanine", "Mezzanine", ("mezz_interest_paid", "mezz_principal_paid", "mezz_fees_paid")),
)  # fmt: skip
_CASH: Final = (
    TableColumn("year", "Year from COD", ""),
    *(TableColumn(name, title, MONEY) for name, title, _ in SOURCES),
    *(TableColumn(name, title, MONEY) for name, title, _ in USES),
    TableColumn("to_reserves", "Into reserves, less what they gave", MONEY),
    TableColumn("distributed", "Equity", MONEY),
    TableColumn("reserves", "Reserves at the end", MONEY),
    TableColumn("trapped", "Cash trap on at some time", ""),
    TableColumn("prepaying", "Turbo on at some time", ""),
)


def by_quarter(months: Table) -> Table:
    """The months by quarter from COD: payments added up, balances and states at its end."""
    columns = tuple(
        TableColumn("quarter", "Quarter", "") if column.name == "month" else column
        for column in months.columns
    )
    rows = []
    for first in range(0, len(months.rows), _MONTHS_A_QUARTER):
        of_quarter = months.rows[first : first + _MONTHS_A_QUARTER]
        over = _over(months, of_quarter)
        rows.append((first // _MONTHS_A_QUARTER + 1, *over[1:]))
    title = months.title.replace("month", "quarter")
    note = "Payments added up, balances and states at the end, least covenant DSCR."
    return Table("waterfall.quarters", title, columns, tuple(rows), note)


def over_life(months: Table) -> Table:
    """One row for the whole life: payments added up, balances as they end."""
    columns = (TableColumn(LIFE, "Over", ""), *months.columns[2:])
    row = (LIFE, *_over(months, months.rows)[2:])
    return Table("waterfall.totals", "Waterfall over the life", columns, (row,))


def cash_by_year(months: Table) -> Table:
    """Where cash comes from and goes to, by year and over the life.

    In every row what is received, drawn and put in equals what is paid, what reserves take (less
    what they gave) and what equity gets. A sculpted loan that grows pays out in its principal.
    """
    names = [column.name for column in months.columns]
    years: dict[Value, list[_Row]] = {}
    for row in months.rows:
        months_of = dict(zip(names, row, strict=True))
        years.setdefault(months_of["year"], []).append(months_of)
    rows = [_cash(year, of_year) for year, of_year in years.items()]
    rows.append(_cash(LIFE, [row for of_year in years.values() for row in of_year]))
    note = "Reserves are rent-free reserve, trapped cash, DSRA and mezzanine reserve."
    return Table("waterfall.cash", "Where the cash goes, by year", _CASH, tuple(rows), note)


def _cash(key: Value, rows: list[_Row]) -> tuple[Value, ...]:
    def total(*names: str) -> float:
        return sum(_number(row[name]) for row in rows for name in names)

    closing = sum(_number(rows[-1][name]) for name in _RESERVES)
    return (
        key,
        total("received") - total("senior_lent"),
        *(total(*names) for _, _, names in SOURCES[1:]),
        *(total(*names) for _, _, names in USES),
        closing - _number(rows[0]["opening_reserves"]),
        total("equity_before_sales", "equity_put_in"),
        closing,
        any(row["trap_on"] is True for row in rows),
        any(row["turbo_on"] is True for row in rows),
    )


def _over(months: Table, rows: tuple[tuple[Value, ...], ...]) -> tuple[Value, ...]:
    return tuple(
        over_period(column, [row[place] for row in rows])
        for place, column in enumerate(months.columns)
    )


def _number(value: Value) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
