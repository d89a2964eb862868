"""The catalogue as the tests need it, and random structures drawn from it.

Numbers are (default, least, most); choices are (default, allowed values in catalogue order).
"""

import random
from typing import Any

NUMBERS: dict[str, tuple[float, float, float]] = {
    "GrossITLoad_02": (100.0, 1, 3000),
    "PUE_03": (1.30, 1.05, 1.8),
    "CapexCostPrice_04": (7_500_000, 2_000_000, 20_000_000),
    "CapexMarketRate_05": (9_000_000, 3_000_000, 25_000_000),
    "LandPurchaseFees_06": (20_000_000, 0, 500_000_000),
    "GrossMonthlyRent_07": (2_500_000, 100_000, 200_000_000),
    "OPEX_08": (25.0, 0, 80),
    "TotalStructuringFees_14": (0.0, 0, 50_000_000),
    "LeaseTermYears_22": (25, 5, 40),
    "ConstructionToCODMonths_23": (12, 0, 36),
    "BaseCurveShift_bps_28": (0, -300, 300),
    "CreditSpreadAAA_bps_29": (70, 0, 300),
    "CreditSpreadAA_bps_30": (90, 0, 400),
    "CreditSpreadA_bps_31": (120, 0, 600),
    "CreditSpreadBBB_bps_32": (180, 0, 900),
    "InflationSpot_33": (2.0, -2, 15),
    "FXSpot_35": (1.00, 0.2, 5),
    "FXHedgeCost_bps_36": (50, 0, 400),
    "TargetDSCRSenior_37": (1.30, 1.10, 2.50),
    "SeniorCoupon_38": (5.00, 0.5, 12),
    "SeniorTenorY_39": (25, 3, 40),
    "SeniorGracePeriod_41": (0, 0, 60),
    "SeniorFeesUpfront_bps_42": (50, 0, 300),
    "SeniorOngoingFees_bps_43": (20, 0, 150),
    "TargetDSCRMezz_45": (1.15, 1.05, 1.60),
    "MezzCoupon_46": (8.0, 4, 20),
    "MezzTenorY_47": (10, 3, 30),
    "MezzFeesUpfront_bps_49": (100, 0, 500),
    "MezzOngoingFees_bps_50": (50, 0, 250),
    "FirstLossPct_52": (5, 0, 20),
    "TRS_EquityPct_53": (5, 0, 80),
    "TRS_CouponOrFee_54": (3, 0, 15),
    "EquityIRRTarget_55": (17, 5, 40),
    "CallOptionYears_56": (5, 0, 15),
    "WrapPremium_bps_58": (60, 0, 300),
    "DSRA_Months_59": (6, 0, 12),
    "LiquidityFacilityMonths_60": (3, 0, 12),
    "InsurancePremium_bps_62": (50, 0, 300),
    "CPI_FloorPct_63": (1, 0, 5),
    "CPI_CapPct_64": (4, 1, 8),
    "EscalatorFixedPct_65": (2, 0, 5),
    "Vacancy_UtilisationPct_66": (5, 0, 30),
    "CollectionLagDays_67": (30, 0, 90),
    "RentFreeMonths_68": (0, 0, 24),
    "MaintenanceCapexPct_69": (2, 0, 10),
    "PPA_TermYears_71": (0, 0, 25),
    "PPA_Strike_GBP_MWh_72": (80, 10, 400),
    "PowerSwapTenorY_73": (0, 0, 20),
    "PowerHedgeCoveragePct_74": (0, 0, 100),
    "ConcentrationLimitPct_78": (50, 10, 100),
    "MaxWAL_Senior_80": (20, 1, 40),
    "Rent_DownsidePct_85": (10, 0, 40),
}
WHOLE = {
    "ConstructionToCODMonths_23",
    "SeniorGracePeriod_41",
    "DSRA_Months_59",
    "LiquidityFacilityMonths_60",
    "CollectionLagDays_67",
    "RentFreeMonths_68",
    "CallOptionYears_56",
}
YEARS = {"LeaseTermYears_22", "SeniorTenorY_39", "MezzTenorY_47"}  # whole months

CHOICES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "Currency_01": ("GBP", ("GBP", "EUR", "USD", "JPY", "AED")),
    "OPEXMode_17": ("PercentOfRevenue", ("PercentOfRevenue", "Absolute")),
    "IndexationMode_18": ("Flat", ("Flat", "CPI_Linked", "Partial")),
    "IndexationBase_19": ("HeadlineCPI", ("HeadlineCPI", "CoreCPI", "FixedEscalator")),
    "RevenueBasis_20": ("Contracted", ("Contracted", "Underwritten", "Conservative")),
    "CapexBasis_21": ("MarketRate_05", ("MarketRate_05", "CostPrice_04", "Blend")),
    "PowerHedgeMode_24": ("Unhedged", ("Unhedged", "PPA", "FinancialSwap", "PPA_Plus_Swap")),
    "CurrencyPolicy_25": ("LocalCurrency", ("LocalCurrency", "HedgedTo_01", "Mixed")),
    "VAT_TaxTreatmentToggle_26": (False, (False, True)),
    "BaseCurveAnchor_27": ("10Y", ("5Y", "7Y", "10Y", "15Y", "20Y", "25Y", "30Y", "40Y")),
    "InflationFwdTerm_34": ("10Y", ("5Y", "10Y")),
    "SeniorAmortType_40": (
        "Annuity",
        ("Annuity", "Sculpted", "Bullet", "StepDown", "LevelPrincipal"),
    ),
    "SeniorRepoEligibleFlag_44": (True, (False, True)),
    "MezzAmortType_48": ("Bullet", ("Annuity", "Bullet", "PIKWindow")),
    "IntercreditorStyle_51": ("Sequential", ("Sequential", "ProRata", "OCTriggered")),
    "MonolineWrapFlag_57": ("None", ("None", "SeniorOnly", "WholeStack")),
    "InsuranceProgrammeType_61": ("Both", ("Construction", "Ops", "Both")),
    "PowerPassThroughMode_70": ("Tenant", ("Landlord", "Tenant", "Share")),
    "MinSeniorRatingTarget_75": ("AAA", ("AAA", "AA", "A", "BBB")),
    "MinMezzRatingTarget_76": ("BBB", ("A", "BBB", "BB", "Unrated")),
    "TenantRatingFloor_77": ("A-", ("AAA", "AA", "A+", "A-", "BBB", "BB-", "CCC")),
    "JurisdictionEligibility_79": ("CB_RepoEligible", ("CB_RepoEligible", "PPOnly", "NA")),
    "HaircutRuleSet_81": ("RA_Base", ("RA_Conservative", "RA_Base", "Internal_Base")),
}
# What only the waterfall, day-one value and the stresses read.
CASH_NUMBERS: dict[str, tuple[float, float, float]] = {
    "Rate_Shock_bps_83": (100, -300, 300),
    "OPEX_StressPct_84": (10, 0, 30),
    "TenantDefaultProb_86": (1, 0, 20),
    "RecoveryLagMonths_87": (6, 0, 24),
    "RefinanceSpreadAdd_bps_88": (100, 0, 600),
    "CapexOverrunPct_89": (10, 0, 40),
    "COD_DelayMonths_90": (6, 0, 24),
    "ZCiS_NotionalPct_91": (50, 0, 100),
    "CPI_BasisAdj_bps_94": (15, 0, 80),
    "CCY_SwapTenorY_96": (0, 0, 30),
    "CCY_SwapCost_bps_97": (60, 0, 400),
    "OC_TestLevels_100": (5, 0, 30),
}
CASH_CHOICES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "TRS_MarginingFreq_95": ("Quarterly", ("Monthly", "Quarterly")),
    "DerivativeCSAType_98": ("TwoWay", ("TwoWay", "OneWay", "Threshold")),
    "PriorityOfPayments_99": ("Std", ("Std", "Enhanced")),
    "CashTrapRules_102": ("EquityBlock", ("MezzBlock", "EquityBlock", "SweepPct")),
    "AmortSwitchRules_103": ("TurboOnTrap", ("TurboOnTrap", "TimeBased", "RatingDowngrade")),
    "ExcessSpreadUse_104": ("PayDown", ("PayDown", "Reserve", "DistToEquity")),
    "ReinvestmentOption_105": ("Off", ("Off", "LeaseBacked", "Limited")),
    "FeesPriorityMode_106": ("SeniorFirst", ("SeniorFirst", "ProRataFees")),
}
CASH_OTHERS: dict[str, Any] = {
    "CPI_Scenarios_82": [0.0, 1.8, 2.5],
    "ZCiS_ImpliedRate_93": None,  # not in the request: the market's breakeven of the term
    "DSCR_TriggerLevels_101": "1.20|1.05",
}
RATE_OPTIONS = ("floor", "cap", "collar")
COUNTERPARTIES = (None, "AAA", "AA", "A", "BBB")
TENANTS = ("AAA", "AA+", "AA", "AA-", "A+", "A", "A-", "BBB+", "BBB-", "BB", "B", "CCC+", "D")
INSURERS = (None, "AAA", "AA+", "AA", "A+", "A", "A-", "BB")
OVERLAYS = ("zcis_5y", "zcis_10y", "trs", "floor", "strip")
COUNTRIES = {"GBP": "UK", "EUR": "DE", "USD": "US", "JPY": "JP", "AED": "AE"}


def default_values(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {name: row[0] for name, row in (NUMBERS | CHOICES).items()}
    values["CompositeWeights_110"] = {
        "SeniorRaise": 0.35, "WACC": 0.25, "Day1": 0.20, "DSCR": 0.10, "Rating": 0.10,
    }  # fmt: skip
    values |= {name: row[0] for name, row in (CASH_NUMBERS | CASH_CHOICES).items()}
    values |= CASH_OTHERS
    values["HardFilters_111"] = ["DSCR>=1.30", "RepoEligible=Yes", "SeniorRating>=AAA"]
    unknown = changes.keys() - values.keys()
    assert not unknown, unknown
    return values | changes


def default_facts(**changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "country": None,
        "local_currency": "GBP",
        "asset_type": "data_centre",
        "tenant_rating": None,
        "tenant_share_pct": 100.0,
        "rent": {},
        "mezz": False,
        "overlays": set(),
        "max_ltv_pct": None,
        "min_icr": None,
        "insurer_rating": None,
        "dsra_funding": "Cash",
        "deal": {},
        "geo_concentration": False,
        "capitalise_interest": True,
        "prepayment_penalty_pct": 0.0,
        "payment_frequency": "Monthly",
        "mezz_reserve_months": 0,
        "counterparty_rating": None,
    }
    unknown = changes.keys() - facts.keys()
    assert not unknown, unknown
    return facts | changes


def _number(draw: random.Random, name: str, low: float, high: float) -> float:
    if name in WHOLE:
        return float(draw.randint(int(low), int(high)))
    if name in YEARS:
        if draw.random() < 0.7:
            return float(draw.randint(int(low), int(high)))
        return draw.randint(int(12 * low), int(12 * high)) / 12
    return draw.uniform(low, high)


def anywhere(draw: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """A structure from the whole catalogue, invalid ones included."""
    values = default_values()
    for name, (_, low, high) in NUMBERS.items():
        if draw.random() < 0.6:
            values[name] = _number(draw, name, low, high)
    for name, (_, allowed) in CHOICES.items():
        values[name] = draw.choice(allowed)
    # Left to chance, power and tenor would leave most structures without debt.
    rent = values["GrossITLoad_02"] * draw.choice((20_000, 50_000, 150_000, 300_000))
    values["GrossMonthlyRent_07"] = rent * draw.uniform(0.7, 1.3)
    if values["OPEXMode_17"] == "Absolute":
        values["OPEX_08"] = 12 * values["GrossMonthlyRent_07"] * draw.uniform(0, 0.6)
    if draw.random() < 0.7:
        values["SeniorTenorY_39"] = max(3.0, values["SeniorTenorY_39"] // 2)
        values["LeaseTermYears_22"] = max(values["LeaseTermYears_22"], values["SeniorTenorY_39"])
    return values, facts_for(draw, values)


def plausible(draw: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """A structure on the grids a sponsor would try, so that many pass the gates."""
    values, _ = anywhere(draw)
    lease = draw.choice((20.0, 22.5, 25.0, 30.0))
    size = draw.choice((50.0, 100.0, 250.0))
    cost = draw.choice((6_000_000, 7_500_000, 9_000_000))
    values |= {
        "GrossITLoad_02": size,
        "CapexCostPrice_04": 0.85 * cost,
        "CapexMarketRate_05": cost,
        "LandPurchaseFees_06": draw.choice((0.0, 5_000_000.0)),
        "TotalStructuringFees_14": draw.choice((0.0, 2_000_000.0)),
        "GrossMonthlyRent_07": size * cost * draw.uniform(0.09, 0.15) / 12,
        "OPEXMode_17": "PercentOfRevenue",
        "OPEX_08": draw.choice((5.0, 10.0, 20.0, 25.0)),
        "LeaseTermYears_22": lease,
        "ConstructionToCODMonths_23": draw.choice((0.0, 6.0, 12.0)),
        "BaseCurveShift_bps_28": draw.choice((-50, 0, 50)),
        "InflationSpot_33": draw.choice((1.0, 2.0, 3.0)),
        "CPI_FloorPct_63": 1.0,
        "CPI_CapPct_64": 4.0,
        "TargetDSCRSenior_37": draw.choice((1.15, 1.20, 1.25, 1.30, 1.35, 1.50)),
        "SeniorCoupon_38": draw.choice((4.0, 4.5, 5.0, 5.5, 6.0)),
        "SeniorTenorY_39": draw.choice((12.0, 15.0, 18.0)),
        "SeniorAmortType_40": draw.choice(
            ("Annuity", "Annuity", "Sculpted", "StepDown", "LevelPrincipal", "Bullet")
        ),
        "SeniorGracePeriod_41": draw.choice((0.0, 0.0, 0.0, 12.0)),
        "TargetDSCRMezz_45": draw.choice((1.05, 1.10, 1.15)),
        "MezzTenorY_47": draw.choice((7.0, 10.0, 15.0, 20.0)),
        "EquityIRRTarget_55": draw.choice((9.0, 11.0, 13.0)),
        "RentFreeMonths_68": draw.choice((0.0, 0.0, 3.0, 12.0)),
        "Vacancy_UtilisationPct_66": draw.choice((0.0, 5.0)),
        "PowerPassThroughMode_70": draw.choice(("Tenant", "Tenant", "Tenant", "Share")),
        "MinSeniorRatingTarget_75": draw.choice(("AAA", "AA", "A", "BBB", "BBB", "BBB")),
        "FirstLossPct_52": 5.0,
        "MaxWAL_Senior_80": draw.choice((8.0, 12.0, 20.0)),
        "FXSpot_35": draw.choice((0.8, 1.0, 1.2)),
        "TenantRatingFloor_77": draw.choice(("A-", "BBB", "BB-")),
    }  # fmt: skip
    return values, facts_for(draw, values)


def facts_for(draw: random.Random, values: dict[str, Any]) -> dict[str, Any]:
    rent: dict[str, float] = {}
    monthly = values["GrossMonthlyRent_07"]
    kilowatts = 1000 * values["GrossITLoad_02"]
    kind = draw.random()
    if kind < 0.15:
        rent = {"per_kw_month": monthly / kilowatts}
    elif kind < 0.3:
        rent = {"per_kwh": monthly / kilowatts / 730}
    currency = values["Currency_01"]
    country = draw.choice((COUNTRIES[currency], None, "US", "FR", "GB", "NO"))
    if country is None and currency in ("JPY", "AED"):
        country = "NO"
    return default_facts(
        country=country,
        local_currency=draw.choice((currency, currency, "GBP", "EUR", "AED")),
        asset_type=draw.choice(("data_centre", "data_centre", "renewable", "infrastructure")),
        tenant_rating=draw.choice((None, *TENANTS)),
        tenant_share_pct=draw.choice((10.0, 25.0, 30.0, 35.0, 38.0, 45.0, 60.0, 100.0)),
        rent=rent,
        mezz=draw.random() < 0.6,
        overlays={name for name in OVERLAYS if draw.random() < 0.4},
        max_ltv_pct=draw.choice((None, None, 40.0, 55.0, 65.0, 70.0)),
        min_icr=draw.choice((None, None, 1.75, 2.0, 3.0)),
        insurer_rating=draw.choice(INSURERS),
        dsra_funding=draw.choice(("Cash", "LetterOfCredit")),
        deal={
            flag: draw.random() < 0.8
            for flag in ("true_sale", "governing_law", "rule_144a")
            if draw.random() < 0.7
        },
        geo_concentration=draw.random() < 0.3,
    )


WHOLE_CASH = {"RecoveryLagMonths_87", "COD_DelayMonths_90"}


def with_cash(
    draw: random.Random, structure: tuple[dict[str, Any], dict[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The structure with terms for its waterfall, day-one value and stresses drawn too."""
    values, facts = dict(structure[0]), dict(structure[1])
    for name, (_, low, high) in CASH_NUMBERS.items():
        if draw.random() < 0.6:
            whole = name in WHOLE_CASH
            values[name] = float(draw.randint(int(low), int(high))) if whole else draw.uniform(
                low, high
            )  # fmt: skip
    for name, (_, allowed) in CASH_CHOICES.items():
        values[name] = draw.choice(allowed)
    values |= {
        "CCY_SwapTenorY_96": float(draw.choice((0, 5, 10, 15, 30))),
        "CPI_Scenarios_82": [draw.choice((0.0, 1.0, -0.5)), draw.uniform(0, 3), draw.uniform(2, 8)],
        "ZCiS_ImpliedRate_93": draw.choice((None, None, draw.uniform(1, 4))),
        "DSCR_TriggerLevels_101": draw.choice(
            ("1.20|1.05", "1.20|1.05", "1.35|1.15", "2.00|1.50", "1.10|1.00")
        ),
    }
    facts |= {
        "capitalise_interest": draw.random() < 0.7,
        "prepayment_penalty_pct": draw.choice((0.0, 0.0, 1.5)),
        "payment_frequency": draw.choice(("Monthly", "Quarterly")),
        "mezz_reserve_months": draw.choice((0, 0, 3, 6, 24)),
        "counterparty_rating": draw.choice(COUNTERPARTIES),
        "deal": facts["deal"]
        | {
            "rate_option": draw.choice(RATE_OPTIONS),
            "fee_rebate_pct": draw.choice((0.0, 10.0)),
            "advance_uplift_pct": draw.choice((0.0, 0.0, 1.0)),
        },
    }
    return values, facts


def strained(draw: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """A plausible structure with debt, little headroom and low triggers hit now and then."""
    values, facts = plausible(draw)
    values |= {
        "TargetDSCRSenior_37": draw.choice((1.10, 1.15, 1.20)),
        "SeniorOngoingFees_bps_43": draw.choice((20.0, 150.0)),
        "MaintenanceCapexPct_69": draw.choice((2.0, 10.0)),
        "DSRA_Months_59": draw.choice((0.0, 3.0, 6.0)),
        "LiquidityFacilityMonths_60": draw.choice((0.0, 3.0)),
        "OC_TestLevels_100": draw.choice((5.0, 30.0)),
    }
    return with_cash(draw, (values, facts))
