"""Day-one value, part by part, and the call that is reported beside it."""

from __future__ import annotations

from kernels import dayone, rating
from kernels import figures as f
from kernels import layout as x
from kernels import rules as r
from kernels.currency import hedged_share
from pipeline.explain.bumps import bumps_table
from pipeline.explain.case import ROW, Case
from pipeline.explain.day_one_terms import day_one_share, option_schedule, strike, trs_fee
from pipeline.explain.model import MONEY, Given, Section, Step
from pipeline.explain.project import local_rate
from pipeline.explain.rating_names import rating_name
from pipeline.explain.sources import PLAN, TREE, cited

_OFF = "not in this structure"
_IDLE = "its term is longer than the senior's: worth nothing"
_SOURCE = cited(7, f"{PLAN} 14")
_PARTS = (
    ("wrap", f.DAY1_WRAP),
    ("zcis5", f.DAY1_ZCIS_5Y),
    ("zcis10", f.DAY1_ZCIS_10Y),
    ("option", f.DAY1_RATE_OPTION),
    ("trs", f.DAY1_TRS),
    ("strip", f.DAY1_STRIP),
    ("ccy", f.DAY1_CURRENCY_SWAP),
    ("rebate", f.DAY1_FEE_REBATE),
    ("uplift", f.DAY1_ADVANCE_UPLIFT),
)


def day_one_section(case: Case) -> Section:
    """What comes in at close beside debt and equity; all nought without senior debt."""
    title = "Day-one value"
    if not case.sound:
        return Section("day_one", title)
    total = Step(
        "day_one.total", "Day-one value", f"D = {' + '.join(name for name, _ in _PARTS)}",
        tuple(Given(name, f"see day_one.{name}", case.figure(figure), MONEY, f"day_one.{name}")
              for name, figure in _PARTS),
        case.figure(f.DAY1_CASH), MONEY, _SOURCE, column="day1_cash",
        note="" if case.senior > 0.0 else "nothing without senior debt",
    )  # fmt: skip
    if case.senior <= 0.0:
        return Section("day_one", title, (total,))
    parts = (
        _wrap(case),
        *_inflation_swap(case, dayone.ZCIS_SHORT_YEARS),
        *_inflation_swap(case, dayone.ZCIS_LONG_YEARS),
        _rate_option(case),
        *_return_swap(case),
        _strip(case),
        _currency_swap(case),
        _rebate(case),
        _uplift(case),
    )
    tables = (*option_schedule(case), bumps_table(case))
    return Section("day_one", title, (*parts, total, day_one_share(case), _call(case)), tables)


def _senior(case: Case) -> Given:
    return Given("S", "senior notional", case.senior, MONEY, "senior.notional")


def _part(
    name: str,
    title: str,
    formula: str,
    inputs: tuple[Given, ...],
    result: float | None,
    column: str,
    note: str = "",
    *,
    rule: str = "",
    closed: bool = True,
) -> Step:
    return Step(f"day_one.{name}", title, formula, inputs, result, MONEY, _SOURCE, rule=rule,
                column=column, note=note, closed=closed)  # fmt: skip


def _off(name: str, title: str, case: Case, figure: int, column: str, why: str = _OFF) -> Step:
    return _part(name, title, "value = 0", (), case.figure(figure), column, why)


def _wrap(case: Case) -> Step:
    title = "Wrap: the spread it saves"
    column = "day1_wrap"
    shift = case.limit(r.MATRIX_SHIFT + int(case.input(x.HAIRCUT_RULE_SET)))
    matrix = int(case.number(f.MATRIX_RATING))
    rules, cash = case.books.rules, case.books.cash
    lifted = rating.by_wrap(
        case.number(f.DSCR_MIN), case.number(f.SENIOR_LTV_PCT), shift,
        case.input(x.INSURER_NOTCH), rules,
    )  # fmt: skip
    wrapped = max(matrix, int(lifted))
    if case.input(x.WRAP_TYPE) == x.WRAP_NONE:
        return _off("wrap", title, case, f.DAY1_WRAP, column)
    if wrapped <= matrix:
        return _off("wrap", title, case, f.DAY1_WRAP, column, "it lifts the rating no further")
    spreads = [float(dayone.credit_spread_bps(case.inputs, ROW, each, cash))
               for each in (matrix, wrapped)]  # fmt: skip
    return _part(
        "wrap", title, "wrap = (without − with_wrap) ÷ 10000 × S × min(WAL, most)",
        (Given("without", f"spread at {rating_name(matrix)}", spreads[0], "bps"),
         Given("with_wrap", f"spread at {rating_name(wrapped)}", spreads[1], "bps"),
         _senior(case),
         Given("WAL", "average life", case.figure(f.SENIOR_WAL), "years", "senior.wal"),
         Given("most", "years that count", case.cash_limit(r.WRAP_VALUE_YEARS_MAX), "years",
               "rulebook day_one.wrap_years_max")),
        case.figure(f.DAY1_WRAP), column, rule="RK-WRAP-001",
    )  # fmt: skip


def _inflation_swap(case: Case, years: int) -> tuple[Step, ...]:
    short = years == dayone.ZCIS_SHORT_YEARS
    name, column = f"zcis{years}", f"day1_zcis_{years}y"
    title = f"Inflation swap of {years} years"
    figure = f.DAY1_ZCIS_5Y if short else f.DAY1_ZCIS_10Y
    if case.input(x.ZCIS_5Y_ON if short else x.ZCIS_10Y_ON) != 1.0:
        return (_off(name, title, case, figure, column),)
    if dayone.is_idle(years, case.input(x.SENIOR_TENOR_YEARS)):
        return (_off(name, title, case, figure, column, _IDLE),)
    implied = case.input(x.ZCIS_IMPLIED_5Y_PCT if short else x.ZCIS_IMPLIED_10Y_PCT)
    notional = float(dayone.zcis_notional(case.inputs, ROW, case.senior))
    struck = float(dayone.expected_growth(case.inputs, ROW, years, case.books.rules))
    table = int(case.input(x.CURVE_TABLE))
    discount = float(case.books.curves[table, r.CURVE_DISCOUNT, 12 * years])
    counterparty = case.input(x.COUNTERPARTY_5Y_RATING if short else x.COUNTERPARTY_10Y_RATING)
    charge = case.cash_limit(
        r.ZCIS_CREDIT_BPS + 7 * int(case.input(x.CSA_TYPE)) + int(counterparty)
    )
    value = _part(
        name, title,
        f"{name} = X × ((1 + (implied − basis ÷ 100) ÷ 100)^T − E) × DF − X × charge ÷ 10000",
        (Given("X", "notional: its share of the senior", notional, MONEY, "ZCiS_NotionalPct_91"),
         Given("implied", "breakeven inflation", implied, "%", "ZCiS_ImpliedRate_93, market file"),
         case.setting("basis", x.CPI_BASIS_BPS),
         Given("T", "term", years, "years"),
         Given("E", "expected growth of prices, the strike", struck, "", "income.by_year"),
         Given("DF", "discount factor of the term", discount, "", "market file"),
         Given("charge", f"credit charge, counterparty rated {rating_name(counterparty)}", charge,
               "bps", "rulebook day_one.zcis_credit_bps"),
         Given("counterparty", "rating of its counterparty", rating_name(counterparty), "",
               "CounterpartyRouting_114, parties.hedge_counterparty_rating")),
        case.figure(figure), column,
    )  # fmt: skip
    return value, strike(name, years, struck)


def _rate_option(case: Case) -> Step:
    title, column = "Rate floor sold, cap bought or both", "day1_rate_option"
    if case.input(x.FLOOR_ON) != 1.0:
        return _off("option", title, case, f.DAY1_RATE_OPTION, column)
    table = int(case.input(x.CURVE_TABLE))
    curves, balance = case.books.curves, case.schedule().balance
    months = dayone.rate_option_months(case.months_of(x.SENIOR_TENOR_YEARS), case.books.cash)
    sold, bought = (
        abs(float(dayone.rate_option_value(
            kind, balance, 0, case.senior, months, int(case.input(x.CONSTRUCTION_MONTHS) + 0.5),
            curves[table, r.CURVE_FLOOR], curves[table, r.CURVE_CAP],
        )))
        for kind in (float(x.OPTION_FLOOR), float(x.OPTION_CAP))
    )  # fmt: skip
    option = case.input(x.RATE_OPTION)
    floor = Given("floor", f"floorlets of {months} months on the scheduled balance", sold, MONEY,
                  "market file")  # fmt: skip
    cap = Given("cap", f"caplets of {months} months", bought, MONEY, "market file")
    inputs: tuple[Given, ...]
    if option == x.OPTION_FLOOR:
        formula, inputs = "option = floor", (floor,)
    elif option == x.OPTION_CAP:
        formula, inputs = "option = −cap", (cap,)
    else:
        formula, inputs = "option = floor − cap", (floor, cap)
    offset = Given(
        "offset",
        "strike from each month's forward",
        case.cash_limit(r.RATE_OPTION_OFFSET_BPS),
        "bps",
        "rulebook day_one.floor",
    )
    return _part("option", title, formula, (*inputs, offset), case.figure(f.DAY1_RATE_OPTION),
                 column)  # fmt: skip


def _return_swap(case: Case) -> tuple[Step, ...]:
    title, column = "Total return swap on equity", "day1_trs"
    if case.input(x.TRS_ON) != 1.0:
        return (_off("trs", title, case, f.DAY1_TRS, column),)
    cash = case.books.cash
    equity = case.number(f.EQUITY_NOTIONAL)
    financing = case.senior + case.mezz + equity
    notional = float(dayone.trs_notional(case.inputs, ROW, equity, financing, cash))
    rate = case.cash_limit(r.TRS_UPFRONT_PCT + int(case.input(x.TRS_MARGINING)))
    years = case.cash_limit(r.TRS_TERM_YEARS)
    if dayone.is_idle(years, case.input(x.SENIOR_TENOR_YEARS)):
        return (_off("trs", title, case, f.DAY1_TRS, column, _IDLE),)
    return (
        Step("day_one.trs_notional", "Notional of the total return swap",
             "X = min(share ÷ 100 × max(0, E), cap ÷ 100 × F)",
             (case.setting("share", x.TRS_EQUITY_PCT),
              Given("E", "equity notional", equity, MONEY, "capital.equity"),
              Given("cap", "most of the financing",
                    case.cash_limit(r.TRS_MAX_STRUCTURE_PCT), "%", "rulebook day_one.trs"),
              Given("F", "senior, mezzanine and equity", financing, MONEY)),
             notional, MONEY, _SOURCE),
        _part("trs", title, "trs = X × rate ÷ 100",
              (Given("X", "notional", notional, MONEY, "day_one.trs_notional"),
               Given("rate", "paid at close", rate, "%", "rulebook day_one.trs.upfront_pct"),
               case.setting("margined", x.TRS_MARGINING)),
              case.figure(f.DAY1_TRS), column),
        trs_fee(case, notional),
    )  # fmt: skip


def _strip(case: Case) -> Step:
    title, column = "Residual strip sold", "day1_strip"
    if case.input(x.STRIP_ON) != 1.0:
        return _off("strip", title, case, f.DAY1_STRIP, column)
    first = int(dayone.strip_first_month(case.input(x.LEASE_YEARS), case.books.cash))
    rated = int(case.number(f.SENIOR_RATING))
    empty = first > case.months_of(x.LEASE_YEARS)
    return _part(
        "strip", title,
        "strip = sum of share ÷ 100 × max(0, distribution + tax) × DF from the first month on",
        (Given("share", "share sold", case.cash_limit(r.STRIP_SHARE_PCT), "%",
               "rulebook day_one.strip"),
         Given("first", "first month sold", first, "month"),
         Given("spread", f"over the zero curve at {rating_name(rated)}",
               float(case.problem.cash.strip_spread_pct[rated]), "%", "rulebook day_one.strip")),
        case.figure(f.DAY1_STRIP), column, "nothing is left of the lease" if empty else "",
        closed=False,
    )  # fmt: skip


def _currency_swap(case: Case) -> Step:
    title, column = "Currency swap, a cost", "day1_currency_swap"
    share = float(hedged_share(case.inputs, ROW))
    years = case.input(x.CCY_SWAP_YEARS)
    if share == 0.0 or years <= 0.0:
        return _off("ccy", title, case, f.DAY1_CURRENCY_SWAP, column)
    if dayone.is_idle(years, case.input(x.SENIOR_TENOR_YEARS)):
        return _off("ccy", title, case, f.DAY1_CURRENCY_SWAP, column, _IDLE)
    return _part(
        "ccy", title, "ccy = −(S + M) × share × cost ÷ 10000",
        (_senior(case), Given("M", "mezzanine notional", case.mezz, MONEY, "mezzanine.notional"),
         Given("share", "share hedged", share, "", "CurrencyPolicy_25"),
         case.setting("cost", x.CCY_SWAP_COST_BPS)),
        case.figure(f.DAY1_CURRENCY_SWAP), column,
    )  # fmt: skip


def _rebate(case: Case) -> Step:
    times_fx, fx = local_rate(case)
    return _part(
        "rebate", "Structuring fees paid back", f"rebate = share ÷ 100 × fees{times_fx}",
        (Given("share", "share paid back", case.input(x.FEE_REBATE_PCT), "%",
               "deal.fee_rebate_pct"), case.setting("fees", x.STRUCTURING_FEES), *fx),
        case.figure(f.DAY1_FEE_REBATE), "day1_fee_rebate",
    )  # fmt: skip


def _uplift(case: Case) -> Step:
    return _part(
        "uplift", "Higher advance rate", "uplift = share ÷ 100 × S",
        (Given("share", "uplift", case.input(x.ADVANCE_UPLIFT_PCT), "%",
               "deal.advance_uplift_pct"), _senior(case)),
        case.figure(f.DAY1_ADVANCE_UPLIFT), "day1_advance_uplift",
    )  # fmt: skip


def _call(case: Case) -> Step:
    return Step(
        "day_one.call", "Right to call the senior, not added",
        "receiver swaption, normal model, on the schedule left after the call date",
        (case.setting("years", x.CALL_YEARS), case.setting("coupon", x.SENIOR_COUPON_PCT),
         Given("vol", "normal volatility", float(case.books.market[r.NORMAL_VOL]), "decimal",
               "market file")),
        case.figure(f.CALL_VALUE), MONEY, cited(7, TREE), column="call_value", closed=False,
        note="it is paid for in the coupon",
    )  # fmt: skip
