"""Which side of each threshold passes: just under it, exactly at it, just above it?

A test carries a tolerance of 1e-9 in the structure's favour, since debt sized to a target sits on
it to the last bit: half of that beyond the threshold still passes, three times it does not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kernels import codes, gates, rating, scoring
from kernels import figures as f
from kernels import layout as x
from kernels import rules as r
from kernels.rules import packed_rules
from tests.oracle import kernel_side
from tests.oracle.rating import NUMBER
from tests.unit.inputs.sound import document

V1 = document("rulebooks/v1")
RULES = V1["rules"]
PLACES = ("UK", "EU", "US", "Global")
ASSETS = ("data_centre", "renewable", "infrastructure")
WITHIN, BEYOND = 0.5e-9, 3e-9
BENCHMARK_PCT = 4.15 + 1.80
BOOK = packed_rules(kernel_side.rules_of(V1, V1["composite"]["weights"]))
MARKET = np.full(r.POWER_SWAP_PER_MWH + 2, 4.15)


def inputs_of(**rows: float) -> np.ndarray:
    """A column of inputs that passes every test, but for `rows`, by their names in the layout."""
    told = {
        "SENIOR_RATING_TARGET": x.RATING_BBB,
        "SENIOR_TENOR_YEARS": 10.0,
        "LEASE_YEARS": 40.0,
        "SENIOR_COUPON_PCT": BENCHMARK_PCT,
        "SPREAD_BBB_BPS": 180.0,
        "MAX_SENIOR_WAL_YEARS": 40.0,
        "TENANT_NOTCH_FLOOR": 22.0,
        "CONCENTRATION_LIMIT_PCT": 100.0,
        "REPO_FLAG": 1.0,
        "TRUE_SALE": 1.0,
        "GOVERNING_LAW_OK": 1.0,
        "RULE_144A": 1.0,
        "HAIRCUT_RULE_SET": 1.0,
        "INSURER_NOTCH": 1.0,
    } | rows
    column = np.zeros((x.N_INPUTS, 1))
    for name, value in told.items():
        column[getattr(x, name), 0] = value
    return column


def figures_of(**rows: float) -> np.ndarray:
    """A column of figures that passes every test, but for `rows`."""
    told = {
        "STATUS": codes.OK,
        "CAPEX_COVERAGE": 1.5,
        "FULL_COVERAGE": 1.5,
        "TOTAL_COST": 100.0,
        "SENIOR_NOTIONAL": 60.0,
        "MEZZ_NOTIONAL": 0.0,
        "EQUITY_NOTIONAL": 40.0,
        "SENIOR_LTV_PCT": 40.0,
        "SENIOR_RATING": x.RATING_AAA,
        "MEZZ_RATING": np.nan,
        "DSCR_MIN": 3.0,
        "ICR_MIN": 9.0,
        "FCCR_MIN": 9.0,
        "DSCR_CPI_0": 2.0,
        "DSCR_RATE_200": 2.0,
        "DSCR_COMBINED": 2.0,
        "DSCR_CPI_0_EARLY": 2.0,
        "DSCR_RATE_100_EARLY": 2.0,
        "SENIOR_WAL": 5.0,
        "BALLOON_PCT": 0.0,
        "PEAK_BALANCE": 60.0,
        "DERIVATIVES": 0.0,
        "REPO_ELIGIBLE": 1.0,
        "GATE_A_FAILED": 0.0,
        "GATE_B_FAILED": 0.0,
    } | rows
    column = np.full((f.N_FIGURES, 1), np.nan)
    for name, value in told.items():
        column[getattr(f, name), 0] = value
    return column


Rows = dict[str, float]
# reason, figure or input that is moved, threshold, +1 where more of it fails, what else is set
Case = tuple[str, str, float, int, Rows]


def _cases() -> list[Case]:
    found: list[Case] = [
        ("INSUFFICIENT_CAPITAL", "CAPEX_COVERAGE", 0.85, -1, {}),
        ("TENOR_EXCEEDS_LIMIT", "SENIOR_TENOR_YEARS", 8.0, 1, {"LEASE_YEARS": 10.0}),
        ("COUPON_OUT_OF_MARKET", "SENIOR_COUPON_PCT", BENCHMARK_PCT + 2.0, 1, {}),
        ("COUPON_OUT_OF_MARKET", "SENIOR_COUPON_PCT", BENCHMARK_PCT - 2.0, -1, {}),
        ("LEVERAGE_TOO_HIGH", "SENIOR_NOTIONAL", 80.0, 1, {"PEAK_BALANCE": 1.0}),
        ("LEVERAGE_TOO_HIGH", "MEZZ_NOTIONAL", 20.0, 1, {}),
        ("FIRST_LOSS_SHORTFALL", "EQUITY_NOTIONAL", 12.0, -1, {"FIRST_LOSS_PCT": 12.0}),
        ("ICR_BELOW_MINIMUM", "ICR_MIN", 2.0, -1, {}),
        ("FCCR_BELOW_MINIMUM", "FCCR_MIN", 1.5, -1, {}),
        ("WAL_EXCEEDS_LIMIT", "SENIOR_WAL", 12.0, 1, {"MAX_SENIOR_WAL_YEARS": 12.0}),
        ("STRESS_DSCR_BREACH", "DSCR_CPI_0_EARLY", 1.0, -1, {}),
        ("STRESS_DSCR_BREACH", "DSCR_RATE_100_EARLY", 1.0, -1, {}),
    ]
    for name, row in RULES["RK-DSCR-001"]["threshold"].items():
        found += [
            ("DSCR_BELOW_MINIMUM", "DSCR_MIN", floor, -1,
             {"SENIOR_RATING_TARGET": NUMBER[name], "JURISDICTION": PLACES.index(place)})
            for place, floor in row.items()
        ]  # fmt: skip
    for name, floor in RULES["RK-DSCR-002"]["threshold"].items():
        rated = {"SENIOR_RATING": NUMBER[name]}
        found += [("STRESS_DSCR_BREACH", figure, floor, -1, rated)
                  for figure in ("DSCR_CPI_0", "DSCR_RATE_200", "DSCR_COMBINED")]  # fmt: skip
    for name, row in RULES["RK-TENOR-001"]["threshold"].items():
        found += [
            ("TENOR_EXCEEDS_LIMIT", "SENIOR_TENOR_YEARS", years, 1,
             {"SENIOR_RATING_TARGET": NUMBER[name], "ASSET_TYPE": ASSETS.index(asset)})
            for asset, years in row.items()
        ]  # fmt: skip
    for name, row in RULES["RK-AMORT-001"]["threshold"].items():
        target = {"SENIOR_RATING_TARGET": NUMBER[name]}
        found += [
            ("BALLOON_EXCEEDS_LIMIT", "BALLOON_PCT", row["max_balloon_pct"], 1, target),
            ("AMORTISATION_TOO_SLOW", "BALLOON_PCT", 100.0 - row["min_annual_pct"], 1,
             {**target, "SENIOR_TENOR_YEARS": 1.0}),
        ]  # fmt: skip
    for name, limit in RULES["GATE-A-ADVANCE"]["threshold"].items():
        for place, (part, whole) in RULES["GATE-A-ADVANCE"]["modifier"].items():
            rows = {"SENIOR_RATING_TARGET": NUMBER[name], "JURISDICTION": PLACES.index(place)}
            found.append(("ADVANCE_FACTOR_BREACH", "SENIOR_LTV_PCT", limit * part / whole, 1, rows))
    return found


def failing(**rows: float) -> set[str]:
    inputs = inputs_of(**{n: v for n, v in rows.items() if hasattr(x, n) and not hasattr(f, n)})
    out = figures_of(**{n: v for n, v in rows.items() if hasattr(f, n)})
    mask = gates.gate_a(inputs, 0, out, BOOK, MARKET) | gates.gate_b(inputs, 0, out, BOOK)
    return {name for bit, name in enumerate(codes.REASON_NAMES) if mask >> bit & 1}


@pytest.mark.parametrize("case", _cases(), ids=lambda case: "-".join(map(str, case[:3])))
def test_a_gate_passes_at_its_threshold_and_fails_just_beyond(case: Case) -> None:
    reason, name, limit, sign, rows = case
    # the coupon's band is counted in basis points
    unit = 0.01 if reason == "COUPON_OUT_OF_MARKET" else 1.0
    for off, fails in ((-BEYOND, False), (0.0, False), (WITHIN, False), (BEYOND, True)):
        found = failing(**rows, **{name: limit + sign * off * unit})
        assert (reason in found) == fails, (off, found)


@pytest.mark.parametrize("key", ["GATE-B-RATING", "GATE-B-MEZZ-RATING"])
def test_a_rating_may_lie_two_notches_under_its_target_and_no_three(key: str) -> None:
    reason = RULES[key]["reason"]
    which = {"RATING_BELOW_TARGET": "SENIOR_RATING", "MEZZ_RATING_BELOW_TARGET": "MEZZ_RATING"}
    target = "SENIOR_RATING_TARGET" if reason == "RATING_BELOW_TARGET" else "MEZZ_RATING_TARGET"
    # AAA is notch 1, AA 3, A 6: AA is two under AAA, A three under AA
    assert reason not in failing(**{which[reason]: x.RATING_AA, target: x.RATING_AAA})
    assert reason in failing(**{which[reason]: x.RATING_A, target: x.RATING_AA})


def test_tranches_add_up_to_half_the_rest_and_to_the_cost() -> None:
    sound = {"SENIOR_NOTIONAL": 60.0, "MEZZ_NOTIONAL": 20.0, "EQUITY_NOTIONAL": 20.0}
    assert "MATH_ERROR" not in failing(**sound)
    assert "MATH_ERROR" in failing(**{**sound, "MEZZ_NOTIONAL": 20.00001})
    assert "MATH_ERROR" in failing(**{**sound, "EQUITY_NOTIONAL": 19.999})
    assert "MATH_ERROR" in failing(**{**sound, "SENIOR_NOTIONAL": 100.001, "MEZZ_NOTIONAL": 0.0})


@pytest.mark.parametrize("name", ["AAA", "AA", "A", "BBB", "BB"])
@pytest.mark.parametrize("shift", [0.05, 0.0, -0.05])
def test_the_matrix_rates_at_its_coverage_and_its_ltv(name: str, shift: float) -> None:
    row, number = V1["ratings"]["matrix"][name], NUMBER[name]
    least, most = row["min_dscr"] + shift, row["max_ltv_pct"]
    assert rating.by_matrix(least, most, shift, BOOK) == number
    assert rating.by_matrix(least - WITHIN, most + WITHIN, shift, BOOK) == number
    assert rating.by_matrix(least - BEYOND, most, shift, BOOK) == number - 1
    assert rating.by_matrix(least, most + BEYOND, shift, BOOK) == number - 1


@pytest.mark.parametrize("name", ["AAA", "AA", "A", "BBB"])
def test_a_wrap_lifts_at_its_insurer_and_its_relief(name: str) -> None:
    row, number = RULES["RK-WRAP-001"]["threshold"][name], NUMBER[name]
    insurer = kernel_side.notch(row["min_insurer"])
    least = V1["ratings"]["matrix"][name]["min_dscr"] - row["dscr_relief"]
    ltv = V1["ratings"]["matrix"][name]["max_ltv_pct"]
    assert rating.by_wrap(least, ltv, 0.0, insurer, BOOK) == number
    assert rating.by_wrap(least - BEYOND, ltv, 0.0, insurer, BOOK) < number
    assert rating.by_wrap(least, ltv + BEYOND, 0.0, insurer, BOOK) < number
    assert rating.by_wrap(least, ltv, 0.0, insurer + 1, BOOK) < number
    wrapped = inputs_of(WRAP_TYPE=x.WRAP_SENIOR, INSURER_NOTCH=insurer)
    assert rating.wrap_relief(wrapped, 0, number, BOOK) == row["dscr_relief"]
    weaker = inputs_of(WRAP_TYPE=x.WRAP_SENIOR, INSURER_NOTCH=insurer + 1)
    assert rating.wrap_relief(weaker, 0, number, BOOK) == 0.0


@pytest.mark.parametrize("name", ["AAA", "AA", "A"])
def test_a_wraps_price_is_in_range_at_both_ends(name: str) -> None:
    low, high = RULES["RK-WRAP-001"]["threshold"][name]["cost_bps"]
    row = V1["ratings"]["matrix"][name]
    out = figures_of(DSCR_MIN=row["min_dscr"] - 0.04, SENIOR_LTV_PCT=row["max_ltv_pct"],
                     SENIOR_RATING=NUMBER[name])  # fmt: skip
    for premium, told in ((low - 0.01, True), (low, False), (high, False), (high + 0.01, True)):
        inputs = inputs_of(WRAP_TYPE=x.WRAP_SENIOR, WRAP_PREMIUM_BPS=premium)
        raised = gates.warnings(inputs, 0, out, 0, BOOK)
        assert bool(raised >> codes.WARN_WRAP_COST & 1) == told


@pytest.mark.parametrize("name", ["AAA", "AA", "A", "BBB"])
def test_a_tenant_may_have_the_share_of_the_rating(name: str) -> None:
    row, matrix = RULES["RK-CONC-001"]["threshold"][name], V1["ratings"]["matrix"][name]
    weakest = kernel_side.MIDDLE_NOTCH.get(row.get("min_tenant"), 12)

    def breached(share: float, tenant: int) -> bool:
        inputs = inputs_of(TENANT_NOTCH=tenant, TENANT_SHARE_PCT=share)
        dscr, ltv = matrix["min_dscr"], matrix["max_ltv_pct"]
        return bool(rating.senior_rating(inputs, 0, dscr, ltv, BOOK)[2])

    assert not breached(row["max_share_pct"], weakest)
    assert not breached(row["max_share_pct"] + WITHIN, weakest)
    assert breached(row["max_share_pct"] + BEYOND, weakest)
    assert breached(10.0, weakest + 1) == ("min_tenant" in row)


def test_what_enhances_a_concentration_does_so_at_its_threshold() -> None:
    def rated(**rows: float) -> int:
        inputs = inputs_of(TENANT_SHARE_PCT=90.0, **rows)
        return int(rating.senior_rating(inputs, 0, 2.0, 40.0, BOOK)[1])

    assert rated(TENANT_NOTCH=9, DSRA_MONTHS=6) == x.RATING_AAA
    assert rated(TENANT_NOTCH=9, DSRA_MONTHS=5) == x.RATING_BBB
    assert rated(TENANT_NOTCH=3) == x.RATING_AAA  # AA
    assert rated(TENANT_NOTCH=4) == x.RATING_AA  # AA-, which is of its own category
    assert rated(TENANT_NOTCH=9, WRAP_TYPE=x.WRAP_SENIOR) == x.RATING_AAA


def legs(place: str, rows: Rows, number: int, dscr: float, wal: float, advance: float) -> set[str]:
    where = PLACES.index(place)
    inputs = inputs_of(JURISDICTION=where, CURRENCY=min(where, 2), **rows)
    mask = rating.repo_failed_legs(inputs, 0, number, dscr, wal, advance, BOOK)
    return {name for bit, name in enumerate(codes.REPO_LEG_NAMES) if mask >> bit & 1}


@pytest.mark.parametrize("place", ["UK", "EU", "US"])
def test_repo_legs_hold_at_their_thresholds(place: str) -> None:
    rule, bank = RULES["RK-REPO-001"], RULES["RK-REPO-001"]["threshold"][place]
    tenor, advance = float(bank["max_tenor_years"]), float(bank["max_advance_pct"])
    at = {"SENIOR_TENOR_YEARS": tenor, "LEASE_YEARS": tenor, "MAX_SENIOR_WAL_YEARS": 12.0}
    least, good = rule["min_dscr"], x.RATING_AA
    assert legs(place, at, good, least, 12.0, advance) == set()
    assert legs(place, at, good, least - BEYOND, 12.0, advance) == {"DSCR"}
    assert legs(place, at, good, least, 12.0 + BEYOND, advance) == {"WAL"}
    assert legs(place, at, good, least, 12.0, advance + BEYOND) == {"CENTRAL_BANK_ADVANCE_FACTOR"}
    longer = {**at, "SENIOR_TENOR_YEARS": tenor + BEYOND}
    over = {"TENOR_OVER_LEASE", "CENTRAL_BANK_TENOR"}
    assert legs(place, longer, good, least, 12.0, advance) == over
    bank_least = NUMBER[bank["min_rating"]]
    below = {"RATING"} | ({"CENTRAL_BANK_RATING"} if bank_least > x.RATING_A else set())
    assert legs(place, at, x.RATING_A, least, 12.0, advance) == below
    assert "CENTRAL_BANK_RATING" not in legs(place, at, bank_least, least, 12.0, advance)
    assert "CENTRAL_BANK_RATING" in legs(place, at, bank_least - 1, least, 12.0, advance)


@pytest.mark.parametrize("name", ["AAA", "AA", "A", "BBB"])
def test_a_haircut_is_of_the_first_bucket_that_reaches_the_tenor(name: str) -> None:
    rule, number = RULES["RK-REPO-002"], NUMBER[name]
    for place, end in enumerate(rule["tenor_years"]):
        wanted = rule["threshold"][name][place]
        for tenor in (end - 0.5, float(end)):
            found = rating.repo_haircut_pct(number, tenor, BOOK)
            assert np.isnan(found) if wanted is None else found == wanted
    assert np.isnan(rating.repo_haircut_pct(number, 30.5, BOOK))


def warned(**rows: float) -> set[str]:
    inputs = inputs_of(**{n: v for n, v in rows.items() if hasattr(x, n) and not hasattr(f, n)})
    out = figures_of(**{n: v for n, v in rows.items() if hasattr(f, n)})
    mask = gates.warnings(inputs, 0, out, 0, BOOK)
    return {name for bit, name in enumerate(codes.WARNING_NAMES) if mask >> bit & 1}


def test_warnings_start_at_their_thresholds() -> None:
    edge = 1.15 + V1["warnings"]["marginal_dscr_headroom"]
    assert "MARGINAL_CREDIT" not in warned(DSCR_MIN=edge)
    assert "MARGINAL_CREDIT" in warned(DSCR_MIN=edge - BEYOND)
    assert "LIMITED_UNIVERSE" not in warned(SENIOR_RATING=x.RATING_A)
    assert "LIMITED_UNIVERSE" in warned(SENIOR_RATING=x.RATING_BBB)
    assert "HIGH_COMPLEXITY" not in warned(DERIVATIVES=3.0)
    assert "HIGH_COMPLEXITY" in warned(DERIVATIVES=4.0)
    assert "LEVERAGE_LOW" not in warned(SENIOR_NOTIONAL=60.0)
    assert "LEVERAGE_LOW" in warned(SENIOR_NOTIONAL=60.0 - BEYOND)


def tier_of(day1: float, passed: bool, **rows: float) -> str:
    return codes.TIER_NAMES[scoring.tier(0, figures_of(**rows), day1, passed, BOOK)]


def test_tiers_begin_at_their_thresholds() -> None:
    full = {"FULL_COVERAGE": 1.0}
    assert tier_of(10.0, True, **full) == "Diamond"
    assert tier_of(10.0 - BEYOND, True, **full) == "Gold"
    assert tier_of(10.0, True, **full, SENIOR_RATING=x.RATING_AA) == "Gold"
    assert tier_of(10.0, True, **full, REPO_ELIGIBLE=0.0) == "Gold"
    assert tier_of(10.0, False, **full) == "Silver"
    assert tier_of(5.0, True, **full, SENIOR_RATING=x.RATING_A) == "Gold"
    assert tier_of(5.0 - BEYOND, True, **full) == "Silver"
    assert tier_of(5.0, True, **full, SENIOR_RATING=x.RATING_BBB) == "Silver"
    assert tier_of(5.0, True, **full, SENIOR_RATING=x.RATING_BB) == "Not Viable"
    assert tier_of(10.0, True, FULL_COVERAGE=1.0 - WITHIN) == "Diamond"
    assert tier_of(10.0, True, FULL_COVERAGE=1.0 - BEYOND) == "Bronze"
    assert tier_of(10.0, True, **full, GATE_B_FAILED=1.0) == "Not Viable"


def test_each_tier_has_conditions_of_its_own() -> None:
    """A rulebook whose tiers ask for different coverage, and leave out repo and stresses."""
    tiers: dict[str, Any] = {
        "diamond": V1["tiers"]["diamond"]
        | {"min_coverage_pct": 120, "repo_eligible": False, "stresses_passed": False},
        "gold": V1["tiers"]["gold"] | {"min_coverage_pct": 110, "stresses_passed": False},
        "silver": V1["tiers"]["silver"] | {"min_coverage_pct": 90},
    }
    book = packed_rules(kernel_side.rules_of(V1 | {"tiers": tiers}, V1["composite"]["weights"]))
    wanted_at = {1.2: "Diamond", 1.2 - BEYOND: "Gold", 1.1: "Gold", 1.1 - BEYOND: "Silver",
                 0.9: "Silver", 0.9 - BEYOND: "Bronze"}  # fmt: skip
    for coverage, wanted in wanted_at.items():
        out = figures_of(FULL_COVERAGE=coverage, REPO_ELIGIBLE=0.0)
        assert codes.TIER_NAMES[scoring.tier(0, out, 10.0, False, book)] == wanted
