"""The waterfall behind the senior: covenants, mezzanine, trap and turbo, equity. Method 6."""

from __future__ import annotations

from kernels import layout as x
from kernels import rules as r
from pipeline.reports.workbook.book import Form, Spec, Table
from pipeline.reports.workbook.expression import (
    Node,
    choice,
    differs,
    either,
    every,
    is_number,
    is_under,
    least,
    most,
    node,
    rest,
    same,
    size,
)
from pipeline.reports.workbook.inputs import Inputs
from pipeline.reports.workbook.returns import LATE_MONTHS
from pipeline.reports.workbook.subject import Subject

COVENANT, MEZZ = "Covenant, trap and turbo", "Mezzanine"
RESERVE, EQUITY = "Mezzanine reserve", "Surplus and equity"


def covenant_specs(form: Form, inputs: Inputs, subject: Subject, schedule: Table) -> list[Spec]:
    """Covenant DSCR over its window, and what it sets.

    The window is the rulebook's at the time of writing: looking back a variable number of rows
    would need a range that holds the row itself.
    """
    i, book = inputs, form.book
    months, slack = book["Senior_Months"], book["Tolerance"]
    window = int(subject.case.cash_limit(r.COVENANT_WINDOW_MONTHS))

    def over_window(key: str) -> Spec:
        title = "Income of the window" if key == "covenant_income" else "Service of the window"
        return Spec(
            f"{key}_window", title, "money", f"of the last {window} months",
            lambda t: t[key] - t[key].shifted(window), lead=window, early=0, group=COVENANT,
        )  # fmt: skip

    def tested(t: Table) -> Node:
        on_date = same(rest(t["month"], book["Covenant_Interval"]), 0)
        return every(on_date, t["month"] <= months, t["month"] >= book["Covenant_First_Test"],
                     t["service_looked_at"] > 0)  # fmt: skip

    def income_looked_at(t: Table) -> Node:
        return choice(t["month"] > window, t["covenant_income_window"], t["covenant_income"])

    def service_looked_at(t: Table) -> Node:
        return choice(t["month"] > window, t["covenant_service_window"], t["covenant_service"])

    def holds(t: Table, state: str, below: Node) -> Node:
        hit = choice(_tested(t), choice(is_under(t["covenant"], below - slack), 1, 0),
                     t[state].before)  # fmt: skip
        return choice(t["month"] <= months, hit, 0)

    def clean(t: Table) -> Node:
        hit = is_under(t["covenant"], i[x.TRAP_TRIGGER_DSCR] - slack)
        run = choice(hit, 0, t["clean"].before + 1)
        return choice(_tested(t), run, t["clean"].before)

    return [
        Spec("covenant_income", "Income less fees, summed", "money", "while the senior runs",
             lambda t: t["covenant_income"].before
             + choice(t["month"] <= months, schedule["net"] - t["fees_all"], 0), opening=0,
             group=COVENANT),
        Spec("covenant_service", "Service and missing reserve, summed", "money", "",
             lambda t: t["covenant_service"].before
             + choice(t["month"] <= months,
                      t["interest"] + t["scheduled"] + t["dsra_missing"], 0), opening=0,
             group=COVENANT),
        over_window("covenant_income"),
        over_window("covenant_service"),
        Spec("income_looked_at", "Covenant income", "money", "since the start in the first months",
             income_looked_at, group=COVENANT),
        Spec("service_looked_at", "Covenant service", "money", "", service_looked_at,
             group=COVENANT),
        Spec("covenant", "Covenant DSCR", "x", "in a test month",
             lambda t: choice(tested(t), t["income_looked_at"] / t["service_looked_at"], ""),
             group=COVENANT),
        Spec("trap_on", "Trap on", "", "1 until a test lifts it",
             lambda t: holds(t, "trap_on", i[x.TRAP_TRIGGER_DSCR]), opening=0, group=COVENANT,
             width=9),
        Spec("turbo_on", "Turbo by covenant", "", "1 until a test lifts it",
             lambda t: holds(t, "turbo_on", book["Turbo_Below"]), opening=0, group=COVENANT,
             width=9),
        Spec("turbo", "Turbo", "", "by covenant or by time",
             lambda t: choice(t["month"] <= months,
                              choice(t["month"] >= book["Turbo_From"], 1, t["turbo_on"]), 0),
             group=COVENANT, width=9),
        Spec("clean", "Clean tests in a row", "", "", clean, opening=0, group=COVENANT, width=9),
    ]  # fmt: skip


def _tested(t: Table) -> Node:
    return is_number(t["covenant"])


def mezz_specs(form: Form, inputs: Inputs, schedule: Table) -> list[Spec]:
    """Release of trapped cash, then what the mezzanine is paid."""
    i, book = inputs, form.book
    slack, rate = book["Tolerance"], book["Mezz_Rate"]
    ahead = same(i[x.CASH_TRAP_RULE], "MezzBlock")
    style = i[x.INTERCREDITOR_STYLE]
    value = book["TotalProjectMarketCosts_15"]

    def covered(debt: Node) -> Node:
        return value - debt >= book["Oc_Floor"] * debt - slack

    def held(t: Table) -> Node:
        trapped = choice(ahead, t["trap_on"], 0)
        return choice(t["senior_left"] > slack * t["need"],
                      choice(covered(t["senior_left"]), trapped, 1), 0)  # fmt: skip

    def thin(t: Table) -> Node:
        both = t["senior_left"] + t["mezz_owed"].before + t["mezz_late"].before
        asked = every(same(style, "OCTriggered"), t["senior_left"] > slack * t["need"])
        return choice(every(asked, same(covered(both), False)), 1, 0)

    def lets_go(t: Table) -> Node:
        return every(_tested(t), t["clean"] >= book["Clean_Tests_Needed"], same(t["trap_on"], 0),
                     same(t["held"], 0), t["current"] > 0)  # fmt: skip

    def over(t: Table, then: Node, otherwise: Node) -> Node:
        return choice(t["month"] >= book["Senior_Months"], then, otherwise)

    def capitalises(t: Table) -> Node:
        # a structure without mezzanine has no window either
        return t["month"] <= choice(book["Mezz_Months"] > 0, book["Mezz_Window"], 0)

    def interest_due(t: Table) -> Node:
        late = t["mezz_late"].before + t["mezz_interest_late"].before
        accrued = choice(capitalises(t), 0, t["mezz_accrued"])
        return accrued + t["mezz_interest_late"].before + rate * late

    def waits(t: Table) -> Node:
        blocked = every(differs(style, "ProRata"), same(t["current"], 0))
        return choice(either(t["thin"] > 0, blocked), 1, 0)

    def due(t: Table) -> Node:
        return t["mezz_interest_due"] + t["mezz_may_pay"]

    def left(t: Table) -> Node:
        owed = t["mezz_owed"].before - t["mezz_scheduled"]
        return owed + choice(capitalises(t), t["mezz_accrued"], 0)

    return [
        Spec("senior_left", "Senior outstanding", "money", "with what is late",
             lambda t: t["owed"].before - t["scheduled"] - t["balloon"] + t["principal_late"],
             group=MEZZ),
        Spec("held", "Held ahead of mezzanine", "", "1: a trap ahead of it, or thin collateral",
             held, group=MEZZ, width=9),
        Spec("thin", "Collateral thin for both", "", "OCTriggered only", thin, group=MEZZ,
             width=9),
        Spec("trap_released", "Trapped cash released", "money/month", "after clean tests",
             lambda t: choice(lets_go(t), over(t, node(0), t["trapped_held"]), 0), group=MEZZ),
        Spec("cash_mezz", "Cash for the mezzanine", "money/month", "",
             lambda t: t["after_senior"] + t["aside"] + t["trap_released"], group=MEZZ),
        Spec("to_trap_ahead", "Held back ahead of it", "money/month", "",
             lambda t: t["held"] * t["cash_mezz"], group=MEZZ),
        Spec("mezz_interest_due", "Interest due", "money/month", "with what is late", interest_due,
             group=MEZZ),
        Spec("mezz_scheduled", "Principal of the month", "money/month", "share of the balance",
             lambda t: schedule["mezz_share"] * t["mezz_owed"].before, group=MEZZ),
        Spec("mezz_waits", "Principal waits", "", "1: senior late, or collateral thin", waits,
             group=MEZZ, width=9),
        Spec("mezz_may_pay", "Principal due now", "money/month", "",
             lambda t: choice(t["mezz_waits"] > 0, 0,
                              t["mezz_scheduled"] + t["mezz_late"].before), group=MEZZ),
        Spec("mezz_fees_due", "Fees due", "money/month", "",
             lambda t: book["Mezz_Fee"] * t["mezz_owed"].before + t["fees_shared"]
             + t["mezz_fees_late"].before, group=MEZZ),
        Spec("mezz_cash", "Cash for it after the trap", "money/month", "",
             lambda t: t["cash_mezz"] - t["to_trap_ahead"], group=MEZZ),
        Spec("mezz_interest_unpaid", "Interest unpaid by cash", "money/month", "",
             lambda t: most(0, t["mezz_interest_due"] - t["mezz_cash"]), group=MEZZ),
        Spec("mezz_principal_unpaid", "Principal unpaid by cash", "money/month", "",
             lambda t: t["mezz_scheduled"] + t["mezz_late"].before - (t["mezz_may_pay"]
             - most(0, least(t["mezz_may_pay"], due(t) - t["mezz_cash"]))), group=MEZZ),
        Spec("mezz_fees_late", "Fees late", "money", "",
             lambda t: most(0, least(t["mezz_fees_due"],
                                     due(t) + t["mezz_fees_due"] - t["mezz_cash"])),
             opening=0, group=MEZZ),
        Spec("mezz_after", "Left after fees", "money/month", "",
             lambda t: most(0, t["mezz_cash"] - (due(t) + t["mezz_fees_due"])), group=MEZZ),
        Spec("kept", "Kept while collateral is thin", "money/month", "",
             lambda t: choice(every(t["thin"] > 0,
                                    t["mezz_scheduled"] + t["mezz_late"].before > 0),
                              t["mezz_after"], 0), group=MEZZ),
        Spec("mezz_balloon", "Balloon", "money/month", "",
             lambda t: choice(every(same(i[x.MEZZ_AMORT_TYPE], "Bullet"),
                                    same(t["month"], book["Mezz_Months"])), left(t), 0),
             group=MEZZ),
        Spec("mezz_balloon_cash", "Balloon by cash", "money/month", "",
             lambda t: least(t["mezz_after"] - t["kept"], t["mezz_balloon"]), group=MEZZ),
        Spec("mezz_owed", "Mezzanine balance", "money", "",
             lambda t: left(t) - t["mezz_balloon"], opening=book["Mezz_Notional"], group=MEZZ),
    ]  # fmt: skip


def reserve_specs(form: Form, inputs: Inputs) -> list[Spec]:
    """The mezzanine's own reserve: what it pays, its top-up, its release."""
    i, book = inputs, form.book
    slack = book["Tolerance"]

    def rest_of_reserve(t: Table) -> Node:
        used = t["mezz_r_interest"] + t["mezz_r_principal"] + t["mezz_r_balloon"]
        return t["mezz_reserve"].before - used

    def missing(t: Table) -> Node:
        window = t["month"] <= book["Mezz_Window"]
        service = choice(window, 0, t["mezz_accrued"]) + t["mezz_scheduled"]
        target = choice(t["month"] < book["Mezz_Months"],
                        i[x.MEZZ_RESERVE_MONTHS] * service, 0)  # fmt: skip
        lacks = target - rest_of_reserve(t)
        return choice(lacks > slack * target, lacks, 0)

    def frees(t: Table) -> Node:
        left = t["mezz_owed"] + t["mezz_interest_late"] + t["mezz_late"] + t["mezz_fees_late"]
        held = rest_of_reserve(t) + t["mezz_r_topped"]
        clear = every(left <= slack * held, t["current"] > 0, same(t["held"], 0),
                      t["costs_late"] <= slack * t["need"])  # fmt: skip
        return choice(clear, held, 0)

    return [
        Spec("mezz_r_interest", "Reserve pays interest", "money/month", "",
             lambda t: least(t["mezz_interest_unpaid"], t["mezz_reserve"].before), group=RESERVE),
        Spec("mezz_r_principal", "Reserve pays principal", "money/month", "",
             lambda t: least(choice(t["mezz_waits"] > 0, 0, t["mezz_principal_unpaid"]),
                             t["mezz_reserve"].before - t["mezz_r_interest"]), group=RESERVE),
        Spec("mezz_r_balloon", "Reserve pays balloon", "money/month", "",
             lambda t: least(t["mezz_balloon"] - t["mezz_balloon_cash"],
                             t["mezz_reserve"].before - t["mezz_r_interest"]
                             - t["mezz_r_principal"]), group=RESERVE),
        Spec("mezz_r_topped", "Reserve topped up", "money/month", "",
             lambda t: least(t["mezz_after"] - t["kept"] - t["mezz_balloon_cash"], missing(t)),
             group=RESERVE),
        Spec("mezz_interest_late", "Interest late", "money", "",
             lambda t: t["mezz_interest_unpaid"] - t["mezz_r_interest"], opening=0, group=RESERVE),
        Spec("mezz_late", "Principal late", "money", "",
             lambda t: t["mezz_principal_unpaid"] - t["mezz_r_principal"], opening=0,
             group=RESERVE),
        Spec("mezz_r_freed", "Reserve set free", "money/month", "once the mezzanine is repaid",
             frees, group=RESERVE),
        Spec("mezz_reserve", "Mezzanine reserve", "money", "",
             lambda t: rest_of_reserve(t) + t["mezz_r_topped"] - t["mezz_r_freed"], opening=0,
             group=RESERVE),
        Spec("mezz_interest_paid", "Mezzanine interest paid", "money/month", "",
             lambda t: t["mezz_interest_due"] - t["mezz_interest_late"], group=RESERVE),
        Spec("mezz_principal_paid", "Mezzanine principal paid", "money/month", "with the balloon",
             lambda t: t["mezz_scheduled"] + t["mezz_late"].before - t["mezz_late"]
             + t["mezz_balloon"], group=RESERVE),
        Spec("mezz_fees_paid", "Mezzanine fees paid", "money/month", "",
             lambda t: t["mezz_fees_due"] - t["mezz_fees_late"], group=RESERVE),
    ]  # fmt: skip


def equity_specs(form: Form, inputs: Inputs) -> list[Spec]:
    """Prepayment, trap, subordinated fee, and what equity gets."""
    i, book = inputs, form.book
    penalty = 1 + book["Penalty"]
    pays_down = same(i[x.EXCESS_SPREAD_USE], "PayDown")
    months = book["Senior_Months"]

    def surplus(t: Table) -> Node:
        mezz = t["mezz_after"] - t["kept"] - t["mezz_balloon_cash"]
        return mezz - t["mezz_r_topped"] + t["mezz_r_freed"]

    def owed(t: Table) -> Node:
        return t["owed"].before - t["scheduled"] - t["balloon"]

    def in_trap(t: Table) -> Node:
        held = choice(t["month"] >= months, 0, t["trapped_held"])
        return held - t["trap_released"] + t["to_trap"]

    def imbalance(t: Table) -> Node:
        came = t["received"] - t["lent"] + t["from_facility"] + t["equity_in"]
        names = ("operating_paid", "fees_paid", "interest_paid", "swap_paid", "principal_paid",
                 "balloon", "facility_paid", "mezz_interest_paid", "mezz_principal_paid",
                 "mezz_fees_paid", "prepaid", "penalty_paid", "trs_paid",
                 "distributed")  # fmt: skip
        paid: Node = t[names[0]]
        for name in names[1:]:
            paid = paid + t[name]
        accounts = ("reserve", "trapped", "dsra", "mezz_reserve")
        opening: Node = t[accounts[0]].before
        closing: Node = t[accounts[0]]
        for name in accounts[1:]:
            opening, closing = opening + t[name].before, closing + t[name]
        return size(came + opening - paid - closing)

    return [
        Spec("equity_in", "Put in by equity", "money/month", "to meet a balloon",
             lambda t: t["balloon_equity"] + t["mezz_balloon"] - t["mezz_balloon_cash"]
             - t["mezz_r_balloon"], group=EQUITY),
        Spec("surplus", "Surplus", "money/month", "", surplus, group=EQUITY),
        Spec("turbo_paid", "Senior prepaid by turbo", "money/month", "",
             lambda t: least(t["turbo"] * t["surplus"] / penalty, owed(t)), group=EQUITY),
        Spec("trapping", "Trapped", "money/month", "",
             lambda t: t["trap_on"] * book["Trap_Share"]
             * (t["surplus"] - t["turbo_paid"] * penalty), group=EQUITY),
        Spec("to_trap", "Cash trapped in the month", "money/month", "",
             lambda t: t["to_trap_ahead"] + t["kept"] + t["trapping"], group=EQUITY),
        Spec("trap_paid", "Senior prepaid from the trap", "money/month", "PayDown, at a test",
             lambda t: least(choice(every(_tested(t), pays_down), in_trap(t) / penalty, 0),
                             owed(t) - t["turbo_paid"]), group=EQUITY),
        Spec("trapped", "Trapped cash", "money", "at month end",
             lambda t: in_trap(t) - t["trap_paid"] * penalty, opening=0, group=EQUITY),
        Spec("prepaid", "Senior prepaid", "money/month", "",
             lambda t: t["turbo_paid"] + t["trap_paid"], group=EQUITY),
        Spec("penalty_paid", "Prepayment penalty", "money/month", "",
             lambda t: t["prepaid"] * book["Penalty"], group=EQUITY),
        Spec("owed", "Senior balance", "money", "at month end",
             lambda t: owed(t) - t["prepaid"], opening=book["Senior_Notional"], group=EQUITY),
        Spec("trs_due", "Total return swap fee due", "money/month", "",
             lambda t: t["trs_late"].before
             + choice(t["month"] <= book["Trs_Months"], book["Trs_Fee"], 0), group=EQUITY),
        Spec("trs_paid", "Total return swap fee", "money/month", "",
             lambda t: least(t["surplus"] - t["turbo_paid"] * penalty - t["trapping"],
                             t["trs_due"]), group=EQUITY),
        Spec("trs_late", "Swap fee late", "money", "",
             lambda t: t["trs_due"] - t["trs_paid"], opening=0, group=EQUITY),
        Spec("distributed", "Distributed", "money/month", "",
             lambda t: t["surplus"] - t["turbo_paid"] * penalty - t["trapping"] - t["trs_paid"],
             group=EQUITY),
        Spec("equity", "Equity before what is sold", "money/month", "distributed less put in",
             lambda t: t["distributed"] - t["equity_in"], group=EQUITY),
        Spec("imbalance", "Cash out of balance", "money", "cash in less cash out: nought",
             imbalance, group=EQUITY),
        Spec("repaid_months", "Principal paid × month", "money", "for the life with prepayments",
             lambda t: (t["principal_paid"] + t["balloon"] + t["prepaid"]) * t["month"],
             group=EQUITY),
        Spec("dsra_drawn", "Drawn from the DSRA in all", "money/month", "balloon included",
             lambda t: t["from_dsra"] + t["balloon_dsra"], group=EQUITY),
        Spec("trapped_drawn", "Drawn from trapped cash in all", "money/month", "balloon included",
             lambda t: t["from_trapped"] + t["balloon_trapped"], group=EQUITY),
        Spec("mezz_r_drawn", "Drawn from the mezzanine reserve", "money/month", "",
             lambda t: t["mezz_r_interest"] + t["mezz_r_principal"] + t["mezz_r_balloon"],
             group=EQUITY),
        Spec("released", "Trapped cash and reserves released", "money/month", "",
             lambda t: t["freed"] + t["trap_released"] + t["mezz_r_freed"], group=EQUITY),
    ]  # fmt: skip


def outcome_specs(form: Form) -> list[Spec]:
    """What counts in the totals; what of equity's cash is sold, and what is left."""
    book = form.book

    def lives(t: Table, then: Node) -> Node:
        return choice(t["month"] <= book["Lease_Months"] + LATE_MONTHS, then, 0)

    return [
        Spec("unpaid", "Unpaid to the senior or above", "money", "to the last late receipt",
             lambda t: lives(t, t["principal_late"] + t["interest_late"] + t["costs_late"]),
             group=EQUITY),
        Spec("trapped_month", "Month in trap", "", "to the last late receipt",
             lambda t: lives(t, t["trap_on"]), group=EQUITY, width=9),
        Spec("turbo_month", "Month in turbo", "", "to the last late receipt",
             lambda t: lives(t, t["turbo"]), group=EQUITY, width=9),
        Spec("strip_sold", "Strip sold", "money/month", "share of late distributions, before tax",
             lambda t: choice(every(t["month"] >= book["Strip_First_Month"],
                                    t["month"] <= book["Lease_Months"]),
                              book["Strip_Share"] * most(0, t["equity"] + t["tax"]), 0),
             group=EQUITY),
        Spec("flow", "Equity", "money/month", "after the sold strip; exit not in it",
             lambda t: t["equity"] - t["strip_sold"], group=EQUITY),
    ]  # fmt: skip
