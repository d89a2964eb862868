"""Costs of the project, index by year, income by month, all live. Source: method 2 and 5."""

from __future__ import annotations

from collections.abc import Callable

from kernels import layout as x
from pipeline.reports.workbook.book import Book, Form, Sheet, Spec, Table
from pipeline.reports.workbook.expression import (
    Node,
    at_place,
    choice,
    either,
    every,
    least,
    most,
    same,
    whole,
)
from pipeline.reports.workbook.inputs import HOURS_A_MONTH, Inputs, fx_of

INCOME = "Income"
CASH = "Rent received"


def fill_project(form: Form, inputs: Inputs) -> None:
    """Rent, income of a year and costs: the computed variables of the catalogue among them."""
    i = inputs
    form.heading("Project")
    fx = form.formula("Fx_Rate", "Project currency per local unit", fx_of(i), "",
                      "1 where both are the same")  # fmt: skip
    per_kw = i[x.RENT_RATE] * 1000 * i[x.GROSS_IT_LOAD_MW]
    per_kwh = i[x.RENT_RATE] * HOURS_A_MONTH * 1000 * i[x.GROSS_IT_LOAD_MW]
    by_unit = choice(same(i[x.RENT_BASIS], "PerKwMonth"), per_kw, per_kwh)
    rent = choice(same(i[x.RENT_BASIS], "Monthly"), i[x.GROSS_MONTHLY_RENT], by_unit) * fx
    monthly = form.formula("Monthly_Rent", "Contract rent of a month", rent, "money/month",
                           "rent as given, or its rate by load; 730 hours a month")  # fmt: skip
    form.formula("NetITLoad_09", "Net IT load", i[x.GROSS_IT_LOAD_MW] / i[x.PUE], "MW",
                 "load ÷ PUE")  # fmt: skip
    gross = form.formula("GrossIncome_10", "Gross income of a year", 12 * monthly, "money/year",
                         "twelve rents")  # fmt: skip
    by_share = gross * (1 - i[x.OPEX] / 100)
    net = choice(same(i[x.OPEX_MODE], "PercentOfRevenue"), by_share, gross - i[x.OPEX] * fx)
    form.formula("NetIncome_11", "Net income of a year, unindexed", net, "money/year",
                 "gross income less operating costs")  # fmt: skip
    land = i[x.LAND_FEES]
    costs = (i[x.CAPEX_MARKET_PER_MW] * i[x.GROSS_IT_LOAD_MW] + land) * fx
    built = (i[x.CAPEX_COST_PER_MW] * i[x.GROSS_IT_LOAD_MW] + land) * fx
    market = form.formula("TotalProjectMarketCosts_15", "Market costs", costs, "money",
                          "market capex × load + land")  # fmt: skip
    internal = form.formula("TotalProjectInternalCosts_16", "Internal costs", built, "money",
                            "build cost × load + land")  # fmt: skip
    profit = form.formula("DeveloperProfit_12", "Developer's profit", market - internal, "money",
                          "market costs less internal costs")  # fmt: skip
    form.formula("DeveloperMargin_13", "Developer's margin", 100 * profit / market, "%",
                 "profit ÷ market costs")  # fmt: skip
    blend = choice(same(i[x.CAPEX_BASIS], "CostPrice_04"), internal, (market + internal) / 2)
    form.formula("Total_Cost", "Cost that is financed",
                 choice(same(i[x.CAPEX_BASIS], "MarketRate_05"), market, blend), "money",
                 "by CapexBasis_21: market, internal, or their mean")  # fmt: skip
    form.formula("Structuring_Fees", "Structuring fees", i[x.STRUCTURING_FEES] * fx, "money",
                 "TotalStructuringFees_14 in project currency")  # fmt: skip


def fill_terms(form: Form, inputs: Inputs) -> None:
    """Months of the lease and what the income of a month is made with."""
    i = inputs
    book = form.book
    form.heading("Income")
    form.formula("Lease_Months", "Months of the lease", whole(12 * i[x.LEASE_YEARS] + 0.5),
                 "months", "12 × lease")  # fmt: skip
    vacant = 1 - i[x.VACANCY_PCT] / 100
    fraught = vacant * (1 - i[x.RENT_DOWNSIDE_PCT] / 100)
    form.formula("Revenue_Factor", "Share of the rent that counts",
                 choice(same(i[x.REVENUE_BASIS], "Contracted"), 1,
                        choice(same(i[x.REVENUE_BASIS], "Underwritten"), vacant, fraught)), "",
                 "1; Underwritten less vacancy; Conservative less downside too")  # fmt: skip
    form.formula("Index_Sensitivity", "Sensitivity of the rent to its index",
                 choice(same(i[x.INDEXATION_MODE], "CPI_Linked"), 1,
                        choice(same(i[x.INDEXATION_MODE], "Partial"), 0.5, 0)), "",
                 "1 CPI_Linked, 0.5 Partial, 0 Flat")  # fmt: skip
    form.formula("Fade_Years", "Years until inflation is at its long run",
                 choice(same(i[x.INFLATION_FWD_TERM], "5Y"), 5, 10), "years",
                 "InflationFwdTerm_34")  # fmt: skip
    share = choice(same(i[x.POWER_PASS_THROUGH], "Landlord"), 1,
                   choice(same(i[x.POWER_PASS_THROUGH], "Share"), 0.5, 0))  # fmt: skip
    form.formula("Power_MWh", "Landlord's power in a month",
                 i[x.GROSS_IT_LOAD_MW] * HOURS_A_MONTH * vacant * share, "MWh",
                 "load × 730 h × (1 − vacancy) × landlord's share")  # fmt: skip
    lag = i[x.COLLECTION_LAG_DAYS]
    months = form.formula("Lag_Months", "Whole months until rent comes in", whole(lag / 30),
                          "months", "collection lag ÷ 30 days")  # fmt: skip
    form.formula("Lag_Part", "Part of the rent that is a month later still", lag / 30 - months, "",
                 "the broken part of the lag")  # fmt: skip
    form.formula("Funded_Months", "Last month whose gap is pre-funded",
                 choice(lag > 0, least(book["Lease_Months"], i[x.RENT_FREE_MONTHS] + months + 1),
                        0), "months", "first paying months, until rent comes in full")  # fmt: skip


def fill_index(book: Book, sheet: Sheet, inputs: Inputs, years: int) -> Table:
    """Inflation and indices by operating year."""
    i = inputs
    table = Table(book, sheet, years, top=3)
    fixed = same(i[x.INDEXATION_BASE], "FixedEscalator")
    discount = choice(same(i[x.INDEXATION_BASE], "CoreCPI"), book["Core_Cpi_Discount_Pct"], 0)
    long_run, spot = book["Long_Run_Inflation_Pct"], i[x.INFLATION_SPOT_PCT]
    flat = same(i[x.INDEXATION_MODE], "Flat")

    def clamped(inflation: Node) -> Node:
        return most(i[x.CPI_FLOOR_PCT], least(i[x.CPI_CAP_PCT], inflation - discount))

    table.add((
        Spec("year", "Year from COD", "year", "operating year", recorded=list(range(1, years + 1)),
             kind="label", group="Time"),
        Spec("inflation", "Expected inflation", "%", "from the spot rate to the long run",
             lambda t: long_run + (spot - long_run)
             * most(0, 1 - (t["year"] - 1) / book["Fade_Years"]), group="Inflation", width=18),
        Spec("rate", "Rate the lease gives", "%", "clamped between floor and cap, or fixed",
             lambda t: choice(fixed, i[x.ESCALATOR_PCT], clamped(t["inflation"])),
             group="Inflation", width=18),
        Spec("rent", "Rent index", "", "product over the years before",
             lambda t: t["rent"].before
             * (1 + book["Index_Sensitivity"] * t["rate"].before / 100),
             group="Indices", lead=1, early=1, width=18),
        Spec("costs", "Cost index", "", "uncapped; 1 where the lease is flat",
             lambda t: choice(flat, 1, t["costs"].before * (1 + t["inflation"].before / 100)),
             group="Indices", lead=1, early=1, width=18),
        Spec("growth", "Price growth to the start of the year", "",
             "what inflation swaps are struck at",
             lambda t: t["growth"].before * (1 + t["inflation"].before / 100),
             group="Indices", lead=1, early=1, width=18),
    ))  # fmt: skip
    return table


def fill_income(book: Book, table: Table, index: Table, inputs: Inputs) -> None:
    """Columns of rent, costs, power and cash by month."""
    i = inputs
    lease, fx = book["Lease_Months"], book["Fx_Rate"]
    months = table.rows - 1

    def leased(t: Table, then: Node) -> Node:
        return choice(t["month"] <= lease, then, 0)

    cover = i[x.POWER_HEDGE_PCT] / 100
    mode = i[x.POWER_HEDGE_MODE]
    bought = either(same(mode, "PPA"), same(mode, "PPA_Plus_Swap"))
    swaps = either(same(mode, "FinancialSwap"), same(mode, "PPA_Plus_Swap"))
    by_share = same(i[x.OPEX_MODE], "PercentOfRevenue")

    def costs(t: Table) -> Node:
        absolute = i[x.OPEX] * fx / 12 * t["cost_index"]
        return leased(t, choice(by_share, t["unabated"] * i[x.OPEX] / 100, absolute))

    def price(t: Table) -> Node:
        open_share = 1 - t["ppa"] - t["swapped"]
        return (
            t["ppa"] * i[x.PPA_STRIKE_PER_MWH]
            + t["swapped"] * book["Power_Swap"]
            + open_share * book["Power_Spot"]
        )

    table.add((
        Spec("month", "Month from COD", "month", "0 is the completion date",
             recorded=list(range(1, months + 1)), opening=0, kind="label", group="Time", width=9),
        Spec("year", "Year", "year", "operating year", lambda t: whole((t["month"] - 1) / 12) + 1,
             opening=0, group="Time", width=8),
        Spec("index", "Rent index", "", "index of the operating year",
             lambda t: at_place(index["rent"].all, t["year"]), group=INCOME),
        Spec("cost_index", "Cost index", "", "uncapped cost index of the operating year",
             lambda t: at_place(index["costs"].all, t["year"]), group=INCOME),
        Spec("unabated", "Unabated rent", "money/month", "rent × share that counts × index",
             lambda t: leased(t, book["Monthly_Rent"] * book["Revenue_Factor"] * t["index"]),
             group=INCOME),
        Spec("gross", "Gross income", "money/month", "nought in rent-free months",
             lambda t: choice(t["month"] > i[x.RENT_FREE_MONTHS], t["unabated"], 0),
             opening=0, group=INCOME),
        Spec("opex", "Operating costs", "money/month", "share of rent, or absolute and indexed",
             costs, group=INCOME),
        Spec("ppa", "Power bought ahead", "", "share at the contract's price",
             lambda t: choice(every(bought, t["month"] <= 12 * i[x.PPA_TERM_YEARS]), cover, 0),
             group="Power"),
        Spec("swapped", "Power swapped", "", "share at the swap price",
             lambda t: choice(every(swaps, t["month"] <= 12 * i[x.POWER_SWAP_YEARS]),
                              cover * (1 - t["ppa"]), 0), group="Power"),
        Spec("price", "Power price", "local currency/MWh", "blend of contract, swap and spot",
             price, group="Power"),
        Spec("power", "Landlord's power bill", "money/month", "power × price",
             lambda t: leased(t, book["Power_MWh"] * fx * t["price"]), group="Power"),
        Spec("net", "Net income", "money/month", "gross income less operating costs and power",
             lambda t: t["gross"] - t["opex"] - t["power"], opening=0, group=INCOME),
        Spec("received", "Rent received of its own", "money/month", "rent of earlier months",
             _received(book), group=CASH),
        Spec("gap", "Paid from working capital", "money/month",
             "gap of the first paying months, funded at close",
             lambda t: choice(every(t["month"] > i[x.RENT_FREE_MONTHS],
                                    t["month"] <= book["Funded_Months"]),
                              t["gross"] - t["received"], 0), group=CASH),
        Spec("cash_in", "Rent received", "money/month", "with what working capital adds",
             lambda t: t["received"] + t["gap"], group=CASH),
    ))  # fmt: skip


def _received(book: Book) -> Callable[[Table], Node]:
    """Rent of the months before, by the collection lag."""
    lag, part = book["Lag_Months"], book["Lag_Part"]

    def late(t: Table, by: Node) -> Node:
        return choice(t["month"] > by, at_place(t["gross"].all, t["month"] - by), 0)

    return lambda t: (1 - part) * late(t, lag) + part * late(t, lag + 1)


def last_year_column(book: Book) -> Spec:
    """Net income where it counts for the exit."""
    lease = book["Lease_Months"]
    return Spec(
        "last_year", "Income that the exit is worth", "money/month",
        "net income of the lease's last twelve months",
        lambda t: choice(every(t["month"] > lease - 12, t["month"] <= lease), t["net"], 0),
        group=INCOME,
    )  # fmt: skip
