"""Senior debt: unit schedule, capacity under each covenant, size, coverage."""

from __future__ import annotations

import math

import numpy as np

from kernels import codes, reverse, senior
from kernels import figures as f
from kernels import income as inc
from kernels import layout as x
from kernels import rules as r
from kernels.numerics import annuity_factor
from pipeline.explain.case import ROW, Case, finite
from pipeline.explain.income import binding_month
from pipeline.explain.model import (
    MONEY,
    MONEY_A_MONTH,
    MONEY_A_YEAR,
    Given,
    Section,
    Step,
    Table,
    TableColumn,
)
from pipeline.explain.pricing import pricing_steps
from pipeline.explain.sources import KPIS, SENIOR_PAGE, TREE, cited

_BY_YEAR = (
    TableColumn("year", "Year from COD", ""),
    TableColumn("opening", "Balance at start", MONEY),
    TableColumn("interest", "Interest", MONEY),
    TableColumn("principal", "Principal", MONEY),
    TableColumn("balloon", "Balloon", MONEY),
    TableColumn("net", "Net income", MONEY),
    TableColumn("dscr", "Least DSCR", "x"),
)


def senior_section(case: Case) -> Section:
    """How the senior was sized, and every coverage of it."""
    if not case.sound:
        return Section("senior", "Senior debt", (_unsound(case),))
    month = binding_month(case)
    sizing = (*_terms(case), *_unit_service(case, month), *_capacities(case, month))
    steps = (*sizing, _second_path(case))
    if case.senior > 0.0:
        steps = (*steps, *_coverage(case, month), *_balances(case), *pricing_steps(case))
    return Section("senior", "Senior debt", steps, (_schedule(case),) if case.senior > 0.0 else ())


def _unsound(case: Case) -> Step:
    """Why there is no schedule at all."""
    return Step(
        "senior.sound", "Whether the structure is sound",
        "interest-only start < maturity, rent-free time < maturity, index floor ≤ cap",
        (case.setting("tenor", x.SENIOR_TENOR_YEARS), case.setting("grace", x.SENIOR_GRACE_MONTHS),
         case.setting("rent_free", x.RENT_FREE_MONTHS), case.setting("floor", x.CPI_FLOOR_PCT),
         case.setting("cap", x.CPI_CAP_PCT), case.setting("mezz_tenor", x.MEZZ_TENOR_YEARS)),
        "INVALID_STRUCTURE", "", cited(1), column="status", closed=False,
        note="one of these does not hold, or a capitalisation window leaves the mezzanine no month"
        " to repay: every figure that needs a schedule is null",
    )  # fmt: skip


def _rate(case: Case) -> Given:
    return Given("i", "monthly rate", float(case.terms[senior.RATE]), "decimal", "senior.rate")


def _terms(case: Case) -> tuple[Step, ...]:
    months, start = case.terms[senior.MONTHS], case.terms[senior.START]
    n = Given("n", "months to maturity", int(months), "months", "senior.months")
    starts = "g = max(grace, rent_free)" if _is(case, x.AMORT_SCULPTED) else "g = grace"
    inputs: tuple[Given, ...] = (case.setting("grace", x.SENIOR_GRACE_MONTHS),)
    if _is(case, x.AMORT_SCULPTED):
        inputs = (*inputs, case.setting("rent_free", x.RENT_FREE_MONTHS))
    g = Given("g", "months of interest only", int(start), "months", "senior.start")
    source = cited(3, f"{SENIOR_PAGE} step 5")
    return (
        Step("senior.rate", "Monthly rate", "i = coupon ÷ 1200",
             (case.setting("coupon", x.SENIOR_COUPON_PCT),), _rate(case).value, "decimal", source),
        Step("senior.months", "Months from COD to maturity", "n = 12 × tenor",
             (case.setting("tenor", x.SENIOR_TENOR_YEARS),), int(months), "months", source),
        Step("senior.start", "Months of interest only", starts, inputs, int(start), "months",
             source),
        Step("senior.repaying", "Months that repay", "k = n − g", (n, g), int(months - start),
             "months", source),
    )  # fmt: skip


def _is(case: Case, profile: int) -> bool:
    return case.input(x.SENIOR_AMORT_TYPE) == profile


def _unit_service(case: Case, month: int) -> tuple[Step, ...]:
    """Debt service per 1 of notional in the binding month, by profile."""
    k = int(case.terms[senior.MONTHS] - case.terms[senior.START])
    start = int(case.terms[senior.START])
    rate = _rate(case)
    repaying = Given("k", "months that repay", k, "months", "senior.repaying")
    i = float(case.terms[senior.RATE])
    unit = float(case.schedule().service[month - 1, 0])
    opening = float(case.schedule().balance[month - 1, 0])
    b = Given("b", "unit balance at the start of the month", opening, "", "senior.schedule")
    profile = case.setting("profile", x.SENIOR_AMORT_TYPE)
    source = cited(3, f"{SENIOR_PAGE} steps 4 and 6")
    title = f"Debt service of month {month} per 1 of debt"
    factors: tuple[Step, ...] = ()
    inputs: tuple[Given, ...]
    if month <= start or _is(case, x.AMORT_BULLET):
        formula, inputs = "u = i × b", (rate, b)
    elif _is(case, x.AMORT_LEVEL):
        formula, inputs = "u = 1 ÷ k + i × b", (repaying, rate, b)
    elif _is(case, x.AMORT_ANNUITY):
        factor = float(annuity_factor(i, k))
        factors = (
            Step("senior.annuity_factor", "Annuity factor", "AF = (1 − (1 + i)^(−k)) ÷ i",
                 (rate, repaying), factor, "", cited(3, f"{TREE} trace step 2"),
                 note="what a payment of 1 a month is worth"),
        )  # fmt: skip
        formula = "u = 1 ÷ AF"
        inputs = (Given("AF", "annuity factor", factor, "", "senior.annuity_factor"),)
    elif _is(case, x.AMORT_STEP_DOWN):
        pay = float(case.terms[senior.LEVEL_PAY])
        factors = (_step_down(case, k, i, rate, repaying, pay),)
        weight = float(senior.step_weight(month - 1 - start, k, case.books.rules))
        formula = "u = c × w"
        inputs = (Given("c", "payment at weight 1", pay, "", "senior.step_down"),
                  Given("w", "weight of the month's third", weight, "",
                        "rulebook model.step_down_weights"))  # fmt: skip
    else:
        worth = 1.0 / float(case.terms[senior.SCULPT]) if case.terms[senior.SCULPT] else math.nan
        factors = (
            Step("senior.sculpting_value", "Net income after month g, discounted to it",
                 "PV = sum of N_m × (1 + i)^(g − m) for m = g + 1 to n", (rate,), finite(worth),
                 MONEY, cited(3, f"{SENIOR_PAGE} step 6"), closed=False),
        )  # fmt: skip
        formula = "u = N ÷ PV"
        inputs = (_net(case, month), Given("PV", "discounted net income", finite(worth), MONEY,
                                           "senior.sculpting_value"))  # fmt: skip
    return (
        *factors,
        Step("senior.unit_service", title, formula, (*inputs, profile), unit, "", source),
    )


def _step_down(case: Case, k: int, i: float, rate: Given, repaying: Given, pay: float) -> Step:
    first, second = (k + 2) // 3, (2 * k + 2) // 3
    places = (r.STEP_WEIGHT_FIRST, r.STEP_WEIGHT_SECOND, r.STEP_WEIGHT_THIRD)
    weights = tuple(
        Given(f"w{number}", f"weight of third {number}", case.limit(place), "",
              "rulebook model.step_down_weights")
        for number, place in enumerate(places, 1)
    )  # fmt: skip
    return Step(
        "senior.step_down", "Payment at weight 1",
        "c = i ÷ (w1 × (1 − v^a) + w2 × (v^a − v^b) + w3 × (v^b − v^k))",
        (rate, *weights, Given("v", "discount factor of a month", 1.0 / (1.0 + i)),
         Given("a", "months of the first third", first, "months"),
         Given("b", "months of two thirds", second, "months"), repaying),
        pay, "", cited(3, SENIOR_PAGE),
    )  # fmt: skip


def _net(case: Case, month: int, symbol: str = "N") -> Given:
    value = float(case.net[month - 1])
    return Given(symbol, f"net income of month {month}", value, MONEY_A_MONTH, "income.net")


def _capacities(case: Case, month: int) -> tuple[Step, ...]:
    """What each covenant lets, and the smallest."""
    least = finite(case.covers[senior.LEAST_INCOME])
    source = cited(3, f"{SENIOR_PAGE} steps 3 to 6")
    if not (least is not None and least > 0.0):
        worst = min(case.test_months, key=lambda m: case.net[m - 1], default=month)
        return (
            Step("senior.notional", "Senior notional", "S = 0", (_net(case, worst),), 0.0, MONEY,
                 source, column="senior_notional",
                 note=f"no income in month {worst}, which is tested: no debt can be served"),
        )  # fmt: skip
    target = case.setting("target", x.SENIOR_TARGET_DSCR)
    net = float(case.net[month - 1])
    unit = float(case.schedule().service[month - 1, 0])
    room = net / case.input(x.SENIOR_TARGET_DSCR)
    most = Given("D", "debt service it lets", room, MONEY_A_MONTH, "senior.most_service")
    by_dscr = float(case.covers[senior.COVER]) / case.input(x.SENIOR_TARGET_DSCR)
    found = [Given("S_DSCR", "by coverage", by_dscr, MONEY, "senior.by_dscr")]
    steps = [
        Step("senior.most_service", f"Debt service that month {month} lets", "D = N ÷ target",
             (_net(case, month), target), room, MONEY_A_MONTH, source),
        Step("senior.most_service_a_year", "The same for a year", "D_year = 12 × D", (most,),
             12.0 * room, MONEY_A_YEAR, source),
        Step("senior.by_dscr", "Debt by coverage", "S_DSCR = D ÷ u",
             (most, Given("u", "unit debt service", unit, "", "senior.unit_service")),
             by_dscr, MONEY, source, note="the least over the test months"),
    ]  # fmt: skip
    max_ltv, min_icr = case.input(x.MAX_LTV_PCT), case.input(x.MIN_ICR)
    if max_ltv < math.inf:
        by_ltv = max_ltv / 100.0 * case.number(f.MARKET_COSTS)
        found.append(Given("S_LTV", "by loan to value", by_ltv, MONEY, "senior.by_ltv"))
        steps.append(
            Step("senior.by_ltv", "Debt by loan to value", "S_LTV = ltv ÷ 100 × C",
                 (Given("ltv", "most loan to value", max_ltv, "%", "covenants.max_ltv_pct"),
                  Given("C", "market costs", case.number(f.MARKET_COSTS), MONEY,
                        "project.market_costs")),
                 by_ltv, MONEY, source))  # fmt: skip
    if min_icr > 0.0:
        by_icr = least / (min_icr * float(case.terms[senior.RATE]))
        found.append(Given("S_ICR", "by interest cover", by_icr, MONEY, "senior.by_icr"))
        steps.append(
            Step("senior.by_icr", "Debt by interest cover", "S_ICR = N_least ÷ (icr × i)",
                 (Given("N_least", "least net income of a test month", least, MONEY_A_MONTH),
                  Given("icr", "least interest cover", min_icr, "x", "covenants.min_icr"),
                  _rate(case)),
                 by_icr, MONEY, source))  # fmt: skip
    names = ", ".join(each.symbol for each in found)
    formula = f"S = max(0, min({names}))" if len(found) > 1 else f"S = max(0, {names})"
    binding = codes.BINDING_NAMES[int(case.number(f.BINDING_CONSTRAINT))]
    steps.append(
        Step("senior.notional", "Senior notional", formula, tuple(found), case.senior, MONEY,
             source, column="senior_notional", note=f"{binding} binds"))  # fmt: skip
    return tuple(steps)


def _second_path(case: Case) -> Step:
    """The size by bisection on month-by-month schedules, as a check."""
    found = np.empty((reverse.N_FOUND, 1))
    allowed = case.problem.reverse_check
    curve = np.zeros(1, np.int64)
    reverse.size(
        case.inputs, curve, case.income(inc.AS_IS).net, case.books.rules,
        allowed.notional_units / 2.0, np.array([case.senior]), found,
    )  # fmt: skip
    return Step(
        "senior.bisection", "Sized a second time by bisection",
        "largest notional whose own month-by-month schedule keeps every covenant",
        (Given("S", "closed form", case.senior, MONEY, "senior.notional"),
         Given("allowed", "difference allowed", allowed.notional_units, MONEY,
               "rulebook reverse_check")),
        finite(found[reverse.NOTIONAL, ROW]), MONEY, cited(3, f"{SENIOR_PAGE} step 7"),
        closed=False,
    )  # fmt: skip


def _debt(case: Case) -> Given:
    return Given("S", "senior notional", case.senior, MONEY, "senior.notional")


def _coverage(case: Case, month: int) -> tuple[Step, ...]:
    unit = float(case.schedule().service[month - 1, 0])
    due = case.senior * unit
    tested = len(case.test_months)
    source = cited(3, f"{SENIOR_PAGE} step 8")
    tail = case.months_of(x.SENIOR_TENOR_YEARS) - 12.0 * case.limit(r.TAIL_YEARS)
    last = [m for m in case.test_months if m > tail]
    worst_tail = min(last, key=lambda m: case.net[m - 1] / case.service[m - 1])
    return (
        Step("senior.service", f"Debt service of month {month}", "P = S × u",
             (_debt(case), Given("u", "unit debt service", unit, "", "senior.unit_service")),
             due, MONEY_A_MONTH, source),
        Step("senior.dscr_min", "Least coverage", "DSCR = N ÷ P",
             (_net(case, month), Given("P", "debt service", due, MONEY_A_MONTH, "senior.service")),
             case.figure(f.DSCR_MIN), "x", source, column="dscr_min"),
        Step("senior.dscr_avg", "Mean coverage", "mean = total ÷ months",
             (Given("total", "coverage of the test months, summed",
                    float(case.covers[senior.COVER_SUM]) / case.senior, "x"),
              Given("months", "test months", tested, "months")),
             case.figure(f.DSCR_AVG), "x", cited(3, KPIS), column="dscr_avg"),
        Step("senior.dscr_tail", f"Least coverage of the last years, in month {worst_tail}",
             "DSCR = N ÷ P",
             (_net(case, worst_tail),
              Given("P", "debt service", float(case.service[worst_tail - 1]), MONEY_A_MONTH)),
             case.figure(f.DSCR_TAIL), "x", cited(3), column="dscr_tail"),
        _interest_cover(case),
    )  # fmt: skip


def _interest_cover(case: Case) -> Step:
    rate = float(case.terms[senior.RATE])
    # a sculpted loan may be repaid before its last month; no interest is no test
    owing = [m for m in case.test_months if case.balance[m - 1] > 0.0]
    month = min(owing, key=lambda m: case.net[m - 1] / (rate * case.balance[m - 1]))
    interest = rate * float(case.balance[month - 1])
    return Step(
        "senior.icr", f"Least interest cover, in month {month}", "ICR = N ÷ interest",
        (_net(case, month), Given("interest", "senior interest", interest, MONEY_A_MONTH)),
        case.figure(f.ICR_MIN), "x", cited(3, KPIS), column="icr_min",
    )  # fmt: skip


def _balances(case: Case) -> tuple[Step, ...]:
    market = Given("C", "market costs", case.number(f.MARKET_COSTS), MONEY, "project.market_costs")
    peak_unit = float(case.covers[senior.PEAK])
    peak = Given("peak", "highest balance", case.number(f.PEAK_BALANCE), MONEY,
                 "senior.peak_balance")  # fmt: skip
    life = float(case.covers[senior.LIFE_MONTHS])
    source = cited(3, f"{SENIOR_PAGE} step 9")
    return (
        Step("senior.ltv", "Loan to value, which is the advance factor", "LTV = 100 × S ÷ C",
             (_debt(case), market), case.figure(f.SENIOR_LTV_PCT), "%", source,
             column="senior_ltv_pct"),
        Step("senior.peak_balance", "Highest balance", "peak = S × most",
             (_debt(case), Given("most", "highest unit balance", peak_unit)), peak.value, MONEY,
             cited(3), column="peak_balance"),
        Step("senior.peak_ltv", "Highest loan to value", "LTV = 100 × peak ÷ C", (peak, market),
             case.figure(f.PEAK_LTV_PCT), "%", cited(3), column="peak_ltv_pct"),
        Step("senior.wal", "Weighted average life", "WAL = life ÷ 12",
             (Given("life", "principal of each month × its number, summed, per 1 of debt", life,
                    "months"),),
             case.figure(f.SENIOR_WAL), "years", cited(3, KPIS), column="senior_wal",
             note="the balloon is in it"),
        Step("senior.balloon", "Principal due at maturity in one sum",
             "balloon = 100 × bullet",
             (Given("bullet", "1 for a bullet", float(case.terms[senior.BULLET])),),
             case.figure(f.BALLOON_PCT), "%", cited(3), column="balloon_pct"),
    )  # fmt: skip


def _schedule(case: Case) -> Table:
    months = case.months_of(x.SENIOR_TENOR_YEARS)
    rate = float(case.terms[senior.RATE])
    bullet = case.terms[senior.BULLET] == 1.0
    rows = []
    for year in range(-(-months // 12)):
        of_year = slice(12 * year, min(12 * year + 12, months))
        interest = rate * float(np.sum(case.balance[of_year]))
        principal = float(np.sum(case.service[of_year])) - interest
        tested = [m for m in range(of_year.start + 1, of_year.stop + 1) if m in case.test_months]
        covers = [case.net[m - 1] / case.service[m - 1] for m in tested]
        ends = bullet and of_year.stop == months
        rows.append((
            year + 1, float(case.balance[of_year.start]), interest, principal,
            float(case.balance[months - 1]) if ends else 0.0, float(np.sum(case.net[of_year])),
            finite(min(covers)) if covers else None,
        ))  # fmt: skip
    return Table("senior.schedule", "Scheduled debt service by year", _BY_YEAR, tuple(rows))
