"""The waterfall by month down to the senior's reserves, live. Source: method 6, kernels.waterfall.

The order of payments and of draws is the engine's, step by step: what falls due, what cash there is
for it, what is drawn, what stays unpaid. Columns behind those of the senior are in `cash_equity`.
"""

from __future__ import annotations

from kernels import layout as x
from pipeline.reports.workbook.book import Form, Spec, Table
from pipeline.reports.workbook.expression import (
    Node,
    choice,
    either,
    every,
    least,
    most,
    node,
    rest,
    same,
)
from pipeline.reports.workbook.inputs import Inputs

RECEIPTS, DUE, DRAWS = "Receipts and costs", "Senior: what falls due", "Draws"
PAID, ACCOUNTS = "Senior: what is paid", "Senior: accounts at month end"


def fill_terms(form: Form, inputs: Inputs) -> None:
    """Triggers and switches of the waterfall."""
    i, book = inputs, form.book
    form.heading("Waterfall: triggers and shares")
    option = i[x.REINVESTMENT_OPTION]
    earned = choice(same(option, "LeaseBacked"), book["Reinvestment_LeaseBacked_Pct"],
                    choice(same(option, "Limited"), book["Reinvestment_Limited_Pct"],
                           book["Reinvestment_Off_Pct"]))  # fmt: skip
    form.formula("Reinvestment_Rate", "Yield on reserves, a month", earned / 1200, "decimal",
                 "ReinvestmentOption_105")  # fmt: skip
    form.formula("Dsra_Cash_Months", "DSRA held in cash",
                 choice(inputs.is_on(x.DSRA_LETTER_OF_CREDIT), 0, i[x.DSRA_MONTHS]), "months",
                 "nothing by letter of credit")  # fmt: skip
    trap = i[x.CASH_TRAP_RULE]
    kept = choice(same(trap, "MezzBlock"), book["Trap_Share_MezzBlock"],
                  choice(same(trap, "SweepPct"), book["Trap_Share_SweepPct"],
                         book["Trap_Share_EquityBlock"]))  # fmt: skip
    form.formula("Trap_Share", "Share of the cash that a trap keeps", kept, "",
                 "CashTrapRules_102")  # fmt: skip
    switch = i[x.AMORT_SWITCH_RULE]
    form.formula("Turbo_From", "Month from which turbo runs in any case",
                 choice(same(switch, "TimeBased"), 12 * book["Turbo_Year"] + 1, 1e6), "month",
                 "TimeBased only; otherwise never")  # fmt: skip
    form.formula("Turbo_Below", "Covenant DSCR under which cash prepays the senior",
                 choice(same(switch, "TimeBased"), -1e6,
                        choice(every(same(switch, "RatingDowngrade"),
                                     book["Senior_Notional"] > 0), book["Turbo_Matrix_Dscr"],
                               i[x.TURBO_TRIGGER_DSCR])), "x",
                 "second trigger; RatingDowngrade: the matrix some categories lower")  # fmt: skip
    form.formula("Clean_Tests_Needed", "Clean tests in a row that release trapped cash",
                 choice(same(i[x.EXCESS_SPREAD_USE], "DistToEquity"), 1, book["Clean_Tests"]), "",
                 "ExcessSpreadUse_104")  # fmt: skip
    form.formula("Oc_Floor", "Least over-collateralisation", i[x.OC_TEST_PCT] / 100, "decimal",
                 "OC_TestLevels_100")  # fmt: skip
    form.formula("Penalty", "Prepayment penalty", i[x.PREPAYMENT_PENALTY_PCT] / 100, "decimal",
                 "of the principal prepaid")  # fmt: skip


def closes(t: Table, lease: Node) -> Node:
    """Whether a tax year ends."""
    return either(same(rest(t["month"], 12), 0), same(t["month"], lease))


def due_specs(form: Form, inputs: Inputs, schedule: Table) -> list[Spec]:
    """Columns from receipts to what is drawn."""
    i, book = inputs, form.book
    lease, months = book["Lease_Months"], book["Senior_Months"]
    rate = book["Senior_Rate"]
    shared = same(i[x.FEES_PRIORITY_MODE], "ProRataFees")
    beside = same(i[x.INTERCREDITOR_STYLE], "ProRata")
    upkeep = i[x.MAINTENANCE_CAPEX_PCT] / 100

    def running(t: Table, then: Node) -> Node:
        return choice(t["month"] <= months, then, 0)

    def fees(t: Table) -> Node:
        room = running(t, most(0, book["Facility"] - t["facility"].before))
        return (
            book["Senior_Fee"] * t["owed"].before
            + book["Wrap_On_Mezz"] * t["mezz_owed"].before
            + book["Facility_Fee"] * room
        )

    def fees_shared(t: Table) -> Node:
        debt = t["owed"].before + t["mezz_owed"].before
        part = choice(debt > 0, t["fees_all"] * t["mezz_owed"].before / debt, 0)
        return choice(shared, part, 0)

    def operating(t: Table) -> Node:
        insured = choice(t["month"] <= lease, book["Insurance"], 0)
        return t["costs"] + insured + upkeep * schedule["gross"] + t["tax"] + t["costs_late"].before

    def profit(t: Table) -> Node:
        worn = choice(t["month"] <= lease, book["Depreciation"], 0)
        earned = schedule["net"] - t["interest"] - t["mezz_accrued"]
        return t["profit_kept"].before + earned - worn

    def late_interest_due(t: Table) -> Node:
        late = t["principal_late"].before + t["interest_late"].before
        return t["interest"] + rate * late + t["interest_late"].before

    def set_aside(t: Table) -> Node:
        both = t["principal_due"] + t["beside"]
        part = choice(both > 0, t["beside"] / both, 0)
        free = most(0, t["received"] - (t["need"] - t["principal_due"]))
        return least(t["beside"], part * free)

    def reserves(t: Table) -> Node:
        return t["reserve"].before + t["trapped"].before + t["dsra"].before

    return [
        Spec("month", "Month from COD", "month", "", lambda t: schedule["month"], opening=0,
             group="Time", width=9),
        Spec("year", "Year", "year", "", lambda t: schedule["year"], opening=0, group="Time",
             width=8),
        Spec("gross", "Gross income", "money/month", "accrued, see Schedule",
             lambda t: schedule["gross"], group=RECEIPTS),
        Spec("costs", "Operating costs and power", "money/month", "gross less net income",
             lambda t: schedule["gross"] - schedule["net"], group=RECEIPTS),
        Spec("net", "Net income", "money/month", "accrued, see Schedule",
             lambda t: schedule["net"], group=RECEIPTS),
        Spec("interest", "Senior interest of the month", "money/month", "i × balance",
             lambda t: rate * t["owed"].before, group=DUE),
        Spec("scheduled", "Senior principal of the month", "money/month",
             "share of the balance, so that a prepaid loan keeps its shape",
             lambda t: schedule["share"] * t["owed"].before, group=DUE),
        Spec("mezz_accrued", "Mezzanine interest of the month", "money/month", "j × balance",
             lambda t: book["Mezz_Rate"] * t["mezz_owed"].before, group=DUE),
        Spec("profit", "Taxable profit", "money", "of the year so far", profit, group=RECEIPTS),
        Spec("tax", "Tax", "money/month", "of the year, in its last month",
             lambda t: choice(closes(t, lease),
                              book["Tax_Rate"] * most(0, t["profit"] + t["loss"].before), 0),
             group=RECEIPTS),
        Spec("loss", "Loss carried on", "money", "",
             lambda t: choice(closes(t, lease), least(0, t["profit"] + t["loss"].before),
                              t["loss"].before), opening=0, group=RECEIPTS),
        Spec("profit_kept", "Profit carried on", "money", "to the end of the tax year",
             lambda t: choice(closes(t, lease), 0, t["profit"]), opening=0, group=RECEIPTS),
        Spec("operating_due", "Operating due", "money/month",
             "costs, insurance, maintenance, tax, what is late", operating, group=DUE),
        Spec("fees_all", "Fees of the month", "money/month",
             "senior fees, wrap premium, facility fee", fees, group=DUE),
        Spec("fees_shared", "of which the mezzanine's", "money/month", "ProRataFees only",
             fees_shared, group=DUE),
        Spec("fees_due", "Senior fees due", "money/month", "",
             lambda t: t["fees_all"] - t["fees_shared"], group=DUE),
        Spec("interest_due", "Senior interest due", "money/month", "with what is late",
             late_interest_due, group=DUE),
        Spec("swap_due", "Swaps due", "money/month", "currency hedge; the base case settles none",
             lambda t: book["Hedge_Fee"] * (t["owed"].before + t["mezz_owed"].before), group=DUE),
        Spec("lent", "Drawn by a growing loan", "money/month", "a sculpted loan may grow",
             lambda t: most(0, 0 - t["scheduled"]), group=DUE),
        Spec("principal_due", "Senior principal due", "money/month", "with what is late",
             lambda t: t["scheduled"] + t["lent"] + t["principal_late"].before, group=DUE),
        Spec("need", "Due down to senior principal", "money/month", "",
             lambda t: t["operating_due"] + t["fees_due"] + t["interest_due"] + t["swap_due"]
             + t["principal_due"], group=DUE),
        Spec("received", "Received", "money/month", "rent, yield on reserves, what a loan draws",
             lambda t: schedule["cash_in"] + book["Reinvestment_Rate"]
             * (reserves(t) + t["mezz_reserve"].before) + t["lent"], group=DRAWS),
        Spec("beside", "Mezzanine principal beside", "money/month", "ProRata only",
             lambda t: choice(beside, schedule["mezz_share"] * t["mezz_owed"].before
                              + t["mezz_late"].before, 0), group=DRAWS),
        Spec("aside", "Set aside for it", "money/month", "its share of the cash for principal",
             set_aside, group=DRAWS),
        Spec("short", "Short", "money/month", "what cash does not cover",
             lambda t: most(0, t["need"] - (t["received"] - t["aside"])), group=DRAWS),
        Spec("from_reserve", "From rent-free reserve", "money/month", "",
             lambda t: least(t["short"], t["reserve"].before), group=DRAWS),
        Spec("from_trapped", "From trapped cash", "money/month", "",
             lambda t: least(most(0, t["short"] - t["reserve"].before), t["trapped"].before),
             group=DRAWS),
        Spec("from_dsra", "From DSRA", "money/month", "",
             lambda t: least(most(0, t["short"] - (t["reserve"].before + t["trapped"].before)),
                             t["dsra"].before), group=DRAWS),
        Spec("from_facility", "From liquidity facility", "money/month", "",
             lambda t: least(most(0, t["short"] - reserves(t)),
                             running(t, most(0, book["Facility"] - t["facility"].before))),
             group=DRAWS),
        Spec("cash_drawn", "Cash for it", "money/month", "receipts and draws",
             lambda t: t["received"] - t["aside"] + (t["from_reserve"] + t["from_trapped"])
             + (t["from_dsra"] + t["from_facility"]), group=DRAWS),
    ]  # fmt: skip


def paid_specs(form: Form, inputs: Inputs, schedule: Table) -> list[Spec]:
    """Columns from operating costs to the senior's reserves."""
    i, book = inputs, form.book
    months, slack = book["Senior_Months"], book["Tolerance"]
    first = same(i[x.PRIORITY_OF_PAYMENTS], "Enhanced")
    bullet = same(i[x.SENIOR_AMORT_TYPE], "Bullet")

    def by_fees(t: Table) -> Node:
        return t["operating_due"] + t["fees_due"]

    def by_interest(t: Table) -> Node:
        return by_fees(t) + t["interest_due"]

    def by_swap(t: Table) -> Node:
        return by_interest(t) + t["swap_due"]

    def missing(t: Table) -> Node:
        target = book["Dsra_Cash_Months"] * (t["interest"] + t["scheduled"])
        held = t["dsra"].before - t["from_dsra"]
        lacks = choice(target - held > slack * target, target - held, 0)
        # without a target nothing is missing: what is held is above nought
        return choice(t["month"] < months, lacks, 0)

    def unpaid(t: Table) -> Node:
        return t["operating_unpaid"] + t["fees_unpaid"] + t["swap_unpaid"]

    def for_principal(t: Table) -> Node:
        return most(0, t["cash_drawn"] - by_swap(t)) - t["dsra_first"]

    def after_balloon(t: Table) -> Node:
        return t["after_principal"] - t["balloon_cash"]

    def over(t: Table, then: Node, otherwise: Node) -> Node:
        return choice(t["month"] >= months, then, otherwise)

    return [
        Spec("operating_unpaid", "Operating unpaid", "money/month", "",
             lambda t: most(0, t["operating_due"] - t["cash_drawn"]), group=PAID),
        Spec("operating_paid", "Operating paid", "money/month", "",
             lambda t: t["operating_due"] - t["operating_unpaid"], group=PAID),
        Spec("fees_unpaid", "Senior fees unpaid", "money/month", "",
             lambda t: most(0, least(t["fees_due"], by_fees(t) - t["cash_drawn"])), group=PAID),
        Spec("fees_paid", "Senior fees paid", "money/month", "",
             lambda t: t["fees_due"] - t["fees_unpaid"], group=PAID),
        Spec("interest_late", "Senior interest late", "money", "carried on with interest",
             lambda t: most(0, least(t["interest_due"], by_interest(t) - t["cash_drawn"])),
             opening=0, group=PAID),
        Spec("interest_paid", "Senior interest paid", "money/month", "",
             lambda t: t["interest_due"] - t["interest_late"], group=PAID),
        Spec("swap_unpaid", "Swaps unpaid", "money/month", "",
             lambda t: most(0, least(t["swap_due"], by_swap(t) - t["cash_drawn"])), group=PAID),
        Spec("swap_paid", "Swaps paid", "money/month", "",
             lambda t: t["swap_due"] - t["swap_unpaid"], group=PAID),
        Spec("dsra_missing", "Missing in the DSRA", "money", "months of service less what is held",
             missing, group=PAID),
        Spec("dsra_first", "DSRA ahead of principal", "money/month", "Enhanced only",
             lambda t: choice(first, least(most(0, t["cash_drawn"] - by_swap(t)),
                                           t["dsra_missing"]), 0), group=PAID),
        Spec("principal_late", "Senior principal late", "money", "carried on with interest",
             lambda t: most(0, t["principal_due"] - for_principal(t)), opening=0, group=PAID),
        Spec("principal_paid", "Senior principal paid", "money/month", "",
             lambda t: t["principal_due"] - t["principal_late"] - t["lent"], group=PAID),
        Spec("after_principal", "Left after principal", "money/month", "",
             lambda t: most(0, for_principal(t) - t["principal_due"]), group=PAID),
        Spec("current", "Senior is current", "", "1 where nothing senior is late",
             lambda t: choice(t["interest_late"] + t["principal_late"] <= slack * t["need"], 1, 0),
             group=PAID, width=9),
        Spec("balloon", "Senior balloon paid", "money/month", "what is left at maturity",
             lambda t: choice(every(bullet, same(t["month"], months)),
                              t["owed"].before - t["scheduled"], 0), group=PAID),
        Spec("balloon_cash", "by cash at hand", "money/month", "",
             lambda t: least(t["after_principal"], t["balloon"]), group=PAID),
        Spec("balloon_trapped", "by trapped cash", "money/month", "",
             lambda t: least(t["trapped"].before - t["from_trapped"],
                             t["balloon"] - t["balloon_cash"]), group=PAID),
        Spec("balloon_dsra", "by the DSRA", "money/month", "",
             lambda t: least(t["dsra"].before - t["from_dsra"],
                             t["balloon"] - t["balloon_cash"] - t["balloon_trapped"]), group=PAID),
        Spec("balloon_equity", "by equity", "money/month", "put in to meet it",
             lambda t: t["balloon"] - t["balloon_cash"] - t["balloon_trapped"]
             - t["balloon_dsra"], group=PAID),
        Spec("facility_due", "Liquidity facility due", "money",
             "drawn, with interest on what was drawn before",
             lambda t: t["facility"].before + t["from_facility"]
             + book["Senior_Rate"] * t["facility"].before, group=PAID),
        Spec("facility_paid", "Liquidity facility repaid", "money/month", "",
             lambda t: least(after_balloon(t), t["facility_due"]), group=PAID),
        Spec("dsra_topped", "DSRA topped up", "money/month", "",
             lambda t: t["dsra_first"] + least(after_balloon(t) - t["facility_paid"],
                                               t["dsra_missing"] - t["dsra_first"]), group=PAID),
        Spec("dsra_held", "DSRA before release", "money", "",
             lambda t: t["dsra"].before - t["from_dsra"] - t["balloon_dsra"] + t["dsra_topped"],
             group=PAID),
        Spec("trapped_held", "Trapped cash before release", "money", "",
             lambda t: t["trapped"].before - t["from_trapped"] - t["balloon_trapped"],
             group=PAID),
        Spec("freed", "Reserves set free at maturity", "money/month", "",
             lambda t: over(t, t["dsra_held"] + t["trapped_held"], node(0)), group=PAID),
        Spec("reserve_freed", "Rent-free reserve set free", "money/month",
             "once income comes in, or at maturity",
             lambda t: choice(either(t["month"] >= months,
                                     every(t["current"] > 0, schedule["net"] > 0)),
                              t["reserve"].before - t["from_reserve"], 0), group=PAID),
        Spec("after_senior", "Cash behind the senior", "money/month", "",
             lambda t: after_balloon(t) - t["facility_paid"] - (t["dsra_topped"] - t["dsra_first"])
             + t["freed"] + t["reserve_freed"], group=PAID),
        Spec("costs_late", "Costs late", "money", "unpaid costs, fees and swaps, with interest",
             lambda t: unpaid(t) * (1 + book["Senior_Rate"]), opening=0, group=ACCOUNTS),
        Spec("reserve", "Rent-free reserve", "money", "",
             lambda t: t["reserve"].before - t["from_reserve"] - t["reserve_freed"],
             opening=book["Rent_Free_Reserve"], group=ACCOUNTS),
        Spec("dsra", "DSRA", "money", "", lambda t: over(t, node(0), t["dsra_held"]),
             opening=book["Dsra_Funding"], group=ACCOUNTS),
        Spec("facility", "Facility drawn", "money", "",
             lambda t: t["facility_due"] - t["facility_paid"], opening=0, group=ACCOUNTS),
    ]  # fmt: skip
