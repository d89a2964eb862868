"""The mezzanine loan: what the income carries beside the senior service."""

from collections.abc import Sequence
from typing import Any

from .senior import Loan, annuity_payment, loan_of, present_value


def first_test_month(values: dict[str, Any], rulebook: dict[str, Any]) -> int:
    quiet = int(values["RentFreeMonths_68"])
    if values["MezzAmortType_48"] == "PIKWindow":
        quiet = max(quiet, rulebook["model"]["pik_window_months"])
    return quiet + 1


def dues(values: dict[str, Any], rulebook: dict[str, Any], notional: float) -> list[float]:
    """Cash due each month, balloon aside."""
    rate = values["MezzCoupon_46"] / 1200
    months = round(12 * values["MezzTenorY_47"])
    if values["MezzAmortType_48"] == "Bullet":
        return [notional * rate] * months
    if values["MezzAmortType_48"] == "Annuity":
        return [annuity_payment(notional, rate, months)] * months
    window = rulebook["model"]["pik_window_months"]
    grown = notional
    for _ in range(window):
        grown += grown * rate
    return [0.0] * window + [annuity_payment(grown, rate, months - window)] * (months - window)


def size(
    values: dict[str, Any],
    rulebook: dict[str, Any],
    net: Sequence[float],
    senior_service: Sequence[float],
    room: float,
) -> float:
    """Mezzanine notional; 0 when there is none. `room` is total cost less senior notional."""
    rules = rulebook["model"]
    rate = values["MezzCoupon_46"] / 1200
    months = round(12 * values["MezzTenorY_47"])
    first = first_test_month(values, rulebook)
    capacity = min(
        net[m] / values["TargetDSCRMezz_45"]
        - (senior_service[m] if m < len(senior_service) else 0.0)
        for m in range(first, months + 1)
    )
    if capacity <= rules["mezz_min_capacity_ratio"] * net[first]:
        return 0.0
    if values["MezzAmortType_48"] == "Bullet":
        notional = capacity / rate
    elif values["MezzAmortType_48"] == "Annuity":
        notional = present_value([capacity] * months, rate)
    else:
        window = rules["pik_window_months"]
        notional = present_value([0.0] * window + [capacity] * (months - window), rate)
    if notional < rules["mezz_min_notional"]:
        return 0.0
    share = rulebook["rules"]["GATE-A-MATH"]["threshold"]["max_mezz_share_of_rest_pct"] / 100
    capped = min(notional, share * max(0.0, room))
    return capped if capped >= rules["mezz_min_notional"] else 0.0


def loan(values: dict[str, Any], rulebook: dict[str, Any], notional: float) -> Loan:
    """The schedule, with `cash_interest` beside it: interest that is paid, not capitalised."""
    result = loan_of(notional, values["MezzCoupon_46"] / 1200, dues(values, rulebook, notional))
    result["cash_interest"] = [
        min(i, s) for i, s in zip(result["interest"], result["service"], strict=True)
    ]
    return result
