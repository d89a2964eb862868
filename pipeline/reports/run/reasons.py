"""What each gate reason means, in words a reader of a report knows."""

from __future__ import annotations

TITLES: dict[str, str] = {
    "INSUFFICIENT_CAPITAL": "Capital coverage under the minimum",
    "TENOR_EXCEEDS_LIMIT": "Tenor too long for lease or rating",
    "ADVANCE_FACTOR_BREACH": "Senior debt over the advance limit",
    "COUPON_OUT_OF_MARKET": "Coupon outside the market band",
    "MATH_ERROR": "Structure does not add up",
    "DSCR_BELOW_MINIMUM": "Coverage under the rating's floor",
    "RATING_BELOW_TARGET": "Senior rating too far under target",
    "MEZZ_RATING_BELOW_TARGET": "Mezzanine rating too far under target",
    "LEVERAGE_TOO_HIGH": "Debt share of total cost too high",
    "FIRST_LOSS_SHORTFALL": "Equity under the first-loss share",
    "ICR_BELOW_MINIMUM": "Interest cover under the minimum",
    "FCCR_BELOW_MINIMUM": "Fixed charge cover under the minimum",
    "STRESS_DSCR_BREACH": "Coverage under stress too low",
    "WAL_EXCEEDS_LIMIT": "Average life over the limit",
    "BALLOON_EXCEEDS_LIMIT": "Balloon over the limit",
    "AMORTISATION_TOO_SLOW": "Repays too slowly",
}
