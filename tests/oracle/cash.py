"""From a sized structure to what its waterfall needs: terms, streams, reserves, uses and cheque."""

import math
from collections.abc import Sequence
from typing import Any

from .costs import at
from .income import conversion, lease_months
from .rating import SCALE, shift_of
from .senior import Loan
from .waterfall import BLANK_TERMS, Terms

LATE_MONTHS = 4  # receipts of the last lease month arrive by then


def months_of(values: dict[str, Any]) -> tuple[int, int]:
    """Senior and mezzanine tenor in months."""
    return round(12 * values["SeniorTenorY_39"]), round(12 * values["MezzTenorY_47"])


def received(values: dict[str, Any], gross: Sequence[float], horizon: int) -> list[float]:
    """When the rent of each month is paid: the later part of a started month a month later."""
    days = values["CollectionLagDays_67"]
    whole = math.floor(days / 30)
    part = days / 30 - whole

    def rent(month: int) -> float:
        return gross[month] if 1 <= month < len(gross) else 0.0

    return [0.0] + [
        (1 - part) * rent(m - whole) + part * rent(m - whole - 1) for m in range(1, horizon + 1)
    ]


def advanced(values: dict[str, Any], gross: Sequence[float], horizon: int) -> list[float]:
    """What working capital adds to receipts in the first paying months, so that they are whole."""
    days, rent_free = values["CollectionLagDays_67"], int(values["RentFreeMonths_68"])
    lent = [0.0] * (horizon + 1)
    if days > 0:
        receipts = received(values, gross, horizon)
        last = min(lease_months(values), rent_free + math.floor(days / 30) + 1)
        for m in range(rent_free + 1, last + 1):
            lent[m] = gross[m] - receipts[m]
    return lent


def wrap_monthly(values: dict[str, Any]) -> tuple[float, float]:
    """Wrap premium a month on a unit of senior and of mezzanine balance."""
    premium = values["WrapPremium_bps_58"] / 10_000 / 12
    kind = values["MonolineWrapFlag_57"]
    return premium if kind != "None" else 0.0, premium if kind == "WholeStack" else 0.0


def hedged_share(values: dict[str, Any], facts: dict[str, Any]) -> float:
    if facts["local_currency"] == values["Currency_01"]:
        return 0.0
    return {"LocalCurrency": 0.0, "HedgedTo_01": 1.0, "Mixed": 0.5}[values["CurrencyPolicy_25"]]


def facility_limit(values: dict[str, Any], facts: dict[str, Any], first_service: float) -> float:
    months = values["LiquidityFacilityMonths_60"]
    if facts["dsra_funding"] == "LetterOfCredit":
        months += values["DSRA_Months_59"]
    return months * first_service


def dsra_at_close(values: dict[str, Any], facts: dict[str, Any], first_service: float) -> float:
    if facts["dsra_funding"] == "LetterOfCredit":
        return 0.0
    return values["DSRA_Months_59"] * first_service


def uses_of_funds(
    values: dict[str, Any],
    facts: dict[str, Any],
    found: dict[str, Any],
    senior: Loan | None,
    flows: dict[str, list[float]],
) -> dict[str, float]:
    """Uses at close by name; they sum to what the sources must bring."""
    notional, second = found["senior_notional"], found["mezz_notional"]
    built = values["ConstructionToCODMonths_23"]
    first = at(senior["service"] if senior else None, 1)
    insured = values["InsuranceProgrammeType_61"] in ("Construction", "Both")
    premium = values["InsurancePremium_bps_62"] / 10_000 * found["internal_costs"] * built / 12
    borrowed = notional * values["SeniorCoupon_38"] + second * values["MezzCoupon_46"]
    fee = values["SeniorOngoingFees_bps_43"] / 10_000 / 12 + wrap_monthly(values)[0]
    rent_free_reserve = 0.0
    for m in range(1, int(values["RentFreeMonths_68"]) + 1):
        service = at(senior["service"] if senior else None, m)
        owed = at(senior["opening"] if senior else None, m)
        rent_free_reserve += max(0.0, service + fee * owed - flows["net"][m])
    horizon = lease_months(values) + LATE_MONTHS
    return {
        "total_cost": found["total_cost"],
        "structuring_fees": conversion(values, facts) * values["TotalStructuringFees_14"],
        "senior_upfront_fee": values["SeniorFeesUpfront_bps_42"] / 10_000 * notional,
        "mezz_upfront_fee": values["MezzFeesUpfront_bps_49"] / 10_000 * second,
        "construction_insurance": premium if insured else 0.0,
        "dsra": dsra_at_close(values, facts, first),
        "interest_during_construction": borrowed / 100 * built / 12 / 2
        if facts["capitalise_interest"]
        else 0.0,
        "rent_free_reserve": rent_free_reserve,
        "working_capital": sum(advanced(values, flows["gross"], horizon)),
    }


def share_of_balance(loan: Loan | None, horizon: int, quiet: int = 0) -> list[float]:
    """Scheduled principal over the opening balance; none in the first `quiet` months."""
    shares = [0.0] * (horizon + 1)
    if loan is None:
        return shares
    last = len(loan["opening"]) - 1
    for m in range(quiet + 1, last + 1):
        shares[m] = loan["principal"][m] / loan["opening"][m]
    if loan["balloon"][last] == 0:
        shares[last] = 1.0
    return shares


def turbo_terms(
    values: dict[str, Any], rulebook: dict[str, Any], senior_rating: str | None
) -> dict[str, Any]:
    rule = rulebook["cash"]["turbo"]
    _, second = values["DSCR_TriggerLevels_101"].split("|")
    kind = values["AmortSwitchRules_103"]
    if kind == "TimeBased":
        return {"turbo_from": 12 * rule["time_based_year"] + 1}
    if kind == "TurboOnTrap":
        return {"turbo_below": float(second)}
    if senior_rating is None:
        return {}
    place = min(SCALE.index(senior_rating) + rule["downgrade_notches"], len(SCALE) - 1)
    row = rulebook["ratings"]["matrix"].get(SCALE[place])
    return {"turbo_below": row["min_dscr"] + shift_of(values, rulebook)} if row else {}


def terms_of(
    values: dict[str, Any],
    facts: dict[str, Any],
    rulebook: dict[str, Any],
    jurisdiction: str,
    found: dict[str, Any],
    senior: Loan | None,
    mezz: Loan | None,
    trs_fee: float,
) -> Terms:
    """Terms of the base structure; found: costs, notionals and ratings."""
    rule = rulebook["cash"]
    months, mezz_months = months_of(values)
    lease = lease_months(values)
    first_service = at(senior["service"] if senior else None, 1)
    wrap_senior, wrap_mezz = wrap_monthly(values)
    operating = values["InsuranceProgrammeType_61"] in ("Ops", "Both")
    land = conversion(values, facts) * values["LandPurchaseFees_06"]
    taxed = values["VAT_TaxTreatmentToggle_26"]
    trigger, _ = values["DSCR_TriggerLevels_101"].split("|")
    trap = values["CashTrapRules_102"]
    excess = values["ExcessSpreadUse_104"]
    pik = values["MezzAmortType_48"] == "PIKWindow"
    by_letter = facts["dsra_funding"] == "LetterOfCredit"
    return (
        BLANK_TERMS
        | {
            "coupon": values["SeniorCoupon_38"] / 1200,
            "maturity": months,
            "senior_balloon": values["SeniorAmortType_40"] == "Bullet",
            "senior_fee": values["SeniorOngoingFees_bps_43"] / 10_000 / 12 + wrap_senior,
            "wrap_on_mezz": wrap_mezz,
            "hedge": hedged_share(values, facts) * values["FXHedgeCost_bps_36"] / 10_000 / 12,
            "fees_shared": values["FeesPriorityMode_106"] == "ProRataFees",
            "mezz_coupon": values["MezzCoupon_46"] / 1200,
            "mezz_maturity": mezz_months,
            "mezz_window": rulebook["model"]["pik_window_months"] if pik else 0,
            "mezz_balloon": values["MezzAmortType_48"] == "Bullet",
            "mezz_fee": values["MezzOngoingFees_bps_50"] / 10_000 / 12,
            "mezz_waits": values["IntercreditorStyle_51"] != "ProRata",
            "mezz_needs_cover": values["IntercreditorStyle_51"] == "OCTriggered",
            "insurance": values["InsurancePremium_bps_62"] / 10_000 * found["internal_costs"] / 12
            if operating
            else 0.0,
            "maintenance": values["MaintenanceCapexPct_69"] / 100,
            "lease": lease,
            "tax_rate": rulebook["model"]["tax_rate_pct"][jurisdiction] / 100 if taxed else 0.0,
            "depreciation": (found["total_cost"] - land) / lease,
            "reinvestment": rule["reinvestment_pct"][values["ReinvestmentOption_105"]] / 1200,
            "dsra_months": 0.0 if by_letter else values["DSRA_Months_59"],
            "facility": facility_limit(values, facts, first_service),
            "facility_fee": rule["liquidity_fee_bps"] / 10_000 / 12,
            "reserve_first": values["PriorityOfPayments_99"] == "Enhanced",
            "trap_below": float(trigger),
            "trap_share": rule["trap_share"][trap],
            "trap_ahead_of_mezz": trap == "MezzBlock",
            "excess": excess,
            "clean_tests": 1 if excess == "DistToEquity" else rule["clean_tests"],
            "oc_floor": values["OC_TestLevels_100"] / 100,
            "value": found["market_costs"],
            "penalty": facts["prepayment_penalty_pct"] / 100,
            "mezz_reserve_months": facts["mezz_reserve_months"],
            "every": 3 if facts["payment_frequency"] == "Quarterly" else 1,
            "trs_fee": trs_fee,
            "trs_months": 12 * rulebook["day_one"]["trs"]["term_years"],
        }
        | rule["covenant"]
        | turbo_terms(values, rulebook, found["senior_rating"])
    )
