"""Stack, cost of capital, fees, uses, and what equity can pay at its target. Method 5 and 8."""

from __future__ import annotations

from kernels import layout as x
from pipeline.reports.workbook.book import Form, Spec, Table
from pipeline.reports.workbook.expression import (
    Node,
    choice,
    counted,
    differs,
    either,
    every,
    least,
    most,
    node,
    rest,
    same,
    total,
    whole,
)
from pipeline.reports.workbook.inputs import Inputs

_BPS_A_MONTH = 120000
CHARGES, CAPACITY, RESERVES = "Charges", "What equity can pay", "Reserves at close"
NO_CHARGE = "no charge"


def fill_stack(form: Form, inputs: Inputs, schedule: Table) -> None:
    """Equity, cost of capital and capital required."""
    i, book = inputs, form.book
    senior, mezz, cost = book["Senior_Notional"], book["Mezz_Notional"], book["Total_Cost"]
    form.heading("Capital")
    equity = form.formula("Equity_Notional", "Equity notional", cost - senior - mezz, "money",
                          "total cost − S − M")  # fmt: skip
    weighted = senior * i[x.SENIOR_COUPON_PCT] + mezz * i[x.MEZZ_COUPON_PCT]
    form.formula("Wacc", "Weighted cost of capital",
                 (weighted + equity * i[x.EQUITY_IRR_TARGET_PCT]) / cost, "%",
                 "(S × coupon + M × coupon + E × target) ÷ total cost")  # fmt: skip
    fees = form.formula("Upfront_Fees", "Upfront fees of the debt",
                        i[x.SENIOR_UPFRONT_FEE_BPS] / 10000 * senior
                        + i[x.MEZZ_UPFRONT_FEE_BPS] / 10000 * mezz, "money",
                        "bps of S and of M")  # fmt: skip
    form.formula("Required_Capital", "Capital required",
                 cost + book["Structuring_Fees"] + fees, "money",
                 "total cost, structuring fees, upfront fees")  # fmt: skip
    form.formula("Financing", "Financing", senior + mezz + equity, "money", "S + M + E")
    form.heading("Charges on the cash")
    wrap = i[x.WRAP_TYPE]
    premium = choice(differs(wrap, "None"), i[x.WRAP_PREMIUM_BPS] / _BPS_A_MONTH, 0)
    form.formula("Senior_Fee", "Senior fees and wrap premium, a month",
                       i[x.SENIOR_ONGOING_FEE_BPS] / _BPS_A_MONTH + premium, "decimal",
                       "of the senior balance")  # fmt: skip
    form.formula("Wrap_On_Mezz", "Wrap premium on the mezzanine, a month",
                 choice(same(wrap, "WholeStack"), i[x.WRAP_PREMIUM_BPS] / _BPS_A_MONTH, 0),
                 "decimal", "of the mezzanine balance, WholeStack only")  # fmt: skip
    form.formula("Mezz_Fee", "Mezzanine fees, a month",
                 i[x.MEZZ_ONGOING_FEE_BPS] / _BPS_A_MONTH, "decimal",
                 "of the mezzanine balance")  # fmt: skip
    policy = i[x.CURRENCY_POLICY]
    share = choice(same(policy, "HedgedTo_01"), 1, choice(same(policy, "Mixed"), 0.5, 0))
    hedged = form.formula("Hedged_Share", "Share of the debt that is hedged",
                          choice(same(i[x.LOCAL_CURRENCY], i[x.CURRENCY]), 0, share), "",
                          "CurrencyPolicy_25, where the currencies differ")  # fmt: skip
    form.formula("Hedge_Fee", "Currency hedge, a month",
                 i[x.FX_HEDGE_COST_BPS] / _BPS_A_MONTH * hedged, "decimal",
                 "of senior and mezzanine balance")  # fmt: skip
    operates = differs(i[x.INSURANCE_TYPE], "Construction")
    form.formula("Insurance", "Insurance in operation, a month",
                 choice(operates, i[x.INSURANCE_PREMIUM_BPS] / _BPS_A_MONTH
                        * book["TotalProjectInternalCosts_16"], 0), "money/month",
                 "bps of internal costs")  # fmt: skip
    letter = inputs.is_on(x.DSRA_LETTER_OF_CREDIT)
    first = form.formula("First_Service", "Senior debt service of month 1",
                         senior * schedule["unit_service"].fixed(1), "money/month",
                         "S × u")  # fmt: skip
    form.formula("Facility", "Liquidity facility",
                 (i[x.LIQUIDITY_MONTHS] + choice(letter, i[x.DSRA_MONTHS], 0)) * first, "money",
                 "months of first service, with the DSRA's by letter of credit")  # fmt: skip
    form.formula("Facility_Fee", "Facility fee, a month",
                 book["Liquidity_Fee_Bps"] / _BPS_A_MONTH, "decimal",
                 "of what is undrawn")  # fmt: skip
    idle = book["Trs_Term_Years"] > i[x.SENIOR_TENOR_YEARS] + book["Tolerance"]
    asked = i[x.TRS_EQUITY_PCT] / 100 * most(0, equity)
    notional = form.formula("Trs_Notional", "Notional of the total return swap",
                            choice(idle, 0, least(asked, book["Trs_Max_Structure_Pct"] / 100
                                                  * cost)), "money",
                            "share of equity, at most a share of the financing; 0 when its term"
                            " outlives the senior")  # fmt: skip
    form.formula("Trs_Fee", "Fee of the total return swap, a month",
                 choice(every(inputs.is_on(x.TRS_ON), senior > 0),
                        i[x.TRS_FEE_PCT] / 100 * notional / 12, 0), "money/month",
                 "fee a year ÷ 12")  # fmt: skip
    form.formula("Trs_Months", "Months of the total return swap", 12 * book["Trs_Term_Years"],
                 "months", "")  # fmt: skip
    by_country = choice(same(i[x.JURISDICTION], "US"), book["Tax_Rate_US_Pct"],
                        book["Tax_Rate_Global_Pct"])  # fmt: skip
    local = choice(same(i[x.JURISDICTION], "UK"), book["Tax_Rate_UK_Pct"],
                   choice(same(i[x.JURISDICTION], "EU"), book["Tax_Rate_EU_Pct"],
                          by_country))  # fmt: skip
    form.formula("Tax_Rate", "Corporate tax",
                 choice(inputs.is_on(x.TAX_ON), local / 100, 0), "decimal",
                 "by jurisdiction, where VAT_TaxTreatmentToggle_26 is on")  # fmt: skip
    form.formula("Depreciation", "Depreciation, a month",
                 (cost - i[x.LAND_FEES] * book["Fx_Rate"]) / book["Lease_Months"], "money/month",
                 "total cost less land, straight line over the lease")  # fmt: skip
    sold_after = choice(i[x.LEASE_YEARS] > book["Strip_Long_Lease_Years"],
                        book["Strip_After_Years_Long"], book["Strip_After_Years"])  # fmt: skip
    form.formula("Strip_First_Month", "First month whose distributions are sold",
                 whole(12 * sold_after + 0.5) + 1, "month", "residual strip")  # fmt: skip
    form.formula("Strip_Share", "Share of distributions that is sold",
                 choice(every(inputs.is_on(x.STRIP_ON), senior > 0),
                        book["Strip_Share_Pct"] / 100, 0), "", "0 without the strip")  # fmt: skip


def fill_capacity(form: Form, inputs: Inputs, table: Table, schedule: Table) -> None:
    """Charges, tax and what is left by month; what that is worth to equity."""
    i, book = inputs, form.book
    step = form.formula("Equity_Discount", "Discount factor of a month at equity's target",
                        1 / (1 + i[x.EQUITY_IRR_TARGET_PCT] / 100) ** (1 / node(12)), "",
                        "v = (1 + target)^(−1 ÷ 12)")  # fmt: skip
    exit_value = form.formula("Exit_Gross", "Exit at lease end, before debt",
                              most(0, total(schedule["last_year"].all))
                              / (book["Exit_Cap_Rate_Pct"] / 100), "money",
                              "net income of the last twelve months ÷ cap rate")  # fmt: skip
    _fill_months(form, inputs, table, schedule)
    value = form.formula("Equity_Value", "What debt and charges leave, at close",
                         total(table["worth"].all), "money", "rent-free months aside")  # fmt: skip
    at_end = step ** (i[x.CONSTRUCTION_MONTHS] + book["Lease_Months"])
    capacity = form.formula("Equity_Capacity", "What equity can pay at its target return",
                            most(0, value + exit_value * at_end), "money",
                            "that and the exit, discounted")  # fmt: skip
    form.formula("Capex_Coverage", "Capital coverage",
                 (book["Senior_Notional"] + book["Mezz_Notional"] + capacity)
                 / book["Required_Capital"], "ratio", "(S + M + capacity) ÷ required")  # fmt: skip
    covers = table["fixed_cover"].all
    form.formula("Fccr_Min", "Fixed charge cover, least",
                 choice(every(book["Senior_Notional"] > 0, counted(covers) > 0),
                        least(covers), NO_CHARGE), "x",
                 "least N ÷ (interest of both + fees + wrap premium)")  # fmt: skip


def _fill_months(form: Form, inputs: Inputs, table: Table, schedule: Table) -> None:
    i, book = inputs, form.book
    months, lease = book["Senior_Months"], book["Lease_Months"]
    mezz_months = book["Mezz_Months"]
    mezz_bullet = same(i[x.MEZZ_AMORT_TYPE], "Bullet")
    rent_free = i[x.RENT_FREE_MONTHS]
    first_to_sell, sold = book["Strip_First_Month"], book["Strip_Share"]

    def from_schedule(key: str) -> Node:
        return schedule[key]

    def charges(t: Table) -> Node:
        on_senior = (book["Senior_Fee"] + book["Hedge_Fee"]) * schedule["opening"]
        on_mezz = (book["Mezz_Fee"] + book["Wrap_On_Mezz"] + book["Hedge_Fee"]) * schedule[
            "mezz_opening"
        ]
        facility = choice(t["month"] <= months, book["Facility"] * book["Facility_Fee"], 0)
        swap = choice(t["month"] <= book["Trs_Months"], book["Trs_Fee"], 0)
        upkeep = i[x.MAINTENANCE_CAPEX_PCT] / 100 * schedule["gross"] + book["Insurance"]
        return choice(t["month"] <= lease, upkeep + on_senior + facility + on_mezz + swap, 0)

    def debt_service(t: Table) -> Node:
        balloon = choice(every(mezz_bullet, same(t["month"], mezz_months)),
                         schedule["mezz_opening"], 0)  # fmt: skip
        return schedule["service"] + schedule["balloon"] + schedule["mezz_service"] + balloon

    def fixed(t: Table) -> Node:
        paid = choice(t["month"] > book["Mezz_Window"], schedule["mezz_interest"], 0)
        return (
            schedule["interest"]
            + book["Senior_Fee"] * schedule["opening"]
            + book["Wrap_On_Mezz"] * schedule["mezz_opening"]
            + paid
        )

    def closes(t: Table) -> Node:
        return either(same(rest(t["month"], 12), 0), same(t["month"], lease))

    def worth(t: Table) -> Node:
        counts = every(t["month"] > rent_free, t["month"] <= lease)
        discount = book["Equity_Discount"] ** (i[x.CONSTRUCTION_MONTHS] + t["month"])
        return choice(counts, (t["left"] - t["strip"]) * discount, 0)

    table.add((
        Spec("month", "Month from COD", "month", "", lambda t: from_schedule("month"),
             opening=0, kind="formula", group="Time", width=9),
        Spec("year", "Year", "year", "", lambda t: from_schedule("year"), opening=0,
             group="Time", width=8),
        Spec("charges", "Charges", "money/month",
             "maintenance, insurance, fees, premium, hedges, facility, swap fee", charges,
             group=CHARGES),
        Spec("fixed", "Fixed charges", "money/month",
             "interest paid, senior fees and wrap premium", fixed, group=CHARGES),
        Spec("fixed_cover", "Fixed charge cover", "x", "net income ÷ fixed charges, test months",
             lambda t: choice(every(schedule["tested"] > 0, t["fixed"] > 0),
                              schedule["net"] / t["fixed"], ""), group=CHARGES),
        Spec("debt_service", "Debt service and balloons", "money/month", "senior and mezzanine",
             debt_service, group=CHARGES),
        Spec("profit", "Taxable profit", "money", "of the year so far: N − interest − depreciation",
             lambda t: choice(t["month"] <= lease,
                              t["profit_kept"].before + schedule["net"] - schedule["interest"]
                              - schedule["mezz_interest"] - book["Depreciation"], 0),
             group=CAPACITY),
        Spec("tax", "Tax", "money/month", "of the year, paid in its last month",
             lambda t: choice(closes(t), book["Tax_Rate"]
                              * most(0, t["profit"] + t["loss"].before), 0), group=CAPACITY),
        Spec("loss", "Loss carried on", "money", "",
             lambda t: choice(closes(t), least(0, t["profit"] + t["loss"].before),
                              t["loss"].before), opening=0, group=CAPACITY),
        Spec("profit_kept", "Profit carried on", "money", "to the end of the tax year",
             lambda t: choice(closes(t), 0, t["profit"]), opening=0, group=CAPACITY),
        Spec("left", "Left for equity", "money/month", "net income less all of these",
             lambda t: schedule["net"] - t["charges"] - t["tax"] - t["debt_service"],
             group=CAPACITY),
        Spec("strip", "Sold strip", "money/month", "share of late distributions that is sold",
             lambda t: choice(t["month"] >= first_to_sell, sold * most(0, t["left"] + t["tax"]),
                              0), group=CAPACITY),
        Spec("worth", "Worth at close", "money", "what is left × discount factor", worth,
             group=CAPACITY),
        Spec("rent_free", "Rent-free reserve", "money/month",
             "what service and fees lack in a rent-free month",
             lambda t: choice(t["month"] <= rent_free,
                              most(0, schedule["service"] + book["Senior_Fee"]
                                   * schedule["opening"] - schedule["net"]), 0), group=RESERVES),
    ))  # fmt: skip


def fill_uses(form: Form, inputs: Inputs, table: Table, schedule: Table) -> None:
    """Uses at close."""
    i, book = inputs, form.book
    months = i[x.CONSTRUCTION_MONTHS]
    form.heading("Uses at close")
    builds = differs(i[x.INSURANCE_TYPE], "Ops")
    insurance = form.formula("Construction_Insurance", "Insurance before completion",
                             choice(builds, i[x.INSURANCE_PREMIUM_BPS] / 10000
                                    * book["TotalProjectInternalCosts_16"] * (months / 12), 0),
                             "money", "premium × internal costs × construction")  # fmt: skip
    dsra = form.formula("Dsra_Funding", "Debt service reserve",
                        choice(inputs.is_on(x.DSRA_LETTER_OF_CREDIT), 0,
                               i[x.DSRA_MONTHS] * book["First_Service"]), "money",
                        "months of first service; nothing by letter of credit")  # fmt: skip
    yearly = (
        book["Senior_Notional"] * i[x.SENIOR_COUPON_PCT]
        + book["Mezz_Notional"] * i[x.MEZZ_COUPON_PCT]
    )
    interest = form.formula("Interest_To_Cod", "Interest before completion",
                            choice(inputs.is_on(x.CAPITALISE_INTEREST),
                                   yearly / 100 * months / 12 / 2, 0), "money",
                            "drawn evenly, so half of it is owed on average")  # fmt: skip
    reserve = form.formula("Rent_Free_Reserve", "Rent-free reserve",
                           total(table["rent_free"].all), "money", "see Capacity")  # fmt: skip
    capital = form.formula("Working_Capital", "Working capital", total(schedule["gap"].all),
                           "money", "gap of the first paying months, see Schedule")  # fmt: skip
    form.formula("Total_Uses", "Uses",
                 book["Total_Cost"] + book["Structuring_Fees"] + book["Upfront_Fees"] + insurance
                 + dsra + interest + reserve + capital, "money", "all of them")  # fmt: skip
