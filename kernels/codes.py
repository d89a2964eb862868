"""Codes that kernels return: statuses, gate reasons, warnings, repo legs, constraints, tiers.

Reasons and warnings are bit numbers. Gate A reasons come first, so the lowest set bit of a row
is the reason that binds. Names are what files and reports show.
"""

# -- status of a structure, and of a figure that is undefined ----------------------------------
OK = 0
INVALID_STRUCTURE = 1  # grace >= tenor, PIK window >= tenor, CPI floor > cap, …
NO_DEBT = 2  # coverage of nothing
NO_MEZZ = 3
STATUS_NAMES = ("OK", "INVALID_STRUCTURE", "NO_DEBT", "NO_MEZZ")

# -- gate reasons: bit numbers -------------------------------------------------------------------
(
    INSUFFICIENT_CAPITAL,
    TENOR_EXCEEDS_LIMIT,
    ADVANCE_FACTOR_BREACH,
    COUPON_OUT_OF_MARKET,
    MATH_ERROR,
    DSCR_BELOW_MINIMUM,
    RATING_BELOW_TARGET,
    MEZZ_RATING_BELOW_TARGET,
    LEVERAGE_TOO_HIGH,
    FIRST_LOSS_SHORTFALL,
    ICR_BELOW_MINIMUM,
    FCCR_BELOW_MINIMUM,
    STRESS_DSCR_BREACH,
    WAL_EXCEEDS_LIMIT,
    BALLOON_EXCEEDS_LIMIT,
    AMORTISATION_TOO_SLOW,
) = range(16)
N_REASONS = 16
N_GATE_A_REASONS = 5
REASON_NAMES = (
    "INSUFFICIENT_CAPITAL",
    "TENOR_EXCEEDS_LIMIT",
    "ADVANCE_FACTOR_BREACH",
    "COUPON_OUT_OF_MARKET",
    "MATH_ERROR",
    "DSCR_BELOW_MINIMUM",
    "RATING_BELOW_TARGET",
    "MEZZ_RATING_BELOW_TARGET",
    "LEVERAGE_TOO_HIGH",
    "FIRST_LOSS_SHORTFALL",
    "ICR_BELOW_MINIMUM",
    "FCCR_BELOW_MINIMUM",
    "STRESS_DSCR_BREACH",
    "WAL_EXCEEDS_LIMIT",
    "BALLOON_EXCEEDS_LIMIT",
    "AMORTISATION_TOO_SLOW",
)

# -- warnings: bit numbers -----------------------------------------------------------------------
# The first 16 repeat the gate reasons, for rules whose action is to warn or to downgrade.
(
    WARN_MARGINAL_CREDIT,
    WARN_LIMITED_UNIVERSE,
    WARN_HIGH_COMPLEXITY,
    WARN_LEVERAGE_LOW,
    WARN_CONCENTRATION,
    WARN_GEO_CONCENTRATION,
    WARN_MEZZ_BEFORE_SENIOR,
    WARN_WRAP_COST,
    WARN_INFLATION_UNHEDGED,
    WARN_OVERHEDGED,
    WARN_OVERLAY_IDLE,
    WARN_RESERVES_UNFUNDED,
    WARN_RATING_DOWNGRADED,
) = range(16, 29)
WARNING_NAMES = (
    *REASON_NAMES,
    "MARGINAL_CREDIT",
    "LIMITED_UNIVERSE",
    "HIGH_COMPLEXITY",
    "LEVERAGE_LOW",
    "CONCENTRATION",
    "GEO_CONCENTRATION",
    "MEZZ_BEFORE_SENIOR",
    "WRAP_COST_OUT_OF_RANGE",
    "INFLATION_UNHEDGED",
    "OVERHEDGED",
    "OVERLAY_IDLE",
    "RESERVES_UNFUNDED",
    "RATING_DOWNGRADED",
)

# -- legs of repo eligibility that failed: bit numbers -----------------------------------------
(
    REPO_FLAG_OFF,
    REPO_RATING,
    REPO_WAL,
    REPO_JURISDICTION,
    REPO_DSCR,
    REPO_TENOR_OVER_LEASE,
    REPO_NO_CENTRAL_BANK,
    REPO_BANK_RATING,
    REPO_BANK_TENOR,
    REPO_BANK_ADVANCE,
    REPO_BANK_CURRENCY,
    REPO_TRUE_SALE,
    REPO_GOVERNING_LAW,
    REPO_144A,
    REPO_NOT_FINANCEABLE,
) = range(15)
REPO_LEG_NAMES = (
    "FLAG_OFF",
    "RATING",
    "WAL",
    "JURISDICTION",
    "DSCR",
    "TENOR_OVER_LEASE",
    "NO_CENTRAL_BANK",
    "CENTRAL_BANK_RATING",
    "CENTRAL_BANK_TENOR",
    "CENTRAL_BANK_ADVANCE_FACTOR",
    "CENTRAL_BANK_CURRENCY",
    "TRUE_SALE",
    "GOVERNING_LAW",
    "RULE_144A",
    "NOT_FINANCEABLE",
)
# Legs that RK-REPO-001 asks for; the others are the structure's own settings and RK-REPO-002.
REPO_RULE_LEGS = (
    1 << REPO_RATING
    | 1 << REPO_DSCR
    | 1 << REPO_NO_CENTRAL_BANK
    | 1 << REPO_BANK_RATING
    | 1 << REPO_BANK_TENOR
    | 1 << REPO_BANK_ADVANCE
    | 1 << REPO_BANK_CURRENCY
    | 1 << REPO_TRUE_SALE
    | 1 << REPO_GOVERNING_LAW
    | 1 << REPO_144A
)

# -- which covenant sized the senior debt --------------------------------------------------------
BINDING_DSCR, BINDING_LTV, BINDING_ICR = range(3)
BINDING_NAMES = ("DSCR", "LTV", "ICR")

# -- tiers, best last, so that a higher code is a better tier -----------------------------------
TIER_NOT_VIABLE, TIER_BRONZE, TIER_SILVER, TIER_GOLD, TIER_DIAMOND = range(5)
TIER_NAMES = ("Not Viable", "Bronze", "Silver", "Gold", "Diamond")

RATING_NAMES = ("Unrated", "B", "BB", "BBB", "A", "AA", "AAA")

# -- hard filters --------------------------------------------------------------------------------
FILTER_AT_LEAST, FILTER_AT_MOST, FILTER_EQUAL = range(3)
