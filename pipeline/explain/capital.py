"""Equity, cost of capital, fees, and what equity can pay against what is required."""

from __future__ import annotations

import math

import numpy as np

from kernels import figures as f
from kernels import layout as x
from kernels import mezzanine, returns, senior
from kernels import rules as r
from kernels.numerics import twelfth_root
from kernels.returns import BPS_A_MONTH
from pipeline.explain.case import ROW, Case
from pipeline.explain.model import MONEY, MONEY_A_MONTH, MONEY_A_YEAR, Given, Section, Step
from pipeline.explain.project import local_rate
from pipeline.explain.sources import KPIS, RULES, SENIOR_PAGE, TREE, cited


def money(case: Case, symbol: str, figure: int, label: str, origin: str = "") -> Given:
    """A figure of money under a symbol."""
    return Given(symbol, label, case.figure(figure), MONEY, origin)


def capital_section(case: Case) -> Section:
    """The capital stack and its coverage."""
    if not case.sound:
        return Section("capital", "Capital")
    return Section("capital", "Capital", (*_stack(case), *_required(case), *_capacity(case)))


def _stack(case: Case) -> tuple[Step, ...]:
    tc = money(case, "TC", f.TOTAL_COST, "cost that is financed", "project.total_cost")
    s = money(case, "S", f.SENIOR_NOTIONAL, "senior notional", "senior.notional")
    m = money(case, "M", f.MEZZ_NOTIONAL, "mezzanine notional", "mezzanine.notional")
    e = money(case, "E", f.EQUITY_NOTIONAL, "equity notional", "capital.equity")
    steps: tuple[Step, ...] = (
        Step("capital.equity", "Equity notional", "E = TC − S − M", (tc, s, m),
             e.value, MONEY, cited(5, SENIOR_PAGE, TREE), column="equity_notional"),
        Step("capital.wacc", "Weighted cost of capital",
             "WACC = (S × r_s + M × r_m + E × r_e) ÷ TC",
             (s, case.setting("r_s", x.SENIOR_COUPON_PCT), m,
              case.setting("r_m", x.MEZZ_COUPON_PCT), e,
              case.setting("r_e", x.EQUITY_IRR_TARGET_PCT), tc),
             case.figure(f.WACC), "%", cited(5, TREE, KPIS), column="wacc"),
    )  # fmt: skip
    return (*steps, _fixed_charges(case)) if case.figure(f.FCCR_MIN) is not None else steps


def _fixed_charges(case: Case) -> Step:
    """Least cover of interest, fees and wrap premium, and the month it falls in."""
    mezz = case.mezzanine
    owed, mezz_owed = case.balance, mezz.balance[:, 0]
    wrap = case.input(x.WRAP_TYPE)
    premium = case.input(x.WRAP_PREMIUM_BPS) * BPS_A_MONTH if wrap != x.WRAP_NONE else 0.0
    months = np.arange(1, case.months + 1)
    interest = float(case.terms[senior.RATE]) * owed
    paid = np.where(months > mezz.terms[mezzanine.WINDOW, 0], mezz.interest[:, 0], 0.0)
    fees = case.input(x.SENIOR_ONGOING_FEE_BPS) * BPS_A_MONTH * owed
    premiums = premium * owed
    if wrap == x.WRAP_WHOLE_STACK:
        premiums = premiums + premium * mezz_owed
    charges = interest + paid + fees + premiums
    tested = [m for m in case.test_months if charges[m - 1] > 0.0]
    month = min(tested, key=lambda m: case.net[m - 1] / charges[m - 1])
    place = month - 1
    return Step(
        "capital.fccr", f"Least fixed charge cover, in month {month}",
        "FCCR = N ÷ (interest + mezz_interest + fees + premium)",
        (Given("N", f"net income of month {month}", float(case.net[place]), MONEY_A_MONTH),
         Given("interest", "senior interest", float(interest[place]), MONEY_A_MONTH),
         Given("mezz_interest", "mezzanine interest paid", float(paid[place]), MONEY_A_MONTH),
         Given("fees", "senior fees", float(fees[place]), MONEY_A_MONTH),
         Given("premium", "wrap premium", float(premiums[place]), MONEY_A_MONTH)),
        case.figure(f.FCCR_MIN), "x", cited(3, RULES, KPIS), column="fccr_min",
    )  # fmt: skip


def _required(case: Case) -> tuple[Step, ...]:
    times_fx, fx = local_rate(case)
    fees = case.setting("fees", x.STRUCTURING_FEES)
    u_s = case.setting("u_s", x.SENIOR_UPFRONT_FEE_BPS)
    u_m = case.setting("u_m", x.MEZZ_UPFRONT_FEE_BPS)
    tc = money(case, "TC", f.TOTAL_COST, "cost that is financed", "project.total_cost")
    s = money(case, "S", f.SENIOR_NOTIONAL, "senior notional", "senior.notional")
    m = money(case, "M", f.MEZZ_NOTIONAL, "mezzanine notional", "mezzanine.notional")
    return (
        Step("capital.required", "Capital required",
             f"R = TC + fees{times_fx} + u_s ÷ 10000 × S + u_m ÷ 10000 × M",
             (tc, fees, *fx, u_s, s, u_m, m), case.figure(f.REQUIRED_CAPITAL), MONEY,
             cited(5, TREE), column="required_capital"),
    )  # fmt: skip


def _capacity(case: Case) -> tuple[Step, ...]:
    """What equity can pay at its target return."""
    growth = 1.0 + case.input(x.EQUITY_IRR_TARGET_PCT) / 100.0
    step = 1.0 / float(twelfth_root(growth))
    lease, construction = (
        case.months_of(x.LEASE_YEARS),
        int(case.input(x.CONSTRUCTION_MONTHS) + 0.5),
    )
    last_year = float(np.sum(case.net[max(0, lease - 12) : lease]))
    cap_rate = case.limit(r.EXIT_CAP_RATE_PCT)
    exit_value = max(0.0, last_year) / (cap_rate / 100.0)
    discounted = exit_value * step ** (construction + lease)
    capacity = case.figure(f.EQUITY_CAPACITY)
    cash = _value_of_cash(case)
    v = Given("v", "discount factor of a month", step, "", "capital.discount")
    s = money(case, "S", f.SENIOR_NOTIONAL, "senior notional", "senior.notional")
    m = money(case, "M", f.MEZZ_NOTIONAL, "mezzanine notional", "mezzanine.notional")
    k = money(case, "K", f.EQUITY_CAPACITY, "what equity can pay", "capital.capacity")
    required = money(case, "R", f.REQUIRED_CAPITAL, "capital required", "capital.required")
    day1 = money(case, "D", f.DAY1_CASH, "day-one value", "day_one.total")
    return (
        Step("capital.discount", "Discount factor of a month at equity's target",
             "v = 1 ÷ (1 + target ÷ 100)^(1 ÷ 12)",
             (case.setting("target", x.EQUITY_IRR_TARGET_PCT),), step, "", cited(5)),
        Step("capital.exit", "Exit at lease end, before debt", "X = max(0, N_12) ÷ (cap ÷ 100)",
             (Given("N_12", "net income of the last twelve months", last_year, MONEY_A_YEAR),
              Given("cap", "exit cap rate", cap_rate, "%", "rulebook model.exit_cap_rate_pct")),
             exit_value, MONEY, cited(5)),
        Step("capital.exit_value", "Exit at close", "X_0 = X × v^(C + L)",
             (Given("X", "exit", exit_value, MONEY, "capital.exit"), v,
              Given("C", "months of construction", construction, "months",
                    "ConstructionToCODMonths_23"),
              Given("L", "months of the lease", lease, "months", "LeaseTermYears_22")),
             discounted, MONEY, cited(5)),
        Step("capital.cash_value", "What debt and charges leave, at close",
             "V = sum of (N − charges − tax − debt service) × v^(C + m), rent-free months aside",
             (v,), cash, MONEY, cited(5), closed=False,
             note="charges: maintenance, insurance, fees, premium, hedges, total return swap, what"
             " a sold strip takes"),
        Step("capital.capacity", "What equity can pay at its target return", "K = max(0, V + X_0)",
             (Given("V", "what debt and charges leave", cash, MONEY, "capital.cash_value"),
              Given("X_0", "exit at close", discounted, MONEY, "capital.exit_value")),
             capacity, MONEY, cited(5), column="equity_capacity", closed=cash is not None),
        Step("capital.capex_coverage", "Capital coverage", "coverage = (S + M + K) ÷ R",
             (s, m, k, required), case.figure(f.CAPEX_COVERAGE), "ratio", cited(5, f"{RULES} 2.1"),
             rule="GATE-A-CAPITAL", column="capex_coverage"),
        Step("capital.full_coverage", "The same with day-one value",
             "coverage = (S + M + K + D) ÷ R", (s, m, k, day1, required),
             case.figure(f.FULL_COVERAGE), "ratio", cited(5), column="full_coverage"),
        Step("capital.cash_coverage", "All sources over all uses",
             "coverage = (S + M + K + D) ÷ U",
             (s, m, k, day1, money(case, "U", f.TOTAL_USES, "uses at close", "uses.total")),
             case.figure(f.CASH_COVERAGE), "ratio", cited(8), column="cash_coverage"),
    )  # fmt: skip


def _value_of_cash(case: Case) -> float | None:
    """Value at close of what debt and charges leave, exit aside; None where it is negative.

    The engine's function with an exit worth nothing: it tells no value under nought.
    """
    no_exit = case.books.rules.copy()
    no_exit[r.EXIT_CAP_RATE_PCT] = math.inf
    as_is = case.income(0)
    mezz, schedule = case.mezzanine, case.schedule()
    capacity, _ = returns.equity_capacity(
        case.inputs, ROW, 0, as_is.gross, as_is.net, case.senior, case.terms.reshape(-1, 1),
        schedule.service, schedule.balance, mezz.terms, mezz.service, mezz.balance, mezz.interest,
        case.number(f.TOTAL_COST), case.number(f.INTERNAL_COSTS),
        case.limit(r.TAX_RATE_PCT + int(case.input(x.JURISDICTION))), no_exit, case.books.cash,
    )  # fmt: skip
    return float(capacity) if capacity > 0.0 else None
