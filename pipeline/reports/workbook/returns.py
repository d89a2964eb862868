"""Sources, the equity cheque, equity's flows from close and its return. Source: method 8."""

from __future__ import annotations

from kernels import layout as x
from pipeline.reports.workbook.book import Book, Form, Sheet, Spec, Table
from pipeline.reports.workbook.expression import (
    Node,
    at_place,
    choice,
    counted,
    every,
    least,
    most,
    node,
    otherwise,
    rate_of_return,
    same,
    total,
)
from pipeline.reports.workbook.inputs import Inputs

LATE_MONTHS = 4
MOST_CONSTRUCTION = 36
NO_EQUITY, NO_RATE = "no equity", "no single return"
NO_TEST = "no test"


def fill_sources(form: Form) -> None:
    """Sources beside uses; the cheque closes the gap."""
    book = form.book
    form.heading("Sources and the equity cheque")
    paid_in = book["Senior_Notional"] + book["Mezz_Notional"] + book["Day1_Cash"]
    cheque = form.formula("Equity_Cheque", "Equity cheque", book["Total_Uses"] - paid_in, "money",
                          "uses − S − M − day-one value")  # fmt: skip
    form.formula("Total_Sources", "Sources", paid_in + cheque, "money",
                 "S + M + day-one value + cheque")  # fmt: skip


def fill_flows(book: Book, sheet: Sheet, inputs: Inputs, cash: Table) -> Table:
    """Equity's flows by month after close, long enough for the longest construction."""
    life = cash.rows - 1
    rows = life + MOST_CONSTRUCTION + 1
    table = Table(book, sheet, rows, top=3)
    construction = inputs[x.CONSTRUCTION_MONTHS]
    lease = book["Lease_Months"]

    def from_cash(t: Table) -> Node:
        at = t["month"] - construction
        return choice(every(at >= 1, at <= life), at_place(cash["flow"].all, at), 0)

    table.add((
        Spec("month", "Month after close", "month", "0 is financial close",
             recorded=list(range(rows)), kind="label", group="Time"),
        Spec("cheque", "Equity cheque", "money", "at close",
             lambda t: choice(same(t["month"], 0), 0 - book["Equity_Cheque"], 0), group="Equity",
             width=20),
        Spec("paid", "Distributions less contributions", "money", "from the waterfall", from_cash,
             group="Equity", width=20),
        Spec("exit", "Exit", "money", "at lease end, after debt",
             lambda t: choice(same(t["month"], construction + lease), book["Exit_Value"], 0),
             group="Equity", width=20),
        Spec("flow", "Flow", "money", "what the return is computed of",
             lambda t: t["cheque"] + t["paid"] + t["exit"], group="Equity", width=20),
        Spec("positive", "Received", "money", "flows in of the waterfall",
             lambda t: most(0, t["paid"]), group="Equity", width=20),
    ))  # fmt: skip
    return table


def fill_exit(form: Form, cash: Table) -> None:
    """What equity gets for the project at lease end."""
    book = form.book
    form.heading("Exit")
    end = book["Lease_Months"] + LATE_MONTHS

    def left(key: str) -> Node:
        return at_place(cash[key].all, end)

    debt: Node = left("owed")
    for key in ("principal_late", "interest_late", "facility", "mezz_owed", "mezz_late",
                "mezz_interest_late"):  # fmt: skip
        debt = debt + left(key)
    owed = form.formula("Debt_At_End", "Debt that the last late receipts leave",
                        debt - left("mezz_reserve"), "money",
                        "four months after the lease, less a mezzanine reserve")  # fmt: skip
    form.formula("Exit_Value", "Exit at lease end, after debt",
                 most(0, book["Exit_Gross"] - owed), "money",
                 "net income of the last twelve months ÷ cap rate − debt")  # fmt: skip


def fill_returns(form: Form, inputs: Inputs, flows: Table, cash: Table) -> None:
    """Return, multiple, and the totals of the waterfall."""
    i, book = inputs, form.book
    cheque, put_in = book["Equity_Cheque"], total(cash["equity_in"].all)
    form.heading("Return to equity")
    guess = (1 + i[x.EQUITY_IRR_TARGET_PCT] / 100) ** (1 / node(12)) - 1
    monthly = rate_of_return(flows["flow"].all, guess)
    yearly = 100 * ((1 + monthly) ** 12 - 1)
    form.formula("Equity_Irr", "Equity IRR, a year",
                 choice(cheque > 0, otherwise(yearly, NO_RATE), NO_EQUITY), "%",
                 "IRR of the monthly flows, annualised: (1 + r)^12 − 1")  # fmt: skip
    later = form.formula("Equity_Put_In", "Put in later by equity", put_in, "money",
                         "for balloons")  # fmt: skip
    received = form.formula("Equity_Received", "Received", total(flows["positive"].all), "money",
                            "distributions, exit not in them")  # fmt: skip
    form.formula("Equity_Multiple", "Equity multiple",
                 choice(cheque > 0, (received + book["Exit_Value"]) / (cheque + later), NO_EQUITY),
                 "x", "(received + exit) ÷ (cheque + later)")  # fmt: skip
    equity = book["Equity_Notional"]
    interest = (
        book["Senior_Notional"] * i[x.SENIOR_COUPON_PCT]
        + book["Mezz_Notional"] * i[x.MEZZ_COUPON_PCT]
    ) / 100
    form.formula("Equity_Cash_Yield_Pct", "Cash yield, the sources' simplified figure",
                 choice(equity > 0, 100 * (book["NetIncome_11"] - interest) / equity, NO_EQUITY),
                 "%", "(net income − interest) ÷ equity")  # fmt: skip
    form.heading("Totals of the waterfall")
    senior, tests = book["Senior_Notional"], cash["covenant"].all
    tested = every(senior > 0, counted(tests) > 0)
    form.formula("Expected_Wal", "Average life with prepayments",
                 choice(senior > 0, total(cash["repaid_months"].all) / 12 / senior, "no debt"),
                 "years", "principal paid × month, summed")  # fmt: skip
    form.formula("Covenant_Dscr_Min", "Covenant DSCR, least",
                 choice(tested, least(tests), NO_TEST), "x", "over the tests")  # fmt: skip
    form.formula("Covenant_Dscr_Avg", "Covenant DSCR, mean",
                 choice(tested, total(tests) / counted(tests), NO_TEST), "x",
                 "over the tests")  # fmt: skip
    for name, label, key, unit in (
        ("Trap_Months", "Months in cash trap", "trapped_month", "months"),
        ("Turbo_Months", "Months in turbo", "turbo_month", "months"),
        ("Dsra_Drawn", "Drawn from the DSRA", "dsra_drawn", "money"),
        ("Facility_Drawn", "Drawn on the liquidity facility", "from_facility", "money"),
    ):
        form.formula(name, label, total(cash[key].all), unit, "summed over the months")
    form.formula("Unpaid_Max", "Most unpaid to the senior or above", most(cash["unpaid"].all),
                 "money", "late principal, interest and costs of a month")  # fmt: skip
