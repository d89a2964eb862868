"""Cash on the day of close: each component by its formula, and the settlements that follow."""

import math
from collections.abc import Sequence
from typing import Any

from .cash import hedged_share
from .curve import below, density, discount, right_to_pay, right_to_receive, zero_pct
from .income import conversion, expected_inflation, lease_months
from .rating import better
from .senior import Loan

SPREADS = {
    "AAA": "CreditSpreadAAA_bps_29",
    "AA": "CreditSpreadAA_bps_30",
    "A": "CreditSpreadA_bps_31",
    "BBB": "CreditSpreadBBB_bps_32",
}
ZCIS_YEARS = {"zcis_5y": 5, "zcis_10y": 10}
Parts = dict[str, Any]


def rules_of(parts: Parts) -> dict[str, Any]:
    return parts["rulebook"]["day_one"]


def credit_spread(parts: Parts, rating: str) -> float:
    """Decimal a year."""
    if rating in SPREADS:
        return parts["values"][SPREADS[rating]] / 10_000
    return rules_of(parts)["low_rating_spread_bps"][rating] / 10_000


def wrap(parts: Parts, found: dict[str, Any]) -> float:
    if parts["values"]["MonolineWrapFlag_57"] == "None":
        return 0.0
    bare = found["matrix_rating"]
    wrapped = better(bare, found["wrapped_rating"])
    years = min(found["senior_wal"], rules_of(parts)["wrap_years_max"])
    saved = credit_spread(parts, bare) - credit_spread(parts, wrapped)
    return saved * found["senior_notional"] * years


def zcis_is_idle(parts: Parts, name: str) -> bool:
    return ZCIS_YEARS[name] > parts["values"]["SeniorTenorY_39"]


def zcis_notional(parts: Parts, found: dict[str, Any]) -> float:
    return parts["values"]["ZCiS_NotionalPct_91"] / 100 * found["senior_notional"]


def expected_growth(parts: Parts, years: int) -> float:
    """Price level after `years` over that of COD, as expected."""
    path = expected_inflation(parts["values"], parts["rulebook"], years)
    return math.prod(1 + cpi / 100 for cpi in path)


def implied_pct(parts: Parts, years: int) -> float:
    given = parts["values"]["ZCiS_ImpliedRate_93"]
    if given is not None:
        return given
    inflation = parts["market"].get("inflation") or {}
    return (inflation.get("breakeven_pct") or {}).get(years, 2.0)


def zcis(parts: Parts, found: dict[str, Any], name: str) -> float:
    values, rule = parts["values"], rules_of(parts)
    if name not in parts["facts"]["overlays"] or zcis_is_idle(parts, name):
        return 0.0
    years, notional = ZCIS_YEARS[name], zcis_notional(parts, found)
    received_rate = (implied_pct(parts, years) - values["CPI_BasisAdj_bps_94"] / 100) / 100
    gain = math.pow(1 + received_rate, years) - expected_growth(parts, years)
    counterparty = parts["facts"]["counterparty_rating"] or rule["counterparty_rating"]
    credit = rule["zcis_credit_bps"][values["DerivativeCSAType_98"]][counterparty] / 10_000
    return notional * gain * discount(values, parts["market"], years) - notional * credit


def rate_option_kind(parts: Parts) -> str:
    return (parts["facts"].get("deal") or {}).get("rate_option", "floor")


def rate_option_months(parts: Parts, senior: Loan) -> range:
    longest = 12 * rules_of(parts)["floor"]["years"]
    return range(1, min(len(senior["opening"]) - 1, longest) + 1)


def rate_option(parts: Parts, senior: Loan) -> float:
    """A floor sold, a cap bought, or both, on the scheduled balance."""
    if "floor" not in parts["facts"]["overlays"]:
        return 0.0
    values, market = parts["values"], parts["market"]
    offset = rules_of(parts)["floor"]["offset_bps"] / 10_000
    sigma = market["volatility"]["normal_bps"] / 10_000
    built = int(values["ConstructionToCODMonths_23"])
    floor = cap = 0.0
    for m in rate_option_months(parts, senior):
        t = built + m
        paid, fixed = (discount(values, market, months / 12) for months in (t, t - 1))
        forward = 12 * (fixed / paid - 1)
        years = (t - 1) / 12
        size = senior["opening"][m] / 12 * paid
        floor += size * right_to_receive(forward - offset, forward, sigma, years)
        cap += size * right_to_pay(forward + offset, forward, sigma, years)
    return {"floor": floor, "cap": -cap, "collar": floor - cap}[rate_option_kind(parts)]


def trs_is_idle(parts: Parts) -> bool:
    return parts["values"]["SeniorTenorY_39"] < rules_of(parts)["trs"]["term_years"]


def trs_notional(parts: Parts, found: dict[str, Any]) -> float:
    """0 without the overlay, without debt and where the term does not fit."""
    if "trs" not in parts["facts"]["overlays"] or trs_is_idle(parts):
        return 0.0
    if found["senior_notional"] <= 0:
        return 0.0
    stack = sum(found[f"{tranche}_notional"] for tranche in ("senior", "mezz", "equity"))
    most = rules_of(parts)["trs"]["max_structure_pct"] / 100 * stack
    wanted = parts["values"]["TRS_EquityPct_53"] / 100 * max(0.0, found["equity_notional"])
    return min(wanted, most)


def trs_fee(parts: Parts, found: dict[str, Any]) -> float:
    """Money a month."""
    return parts["values"]["TRS_CouponOrFee_54"] / 100 * trs_notional(parts, found) / 12


def sold_share(parts: Parts, found: dict[str, Any], month: int) -> float:
    """Share of the month's distributions before tax that the residual strip has sold."""
    if "strip" not in parts["facts"]["overlays"] or found["senior_notional"] <= 0:
        return 0.0
    rule, lease = rules_of(parts)["strip"], parts["values"]["LeaseTermYears_22"]
    long = lease > rule["long_lease_years"]
    first = 12 * rule["after_years_long" if long else "after_years"] + 1
    return rule["share_pct"] / 100 if first <= month <= lease_months(parts["values"]) else 0.0


def after_strip(
    parts: Parts, found: dict[str, Any], equity: Sequence[float], tax: Sequence[float]
) -> list[float]:
    """Equity flows by month (index 0 unused) without what is sold of them."""
    return [0.0] + [
        equity[m] - sold_share(parts, found, m) * max(0.0, equity[m] + tax[m])
        for m in range(1, len(equity))
    ]


def strip(
    parts: Parts, found: dict[str, Any], equity: Sequence[float], tax: Sequence[float]
) -> float:
    values, market = parts["values"], parts["market"]
    built = int(values["ConstructionToCODMonths_23"])
    value = 0.0
    for m in range(1, len(equity)):
        share = sold_share(parts, found, m)
        if share:
            years = (built + m) / 12
            spread = rules_of(parts)["strip"]["spread_pct"][found["senior_rating"]]
            yearly = 1 + (zero_pct(values, market, years) + spread) / 100
            value += share * max(0.0, equity[m] + tax[m]) * math.pow(yearly, -years)
    return value


def currency_swap_is_idle(parts: Parts) -> bool:
    return parts["values"]["CCY_SwapTenorY_96"] > parts["values"]["SeniorTenorY_39"]


def currency_swap(parts: Parts, found: dict[str, Any]) -> float:
    values = parts["values"]
    if values["CCY_SwapTenorY_96"] <= 0 or currency_swap_is_idle(parts):
        return 0.0
    debt = found["senior_notional"] + found["mezz_notional"]
    cost = values["CCY_SwapCost_bps_97"] / 10_000
    return -debt * hedged_share(values, parts["facts"]) * cost


def call_value(parts: Parts, found: dict[str, Any], senior: Loan) -> float:
    """What the right to repay at par would be worth, were it not paid for in the coupon."""
    values, market = parts["values"], parts["market"]
    built, wait = int(values["ConstructionToCODMonths_23"]), values["CallOptionYears_56"]
    last = len(senior["opening"]) - 1
    if wait <= 0 or 12 * wait >= last:
        return 0.0
    annuity = floating = 0.0
    for m in range(round(12 * wait) + 1, last + 1):
        owed = senior["opening"][m]
        start, end = (discount(values, market, (built + m + k) / 12) for k in (-1, 0))
        annuity += owed / 12 * end
        floating += owed * (start - end)
    forward = floating / annuity
    strike = values["SeniorCoupon_38"] / 100 - credit_spread(
        parts, values["MinSeniorRatingTarget_75"]
    )
    spread = market["volatility"]["normal_bps"] / 10_000 * math.sqrt(built / 12 + wait)
    if spread == 0:
        return annuity * max(0.0, strike - forward)
    d = (strike - forward) / spread
    return annuity * ((strike - forward) * below(d) + spread * density(d))


COMPONENTS = (
    "day1_wrap", "day1_zcis_5y", "day1_zcis_10y", "day1_rate_option", "day1_trs", "day1_strip",
    "day1_currency_swap", "day1_fee_rebate", "day1_advance_uplift",
)  # fmt: skip


def day_one(
    parts: Parts,
    found: dict[str, Any],
    senior: Loan | None,
    equity: Sequence[float],
    tax: Sequence[float],
) -> dict[str, float]:
    """Every component, their sum, and the value of the call beside it.

    `equity`, `tax`: the base waterfall by month (index 0 unused), before anything is sold.
    """
    if senior is None or found["senior_notional"] <= 0:
        return dict.fromkeys((*COMPONENTS, "day1_cash", "call_value"), 0.0)
    values, facts = parts["values"], parts["facts"]
    deal = facts.get("deal") or {}
    rate = rules_of(parts)["trs"]["upfront_pct"][values["TRS_MarginingFreq_95"]]
    fees = values["TotalStructuringFees_14"] * conversion(values, facts)
    result = {
        "day1_wrap": wrap(parts, found),
        "day1_zcis_5y": zcis(parts, found, "zcis_5y"),
        "day1_zcis_10y": zcis(parts, found, "zcis_10y"),
        "day1_rate_option": rate_option(parts, senior),
        "day1_trs": trs_notional(parts, found) * rate / 100,
        "day1_strip": strip(parts, found, equity, tax),
        "day1_currency_swap": currency_swap(parts, found),
        "day1_fee_rebate": deal.get("fee_rebate_pct", 0.0) / 100 * fees,
        "day1_advance_uplift": deal.get("advance_uplift_pct", 0.0) / 100 * found["senior_notional"],
    }
    return result | {
        "day1_cash": sum(result.values()),
        "call_value": call_value(parts, found, senior),
    }


def settlements(
    parts: Parts,
    found: dict[str, Any],
    senior: Loan | None,
    horizon: int,
    cpi_pct: float | None = None,
    rate_bps: float = 0.0,
) -> list[float]:
    """What swaps and options pay the project by month (index 0 unused); negative: it pays.

    cpi_pct: realised inflation every year, None as expected. `senior`: the base loan.
    """
    swap = [0.0] * (horizon + 1)
    if senior is None:
        return swap
    overlays = parts["facts"]["overlays"]
    for name, years in ZCIS_YEARS.items():
        if name in overlays and not zcis_is_idle(parts, name) and cpi_pct is not None:
            realised = math.pow(1 + cpi_pct / 100, years)
            gap = realised - expected_growth(parts, years)
            swap[12 * years] -= zcis_notional(parts, found) * gap
    if "floor" in overlays:
        offset, kind = rules_of(parts)["floor"]["offset_bps"], rate_option_kind(parts)
        owes = max(0.0, -rate_bps - offset) if kind in ("floor", "collar") else 0.0
        gets = max(0.0, rate_bps - offset) if kind in ("cap", "collar") else 0.0
        for m in rate_option_months(parts, senior):
            swap[m] += senior["opening"][m] / 12 * (gets - owes) / 10_000
    return swap


def warnings(parts: Parts, found: dict[str, Any]) -> list[str]:
    """Warnings of the overlays; none without senior debt, which they are sized on."""
    if found["senior_notional"] <= 0:
        return []
    values, overlays = parts["values"], parts["facts"]["overlays"]
    inflation = [name for name in ZCIS_YEARS if name in overlays]
    idle = [name for name in inflation if zcis_is_idle(parts, name)]
    idle += ["trs"] if "trs" in overlays and trs_is_idle(parts) else []
    if (
        hedged_share(values, parts["facts"]) > 0
        and values["CCY_SwapTenorY_96"] > 0
        and currency_swap_is_idle(parts)
    ):
        idle.append("currency swap")
    told = {
        "INFLATION_UNHEDGED": inflation and values["IndexationMode_18"] == "Flat",
        "OVERHEDGED": len(inflation) == 2 and 2 * values["ZCiS_NotionalPct_91"] > 100,
        "OVERLAY_IDLE": idle,
    }
    return [name for name, on in told.items() if on]
