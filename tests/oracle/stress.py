"""Three variants and fourteen stresses: each a full waterfall with senior and mezzanine held."""

import copy
from collections.abc import Sequence
from typing import Any

from . import dayone, returns, senior, waterfall
from .cash import advanced, months_of, received, share_of_balance
from .income import conversion, income, lease_months
from .rating import TOLERANCE, matrix_rating, shift_of

Parts = dict[str, Any]
VARIANTS = ("flat", "indexed", "hybrid")
STRESSES = (
    "cpi_1", "cpi_2", "cpi_3", "cpi_extra", "rate_up", "rate_down", "rate_200", "opex", "rent",
    "default", "refinance", "capex", "delay", "combined",
)  # fmt: skip
HYBRID_YEARS = 10
LEAST_COUPON_PCT = 0.01


def setting_of(parts: Parts, name: str) -> dict[str, Any]:
    """What differs from the base case: a dict that `flows_of`, `loan_of` and `scenario` read."""
    values = parts["values"]
    rule = parts["rulebook"]["stress"]
    paths = values["CPI_Scenarios_82"]
    wide = parts["rulebook"]["rules"]["RK-DSCR-002"]["rate_shock_bps"]
    return {
        "base": {},
        "flat": {"mode": "Flat"},
        "indexed": {"mode": "CPI_Linked"},
        "hybrid": {"mode": "CPI_Linked", "indexed_years": HYBRID_YEARS},
        "cpi_1": {"cpi_pct": paths[0]},
        "cpi_2": {"cpi_pct": paths[1]},
        "cpi_3": {"cpi_pct": paths[2]},
        "cpi_extra": {"cpi_pct": rule["cpi_extra_pct"]},
        "rate_up": {"rate_bps": values["Rate_Shock_bps_83"]},
        "rate_down": {"rate_bps": -values["Rate_Shock_bps_83"]},
        "rate_200": {"rate_bps": wide},
        "opex": {"opex": 1 + values["OPEX_StressPct_84"] / 100},
        "rent": {"rent": 1 - values["Rent_DownsidePct_85"] / 100},
        "default": {"empty_months": int(values["RecoveryLagMonths_87"])},
        "refinance": {},
        "capex": {},
        "delay": {},
        "combined": {"cpi_pct": 0.0, "rate_bps": wide},
    }[name]


def flows_of(parts: Parts, setting: dict[str, Any]) -> dict[str, list[float]]:
    """Gross and net income of the scenario, to the horizon."""
    values, facts = dict(parts["values"]), dict(parts["facts"])
    rulebook, market = parts["rulebook"], parts["market"]
    months = parts["horizon"]
    if "mode" in setting:
        values["IndexationMode_18"] = setting["mode"]
    cpi = setting.get("cpi_pct")
    still = cpi == 0 and values["IndexationMode_18"] != "Flat"
    if cpi is not None and not still and values["IndexationMode_18"] != "Flat":
        # A constant path: today's inflation and the long run are the same.
        values["InflationSpot_33"] = cpi
        rulebook = copy.deepcopy(rulebook)
        rulebook["model"]["long_run_inflation_pct"] = cpi
    values["OPEX_08"] *= setting.get("opex", 1.0)
    if "rent" in setting:
        values["GrossMonthlyRent_07"] *= setting["rent"]
        facts["rent"] = {unit: setting["rent"] * paid for unit, paid in facts["rent"].items()}
    flows = income(
        values, facts, rulebook, market, months, still, setting.get("indexed_years")
    )  # fmt: skip
    first = max(rulebook["stress"]["default_month"], int(values["RentFreeMonths_68"]) + 1)
    for m in range(first, first + setting.get("empty_months", 0)):
        if m <= months:
            flows["net"][m] -= flows["gross"][m]
            flows["gross"][m] = 0.0
    return flows


def shocked_coupon_pct(parts: Parts, setting: dict[str, Any]) -> float:
    coupon = parts["values"]["SeniorCoupon_38"]
    if "rate_bps" not in setting:
        return coupon
    return max(LEAST_COUPON_PCT, coupon + setting["rate_bps"] / 100)


def loan_of(parts: Parts, setting: dict[str, Any]) -> senior.Loan | None:
    """The base notional on the schedule of the scenario's coupon."""
    if parts["senior"] is None or "rate_bps" not in setting:
        return parts["senior"]
    values = parts["values"]
    unit = senior.unit_loan(
        values["SeniorAmortType_40"],
        shocked_coupon_pct(parts, setting) / 1200,
        months_of(values)[0],
        int(values["SeniorGracePeriod_41"]),
        int(values["RentFreeMonths_68"]),
        parts["flows"]["net"],
        parts["rulebook"]["model"]["step_down_weights"],
    )
    return senior.scaled(unit, parts["found"]["senior_notional"])


def streams_of(
    parts: Parts,
    setting: dict[str, Any],
    flows: dict[str, list[float]],
    loan: senior.Loan | None,
) -> waterfall.Streams:
    values, horizon = parts["values"], parts["horizon"]
    gross, net = flows["gross"], flows["net"]
    # The working capital is what was put in at close, whatever the rent then turns out to be.
    lent = advanced(values, parts["flows"]["gross"], horizon)
    window = parts["terms"]["mezz_window"]
    return {
        "cash_in": [r + w for r, w in zip(received(values, gross, horizon), lent, strict=True)],
        "costs": [g - n for g, n in zip(gross, net, strict=True)],
        "gross": gross,
        "net": net,
        "senior_share": share_of_balance(loan, horizon),
        "mezz_share": share_of_balance(parts["mezz"], horizon, window),
        "swap": dayone.settlements(
            parts, parts["found"], parts["senior"], horizon,
            setting.get("cpi_pct"), setting.get("rate_bps", 0.0),
        ),
    }  # fmt: skip


def exit_value(parts: Parts, net: Sequence[float], closing: waterfall.Accounts) -> float:
    """Worth of the lease's last year of income, less the debt that late receipts leave unpaid."""
    lease = lease_months(parts["values"])
    yearly = max(0.0, sum(net[lease - 11 : lease + 1]))
    owed = ("senior_owed", "senior_late", "interest_late", "mezz_owed", "mezz_late",
            "mezz_interest_late", "facility_drawn")  # fmt: skip
    cap_rate = parts["rulebook"]["model"]["exit_cap_rate_pct"] / 100
    left = sum(closing[name] for name in owed) - closing["mezz_reserve"]
    return max(0.0, yearly / cap_rate - left)


def play(
    parts: Parts,
    setting: dict[str, Any],
    changed_terms: dict[str, Any] | None = None,
    changed_accounts: dict[str, float] | None = None,
) -> dict[str, Any]:
    """Runs the scenario's waterfall: its months, flows to equity by month, and the exit."""
    flows, loan = flows_of(parts, setting), loan_of(parts, setting)
    terms = parts["terms"] | {"coupon": shocked_coupon_pct(parts, setting) / 1200}
    history, closing = waterfall.run(
        terms | (changed_terms or {}),
        streams_of(parts, setting, flows, loan),
        parts["opening"] | (changed_accounts or {}),
        parts["horizon"],
    )
    equity = [0.0] + [row["equity"] for row in history]
    tax = [0.0] + [row["tax"] for row in history]
    return {
        "flows": flows,
        "loan": loan,
        "history": history,
        "distributed": equity,
        "tax": tax,
        "equity": dayone.after_strip(parts, parts["found"], equity, tax),
        "exit": exit_value(parts, flows["net"], closing),
    }


def coverage(
    net: Sequence[float], service: Sequence[float], months: Sequence[int]
) -> dict[str, Any]:
    by_month = senior.cover(net, service, months)
    if not by_month:
        return dict.fromkeys(("dscr_min", "dscr_avg", "worst_month", "months_under_1"))
    least = min(by_month.values())
    return {
        "dscr_min": least,
        "dscr_avg": sum(by_month.values()) / len(by_month),
        # Equal but for rounding, the first counts.
        "worst_month": min(m for m, ratio in by_month.items() if ratio <= least + TOLERANCE),
        "months_under_1": sum(ratio < 1 - TOLERANCE for ratio in by_month.values()),
    }


def scenario(parts: Parts, name: str) -> dict[str, Any]:
    """Figures of one scenario; coverage is null without debt."""
    values, facts, found = parts["values"], parts["facts"], parts["found"]
    lease = lease_months(values)
    built = int(values["ConstructionToCODMonths_23"])
    setting = setting_of(parts, name)
    cheque, terms, accounts = parts["cheque"], {}, {}
    extra: dict[str, Any] = {}
    own_rule: bool | None = None

    if name == "capex":
        land = conversion(values, facts) * values["LandPurchaseFees_06"]
        overrun = values["CapexOverrunPct_89"] / 100 * (found["total_cost"] - land)
        cheque += overrun
        terms["depreciation"] = parts["terms"]["depreciation"] + overrun / lease
        sources = found["senior_notional"] + found["mezz_notional"] + found["equity_capacity"]
        stressed = sources / (found["required_capital"] + overrun)
        extra["capex_coverage_stressed"] = stressed if parts["senior"] else None
    if name == "delay":
        late = int(values["COD_DelayMonths_90"])
        interest = found["senior_notional"] * values["SeniorCoupon_38"]
        interest += found["mezz_notional"] * values["MezzCoupon_46"]
        cost = interest / 100 * late / 12
        from_dsra = min(cost, parts["opening"]["dsra"])
        from_facility = min(cost - from_dsra, parts["terms"]["facility"])
        accounts["dsra"] = parts["opening"]["dsra"] - from_dsra
        accounts["facility_drawn"] = from_facility
        cheque += cost - from_dsra - from_facility
        built += late
        reserves = parts["opening"]["dsra"] + parts["terms"]["facility"]
        own_rule = reserves >= cost - TOLERANCE * max(1.0, cost)

    played = play(parts, setting, terms, accounts)
    net, loan = played["flows"]["net"], played["loan"]
    tests = parts["tests"] if loan else []
    figures = coverage(net, loan["service"] if loan else [], tests)
    equity, exit_at_end = played["equity"], played["exit"]
    refinanced = name == "refinance" and loan is not None and loan["balloon"][-1] > 0
    if refinanced and parts["terms"]["maturity"] >= lease:
        figures = dict.fromkeys(figures)
        own_rule = False
    elif refinanced:
        months = parts["terms"]["maturity"]
        rate = (values["SeniorCoupon_38"] + values["RefinanceSpreadAdd_bps_88"] / 100) / 1200
        due = senior.annuity_payment(1.0, rate, lease - months)
        service = [found["senior_notional"] * due] * (lease + 1)
        figures = coverage(net, service, range(months + 1, lease + 1))
        # The new loan comes in where the old one falls due; the annuity leaves equity's flows.
        equity = list(equity)
        every = parts["terms"]["every"]
        for m in range(months, lease + 1):
            date = next(k for k in range(m, m + every) if k % every == 0)
            equity[date] += found["senior_notional"] if m == months else -service[m]

    if name == "default":
        extra["dscr_default_weighted"] = None
        held = values["DSRA_Months_59"] + values["LiquidityFacilityMonths_60"]
        own_rule = held >= values["RecoveryLagMonths_87"]
        if loan is not None:
            odds = values["TenantDefaultProb_86"] / 100
            expected = (1 - odds) * found["dscr_min"] + odds * figures["dscr_min"]
            extra["dscr_default_weighted"] = expected
    if name == "refinance" and loan is not None and not refinanced:
        own_rule = True

    rated = passed = None
    if loan is not None:
        shift = shift_of(values, parts["rulebook"])
        ltv = found["senior_ltv_pct"]
        least = figures["dscr_min"]
        if least is not None:
            rated = matrix_rating(parts["rulebook"], least, ltv, shift)
        floors = parts["rulebook"]["rules"]["RK-DSCR-002"]["threshold"]
        if own_rule is None:
            passed = least >= floors[found["senior_rating"]] - TOLERANCE
        else:
            passed = own_rule
    earned = returns.equity_return(cheque, equity, built, lease, exit_at_end)
    return (
        figures
        | {"rating": rated, "passed": passed}
        | {key: earned[key] for key in ("equity_irr", "irr_status")}
        | extra
    )


def all_scenarios(parts: Parts) -> dict[str, dict[str, Any]]:
    return {name: scenario(parts, name) for name in ("base", *VARIANTS, *STRESSES)}
