"""Mezzanine debt: what the senior leaves, what that carries, and its coverage."""

from __future__ import annotations

import numpy as np

from kernels import figures as f
from kernels import layout as x
from kernels import mezzanine
from kernels import rules as r
from kernels.mezzanine import unit_notional
from pipeline.explain.case import Case, finite
from pipeline.explain.model import MONEY, MONEY_A_MONTH, Given, Section, Step
from pipeline.explain.rating_names import rating_name
from pipeline.explain.sources import SENIOR_PAGE, TREE, cited

_SOURCE = cited(4, SENIOR_PAGE, TREE)


def mezzanine_section(case: Case) -> Section:
    """How the mezzanine was sized; one step where there is none."""
    title = "Mezzanine debt"
    if not case.sound:
        return Section("mezzanine", title)
    if case.input(x.MEZZ_ON) != 1.0:
        return Section("mezzanine", title, (_none(case, "this structure has no mezzanine"),))
    return Section("mezzanine", title, _sizing(case))


def _none(case: Case, why: str) -> Step:
    return Step("mezzanine.notional", "Mezzanine notional", "M = 0", (), case.mezz, MONEY, _SOURCE,
                column="mezz_notional", note=why)  # fmt: skip


def _sizing(case: Case) -> tuple[Step, ...]:
    """Capacity in the month that leaves least, what it carries, caps and thresholds."""
    n = case.months_of(x.MEZZ_TENOR_YEARS)
    kind = case.input(x.MEZZ_AMORT_TYPE)
    window = int(case.limit(r.PIK_MONTHS) + 0.5) if kind == x.MEZZ_PIK else 0
    first = max(int(case.input(x.RENT_FREE_MONTHS) + 0.5), window)
    j = case.input(x.MEZZ_COUPON_PCT) / 1200.0
    target = case.input(x.MEZZ_TARGET_DSCR)
    months = range(first + 1, n + 1)
    if not months:
        return (_none(case, "no month of its life is tested"),)
    service = case.service
    month = min(months, key=lambda m: case.net[m - 1] / target - service[m - 1])
    net, senior = float(case.net[month - 1]), float(service[month - 1])
    capacity = net / target - senior
    coupon = case.setting("coupon", x.MEZZ_COUPON_PCT)
    rate = Given("j", "monthly rate", j, "decimal", "mezzanine.rate")
    k = Given("K", "cash a month left for it", capacity, MONEY_A_MONTH, "mezzanine.capacity")
    steps: tuple[Step, ...] = (
        Step("mezzanine.rate", "Monthly rate", "j = coupon ÷ 1200", (coupon,), j, "decimal",
             _SOURCE),
        Step("mezzanine.capacity", f"Cash left in month {month}, the least of its test months",
             "K = N ÷ target − P",
             (Given("N", f"net income of month {month}", net, MONEY_A_MONTH),
              case.setting("target", x.MEZZ_TARGET_DSCR),
              Given("P", "senior debt service", senior, MONEY_A_MONTH)),
             capacity, MONEY_A_MONTH, _SOURCE),
    )  # fmt: skip
    least = case.limit(r.MEZZ_MIN_CAPACITY_RATIO) * float(case.net[first])
    if capacity <= least:
        return (*steps, _none(case, "nothing worth speaking of is left for it"))
    factor = float(unit_notional(kind, n, window, j))
    carried = capacity * factor
    cost = case.number(f.TOTAL_COST)
    share = case.limit(r.MEZZ_MAX_SHARE_OF_REST)
    most = share * max(0.0, cost - case.senior)
    factor_step = _factor(case, kind, rate, n, window, factor)
    steps = (
        *steps,
        factor_step,
        Step("mezzanine.carried", "Debt that this cash carries", "M_cash = K × A",
             (k, Given("A", "notional per 1 a month", factor, "", "mezzanine.factor")), carried,
             MONEY, _SOURCE),
        Step("mezzanine.most", "Most that the rest of the cost lets",
             "M_cap = share × max(0, TC − S)",
             (Given("share", "share of what the senior leaves", share, "", "GATE-A-MATH"),
              Given("TC", "cost that is financed", cost, MONEY, "project.total_cost"),
              Given("S", "senior notional", case.senior, MONEY, "senior.notional")),
             most, MONEY, _SOURCE, rule="GATE-A-MATH"),
    )  # fmt: skip
    smallest = case.limit(r.MEZZ_MIN_NOTIONAL)
    if min(carried, most) < smallest:
        return (*steps, _none(case, f"under {smallest:,.0f}, the least that is worth a tranche"))
    return (
        *steps,
        Step("mezzanine.notional", "Mezzanine notional", "M = min(M_cash, M_cap)",
             (Given("M_cash", "by cash", carried, MONEY, "mezzanine.carried"),
              Given("M_cap", "by cost", most, MONEY, "mezzanine.most")),
             case.mezz, MONEY, _SOURCE, column="mezz_notional"),
        *_coverage(case, months),
        *_lives(case, n, window),
    )  # fmt: skip


def _factor(case: Case, kind: float, rate: Given, n: int, window: int, factor: float) -> Step:
    life = Given("n", "months to maturity", n, "months", "MezzTenorY_47")
    profile = case.setting("profile", x.MEZZ_AMORT_TYPE)
    inputs: tuple[Given, ...]
    if kind == x.MEZZ_BULLET:
        formula, inputs = "A = 1 ÷ j", (rate,)
    elif kind == x.MEZZ_PIK:
        formula = "A = (1 − (1 + j)^(w − n)) ÷ j ÷ (1 + j)^w"
        inputs = (rate, life, Given("w", "months in which interest capitalises", window, "months",
                                    "rulebook model.pik_window_months"))  # fmt: skip
    else:
        formula, inputs = "A = (1 − (1 + j)^(−n)) ÷ j", (rate, life)
    return Step("mezzanine.factor", "Notional that 1 a month carries", formula, (*inputs, profile),
                factor, "", _SOURCE)  # fmt: skip


def _coverage(case: Case, months: range) -> tuple[Step, ...]:
    paid = case.mezzanine.service[:, 0]
    month = min(months, key=lambda m: case.net[m - 1] / (case.service[m - 1] + paid[m - 1]))
    cover = finite(case.mezzanine.terms[mezzanine.COVER, 0])
    rating = case.figure(f.MEZZ_RATING)
    wrapped = case.input(x.WRAP_TYPE) == x.WRAP_WHOLE_STACK
    lifted = ", relieved by the wrap of the whole stack" if wrapped else ""
    covers = [case.net[m - 1] / (case.service[m - 1] + paid[m - 1]) for m in months]
    return (
        Step("mezzanine.dscr", f"Least coverage of both tranches, in month {month}",
             "DSCR = N ÷ (P + P_mezz)",
             (Given("N", f"net income of month {month}", float(case.net[month - 1]),
                    MONEY_A_MONTH),
              Given("P", "senior debt service", float(case.service[month - 1]), MONEY_A_MONTH),
              Given("P_mezz", "mezzanine debt service", float(paid[month - 1]), MONEY_A_MONTH)),
             case.figure(f.MEZZ_DSCR_MIN), "x", _SOURCE, column="mezz_dscr_min"),
        Step("mezzanine.dscr_avg", "Mean coverage of both tranches", "mean = total ÷ months",
             (Given("total", "coverage of the test months, summed", float(np.sum(covers)), "x"),
              Given("months", "test months", len(months), "months")),
             float(np.sum(covers)) / len(months), "x", _SOURCE),
        Step("mezzanine.rating", "Mezzanine rating", "coverage leg of the matrix" + lifted,
             (Given("DSCR", "least coverage of both tranches", cover, "x", "mezzanine.dscr"),),
             rating_name(rating), "", cited(9, SENIOR_PAGE), column="mezz_rating", closed=False),
    )  # fmt: skip


def _lives(case: Case, n: int, window: int) -> tuple[Step, ...]:
    """How far both tranches reach into the value, and how long the mezzanine is owed."""
    mezz = case.mezzanine
    repaid = (mezz.service - mezz.interest)[window:n, 0]
    if mezz.terms[mezzanine.BULLET, 0] == 1.0:
        repaid[-1] += mezz.balance[n - 1, 0]
    total = float(np.sum(repaid))
    weighted = float(np.sum(repaid * np.arange(window + 1, n + 1)))
    market = case.number(f.MARKET_COSTS)
    return (
        Step("mezzanine.ltv", "Loan to value of both tranches", "LTV = 100 × (S + M) ÷ C",
             (Given("S", "senior notional", case.senior, MONEY, "senior.notional"),
              Given("M", "mezzanine notional", case.mezz, MONEY, "mezzanine.notional"),
              Given("C", "market costs", market, MONEY, "project.market_costs")),
             100.0 * (case.senior + case.mezz) / market, "%", _SOURCE),
        Step("mezzanine.wal", "Weighted average life of the mezzanine",
             "WAL = weighted ÷ 12 ÷ repaid",
             (Given("weighted", "scheduled principal × its month, summed", weighted, MONEY),
              Given("repaid", "scheduled principal, capitalised interest in it", total, MONEY)),
             weighted / 12.0 / total, "years", _SOURCE, note="a balloon is in it"),
    )  # fmt: skip
