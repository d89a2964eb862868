"""Uses at close, the equity cheque, and what equity gets for it over the life."""

from __future__ import annotations

import numpy as np

from kernels import figures as f
from kernels import income as inc
from kernels import layout as x
from kernels import rules as r
from kernels import waterfall as w
from pipeline.columns import IRR_STATUS_NAMES
from pipeline.explain.capital import money
from pipeline.explain.case import Case, finite
from pipeline.explain.model import MONEY, MONEY_A_YEAR, Given, Section, Step
from pipeline.explain.project import local_rate
from pipeline.explain.sources import KPIS, PLAN, TREE, cited
from pipeline.explain.waterfall import Recording

_SOURCE = cited(8, TREE, PLAN)


def uses_section(case: Case) -> Section:
    """What has to be paid at close, and the cheque that equity writes."""
    title = "Uses and the equity cheque"
    if not case.sound:
        return Section("uses", title)
    times_fx, fx = local_rate(case)
    s = money(case, "S", f.SENIOR_NOTIONAL, "senior notional", "senior.notional")
    m = money(case, "M", f.MEZZ_NOTIONAL, "mezzanine notional", "mezzanine.notional")
    months = case.setting("C", x.CONSTRUCTION_MONTHS)
    fees = case.setting("fees", x.STRUCTURING_FEES)
    paid = case.input(x.STRUCTURING_FEES) * (float(fx[0].value or 1.0) if fx else 1.0)
    uses = money(case, "U", f.TOTAL_USES, "uses", "uses.total")
    names = {
        "TC": ("cost that is financed", f.TOTAL_COST), "u": ("upfront fees", f.UPFRONT_FEES),
        "ins": ("insurance before completion", f.CONSTRUCTION_INSURANCE),
        "dsra": ("debt service reserve", f.DSRA_FUNDING),
        "idc": ("interest before completion", f.INTEREST_DURING_CONSTRUCTION),
        "rfr": ("rent-free reserve", f.RENT_FREE_RESERVE),
        "wc": ("working capital", f.WORKING_CAPITAL),
    }  # fmt: skip
    parts = [money(case, symbol, figure, label) for symbol, (label, figure) in names.items()]
    return Section(
        "uses",
        title,
        (
            Step("uses.upfront_fees", "Upfront fees of the debt",
                 "u = u_s ÷ 10000 × S + u_m ÷ 10000 × M",
                 (case.setting("u_s", x.SENIOR_UPFRONT_FEE_BPS), s,
                  case.setting("u_m", x.MEZZ_UPFRONT_FEE_BPS), m),
                 case.figure(f.UPFRONT_FEES), MONEY, _SOURCE, column="upfront_fees"),
            Step("uses.structuring_fees", "Structuring fees", f"paid = fees{times_fx}", (fees, *fx),
                 paid, MONEY, _SOURCE),
            _insurance(case, months),
            _reserve(case, s),
            _interest(case, s, m, months),
            Step("uses.rent_free_reserve", "Rent-free reserve",
                 "rfr = sum of max(0, debt service + fees − N) over the rent-free months",
                 (case.setting("months", x.RENT_FREE_MONTHS),), case.figure(f.RENT_FREE_RESERVE),
                 MONEY, _SOURCE, column="rent_free_reserve", closed=False),
            Step("uses.working_capital", "Working capital",
                 "wc = rent of the first paying months − what of it has come in by then",
                 (case.setting("days", x.COLLECTION_LAG_DAYS),), case.figure(f.WORKING_CAPITAL),
                 MONEY, _SOURCE, column="working_capital", closed=False),
            Step("uses.total", "Uses", f"U = TC + fees{times_fx} + u + ins + dsra + idc + rfr + wc",
                 (*parts, fees, *fx), uses.value, MONEY,
                 _SOURCE, column="total_uses"),
            Step("uses.cheque", "Equity cheque", "cheque = U − S − M − D",
                 (uses, s, m, money(case, "D", f.DAY1_CASH, "day-one value", "day_one.total")),
                 case.figure(f.EQUITY_CHEQUE), MONEY, _SOURCE, column="equity_cheque"),
        ),
    )  # fmt: skip


def _insurance(case: Case, months: Given) -> Step:
    built = money(case, "B", f.INTERNAL_COSTS, "internal costs", "project.internal_costs")
    kind = case.setting("programme", x.INSURANCE_TYPE)
    charged = case.input(x.INSURANCE_TYPE) != x.INSURE_OPERATION
    formula = "ins = premium ÷ 10000 × B × C ÷ 12" if charged else "ins = 0"
    return Step("uses.insurance", "Insurance before completion", formula,
                (case.setting("premium", x.INSURANCE_PREMIUM_BPS), built, months, kind),
                case.figure(f.CONSTRUCTION_INSURANCE), MONEY, _SOURCE,
                column="construction_insurance")  # fmt: skip


def _reserve(case: Case, s: Given) -> Step:
    by_letter = case.input(x.DSRA_LETTER_OF_CREDIT) == 1.0
    unit = float(case.schedule().service[0, 0])
    return Step("uses.dsra", "Debt service reserve",
                "dsra = 0" if by_letter else "dsra = months × S × u",
                (case.setting("months", x.DSRA_MONTHS), s,
                 Given("u", "unit debt service of month 1", unit, "", "senior.schedule")),
                case.figure(f.DSRA_FUNDING), MONEY, _SOURCE, column="dsra_funding",
                note="held by a letter of credit" if by_letter else "")  # fmt: skip


def _interest(case: Case, s: Given, m: Given, months: Given) -> Step:
    paid = case.input(x.CAPITALISE_INTEREST) == 1.0
    formula = "idc = (S × r_s + M × r_m) ÷ 100 × C ÷ 12 ÷ 2" if paid else "idc = 0"
    return Step("uses.interest_during_construction", "Interest before completion", formula,
                (s, case.setting("r_s", x.SENIOR_COUPON_PCT), m,
                 case.setting("r_m", x.MEZZ_COUPON_PCT), months),
                case.figure(f.INTEREST_DURING_CONSTRUCTION), MONEY, _SOURCE,
                column="interest_during_construction",
                note="drawn evenly, so half of it is owed on average")  # fmt: skip


def returns_section(case: Case, base: Recording | None) -> Section:
    """What the base case's waterfall gives equity, and its totals."""
    title = "Returns and the totals of the waterfall"
    if base is None:
        return Section("returns", title)
    cheque = money(case, "cheque", f.EQUITY_CHEQUE, "equity cheque", "uses.cheque")
    put_in = money(case, "later", f.EQUITY_PUT_IN, "put in later, for balloons")
    left = Given("X", "exit after debt", base.exit_value, MONEY, "returns.exit")
    status = IRR_STATUS_NAMES[int(case.number(f.IRR_STATUS))]
    received = Given("received", "distributions", float(np.sum(np.maximum(0.0, base.flows))), MONEY,
                     "waterfall")  # fmt: skip
    invests = case.figure(f.EQUITY_MULTIPLE) is not None
    steps = (
        _exit(case, base),
        Step("returns.equity_irr", "Equity IRR",
             "0 = −cheque + sum of equity_m ÷ (1 + r)^(C + m) + X ÷ (1 + r)^(C + L); "
             "IRR = 100 × ((1 + r)^12 − 1)",
             (cheque, received, put_in, left, case.setting("C", x.CONSTRUCTION_MONTHS),
              Given("L", "months of the lease", case.months_of(x.LEASE_YEARS), "months",
                    "LeaseTermYears_22")),
             case.figure(f.EQUITY_IRR), "%", cited(8, KPIS), column="equity_irr", closed=False,
             note=status),
        Step("returns.multiple", "Equity multiple", "multiple = (received + X) ÷ (cheque + later)",
             (received, left, cheque, put_in), case.figure(f.EQUITY_MULTIPLE), "x", cited(8, KPIS),
             column="equity_multiple", closed=invests,
             note="" if invests else "there is no cheque to multiply"),
        _cash_yield(case),
    )  # fmt: skip
    return Section("returns", title, (*steps, *_totals(case, base)))


def _exit(case: Case, base: Recording) -> Step:
    lease = case.months_of(x.LEASE_YEARS)
    net = case.income(inc.AS_IS).net[max(0, lease - 12) : lease, 0]
    cap = case.limit(r.EXIT_CAP_RATE_PCT)
    income = float(np.sum(net))
    return Step(
        "returns.exit", "Exit at lease end", "X = max(0, max(0, N_12) ÷ (cap ÷ 100) − owed)",
        (Given("N_12", "net income of the last twelve months", income, MONEY_A_YEAR),
         Given("cap", "exit cap rate", cap, "%", "rulebook model.exit_cap_rate_pct"),
         Given("owed", "debt that the last late receipts leave", base.owed, MONEY)),
        base.exit_value, MONEY, cited(8),
    )  # fmt: skip


def _cash_yield(case: Case) -> Step:
    yields = case.figure(f.EQUITY_CASH_YIELD_PCT)
    return Step(
        "returns.cash_yield", "Cash yield, the sources' simplified figure",
        "yield = 100 × (NI − (S × r_s + M × r_m) ÷ 100) ÷ E",
        (Given("NI", "net income of a year", case.number(f.NET_INCOME), MONEY_A_YEAR,
               "project.net_income"),
         money(case, "S", f.SENIOR_NOTIONAL, "senior notional", "senior.notional"),
         case.setting("r_s", x.SENIOR_COUPON_PCT),
         money(case, "M", f.MEZZ_NOTIONAL, "mezzanine notional", "mezzanine.notional"),
         case.setting("r_m", x.MEZZ_COUPON_PCT),
         money(case, "E", f.EQUITY_NOTIONAL, "equity notional", "capital.equity")),
        yields, "%", cited(8, KPIS, TREE),
        column="equity_cash_yield_pct", closed=yields is not None,
    )  # fmt: skip


def _totals(case: Case, base: Recording) -> tuple[Step, ...]:
    last = base.slots[-1]
    source = cited(6, TREE)
    ratios = base.slots[:, w.COVENANT_DSCR]
    tests = int(last[w.COVENANT_TESTS])
    worst = int(np.nanargmin(ratios)) + 1 if tests else 0
    steps: list[Step] = []
    if case.senior > 0.0:
        steps.append(
            Step("returns.expected_wal", "Average life with prepayments",
                 "WAL = weighted ÷ 12 ÷ S",
                 (Given("weighted", "principal paid × its month, summed",
                        float(last[w.PRINCIPAL_MONTHS]), MONEY, "waterfall"),
                  money(case, "S", f.SENIOR_NOTIONAL, "senior notional", "senior.notional")),
                 case.figure(f.EXPECTED_WAL), "years", source, column="expected_wal"))  # fmt: skip
    if case.mezz > 0.0:
        steps.append(_mezzanine_life(base))
    if tests and case.senior > 0.0:
        steps += [
            Step("returns.covenant_min", f"Least covenant DSCR, tested in month {worst}",
                 "DSCR = window_income ÷ window_service", _window(base, worst, case),
                 case.figure(f.COVENANT_DSCR_MIN), "x", source, column="covenant_dscr_min"),
            Step("returns.covenant_avg", "Mean covenant DSCR", "mean = total ÷ tests",
                 (Given("total", "ratios tested, summed", float(last[w.COVENANT_SUM]), "x"),
                  Given("tests", "tests", tests)),
                 case.figure(f.COVENANT_DSCR_AVG), "x", source, column="covenant_dscr_avg"),
        ]  # fmt: skip
    for name, title, figure, unit in (
        ("trap_months", "Months in cash trap", f.TRAP_MONTHS, "months"),
        ("turbo_months", "Months in turbo", f.TURBO_MONTHS, "months"),
        ("unpaid_max", "Most unpaid to the senior or above", f.UNPAID_MAX, MONEY),
        ("equity_put_in", "Put in later by equity", f.EQUITY_PUT_IN, MONEY),
        ("dsra_drawn", "Drawn from the DSRA", f.DSRA_DRAWN, MONEY),
        ("facility_drawn", "Drawn on the liquidity facility", f.FACILITY_DRAWN, MONEY),
    ):
        steps.append(
            Step(f"returns.{name}", title, "over the months of the waterfall", (),
                 case.figure(figure), unit, source, column=name, closed=False))  # fmt: skip
    return tuple(steps)


def _mezzanine_life(base: Recording) -> Step:
    """Average life of the mezzanine as the base case pays it; balloon and late payments in it."""
    paid = base.slots[:, w.PAID_MEZZ_PRINCIPAL]
    weighted, total = float(np.sum(paid * np.arange(1, len(paid) + 1))), float(np.sum(paid))
    life = weighted / 12.0 / total if total > 0.0 else None
    return Step("returns.mezz_expected_wal", "Average life of the mezzanine as it is paid",
                "WAL = weighted ÷ 12 ÷ paid",
                (Given("weighted", "principal paid × its month, summed", weighted, MONEY,
                       "waterfall"),
                 Given("paid", "principal paid, capitalised interest in it", total, MONEY,
                       "waterfall")),
                life, "years", cited(6, TREE), closed=life is not None,
                note="" if life is not None else "nothing of it is repaid")  # fmt: skip


def _window(base: Recording, month: int, case: Case) -> tuple[Given, ...]:
    """Numerator and denominator of the covenant over the months before `month`."""
    sums = [w.COVENANT_INCOME, w.COVENANT_SERVICE]
    before = month - int(case.cash_limit(r.COVENANT_WINDOW_MONTHS))
    start = base.slots[before - 1, sums] if before > 0 else np.zeros(2)
    income, service = base.slots[month - 1, sums] - start
    return (
        Given("window_income", "income less senior fees over the window", finite(income), MONEY),
        Given("window_service", "debt service and missing reserve over it", finite(service), MONEY),
    )
