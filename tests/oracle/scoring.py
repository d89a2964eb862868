"""Scores, hard filters and tiers."""

import re
from typing import Any

from .rating import NUMBER, SCALE, TOLERANCE, at_least

FILTER_FIGURES = {
    "DSCR": "dscr_min",
    "DSCR_Min": "dscr_min",
    "DSCR_Avg": "dscr_avg",
    "SeniorNotional": "senior_notional",
    "MezzNotional": "mezz_notional",
    "EquityNotional": "equity_notional",
    "SeniorWAL": "senior_wal",
    "WACC": "wacc",
    "Day1Cash": "day1_cash",
    "CompositeScore": "composite_score",
}


def gate_b_score(rulebook: dict[str, Any], found: dict[str, Any]) -> float:
    points = rulebook["gate_b_score"]
    return (
        found["dscr_min"] * points["dscr"]
        + NUMBER[found["senior_rating"]] * points["rating"]
        + (found["icr_min"] + found["fccr_min"]) / 2 * points["coverage"]
        + found["stress_dscr_worst"] * points["stress"]
        + (points["complexity_ceiling"] - found["complexity"]) * points["simplicity"]
    )


def composite_score(
    rulebook: dict[str, Any], weights: dict[str, float], currency: str, found: dict[str, Any]
) -> float:
    rule = rulebook["composite"]
    scale = rule["score_scale"][currency]
    parts = {
        "SeniorRaise": found["senior_notional"] / (rule["senior_unit"] * scale),
        "WACC": (rule["wacc_ceiling_pct"] - found["wacc"]) / rule["wacc_ceiling_pct"],
        "Day1": (found["day1_cash"] or 0.0) / (rule["day1_unit"] * scale),
        "DSCR": min(found["dscr_min"] / rule["dscr_ceiling"], 1.0),
        "Rating": rulebook["ratings"]["score"][found["senior_rating"]],
    }
    return 100 * sum(weights[name] * part for name, part in parts.items())


def passes(hard_filter: str, found: dict[str, Any]) -> bool:
    name, sign, wanted = re.fullmatch(r"\s*(\w+)\s*(>=|<=|=)\s*(\S+)\s*", hard_filter).groups()
    if name == "RepoEligible":
        return found["repo_eligible"] == (wanted == "Yes")
    if name == "SeniorRating":
        have = found["senior_rating"]
        if have is None:
            return False
        better_or_same = SCALE.index(have) <= SCALE.index(wanted)
        worse_or_same = SCALE.index(have) >= SCALE.index(wanted)
        return {">=": better_or_same, "<=": worse_or_same, "=": have == wanted}[sign]
    figure, limit = found[FILTER_FIGURES[name]], float(wanted)
    if figure is None:
        return False
    return {
        ">=": figure >= limit - TOLERANCE,
        "<=": figure <= limit + TOLERANCE,
        "=": abs(figure - limit) <= TOLERANCE,
    }[sign]


def tier(rulebook: dict[str, Any], found: dict[str, Any], rejected: bool, stressed: bool) -> str:
    """Name of the first tier whose conditions all hold. `stressed`: a stress was failed."""
    if rejected:
        return "Not Viable"
    financing = found["senior_notional"] + found["mezz_notional"] + found["equity_notional"]
    for name in ("diamond", "gold", "silver"):
        rule = rulebook["tiers"][name]
        day1_pct = 100 * (found["day1_cash"] or 0.0) / financing
        if (
            100 * found["full_coverage"] >= rule["min_coverage_pct"] - TOLERANCE
            and at_least(found["senior_rating"], rule["min_rating"])
            and day1_pct >= rule.get("min_day1_pct", 0) - TOLERANCE
            and (found["repo_eligible"] or not rule.get("repo_eligible"))
            and not (rule.get("stresses_passed") and stressed)
        ):
            return name.capitalize()
    under = (
        100 * found["full_coverage"] < rulebook["tiers"]["silver"]["min_coverage_pct"] - TOLERANCE
    )
    return "Bronze" if under else "Not Viable"
