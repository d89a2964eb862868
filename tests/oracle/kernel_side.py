"""The same structures for the kernels: input rows, rules and market as arrays, figures as names.

Made from catalogue names and the YAML files alone, so that it also checks what the pipeline makes
of them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kernels import codes, figures, irr, layout, scenarios
from kernels import rules as places
from kernels.rules import N_CASH_LIMITS, N_LIMITS, CashRules, Market, Rules, Yields
from pipeline.engine import figures_of_inputs
from pipeline.problem import Problem, ReverseCheck, TierShares

from .gates import rule_behind, zero_rate_pct
from .model import jurisdiction_of
from .rating import MIDDLE_NOTCH, NUMBER, notch
from .scenarios import CASH_CHOICES, CHOICES, OVERLAYS

Structure = tuple[dict[str, Any], dict[str, Any]]

JURISDICTIONS = ("UK", "EU", "US", "Global")
ASSETS = ("data_centre", "renewable", "infrastructure")
CURRENCIES = CHOICES["Currency_01"][1]
ANCHOR_YEARS = (5, 7, 10, 15, 20, 25, 30, 40)
FIGURE_NAMES = {
    place: name.lower()
    for name, place in vars(figures).items()
    if name.isupper() and name not in ("N_FIGURES", "FIRST_SCENARIO")
} | {
    figures.FIRST_SCENARIO + scenario * scenarios.N_METRICS + metric: f"{name}_{told}"
    for scenario, name in enumerate(scenarios.NAMES)
    for metric, told in enumerate(scenarios.METRIC_NAMES)
}
RATED = (
    "matrix_rating",
    "senior_rating",
    "mezz_rating",
    "structure_rating",
    *(f"{name}_rating" for name in scenarios.NAMES),
)
TRUTHS = ("viable", "repo_eligible", "stresses_passed", *(f"{n}_passed" for n in scenarios.NAMES))
IRR_STATUSES = {
    irr.CONVERGED: "converged",
    irr.NONE: "none",
    irr.SEVERAL: "several",
    irr.NO_EQUITY: "NO_EQUITY",
}


ACTIONS = {
    "reject": places.ACTION_REJECT,
    "warn": places.ACTION_WARN,
    "downgrade": places.ACTION_DOWNGRADE,
}


def input_column(values: dict[str, Any], facts: dict[str, Any]) -> np.ndarray:
    column = np.zeros(layout.N_INPUTS)
    for name, value in values.items():
        row = int(name.rpartition("_")[2])
        if name in ("CompositeWeights_110", "HardFilters_111", "CPI_Scenarios_82"):
            continue
        if name == "DSCR_TriggerLevels_101":
            trap, turbo = (float(part) for part in value.split("|"))
            column[layout.TRAP_TRIGGER_DSCR], column[layout.TURBO_TRIGGER_DSCR] = trap, turbo
            continue
        if name == "ZCiS_ImpliedRate_93" and value is None:
            continue
        if name in ("MinSeniorRatingTarget_75", "MinMezzRatingTarget_76"):
            column[row] = NUMBER.get(value, 0)
        elif name == "TenantRatingFloor_77":
            column[row] = notch(value)
        elif name in CHOICES or name in CASH_CHOICES:
            column[row] = (CHOICES | CASH_CHOICES)[name][1].index(value)
        else:
            column[row] = value
    rent = facts["rent"]
    tenant = facts["tenant_rating"]
    insurer = facts["insurer_rating"] or "AA+"
    column[layout.MEZZ_ON] = facts["mezz"]
    for place, name in enumerate(OVERLAYS, layout.ZCIS_5Y_ON):
        column[place] = name in facts["overlays"]
    column[layout.MAX_LTV_PCT] = np.inf if facts["max_ltv_pct"] is None else facts["max_ltv_pct"]
    column[layout.MIN_ICR] = facts["min_icr"] or 0.0
    column[layout.LOCAL_CURRENCY] = CURRENCIES.index(facts["local_currency"])
    column[layout.TENANT_NOTCH] = 0 if tenant is None else notch(tenant)
    column[layout.TENANT_SHARE_PCT] = facts["tenant_share_pct"]
    column[layout.JURISDICTION] = JURISDICTIONS.index(jurisdiction_of(values, facts))
    column[layout.ASSET_TYPE] = ASSETS.index(facts["asset_type"])
    if "per_kw_month" in rent:
        column[layout.RENT_BASIS] = layout.RENT_PER_KW_MONTH
        column[layout.RENT_RATE] = rent["per_kw_month"]
    elif "per_kwh" in rent:
        column[layout.RENT_BASIS] = layout.RENT_PER_KWH
        column[layout.RENT_RATE] = rent["per_kwh"]
    column[layout.INSURER_NOTCH] = notch(insurer)
    column[layout.DSRA_LETTER_OF_CREDIT] = facts["dsra_funding"] == "LetterOfCredit"
    column[layout.CAPITALISE_INTEREST] = facts["capitalise_interest"]
    column[layout.PREPAYMENT_PENALTY_PCT] = facts["prepayment_penalty_pct"]
    column[layout.QUARTERLY_PAYMENT] = facts["payment_frequency"] == "Quarterly"
    column[layout.MEZZ_RESERVE_MONTHS] = facts["mezz_reserve_months"]
    column[layout.FEE_REBATE_PCT] = facts["deal"].get("fee_rebate_pct", 0.0)
    column[layout.ADVANCE_UPLIFT_PCT] = facts["deal"].get("advance_uplift_pct", 0.0)
    column[layout.TRUE_SALE] = facts["deal"].get("true_sale", True)
    column[layout.GOVERNING_LAW_OK] = facts["deal"].get("governing_law", True)
    column[layout.RULE_144A] = facts["deal"].get("rule_144a", True)
    column[layout.GEO_CONCENTRATION] = facts["geo_concentration"]
    return column


def by_rating(rows: dict[str, Any], empty: Any) -> np.ndarray:
    """(7, …) by rating number; `empty` where the rulebook has no row."""
    first = np.asarray(empty, dtype=float)
    return np.array(
        [first, *(np.asarray(rows.get(r, empty), dtype=float) for r in reversed(NUMBER))]
    )


def column_of(rows: dict[str, Any], key: str, empty: float) -> np.ndarray:
    return by_rating({r: row[key] for r, row in rows.items() if row.get(key) is not None}, empty)


def limits_of(book: dict[str, Any], weights: dict[str, float]) -> np.ndarray:
    model, rules, tiers = book["model"], book["rules"], book["tiers"]
    score, composite, warn = book["gate_b_score"], book["composite"], book["warnings"]
    stress = rules["RK-DSCR-002"]
    named = {
        "LONG_RUN_INFLATION_PCT": model["long_run_inflation_pct"],
        "CORE_CPI_DISCOUNT_PCT": model["core_cpi_discount_pct"],
        "STEP_WEIGHT_FIRST": model["step_down_weights"][0],
        "STEP_WEIGHT_SECOND": model["step_down_weights"][1],
        "STEP_WEIGHT_THIRD": model["step_down_weights"][2],
        "PIK_MONTHS": model["pik_window_months"],
        "MEZZ_MIN_NOTIONAL": model["mezz_min_notional"],
        "MEZZ_MIN_CAPACITY_RATIO": model["mezz_min_capacity_ratio"],
        "MEZZ_MAX_SHARE_OF_REST": rules["GATE-A-MATH"]["threshold"]["max_mezz_share_of_rest_pct"]
        / 100,
        "EXIT_CAP_RATE_PCT": model["exit_cap_rate_pct"],
        "TAIL_YEARS": model["dscr_tail_years"],
        "CAPEX_COVERAGE_MIN": rules["GATE-A-CAPITAL"]["threshold"]["min_pct"] / 100,
        "CAPEX_COVERAGE_FULL": rules["GATE-A-CAPITAL"]["threshold"]["full_pct"] / 100,
        "LEASE_TAIL_YEARS": rules["RK-TENOR-001"]["lease_tail_years"],
        "COUPON_BAND_BPS": rules["GATE-A-COUPON"]["threshold"]["band_bps"],
        "RATING_NOTCH_TOLERANCE": rules["GATE-B-RATING"]["threshold"]["max_notches_below"],
        "DEBT_MAX_PCT": rules["GATE-B-LEVERAGE"]["threshold"]["max_debt_pct"],
        "DEBT_LOW_PCT": rules["GATE-B-LEVERAGE"]["threshold"]["low_debt_pct"],
        "ICR_FLOOR": rules["GATE-B-ICR"]["threshold"]["min"],
        "FCCR_FLOOR": rules["GATE-B-FCCR"]["threshold"]["min"],
        "STRESS_RATE_BPS": stress["rate_shock_bps"],
        "QUICK_STRESS_RATE_BPS": stress["quick"]["rate_shock_bps"],
        "QUICK_STRESS_YEARS": stress["quick"]["years"],
        "QUICK_STRESS_DSCR": stress["quick"]["dscr"],
        "MARGINAL_DSCR_HEADROOM": warn["marginal_dscr_headroom"],
        "UNIVERSE_MIN_RATING": NUMBER[warn["universe_min_rating"]],
        "MAX_SIMPLE_DERIVATIVES": warn["max_simple_derivatives"],
        "ENHANCEMENT_DSRA_MONTHS": rules["RK-CONC-001"]["enhancement"]["dsra_months"],
        "ENHANCEMENT_TENANT_NOTCH": MIDDLE_NOTCH[
            rules["RK-CONC-001"]["enhancement"]["tenant_rating"]
        ],
        "REPO_MIN_DSCR": rules["RK-REPO-001"]["min_dscr"],
        "REPO_MIN_RATING": NUMBER[rules["RK-REPO-001"]["min_rating"]],
        "SCORE_DSCR": score["dscr"],
        "SCORE_RATING": score["rating"],
        "SCORE_COVERAGE": score["coverage"],
        "SCORE_STRESS": score["stress"],
        "SCORE_SIMPLICITY": score["simplicity"],
        "SCORE_COMPLEXITY_CEILING": score["complexity_ceiling"],
        "WEIGHT_SENIOR_RAISE": weights["SeniorRaise"],
        "WEIGHT_WACC": weights["WACC"],
        "WEIGHT_DAY1": weights["Day1"],
        "WEIGHT_DSCR": weights["DSCR"],
        "WEIGHT_RATING": weights["Rating"],
        "COMPOSITE_SENIOR_UNIT": composite["senior_unit"],
        "COMPOSITE_DAY1_UNIT": composite["day1_unit"],
        "COMPOSITE_WACC_CEILING": composite["wacc_ceiling_pct"],
        "COMPOSITE_DSCR_CEILING": composite["dscr_ceiling"],
        "MEZZ_RATING_NOTCH_TOLERANCE": rules["GATE-B-MEZZ-RATING"]["threshold"][
            "max_notches_below"
        ],
        "DIAMOND_COVERAGE": tiers["diamond"]["min_coverage_pct"] / 100,
        "GOLD_COVERAGE": tiers["gold"]["min_coverage_pct"] / 100,
        "SILVER_COVERAGE": tiers["silver"]["min_coverage_pct"] / 100,
        "DIAMOND_NEEDS_REPO": tiers["diamond"]["repo_eligible"],
        "DIAMOND_NEEDS_STRESSES": tiers["diamond"]["stresses_passed"],
        "GOLD_NEEDS_STRESSES": tiers["gold"]["stresses_passed"],
        "REPO_ACTION": ACTIONS[rules["RK-REPO-001"]["action"]]
        if rules["RK-REPO-001"]["enabled"]
        else places.ACTION_OFF,
        "REPO_NEEDS_HAIRCUT": rules["RK-REPO-002"]["enabled"]
        and rules["RK-REPO-002"]["action"] == "reject",
        "TENANT_SHARE_CAPS": rules["RK-CONC-001"]["action"] == "downgrade",
        "LOCATIONS_DOWNGRADE": rules["RK-CONC-002"]["action"] == "downgrade",
        "DIAMOND_DAY1_PCT": tiers["diamond"]["min_day1_pct"],
        "GOLD_DAY1_PCT": tiers["gold"]["min_day1_pct"],
        "DIAMOND_MIN_RATING": NUMBER[tiers["diamond"]["min_rating"]],
        "GOLD_MIN_RATING": NUMBER[tiers["gold"]["min_rating"]],
        "SILVER_MIN_RATING": NUMBER[tiers["silver"]["min_rating"]],
    }
    limits = np.full(N_LIMITS, np.nan)
    for name, value in named.items():
        limits[getattr(places, name)] = value
    assert not np.isnan(limits).any()
    return limits


def rules_of(book: dict[str, Any], weights: dict[str, float]) -> Rules:
    rules, ratings = book["rules"], book["ratings"]
    reasons = rule_behind(book)
    actions = [
        ACTIONS[reasons[name]["action"]] if reasons[name]["enabled"] else places.ACTION_OFF
        for name in codes.REASON_NAMES
    ]
    banks = [rules["RK-REPO-001"]["threshold"].get(name) for name in JURISDICTIONS]
    wrap, held, paper = (
        rules[key]["threshold"] if rules[key]["enabled"] else {}
        for key in ("RK-WRAP-001", "RK-CONC-001", "RK-REPO-002")
    )
    amort = rules["RK-AMORT-001"]["threshold"]
    costs = {r: row["cost_bps"] for r, row in wrap.items() if "cost_bps" in row}
    cost_range = by_rating(costs, [np.nan] * 2)
    haircuts = {r: [np.nan if h is None else h for h in row] for r, row in paper.items()}
    modifier = rules["GATE-A-ADVANCE"]["modifier"]

    def table(rule: str, names: tuple[str, ...]) -> np.ndarray:
        rows = rules[rule]["threshold"]
        return by_rating(
            {r: [row[n] for n in names] for r, row in rows.items()}, [0.0] * len(names)
        )

    return Rules(
        limits=limits_of(book, weights),
        actions=np.array(actions, dtype=float),
        matrix_dscr=column_of(ratings["matrix"], "min_dscr", -np.inf),
        matrix_ltv_pct=column_of(ratings["matrix"], "max_ltv_pct", np.inf),
        matrix_shift=np.array([ratings["dscr_shift"][n] for n in CHOICES["HaircutRuleSet_81"][1]]),
        notch=by_rating(MIDDLE_NOTCH, 0.0),
        dscr_floor=table("RK-DSCR-001", JURISDICTIONS),
        stress_floor=by_rating(rules["RK-DSCR-002"]["threshold"], 0.0),
        tenor_max_years=table("RK-TENOR-001", ASSETS),
        amort_min_pct=column_of(amort, "min_annual_pct", 0.0),
        balloon_max_pct=column_of(amort, "max_balloon_pct", 100.0),
        advance_max_pct=by_rating(rules["GATE-A-ADVANCE"]["threshold"], 0.0),
        advance_modifier=np.array([modifier[n][0] / modifier[n][1] for n in JURISDICTIONS]),
        bank_min_rating=np.array([NUMBER[b["min_rating"]] if b else 99.0 for b in banks]),
        bank_max_tenor_years=np.array([b["max_tenor_years"] if b else 0.0 for b in banks]),
        bank_max_advance_pct=np.array([b["max_advance_pct"] if b else 0.0 for b in banks]),
        bank_currency=np.array([CURRENCIES.index(b["currency"]) if b else -1.0 for b in banks]),
        haircut_pct=by_rating(haircuts, [np.nan] * 3),
        haircut_tenor_years=np.array(rules["RK-REPO-002"]["tenor_years"], dtype=float),
        wrap_insurer_notch=by_rating(
            {r: notch(row["min_insurer"]) for r, row in wrap.items()}, 0.0
        ),
        wrap_relief=column_of(wrap, "dscr_relief", 0.0),
        wrap_cost_low_bps=np.ascontiguousarray(cost_range[:, 0]),
        wrap_cost_high_bps=np.ascontiguousarray(cost_range[:, 1]),
        concentration_max_pct=column_of(held, "max_share_pct", np.inf),
        concentration_tenant_notch=by_rating(
            {r: MIDDLE_NOTCH[row["min_tenant"]] for r, row in held.items() if "min_tenant" in row},
            99.0,
        ),
        tax_rate_pct=np.array([book["model"]["tax_rate_pct"][n] for n in JURISDICTIONS], float),
        rating_score=by_rating(ratings["score"], 0.0),
        currency_scale=np.array([book["composite"]["score_scale"][n] for n in CURRENCIES], float),
    )


def market_of(market: dict[str, Any]) -> Market:
    return Market(
        anchor_zero_pct=np.array([zero_rate_pct(market, years) for years in ANCHOR_YEARS]),
        power_spot_per_mwh=np.array([float(market["power"]["spot_per_mwh"])]),
        power_swap_per_mwh=np.array([float(market["power"]["swap_per_mwh"])]),
    )


def cash_of(book: dict[str, Any]) -> CashRules:
    cash, day_one, stress = book["cash"], book["day_one"], book["stress"]
    trs, strip, tests = day_one["trs"], day_one["strip"], cash["covenant"]
    named = {
        "LIQUIDITY_FEE_BPS": cash["liquidity_fee_bps"],
        "COVENANT_WINDOW_MONTHS": tests["window_months"],
        "COVENANT_FIRST_TEST_MONTH": tests["first_test_month"],
        "COVENANT_TEST_INTERVAL_MONTHS": tests["test_interval_months"],
        "TURBO_TIME_BASED_YEAR": cash["turbo"]["time_based_year"],
        "TURBO_DOWNGRADE_NOTCHES": cash["turbo"]["downgrade_notches"],
        "RELEASE_CLEAN_TESTS": cash["clean_tests"],
        "WRAP_VALUE_YEARS_MAX": day_one["wrap_years_max"],
        "RATE_OPTION_OFFSET_BPS": day_one["floor"]["offset_bps"],
        "RATE_OPTION_YEARS": day_one["floor"]["years"],
        "TRS_MAX_STRUCTURE_PCT": trs["max_structure_pct"],
        "TRS_TERM_YEARS": trs["term_years"],
        "STRIP_SHARE_PCT": strip["share_pct"],
        "STRIP_AFTER_YEARS": strip["after_years"],
        "STRIP_AFTER_YEARS_LONG": strip["after_years_long"],
        "STRIP_LONG_LEASE_YEARS": strip["long_lease_years"],
        "STRESS_CPI_EXTRA_PCT": stress["cpi_extra_pct"],
        "STRESS_DEFAULT_MONTH": stress["default_month"],
    }
    limits = np.full(N_CASH_LIMITS, np.nan)
    for name, value in named.items():
        limits[getattr(places, name)] = value
    assert not np.isnan(limits).any()
    options = ("Off", "LeaseBacked", "Limited")
    traps = ("MezzBlock", "EquityBlock", "SweepPct")
    supports = ("TwoWay", "OneWay", "Threshold")
    return CashRules(
        limits=limits,
        reinvestment_pct=np.array([cash["reinvestment_pct"][n] for n in options], dtype=float),
        trap_share=np.array([cash["trap_share"][n] for n in traps], dtype=float),
        trs_upfront_pct=np.array([trs["upfront_pct"][n] for n in ("Monthly", "Quarterly")]),
        zcis_credit_bps=np.stack([by_rating(day_one["zcis_credit_bps"][n], 0) for n in supports]),
        low_spread_bps=by_rating(day_one["low_rating_spread_bps"], 0),
        strip_spread_pct=by_rating(strip["spread_pct"], 0),
    )


def yields_of(market: dict[str, Any], shifts_bps: Sequence[float]) -> Yields:
    nodes = sorted((float(term), rate) for term, rate in market["zero_curve"]["nodes"].items())
    return Yields(
        terms_years=np.array([term for term, _ in nodes]),
        zero_pct=np.array([rate for _, rate in nodes], dtype=float),
        shifts_bps=np.array(shifts_bps, dtype=float),
        normal_vol_bps=np.array([market["volatility"]["normal_bps"]], dtype=float),
    )


DEFAULT_FILTERS = (
    (figures.DSCR_MIN, codes.FILTER_AT_LEAST, 1.30),
    (figures.REPO_ELIGIBLE, codes.FILTER_EQUAL, 1.0),
    (figures.SENIOR_RATING, codes.FILTER_AT_LEAST, 6.0),
)


def shifts_of(structures: Sequence[Structure]) -> list[float]:
    return list(dict.fromkeys(values["BaseCurveShift_bps_28"] for values, _ in structures))


def with_cash_rows(
    column: np.ndarray,
    values: dict[str, Any],
    facts: dict[str, Any],
    book: dict[str, Any],
    market: dict[str, Any],
    shifts_bps: Sequence[float],
) -> np.ndarray:
    """The input column with the rows that only the cash flows and day-one value read."""
    column[layout.CURVE_TABLE] = shifts_bps.index(values["BaseCurveShift_bps_28"])
    for row, years in ((layout.ZCIS_IMPLIED_5Y_PCT, 5), (layout.ZCIS_IMPLIED_10Y_PCT, 10)):
        given = values["ZCiS_ImpliedRate_93"]
        column[row] = market["inflation"]["breakeven_pct"][years] if given is None else given
    counterparty = facts["counterparty_rating"] or book["day_one"]["counterparty_rating"]
    column[layout.COUNTERPARTY_5Y_RATING] = NUMBER[counterparty]
    column[layout.COUNTERPARTY_10Y_RATING] = NUMBER[counterparty]
    options = ("floor", "cap", "collar")
    column[layout.RATE_OPTION] = options.index(facts["deal"].get("rate_option", "floor"))
    located = facts["geo_concentration"] and book["rules"]["RK-CONC-002"]["enabled"]
    column[layout.GEO_CONCENTRATION] = located
    first = layout.CPI_STRESS_1_PCT
    column[first : first + 3] = values["CPI_Scenarios_82"]
    return column


def problem_of(
    structures: Sequence[Structure],
    book: dict[str, Any],
    market: dict[str, Any],
    filters: Sequence[tuple[int, int, float]] = DEFAULT_FILTERS,
) -> Problem:
    values, facts = structures[0]
    return Problem(
        base=input_column(values, facts),
        levers=(),
        rules=rules_of(book, values["CompositeWeights_110"]),
        market=market_of(market),
        cash=cash_of(book),
        yields=yields_of(market, shifts_of(structures)),
        filters=np.array(filters, dtype=float).reshape(-1, 3),
        objective="Composite",
        reverse_check=ReverseCheck(**book["reverse_check"]),
        tiers=TierShares(),
    )


def bits(mask: float, names: Sequence[str]) -> list[str]:
    return [name for bit, name in enumerate(names) if int(mask) >> bit & 1]


def named(figure_column: np.ndarray) -> dict[str, Any]:
    """One structure's figures in the words of the oracle."""
    found: dict[str, Any] = {
        name: None if np.isnan(figure_column[place]) else float(figure_column[place])
        for place, name in FIGURE_NAMES.items()
    }
    for name in RATED:
        if found[name] is not None:
            rating = codes.RATING_NAMES[int(found[name])]
            found[name] = None if rating == "Unrated" else rating
    if found["binding_constraint"] is not None:
        found["binding_constraint"] = codes.BINDING_NAMES[int(found["binding_constraint"])]
    found["status"] = codes.STATUS_NAMES[int(found["status"])]
    if found["tier"] is not None:
        found["tier"] = codes.TIER_NAMES[int(found["tier"])]
    if found["irr_status"] is not None:
        found["irr_status"] = IRR_STATUSES[int(found["irr_status"])]
    for name in TRUTHS:
        found[name] = None if found[name] is None else bool(found[name])
    legs = found["repo_failed_legs"]
    found["repo_failed_legs"] = None if legs is None else bits(legs, codes.REPO_LEG_NAMES)
    found["gate_a_reasons"] = bits(found.pop("gate_a_failed") or 0, codes.REASON_NAMES)
    found["gate_b_reasons"] = bits(found.pop("gate_b_failed") or 0, codes.REASON_NAMES)
    found["warnings"] = bits(found["warnings"] or 0, codes.WARNING_NAMES)
    return found


def kernel_figures(
    structures: Sequence[Structure],
    book: dict[str, Any],
    market: dict[str, Any],
    filters: Sequence[tuple[int, int, float]] = DEFAULT_FILTERS,
) -> list[dict[str, Any]]:
    shifts = shifts_of(structures)
    columns = [
        with_cash_rows(input_column(*structure), *structure, book, market, shifts)
        for structure in structures
    ]
    inputs = np.stack(columns, axis=1)
    out = figures_of_inputs(problem_of(structures, book, market, filters), inputs)
    return [named(out[:, row]) for row in range(out.shape[1])]
