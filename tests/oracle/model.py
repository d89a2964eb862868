"""One structure from its inputs to its tier, in the order of the specification.

Written from the model's text alone, to be held against the kernels: dicts by catalogue name,
lists by month, and sizes found by trial. Ratings, constraints, tiers and reasons are names.
"""

from typing import Any

from . import costs, gates, mezz, rating, scoring, senior
from .income import income, lease_months, monthly_rent

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


def evaluate(
    values: dict[str, Any],
    facts: dict[str, Any],
    rulebook: dict[str, Any],
    market: dict[str, Any],
    tight: bool = True,
) -> dict[str, Any]:
    """Every figure of one structure.

    `values` holds every catalogue variable by name, market figures already resolved. `tight`
    sizes to the last bits, otherwise to 1,000 units.
    """
    found: dict[str, Any] = derived(values, facts)
    found["derivatives"] = len(facts["overlays"])
    if invalid(values, facts, rulebook):
        return found | {
            "status": "INVALID_STRUCTURE",
            "gate_a_reasons": ["MATH_ERROR"],
            "gate_b_reasons": [],
            "warnings": [],
            "tier": "Not Viable",
            "viable": False,
        }
    jurisdiction = jurisdiction_of(values, facts)
    months = round(12 * values["SeniorTenorY_39"])
    mezz_months = round(12 * values["MezzTenorY_47"])
    horizon = max(lease_months(values), months, mezz_months)
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
    tax = costs.tax_by_month(values, facts, rulebook, jurisdiction, net, debt, junior, total)
    equity = total - notional - second
    capacity = costs.equity_capacity(
        values, rulebook, flows, debt, junior, running, tax, found["internal_costs"]
    )
    required = costs.required_capital(values, facts, total, notional, second)
    found |= {
        "equity_notional": equity,
        "wacc": costs.wacc_pct(values, notional, second, equity),
        "equity_capacity": capacity,
        "required_capital": required,
        "capex_coverage": (notional + second + capacity) / required,
        "full_coverage": (notional + second + capacity) / required,
        "day1_cash": None,  # not modelled yet: scores and tiers take it as 0
    }

    found["concentrated"] = False
    if debt:
        found |= rating.senior_rating(
            values, facts, rulebook, found["dscr_min"], found["senior_ltv_pct"]
        )
        still = income(values, facts, rulebook, market, horizon, without_indexation=True)
        found |= stresses(values, rulebook, notional, debt, net, still["net"], tests)
    # Without senior debt there is no structure to rate, whatever the mezzanine would get.
    tranches = [(notional, found["senior_rating"]), (second, found["mezz_rating"])]
    found["structure_rating"] = rating.structure_rating(tranches) if debt else None
    legs = rating.repo_failures(values, facts, rulebook, jurisdiction, found)
    haircut = rating.repo_haircut_pct(rulebook, found["senior_rating"], values["SeniorTenorY_39"])
    found |= {
        "repo_failed_legs": legs,
        "repo_eligible": not legs,
        "repo_haircut_pct": haircut,
        "repo_cash": None if legs or haircut is None else notional * (1 - haircut / 100),
        "complexity": found["derivatives"]
        + (second > 0)
        + (values["MonolineWrapFlag_57"] != "None"),
    }

    floor = gates.dscr_floor(values, facts, rulebook, jurisdiction)
    failed_a = gates.gate_a(values, facts, rulebook, market, jurisdiction, found)
    failed_b = gates.gate_b(values, rulebook, floor, found)
    reasons_a, warned_a = gates.sorted_out(rulebook, failed_a)
    reasons_b, warned_b = gates.sorted_out(rulebook, failed_b)
    if debt:
        found["gate_b_score"] = scoring.gate_b_score(rulebook, found)
        found["composite_score"] = scoring.composite_score(
            rulebook, values["CompositeWeights_110"], values["Currency_01"], found
        )
    stressed = "STRESS_DSCR_BREACH" in reasons_b + warned_b
    # Without senior debt there is nothing to place, even where a rulebook lets it through.
    rejected = bool(reasons_a or reasons_b) or debt is None
    return found | {
        "gate_a_reasons": reasons_a,
        "gate_b_reasons": reasons_b,
        "warnings": warned_a
        + warned_b
        + gates.soft_warnings(values, facts, rulebook, floor, found),
        "viable": all(scoring.passes(f, found) for f in values["HardFilters_111"]),
        "tier": scoring.tier(rulebook, found, rejected, stressed),
    }
