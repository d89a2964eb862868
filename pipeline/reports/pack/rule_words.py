"""What each rule of the rulebook is about, what follows when it is broken, and what helps.

Words only: limits and actions are the rulebook's.
"""

from __future__ import annotations

from typing import Final

CATEGORIES: Final = {
    "RK-DSCR-001": "Coverage",
    "RK-DSCR-002": "Stress",
    "RK-TENOR-001": "Tenor",
    "RK-AMORT-001": "Amortisation",
    "RK-REPO-001": "Repo",
    "RK-REPO-002": "Repo",
    "RK-WRAP-001": "Wrap",
    "RK-CONC-001": "Concentration",
    "RK-CONC-002": "Concentration",
    "GATE-A-CAPITAL": "Capital",
    "GATE-A-ADVANCE": "Leverage",
    "GATE-A-COUPON": "Pricing",
    "GATE-A-MATH": "Arithmetic",
    "GATE-B-RATING": "Rating",
    "GATE-B-MEZZ-RATING": "Rating",
    "GATE-B-LEVERAGE": "Leverage",
    "GATE-B-FIRST-LOSS": "Leverage",
    "GATE-B-ICR": "Coverage",
    "GATE-B-FCCR": "Coverage",
    "GATE-B-WAL": "Tenor",
}
DESCRIPTIONS: Final = {
    "RK-DSCR-001": "Least senior coverage for rating and jurisdiction",
    "RK-DSCR-002": "Least senior coverage under stress, for the rating achieved",
    "RK-TENOR-001": "Longest tenor for lease, rating and asset",
    "RK-AMORT-001": "Pace of repayment and largest balloon",
    "RK-REPO-001": "Central bank eligibility",
    "RK-REPO-002": "Haircut by rating and tenor",
    "RK-WRAP-001": "Usual cost of an insurance wrap",
    "RK-CONC-001": "Concentration of the tenant",
    "RK-CONC-002": "Concentration of places",
    "GATE-A-CAPITAL": "Debt and equity over the capital required",
    "GATE-A-ADVANCE": "Most senior debt over market cost",
    "GATE-A-COUPON": "Coupon within the market",
    "GATE-A-MATH": "The structure is sound and adds up",
    "GATE-B-RATING": "Senior rating against its target",
    "GATE-B-MEZZ-RATING": "Mezzanine rating against its target",
    "GATE-B-LEVERAGE": "Most debt over total cost",
    "GATE-B-FIRST-LOSS": "Least equity over total cost",
    "GATE-B-ICR": "Interest cover",
    "GATE-B-FCCR": "Fixed charge cover",
    "GATE-B-WAL": "Longest weighted average life",
}
REMEDIES: Final = {
    "RK-DSCR-001": (
        "Raise the target DSCR, which lowers the notional: debt is sized to it, so that tenor and "
        "coupon alone do not raise coverage. Or wrap the debt, which relieves the floor where the "
        "insurer is rated well enough, or seek a lower rating."
    ),
    "RK-DSCR-002": (
        "Raise the target DSCR; index the lease or pass power costs through, so that income holds "
        "without indexation; a shorter tenor makes the coupon shock smaller."
    ),
    "RK-TENOR-001": (
        "Shorten the senior tenor, extend the lease so that the tail behind the debt suffices, or "
        "seek a higher rating, which may be longer."
    ),
    "RK-AMORT-001": (
        "Let the debt amortise instead of a bullet, shorten the tenor, or avoid a sculpted profile "
        "whose balance grows at first."
    ),
    "RK-REPO-001": (
        "Meet the legs that fail in the table of repo legs: rating, coverage, the central bank's "
        "tenor, advance and currency, and the legal form."
    ),
    "RK-REPO-002": (
        "Shorten the tenor into a bucket that has a haircut, or raise the rating by a lower "
        "notional or a wrap."
    ),
    "RK-WRAP-001": "Negotiate the premium into the usual range, or go without the wrap.",
    "RK-CONC-001": (
        "Let to a second tenant, take a tenant rated well enough, hold the longer debt service "
        "reserve that counts as enhancement, or wrap the debt."
    ),
    "RK-CONC-002": "Spread the assets over more countries, cities or sites.",
    "GATE-A-CAPITAL": (
        "Raise what debt and equity can carry (rent, a longer lease, a lower coupon or target "
        "DSCR) or lower the cost; the run's near misses give the smallest change of each."
    ),
    "GATE-A-ADVANCE": (
        "Lower the senior notional by a higher target DSCR or an LTV covenant, or show a higher "
        "market cost by a valuation."
    ),
    "GATE-A-COUPON": (
        "Bring the coupon into the band around the curve at the anchor plus the spread of the "
        "rating sought, or seek another rating."
    ),
    "GATE-A-MATH": (
        "Check the inputs: interest-only and rent-free time have to end before maturity, and the "
        "tranches have to add up to the cost."
    ),
    "GATE-B-RATING": (
        "Raise the target DSCR or lower the LTV to reach the rating, wrap the debt, or seek a "
        "rating that it reaches."
    ),
    "GATE-B-MEZZ-RATING": (
        "Raise the mezzanine's target DSCR, which lowers its notional, or seek a lower rating."
    ),
    "GATE-B-LEVERAGE": "Put in more equity: a smaller mezzanine, or a higher target DSCR.",
    "GATE-B-FIRST-LOSS": "Put in more equity: a smaller mezzanine, or a higher target DSCR.",
    "GATE-B-ICR": "Lower the notional (target DSCR, an interest cover covenant) or the coupon.",
    "GATE-B-FCCR": (
        "Lower the notional, the coupon, ongoing fees or the wrap premium, or the mezzanine's "
        "interest."
    ),
    "GATE-B-WAL": "Shorten the tenor, or repay earlier: level principal before annuity or bullet.",
}
_REJECTS: Final = {"reject": "Structure rejected", "downgrade": "Rating down a category"}
_OTHERWISE: Final = {
    "RK-REPO-001": {"reject": "Not eligible for repo", "warn": "Eligible, with a warning"},
    "RK-REPO-002": {"reject": "Not eligible for repo", "warn": "No cash from repo"},
    "RK-CONC-001": {"downgrade": "Capped at the tenant's category"},
}
WARNED: Final = "Warning"
NONE: Final = "None: rule off"


def consequence(rule: str, action: str) -> str:
    """What follows from breaking `rule` where the rulebook's action is `action`."""
    if action == "off":
        return NONE
    return _OTHERWISE.get(rule, {}).get(action) or _REJECTS.get(action, WARNED)
