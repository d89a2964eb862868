"""What the engine recorded: the months of the base waterfall, and every scenario."""

from __future__ import annotations

from typing import Final

from pipeline.explain.stresses import stresses_section
from pipeline.reports.workbook.book import Book, Content, Sheet, Spec, Table
from pipeline.reports.workbook.expression import Node, node
from pipeline.reports.workbook.subject import Subject

# Column of `explain`'s waterfall -> live column of the waterfall sheet.
LIVE: Final = {
    "gross_income": "gross", "costs": "costs", "net_income": "net", "received": "received",
    "tax": "tax", "operating_due": "operating_due", "operating_paid": "operating_paid",
    "fees_due": "fees_due", "fees_paid": "fees_paid", "interest_due": "interest_due",
    "interest_paid": "interest_paid", "swap_due": "swap_due", "swap_paid": "swap_paid",
    "principal_due": "principal_due", "principal_paid": "principal_paid",
    "balloon_paid": "balloon", "facility_repaid": "facility_paid",
    "dsra_topped_up": "dsra_topped", "mezz_interest_accrued": "mezz_accrued",
    "mezz_interest_paid": "mezz_interest_paid", "mezz_principal_paid": "mezz_principal_paid",
    "mezz_fees_paid": "mezz_fees_paid", "mezz_reserve_topped_up": "mezz_r_topped",
    "prepaid": "prepaid", "penalty_paid": "penalty_paid", "trapped_in_month": "to_trap",
    "released": "released", "trs_paid": "trs_paid", "from_rent_free_reserve": "from_reserve",
    "from_trapped": "trapped_drawn", "from_dsra": "dsra_drawn", "from_facility": "from_facility",
    "from_mezz_reserve": "mezz_r_drawn", "equity_put_in": "equity_in", "senior_balance": "owed",
    "senior_late": "principal_late", "interest_late": "interest_late", "costs_late": "costs_late",
    "mezz_balance": "mezz_owed", "mezz_late": "mezz_late",
    "mezz_interest_late": "mezz_interest_late", "rent_free_reserve": "reserve",
    "trapped": "trapped", "dsra": "dsra", "mezz_reserve": "mezz_reserve",
    "facility_drawn": "facility", "trap_on": "trap_on", "turbo_on": "turbo",
    "equity_before_sales": "equity", "equity": "flow",
}  # fmt: skip
_MONEY: Final = "project currency"


def fill_recorded(book: Book, sheet: Sheet, subject: Subject) -> Table:
    """The engine's months as values."""
    months = subject.months
    table = Table(book, sheet, len(months.rows), top=3)
    specs = []
    for place, column in enumerate(months.columns):
        values = [_plain(row[place]) for row in months.rows]
        unit = column.unit.replace(_MONEY, "money")
        kind = "label" if place == 0 else "recorded"
        specs.append(
            Spec(column.name, column.title, unit, "recorded by the engine", recorded=values,
                 kind="label" if kind == "label" else "recorded", group="Recorded by the engine",
                 width=9 if place < 2 else 14)
        )  # fmt: skip
    table.add(specs)
    return table


def recorded_cash(subject: Subject, schedule: Table) -> list[Spec]:
    """Columns of the waterfall sheet where debt is paid by the quarter: the engine's months."""
    months = subject.months
    places = {column.name: place for place, column in enumerate(months.columns)}
    group = "Recorded by the engine: debt is paid by the quarter"

    def recorded(name: str, key: str) -> Spec:
        column = months.columns[places[name]]
        values = [_plain(row[places[name]]) for row in months.rows]
        return Spec(key, column.title, column.unit.replace(_MONEY, "money"),
                    "recorded by the engine", recorded=values, opening=0, kind="recorded",
                    group=group)  # fmt: skip

    def copied(key: str, title: str) -> Spec:
        def make(t: Table) -> Node:
            return schedule[key]

        return Spec(key, title, key, "see Schedule", make, opening=0, group="Time", width=9)

    specs = [copied("month", "Month from COD"), copied("year", "Year")]
    specs += [recorded(name, key) for name, key in LIVE.items() if key != "flow"]
    specs.append(recorded("covenant_dscr", "covenant"))
    return [
        *specs,
        Spec("imbalance", "Cash out of balance", "money", "checked by the engine",
             lambda t: node(0), group=group),
        Spec("repaid_months", "Principal paid × month", "money",
             "for the life with prepayments",
             lambda t: (t["principal_paid"] + t["balloon"] + t["prepaid"]) * t["month"],
             group=group),
    ]  # fmt: skip


def fill_scenarios(book: Book, sheet: Sheet, subject: Subject) -> None:
    """Every scenario as the engine found it."""
    section = stresses_section(subject.case)
    if not section.tables:
        sheet.put(3, 0, "without senior debt there is no coverage to stress", "note")
        return
    top = 3
    for told in section.tables:
        table = Table(book, sheet, len(told.rows), top=top)
        table.add([
            Spec(column.name, column.title, column.unit.replace(_MONEY, "money"),
                 "recorded by the engine",
                 recorded=[_plain(row[place]) for row in told.rows],
                 kind="label" if place == 0 else "recorded", group=told.title if place == 0 else "",
                 width=32 if place == 1 else 15)
            for place, column in enumerate(told.columns)
        ])  # fmt: skip
        top += len(told.rows) + 5
    sheet.frozen, sheet.repeated = (0, 1), None


def _plain(value: object) -> Content:
    """States as 1 and 0, which differences can be taken of."""
    if isinstance(value, bool):
        return 1 if value else 0
    return value if isinstance(value, (str, int, float)) else None
