"""Costs and yearly income of the project, before any debt."""

from __future__ import annotations

from kernels import figures as f
from kernels import layout as x
from kernels.currency import fx_rate
from kernels.income import HOURS_PER_MONTH, monthly_rent
from pipeline.explain.case import ROW, Case
from pipeline.explain.model import MONEY, MONEY_A_MONTH, MONEY_A_YEAR, Given, Section, Step
from pipeline.explain.sources import PLAN, SENIOR_PAGE, TREE, cited

_HOURS = "hours"


def local_rate(case: Case) -> tuple[str, tuple[Given, ...]]:
    """` × fx` and its number where the project's local currency is not its own; else nothing."""
    if case.input(x.LOCAL_CURRENCY) == case.input(x.CURRENCY):
        return "", ()
    rate = Given("fx", "project currency per local unit", float(fx_rate(case.inputs, ROW)), "",
                 "FXSpot_35")  # fmt: skip
    return " × fx", (rate,)


def project_section(case: Case) -> Section:
    """Load, rent, income of a year, costs."""
    times_fx, fx = local_rate(case)
    load = case.setting("L", x.GROSS_IT_LOAD_MW)
    land = case.setting("land", x.LAND_FEES)
    rent = Given("R", "rent of a month", float(monthly_rent(case.inputs, ROW)), MONEY_A_MONTH,
                 "project.monthly_rent")  # fmt: skip
    market = Given("C", "market costs", case.number(f.MARKET_COSTS), MONEY, "project.market_costs")
    built = Given("B", "internal costs", case.number(f.INTERNAL_COSTS), MONEY,
                  "project.internal_costs")  # fmt: skip
    profit = Given("profit", "developer's profit", case.number(f.DEVELOPER_PROFIT), MONEY,
                   "project.developer_profit")  # fmt: skip
    costs = cited(5, f"{SENIOR_PAGE} step 1", TREE)
    return Section(
        "project",
        "Project: load, income of a year, costs",
        (
            Step("project.net_it_load", "Net IT load", "L_net = L ÷ PUE",
                 (load, case.setting("PUE", x.PUE)), case.number(f.NET_IT_LOAD_MW), "MW",
                 cited(2, TREE), column="net_it_load_mw"),
            _rent(case, load, times_fx, fx),
            Step("project.gross_income", "Gross income of a year", "G = 12 × R", (rent,),
                 case.number(f.GROSS_INCOME), MONEY_A_YEAR, cited(2, TREE), column="gross_income"),
            _net_income(case, times_fx, fx),
            Step("project.market_costs", "Market costs (_15)", f"C = (rate × L + land){times_fx}",
                 (case.setting("rate", x.CAPEX_MARKET_PER_MW), load, land, *fx),
                 market.value, MONEY, costs, column="market_costs"),
            Step("project.internal_costs", "Internal costs (_16)",
                 f"B = (price × L + land){times_fx}",
                 (case.setting("price", x.CAPEX_COST_PER_MW), load, land, *fx),
                 built.value, MONEY, costs, column="internal_costs"),
            Step("project.developer_profit", "Developer's profit", "profit = C − B",
                 (market, built), profit.value, MONEY, cited(2, TREE), column="developer_profit"),
            Step("project.developer_margin", "Developer's margin", "margin = 100 × profit ÷ C",
                 (profit, market), case.number(f.DEVELOPER_MARGIN_PCT), "%", cited(2, TREE),
                 column="developer_margin_pct"),
            _total_cost(case, market, built),
        ),
    )  # fmt: skip


def _rent(case: Case, load: Given, times_fx: str, fx: tuple[Given, ...]) -> Step:
    inputs: tuple[Given, ...]
    basis = case.input(x.RENT_BASIS)
    per_unit = case.input(x.RENT_RATE)
    hours = Given("hours", "hours of a month", HOURS_PER_MONTH, _HOURS)
    if basis == x.RENT_MONTHLY:
        formula, inputs = "R = rent", (case.setting("rent", x.GROSS_MONTHLY_RENT),)
    elif basis == x.RENT_PER_KW_MONTH:
        rate = Given("rate", "rent per kW and month", per_unit, "", "project.rent.per_kw_month")
        formula, inputs = "R = rate × 1000 × L", (rate, load)
    else:
        rate = Given("rate", "rent per kWh", per_unit, "", "project.rent.per_kwh")
        formula, inputs = "R = rate × hours × 1000 × L", (rate, hours, load)
    result = float(monthly_rent(case.inputs, ROW))
    return Step("project.monthly_rent", "Contract rent of a month", formula + times_fx,
                (*inputs, *fx), result, MONEY_A_MONTH, cited(2, TREE, f"{PLAN} 17"))  # fmt: skip


def _net_income(case: Case, times_fx: str, fx: tuple[Given, ...]) -> Step:
    gross = Given("G", "gross income of a year", case.number(f.GROSS_INCOME), MONEY_A_YEAR,
                  "project.gross_income")  # fmt: skip
    opex = case.setting("opex", x.OPEX)
    inputs: tuple[Given, ...]
    if case.input(x.OPEX_MODE) == x.OPEX_PERCENT:
        formula, inputs = "NI = G × (1 − opex ÷ 100)", (gross, opex)
    else:
        formula, inputs = f"NI = G − opex{times_fx}", (gross, opex, *fx)
    return Step("project.net_income", "Net income of a year, unindexed", formula, inputs,
                case.number(f.NET_INCOME), MONEY_A_YEAR,
                cited(2, f"{SENIOR_PAGE} step 2", TREE), column="net_income")  # fmt: skip


def _total_cost(case: Case, market: Given, built: Given) -> Step:
    inputs: tuple[Given, ...]
    basis = case.input(x.CAPEX_BASIS)
    if basis == x.CAPEX_AT_MARKET:
        formula, inputs = "TC = C", (market,)
    elif basis == x.CAPEX_AT_COST:
        formula, inputs = "TC = B", (built,)
    else:
        formula, inputs = "TC = (C + B) ÷ 2", (market, built)
    chosen = case.setting("basis", x.CAPEX_BASIS)
    return Step("project.total_cost", "Cost that is financed", formula, (*inputs, chosen),
                case.number(f.TOTAL_COST), MONEY, cited(5, TREE), column="total_cost")  # fmt: skip
