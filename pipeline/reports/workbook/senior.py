"""Senior debt: terms, unit schedule of every profile, size, schedule and coverage. Method 3."""

from __future__ import annotations

from kernels import layout as x
from pipeline.reports.workbook.book import Book, Form, Spec, Table
from pipeline.reports.workbook.expression import (
    Node,
    choice,
    counted,
    every,
    is_number,
    is_under,
    least,
    most,
    number_or,
    same,
    total,
    whole,
)
from pipeline.reports.workbook.inputs import Inputs

UNIT = "Senior, per 1 of debt"
MONEY = "Senior"
NO_DEBT = "no debt"


def fill_terms(form: Form, inputs: Inputs) -> None:
    """Months, rate and level payment."""
    i, book = inputs, form.book
    profile = i[x.SENIOR_AMORT_TYPE]
    form.heading("Senior: terms")
    months = form.formula("Senior_Months", "Months from COD to maturity",
                          whole(12 * i[x.SENIOR_TENOR_YEARS] + 0.5), "months",
                          "n = 12 × tenor")  # fmt: skip
    rate = form.formula("Senior_Rate", "Monthly rate", i[x.SENIOR_COUPON_PCT] / 1200, "decimal",
                        "i = coupon ÷ 1200")  # fmt: skip
    start = form.formula(
        "Senior_Start", "Months of interest only",
        choice(same(profile, "Sculpted"), most(i[x.SENIOR_GRACE_MONTHS], i[x.RENT_FREE_MONTHS]),
               i[x.SENIOR_GRACE_MONTHS]), "months",
        "g = grace; when sculpted the longer of grace and rent-free time")  # fmt: skip
    repaying = form.formula("Senior_Repaying", "Months that repay", months - start, "months",
                            "k = n − g")  # fmt: skip
    growth = 1 + rate
    first, second = whole((repaying + 2) / 3), whole((2 * repaying + 2) / 3)
    w1, w2, w3 = (book[f"Step_Weight_{each}"] for each in (1, 2, 3))
    stepped = (
        w1 * (1 - growth ** (0 - first))
        + w2 * (growth ** (0 - first) - growth ** (0 - second))
        + w3 * (growth ** (0 - second) - growth ** (0 - repaying))
    )
    level = 1 - growth ** (0 - repaying)
    form.formula("Senior_Level_Pay", "Payment at weight 1, per 1 of debt",
                 rate / choice(same(profile, "StepDown"), stepped, level), "",
                 "c = i ÷ (1 − (1 + i)^−k); StepDown weights each third of k")  # fmt: skip


def fill_unit_schedule(form: Form, table: Table, inputs: Inputs) -> None:
    """Debt service and balance of a notional of 1, whatever the profile."""
    i, book = inputs, form.book
    profile = i[x.SENIOR_AMORT_TYPE]
    months, rate, start = book["Senior_Months"], book["Senior_Rate"], book["Senior_Start"]
    repaying = book["Senior_Repaying"]
    bullet, sculpted = same(profile, "Bullet"), same(profile, "Sculpted")
    table.add((
        Spec("discounted", "Discounted net income", "money/month",
             "sculpted: net income of a month that repays, at the end of the interest-only time",
             lambda t: choice(every(sculpted, t["month"] > start, t["month"] <= months),
                              t["net"] * (1 + rate) ** (start - t["month"]), 0), group=UNIT),
    ))  # fmt: skip

    def factor() -> Node:
        worth = total(table["discounted"].all)
        return choice(worth > 0, 1 / worth, 0)

    sculpt = form.formula("Sculpt_Factor", "Payment per 1 of net income, sculpted", factor(),
                                "", "1 ÷ sum of discounted net income; 0 otherwise")  # fmt: skip

    def weight(t: Table) -> Node:
        after = 3 * (t["month"] - 1 - start)
        w1, w2, w3 = (book[f"Step_Weight_{each}"] for each in (1, 2, 3))
        later = choice(after < 2 * repaying, w2, w3)
        return choice(same(profile, "StepDown"), choice(after < repaying, w1, later), 1)

    def service(t: Table) -> Node:
        pays = book["Senior_Level_Pay"] * t["weight"]
        shaped = choice(sculpted, sculpt * t["net"], pays)
        by_profile = choice(same(profile, "LevelPrincipal"),
                            t["unit_interest"] + 1 / repaying, shaped)  # fmt: skip
        only_interest = t["month"] <= start
        repaid = choice(bullet, t["unit_interest"], by_profile)
        return choice(t["month"] > months, 0, choice(only_interest, t["unit_interest"], repaid))

    def share(t: Table) -> Node:
        ends = every(same(t["month"], months), same(bullet, False))
        ratio = choice(t["unit_balance"].before > 0, t["unit_principal"]
                       / t["unit_balance"].before, 0)  # fmt: skip
        return choice(t["month"] > months, 0, choice(ends, 1, ratio))

    def life(t: Table) -> Node:
        repaid = choice(t["month"] < months, t["unit_principal"], t["unit_balance"].before)
        return choice(t["month"] > months, 0, repaid * t["month"])

    table.add((
        Spec("tested", "Test month", "", "1 where coverage is tested: after the rent-free months",
             lambda t: choice(every(t["month"] > i[x.RENT_FREE_MONTHS], t["month"] <= months),
                              1, 0), group=UNIT, width=9),
        Spec("unit_interest", "Interest", "", "i × balance",
             lambda t: choice(t["month"] <= months, rate * t["unit_balance"].before, 0),
             group=UNIT),
        Spec("weight", "Weight", "", "of the month's third, StepDown", weight, group=UNIT,
             width=9),
        Spec("unit_service", "Debt service", "", "by profile; a balloon is not debt service",
             service, group=UNIT),
        Spec("unit_principal", "Principal", "", "service less interest",
             lambda t: t["unit_service"] - t["unit_interest"], group=UNIT),
        Spec("unit_balance", "Balance at end", "", "before a balloon",
             lambda t: choice(t["month"] > months, 0,
                              t["unit_balance"].before - t["unit_principal"]),
             opening=1, group=UNIT),
        Spec("share", "Principal, share of balance", "", "what the waterfall repays of its balance",
             share, opening=0, group=UNIT),
        Spec("life", "Principal × month", "months", "balloon included; sums to the average life",
             life, group=UNIT),
        Spec("income_tested", "Income tested", "money/month", "net income of a test month",
             lambda t: choice(t["tested"] > 0, t["net"], ""), group=UNIT),
        Spec("cover", "Debt that coverage of 1 lets", "money", "net income ÷ unit debt service",
             lambda t: choice(every(t["tested"] > 0, t["unit_service"] > 0),
                              t["net"] / t["unit_service"], ""), group=UNIT),
        Spec("interest_cover", "Debt that interest cover of 1 lets", "money",
             "net income ÷ unit interest",
             lambda t: choice(every(t["tested"] > 0, t["unit_interest"] > 0),
                              t["net"] / t["unit_interest"], ""), group=UNIT),
    ))  # fmt: skip


def fill_size(form: Form, inputs: Inputs, table: Table) -> None:
    """The largest notional that every covenant lets, and its closed-form figures."""
    i, book = inputs, form.book
    form.heading("Senior: size")
    income = form.formula("Least_Income", "Least net income of a test month",
                          least(table["income_tested"].all), "money/month",
                          "over test months: after the rent-free time, to maturity")  # fmt: skip
    by_dscr = form.formula("S_By_Dscr", "Debt by coverage",
                           choice(income > 0, least(table["cover"].all)
                                  / i[x.SENIOR_TARGET_DSCR], 0), "money",
                           "least N ÷ u over the test months ÷ target")  # fmt: skip
    most_ltv = i[x.MAX_LTV_PCT]
    by_ltv = form.formula("S_By_Ltv", "Debt by loan to value",
                          choice(is_number(most_ltv),
                                 most_ltv / 100 * book["TotalProjectMarketCosts_15"], "no limit"),
                          "money", "most LTV × market costs")  # fmt: skip
    icr = i[x.MIN_ICR]
    by_icr = form.formula("S_By_Icr", "Debt by interest cover",
                          choice(icr > 0, income / (icr * book["Senior_Rate"]), "no limit"),
                          "money", "least income ÷ (least ICR × i)")  # fmt: skip
    form.formula("Senior_Notional", "Senior notional",
                        choice(income > 0, most(0, least(by_dscr, number_or(by_ltv, by_dscr),
                                                        number_or(by_icr, by_dscr))), 0), "money",
                        "the least of them; nothing without income in a test month")  # fmt: skip
    tie = 1 - 1e-12
    ltv_binds = every(is_number(by_ltv), is_under(by_ltv, by_dscr * tie))
    so_far = choice(ltv_binds, by_ltv, by_dscr)
    icr_binds = every(is_number(by_icr), is_under(by_icr, so_far * tie))
    form.formula("Binding_Constraint", "Covenant that binds",
                 choice(income > 0, choice(icr_binds, "ICR", choice(ltv_binds, "LTV", "DSCR")),
                        "DSCR"), "", "ties in the order DSCR, LTV, ICR")  # fmt: skip


def fill_coverage(form: Form, inputs: Inputs, table: Table) -> None:
    """Coverage and life of the sized debt."""
    i, book = inputs, form.book
    size = book["Senior_Notional"]
    form.heading("Senior: coverage and life")

    def given(formula: Node) -> Node:
        return choice(size > 0, formula, NO_DEBT)

    form.formula("Dscr_Min", "DSCR, least", given(least(table["dscr"].all)), "x",
                 "least N ÷ debt service of the test months")  # fmt: skip
    form.formula("Dscr_Avg", "DSCR, mean", given(
        total(table["dscr"].all) / counted(table["dscr"].all)), "x",
        "mean over the test months")  # fmt: skip
    form.formula("Dscr_Tail", "DSCR, least of the last years", given(least(table["dscr_tail"].all)),
                 "x", "over the last years of the loan")  # fmt: skip
    form.formula("Icr_Min", "Interest cover, least", given(
        least(table["interest_cover"].all) / size), "x", "least N ÷ interest")  # fmt: skip
    form.formula("Senior_Wal", "Weighted average life", given(total(table["life"].all) / 12),
                 "years", "principal × month, summed, ÷ 12; balloon included")  # fmt: skip
    form.formula("Senior_Ltv_Pct", "Loan to value",
                 100 * size / book["TotalProjectMarketCosts_15"], "%",
                 "S ÷ market costs: the advance factor")  # fmt: skip
    peak = form.formula("Peak_Balance", "Highest balance",
                        size * most(1, table["unit_balance"].all), "money",
                        "S × highest unit balance")  # fmt: skip
    form.formula("Peak_Ltv_Pct", "Highest loan to value",
                 100 * peak / book["TotalProjectMarketCosts_15"], "%", "")  # fmt: skip
    form.formula("Balloon_Pct", "Balloon", given(
        choice(same(i[x.SENIOR_AMORT_TYPE], "Bullet"), 100, 0)), "%",
        "principal due in one sum at maturity")  # fmt: skip
    form.formula("Months_Under_1", "Test months under 1.0x", given(
        total(table["under_1"].all)), "months", "")  # fmt: skip


def fill_schedule(book: Book, table: Table, inputs: Inputs) -> None:
    """Schedule of the sized debt, and its coverage."""
    months, tail = book["Senior_Months"], 12 * book["Tail_Years"]
    bullet = same(inputs[x.SENIOR_AMORT_TYPE], "Bullet")

    def sized(name: str) -> Node:
        return book["Senior_Notional"] * table[name]

    table.add((
        Spec("opening", "Balance at start", "money", "S × unit balance",
             lambda t: choice(t["month"] <= months,
                              book["Senior_Notional"] * t["unit_balance"].before, 0),
             opening=0, group=MONEY),
        Spec("interest", "Interest", "money/month", "S × unit interest",
             lambda t: sized("unit_interest"), group=MONEY),
        Spec("principal", "Principal", "money/month", "S × unit principal",
             lambda t: sized("unit_principal"), group=MONEY),
        Spec("service", "Debt service", "money/month", "interest and principal, no balloon",
             lambda t: sized("unit_service"), group=MONEY),
        Spec("balloon", "Balloon", "money", "what is left at maturity, in one sum",
             lambda t: choice(every(bullet, same(t["month"], months)),
                              t["opening"] - t["principal"], 0), group=MONEY),
        Spec("closing", "Balance at end", "money", "after principal and balloon",
             lambda t: t["opening"] - t["principal"] - t["balloon"],
             opening=book["Senior_Notional"], group=MONEY),
        Spec("dscr", "DSCR", "x", "net income ÷ debt service, test months",
             lambda t: choice(every(t["tested"] > 0, t["service"] > 0),
                              t["net"] / t["service"], ""), group=MONEY),
        Spec("dscr_tail", "DSCR of the last years", "x", "the same in the tail",
             lambda t: choice(every(is_number(t["dscr"]), t["month"] > months - tail),
                              t["dscr"], ""), group=MONEY),
        Spec("under_1", "Under 1.0x", "", "1 in a test month whose coverage is under 1",
             lambda t: choice(is_number(t["dscr"]),
                              choice(is_under(t["dscr"], 1 - book["Tolerance"]), 1, 0), 0),
             group=MONEY, width=9),
    ))  # fmt: skip
