"""Gate A, Gate B and the warnings, by name."""

from itertools import pairwise
from typing import Any

from .rating import MIDDLE_NOTCH, TOLERANCE, at_least, wrap_relief

GATE_A = (
    "INSUFFICIENT_CAPITAL",
    "TENOR_EXCEEDS_LIMIT",
    "ADVANCE_FACTOR_BREACH",
    "COUPON_OUT_OF_MARKET",
    "MATH_ERROR",
)


def zero_rate_pct(market: dict[str, Any], years: float) -> float:
    nodes = sorted((float(t), rate) for t, rate in market["zero_curve"]["nodes"].items())
    if years <= nodes[0][0]:
        return nodes[0][1]
    for (t0, r0), (t1, r1) in pairwise(nodes):
        if years <= t1:
            return r0 + (r1 - r0) * (years - t0) / (t1 - t0)
    return nodes[-1][1]


def gate_a(
    values: dict[str, Any],
    facts: dict[str, Any],
    rulebook: dict[str, Any],
    market: dict[str, Any],
    jurisdiction: str,
    found: dict[str, Any],
) -> dict[str, bool]:
    """Whether each check of Gate A fails."""
    rules = rulebook["rules"]
    target = values["MinSeniorRatingTarget_75"]
    tenor_rule = rules["RK-TENOR-001"]
    longest = min(
        values["LeaseTermYears_22"] - tenor_rule["lease_tail_years"],
        tenor_rule["threshold"][target][facts["asset_type"]],
    )
    part, whole = rules["GATE-A-ADVANCE"]["modifier"][jurisdiction]
    advance = rules["GATE-A-ADVANCE"]["threshold"][target] * part / whole
    base = zero_rate_pct(market, float(values["BaseCurveAnchor_27"].rstrip("Y")))
    spread = values[
        {
            "AAA": "CreditSpreadAAA_bps_29",
            "AA": "CreditSpreadAA_bps_30",
            "A": "CreditSpreadA_bps_31",
            "BBB": "CreditSpreadBBB_bps_32",
        }[target]
    ]
    fair = base + (values["BaseCurveShift_bps_28"] + spread) / 100
    band = rules["GATE-A-COUPON"]["threshold"]["band_bps"]
    total, senior = found["total_cost"], found["senior_notional"]
    mezz, equity = found["mezz_notional"], found["equity_notional"]
    share = rules["GATE-A-MATH"]["threshold"]["max_mezz_share_of_rest_pct"] / 100
    least = rules["GATE-A-CAPITAL"]["threshold"]["min_pct"] / 100
    return {
        "INSUFFICIENT_CAPITAL": found["capex_coverage"] < least - TOLERANCE,
        "TENOR_EXCEEDS_LIMIT": values["SeniorTenorY_39"] > longest + TOLERANCE,
        "ADVANCE_FACTOR_BREACH": found["senior_ltv_pct"] > advance + TOLERANCE,
        "COUPON_OUT_OF_MARKET": 100 * abs(values["SeniorCoupon_38"] - fair) > band + TOLERANCE,
        "MATH_ERROR": total <= 0
        or senior > total * (1 + 1e-9)
        or mezz > share * (total - senior) + 1e-6
        or abs(senior + mezz + equity - total) > 1e-6 * max(1.0, total),
    }


def dscr_floor(
    values: dict[str, Any], facts: dict[str, Any], rulebook: dict[str, Any], jurisdiction: str
) -> float:
    """RK-DSCR-001 of the target rating, less what a wrap for that rating relieves."""
    target = values["MinSeniorRatingTarget_75"]
    floor = rulebook["rules"]["RK-DSCR-001"]["threshold"][target][jurisdiction]
    return floor - wrap_relief(values, facts, rulebook).get(target, 0.0)


def gate_b(
    values: dict[str, Any],
    rulebook: dict[str, Any],
    floor: float,
    found: dict[str, Any],
) -> dict[str, bool]:
    """Whether each check of Gate B fails."""
    rules = rulebook["rules"]
    target = values["MinSeniorRatingTarget_75"]
    amort = rules["RK-AMORT-001"]["threshold"][target]

    def short(figure: str, least: float) -> bool:
        return found[figure] is None or found[figure] < least - TOLERANCE

    def notches_below(rating: str | None, wanted: str, rule: str) -> bool:
        if rating is None:
            return True
        allowed = rules[rule]["threshold"]["max_notches_below"]
        return MIDDLE_NOTCH[rating] - MIDDLE_NOTCH[wanted] > allowed

    senior, total = found["senior_notional"], found["total_cost"]
    debt_pct = 100 * (senior + found["mezz_notional"]) / total
    least_equity = values["FirstLossPct_52"] / 100 * total
    failed = {
        "DSCR_BELOW_MINIMUM": short("dscr_min", floor),
        "RATING_BELOW_TARGET": notches_below(found["senior_rating"], target, "GATE-B-RATING"),
        "MEZZ_RATING_BELOW_TARGET": found["mezz_rating"] is not None
        and values["MinMezzRatingTarget_76"] != "Unrated"
        and notches_below(
            found["mezz_rating"], values["MinMezzRatingTarget_76"], "GATE-B-MEZZ-RATING"
        ),
        "LEVERAGE_TOO_HIGH": debt_pct
        > rules["GATE-B-LEVERAGE"]["threshold"]["max_debt_pct"] + TOLERANCE,
        "FIRST_LOSS_SHORTFALL": found["equity_notional"] < least_equity - TOLERANCE,
        "ICR_BELOW_MINIMUM": short("icr_min", rules["GATE-B-ICR"]["threshold"]["min"]),
        "FCCR_BELOW_MINIMUM": short("fccr_min", rules["GATE-B-FCCR"]["threshold"]["min"]),
        "STRESS_DSCR_BREACH": True,
        "WAL_EXCEEDS_LIMIT": False,
        "BALLOON_EXCEEDS_LIMIT": False,
        "AMORTISATION_TOO_SLOW": False,
    }
    if senior > 0:
        stress = rules["RK-DSCR-002"]
        row = stress["threshold"][found["senior_rating"]]
        early = stress["quick"]["dscr"]
        failed["STRESS_DSCR_BREACH"] = any(
            short(name, row) for name in ("dscr_cpi_0", "dscr_rate_200", "dscr_combined")
        ) or any(
            found[name] is not None and short(name, early)
            for name in ("dscr_cpi_0_early", "dscr_rate_100_early")
        )
        failed["WAL_EXCEEDS_LIMIT"] = found["senior_wal"] > values["MaxWAL_Senior_80"] + TOLERANCE
        failed["BALLOON_EXCEEDS_LIMIT"] = (
            found["balloon_pct"] > amort["max_balloon_pct"] + TOLERANCE
        )
        yearly = (100 - found["balloon_pct"]) / values["SeniorTenorY_39"]
        failed["AMORTISATION_TOO_SLOW"] = yearly < amort["min_annual_pct"] - TOLERANCE or found[
            "peak_balance"
        ] > senior * (1 + 1e-9)
    return failed


def rule_behind(rulebook: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The rule that gives each reason."""
    by_reason = {}
    for rule in rulebook["rules"].values():
        for key in ("reason", "balloon_reason"):
            if key in rule:
                by_reason[rule[key]] = rule
    return by_reason


def sorted_out(rulebook: dict[str, Any], failed: dict[str, bool]) -> tuple[list[str], list[str]]:
    """Failed checks that reject, and those that only warn."""
    rules = rule_behind(rulebook)
    hit = [name for name, failure in failed.items() if failure and rules[name]["enabled"]]
    return (
        [name for name in hit if rules[name]["action"] == "reject"],
        [name for name in hit if rules[name]["action"] != "reject"],
    )


def taken_down_by(
    rulebook: dict[str, Any], facts: dict[str, Any], failed: dict[str, bool]
) -> list[str]:
    """What takes the senior rating down by a category: failed checks and the locations."""
    rules, region = rule_behind(rulebook), rulebook["rules"]["RK-CONC-002"]
    named = [
        name
        for name, failure in failed.items()
        if failure and rules[name]["enabled"] and rules[name]["action"] == "downgrade"
    ]
    located = facts["geo_concentration"] and region["enabled"] and region["action"] == "downgrade"
    return named + ["GEO_CONCENTRATION"] * located


def soft_warnings(
    values: dict[str, Any],
    facts: dict[str, Any],
    rulebook: dict[str, Any],
    floor: float,
    found: dict[str, Any],
) -> list[str]:
    limits, rules = rulebook["warnings"], rulebook["rules"]
    senior, mezz = found["senior_notional"], found["mezz_notional"]
    debt_pct = 100 * (senior + mezz) / found["total_cost"]
    wrap_row = rules["RK-WRAP-001"]["threshold"].get(found["wrapped_rating"]) or {}
    low, high = wrap_row.get("cost_bps", (float("-inf"), float("inf")))
    marginal = floor + limits["marginal_dscr_headroom"] - TOLERANCE
    told = {
        "MARGINAL_CREDIT": senior > 0 and found["dscr_min"] < marginal,
        "LIMITED_UNIVERSE": senior > 0
        and not at_least(found["senior_rating"], limits["universe_min_rating"]),
        "HIGH_COMPLEXITY": found["derivatives"] > limits["max_simple_derivatives"],
        "LEVERAGE_LOW": debt_pct
        < rules["GATE-B-LEVERAGE"]["threshold"]["low_debt_pct"] - TOLERANCE,
        "CONCENTRATION": found["concentrated"],
        "GEO_CONCENTRATION": rules["RK-CONC-002"]["enabled"] and facts["geo_concentration"],
        "MEZZ_BEFORE_SENIOR": senior > 0
        and mezz > 0
        and values["MezzTenorY_47"] < values["SeniorTenorY_39"],
        "WRAP_COST_OUT_OF_RANGE": not low <= values["WrapPremium_bps_58"] <= high,
    }
    return [name for name, on in told.items() if on]
