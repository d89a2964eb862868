"""Day-one value, part by part, live; curve tables are the market's as recorded. Method 7."""

from __future__ import annotations

from kernels import layout as x
from pipeline.reports.workbook.book import Book, Form, Spec, Table
from pipeline.reports.workbook.expression import (
    Node,
    at_place,
    choice,
    differs,
    every,
    least,
    same,
    total,
)
from pipeline.reports.workbook.inputs import Inputs

GROUP = "Options on rates"
_SPREADS = {
    "AAA": x.SPREAD_AAA_BPS, "AA": x.SPREAD_AA_BPS, "A": x.SPREAD_A_BPS, "BBB": x.SPREAD_BBB_BPS,
}  # fmt: skip
_SHORT, _LONG = 5, 10
CURVE_MONTHS = 12 * _LONG + 1  # of the curve that the longest inflation swap looks up


def fill_options(book: Book, schedule: Table, curves: Table, inputs: Inputs) -> None:
    """Floorlets and caplets on the scheduled balance, by month."""
    option_months = least(book["Senior_Months"], 12 * book["Rate_Option_Years"])

    def let(kind: str) -> Spec:
        def make(t: Table) -> Node:
            price = at_place(curves[kind].all, inputs[x.CONSTRUCTION_MONTHS] + t["month"] + 1)
            return choice(t["month"] <= option_months, t["opening"] / 12 * price, 0)

        return Spec(f"{kind}let", f"{kind.capitalize()}let", "money",
                    "balance ÷ 12 × price at close", make, group=GROUP)  # fmt: skip

    schedule.add((let("floor"), let("cap")))


def fill_day_one(form: Form, inputs: Inputs, index: Table, curves: Table, schedule: Table) -> None:
    """Every part but the strip, which needs the waterfall."""
    i, book = inputs, form.book
    senior = book["Senior_Notional"]
    form.heading("Wrap")
    spread = {name: i[row] for name, row in _SPREADS.items()}
    spread |= {name: book[f"Spread_{name}_Bps"] for name in ("BB", "B")}

    def spread_of(number: Node) -> Node:
        chosen: Node = spread["B"]
        for place, name in enumerate(("BB", "BBB", "A", "AA", "AAA"), 2):
            chosen = choice(same(number, place), spread[name], chosen)
        return chosen

    for name, label, number in (
        ("Spread_Unwrapped", "Credit spread without the wrap", book["Matrix_Rating_Number"]),
        ("Spread_Wrapped", "Credit spread with it", book["Wrapped_Rating_Number"]),
    ):
        form.formula(name, label, choice(senior > 0, spread_of(number), 0), "bps",
                     "by rating; after wrap, before tenant")  # fmt: skip
    saved = book["Spread_Unwrapped"] - book["Spread_Wrapped"]
    lifts = book["Wrapped_Rating_Number"] > book["Matrix_Rating_Number"]
    life = choice(senior > 0, least(book["Senior_Wal"], book["Wrap_Years_Max"]), 0)
    form.formula("Day1_Wrap", "Wrap: the spread it saves",
                 choice(every(differs(i[x.WRAP_TYPE], "None"), lifts),
                        saved / 10000 * senior * life, 0), "money",
                 "(spread without − with) × S × min(WAL, most years)")  # fmt: skip
    _fill_inflation(form, inputs, index, curves)
    form.heading("Other parts")
    option = i[x.RATE_OPTION]
    sold = form.formula("Floor_Value", "Floorlets", total(schedule["floorlet"].all), "money",
                        "over the option's term, see Schedule")  # fmt: skip
    bought = form.formula("Cap_Value", "Caplets", total(schedule["caplet"].all), "money",
                          "over the option's term, see Schedule")  # fmt: skip
    value = choice(same(option, "floor"), sold, choice(same(option, "cap"), 0 - bought,
                                                       sold - bought))  # fmt: skip
    form.formula("Day1_Rate_Option", "Rate floor sold, cap bought or both",
                 choice(every(senior > 0, inputs.is_on(x.FLOOR_ON)), value, 0), "money",
                 "floor, − cap, or floor − cap")  # fmt: skip
    monthly = same(i[x.TRS_MARGINING], "Monthly")
    upfront = choice(monthly, book["Trs_Upfront_Monthly_Pct"], book["Trs_Upfront_Quarterly_Pct"])
    form.formula("Day1_Trs", "Total return swap on equity",
                 choice(every(senior > 0, inputs.is_on(x.TRS_ON)),
                        book["Trs_Notional"] * upfront / 100, 0), "money",
                 "notional × rate paid at close")  # fmt: skip
    years = i[x.CCY_SWAP_YEARS]
    idle = years > i[x.SENIOR_TENOR_YEARS] + book["Tolerance"]
    runs = every(senior > 0, years > 0, same(idle, False))
    form.formula("Day1_Currency_Swap", "Currency swap, a cost",
                 choice(runs, 0 - (senior + book["Mezz_Notional"]) * book["Hedged_Share"]
                        * i[x.CCY_SWAP_COST_BPS] / 10000, 0), "money",
                 "−(S + M) × share hedged × cost")  # fmt: skip
    form.formula("Day1_Fee_Rebate", "Structuring fees paid back",
                 choice(senior > 0, i[x.FEE_REBATE_PCT] / 100 * book["Structuring_Fees"], 0),
                 "money", "share of the fees")  # fmt: skip
    form.formula("Day1_Advance_Uplift", "Higher advance rate",
                 i[x.ADVANCE_UPLIFT_PCT] / 100 * senior, "money", "share of S")  # fmt: skip


def _fill_inflation(form: Form, inputs: Inputs, index: Table, curves: Table) -> None:
    i, book = inputs, form.book
    senior = book["Senior_Notional"]
    form.heading("Inflation swaps: the project pays inflation, struck at expected inflation")
    notional = form.formula("Zcis_Notional", "Notional of each swap",
                            i[x.ZCIS_NOTIONAL_PCT] / 100 * senior, "money",
                            "share of S")  # fmt: skip
    for years, switch, implied, party in (
        (_SHORT, x.ZCIS_5Y_ON, x.ZCIS_IMPLIED_5Y_PCT, x.COUNTERPARTY_5Y_RATING),
        (_LONG, x.ZCIS_10Y_ON, x.ZCIS_IMPLIED_10Y_PCT, x.COUNTERPARTY_10Y_RATING),
    ):
        term = f"{years}y"
        bought = form.formula(
            f"Zcis_Growth_{term}", f"Growth that the dealer pays for, {years} years",
            (1 + (i[implied] - i[x.CPI_BASIS_BPS] / 100) / 100) ** years, "",
            "(1 + breakeven − basis)^T")  # fmt: skip
        struck = form.formula(f"Zcis_Struck_{term}", f"Growth it is struck at, {years} years",
                              at_place(index["growth"].all, years + 1), "",
                              "expected growth of prices, see Index")  # fmt: skip
        discount = form.formula(f"Zcis_Discount_{term}", f"Discount factor of {years} years",
                                at_place(curves["discount"].all, 12 * years + 1), "",
                                "see Curves")  # fmt: skip
        charge = form.formula(f"Zcis_Charge_{term}_Bps", f"Credit charge, {years} years",
                              _charge(form, i[x.CSA_TYPE], i[party]), "bps",
                              "by credit support and counterparty")  # fmt: skip
        idle = years > i[x.SENIOR_TENOR_YEARS] + book["Tolerance"]
        value = notional * (bought - struck) * discount - notional * charge / 10000
        form.formula(f"Day1_Zcis_{term}", f"Inflation swap of {years} years",
                     choice(every(inputs.is_on(switch), same(idle, False)), value, 0), "money",
                     "X × (growth paid − struck) × DF − X × charge; nothing beyond the"
                     " senior's tenor")  # fmt: skip


def _charge(form: Form, support: Node, rating: Node) -> Node:
    def by_rating(kind: str) -> Node:
        names = [form.book[f"Zcis_Credit_{kind}_{each}_Bps"] for each in ("AAA", "AA", "A", "BBB")]
        return choice(same(rating, "AAA"), names[0],
                      choice(same(rating, "AA"), names[1],
                             choice(same(rating, "A"), names[2], names[3])))  # fmt: skip

    return choice(same(support, "TwoWay"), by_rating("TwoWay"),
                  choice(same(support, "OneWay"), by_rating("OneWay"),
                         by_rating("Threshold")))  # fmt: skip


def strip_worth(book: Book, curves: Table, inputs: Inputs, cash: Table) -> Spec:
    """What the strip sold in a month is worth at close, at the senior's rating."""

    def make(t: Table) -> Node:
        place = inputs[x.CONSTRUCTION_MONTHS] + t["month"] + 1
        chosen: Node = at_place(curves["strip_1"].all, place)
        for number in range(2, 7):
            chosen = choice(same(book["Senior_Rating_Number"], number),
                            at_place(curves[f"strip_{number}"].all, place), chosen)  # fmt: skip
        return choice(t["strip_sold"] > 0, t["strip_sold"] * chosen, 0)

    return Spec("strip_worth", "Strip at close", "money", "sold × discount factor of the rating",
                make, group="Surplus and equity")  # fmt: skip


def fill_total(form: Form, cash: Table) -> None:
    """The strip, and the sum of all parts."""
    book = form.book
    form.formula("Day1_Strip", "Residual strip sold", total(cash["strip_worth"].all), "money",
                 "share of late distributions, discounted, see Waterfall")  # fmt: skip
    names = ("Wrap", "Zcis_5y", "Zcis_10y", "Rate_Option", "Trs", "Strip", "Currency_Swap",
             "Fee_Rebate", "Advance_Uplift")  # fmt: skip
    added: Node = book[f"Day1_{names[0]}"]
    for name in names[1:]:
        added = added + book[f"Day1_{name}"]
    cash_in = form.formula("Day1_Cash", "Day-one value",
                           choice(book["Senior_Notional"] > 0, added, 0), "money",
                           "all parts; nothing without senior debt")  # fmt: skip
    funded = book["Senior_Notional"] + book["Mezz_Notional"] + book["Equity_Capacity"] + cash_in
    form.formula("Full_Coverage", "Capital coverage with day-one value",
                 funded / book["Required_Capital"], "ratio",
                 "(S + M + capacity + D) ÷ required")  # fmt: skip
    form.formula("Cash_Coverage", "All sources over all uses", funded / book["Total_Uses"],
                 "ratio", "(S + M + capacity + D) ÷ uses")  # fmt: skip
    form.formula("Day1_Pct", "Day-one value over financing",
                 100 * cash_in / book["Financing"], "%", "the tiers ask for it")  # fmt: skip
