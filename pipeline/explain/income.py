"""Income month by month: inflation, index, and the net income of the month that matters."""

from __future__ import annotations

import numpy as np

from kernels import figures as f
from kernels import income as inc
from kernels import layout as x
from kernels import rules as r
from kernels import scenarios
from pipeline.explain.case import ROW, Case
from pipeline.explain.model import (
    MONEY_A_MONTH,
    MONEY_A_YEAR,
    Given,
    Section,
    Step,
    Table,
    TableColumn,
)
from pipeline.explain.project import local_rate
from pipeline.explain.sources import SENIOR_PAGE, TREE, cited

_SENSITIVITY = {x.INDEX_FLAT: 0.0, x.INDEX_CPI: 1.0, x.INDEX_PARTIAL: 0.5}
_POWER_SHARE = {x.PASS_LANDLORD: 1.0, x.PASS_TENANT: 0.0, x.PASS_SHARE: 0.5}
_BY_YEAR = (
    TableColumn("year", "Year from COD", ""),
    TableColumn("inflation", "Expected inflation", "%"),
    TableColumn("lease_rate", "Rate the lease gives", "%"),
    TableColumn("index", "Rent index", ""),
    TableColumn("gross", "Gross income", MONEY_A_YEAR),
    TableColumn("net", "Net income", MONEY_A_YEAR),
)


def binding_month(case: Case) -> int:
    """Month of the least senior coverage; the first that is tested where there is no debt."""
    worst = case.figure(f.FIRST_SCENARIO + scenarios.WORST_MONTH)
    return int(worst) if worst else min(case.test_months.start, case.months)


def income_section(case: Case) -> Section:
    """Net income of the binding month, step by step, and income by year."""
    month = binding_month(case)
    year = (month - 1) // 12
    index, costs = _indices(case, year)
    what = "in which coverage is least" if case.senior > 0.0 else "the first that is tested"
    sensitivity = _SENSITIVITY[int(case.input(x.INDEXATION_MODE))]
    gross = float(case.income(inc.AS_IS).gross[month - 1, 0])
    return Section(
        "income",
        f"Income: month {month}, {what}",
        (
            _factor(case),
            Step("income.index", f"Rent index of year {year + 1}",
                 "I = product of (1 + s × lease rate ÷ 100) over the years before",
                 (case.setting("mode", x.INDEXATION_MODE),
                  Given("s", "sensitivity of the rent", sensitivity)),
                 index, "", cited(2, TREE), closed=False),
            *_month_steps(case, month, index, costs, gross),
        ),
        (_by_year(case),),
    )  # fmt: skip


def _factor(case: Case) -> Step:
    """Share of the contract rent that the revenue basis counts."""
    basis = case.setting("basis", x.REVENUE_BASIS)
    vacancy = case.setting("vacancy", x.VACANCY_PCT)
    downside = case.setting("downside", x.RENT_DOWNSIDE_PCT)
    kind = case.input(x.REVENUE_BASIS)
    inputs: tuple[Given, ...]
    if kind == x.BASIS_CONTRACTED:
        formula, inputs, factor = "f = 1", (basis,), 1.0
    elif kind == x.BASIS_UNDERWRITTEN:
        formula, inputs = "f = 1 − vacancy ÷ 100", (vacancy, basis)
        factor = 1.0 - case.input(x.VACANCY_PCT) / 100.0
    else:
        formula = "f = (1 − vacancy ÷ 100) × (1 − downside ÷ 100)"
        inputs = (vacancy, downside, basis)
        factor = 1.0 - case.input(x.VACANCY_PCT) / 100.0
        factor *= 1.0 - case.input(x.RENT_DOWNSIDE_PCT) / 100.0
    return Step("income.revenue_factor", "Share of the rent that counts", formula, inputs, factor,
                "", cited(2, TREE))  # fmt: skip


def _month_steps(
    case: Case, month: int, index: float, costs: float, gross: float
) -> tuple[Step, ...]:
    times_fx, fx = local_rate(case)
    factor = float(_factor(case).result or 0.0)
    rent = float(inc.monthly_rent(case.inputs, ROW))
    unabated = rent * factor * index
    u = Given("U", "unabated rent", unabated, MONEY_A_MONTH, "income.unabated_rent")
    opex_rate = case.setting("opex", x.OPEX)
    opex_inputs: tuple[Given, ...]
    if case.input(x.OPEX_MODE) == x.OPEX_PERCENT:
        opex_formula, opex_inputs = "O = U × opex ÷ 100", (u, opex_rate)
        opex = unabated * case.input(x.OPEX) / 100.0
    else:
        cost_index = Given("J", "uncapped cost index", costs, "", "income.by_year")
        opex_formula, opex_inputs = f"O = opex{times_fx} ÷ 12 × J", (opex_rate, *fx, cost_index)
        opex = case.input(x.OPEX) * (float(fx[0].value or 1.0) if fx else 1.0) / 12.0 * costs
    received = Given("G", "gross income", gross, MONEY_A_MONTH, "income.gross")
    net = float(case.net[month - 1])
    power, power_steps = _power(case, month, times_fx, fx)
    return (
        Step("income.unabated_rent", "Unabated rent of the month", "U = R × f × I",
             (Given("R", "contract rent", rent, MONEY_A_MONTH, "project.monthly_rent"),
              Given("f", "share that counts", factor, "", "income.revenue_factor"),
              Given("I", "rent index", index, "", "income.index")),
             unabated, MONEY_A_MONTH, cited(2, TREE)),
        Step("income.gross", "Gross income of the month", "G = U", (u,), gross,
             MONEY_A_MONTH, cited(2, TREE)),
        Step("income.opex", "Operating costs of the month",
opex_formula, opex_inputs, opex,
             MONEY_A_MONTH, cited(2, TREE)),
        *power_steps,
        Step("income.net", "Net income of the month", "N = G − O − P",
             (received, Given("O", "operating costs", opex, MONEY_A_MONTH, "income.opex"),
              Given("P", "power", power, MONEY_A_MONTH, "income.power")),
             net, MONEY_A_MONTH, cited(2, f"{SENIOR_PAGE} step 2")),
    )  # fmt: skip


def _power(
    case: Case, month: int, times_fx: str, fx: tuple[Given, ...]
) -> tuple[float, tuple[Step, ...]]:
    """The landlord's power bill, and how it comes about where there is one."""
    share = _POWER_SHARE[int(case.input(x.POWER_PASS_THROUGH))]
    if share == 0.0:
        return 0.0, ()
    mode, cover = case.input(x.POWER_HEDGE_MODE), case.input(x.POWER_HEDGE_PCT) / 100.0
    bought = mode in (x.HEDGE_PPA, x.HEDGE_PPA_SWAP)
    bought = bought and month <= 12.0 * case.input(x.PPA_TERM_YEARS)
    swaps = mode in (x.HEDGE_SWAP, x.HEDGE_PPA_SWAP)
    swaps = swaps and month <= 12.0 * case.input(x.POWER_SWAP_YEARS)
    ppa = cover if bought else 0.0
    swapped = cover * (1.0 - ppa) if swaps else 0.0
    spot, swap = (
        float(case.books.market[place]) for place in (r.POWER_SPOT_PER_MWH, r.POWER_SWAP_PER_MWH)
    )
    strike = case.input(x.PPA_STRIKE_PER_MWH)
    price = ppa * strike + swapped * swap + (1.0 - ppa - swapped) * spot
    energy = case.input(x.GROSS_IT_LOAD_MW) * inc.HOURS_PER_MONTH
    energy *= (1.0 - case.input(x.VACANCY_PCT) / 100.0) * share
    power = energy * (float(fx[0].value or 1.0) if fx else 1.0) * price
    unit = "local currency/MWh"
    return power, (
        Step("income.power_price", "Blended power price",
             "price = ppa × strike + swapped × swap + (1 − ppa − swapped) × spot",
             (Given("ppa", "share at the contract's price", ppa),
              Given("strike", "contract price", strike, unit, "PPA_Strike_£MWh_72"),
              Given("swapped", "share swapped", swapped),
              Given("swap", "swap price", swap, unit, "market file"),
              Given("spot", "spot price", spot, unit, "market file")),
             price, unit, cited(2, TREE)),
        Step("income.power", "Landlord's power bill",
             f"P = L × hours × (1 − vacancy ÷ 100) × share × price{times_fx}",
             (case.setting("L", x.GROSS_IT_LOAD_MW),
              Given("hours", "hours of a month", inc.HOURS_PER_MONTH, "hours"),
              case.setting("vacancy", x.VACANCY_PCT),
              Given("share", "landlord's share", share, "", "PowerPassThroughMode_70"),
              Given("price", "blended price", price, unit, "income.power_price"), *fx),
             power, MONEY_A_MONTH, cited(2, TREE)),
    )  # fmt: skip


def _indices(case: Case, year: int) -> tuple[float, float]:
    """Rent index and cost index at the start of operating `year` (0-based)."""
    mode = int(case.input(x.INDEXATION_MODE))
    rent = cost = 1.0
    for before in range(year):
        inflation, lease_rate = _rates(case, before)
        rent *= 1.0 + _SENSITIVITY[mode] * lease_rate / 100.0
        cost *= 1.0 + inflation / 100.0 if mode != x.INDEX_FLAT else 1.0
    return rent, cost


def _rates(case: Case, year: int) -> tuple[float, float]:
    """Expected inflation and the rate the lease gives for it, both in percent."""
    rules = case.books.rules
    inflation = float(inc.expected_inflation_pct(case.inputs, ROW, year, rules))
    return inflation, float(inc.lease_rate_pct(case.inputs, ROW, inflation, rules))


def _by_year(case: Case) -> Table:
    months = case.months_of(x.LEASE_YEARS)
    as_is = case.income(inc.AS_IS)
    rows = []
    for year in range(-(-months // 12)):
        of_year = slice(12 * year, min(12 * year + 12, months))
        gross, net = float(np.sum(as_is.gross[of_year])), float(np.sum(as_is.net[of_year]))
        rows.append((year + 1, *_rates(case, year), _indices(case, year)[0], gross, net))
    note = "The rate of a year moves the index of the next one."
    return Table("income.by_year", "Income by year", _BY_YEAR, tuple(rows), note)
