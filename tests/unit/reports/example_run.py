"""A small run as the documents it writes, for the report tests; the figures are made up."""

from typing import Any

from kernels import scenarios

SUMMARY: dict[str, Any] = {
    "schema": 1,
    "run_id": "4f1d09c2ab7e55d0",
    "seed": 42,
    "fingerprint": "8a61c3f05e9b",
    "total_scenarios": 87_040,
    "viable_scenarios": 1_120,
    "viability_rate": 1_120 / 87_040,
    "best_irr": 15.37,
    "best_dscr": 1.5,
    "avg_senior": 23_418_000.5,
    "best_wacc": 9.4312,
    "max_senior": 29_871_234.0,
    "max_day1": 2_961_400.0,
    "fully_funded_scenarios": 1_344,
    "gates": {
        "a": {"in": 87_040, "passed": 24_608, "reasons": {"INSUFFICIENT_CAPITAL": 51_000}},
        "b": {"in": 24_608, "passed": 4_896, "reasons": {"STRESS_DSCR_BREACH": 12_000}},
    },
    "tiers": {"Diamond": 0, "Gold": 0, "Silver": 1_344, "Bronze": 3_552, "Not Viable": 82_144},
    "binding_constraints": [
        {"reason": "INSUFFICIENT_CAPITAL", "count": 40_231, "share_pct": 46.221278},
        {"reason": "COUPON_OUT_OF_MARKET", "count": 22_201, "share_pct": 25.506664},
        {"reason": "DSCR_BELOW_MINIMUM", "count": 9_920, "share_pct": 11.397059},
        {"reason": "STRESS_DSCR_BREACH", "count": 7_744, "share_pct": 8.897059},
        {"reason": "ICR_BELOW_MINIMUM", "count": 1_952, "share_pct": 2.242647},
        {"reason": "LEVERAGE_TOO_HIGH", "count": 64, "share_pct": 0.073529},
        {"reason": "WAL_EXCEEDS_LIMIT", "count": 32, "share_pct": 0.036765},
    ],
    "tiers_by": {"mode": "conditions"},
    "rulebook": {"name": "v1", "version": "1.0", "date": "2026-01-21", "sha256": "a1" * 32},
    "market": {
        "name": "gbp",
        "date": "2026-01-30",
        "currency": "GBP",
        "sha256": "b2" * 32,
        "stale_after_days": 90,
        "age_days": 4,
        "stale": False,
    },
    "reverse_check": {
        "rows": 561,
        "largest_notional_gap": 431.25,
        "largest_dscr_gap": 2e-15,
    },
    "timings": {"pruning": 1.2},
    "rows_per_second": 41_000.0,
    "peak_memory_mb": 611.0,
    "optimal": None,  # set below
    "not_modelled": ["floating coupons"],
}

MANIFEST: dict[str, Any] = {
    "schema": 1,
    "run_id": SUMMARY["run_id"],
    "created_at": "2026-02-03T09:15:00Z",
    "project": {
        "id": "small",
        "title": "Five megawatt data centre near Slough",
        "country": "UK",
        "asset_type": "data_centre",
        "currency": "GBP",
        "tenant": {"name": "Northern Compute plc", "rating": "A", "share_pct": 100},
    },
    "market": {"name": "gbp", "date": "2026-01-30"},
    "rulebook": {"name": "v1", "version": "1.0", "date": "2026-01-21"},
    "objective": "Composite",
    "space_size": 87_040,
    "request": {
        "base": {
            "CPI_Scenarios_82": [0.0, 1.8, 2.5],
            "Rate_Shock_bps_83": 125,
            "OPEX_StressPct_84": 10,
            "Rent_DownsidePct_85": 15,
            "RecoveryLagMonths_87": 9,
            "RefinanceSpreadAdd_bps_88": 100,
            "CapexOverrunPct_89": 12.5,
            "COD_DelayMonths_90": 6,
        },
        "rulebook": {
            "stress": {"cpi_extra_pct": 3.5},
            "rules": {"RK-DSCR-002": {"rate_shock_bps": 200.0}},
        },
    },
}

DAY_ONE: dict[str, Any] = {
    "day1_cash": 2_361_000.0,
    "day1_wrap": 0.0,
    "day1_zcis_5y": 965_400.0,
    "day1_zcis_10y": 1_414_500.0,
    "day1_rate_option": 381_100.0,
    "day1_trs": 9_500.0,
    "day1_strip": 0.0,
    "day1_currency_swap": -409_500.0,
    "day1_fee_rebate": 0.0,
    "day1_advance_uplift": 0.0,
}

LEVERS: dict[str, Any] = {
    "TargetDSCRSenior_37": 1.3,
    "SeniorCoupon_38": 5.5,
    "SeniorTenorY_39": 10.0,
    "SeniorAmort_40": "Annuity",
    "zcis_5y": False,
    "zcis_10y": False,
    "trs": True,
    "floor": False,
    "strip": False,
}


def _sources_and_uses(senior: float) -> dict[str, float]:
    uses = {
        "total_cost": 40_000_000.0,
        "upfront_fees": 136_500.0,
        "construction_insurance": 200_000.0,
        "dsra_funding": 1_654_600.0,
        "interest_during_construction": 544_700.0,
        "rent_free_reserve": 0.0,
        "working_capital": 438_000.0,
    }
    structuring = 75_250.0
    total = structuring + sum(uses.values())
    return uses | {
        "required_capital": uses["total_cost"] + uses["upfront_fees"] + structuring,
        "total_uses": total,
        "equity_cheque": total - senior - DAY_ONE["day1_cash"],
    }


def _scenarios() -> dict[str, Any]:
    """Every scenario passes but the capex stress; the tenant default has no rate of return."""
    return {
        f"{name}_{figure}": value
        for place, name in enumerate(scenarios.NAMES[1:])
        for figure, value in {
            "dscr_min": 1.30 - 0.01 * place,
            "dscr_avg": 1.41 - 0.01 * place,
            "equity_irr": None if name == "default" else 14.0 - 0.1 * place,
            "worst_month": 13 + place,
            "months_under_1": place,
            "rating": "BBB",
            "passed": name != "capex",
        }.items()
    }


def top_rows(count: int = 10) -> list[dict[str, Any]]:
    return [
        {
            "rank": place + 1,
            "permutation_id": 41_216 + 32 * place,
            "viability_tier": "Silver" if place < 7 else "Bronze",
            "senior_rating": "A",
            "senior_rating_status": "OK",
            "senior_notional": 27_300_000.0 - 310_000.0 * place,
            "binding_constraint": "DSCR",
            "dscr_min": 1.30 + 0.05 * (place % 3),
            "dscr_avg": 1.41,
            "icr_min": 2.61 - 0.01 * place,
            "stress_dscr_worst": 1.12,
            "senior_ltv_pct": 68.25 - 0.7 * place,
            "senior_wal": 5.61,
            "mezz_notional": 0.0,
            "equity_notional": 12_700_000.0 + 310_000.0 * place,
            "wacc": 9.43 + 0.11 * place,
            "mezz_rating": None,
            "mezz_rating_status": "NO_MEZZ",
            "matrix_rating": "A",
            "equity_irr": 14.21 - 0.05 * place,
            "equity_irr_status": "OK",
            "equity_multiple": 5.84,
            "equity_multiple_status": "OK",
            "equity_cash_yield_pct": 26.47,
            "equity_cash_yield_pct_status": "OK",
            "fccr_min": 2.41,
            "expected_wal": 5.48,
            "covenant_dscr_min": 1.27,
            "covenant_dscr_avg": 1.33,
            "trap_months": 3,
            "turbo_months": 0,
            "call_value": 42_148.0,
            "warnings": ["HIGH_COMPLEXITY", "RESERVES_UNFUNDED"],
            **DAY_ONE,
            **_sources_and_uses(27_300_000.0 - 310_000.0 * place),
            **_scenarios(),
            "cash_coverage": 0.957,
            "capex_coverage": 1.024 - 0.004 * place,
            "full_coverage": 1.024 - 0.004 * place,
            "repo_eligible": False,
            "composite_score": 41.2 - 0.3 * place,
            **LEVERS,
        }
        for place in range(count)
    ]


SUMMARY["optimal"] = top_rows(1)[0]


def scatter() -> list[tuple[float | None, float | None, str]]:
    return [
        (
            29.5e6 - 2_600.0 * place + 900_000.0 * (place % 11),
            9.4 + 0.0011 * place + 0.09 * (place % 7),
            "Silver" if place < 1_344 else "Bronze",
        )
        for place in range(4_896)
    ]
