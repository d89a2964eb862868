"""One structure from its inputs to its tier, in the order of the specification.

Written from the model's text alone, to be held against the kernels: dicts by catalogue name,
lists by month, and sizes found by trial. Ratings, constraints, tiers and reasons are names.
"""

from typing import Any

from . import (
    cash,
    costs,
    dayone,
    gates,
    mezz,
    rating,
    returns,
    scoring,
    senior,
    stress,
    waterfall,
)
from .cash import LATE_MONTHS
from .income import income, lease_months, monthly_rent

Parts = dict[str, Any]

EU_STATES = {
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE",
    "IT", "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "EU",
}  # fmt: skip


def jurisdiction_of(values: dict[str, Any], facts: dict[str, Any]) -> str:
    country, currency = facts.get("country"), values["Currency_01"]
    if currency in ("JPY", "AED"):
        return "Global"
    if country is None:
        return {"GBP": "UK", "EUR": "EU", "USD": "US"}[currency]
    if country in ("UK", "GB"):
        return "UK"
    if country in EU_STATES:
        return "EU"
    return "US" if country == "US" else "Global"


def derived(values: dict[str, Any], facts: dict[str, Any]) -> dict[str, float]:
    """The catalogue's computed variables, and total cost."""
    gross = 12 * monthly_rent(values, facts)
    if values["OPEXMode_17"] == "PercentOfRevenue":
        net = gross * (1 - values["OPEX_08"] / 100)
    else:
        net = gross - values["OPEX_08"] * costs.conversion(values, facts)
    return {
        "net_it_load_mw": values["GrossITLoad_02"] / values["PUE_03"],
        "gross_income": gross,
        "net_income": net,
    } | costs.project_costs(values, facts)


def invalid(values: dict[str, Any], facts: dict[str, Any], rulebook: dict[str, Any]) -> bool:
    months = round(12 * values["SeniorTenorY_39"])
    grace = values["SeniorGracePeriod_41"]
    if values["SeniorAmortType_40"] == "Sculpted":
        grace = max(grace, values["RentFreeMonths_68"])
    window = rulebook["model"]["pik_window_months"]
    return (
        grace >= months
        or values["CPI_FloorPct_63"] > values["CPI_CapPct_64"]
        or bool(
            facts["mezz"]
            and values["MezzAmortType_48"] == "PIKWindow"
            and window >= 12 * values["MezzTenorY_47"]
        )
    )


def stresses(
    values: dict[str, Any],
    rulebook: dict[str, Any],
    notional: float,
    base: senior.Loan,
    net: list[float],
    net_without_indexation: list[float],
    tests: list[int],
) -> dict[str, float | None]:
    """Coverage of the base debt under the stresses of Gate B."""
    rule = rulebook["rules"]["RK-DSCR-002"]

    def service_at(added_bps: float) -> list[float]:
        unit = senior.unit_loan(
            values["SeniorAmortType_40"],
            (values["SeniorCoupon_38"] + added_bps / 100) / 1200,
            round(12 * values["SeniorTenorY_39"]),
            int(values["SeniorGracePeriod_41"]),
            int(values["RentFreeMonths_68"]),
            net,
            rulebook["model"]["step_down_weights"],
        )
        return senior.scaled(unit, notional)["service"]

    def worst(flows: list[float], service: list[float], months: list[int]) -> float | None:
        return min(senior.cover(flows, service, months).values(), default=None)

    shocked = service_at(rule["rate_shock_bps"])
    quick = service_at(rule["quick"]["rate_shock_bps"])
    early = [m for m in tests if m <= 12 * rule["quick"]["years"]]
    result = {
        "dscr_cpi_0": worst(net_without_indexation, base["service"], tests),
        "dscr_rate_200": worst(net, shocked, tests),
        "dscr_combined": worst(net_without_indexation, shocked, tests),
        "dscr_cpi_0_early": worst(net_without_indexation, base["service"], early),
        "dscr_rate_100_early": worst(net, quick, early),
    }
    return result | {"stress_dscr_worst": min(x for x in result.values() if x is not None)}


NULL_WITHOUT_DEBT = (
    "dscr_min",
    "dscr_avg",
    "dscr_tail",
    "senior_wal",
    "icr_min",
    "fccr_min",
    "balloon_pct",
    "matrix_rating",
    "wrapped_rating",
    "senior_rating",
    "dscr_cpi_0",
    "dscr_rate_200",
    "dscr_combined",
    "dscr_cpi_0_early",
    "dscr_rate_100_early",
    "stress_dscr_worst",
    "gate_b_score",
    "composite_score",
)


def sized(
    values: dict[str, Any],
    facts: dict[str, Any],
    rulebook: dict[str, Any],
    market: dict[str, Any],
    tight: bool,
) -> tuple[dict[str, Any], Parts]:
    """Costs, debt, ratings and Gate B's stresses; and the schedules behind them."""
    found: dict[str, Any] = derived(values, facts)
    found["derivatives"] = len(facts["overlays"])
    months = round(12 * values["SeniorTenorY_39"])
    mezz_months = round(12 * values["MezzTenorY_47"])
    horizon = max(lease_months(values) + LATE_MONTHS, months, mezz_months)
    flows = income(values, facts, rulebook, market, horizon)
    net = flows["net"]
    tests = list(range(int(values["RentFreeMonths_68"]) + 1, months + 1))
    found |= dict.fromkeys(NULL_WITHOUT_DEBT)
    total, market_costs = found["total_cost"], found["market_costs"]

    rate = values["SeniorCoupon_38"] / 1200
    debt: senior.Loan | None = None
    notional, binding = 0.0, "DSCR"
    if all(net[m] > 0 for m in tests):
        unit = senior.unit_loan(
            values["SeniorAmortType_40"],
            rate,
            months,
            int(values["SeniorGracePeriod_41"]),
            int(values["RentFreeMonths_68"]),
            net,
            rulebook["model"]["step_down_weights"],
        )
        notional, binding = senior.size(
            unit,
            net,
            tests,
            rate,
            market_costs,
            values["TargetDSCRSenior_37"],
            facts.get("max_ltv_pct"),
            facts.get("min_icr"),
            tight,
        )
        debt = senior.scaled(unit, notional)
        tail = 12 * rulebook["model"]["dscr_tail_years"]
        found |= senior.figures(debt, net, tests, tail)
    found |= {
        "senior_notional": notional,
        "binding_constraint": binding,
        "senior_ltv_pct": 100 * notional / market_costs,
        "status": "OK" if notional > 0 else "NO_DEBT",
    }
    found.setdefault("peak_balance", 0.0)
    found["peak_ltv_pct"] = 100 * found["peak_balance"] / market_costs

    second = 0.0
    if facts["mezz"]:
        second = mezz.size(values, rulebook, net, debt["service"] if debt else [], total - notional)
    junior = mezz.loan(values, rulebook, second) if second > 0 else None
    found |= {"mezz_notional": second, "mezz_dscr_min": None, "mezz_rating": None}
    if junior:
        both = [
            costs.at(debt["service"] if debt else None, m) + due
            for m, due in enumerate(junior["service"])
        ]
        first = mezz.first_test_month(values, rulebook)
        found["mezz_dscr_min"] = min(
            senior.cover(net, both, range(first, mezz_months + 1)).values()
        )
        found["mezz_rating"] = rating.mezz_rating(values, facts, rulebook, found["mezz_dscr_min"])

    running = costs.charges(values, facts, debt, junior)
    if debt:
        fixed = costs.fixed_charges(debt, junior, running)
        found["fccr_min"] = min(senior.cover(net, fixed, tests).values())
    equity = total - notional - second
    found |= {
        "equity_notional": equity,
        "wacc": costs.wacc_pct(values, notional, second, equity),
        "concentrated": False,
    }
    if debt:
        found |= rating.senior_rating(
            values, facts, rulebook, found["dscr_min"], found["senior_ltv_pct"]
        )
        still = income(values, facts, rulebook, market, horizon, without_indexation=True)
        found |= stresses(values, rulebook, notional, debt, net, still["net"], tests)
        floor = gates.dscr_floor(values, facts, rulebook, jurisdiction_of(values, facts))
        failed = gates.gate_b(values, rulebook, floor, found)
        found["taken_down_by"] = gates.taken_down_by(rulebook, facts, failed)
        if found["taken_down_by"]:
            one_below = rating.SCALE.index(found["senior_rating"]) + 1
            found["senior_rating"] = rating.SCALE[min(one_below, len(rating.SCALE) - 1)]
    # Without senior debt there is no structure to rate, whatever the mezzanine would get.
    tranches = [(notional, found["senior_rating"]), (second, found["mezz_rating"])]
    found["structure_rating"] = rating.structure_rating(tranches) if debt else None
    parts = {
        "values": values,
        "facts": facts,
        "rulebook": rulebook,
        "market": market,
        "jurisdiction": jurisdiction_of(values, facts),
        "found": found,
        "flows": flows,
        "tests": tests,
        "senior": debt,
        "mezz": junior,
        "running": running,
    }
    return found, parts


def funded(parts: Parts) -> None:
    """Adds equity capacity and the coverage of the capital required to the figures."""
    values, facts, found = parts["values"], parts["facts"], parts["found"]
    rule = parts["rulebook"]["cash"]
    first = costs.at(parts["senior"]["service"] if parts["senior"] else None, 1)
    facility = cash.facility_limit(values, facts, first)
    months, _ = cash.months_of(values)
    term = 12 * dayone.rules_of(parts)["trs"]["term_years"]
    running = parts["running"] | {
        "facility_fee": [facility * rule["liquidity_fee_bps"] / 10_000 / 12] * (months + 1),
        "trs_fee": [dayone.trs_fee(parts, found)] * (term + 1),
    }
    tax = costs.tax_by_month(
        values,
        facts,
        parts["rulebook"],
        parts["jurisdiction"],
        parts["flows"]["net"],
        parts["senior"],
        parts["mezz"],
        found["total_cost"],
    )
    notional, second = found["senior_notional"], found["mezz_notional"]
    capacity = costs.equity_capacity(
        values,
        parts["rulebook"],
        parts["flows"],
        parts["senior"],
        parts["mezz"],
        running,
        tax,
        found["internal_costs"],
        lambda month: dayone.sold_share(parts, found, month),
    )
    required = costs.required_capital(values, facts, found["total_cost"], notional, second)
    found |= {
        "equity_capacity": capacity,
        "required_capital": required,
        "capex_coverage": (notional + second + capacity) / required,
    }


def judged(parts: Parts, failed_stresses: bool | None = None) -> dict[str, Any]:
    """The figures with repo, gates, scores and tier.

    `failed_stresses` is about the full set; None: those of Gate B stand for it.
    """
    values, facts, rulebook = parts["values"], parts["facts"], parts["rulebook"]
    found, jurisdiction = parts["found"], parts["jurisdiction"]
    notional, second, debt = found["senior_notional"], found["mezz_notional"], parts["senior"]
    legs = rating.repo_failures(values, facts, rulebook, jurisdiction, found)
    haircut = rating.repo_haircut_pct(rulebook, found["senior_rating"], values["SeniorTenorY_39"])
    found |= {
        "repo_failed_legs": legs,
        "repo_eligible": rating.repo_eligible(rulebook, legs),
        "repo_haircut_pct": haircut,
        "repo_cash": notional * (1 - haircut / 100)
        if haircut is not None and rating.repo_eligible(rulebook, legs)
        else None,
        "complexity": found["derivatives"]
        + (second > 0)
        + (values["MonolineWrapFlag_57"] != "None"),
    }

    floor = gates.dscr_floor(values, facts, rulebook, jurisdiction)
    failed_a = gates.gate_a(values, facts, rulebook, parts["market"], jurisdiction, found)
    failed_b = gates.gate_b(values, rulebook, floor, found)
    reasons_a, warned_a = gates.sorted_out(rulebook, failed_a)
    reasons_b, warned_b = gates.sorted_out(rulebook, failed_b)
    if debt:
        found["gate_b_score"] = scoring.gate_b_score(rulebook, found)
        found["composite_score"] = scoring.composite_score(
            rulebook, values["CompositeWeights_110"], values["Currency_01"], found
        )
    if failed_stresses is None:
        failed_stresses = failed_b["STRESS_DSCR_BREACH"]
    # Without senior debt there is nothing to place, even where a rulebook lets it through.
    rejected = bool(reasons_a or reasons_b) or debt is None
    took_down = found.get("taken_down_by", [])
    warned = {
        *warned_a,
        *warned_b,
        *took_down,
        *gates.soft_warnings(values, facts, rulebook, floor, found),
    }
    return found | {
        "gate_a_reasons": reasons_a,
        "gate_b_reasons": reasons_b,
        "warnings": sorted(warned | ({"RATING_DOWNGRADED"} if took_down else set())),
        "viable": all(scoring.passes(f, found) for f in values["HardFilters_111"]),
        "tier": scoring.tier(rulebook, found, rejected, failed_stresses),
    }


def unsound(values: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    return derived(values, facts) | {
        "derivatives": len(facts["overlays"]),
        "status": "INVALID_STRUCTURE",
        "gate_a_reasons": ["MATH_ERROR"],
        "gate_b_reasons": [],
        "warnings": [],
        "tier": "Not Viable",
        "viable": False,
    }


def evaluate(
    values: dict[str, Any],
    facts: dict[str, Any],
    rulebook: dict[str, Any],
    market: dict[str, Any],
    tight: bool = True,
) -> dict[str, Any]:
    """Every figure of one structure that needs no waterfall; day-one value counts as none.

    `values` holds every catalogue variable by name, market figures already resolved. `tight`
    sizes to the last bits, otherwise to 1,000 units.
    """
    if invalid(values, facts, rulebook):
        return unsound(values, facts)
    found, parts = sized(values, facts, rulebook, market, tight)
    funded(parts)
    found |= {"full_coverage": found["capex_coverage"], "day1_cash": None}
    return judged(parts)


def evaluate_cash(
    values: dict[str, Any],
    facts: dict[str, Any],
    rulebook: dict[str, Any],
    market: dict[str, Any],
    tight: bool = True,
) -> dict[str, Any]:
    """Every figure of one structure, with cash flows.

    Beside the figures: `scenarios` (figures by name of the variant or stress), `waterfall` (the
    base months, as `waterfall.run` gives them), `uses` by name, `day1_*` by component, and
    `equity_flows` of the base case by month from close.
    """
    if invalid(values, facts, rulebook):
        return unsound(values, facts)
    found, parts = sized(values, facts, rulebook, market, tight)
    debt, junior = parts["senior"], parts["mezz"]
    parts["horizon"] = lease_months(values) + LATE_MONTHS
    parts["flows"] = {
        name: series[: parts["horizon"] + 1] for name, series in parts["flows"].items()
    }
    fee = dayone.trs_fee(parts, found)
    terms = cash.terms_of(values, facts, rulebook, parts["jurisdiction"], found, debt, junior, fee)
    uses = cash.uses_of_funds(values, facts, found, debt, parts["flows"])
    parts |= {
        "terms": terms,
        "opening": waterfall.opening_accounts(
            found["senior_notional"], found["mezz_notional"], uses["dsra"],
            uses["rent_free_reserve"],
        ),
    }  # fmt: skip
    base = stress.play(parts, {})
    found |= waterfall.totals(base["history"], found["senior_notional"])
    found |= dayone.day_one(parts, found, debt, base["distributed"], base["tax"])

    lease, built = lease_months(values), int(values["ConstructionToCODMonths_23"])
    funded(parts)
    debts = found["senior_notional"] + found["mezz_notional"]
    sources = debts + found["equity_capacity"] + found["day1_cash"]
    parts["cheque"] = sum(uses.values()) - debts - found["day1_cash"]
    interest = found["senior_notional"] * values["SeniorCoupon_38"]
    interest += found["mezz_notional"] * values["MezzCoupon_46"]
    equity = found["equity_notional"]
    reported = ("construction_insurance", "interest_during_construction", "rent_free_reserve",
                "working_capital")  # fmt: skip
    found |= {name: uses[name] for name in reported}
    found |= {
        "total_uses": sum(uses.values()),
        "upfront_fees": uses["senior_upfront_fee"] + uses["mezz_upfront_fee"],
        "dsra_funding": uses["dsra"],
        "equity_cheque": parts["cheque"],
        "cash_coverage": sources / sum(uses.values()),
        "full_coverage": sources / found["required_capital"],
        "equity_cash_yield_pct": 100 * (found["net_income"] - interest / 100) / equity
        if equity > 0
        else None,
    } | returns.equity_return(
        parts["cheque"], base["equity"], built, lease, base["exit"], found["equity_put_in"]
    )
    played = stress.all_scenarios(parts)
    passed = debt is not None and all(played[name]["passed"] for name in stress.STRESSES)
    found["stresses_passed"] = passed
    result = judged(parts, not passed)
    result["warnings"] += dayone.warnings(parts, found)
    full, at_hand = found["full_coverage"], found["cash_coverage"]
    if debt and full >= 1 - rating.TOLERANCE and at_hand < 1 - rating.TOLERANCE:
        result["warnings"].append("RESERVES_UNFUNDED")
    flows = returns.equity_flows(parts["cheque"], base["equity"], built, lease, base["exit"])
    return result | {
        "scenarios": played,
        "waterfall": base["history"],
        "uses": uses,
        "equity_flows": flows,
    }
