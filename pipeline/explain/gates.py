"""Gate A and Gate B test by test: value, limit, headroom, and what the rulebook does with it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from kernels import codes, rating
from kernels import figures as f
from kernels import gates as kernel
from kernels import layout as x
from kernels import rules as r
from pipeline.explain.capital import money
from pipeline.explain.case import ROW, Case
from pipeline.explain.model import (
    MONEY,
    Bound,
    Given,
    Section,
    Side,
    Step,
    Table,
    TableColumn,
    Verdict,
)
from pipeline.explain.rating_names import rating_name
from pipeline.explain.sources import PLAN, RULES, cited

# The rule of the rulebook behind each gate reason; a reason belongs to one rule in every rulebook.
RULE_OF_REASON = {
    "INSUFFICIENT_CAPITAL": "GATE-A-CAPITAL",
    "TENOR_EXCEEDS_LIMIT": "RK-TENOR-001",
    "ADVANCE_FACTOR_BREACH": "GATE-A-ADVANCE",
    "COUPON_OUT_OF_MARKET": "GATE-A-COUPON",
    "MATH_ERROR": "GATE-A-MATH",
    "DSCR_BELOW_MINIMUM": "RK-DSCR-001",
    "RATING_BELOW_TARGET": "GATE-B-RATING",
    "MEZZ_RATING_BELOW_TARGET": "GATE-B-MEZZ-RATING",
    "LEVERAGE_TOO_HIGH": "GATE-B-LEVERAGE",
    "FIRST_LOSS_SHORTFALL": "GATE-B-FIRST-LOSS",
    "ICR_BELOW_MINIMUM": "GATE-B-ICR",
    "FCCR_BELOW_MINIMUM": "GATE-B-FCCR",
    "STRESS_DSCR_BREACH": "RK-DSCR-002",
    "WAL_EXCEEDS_LIMIT": "GATE-B-WAL",
    "BALLOON_EXCEEDS_LIMIT": "RK-AMORT-001",
    "AMORTISATION_TOO_SLOW": "RK-AMORT-001",
}
_WARNINGS = (TableColumn("warning", "Warning", ""), TableColumn("raised", "Raised", ""))
_SOURCES = {"A": cited(11, f"{RULES} 2.1", f"{PLAN} 15"), "B": cited(11, f"{RULES} 2.2")}


def gates_section(case: Case) -> Section:
    """Every test of both gates in their order, then the warnings."""
    if not case.sound:
        steps: tuple[Step, ...] = (_unsound(case),)
    else:
        steps = (*_gate_a(case), *_gate_b(case))
    return Section("gates", "Gates", _with_binding(case, steps), (_warnings(case),))


def _unsound(case: Case) -> Step:
    return _test(
        case, "MATH_ERROR", "sound", "Sound structure", "the structure is one at all", (), None,
        ">=", None, "", fails=True,
    )  # fmt: skip


def _with_binding(case: Case, steps: Iterable[Step]) -> tuple[Step, ...]:
    """Mark the first test that rejects: the reason that binds."""
    marked: list[Step] = []
    found = False
    for step in steps:
        bound = step.bound
        if not found and bound is not None and bound.verdict == "fail":
            found = True
            step = replace(step, bound=replace(bound, binds=True))  # noqa: PLW2901
        marked.append(step)
    return tuple(marked)


def action_name(code: float) -> str:
    """What a rule does where it is broken, in the rulebook's word."""
    names = {r.ACTION_OFF: "off", r.ACTION_REJECT: "reject", r.ACTION_WARN: "warn"}
    return names.get(int(code), "downgrade")


def _test(
    case: Case, reason: str, leg: str, title: str, formula: str, inputs: tuple[Given, ...],
    actual: float | None, side: Side, limit: float | None, unit: str, *,
    fails: bool | None = None, fails_undefined: bool = False,
) -> Step:  # fmt: skip
    """One test. An undefined figure fails it where `fails_undefined`; `fails` overrides both."""
    number = codes.REASON_NAMES.index(reason)
    gate = "A" if number < codes.N_GATE_A_REASONS else "B"
    action = action_name(case.limit(r.ACTIONS + number))
    headroom = None
    if actual is not None and limit is not None:
        headroom = actual - limit if side == ">=" else limit - actual
    if fails is None:
        fails = fails_undefined if headroom is None else not headroom >= -rating.TOLERANCE
    verdict: Verdict = "pass"
    if case.sound and action == "off":
        verdict = "off"
    elif fails:
        # no rulebook lets an unsound structure through
        verdict = "warn" if case.sound and action != "reject" else "fail"
    name = f"gate_{gate.lower()}.{reason.lower()}"
    rule = RULE_OF_REASON[reason]
    return Step(
        f"{name}.{leg}" if leg else name, title, formula, inputs, headroom, unit, _SOURCES[gate],
        rule=rule, closed=headroom is not None,
        bound=Bound(rule, side, actual, limit, headroom, verdict, reason, action),
        note="" if headroom is not None else "a figure of it is undefined",
    )  # fmt: skip


def _gate_a(case: Case) -> tuple[Step, ...]:
    target = int(case.input(x.SENIOR_RATING_TARGET))
    asset = int(case.input(x.ASSET_TYPE))
    wanted = Given("target", "rating sought", rating_name(target), "", "MinSeniorRatingTarget_75")
    coverage, least = case.number(f.CAPEX_COVERAGE), case.limit(r.CAPEX_COVERAGE_MIN)
    tail = case.limit(r.LEASE_TAIL_YEARS)
    longest = case.limit(r.TENOR_MAX_YEARS + 3 * target + asset)
    lease, tenor = case.input(x.LEASE_YEARS), case.input(x.SENIOR_TENOR_YEARS)
    by_tenor = min(lease - tail, longest)
    advance = case.limit(r.ADVANCE_MAX_PCT + target)
    modifier = case.limit(r.ADVANCE_MODIFIER + int(case.input(x.JURISDICTION)))
    ltv = Given("AF", "advance factor", case.number(f.SENIOR_LTV_PCT), "%", "senior.ltv")
    most = float(kernel.advance_limit_pct(case.inputs, ROW, case.books.rules))
    return (
        _test(case, "INSUFFICIENT_CAPITAL", "", "Capital coverage",
              "headroom = coverage − least",
              (Given("coverage", "capital coverage", coverage, "ratio", "capital.capex_coverage"),
               Given("least", "least coverage", least, "ratio", "GATE-A-CAPITAL")),
              coverage, ">=", least, "ratio"),
        _test(case, "TENOR_EXCEEDS_LIMIT", "", "Tenor",
              "headroom = min(lease − tail, longest) − tenor",
              (case.setting("lease", x.LEASE_YEARS),
               Given("tail", "years of lease behind it", tail, "years", "RK-TENOR-001"),
               Given("longest", "longest for rating and asset", longest, "years", "RK-TENOR-001"),
               case.setting("tenor", x.SENIOR_TENOR_YEARS), wanted),
              tenor, "<=", by_tenor, "years"),
        _test(case, "ADVANCE_FACTOR_BREACH", "", "Advance factor",
              "headroom = most × modifier − AF",
              (Given("most", "most for the rating", advance, "%", "GATE-A-ADVANCE"),
               Given("modifier", "of the jurisdiction", modifier, "", "GATE-A-ADVANCE"), ltv,
               wanted),
              case.number(f.SENIOR_LTV_PCT), "<=", most, "%"),
        _coupon(case, target, wanted),
        *_adds_up(case),
    )  # fmt: skip


def _coupon(case: Case, target: int, wanted: Given) -> Step:
    spread_row = x.SPREAD_AAA_BPS + (x.RATING_AAA - target)
    zero = float(case.books.market[r.ANCHOR_ZERO_PCT + int(case.input(x.CURVE_ANCHOR))])
    benchmark = float(kernel.benchmark_coupon_pct(case.inputs, ROW, case.books.market))
    band = case.limit(r.COUPON_BAND_BPS)
    off = abs(case.input(x.SENIOR_COUPON_PCT) - benchmark) * 100.0
    return _test(
        case, "COUPON_OUT_OF_MARKET", "", f"Coupon within the market, benchmark {benchmark:.4f} %",
        "headroom = band − 100 × abs(coupon − (zero + (shift + spread) ÷ 100))",
        (Given("band", "how far it may lie off", band, "bps", "GATE-A-COUPON"),
         case.setting("coupon", x.SENIOR_COUPON_PCT),
         Given("zero", "zero rate at the anchor", zero, "%", "market file, BaseCurveAnchor_27"),
         case.setting("shift", x.CURVE_SHIFT_BPS), case.setting("spread", spread_row), wanted),
        off, "<=", band, "bps",
    )  # fmt: skip


def _adds_up(case: Case) -> tuple[Step, ...]:
    """The legs of MATH_ERROR; they carry the kernel's rounding allowances."""
    cost, senior, mezz = case.number(f.TOTAL_COST), case.senior, case.mezz
    share = case.limit(r.MEZZ_MAX_SHARE_OF_REST)
    rest = share * (cost - senior)
    gap = abs(senior + mezz + case.number(f.EQUITY_NOTIONAL) - cost)
    tc = money(case, "TC", f.TOTAL_COST, "cost that is financed", "project.total_cost")
    s = money(case, "S", f.SENIOR_NOTIONAL, "senior notional", "senior.notional")
    m = money(case, "M", f.MEZZ_NOTIONAL, "mezzanine notional", "mezzanine.notional")
    e = money(case, "E", f.EQUITY_NOTIONAL, "equity notional", "capital.equity")
    return (
        _test(case, "MATH_ERROR", "senior", "Senior within the cost", "headroom = TC − S", (tc, s),
              senior, "<=", cost, MONEY,
              fails=not (cost > 0.0 and senior <= cost * (1.0 + rating.TOLERANCE))),
        _test(case, "MATH_ERROR", "mezzanine", "Mezzanine within its share of the rest",
              "headroom = share × (TC − S) − M",
              (Given("share", "share of the rest", share, "", "GATE-A-MATH"), tc, s, m),
              mezz, "<=", rest, MONEY, fails=not mezz <= rest + 1e-6),
        _test(case, "MATH_ERROR", "sum", "Tranches add up to the cost",
              "headroom = −abs(S + M + E − TC)", (s, m, e, tc), gap, "<=", 0.0, MONEY,
              fails=not gap <= 1e-6 * max(1.0, cost)),
    )  # fmt: skip


def _gate_b(case: Case) -> tuple[Step, ...]:
    return (_coverage(case), *_ratings(case), *_shares(case), *_covers(case), *_stresses(case),
            _life(case), *_amortisation(case))  # fmt: skip


def floor_and_relief(case: Case) -> tuple[float, float]:
    """Least coverage for the rating sought in the jurisdiction, and the wrap's relief [x]."""
    target, place = int(case.input(x.SENIOR_RATING_TARGET)), int(case.input(x.JURISDICTION))
    floor = case.limit(r.DSCR_FLOOR + 4 * target + place)
    return floor, float(rating.wrap_relief(case.inputs, ROW, target, case.books.rules))


def _coverage(case: Case) -> Step:
    floor, relief = floor_and_relief(case)
    dscr = case.figure(f.DSCR_MIN)
    limit = floor - relief
    return _test(
        case, "DSCR_BELOW_MINIMUM", "", "Least coverage", "headroom = DSCR − (floor − relief)",
        (Given("DSCR", "least coverage", dscr, "x", "senior.dscr_min"),
         Given("floor", "least for rating and jurisdiction", floor, "x", "RK-DSCR-001"),
         Given("relief", "relief by the wrap", relief, "x", "RK-WRAP-001")),
        dscr, ">=", limit, "x", fails_undefined=True,
    )  # fmt: skip


def _ratings(case: Case) -> tuple[Step, ...]:
    most, mezz_most = (
        case.limit(place) for place in (r.RATING_NOTCH_TOLERANCE, r.MEZZ_RATING_NOTCH_TOLERANCE)
    )
    allowed = Given("most", "notches it may lie under the target", most, "notches", "")
    target, got = int(case.input(x.SENIOR_RATING_TARGET)), case.figure(f.SENIOR_RATING)
    mezz_target, mezz = int(case.input(x.MEZZ_RATING_TARGET)), case.figure(f.MEZZ_RATING)
    steps = [
        _test(case, "RATING_BELOW_TARGET", "", f"Senior rating {rating_name(got) or 'none'} against"
              f" {rating_name(target)}",
              "headroom = most − (notch − target)",
              (replace(allowed, origin="GATE-B-RATING"), *_notches(case, got, target)),
              _notches_below(case, got, target), "<=", most, "notches", fails_undefined=True),
    ]  # fmt: skip
    if mezz is not None and mezz_target != x.UNRATED:
        steps.append(
            _test(case, "MEZZ_RATING_BELOW_TARGET", "",
                  f"Mezzanine rating {rating_name(mezz)} against {rating_name(mezz_target)}",
                  "headroom = most − (notch − target)",
                  (replace(allowed, value=mezz_most, origin="GATE-B-MEZZ-RATING"),
                   *_notches(case, mezz, mezz_target)),
                  _notches_below(case, mezz, mezz_target), "<=", mezz_most, "notches"))  # fmt: skip
    return tuple(steps)


def _notches(case: Case, got: float | None, target: int) -> tuple[Given, Given]:
    notch = None if got is None else case.limit(r.NOTCH + int(got))
    return (
        Given("notch", "notch of the rating", notch, "notches"),
        Given("target", "notch of the target", case.limit(r.NOTCH + target), "notches"),
    )


def _notches_below(case: Case, got: float | None, target: int) -> float | None:
    if got is None:
        return None
    return case.limit(r.NOTCH + int(got)) - case.limit(r.NOTCH + target)


def _shares(case: Case) -> tuple[Step, ...]:
    """Debt and equity as shares of the cost."""
    cost = case.number(f.TOTAL_COST)
    debt = 100.0 * (case.senior + case.mezz) / cost
    equity = 100.0 * case.number(f.EQUITY_NOTIONAL) / cost
    most, first = case.limit(r.DEBT_MAX_PCT), case.input(x.FIRST_LOSS_PCT)
    tc = money(case, "TC", f.TOTAL_COST, "cost that is financed", "project.total_cost")
    return (
        _test(case, "LEVERAGE_TOO_HIGH", "", f"Debt, {debt:.2f} % of the cost",
              "headroom = most − 100 × (S + M) ÷ TC",
              (Given("most", "most debt", most, "%", "GATE-B-LEVERAGE"),
               money(case, "S", f.SENIOR_NOTIONAL, "senior notional", "senior.notional"),
               money(case, "M", f.MEZZ_NOTIONAL, "mezzanine notional", "mezzanine.notional"), tc),
              debt, "<=", most, "%"),
        _test(case, "FIRST_LOSS_SHORTFALL", "", f"Equity, {equity:.2f} % of the cost",
              "headroom = 100 × E ÷ TC − least",
              (money(case, "E", f.EQUITY_NOTIONAL, "equity notional", "capital.equity"), tc,
               case.setting("least", x.FIRST_LOSS_PCT)),
              equity, ">=", first, "%"),
    )  # fmt: skip


def _covers(case: Case) -> tuple[Step, ...]:
    steps = []
    for reason, title, figure, place, origin in (
        ("ICR_BELOW_MINIMUM", "Interest cover", f.ICR_MIN, r.ICR_FLOOR, "senior.icr"),
        ("FCCR_BELOW_MINIMUM", "Fixed charge cover", f.FCCR_MIN, r.FCCR_FLOOR, "capital.fccr"),
    ):
        value, least = case.figure(figure), case.limit(place)
        steps.append(
            _test(case, reason, "", title, "headroom = cover − least",
                  (Given("cover", title.lower(), value, "x", origin),
                   Given("least", "least cover", least, "x", RULE_OF_REASON[reason])),
                  value, ">=", least, "x",
                  fails_undefined=True))  # fmt: skip
    return tuple(steps)


def _stresses(case: Case) -> tuple[Step, ...]:
    """The legs of STRESS_DSCR_BREACH; early ones are not asked where no early month is tested."""
    rated = case.figure(f.SENIOR_RATING)
    floor = None if rated is None else case.limit(r.STRESS_FLOOR + int(rated))
    quick = case.limit(r.QUICK_STRESS_DSCR)
    years, bps = case.limit(r.QUICK_STRESS_YEARS), case.limit(r.STRESS_RATE_BPS)
    early = case.limit(r.QUICK_STRESS_RATE_BPS)
    legs = (
        ("cpi_0", "no indexation", f.DSCR_CPI_0, floor, True),
        ("rate_200", f"coupon {bps:+g} bps", f.DSCR_RATE_200, floor, True),
        ("combined", f"no indexation, coupon {bps:+g} bps", f.DSCR_COMBINED, floor, True),
        ("cpi_0_early", f"no indexation, first {years:g} years", f.DSCR_CPI_0_EARLY, quick, False),
        ("rate_100_early", f"coupon {early:+g} bps, first {years:g} years", f.DSCR_RATE_100_EARLY,
         quick, False),
    )  # fmt: skip
    steps = []
    for leg, title, figure, limit, asked in legs:
        value = case.figure(figure)
        steps.append(
            _test(case, "STRESS_DSCR_BREACH", leg, f"Coverage under stress: {title}",
                  "headroom = DSCR − floor",
                  (Given("DSCR", "least coverage", value, "x"),
                   Given("floor", "of the achieved rating" if asked else "of the first years",
                         limit, "x", "RK-DSCR-002")),
                  value, ">=", limit, "x", fails_undefined=asked or rated is None))  # fmt: skip
    return tuple(steps)


def _life(case: Case) -> Step:
    wal, most = case.figure(f.SENIOR_WAL), case.input(x.MAX_SENIOR_WAL_YEARS)
    return _test(
        case, "WAL_EXCEEDS_LIMIT", "", "Weighted average life", "headroom = most − WAL",
        (case.setting("most", x.MAX_SENIOR_WAL_YEARS),
         Given("WAL", "average life", wal, "years", "senior.wal")),
        wal, "<=", most, "years",
    )  # fmt: skip


def _amortisation(case: Case) -> tuple[Step, ...]:
    target = int(case.input(x.SENIOR_RATING_TARGET))
    balloon, tenor = case.figure(f.BALLOON_PCT), case.input(x.SENIOR_TENOR_YEARS)
    most, least = case.limit(r.BALLOON_MAX_PCT + target), case.limit(r.AMORT_MIN_PCT + target)
    pace = None if balloon is None else (100.0 - balloon) / tenor
    part = Given("balloon", "principal due at maturity", balloon, "%", "senior.balloon")
    peak, senior = case.number(f.PEAK_BALANCE), case.senior
    return (
        _test(case, "BALLOON_EXCEEDS_LIMIT", "", "Balloon", "headroom = most − balloon",
              (Given("most", "most for the rating", most, "%", "RK-AMORT-001"), part),
              balloon, "<=", most, "%"),
        _test(case, "AMORTISATION_TOO_SLOW", "pace", "Repaid a year, on average",
              "headroom = (100 − balloon) ÷ tenor − least",
              (part, case.setting("tenor", x.SENIOR_TENOR_YEARS),
               Given("least", "least for the rating", least, "%", "RK-AMORT-001")),
              pace, ">=", least, "%"),
        _test(case, "AMORTISATION_TOO_SLOW", "grows", "A balance that does not grow",
              "headroom = S − peak",
              (money(case, "S", f.SENIOR_NOTIONAL, "senior notional", "senior.notional"),
               money(case, "peak", f.PEAK_BALANCE, "highest balance", "senior.peak_balance")),
              peak, "<=", senior, MONEY,
              fails=peak > senior * (1.0 + rating.TOLERANCE)),
    )  # fmt: skip


def _warnings(case: Case) -> Table:
    raised = int(case.number(f.WARNINGS)) if not math.isnan(case.number(f.WARNINGS)) else 0
    rows = tuple((name, bool(raised >> bit & 1)) for bit, name in enumerate(codes.WARNING_NAMES)
                 if bit >= codes.N_REASONS or raised >> bit & 1)  # fmt: skip
    return Table("gates.warnings", "Warnings", _WARNINGS, rows)
