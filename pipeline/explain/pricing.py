"""What the senior pays beside the curve, and what stands behind it."""

from __future__ import annotations

from kernels import figures as f
from kernels import gates as kernel
from kernels import layout as x
from kernels import rules as r
from pipeline.explain.case import ROW, Case
from pipeline.explain.model import MONEY, Given, Step
from pipeline.explain.rating_names import rating_name
from pipeline.explain.sources import cited

_SOURCE = cited(3)
_BPS_A_PERCENT = 100.0


def pricing_steps(case: Case) -> tuple[Step, ...]:
    """Effective yield at par, spread over the curve, subordination and cover by the site's value.

    The structure has senior debt.
    """
    coupon = case.input(x.SENIOR_COUPON_PCT)
    target = int(case.input(x.SENIOR_RATING_TARGET))
    anchor = float(case.books.market[r.ANCHOR_ZERO_PCT + int(case.input(x.CURVE_ANCHOR))])
    shift = case.input(x.CURVE_SHIFT_BPS)
    benchmark = float(kernel.benchmark_coupon_pct(case.inputs, ROW, case.books.market))
    cost, market = case.number(f.TOTAL_COST), case.number(f.MARKET_COSTS)
    behind = case.mezz + case.number(f.EQUITY_NOTIONAL)
    named = case.setting("anchor", x.CURVE_ANCHOR)
    rate = case.setting("coupon", x.SENIOR_COUPON_PCT)
    senior = Given("S", "senior notional", case.senior, MONEY, "senior.notional")
    return (
        Step("senior.yield", "Effective yield at par, a year",
             "y = 100 × ((1 + coupon ÷ 1200)^12 − 1)", (rate,),
             100.0 * ((1.0 + coupon / 1200.0) ** 12 - 1.0), "%", _SOURCE,
             note="upfront fees are the arranger's and not in it"),
        Step("senior.spread", "Spread over the curve at its anchor",
             "spread = 100 × (coupon − zero) − shift",
             (rate, Given("zero", "zero rate at the anchor", anchor, "%",
                          "market file, BaseCurveAnchor_27"),
              case.setting("shift", x.CURVE_SHIFT_BPS), named),
             _BPS_A_PERCENT * (coupon - anchor) - shift, "bps", _SOURCE),
        Step("senior.off_market", "Coupon over the market's for the rating sought",
             "over = 100 × (coupon − benchmark)",
             (rate, Given("benchmark", "zero rate at the anchor and the spread of the rating",
                          benchmark, "%", "market file"),
              Given("target", "rating sought", rating_name(target), "",
                    "MinSeniorRatingTarget_75")),
             _BPS_A_PERCENT * (coupon - benchmark), "bps", _SOURCE),
        Step("senior.subordination", "What stands behind the senior, of the cost",
             "behind = 100 × (M + E) ÷ TC",
             (Given("M", "mezzanine notional", case.mezz, MONEY, "mezzanine.notional"),
              Given("E", "equity notional", case.number(f.EQUITY_NOTIONAL), MONEY,
                    "capital.equity"),
              Given("TC", "cost that is financed", cost, MONEY, "project.total_cost")),
             100.0 * behind / cost, "%", _SOURCE),
        Step("senior.overcollateral", "Market cost over the senior",
             "over = 100 × (C − S) ÷ S",
             (Given("C", "market costs", market, MONEY, "project.market_costs"), senior),
             100.0 * (market - case.senior) / case.senior, "%", _SOURCE),
    )  # fmt: skip
