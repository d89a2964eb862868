"""What the options of a structure mean as terms, in words that say what the waterfall does.

Keys are the words of the catalogue; docs/method.md sections 3, 4 and 6 describe the same rules. An
option that asks for figures has them in pieces from the dossier.
"""

from __future__ import annotations

from typing import Final

from pipeline.reports.pack.document import Cell, Figure
from pipeline.reports.pack.dossier import Dossier

SENIOR_PROFILES: Final = {
    "Annuity": "level payments of interest and principal",
    "LevelPrincipal": "equal principal, interest on the balance",
    "StepDown": "payments in three blocks, each smaller than the one before",
    "Bullet": "interest only; all principal at maturity",
    "Sculpted": "debt service in proportion to net income",
}
MEZZANINE_PROFILES: Final = {
    "Annuity": "level payments of interest and principal",
    "Bullet": "interest only; all principal at maturity",
    "PIKWindow": "interest capitalises at first, then level payments",
}
INTERCREDITOR: Final = {
    "Sequential": "Mezzanine principal is paid only while no senior payment is late.",
    "ProRata": (
        "Cash for principal is shared between senior and mezzanine by what is due; reserves are "
        "drawn for the senior alone."
    ),
    "OCTriggered": (
        "Mezzanine principal is paid only while no senior payment is late. While the senior is "
        "outstanding it also waits unless market costs less both tranches reach the collateral "
        "level on both; what mezzanine interest and fees then leave is trapped."
    ),
}
WRAPS: Final = {
    "None": "none",
    "SeniorOnly": "financial guarantee of the senior",
    "WholeStack": "financial guarantee of senior and mezzanine",
}
RESERVE_ORDER: Final = {
    "Std": "topped up after senior principal and repayment of the liquidity facility",
    "Enhanced": "topped up before senior principal",
}
REPO_LEGS: Final = {
    "FLAG_OFF": "Sponsor seeks eligibility",
    "RATING": "Rating, for every central bank",
    "WAL": "Weighted average life",
    "JURISDICTION": "Eligibility of the jurisdiction",
    "DSCR": "Least coverage",
    "TENOR_OVER_LEASE": "Tenor within the lease",
    "NO_CENTRAL_BANK": "Central bank",
    "CENTRAL_BANK_RATING": "Rating, the central bank's",
    "CENTRAL_BANK_TENOR": "Tenor, the central bank's",
    "CENTRAL_BANK_ADVANCE_FACTOR": "Advance, the central bank's",
    "CENTRAL_BANK_CURRENCY": "Currency",
    "TRUE_SALE": "True sale",
    "GOVERNING_LAW": "Governing law",
    "RULE_144A": "Rule 144A",
    "NOT_FINANCEABLE": "Haircut known",
}
_MONTHS: Final = "waterfall.months"


def trap(dossier: Dossier) -> tuple[Cell, ...]:
    """What is held back while the covenant DSCR lies under the first trigger."""
    rule = dossier.input(102)
    under = ("under", dossier.cell(_MONTHS, 1, "trap_trigger"), "covenant DSCR,")
    if rule.value == "MezzBlock":
        return (*under, "all cash left after the senior and its reserve is held back")
    share = dossier.rule(f"cash.trap_share.{rule.value}", "ratio")
    return (*under, share, "of the cash left after the mezzanine and a turbo is held back")


def use_of_trapped_cash(dossier: Dossier) -> tuple[Cell, ...]:
    """What becomes of trapped cash beside shortfalls of the senior, which may draw it."""
    drawn = "It is drawn for shortfalls of costs, fees and senior payments."
    use = dossier.input(104).value
    if use == "PayDown":
        return ("prepays the senior at every covenant test.", drawn)
    if use == "DistToEquity":
        return ("released after one clean test, else at senior maturity.", drawn)
    tests = dossier.rule("cash.clean_tests", "count")
    return ("released after", tests, "clean tests in a row, else at senior maturity.", drawn)


def turbo(dossier: Dossier) -> tuple[Cell, ...]:
    """When all cash left after the mezzanine prepays the senior."""
    prepays = "all cash left after the mezzanine prepays the senior"
    rule = dossier.input(103).value
    if rule == "TimeBased":
        years = dossier.rule("cash.turbo.time_based_year", "count")
        return ("after operating year", years, f"{prepays}, whatever the covenant DSCR")
    level = dossier.cell(_MONTHS, 1, "turbo_trigger")
    if level.value is None:
        return ("none",)
    if rule == "RatingDowngrade":
        notches = dossier.rule("cash.turbo.downgrade_notches", "count")
        return (
            "under", level, "covenant DSCR, the matrix's least of the rating", notches,
            f"below the closing one, {prepays}",
        )  # fmt: skip
    return ("under", level, f"covenant DSCR {prepays}")


def covenant_test(dossier: Dossier) -> tuple[Cell, ...]:
    """What the covenant DSCR is, and when it is tested."""
    rule = "cash.covenant"
    return (
        "net income less senior fees over debt service and missing reserve, over",
        dossier.rule(f"{rule}.window_months", "months"),
        "; first tested in operating month",
        dossier.rule(f"{rule}.first_test_month", "count"),
        ", then every",
        dossier.rule(f"{rule}.test_interval_months", "months"),
    )


def collateral_test(dossier: Dossier) -> tuple[Cell, ...]:
    """The over-collateralisation test of the senior."""
    return (
        "unless market costs less the senior are at least", dossier.input(100),
        "of the senior, all cash after the reserve is trapped, the mezzanine's too",
    )  # fmt: skip


def is_on(figure: Figure) -> bool:
    """Whether a figure is there and above nought."""
    return isinstance(figure.value, (int, float)) and figure.value > 0
