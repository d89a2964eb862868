"""Mezzanine debt: size on what the senior leaves, schedule, coverage. Source: method 4."""

from __future__ import annotations

from kernels import layout as x
from pipeline.reports.workbook.book import Form, Spec, Table
from pipeline.reports.workbook.expression import (
    Node,
    at_place,
    choice,
    counted,
    either,
    every,
    least,
    most,
    same,
    whole,
)
from pipeline.reports.workbook.inputs import Inputs

GROUP = "Mezzanine"
NO_MEZZ = "no mezzanine"


def fill_mezzanine(form: Form, inputs: Inputs, table: Table) -> None:
    """Terms, capacity by month, size, schedule and least coverage."""
    _fill_terms(form, inputs)
    _fill_capacity(form, inputs, table)
    _fill_size(form, inputs, table)
    _fill_schedule(form, inputs, table)
    form.formula("Mezz_Dscr_Min", "DSCR of both tranches, least",
                 choice(form.book["Mezz_Notional"] > 0, least(table["mezz_dscr"].all), NO_MEZZ),
                 "x", "least N ÷ (senior + mezzanine service) of its test months")  # fmt: skip


def _fill_terms(form: Form, inputs: Inputs) -> None:
    i, book = inputs, form.book
    form.heading("Mezzanine: terms")
    rate = form.formula("Mezz_Rate", "Monthly rate", i[x.MEZZ_COUPON_PCT] / 1200, "decimal",
                        "j = coupon ÷ 1200")  # fmt: skip
    months = form.formula("Mezz_Life_Months", "Months from COD to maturity",
                          whole(12 * i[x.MEZZ_TENOR_YEARS] + 0.5), "months",
                          "n = 12 × tenor")  # fmt: skip
    kind = i[x.MEZZ_AMORT_TYPE]
    window = form.formula("Mezz_Window", "Months in which interest capitalises",
                          choice(same(kind, "PIKWindow"), book["Pik_Months"], 0), "months",
                          "PIKWindow only")  # fmt: skip
    form.formula("Mezz_Test_From", "Last month before its tests",
                 most(i[x.RENT_FREE_MONTHS], window), "months",
                 "rent-free time or window, the longer")  # fmt: skip
    growth = 1 + rate
    annuity = (1 - growth ** (0 - months)) / rate
    delayed = (1 - growth ** (window - months)) / rate / growth**window
    form.formula("Mezz_Factor", "Notional that 1 a month carries",
                 choice(same(kind, "Bullet"), 1 / rate,
                        choice(same(kind, "PIKWindow"), delayed, annuity)), "",
                 "1 ÷ j Bullet; annuity factor; PIKWindow: of the months after the window,"
                 " discounted over it")  # fmt: skip


def _fill_capacity(form: Form, inputs: Inputs, table: Table) -> None:
    book = form.book
    target = inputs[x.MEZZ_TARGET_DSCR]
    on = inputs.is_on(x.MEZZ_ON)
    table.add((
        Spec("mezz_room", "Cash left for it", "money/month", "N ÷ target − senior debt service",
             lambda t: choice(every(on, t["month"] > book["Mezz_Test_From"],
                                    t["month"] <= book["Mezz_Life_Months"]),
                              t["net"] / target - t["service"], ""), group=GROUP),
    ))  # fmt: skip


def _fill_size(form: Form, inputs: Inputs, table: Table) -> None:
    book = form.book
    form.heading("Mezzanine: size")
    room = form.formula("Mezz_Capacity", "Cash a month left for it",
                        least(table["mezz_room"].all), "money/month",
                        "least over its test months; 0 without any")  # fmt: skip
    carried = form.formula("Mezz_By_Cash", "Debt that this cash carries",
                           room * book["Mezz_Factor"], "money", "K × factor")  # fmt: skip
    cap = form.formula("Mezz_By_Cost", "Most that the rest of the cost lets",
                       book["Mezz_Max_Share"]
                       * most(0, book["Total_Cost"] - book["Senior_Notional"]), "money",
                       "share × (total cost − S)")  # fmt: skip
    first = at_place(table["net"].all, book["Mezz_Test_From"] + 1)
    tested = counted(table["mezz_room"].all) > 0
    worth = room > book["Mezz_Min_Capacity_Ratio"] * first
    big = least(carried, cap) >= book["Mezz_Min_Notional"]
    size = form.formula("Mezz_Notional", "Mezzanine notional",
                        choice(every(inputs.is_on(x.MEZZ_ON), tested, worth, big),
                               least(carried, cap), 0), "money",
                        "the smaller of both; none that is not worth a tranche")  # fmt: skip
    form.formula("Mezz_Months", "Months of the mezzanine",
                 choice(size > 0, book["Mezz_Life_Months"], 0), "months",
                 "0 where there is none")  # fmt: skip
    form.formula("Mezz_Pay", "Level payment",
                 choice(same(inputs[x.MEZZ_AMORT_TYPE], "Bullet"), 0,
                        size / book["Mezz_Factor"]), "money/month",
                 "M ÷ factor; 0 for a bullet")  # fmt: skip


def _fill_schedule(form: Form, inputs: Inputs, table: Table) -> None:
    book = form.book
    months, window, rate = book["Mezz_Months"], book["Mezz_Window"], book["Mezz_Rate"]
    bullet = same(inputs[x.MEZZ_AMORT_TYPE], "Bullet")

    def alive(t: Table, then: Node) -> Node:
        return choice(t["month"] <= months, then, 0)

    def paid(t: Table) -> Node:
        pays = choice(bullet, t["mezz_interest"], book["Mezz_Pay"])
        return alive(t, choice(t["month"] <= window, 0, pays))

    def share(t: Table) -> Node:
        silent = either(t["month"] > months, t["month"] <= window)
        ends = every(same(t["month"], months), same(bullet, False))
        return choice(silent, 0, choice(ends, 1, t["mezz_principal"] / t["mezz_opening"]))

    table.add((
        Spec("mezz_opening", "Balance at start", "money", "",
             lambda t: alive(t, t["mezz_closing"].before), opening=0, group=GROUP),
        Spec("mezz_interest", "Interest", "money/month", "paid or capitalised",
             lambda t: rate * t["mezz_opening"], group=GROUP),
        Spec("mezz_service", "Debt service", "money/month", "paid in cash, without a balloon",
             paid, group=GROUP),
        Spec("mezz_principal", "Principal", "money/month", "scheduled, after the window",
             lambda t: choice(t["month"] <= window, 0, t["mezz_service"] - t["mezz_interest"]),
             group=GROUP),
        Spec("mezz_closing", "Balance at end", "money", "before a balloon",
             lambda t: t["mezz_opening"] + choice(t["month"] <= window, t["mezz_interest"], 0)
             - t["mezz_principal"], opening=book["Mezz_Notional"], group=GROUP),
        Spec("mezz_share", "Principal, share of balance", "",
             "what the waterfall repays of its balance", share, opening=0, group=GROUP),
        Spec("mezz_dscr", "DSCR of both", "x", "net income ÷ both debt services, its test months",
             lambda t: choice(every(months > 0, t["month"] > book["Mezz_Test_From"],
                                    t["month"] <= months),
                              t["net"] / (t["service"] + t["mezz_service"]), ""), group=GROUP),
    ))  # fmt: skip
